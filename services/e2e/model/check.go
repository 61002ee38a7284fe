package model

import "fmt"

// Kind of a broken promise.
type Kind string

// The promises.
const (
	// Exclusivity: one hold at most for any instant of an EVSE.
	Exclusivity Kind = "exclusivity"
	// AllOrNothing: CONFIRMED everywhere or held nowhere.
	AllOrNothing Kind = "all or nothing"
	// Priority: the older ticket goes first, nothing is preempted in vain, and
	// a ticket stays what it is.
	Priority Kind = "priority"
	// WaitsWithReserved: no trip holds a RESERVED while it waits or asks.
	WaitsWithReserved Kind = "RESERVED while it waits"
	// NobodyWins: without a fault that takes something away, not every trip
	// gives up.
	NobodyWins Kind = "nobody wins"
	// OneSession: at most one session at an EVSE, and one of a vehicle.
	OneSession Kind = "one session"
	// OneBill: a session that was answered is its trip's, and ends with one bill.
	OneBill Kind = "one bill"
	// Asked: a lost stop is asked about until the driver has answered or it is over.
	Asked Kind = "asked until answered"
	// Answered: what the driver was told comes about.
	Answered Kind = "answers true"
	// Deadlock: trips that are not settled, and no step left.
	Deadlock Kind = "deadlock"
	// Livelock: steps, but no way to settle.
	Livelock Kind = "livelock"
)

// broken is a promise that a state or a step breaks; "" when none.
type broken struct {
	kind Kind
	what string
}

// judge checks a state and the step that led to it.
func judge(from, to *world, s step) broken {
	for _, f := range [...]func(*world) broken{exclusive, allOrNothing, reservedWhileAsking, somebodyWins, onTheWay} {
		if b := f(to); b.kind != "" {
			return b
		}
	}
	return priority(from, to, s)
}

func exclusive(w *world) broken {
	for i := range w.ids() {
		if !w.at(i).state.holds() {
			continue
		}
		for j := range w.ids() {
			if before(i, j) && w.at(j).state.holds() && w.place(i).overlaps(w.place(j)) {
				return broken{Exclusivity, fmt.Sprintf("%s and %s hold the same window of E%d", i, j, w.place(i).EVSE)}
			}
		}
	}
	return broken{}
}

func before(i, j id) bool {
	return i.t < j.t || i.t == j.t && (i.l < j.l || i.l == j.l && i.g < j.g)
}

func allOrNothing(w *world) broken {
	for t := range w.sc.Trips {
		tr := &w.trips[t]
		whole := tr.phase == confirmed || tr.phase == wiped && tr.told
		for l := range w.legs(uint8(t)) {
			r := w.at(w.present(uint8(t), l)).state
			if whole && !r.reserved() && r != withdrawn && (tr.problem|tr.let)>>l&1 == 0 && r != charges && r != fulfilled {
				return broken{AllOrNothing, fmt.Sprintf("the driver of %s was told CONFIRMED, stop %d is %s", name(t), l+1, word(r))}
			}
		}
		if b := heldAfterTheEnd(w, uint8(t)); b.kind != "" {
			return b
		}
	}
	return broken{}
}

// heldAfterTheEnd looks for stops of a trip that wants them no more. What is
// still to be released is not at its end yet, but never RESERVED once ABORTED.
func heldAfterTheEnd(w *world, t uint8) broken {
	tr := &w.trips[t]
	if tr.phase != confirmed && tr.phase != aborted && !((tr.phase == canceled || tr.phase == completed) && w.rests(t)) {
		return broken{}
	}
	for i := range w.ids() {
		r := w.at(i).state
		if i.t != t || !r.holds() || tr.phase == confirmed && tr.current(int(i.l), int(i.g)) && tr.let>>i.l&1 == 0 {
			continue
		}
		if tr.left[i.l]>>i.g&1 == 0 || tr.phase == aborted && r.reserved() {
			return broken{AllOrNothing, fmt.Sprintf("%s is %s and %s is still %s", name(int(t)), tr.phase, i, word(r))}
		}
	}
	return broken{}
}

func reservedWhileAsking(w *world) broken {
	for i := range w.ids() {
		if w.trips[i.t].phase == awaiting && w.at(i).state.reserved() {
			return broken{WaitsWithReserved, fmt.Sprintf("%s asks its driver and %s is RESERVED", name(int(i.t)), i)}
		}
	}
	return broken{}
}

// somebodyWins is judged where all is settled. Lost answers and late messages
// are no excuse; a crash is one only where another trip met the bound of its
// retries meanwhile.
func somebodyWins(w *world) broken {
	f := w.spent
	f.Lost, f.Late = 0, 0
	if len(w.sc.Trips) == 1 {
		f.Crashes = 0
	}
	if f != (Faults{}) || w.had != (Wishes{}) || !w.settled() {
		return broken{}
	}
	for t, tr := range w.sc.Trips {
		if w.trips[t].phase != aborted || tr.Policy&Ask != 0 {
			return broken{}
		}
	}
	return broken{NobodyWins, "every trip has given up, and nothing was in the way but each other"}
}

// priority is about steps: who took what from whom.
func priority(from, to *world, s step) broken {
	asked := s.do == vClaim || s.do == vReserve
	for i := range to.ids() {
		was, is := from.at(i), to.at(i)
		if is.state == preempted && was.state != preempted {
			if !was.state.lapses() || !ahead(from, to, i) {
				return broken{Priority, fmt.Sprintf("%s was preempted, and no older trip got its window", i)}
			}
		}
		if was.state.holds() && is.state.holds() && was.rank != is.rank {
			return broken{Priority, fmt.Sprintf("%s holds its window under another ticket than before", i)}
		}
		if asked && i.t == s.of.t && from.trips[i.t].phase == reserving && was.state.reserved() {
			return broken{WaitsWithReserved, fmt.Sprintf("%s asks for a stop while %s is RESERVED", name(int(i.t)), i)}
		}
	}
	return broken{}
}

// ahead reports whether an older trip now has what a younger one has lost.
func ahead(from, to *world, lost id) bool {
	for i := range to.ids() {
		if i.t != lost.t && to.at(i).state.holds() && !from.at(i).state.holds() && to.place(i).overlaps(to.place(lost)) &&
			older(to.at(i).rank, i.t, to.at(lost).rank, lost.t) {
			return true
		}
	}
	return false
}

// settled reports whether every trip has come to its end.
func (w *world) settled() bool {
	for t := range w.sc.Trips {
		if !w.rests(uint8(t)) {
			return false
		}
	}
	return true
}

// rests reports whether a trip wants nothing more.
func (w *world) rests(t uint8) bool {
	tr := &w.trips[t]
	switch {
	case tr.server == dead || tr.phase == wiped:
		return true
	case tr.phase == awaiting:
		return w.sc.Trips[t].Driver == Silent
	case tr.server == down || tr.leaves() || tr.swap != 0 || tr.plugging != 0 || tr.asked != 0 || w.atPlugs(t):
		return false
	case tr.phase == canceled:
		for l := range w.legs(t) {
			if tr.heard[l] != hReleased {
				return false
			}
		}
		return true
	}
	return tr.phase == confirmed || tr.phase == aborted || tr.phase == completed
}
