package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/eletrovia/eletrovia/services/e2e/upgrade/fixture"
)

const (
	reserving, confirming, confirmed = "RESERVING", "CONFIRMING", "CONFIRMED"
	awaiting, compensating, aborted  = "AWAITING_DECISION", "COMPENSATING", "ABORTED"
	canceled, completed              = "CANCELED", "COMPLETED"
)

// lasting makes the trips whose state stays as it is.
func (r *recorder) lasting() {
	// MAR's stops at CAJ are never settled: CAJ cannot ask for their outcome.
	r.gates.add(&rule{from: "CAJ", to: "MAR", path: "/outcomes", do: cut})
	r.gates.add(&rule{from: "CAJ", to: "MAR", path: "/outcome", do: cut})
	late := r.late()
	r.plain()
	r.sessions()
	r.mistaken()
	r.asking()
	r.lost()
	r.ended()
	r.peers()
	r.changed()
	late()
}

// late begins what takes minutes; what it gives waits for it.
func (r *recorder) late() (wait func()) {
	noShow := r.book(confirmed, order{
		name: "no-show", company: "MAR", what: "the car did not come to leg 1: NO_SHOW; leg 2 is to come",
		stops: []stop{soon("CAJ", 8, 5*time.Second, 5*time.Minute), r.hour("SER", 8, 2)},
	})
	proposed := r.book(confirmed, order{
		name: "proposed", company: "SER", what: "an open proposal: the car's battery will not reach stop 1",
		plan: r.plan("SER", time.Now().Add(40*time.Second)),
	})
	go newCar(r, proposed).crawls()
	over := soon("SER", 14, 5*time.Second, 5*time.Minute)
	overstaying := r.book(confirmed, order{
		name: "overstaying", company: "SER", what: "its window has ended, and the car is still at the plug", stops: []stop{over},
	})
	newCar(r, overstaying).plug("plug-1", 0, 0.2)
	asked := time.Now()
	return func() {
		r.await(noShow, "has missed leg 1", func(s shown) bool { return s.Legs[0].State == "NO_SHOW" })
		r.await(proposed, "has a proposal", func(s shown) bool { return len(s.Proposal) > 0 })
		// The holds of a trip that asks have been renewed by now.
		r.until("holds are renewed", func() bool { return time.Since(asked) > holdTTL })
		r.until("a window ends", func() bool { return time.Since(over.End) > 5*time.Second })
	}
}

// plan asks for a journey of at least one stop and gives its best plan.
func (r *recorder) plan(company string, departure time.Time) string {
	var got struct {
		Plans []struct {
			ID    string `json:"plan_id"`
			Stops []stop `json:"stops"`
		} `json:"plans"`
	}
	r.company[company].nobody.must(r.ctx, http.MethodPost, "/api/v1/plans", map[string]any{
		"origin": map[string]string{"city": "João Pessoa, PB"}, "destination": map[string]string{"city": "Feira de Santana, BA"},
		"vehicle": map[string]string{"model": "byd-dolphin"}, "soc": 0.9, "departure": departure.UTC().Truncate(time.Second),
	}, &got)
	if len(got.Plans) == 0 || len(got.Plans[0].Stops) < 2 {
		check(fmt.Errorf("%s has no plan with stops: %+v", company, got))
	}
	return got.Plans[0].ID
}

// plain trips are booked, and nothing happens to them.
func (r *recorder) plain() {
	r.book(confirmed, order{
		name: "taker", company: "SER", what: "booked and settled; others are refused its stops",
		stops: []stop{r.hour("SER", 20, 0), r.hour("CAJ", 20, 4)},
	})
	r.book(confirmed, order{
		name: "booked", company: "MAR", what: "booked, with an Idempotency-Key; leg 3 is unsettled at CAJ", key: "booked by hand",
		stops: []stop{r.hour("MAR", 1, 0), r.hour("SER", 1, 2), r.hour("CAJ", 1, 4)},
	})
	r.book(confirmed, order{
		name: "planned", company: "CAJ", what: "booked by a plan, with an Idempotency-Key", key: "booked by a plan",
		plan: r.plan("CAJ", r.day.Add(72*time.Hour)),
	})
}

// sessions are trips whose cars stand at a plug, or have left one.
func (r *recorder) sessions() {
	charging := r.book(confirmed, order{
		name: "charging", company: "MAR", what: "the car charges at leg 1: RESERVED with started; leg 2 is to come",
		stops: []stop{soon("SER", 3, 4*time.Minute, time.Hour), r.hour("CAJ", 3, 2)},
	})
	newCar(r, charging).plug("plug-1", 0, 0.3)
	only := r.book(confirmed, order{
		name: "charging-only-stop", company: "SER", what: "the car charges at its only stop, at its own company",
		stops: []stop{soon("SER", 4, 4*time.Minute, time.Hour)},
	})
	newCar(r, only).plug("plug-1", 0, 0.4)
	charged := r.book(confirmed, order{
		name: "charged", company: "CAJ", what: "leg 1 is FULFILLED and billed; leg 2 is to come",
		stops: []stop{soon("MAR", 4, time.Minute, 30*time.Minute), r.hour("SER", 4, 2)},
	})
	r.charge(charged)
	done := r.book(confirmed, order{
		name: "completed", company: "MAR", what: "its only stop is FULFILLED and billed",
		stops: []stop{soon("MAR", 5, time.Minute, 30*time.Minute)},
	})
	r.charge(done)
	done.want = completed
	r.await(done, "is completed", func(s shown) bool { return s.State == completed })
}

// charge plugs a car in at leg 1 and lets it leave.
func (r *recorder) charge(m *made) {
	c := newCar(r, m)
	c.plug("plug-1", 0, 0.3)
	c.unplug("unplug-1", 0, 0.36, 2.5)
	r.await(m, "is billed", func(s shown) bool { return s.Legs[0].State == "FULFILLED" })
}

// asking are trips that wait for their driver.
func (r *recorder) asking() {
	r.book(awaiting, order{
		name: "deciding", company: "MAR", what: "leg 3 is taken: legs 1 and 2 are held and renewed while the driver is asked",
		stops: []stop{r.hour("MAR", 15, 0), r.hour("SER", 15, 2), r.hour("CAJ", 20, 4)},
	})
	claim := r.gates.add(&rule{from: "MAR", to: "CAJ", path: "/claim", field: "evse_id", value: evse("CAJ", 16), do: detain})
	first := r.run(confirmed, order{
		name: "went-first", company: "MAR", what: "had the older ticket and preempted leg 2 of preempted",
		stops: []stop{r.hour("MAR", 16, 0), r.hour("CAJ", 16, 2)},
	})
	r.until("the older claim is on its way", func() bool { return done(claim) })
	preempted := r.book(awaiting, order{
		name: "preempted", company: "SER", what: "leg 3 is taken, and leg 2 was PREEMPTED while the driver is asked",
		stops: []stop{r.hour("SER", 16, 0), r.hour("CAJ", 16, 2), r.hour("CAJ", 20, 4)},
	})
	claim.release()
	r.await(first, "is booked", func(s shown) bool { return s.State == confirmed })
	r.await(preempted, "knows", func(s shown) bool { return s.Legs[1].State == "PREEMPTED" })
}

func done(r *rule) bool {
	select {
	case <-r.seen():
		return true
	default:
		return false
	}
}

// lost are trips one of whose booked stops was withdrawn.
func (r *recorder) lost() {
	asked := r.book(confirmed, order{
		name: "lost-stop", company: "MAR", what: "leg 2 was withdrawn: an open decision",
		stops: []stop{r.hour("MAR", 6, 0), r.hour("SER", 6, 2), r.hour("CAJ", 6, 4)},
	})
	r.withdraw("SER", evse("SER", 6))
	r.await(asked, "asks", func(s shown) bool { return s.Decision != nil && len(s.Decision.Alternatives) > 0 })
	only := r.book(confirmed, order{
		name: "lost-only-stop", company: "SER", what: "its only stop was withdrawn: COMPLETED before its window, with a decision that nobody can answer",
		stops: []stop{r.hour("CAJ", 7, 2)},
	})
	r.withdraw("CAJ", evse("CAJ", 7))
	only.want = completed
	r.await(only, "is filed", func(s shown) bool { return s.State == completed && s.Decision != nil })
	r.gates.add(&rule{from: "CAJ", to: "SER", path: "/changed", do: cut})
	r.book(confirmed, order{
		name: "lost-unheard", company: "SER", what: "leg 2 was withdrawn and CAJ could not tell SER: a notice in CAJ's outbox",
		stops: []stop{r.hour("SER", 19, 0), r.hour("CAJ", 19, 2)},
	})
	r.withdraw("CAJ", evse("CAJ", 19))
	r.others = append(r.others,
		fixture.Other{Name: "broken-ser", What: "an EVSE out of service", Company: "SER", EVSEID: evse("SER", 6)},
		fixture.Other{Name: "broken-caj", What: "an EVSE out of service", Company: "CAJ", EVSEID: evse("CAJ", 19)})
}

// ended are trips that were given up, some of whose stops nobody has let go of.
func (r *recorder) ended() {
	gone := r.book(confirmed, order{
		name: "canceled", company: "CAJ", what: "canceled, and every stop released",
		stops: []stop{r.hour("CAJ", 12, 0), r.hour("MAR", 12, 2)},
	})
	gone.at.must(r.ctx, http.MethodDelete, gone.path(""), nil, nil)
	gone.want = canceled
	r.gates.add(&rule{from: "SER", to: "CAJ", path: "/compensate", field: "evse_id", value: evse("CAJ", 13), do: cut})
	stuck := r.book(confirmed, order{
		name: "canceled-unacknowledged", company: "SER", what: "canceled; CAJ has not acknowledged the release of leg 2, which is RESERVED there",
		stops: []stop{r.hour("SER", 13, 0), r.hour("CAJ", 13, 2)},
	})
	stuck.at.must(r.ctx, http.MethodDelete, stuck.path(""), nil, nil)
	stuck.want = canceled
	r.book(aborted, order{
		name: "aborted", company: "MAR", policy: "abort", what: "leg 2 was taken",
		stops: []stop{r.hour("MAR", 14, -2), r.hour("SER", 20, 0)},
	})
	r.gates.add(&rule{from: "MAR", to: "CAJ", path: "/confirm", field: "evse_id", value: evse("CAJ", 18), do: lose})
	r.gates.add(&rule{from: "MAR", to: "CAJ", path: "/compensate", field: "evse_id", value: evse("CAJ", 18), do: cut})
	unreleased := r.run(compensating, order{
		name: "stuck", company: "MAR", what: "CAJ went away during the confirms: leg 3 is RESERVED there and cannot be released",
		stops: []stop{r.hour("MAR", 18, 0), r.hour("SER", 18, 2), r.hour("CAJ", 18, 4)},
	})
	r.await(unreleased, "is stuck", func(s shown) bool { return s.State == compensating })
}

// peers are records that belong to no trip of these companies, and vehicles.
func (r *recorder) peers() {
	hold := func(name, what, id string, k int) {
		s := r.hour("SER", 22, k)
		o := fixture.Other{
			Name: name, What: what, Company: "SER", Origin: "MAR", TripID: newID(), Reservation: id, EVSEID: s.EVSE, Start: s.Start, End: s.End,
		}
		action := "reserve"
		if name == "tombstone" {
			action = "compensate"
		}
		r.peer("MAR", "SER").must(r.ctx, http.MethodPost, "/federation/v1/reservations/"+id+"/"+action, map[string]any{
			"trip_id": o.TripID, "origin": "MAR", "evse_id": s.EVSE, "start": s.Start, "end": s.End, "leg": 1, "epoch": 1,
			"vehicle_id": "EV-elsewhere", "ttl_seconds": 1,
		}, nil)
		r.others = append(r.others, o)
	}
	hold("tombstone", "released before it was ever asked for", newID(), 0)
	hold("expired", "a hold that lapsed", newID(), 2)
	id, old := r.register("CAJ", "EV-revoked")
	var got struct {
		Secret string `json:"secret"`
	}
	r.company["CAJ"].operator.must(r.ctx, http.MethodPost, "/api/v1/vehicles/"+id+"/revoke", map[string]string{"reason": "stolen"}, &got)
	r.others = append(r.others, fixture.Other{
		Name: "revoked", What: "a vehicle whose first secret was revoked", Company: "CAJ", VehicleID: id, Secret: []string{old, got.Secret},
	})
}
