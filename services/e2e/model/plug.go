package model

import "fmt"

// road is what a trip's journal has of its way after the booking: a bit for each
// stop.
type road struct {
	plugging uint8 // 1 + the stop whose company is being asked to start
	open     uint8 // a car charges
	over     uint8 // it has charged
	let      uint8 // let go of: canceled, given up, or never answered about
	asked    uint8 // lost, and the driver is asked
	// What only the process has.
	mine bool // it has sent the start itself
	ends bool // a cancel that is not journaled
	// For the checks.
	waits    uint8 // the id at whose plug a car waits for an answer, by number
	farewell bool  // the driver knows that the trip is given up
}

// settledStop reports whether a stop can be changed no more: a car charges or
// has charged there, or it was let go of.
func (w *world) settledStop(t, l uint8) bool {
	tr := &w.trips[t]
	if tr.let>>l&1 == 1 {
		return true
	}
	return w.follows(ChangeLooksAgain) && (tr.open|tr.over)>>l&1 == 1
}

// coming are the stops that are still to be used.
func (w *world) coming(t uint8) uint8 {
	tr := &w.trips[t]
	return (1<<w.legs(t) - 1) &^ (tr.open | tr.over | tr.let | tr.problem)
}

// number of an id among those of its trip, from 1.
func (i id) number() uint8 { return 1 + i.l*maxIDs + i.g }

// onTheRoad are the steps of a booked trip until its end.
func (k *walker) onTheRoad(t uint8) {
	tr := &k.from.trips[t]
	k.deadlines(t)
	k.plugs(t)
	k.unplugs(t)
	if tr.asked == 0 && tr.over|tr.let == 1<<k.from.legs(t)-1 {
		w := k.try()
		w.trips[t].phase = w.theEnd(t)
		k.out(&w, step{do: vJournal, of: id{t: t}, to: w.trips[t].phase})
	}
}

// theEnd of a trip with no stop left to come.
func (w *world) theEnd(t uint8) phase {
	tr := &w.trips[t]
	if tr.over != 0 {
		return completed
	}
	tr.heard = [maxLegs]heard{}
	return canceled
}

// deadlines: each question ends, answered by give_up or not at all. That it is
// answered by another stop is a swap.
func (k *walker) deadlines(t uint8) {
	for l := range k.from.legs(t) {
		if k.from.trips[t].asked>>l&1 == 0 {
			continue
		}
		w := k.try()
		w.trips[t].asked &^= 1 << l
		w.trips[t].let |= 1 << l
		k.out(&w, step{do: vJournal, of: id{t: t, l: l}, to: confirmed, why: fmt.Sprintf("stop %d is let go of", l+1)})
	}
}

// plugs: a car arrives at a booked stop. One vehicle has one session: within its
// trip the originator keeps the order.
func (k *walker) plugs(t uint8) {
	tr := &k.from.trips[t]
	if tr.phase != confirmed || tr.plugging != 0 || tr.open != 0 {
		return
	}
	for l := range k.from.legs(t) {
		at := k.from.present(t, l).number()
		again := tr.waits == at
		if k.from.coming(t)>>l&1 == 0 || tr.waits != 0 && !again || !again && k.from.had.Plugs == k.from.sc.Wishes.Plugs {
			continue
		}
		w := k.try()
		if !again {
			w.had.Plugs++
		}
		c := &w.trips[t]
		c.plugging, c.waits, c.mine = l+1, at, true
		k.out(&w, step{do: vJournal, of: id{t: t, l: l}, to: confirmed, why: fmt.Sprintf("a car plugs in at stop %d", l+1)})
	}
}

// plugged asks the stop's company to start; whoever took over looks first what
// became of it.
func (k *walker) plugged(t, l uint8) {
	i := k.from.present(t, l)
	if !k.from.trips[t].mine {
		k.look(i)
		return
	}
	k.call(kStart, i, func(w *world, a answer) {
		tr := &w.trips[t]
		switch a {
		case undecided:
		case unanswered:
			tr.mine = false
		case ok:
			w.charging(i)
		default:
			tr.plugging, tr.waits, tr.mine = 0, 0, false
		}
	})
}

// charging notes that a plug was answered, and tells the car.
func (w *world) charging(i id) {
	tr := &w.trips[i.t]
	tr.plugging, tr.waits, tr.mine = 0, 0, false
	r := w.at(i)
	r.told = true
	if r.state == fulfilled {
		tr.over |= 1 << i.l
		return
	}
	tr.open |= 1 << i.l
}

func (k *walker) look(i id) {
	w := k.try()
	switch r := w.at(i); {
	case r.state == charges && !r.answered:
		return // its company will decide
	case r.state == charges, r.state == fulfilled:
		w.charging(i)
	default:
		r.busy = false
		w.trips[i.t].plugging, w.trips[i.t].waits = 0, 0
	}
	k.out(&w, step{do: vLook, of: i})
}

// unplugs: a car leaves, or says so where its session has ended without it.
func (k *walker) unplugs(t uint8) {
	if k.from.had.Unplugs == k.from.sc.Wishes.Unplugs {
		return
	}
	tr := &k.from.trips[t]
	for l := range k.from.legs(t) {
		i := k.from.present(t, l)
		if (tr.open|tr.over)>>l&1 == 0 || !k.from.at(i).told {
			continue
		}
		k.call(kComplete, i, func(w *world, a answer) {
			w.had.Unplugs++
			if a == ok {
				w.trips[t].open &^= 1 << l
				w.trips[t].over |= 1 << l
			}
		})
	}
}

// wayBack is how an id that the trip has let go of is released: a session that
// nobody was told of is left by compensate, and completed with nothing taken.
func (w *world) wayBack(i id) kind {
	if w.at(i).state == charges && w.follows(CompensateLeavesCharging) {
		return kComplete
	}
	return kCompensate
}

// cancelWaiting ends a trip that is not booked yet: journaled before it is
// answered.
func (w *world) cancelWaiting(t uint8) {
	if w.follows(CancelJournaled) {
		w.giveUp(t)
		return
	}
	w.trips[t].ends, w.trips[t].farewell = true, true
}

// cancelBooked releases the coming stops; where a car charges or has charged the
// trip stays CONFIRMED until that is over.
func (w *world) cancelBooked(t uint8) {
	tr := &w.trips[t]
	if tr.open|tr.over == 0 || !w.follows(CancelKeepsSessions) {
		tr.phase, tr.heard, tr.asked = canceled, [maxLegs]heard{}, 0
		return
	}
	coming := w.coming(t)
	for l := range w.legs(t) {
		if coming>>l&1 == 1 {
			w.abandon(t, l, tr.cur[l])
		}
	}
	tr.let |= coming | tr.asked
	tr.asked = 0
}

// lost notes a stop that was withdrawn, and asks the driver.
func (w *world) lost(t, l uint8) {
	tr := &w.trips[t]
	tr.problem |= 1 << l
	if !w.sc.goesOn() || tr.let>>l&1 == 1 {
		return
	}
	if !w.follows(EveryQuestionKept) {
		tr.asked = 0
	}
	tr.asked |= 1 << l
	if w.coming(t) == 0 && tr.open == 0 && !w.follows(AskedUntilAnswered) {
		tr.phase = completed
	}
}
