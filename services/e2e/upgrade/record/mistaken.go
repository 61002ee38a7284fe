package main

import (
	"net/http"
	"time"
)

// mistaken are sessions as 029867a let them become: two cars at one plug, one car
// at two plugs, a car without the stop at which it charges.
func (r *recorder) mistaken() {
	first := r.book(confirmed, order{
		name: "first-at-plug", company: "MAR", what: "charges at an EVSE at which second-at-plug, whose window comes after, charges too",
		stops: []stop{soon("MAR", 13, 2*time.Minute, 5*time.Minute)},
	})
	second := r.book(confirmed, order{
		name: "second-at-plug", company: "SER", what: "plugged in before first-at-plug did, whose window comes before",
		stops: []stop{soon("MAR", 13, 8*time.Minute, time.Hour)},
	})
	newCar(r, second).plug("plug-1", 0, 0.2)
	newCar(r, first).plug("plug-1", 0, 0.3)

	here := r.book(confirmed, order{
		name: "one-car-here", company: "MAR", what: "the car charges here and, on trip one-car-there, at CAJ",
		stops: []stop{soon("MAR", 17, 4*time.Minute, time.Hour), r.hour("SER", 17, 2)},
	})
	there := r.book(confirmed, order{
		name: "one-car-there", company: "CAJ", as: here, what: "the car charges here and, on trip one-car-here, at MAR",
		stops: []stop{soon("CAJ", 14, 4*time.Minute, time.Hour)},
	})
	newCar(r, here).plug("plug-here", 0, 0.3)
	newCar(r, there).plug("plug-there", 0, 0.3)

	swapped := r.book(confirmed, order{
		name: "charging-swapped", company: "SER", what: "the stop at which the car charged was swapped: its session has no bill, leg 1 is elsewhere",
		stops: []stop{soon("CAJ", 15, 4*time.Minute, time.Hour), r.hour("SER", 30, 2)},
	})
	newCar(r, swapped).plug("plug-1", 0, 0.3)
	swapped.at.must(r.ctx, http.MethodPost, swapped.path("swap"), map[string]any{"stop": leg(1, soon("MAR", 20, 3*time.Hour, time.Hour))}, nil)

	broken := r.book(confirmed, order{
		name: "charging-withdrawn", company: "MAR", what: "the EVSE was taken out of service while the car charged: leg 1 CANCELED with an open session, an open decision",
		stops: []stop{soon("SER", 9, 4*time.Minute, time.Hour), r.hour("CAJ", 22, 2)},
	})
	newCar(r, broken).plug("plug-1", 0, 0.3)
	r.withdraw("SER", evse("SER", 9))
	r.await(broken, "asks", func(s shown) bool { return s.Decision != nil })
}
