package main

import (
	"net/http"
	"time"
)

// later is a stop half an hour later: it overlaps, so that only a move gets it.
func later(s stop) stop {
	s.Start, s.End = s.Start.Add(30*time.Minute), s.End.Add(30*time.Minute)
	return s
}

// changed are trips whose stops were changed, to the end or to where a company
// went away.
func (r *recorder) changed() {
	at := r.hour("CAJ", 9, 2)
	moved := r.book(confirmed, order{
		name: "moved", company: "SER", what: "leg 2 was moved by half an hour: moves is 2",
		stops: []stop{r.hour("MAR", 9, 0), at},
	})
	moved.at.must(r.ctx, http.MethodPost, moved.path("swap"), map[string]any{"stop": leg(2, later(at))}, nil)
	swapped := r.book(confirmed, order{
		name: "swapped", company: "MAR", what: "leg 2 was swapped for another EVSE, and the old one released",
		stops: []stop{r.hour("MAR", 10, 0), r.hour("SER", 10, 2)},
	})
	swapped.at.must(r.ctx, http.MethodPost, swapped.path("swap"), map[string]any{"stop": leg(2, r.hour("CAJ", 10, 2))}, nil)

	r.gates.add(&rule{from: "MAR", to: "CAJ", path: "/compensate", field: "evse_id", value: evse("CAJ", 29), do: cut})
	exchanged := r.book(confirmed, order{
		name: "swap-exchanged", company: "MAR", what: "leg 2 was swapped; CAJ has not acknowledged the release of the old one",
		stops: []stop{r.hour("MAR", 29, 0), r.hour("CAJ", 29, 2)},
	})
	r.swap(exchanged, 2, r.hour("SER", 29, 2))
	r.await(exchanged, "has its new stop", func(s shown) bool { return s.Legs[1].EVSE == evse("SER", 29) })

	at = r.hour("CAJ", 2, 2)
	release := r.book(confirmed, order{
		name: "shift-release", company: "SER", what: "leg 2 was moved; CAJ has not acknowledged that the old part of its window is let go of",
		stops: []stop{r.hour("SER", 11, 0), at},
	})
	r.gates.add(&rule{from: "SER", to: "CAJ", path: "/move", field: "trip_id", value: release.TripID, seq: 2, do: cut})
	r.swap(release, 2, later(at))
	r.await(release, "has its new window", func(s shown) bool { return s.Legs[1].Start.Equal(later(at).Start) })

	at = r.hour("MAR", 11, 2)
	undo := r.book(confirmed, order{
		name: "shift-undo", company: "CAJ", what: "leg 2 was to be moved and MAR's answers were lost: the new part of its window is to be let go of again",
		stops: []stop{r.hour("CAJ", 11, 0), at},
	})
	r.gates.add(&rule{from: "CAJ", to: "MAR", path: "/move", field: "trip_id", value: undo.TripID, seq: 1, do: lose})
	back := r.gates.add(&rule{from: "CAJ", to: "MAR", path: "/move", field: "trip_id", value: undo.TripID, seq: 2, do: cut})
	r.swap(undo, 2, later(at))
	r.until("shift-undo goes back", func() bool { return done(back) })
}

func leg(n int, s stop) stop {
	s.Leg = n
	return s
}

// passing makes what lasts for seconds only, all at once, and returns when each
// is where it is to be recorded.
func (r *recorder) passing() {
	swaps := r.prepareChanges()
	r.run(reserving, order{
		name: "waiting", company: "CAJ", policy: "wait", what: "waits for the older trip deciding at leg 2",
		stops: []stop{r.hour("CAJ", 17, 0), r.hour("SER", 15, 2)},
	})
	var caught []*rule
	catch := func(x *rule) { caught = append(caught, r.gates.add(x)) }
	first := r.hour("CAJ", 23, 0)
	catch(&rule{from: "MAR", to: "CAJ", path: "/reserve", field: "evse_id", value: first.EVSE, do: mute})
	catch(&rule{from: "MAR", to: "CAJ", path: "/reserve", field: "evse_id", value: evse("CAJ", 24), do: hold})
	catch(&rule{from: "MAR", to: "SER", path: "/confirm", field: "evse_id", value: evse("SER", 25), do: hold})
	catch(&rule{from: "MAR", to: "CAJ", path: "/confirm", field: "evse_id", value: evse("CAJ", 25), do: mute})
	catch(&rule{from: "CAJ", to: "MAR", path: "/compensate", field: "evse_id", value: evse("MAR", 26), do: hold})
	caught = append(caught, swaps()...)
	r.run(reserving, order{
		name: "first-unanswered", company: "MAR", what: "CAJ holds leg 1 and its answer is lost: no ticket yet",
		stops: []stop{first, r.hour("SER", 23, 2)},
	})
	r.run(reserving, order{
		name: "half-reserved", company: "MAR", what: "legs 1 and 2 are PENDING, leg 3 is CLAIMED",
		stops: []stop{r.hour("MAR", 24, 0), r.hour("SER", 24, 2), r.hour("CAJ", 24, 4)},
	})
	r.run(confirming, order{
		name: "half-confirmed", company: "MAR", what: "legs 1 and 3 are RESERVED, leg 2 is PENDING; only leg 1 is known",
		stops: []stop{r.hour("MAR", 25, 0), r.hour("SER", 25, 2), r.hour("CAJ", 25, 4)},
	})
	r.run(compensating, order{
		name: "half-released", company: "CAJ", policy: "abort", what: "leg 3 was taken; leg 2 is CLAIMED at MAR, leg 1 PENDING, and both are to be released",
		stops: []stop{r.hour("CAJ", 26, -4), r.hour("MAR", 26, -2), r.hour("SER", 20, 0)},
	})
	for _, x := range caught {
		r.until("a request "+x.from+" → "+x.to+x.path+" of "+x.value, func() bool { return done(x) })
	}
}

// prepareChanges books the trips whose changes are to be caught half done; what
// it gives begins the changes.
func (r *recorder) prepareChanges() (begin func() []*rule) {
	confirmedHalf := r.book(confirmed, order{
		name: "swap-half-done", company: "SER", what: "leg 2 is being swapped: the new stop is RESERVED at MAR, its answer is lost",
		stops: []stop{r.hour("SER", 27, 0), r.hour("CAJ", 27, 2)},
	})
	held := r.book(confirmed, order{
		name: "swap-begun", company: "CAJ", what: "leg 2 is being swapped: the new stop is PENDING at SER",
		stops: []stop{r.hour("CAJ", 28, 0), r.hour("MAR", 28, 2)},
	})
	at := r.hour("SER", 2, 2)
	take := r.book(confirmed, order{
		name: "shift-take", company: "MAR", what: "leg 2 is being moved: SER has both parts of its window, its answer is lost",
		stops: []stop{r.hour("MAR", 2, 0), at},
	})
	two := r.book(confirmed, order{
		name: "shift-two-take", company: "MAR", what: "leg 2 is being changed and leg 3 moved with it: CAJ has both parts of leg 3's window, the new stop of leg 2 is PENDING",
		stops: []stop{r.hour("MAR", 21, 0), r.hour("SER", 21, 2), r.hour("CAJ", 21, 4)},
	})
	other := r.withLater(two, 2)
	return func() []*rule {
		rules := []*rule{
			r.gates.add(&rule{from: "MAR", to: other.Company, path: "/confirm", field: "evse_id", value: other.EVSE, do: hold}),
			r.gates.add(&rule{from: "SER", to: "MAR", path: "/confirm", field: "trip_id", value: confirmedHalf.TripID, do: mute}),
			r.gates.add(&rule{from: "CAJ", to: "SER", path: "/confirm", field: "trip_id", value: held.TripID, do: hold}),
			r.gates.add(&rule{from: "MAR", to: "SER", path: "/move", field: "trip_id", value: take.TripID, seq: 1, do: mute}),
		}
		r.swap(confirmedHalf, 2, r.hour("MAR", 27, 2))
		r.swap(held, 2, r.hour("SER", 28, 2))
		r.swap(take, 2, later(at))
		r.take(two, other)
		return rules
	}
}
