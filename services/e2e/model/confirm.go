package model

// confirmAll is CONFIRMING: every confirm is answered before the trip goes on.
func (k *walker) confirmAll(t uint8) {
	tr := &k.from.trips[t]
	asked := true
	acknowledged, refused := uint8(0), false
	for l := range k.from.legs(t) {
		switch tr.heard[l] {
		case hReserved:
			acknowledged++
		case hRefused, hUnknown:
			refused = true
		default:
			asked = false
			k.confirm(t, l)
		}
	}
	if asked && refused {
		w := k.try()
		w.startAgain(t)
		k.out(&w, step{do: vJournal, of: id{t: t}, to: w.trips[t].phase})
	}
	if acknowledged == k.from.legs(t) || acknowledged > 0 && !k.from.follows(ConfirmedOnlyWhenAcknowledged) {
		w := k.try()
		w.trips[t].phase, w.trips[t].told = confirmed, true
		k.out(&w, step{do: vJournal, of: id{t: t}, to: confirmed})
	}
}

func (k *walker) confirm(t, l uint8) {
	k.call(kConfirm, k.from.present(t, l), func(w *world, a answer) {
		switch a {
		case ok:
			w.trips[t].heard[l] = hReserved
		case unanswered:
			w.trips[t].heard[l] = hUnknown
		default:
			w.trips[t].heard[l] = hRefused
		}
	})
}

// startAgain after a refused confirm: release everything, then give up or begin
// anew with new ids and the old ticket.
func (w *world) startAgain(t uint8) {
	tr := &w.trips[t]
	var ls []uint8
	again := w.sc.Trips[t].Policy&^Abort != 0
	for l := range w.legs(t) {
		ls = append(ls, l)
		if tr.heard[l] == hUnknown {
			again = false
		}
	}
	was := tr.heard
	tr.phase = reserving
	if again {
		for _, l := range ls {
			w.abandon(t, l, tr.cur[l])
		}
		w.newIDs(t, false, ls...)
	} else {
		w.giveUp(t)
	}
	if w.follows(ReleaseAllOnRefusedConfirm) {
		return
	}
	for l, h := range was {
		if h == hReserved {
			tr.left[l] = 0
		}
		if h == hReserved && tr.phase == compensating {
			tr.heard[l] = hReleased
		}
	}
}

// release is COMPENSATING: every stop in reverse order, then what was abandoned.
func (k *walker) release(t uint8) {
	tr := &k.from.trips[t]
	for l := k.from.legs(t); l > 0; l-- {
		if tr.heard[l-1] == hReleased {
			continue
		}
		if tr.heard[l-1] == hNothing && !k.from.follows(CompensateLostAnswers) {
			continue
		}
		k.releaseStop(t, l-1)
		return
	}
	if tr.leaves() && !tr.goOn {
		k.releaseLeft(t, func(w *world) { w.trips[t].goOn = w.mayLapse(t) })
		return
	}
	w := k.try()
	w.trips[t].phase, w.trips[t].goOn = aborted, false
	k.out(&w, step{do: vJournal, of: id{t: t}, to: aborted})
}

// releaseStop compensates the present id of a stop; without an answer it may
// count as released by expiry, and is told in the background.
func (k *walker) releaseStop(t, l uint8) {
	i := k.from.present(t, l)
	k.call(k.from.wayBack(i), i, func(w *world, a answer) {
		tr := &w.trips[t]
		switch {
		case a != unanswered:
			tr.heard[l] = hReleased
		case w.mayLapse(t) && !w.at(i).state.lapses():
			tr.heard[l] = hReleased
			w.abandon(t, l, i.g)
		}
	})
}

// mayLapse reports whether time alone can be trusted to free a trip's stops.
func (w *world) mayLapse(t uint8) bool {
	return !w.trips[t].entered || !w.follows(AbortOnlyWhenAcknowledged)
}

// releaseLeft compensates one abandoned id, the last first.
func (k *walker) releaseLeft(t uint8, nobody func(w *world)) {
	for l := k.from.legs(t); l > 0; l-- {
		for g := uint8(maxIDs); g > 0; g-- {
			if k.from.trips[t].left[l-1]>>(g-1)&1 == 0 {
				continue
			}
			i := id{t, l - 1, g - 1}
			k.call(k.from.wayBack(i), i, func(w *world, a answer) {
				if a == unanswered {
					nobody(w)
					return
				}
				w.trips[t].left[l-1] &^= 1 << (g - 1)
			})
			return
		}
	}
}
