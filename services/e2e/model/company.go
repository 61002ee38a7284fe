package model

// answer of a company to a request.
type answer uint8

const (
	ok answer = iota
	slotTaken
	slotUnsettled // SLOT_TAKEN, conflict.settled: false
	ownHold       // SLOT_TAKEN by another id of the same trip
	priorityLost
	holdExpired
	holdPreempted
	alreadyCompensated
	outOfService
	staleOwner
	unknownReservation
	tooEarly
	idReused
	occupied
	vehicleBusy
	noReservation
	undecided  // the company still asks its peers
	unanswered // the caller has stopped repeating the call
)

var answerNames = [...]string{
	"ok", "SLOT_TAKEN", "SLOT_TAKEN (unsettled)", "SLOT_TAKEN (own)", "PRIORITY_LOST", "HOLD_EXPIRED", "HOLD_PREEMPTED",
	"ALREADY_COMPENSATED", "EVSE_OUT_OF_SERVICE", "STALE_OWNER", "UNKNOWN_RESERVATION", "TOO_EARLY", "ID_REUSED",
	"EVSE_OCCUPIED", "VEHICLE_BUSY", "NO_RESERVATION_HERE", "not decided yet", "no answer",
}

func (a answer) String() string { return answerNames[a] }

// finals are the answers of states that no request leads out of.
var finals = map[rstate]answer{
	expired: holdExpired, preempted: holdPreempted, withdrawn: alreadyCompensated, released: alreadyCompensated,
}

// id names a reservation id: the g-th of stop l of trip t.
type id struct{ t, l, g uint8 }

// world is a state together with what does not change.
type world struct {
	State
	sc *Scenario
}

func (w *world) at(i id) *record { return &w.rec[i.t][i.l][i.g] }

func (w *world) place(i id) Stop {
	return w.sc.place(int(i.t), int(i.l), w.rec[i.t][i.l][i.g].instead)
}

func (w *world) follows(r Rule) bool { return w.sc.Rules.on(r) }

// stale refuses a former owner, and remembers a newer one.
func (w *world) stale(i id, epoch uint8) bool {
	seen := &w.seen[i.t][w.place(i).EVSE]
	if epoch < *seen && w.follows(EpochFence) {
		return true
	}
	*seen = max(*seen, epoch)
	return false
}

// hold is claim (want claimed) or reserve (want pending). rank is the age of
// the ticket that comes with it; stamp asks for a new one.
func (w *world) hold(i id, want rstate, epoch, rank uint8, stamp bool) answer {
	if w.stale(i, epoch) {
		return staleOwner
	}
	r := w.at(i)
	if r.state != none {
		if !w.follows(ReplayBeforeWindowCheck) && w.taken(i) {
			return slotTaken
		}
		return w.again(i, want, epoch, stamp)
	}
	if stamp {
		rank = w.stamp(i.t)
	}
	if w.out>>w.place(i).EVSE&1 == 1 {
		return outOfService
	}
	if a := w.clear(i, rank); a != ok {
		return a
	}
	r.state, r.rank, r.epoch = want, rank, epoch
	if stamp {
		w.trips[i.t].stamped = true
	}
	return ok
}

// claimedAs is how a company takes a claim, which wishes to reserve at once: one of an
// older edition passes over the wish.
func (w *world) claimedAs(i id) rstate {
	if w.sc.OlderPeers>>w.place(i).EVSE&1 == 1 {
		return claimed
	}
	return pending
}

// stamp is the age that a new ticket of a trip has: its first is as old as its
// place in the list of trips, whatever the order of the grants: clocks differ.
func (w *world) stamp(t uint8) uint8 {
	if w.trips[t].stamped {
		return noTicket
	}
	return t
}

// again answers a repeat.
func (w *world) again(i id, want rstate, epoch uint8, stamp bool) answer {
	r := w.at(i)
	if !w.follows(EpochMayDiffer) && r.epoch != epoch {
		return idReused
	}
	if a, final := finals[r.state]; final {
		if w.follows(FinalIDsRefused) || a == alreadyCompensated {
			return a
		}
		r.state = want
		return ok
	}
	if stamp && !w.follows(SameTicketOnRepeat) {
		r.rank = w.stamp(i.t)
	}
	if r.state == claimed {
		r.state = want
	}
	return ok
}

// taken reports whether anything occupies the window, the id's own hold too.
func (w *world) taken(i id) bool {
	mine := w.place(i)
	for j := range w.ids() {
		if w.at(j).state.holds() && mine.overlaps(w.place(j)) {
			return true
		}
	}
	return false
}

// clear looks at everything in the way before it changes any, and preempts
// younger holds if nothing forbids.
func (w *world) clear(i id, rank uint8) answer {
	mine := w.place(i)
	var victims [maxTrips * maxLegs * maxIDs]id
	n, worst := 0, ok
	severity := [...]uint8{ok: 0, slotUnsettled: 1, priorityLost: 2, slotTaken: 3, ownHold: 4}
	for j := range w.ids() {
		r := w.at(j)
		if j == i || !r.state.holds() || !mine.overlaps(w.place(j)) {
			continue
		}
		a := w.judge(i, j, rank)
		switch {
		case a != ok && severity[a] > severity[worst]:
			worst = a
		case a == ok && w.follows(NothingPreemptedUnlessGranted):
			victims[n] = j
			n++
		case a == ok:
			r.state = preempted
		}
		if !w.follows(AllOverlapsExamined) {
			break
		}
	}
	if worst != ok {
		return worst
	}
	for _, j := range victims[:n] {
		w.at(j).state = preempted
	}
	return ok
}

// judge says how much j is in the way of a request of i; ok when it gives way.
func (w *world) judge(i, j id, rank uint8) answer {
	r := w.at(j)
	switch {
	case j.t == i.t:
		return ownHold
	case r.state == settled, r.state == charges:
		return slotTaken
	case r.state == unsettled:
		return slotUnsettled
	case w.follows(OlderGoesFirst) && older(rank, i.t, r.rank, j.t):
		return ok
	}
	return priorityLost
}

// older is the order of tickets: the smaller (age, trip) goes first; without a
// ticket, first come, first served.
func older(rank, t, theirs, other uint8) bool {
	if rank == noTicket {
		return false
	}
	return rank < theirs || rank == theirs && t < other
}

// confirm makes a PENDING in force RESERVED.
func (w *world) confirm(i id, epoch uint8) answer {
	if w.stale(i, epoch) {
		return staleOwner
	}
	r := w.at(i)
	switch {
	case r.state == none:
		return unknownReservation
	case r.state == claimed:
		return tooEarly
	case r.state.reserved(), r.state == charges, r.state == fulfilled:
		return ok
	}
	if a, final := finals[r.state]; final && (w.follows(FinalIDsRefused) || a == alreadyCompensated) {
		return a
	}
	r.state = unsettled
	return ok
}

// compensate releases a stop, or leaves a tombstone. A session it leaves as it is.
func (w *world) compensate(i id, epoch uint8) answer {
	if w.stale(i, epoch) {
		return staleOwner
	}
	r := w.at(i)
	if r.state == fulfilled || r.state == charges && w.follows(CompensateLeavesCharging) {
		return ok
	}
	if r.state != none || w.follows(TombstoneBeforeReserve) {
		r.state = released
	}
	return ok
}

// outcome is what the originator's journal says about an id.
func (w *world) outcome(i id) answerOfOutcome {
	tr := &w.trips[i.t]
	switch {
	case tr.phase == wiped:
		return oUnknown
	case !tr.current(int(i.l), int(i.g)):
		return oAborted
	case tr.phase == completed:
		return oConfirmed
	case tr.phase == confirmed:
		if int(tr.swap) == int(i.l)+1 && tr.cur[i.l] != i.g {
			return oPending
		}
		return oConfirmed
	case tr.phase == compensating, tr.phase == aborted, tr.phase == canceled:
		return oAborted
	case tr.phase == confirming && !w.follows(OutcomePendingWhileConfirming):
		return oAborted
	}
	return oPending
}

type answerOfOutcome uint8

const (
	oPending answerOfOutcome = iota
	oConfirmed
	oAborted
	oUnknown
)

func (o answerOfOutcome) String() string {
	return [...]string{"PENDING", "CONFIRMED", "ABORTED", "UNKNOWN"}[o]
}

// learn is what the company of an unsettled RESERVED does with an outcome.
func (w *world) learn(i id, o answerOfOutcome) {
	switch r := w.at(i); {
	case !r.state.reserved():
	case o == oConfirmed:
		r.state = settled
	case o == oAborted, o == oUnknown && !w.follows(KeepReservedOnUnknown):
		r.state = released
	}
}

// ids walks over every reservation id that may be in use.
func (w *world) ids() func(yield func(id) bool) {
	return func(yield func(id) bool) {
		for t := range w.sc.Trips {
			for l := range w.sc.Trips[t].Stops {
				for g := range w.trips[t].next[l] {
					if !yield(id{uint8(t), uint8(l), g}) {
						return
					}
				}
			}
		}
	}
}
