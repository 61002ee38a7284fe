package model

// steps walks every step out of a state.
func (k *walker) steps() {
	for t := range k.from.sc.Trips {
		k.trip(uint8(t))
		k.takeOver(uint8(t))
	}
	k.outcomes()
	k.lapses()
	k.notices()
	k.sessions()
	k.late()
	k.crashes()
	k.journals()
	k.withdrawals()
	k.strangers()
}

// outcomes: the company of an unsettled RESERVED asks the originator. The
// answer comes from the journal, so any server of the originator gives it.
func (k *walker) outcomes() {
	for i := range k.from.ids() {
		if k.from.at(i).state != unsettled || k.from.trips[i.t].server == dead {
			continue
		}
		o := k.from.outcome(i)
		w := k.try()
		w.learn(i, o)
		k.out(&w, step{do: vOutcome, of: i, about: o})
	}
}

// lapses: what nobody renews lapses for certain, what is renewed only by a
// fault.
func (k *walker) lapses() {
	for i := range k.from.ids() {
		if !k.from.at(i).state.lapses() {
			continue
		}
		w := k.try()
		if k.from.renewed(i) {
			if k.from.spent.Lapses == k.from.sc.Faults.Lapses {
				continue
			}
			w.spent.Lapses++
		}
		w.at(i).state = expired
		k.out(&w, step{do: vLapse, of: i})
	}
}

// renewed reports whether the trip's owner keeps a hold alive. A silent driver's
// holds come to the end of their longest life.
func (w *world) renewed(i id) bool {
	tr := &w.trips[i.t]
	switch {
	case tr.server == dead || !tr.current(int(i.l), int(i.g)):
		return false
	case tr.phase == awaiting && w.sc.Trips[i.t].Driver == Silent:
		return !w.follows(RenewCapped)
	}
	return tr.phase <= confirmed
}

// late: a message that was sent before arrives, once more or at last.
func (k *walker) late() {
	if k.from.spent.Late == k.from.sc.Faults.Late {
		return
	}
	for i := range k.from.ids() {
		sent := k.from.sent[i.t][i.l][i.g]
		for kd := range kinds {
			for epoch := uint8(1); epoch <= maxEpoch; epoch++ {
				if sent&message(kd, epoch) == 0 {
					continue
				}
				w := k.try()
				a := w.execute(kd, i, epoch)
				if w.State == k.from.State {
					continue
				}
				w.spent.Late++
				if w.spent.Late == w.sc.Faults.Late {
					w.sent = [maxTrips][maxLegs][maxIDs]uint32{}
				}
				k.out(&w, step{do: vLate, of: i, kind: kd, answer: a})
			}
		}
	}
}

// crashes forget what is not in the journal; a death is one without recovery.
func (k *walker) crashes() {
	for t := range k.from.sc.Trips {
		tr := &k.from.trips[t]
		idle := tr.phase == aborted || tr.phase == confirmed || tr.phase == completed || tr.phase == wiped
		if tr.server != up || idle && !tr.leaves() && tr.swap == 0 && tr.plugging == 0 {
			continue
		}
		if k.from.spent.Crashes < k.from.sc.Faults.Crashes && tr.epoch < maxEpoch {
			w := k.try()
			w.spent.Crashes++
			w.forget(uint8(t))
			w.trips[t].server = down
			k.out(&w, step{do: vCrash, of: id{t: uint8(t)}})
		}
		if k.from.spent.Deaths < k.from.sc.Faults.Deaths {
			w := k.try()
			w.spent.Deaths++
			w.forget(uint8(t))
			w.trips[t].server = dead
			k.out(&w, step{do: vDeath, of: id{t: uint8(t)}})
		}
	}
}

func (w *world) forget(t uint8) {
	tr := &w.trips[t]
	if tr.phase == confirming && !w.follows(JournalFence) {
		tr.late = true
		for l := range w.legs(t) {
			tr.late = tr.late && tr.heard[l] == hReserved
		}
	}
	tr.heard, tr.swap2, tr.goOn, tr.mine, tr.ends = [maxLegs]heard{}, hNothing, false, false, false
	if !w.follows(PluggingJournaled) {
		tr.plugging = 0
	}
}

// takeOver: another server of the company goes on under a new epoch. The former
// owner may still be alive: what it could send is on the road.
func (k *walker) takeOver(t uint8) {
	tr := &k.from.trips[t]
	if tr.late && !k.from.follows(JournalFence) && tr.server != down {
		w := k.try()
		w.trips[t].phase, w.trips[t].told, w.trips[t].late = confirmed, true, false
		k.out(&w, step{do: vFormer, of: id{t: t}, to: confirmed})
	}
	if tr.server != down {
		return
	}
	w := k.try()
	w.former(t)
	w.trips[t].server = up
	w.trips[t].epoch++
	if tr.swap != 0 {
		w.undoSwap(t)
	}
	k.out(&w, step{do: vTakeOver, of: id{t: t}})
}

// former puts on the road what a former owner of the trip could still send. Its
// next state it cannot reach: the journal refuses it.
func (w *world) former(t uint8) {
	tr := &w.trips[t]
	for l := range w.legs(t) {
		i := w.present(t, l)
		switch tr.phase {
		case reserving, awaiting:
			if l == 0 || tr.ticket {
				w.send(kReserve, i, tr.epoch)
			}
			if l > 0 && tr.ticket {
				w.send(kClaim, i, tr.epoch)
			}
		case confirming:
			w.send(kConfirm, i, tr.epoch)
		case compensating, canceled:
			w.send(kCompensate, i, tr.epoch)
		case confirmed:
			if tr.plugging == l+1 {
				w.send(kStart, i, tr.epoch)
			}
		}
	}
}

// journals lose their last step, or all.
func (k *walker) journals() {
	for t := range k.from.sc.Trips {
		tr := &k.from.trips[t]
		if tr.phase == compensating && tr.server == up && tr.epoch < maxEpoch && k.from.spent.Restores < k.from.sc.Faults.Restores {
			w := k.try()
			w.spent.Restores++
			w.former(uint8(t))
			w.forget(uint8(t))
			w.trips[t].epoch++
			w.trips[t].phase = reserving
			if tr.entered {
				w.trips[t].phase = confirming
			}
			k.out(&w, step{do: vRestore, of: id{t: uint8(t)}, to: w.trips[t].phase})
		}
		if tr.phase == confirmed && k.from.spent.Wipes < k.from.sc.Faults.Wipes {
			w := k.try()
			w.spent.Wipes++
			w.trips[t].phase = wiped
			k.out(&w, step{do: vWipe, of: id{t: uint8(t)}})
		}
	}
}

// withdrawals take an EVSE out of service with all that it promised.
func (k *walker) withdrawals() {
	if k.from.spent.Withdrawals == k.from.sc.Faults.Withdrawals {
		return
	}
	for e := range uint8(maxEVSEs) {
		w := k.try()
		used := false
		for i := range w.ids() {
			if w.place(i).EVSE == e && w.at(i).state.holds() {
				w.withdraw(i)
				used = true
			}
		}
		if used {
			w.spent.Withdrawals++
			w.out |= 1 << e
			k.out(&w, step{do: vWithdraw, of: id{t: e}})
		}
	}
}

// strangers try to release what is not theirs; FORBIDDEN changes nothing.
func (k *walker) strangers() {
	if k.from.spent.Strangers == k.from.sc.Faults.Strangers || k.from.follows(OriginChecked) {
		return
	}
	for i := range k.from.ids() {
		if k.from.at(i).state.holds() {
			w := k.try()
			w.spent.Strangers++
			w.at(i).state = released
			k.out(&w, step{do: vStranger, of: i})
		}
	}
}
