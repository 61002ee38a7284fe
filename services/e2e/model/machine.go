package model

// verb is what a step does.
type verb uint8

const (
	vClaim verb = iota
	vReserve
	vConfirm
	vCompensate
	vJournal // the trip's state changes in its journal
	vNotice
	vOutcome
	vLapse
	vCrash
	vDeath
	vTakeOver
	vLate
	vWithdraw
	vRestore
	vWipe
	vStranger
	vFormer
	vStart
	vComplete
	vContest
	vAnswered
	vStay
	vLook
	vAsk
)

// step is one arrow of the walk. lost says that the answer did not come: the
// caller will ask again.
type step struct {
	do     verb
	of     id
	kind   kind
	answer answer
	to     phase
	about  answerOfOutcome
	lost   bool
	why    string // of a journal write
}

// walker collects the steps out of one state.
type walker struct {
	from world
	emit func(*world, step)
}

// try makes a copy of the state for one step.
func (k *walker) try() world { return k.from }

func (k *walker) out(w *world, s step) { k.emit(w, s) }

// call makes one request of a trip's present owner: answered; or without an
// answer, executed or not; or given up.
func (k *walker) call(kd kind, i id, hear func(w *world, a answer)) {
	verbs := [...]verb{vClaim, vReserve, vConfirm, vCompensate, vStart, vComplete}
	epoch := k.from.trips[i.t].epoch
	w := k.try()
	w.send(kd, i, epoch)
	a := w.execute(kd, i, epoch)
	if a == staleOwner {
		w.trips[i.t].epoch = min(w.seen[i.t][w.place(i).EVSE]+1, maxEpoch)
	} else {
		hear(&w, a)
	}
	k.out(&w, step{do: verbs[kd], of: i, kind: kd, answer: a})
	if k.from.spent.Lost < k.from.sc.Faults.Lost {
		for _, executed := range []bool{true, false} {
			w := k.try()
			w.spent.Lost++
			w.send(kd, i, epoch)
			a := unanswered
			if executed {
				a = w.execute(kd, i, epoch)
			}
			k.out(&w, step{do: verbs[kd], of: i, kind: kd, answer: a, lost: true})
		}
	}
	if k.from.spent.Timeouts < k.from.sc.Faults.Timeouts {
		w := k.try()
		w.spent.Timeouts++
		w.send(kd, i, epoch)
		hear(&w, unanswered)
		k.out(&w, step{do: verbs[kd], of: i, kind: kd, answer: unanswered})
	}
}

// send leaves a message on the road.
func (w *world) send(kd kind, i id, epoch uint8) {
	if w.spent.Late < w.sc.Faults.Late {
		w.sent[i.t][i.l][i.g] |= message(kd, epoch)
	}
}

// execute is what the company does with a request.
func (w *world) execute(kd kind, i id, epoch uint8) answer {
	tr := &w.trips[i.t]
	switch kd {
	case kClaim:
		return w.hold(i, w.claimedAs(i), epoch, tr.rank, false)
	case kReserve:
		if int(tr.swap) == int(i.l)+1 {
			return w.hold(i, pending, epoch, noTicket, false)
		}
		stamp := i.l == 0 && (!tr.ticket || i.g > 0 && !w.follows(OneTicketPerTrip))
		return w.hold(i, pending, epoch, tr.rank, stamp)
	case kConfirm:
		return w.confirm(i, epoch)
	case kStart:
		return w.plugIn(i)
	case kComplete:
		return w.leave(i)
	}
	return w.compensate(i, epoch)
}

// trip walks the next steps of one trip's owner.
func (k *walker) trip(t uint8) {
	tr := &k.from.trips[t]
	if tr.server != up {
		return
	}
	if tr.ends {
		w := k.try()
		w.trips[t].ends = false
		w.giveUp(t)
		k.out(&w, step{do: vJournal, of: id{t: t}, to: compensating})
		return
	}
	switch tr.phase {
	case reserving:
		k.book(t)
	case awaiting:
		k.ask(t)
	case confirming:
		k.confirmAll(t)
	case compensating:
		k.release(t)
	case confirmed, canceled, aborted, completed:
		k.rest(t)
	}
	if tr.phase < confirming && k.from.had.Cancels < k.from.sc.Wishes.Cancels {
		w := k.try()
		w.had.Cancels++
		w.cancelWaiting(t)
		k.out(&w, step{do: vJournal, of: id{t: t}, to: w.trips[t].phase, why: "its driver cancels"})
	}
}

// present is the current id of a stop.
func (w *world) present(t, l uint8) id { return id{t, l, w.trips[t].cur[l]} }

func (w *world) legs(t uint8) uint8 { return uint8(len(w.sc.Trips[t].Stops)) }

// book is RESERVING: let go of what was abandoned, reserve the first stop,
// claim the others, reserve in order those whose claim has not reserved.
func (k *walker) book(t uint8) {
	tr := &k.from.trips[t]
	n := k.from.legs(t)
	k.hearOfLosses(t)
	if tr.leaves() && !tr.goOn && k.from.follows(ReleaseBeforeWaiting) {
		k.letGo(t)
		return
	}
	if tr.heard[0] != hPending {
		k.reserve(t, 0)
		return
	}
	claims := false
	for l := uint8(1); l < n; l++ {
		if tr.heard[l] == hNothing {
			claims = true
			k.claim(t, l)
		}
	}
	if claims {
		return
	}
	for l := uint8(1); l < n; l++ {
		if tr.heard[l] != hPending {
			k.reserve(t, l)
			return
		}
	}
	w := k.try()
	w.trips[t].phase, w.trips[t].entered = confirming, true
	k.out(&w, step{do: vJournal, of: id{t: t}, to: confirming})
}

func (k *walker) claim(t, l uint8) {
	k.call(kClaim, k.from.present(t, l), func(w *world, a answer) {
		switch {
		case a == ok:
			w.trips[t].heard[l] = hPending
			if w.at(w.present(t, l)).state == claimed {
				w.trips[t].heard[l] = hClaimed
			}
		case a == slotUnsettled && w.follows(RetryUnsettled):
			w.trips[t].heard[l] = hGoOn
		default:
			k.conflict(w, t, l, a)
		}
	})
}

func (k *walker) reserve(t, l uint8) {
	i := k.from.present(t, l)
	k.call(kReserve, i, func(w *world, a answer) {
		tr := &w.trips[t]
		switch {
		case a == ok:
			tr.heard[l] = hPending
			if l == 0 && (!tr.ticket || !w.follows(OneTicketPerTrip)) {
				tr.ticket, tr.rank = true, w.at(i).rank
			}
		case a == slotUnsettled && w.follows(RetryUnsettled):
			if w.follows(UnsettledBound) && w.stuckInTheWay(i) {
				k.conflict(w, t, l, slotTaken)
			}
		default:
			k.conflict(w, t, l, a)
		}
	})
}

// stuckInTheWay reports whether the trip whose unsettled RESERVED is in the way
// has no server that runs it: only then does the bound of the retries matter,
// for a trip in CONFIRMING waits for nobody.
func (w *world) stuckInTheWay(i id) bool {
	for j := range w.ids() {
		if j.t != i.t && w.at(j).state == unsettled && w.place(i).overlaps(w.place(j)) {
			tr := &w.trips[j.t]
			return tr.server != up || tr.phase == wiped
		}
	}
	return false
}

// hearOfLosses is a notice, or a renewal that is refused: the trip hears that a
// stop is gone. It may come at any time or never.
func (k *walker) hearOfLosses(t uint8) {
	for l := range k.from.legs(t) {
		i := k.from.present(t, l)
		r := k.from.at(i).state
		a, gone := finals[r]
		if h := k.from.trips[t].heard[l]; !gone || h != hClaimed && h != hPending {
			continue
		}
		w := k.try()
		k.conflict(&w, t, l, a)
		k.out(&w, step{do: vNotice, of: i, answer: a})
	}
}

// letGo releases what was abandoned before the trip goes on. What never can be
// RESERVED may be left to lapse.
func (k *walker) letGo(t uint8) {
	k.releaseLeft(t, func(w *world) {
		if w.trips[t].entered {
			w.giveUp(t)
		} else {
			w.trips[t].goOn = true
		}
	})
}

// conflict is what the policies say about a stop that was refused. It changes w
// to what comes of it; where several policies are allowed the others are emitted
// as steps of their own.
func (k *walker) conflict(w *world, t, l uint8, a answer) {
	p := w.sc.Trips[t].Policy
	var choices [4]world
	n := 0
	choose := func(f func(c *world)) {
		choices[n] = *w
		f(&choices[n])
		n++
	}
	gone := a == holdExpired || a == alreadyCompensated
	ahead := a == priorityLost || a == holdPreempted
	if p&Abort != 0 {
		choose(func(c *world) { c.giveUp(t) })
	}
	if p&^Abort != 0 && gone {
		choose(func(c *world) { c.newIDs(t, false, l) })
	}
	if p&Wait != 0 && !gone {
		choose(func(c *world) {
			switch {
			case a == holdPreempted:
				c.newIDs(t, false, l)
			case !ahead:
				c.giveUp(t)
			}
		})
	}
	if p&Replan != 0 && !gone && !(ahead && p&Wait != 0) {
		choose(func(c *world) { c.replan(t, l) })
	}
	if p&Ask != 0 && !gone {
		choose(func(c *world) { c.trips[t].phase, c.trips[t].asks, c.trips[t].ahead = awaiting, l, ahead })
	}
	*w = choices[0]
	for _, c := range choices[1:n] {
		k.out(&c, step{do: vJournal, of: id{t: t, l: l}, to: c.trips[t].phase, answer: a})
	}
}

// newIDs gives stops new ids; the old ones are to be released. A trip that has
// none left gives up.
func (w *world) newIDs(t uint8, instead bool, ls ...uint8) {
	tr := &w.trips[t]
	for _, l := range ls {
		if tr.next[l] == maxIDs {
			w.giveUp(t)
			return
		}
	}
	for _, l := range ls {
		was := w.at(w.present(t, l)).instead
		if w.follows(CompensateAbandoned) {
			w.abandon(t, l, tr.cur[l])
		}
		tr.cur[l] = tr.next[l]
		tr.next[l]++
		w.at(w.present(t, l)).instead = was != instead
		tr.heard[l] = hNothing
	}
	tr.goOn = false
}

// abandon notes an id that must be released, in the journal.
func (w *world) abandon(t, l, g uint8) { w.trips[t].left[l] |= 1 << g }

// replan takes the trip's alternative for a stop, or gives up.
func (w *world) replan(t, l uint8) {
	if _, other := w.sc.Trips[t].Instead[int(l)]; !other {
		w.giveUp(t)
		return
	}
	w.newIDs(t, true, l)
}

// giveUp journals COMPENSATING.
func (w *world) giveUp(t uint8) {
	tr := &w.trips[t]
	tr.phase, tr.goOn, tr.asks, tr.ahead = compensating, false, 0, false
}

// ask is AWAITING_DECISION: the driver takes the alternative, waits or gives up.
func (k *walker) ask(t uint8) {
	driver := k.from.sc.Trips[t].Driver
	if driver == Silent {
		return
	}
	tr := &k.from.trips[t]
	l := tr.asks
	decide := func(f func(w *world)) {
		w := k.try()
		w.trips[t].phase, w.trips[t].asks, w.trips[t].ahead = reserving, 0, false
		f(&w)
		k.out(&w, step{do: vJournal, of: id{t: t, l: l}, to: w.trips[t].phase})
	}
	if driver != Patient || !tr.ahead {
		decide(func(w *world) { w.giveUp(t) })
	}
	if _, other := k.from.sc.Trips[t].Instead[int(l)]; other && tr.next[l] < maxIDs {
		decide(func(w *world) { w.replan(t, l) })
	}
	if tr.ahead {
		decide(func(w *world) {
			if w.at(w.present(t, l)).state == preempted {
				w.newIDs(t, false, l)
			}
		})
	}
}
