package model

import "fmt"

// rest looks after a trip whose booking is decided.
func (k *walker) rest(t uint8) {
	tr := &k.from.trips[t]
	if tr.plugging != 0 {
		k.plugged(t, tr.plugging-1)
		if k.from.follows(PlugInsideTheRun) {
			return
		}
	}
	if tr.swap != 0 {
		if !k.from.follows(PlugInsideTheRun) {
			k.plugs(t)
		}
		k.swap(t, tr.swap-1)
		return
	}
	if tr.phase == canceled {
		for l := k.from.legs(t); l > 0; l-- {
			if tr.heard[l-1] != hReleased {
				k.releaseStop(t, l-1)
				return
			}
		}
	}
	if tr.leaves() {
		k.releaseLeft(t, func(*world) {})
	}
	if tr.phase == confirmed {
		if k.from.sc.goesOn() {
			k.onTheRoad(t)
		}
		k.wishes(t)
	}
}

// wishes are what a driver may want of a booked trip.
func (k *walker) wishes(t uint8) {
	if k.from.had.Cancels < k.from.sc.Wishes.Cancels {
		w := k.try()
		w.had.Cancels++
		w.cancelBooked(t)
		k.out(&w, step{do: vJournal, of: id{t: t}, to: w.trips[t].phase, why: "its driver cancels"})
	}
	for l := range k.from.legs(t) {
		_, other := k.from.sc.Trips[t].Instead[int(l)]
		if !other || k.from.settledStop(t, l) || k.from.trips[t].next[l] == maxIDs || k.from.had.Swaps == k.from.sc.Wishes.Swaps {
			continue
		}
		w := k.try()
		tr := &w.trips[t]
		w.had.Swaps++
		g := tr.next[l]
		tr.next[l]++
		tr.swap, tr.swap2, tr.heard[l] = l+1, hNothing, hReserved
		w.at(id{t, l, g}).instead = !w.at(w.present(t, l)).instead
		k.out(&w, step{do: vJournal, of: id{t, l, g}, to: confirmed, why: fmt.Sprintf("stop %d is to be exchanged", l+1)})
	}
}

// swap takes the new stop, journals the exchange and only then lets go of the
// old one.
func (k *walker) swap(t, l uint8) {
	tr := &k.from.trips[t]
	i := id{t, l, tr.next[l] - 1}
	if !k.from.follows(SwapTakesNewFirst) && tr.heard[l] != hReleased {
		k.call(kCompensate, k.from.present(t, l), func(w *world, _ answer) { w.trips[t].heard[l] = hReleased })
		return
	}
	then := func(next heard) func(w *world, a answer) {
		return func(w *world, a answer) {
			if a != ok {
				w.undoSwap(t)
				return
			}
			w.trips[t].swap2 = next
		}
	}
	switch tr.swap2 {
	case hNothing:
		k.call(kReserve, i, then(hPending))
	case hPending:
		k.call(kConfirm, i, then(hReserved))
	default:
		w := k.try()
		c := &w.trips[t]
		w.abandon(t, l, c.cur[l])
		c.cur[l], c.swap, c.swap2 = i.g, 0, hNothing
		c.problem &^= 1 << l
		c.asked &^= 1 << l
		k.out(&w, step{do: vJournal, of: i, to: confirmed, why: fmt.Sprintf("stop %d is exchanged", l+1)})
	}
}

// undoSwap lets go of a new stop that was not exchanged.
func (w *world) undoSwap(t uint8) {
	tr := &w.trips[t]
	l := tr.swap - 1
	tr.swap, tr.swap2 = 0, hNothing
	w.abandon(t, l, tr.next[l]-1)
}

// notices tell the originators of withdrawn stops, until they have understood.
func (k *walker) notices() {
	for i := range k.from.ids() {
		if k.from.at(i).state != withdrawn {
			continue
		}
		tr := &k.from.trips[i.t]
		present := tr.cur[i.l] == i.g
		ofSwap := !present && tr.current(int(i.l), int(i.g))
		busy := tr.server != up || tr.phase == confirming && present || tr.swap != 0 && (present || ofSwap)
		if ofSwap && !k.from.follows(NoticeOfSwapKept) {
			busy = false
		}
		if (!busy || tr.phase == wiped) && tr.server != dead {
			w := k.try()
			w.at(i).state = released
			if present && tr.phase == confirmed {
				w.lost(i.t, i.l)
			}
			k.out(&w, step{do: vNotice, of: i, answer: outOfService})
		}
		if !k.from.follows(WithdrawalToldUntilAcknowledged) {
			w := k.try()
			w.at(i).state = released
			k.out(&w, step{do: vNotice, of: i, answer: outOfService, lost: true})
		}
	}
}
