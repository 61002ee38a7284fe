package desk

import (
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// judge looks at every record, where it lies.
func (y *yard) judge() {
	there, cars := map[charging.EVSEID]int{}, map[charging.VehicleID]int{}
	var taken []*booking
	for _, b := range y.stops[max(0, len(y.stops)-40):] {
		was := b.is
		is, err := y.st.Reservation(y.t.Context(), b.ID, y.homes)
		if err != nil {
			y.t.Fatalf("…%s, which was %s: %v", tail(b), was.State, err)
		}
		b.is = is
		y.became(b, was)
		if is.State == charging.Charging {
			there[b.EVSEID]++
			cars[b.VehicleID]++
		}
		if !is.State.Booked() {
			continue
		}
		if _, err := y.Reservation(y.t.Context(), b.ID, "SER"); err != nil {
			y.t.Errorf("…%s is %s, and its company says: %v", tail(b), is.State, err)
		}
		for _, o := range taken {
			if o.EVSEID == b.EVSEID && o.is.Window.Overlaps(is.Window) {
				y.t.Errorf("%s is booked twice: …%s %s, …%s %s", b.EVSEID, tail(o), o.is.Window, tail(b), is.Window)
			}
		}
		taken = append(taken, b)
	}
	for evse, n := range there {
		if n > 1 {
			y.t.Errorf("%d cars at %s", n, evse)
		}
	}
	for v, n := range cars {
		if n > 1 {
			y.t.Errorf("%d sessions of %s", n, v)
		}
	}
}

// became looks at one stop's step.
func (y *yard) became(b *booking, was charging.Reservation) {
	is := b.is
	switch over := is.Session.Over(); {
	case was.State == charging.Charging && is.State != charging.Charging && is.State != charging.Fulfilled:
		y.t.Errorf("…%s: a session became %s", tail(b), is.State)
	case (is.State == charging.Fulfilled) != over:
		y.t.Errorf("…%s is %s with the session %+v", tail(b), is.State, is.Session)
	case b.billed && (is.Session == nil || is.Session.Estimated || is.Session.EnergyKWh != b.kWh):
		y.t.Errorf("…%s: %v kWh are billed as %+v", tail(b), b.kWh, is.Session)
	case over && !b.billed && !is.Session.Estimated:
		y.t.Errorf("…%s: no car has told of the bill %+v", tail(b), is.Session)
	}
	if was.State == is.State || is.State == charging.Canceled && b.released {
		return
	}
	if is.State == charging.Canceled || is.State == charging.NoShow {
		b.lost = true
		if is.State == charging.NoShow {
			y.counts["no-show"]++
		}
	}
}

// end lets the day end: every session is billed, nothing is booked any more, and all
// that was lost has been told.
func (y *yard) end() {
	for range 6 {
		y.advance(time.Hour)
		y.rounds()
		y.judge()
	}
	y.them.mu.Lock()
	y.them.fail = 0
	y.them.mu.Unlock()
	y.restart()
	y.rounds()
	heard := y.them.heard()
	for _, b := range y.stops {
		told := slices.ContainsFunc(heard, func(n charging.Notice) bool { return n.ReservationID == b.ID && n.State == b.is.State })
		if b.is.State.Booked() || !told && !b.released {
			y.t.Errorf("…%s is %s at the end; told: %t", tail(b), b.is.State, told)
		}
	}
}
