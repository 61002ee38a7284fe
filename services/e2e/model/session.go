package model

// session is what a company notes about the car at a reservation's plug.
type session struct {
	// answered: the plug was answered, or counts as such. It stays.
	answered bool
	// told: … to the car.
	told bool
	// yields: a peer has asked on behalf of an earlier session of the vehicle.
	yields bool
	// busy: a peer has one, which the caller is about to hear.
	busy bool
	// polled: the EVSEs whose companies have said that they have none.
	polled uint8
	// estimated: the bill is the company's own figure.
	estimated bool
	// notice: the originator has not heard yet that it is over.
	notice bool
	bills  uint8
}

// plugIn is start.lua: RESERVED → CHARGING, unless somebody is at the plug.
func (w *world) plugIn(i id) answer {
	r := w.at(i)
	switch {
	case r.state == fulfilled, r.state == charges && r.answered:
		return ok
	case r.state == charges:
		return undecided
	case !r.state.reserved():
		return noReservation
	case r.busy:
		r.busy = false
		return vehicleBusy
	case w.follows(PlugLooksAtNeighbours) && w.somebodyAt(w.place(i).EVSE):
		return occupied
	}
	r.state, r.session = charges, session{}
	if !w.follows(OneVehicleOneSession) {
		r.answered = true
		return ok
	}
	return undecided
}

func (w *world) somebodyAt(evse uint8) bool {
	for j := range w.ids() {
		if w.at(j).state == charges && w.place(j).EVSE == evse {
			return true
		}
	}
	return false
}

// leave is complete.lua: CHARGING → FULFILLED, with a bill.
func (w *world) leave(i id) answer {
	r := w.at(i)
	switch {
	case r.state == charges:
		w.bill(r)
	case r.state == fulfilled && r.estimated:
		r.estimated = false // the car's figure takes its place, once
	case r.state == fulfilled && !w.follows(BilledOnce):
		r.bills++
	case r.state == fulfilled:
	case r.state.reserved():
		return tooEarly
	default:
		return noReservation
	}
	return ok
}

func (w *world) bill(r *record) {
	r.state, r.bills = fulfilled, r.bills+1
	r.yields, r.polled = false, 0
}

// withdraw takes one stop out of service. A session ends with a bill.
func (w *world) withdraw(i id) {
	r := w.at(i)
	if r.state == charges && w.follows(WithdrawalBillsTheSession) {
		w.bill(r)
		r.estimated, r.notice = true, true
		return
	}
	r.state = withdrawn
}

// sessions are what companies do about the cars at their plugs.
func (k *walker) sessions() {
	for i := range k.from.ids() {
		switch r := k.from.at(i); {
		case r.state == charges && !r.answered:
			k.contest(i)
		case r.state == charges:
			w := k.try()
			c := w.at(i)
			w.bill(c)
			c.estimated, c.notice = true, true
			k.out(&w, step{do: vStay, of: i})
			k.hearOfCharging(i)
		case r.notice:
			k.hearOfTheEnd(i)
		}
	}
}

// contest asks one peer after the other whether the vehicle charges there, and
// answers the plug when all have said no.
func (k *walker) contest(i id) {
	if k.from.at(i).yields {
		k.back(i, vAnswered)
		return
	}
	waits := false
	for e := range uint8(maxEVSEs) {
		if k.from.at(i).polled>>e&1 == 1 || !k.from.meets(i, e) {
			continue
		}
		waits = true
		w := k.try()
		if w.chargesAt(i, e) {
			k.back(i, vContest)
			continue
		}
		w.at(i).polled |= 1 << e
		k.out(&w, step{do: vContest, of: i})
	}
	if waits && k.from.follows(UnansweredAskToo) {
		return
	}
	w := k.try()
	r := w.at(i)
	r.answered, r.polled = true, 0
	k.out(&w, step{do: vAnswered, of: i})
}

// back is the one way back from CHARGING, before the plug was answered.
func (k *walker) back(i id, do verb) {
	w := k.try()
	r := w.at(i)
	r.state, r.session = settled, session{busy: true}
	k.out(&w, step{do: do, of: i, answer: vehicleBusy})
}

// meets reports whether the vehicle of i has a stop at EVSE e, whose company is
// another.
func (w *world) meets(i id, e uint8) bool {
	if e == w.place(i).EVSE {
		return false
	}
	for j := range w.ids() {
		if w.sc.oneVehicle(i.t, j.t) && w.place(j).EVSE == e {
			return true
		}
	}
	return false
}

// chargesAt is a peer's answer: busy for a session that was answered, or that is
// earlier. A later one yields. Which one is earlier says the order of the trips,
// whatever the order of the plugs: clocks differ.
func (w *world) chargesAt(i id, e uint8) bool {
	for j := range w.ids() {
		r := w.at(j)
		if r.state != charges || w.place(j).EVSE != e || !w.sc.oneVehicle(i.t, j.t) {
			continue
		}
		if r.answered || before(j, i) {
			return true
		}
		r.yields = w.follows(LaterYields)
	}
	return false
}

// hearOfCharging: the originator is told of a session whose plug nobody there
// has heard an answer to.
func (k *walker) hearOfCharging(i id) {
	tr := &k.from.trips[i.t]
	if tr.server != up || tr.phase != confirmed || tr.plugging != 0 || tr.swap != 0 || tr.cur[i.l] != i.g || tr.open>>i.l&1 == 1 {
		return
	}
	w := k.try()
	w.trips[i.t].open |= 1 << i.l
	w.trips[i.t].let &^= 1 << i.l
	w.trips[i.t].left[i.l] &^= 1 << i.g
	k.out(&w, step{do: vLook, of: i})
}

// hearOfTheEnd: the originator is told of a session that ended without the car's
// word. An id that it let go of is acknowledged and ignored.
func (k *walker) hearOfTheEnd(i id) {
	tr := &k.from.trips[i.t]
	if tr.server != up || tr.plugging == i.l+1 || tr.swap == i.l+1 {
		return
	}
	w := k.try()
	w.at(i).notice = false
	if c := &w.trips[i.t]; c.cur[i.l] == i.g && c.phase == confirmed {
		c.over |= 1 << i.l
		c.open &^= 1 << i.l
	}
	k.out(&w, step{do: vLook, of: i})
}
