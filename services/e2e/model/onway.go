package model

import "fmt"

// onTheWay looks at what is promised after the booking.
func onTheWay(w *world) broken {
	for t := range w.sc.Trips {
		if b := questions(w, uint8(t)); b.kind != "" {
			return b
		}
	}
	if !w.sc.goesOn() {
		return broken{}
	}
	for i := range w.ids() {
		if b := bills(w, i); b.kind != "" {
			return b
		}
		for j := range w.ids() {
			if before(i, j) && w.at(i).state == charges && w.at(j).state == charges {
				if b := atOnce(w, i, j); b.kind != "" {
					return b
				}
			}
		}
	}
	return broken{}
}

// atOnce judges two sessions.
func atOnce(w *world, i, j id) broken {
	switch {
	case w.place(i).EVSE == w.place(j).EVSE:
		return broken{OneSession, fmt.Sprintf("%s and %s both charge at E%d", i, j, w.place(i).EVSE)}
	case w.sc.oneVehicle(i.t, j.t) && w.at(i).answered && w.at(j).answered:
		return broken{OneSession, fmt.Sprintf("one vehicle charges at E%d (%s) and at E%d (%s)", w.place(i).EVSE, i, w.place(j).EVSE, j)}
	}
	return broken{}
}

// bills judges one session.
func bills(w *world, i id) broken {
	r, tr := w.at(i), &w.trips[i.t]
	atPlug := r.told || r.answered && tr.waits == i.number()
	switch {
	case r.bills > 1:
		return broken{OneBill, fmt.Sprintf("%s has %d bills", i, r.bills)}
	case r.answered && r.state != charges && r.state != fulfilled:
		return broken{OneBill, fmt.Sprintf("the plug of %s was answered, and it is %s without a bill", i, word(r.state))}
	case atPlug && tr.phase != wiped && tr.cur[i.l] != i.g:
		return broken{OneBill, fmt.Sprintf("a car is at the plug of %s, and its trip has another stop", i)}
	case r.told && tr.phase == canceled:
		return broken{OneBill, fmt.Sprintf("%s is CANCELED although a car has charged at %s", name(int(i.t)), i)}
	}
	return broken{}
}

// questions judges what a trip asks, and what its driver was told.
func questions(w *world, t uint8) broken {
	tr := &w.trips[t]
	if tr.farewell && tr.phase == confirmed {
		return broken{Answered, fmt.Sprintf("the driver of %s was told that it is given up, and it is CONFIRMED", name(int(t)))}
	}
	if !w.sc.goesOn() || tr.phase != confirmed && tr.phase != completed {
		return broken{}
	}
	if open := tr.problem &^ (tr.let | tr.over | tr.open); tr.phase == completed && tr.asked != 0 || open&^tr.asked != 0 {
		return broken{Asked, fmt.Sprintf("%s is %s, has lost stops, and asks no more about each of them", name(int(t)), tr.phase)}
	}
	return broken{}
}

// atPlugs reports whether a session of a trip is still open, or its end untold.
func (w *world) atPlugs(t uint8) bool {
	for i := range w.ids() {
		if r := w.at(i); i.t == t && (r.state == charges || r.notice) {
			return true
		}
	}
	return false
}
