package model

import "github.com/eletrovia/eletrovia/pkg/charging"

// Line is one line of the reservation's transition table: what an action does
// to a reservation in a state. A test drives the real scripts through all lines.
type Line struct {
	// From says how the reservation comes to be in its state: one of Froms.
	From string
	// Action is one of Actions.
	Action string
	// Stale actions carry the epoch of a former owner.
	Stale bool
	// To is the state after it; empty for no record.
	To charging.State
	// Settled is whether the company knows that the trip is CONFIRMED.
	Settled bool
	// Answer is the refusal, empty when the action succeeds.
	Answer charging.Code
}

// The states of the table. Withdrawn, compensated and tombstone are all
// CANCELED: by the company, by the trip, and before it was ever held.
var Froms = []string{
	"none", "claimed", "pending", "unsettled", "settled", "expired", "preempted", "withdrawn", "compensated", "tombstone",
}

// Actions of the trip on the reservation, and what others do beside it: an older
// and a younger trip reserve the same window, the originator says what became of
// the trip. NO_SHOW and renew are no matter of the model: a window is never missed, and a
// hold lasts as long as nothing lets it lapse. Cars at the plug: SessionTable.
var Actions = []string{"claim", "reserve", "confirm", "compensate", "older", "younger", "CONFIRMED", "ABORTED", "UNKNOWN"}

// StaleActions are those that carry an epoch.
var StaleActions = []string{"claim", "reserve", "confirm", "compensate"}

// Table is the reservation's transition table as the model has it.
func Table() []Line {
	var out []Line
	for _, from := range Froms {
		for _, action := range Actions {
			out = append(out, line(from, action, false))
		}
		for _, action := range StaleActions {
			out = append(out, line(from, action, true))
		}
	}
	return out
}

// subject is the reservation of the table: the second stop of the middle one of
// three trips.
var subject = id{t: 1, l: 1}

func line(from, action string, stale bool) Line {
	sc := Scenario{Trips: []Trip{short(Abort, 0, 1), short(Abort, 2, 1), short(Abort, 3, 1)}}
	w := world{start(&sc), &sc}
	w.bring(from)
	epoch := uint8(2)
	if stale {
		w.stale(subject, 3)
	}
	a := w.act(action, epoch)
	r := w.at(subject).state
	return Line{
		From: from, Action: action, Stale: stale, To: rstateNames[r], Settled: r == settled, Answer: codes[a],
	}
}

// bring takes the subject to a state by the actions that lead there.
func (w *world) bring(from string) {
	const epoch = 1
	hold := func(want rstate) { w.hold(subject, want, epoch, subject.t, false) }
	switch from {
	case "claimed":
		hold(claimed)
	case "pending":
		hold(pending)
	case "unsettled", "settled":
		hold(pending)
		w.confirm(subject, epoch)
		if from == "settled" {
			w.learn(subject, oConfirmed)
		}
	case "charging", "fulfilled":
		hold(pending)
		w.confirm(subject, epoch)
		w.learn(subject, oConfirmed)
		w.plugTable(subject)
		if from == "fulfilled" {
			w.leave(subject)
		}
	case "expired":
		hold(pending)
		w.at(subject).state = expired
	case "preempted":
		hold(pending)
		w.act("older", epoch)
		w.compensate(id{0, 1, 0}, epoch)
		w.rec[0][1][0] = record{}
	case "withdrawn":
		hold(pending)
		w.at(subject).state = withdrawn
	case "compensated":
		hold(pending)
		w.compensate(subject, epoch)
	case "tombstone":
		w.compensate(subject, epoch)
	}
}

// act does one action of the table.
func (w *world) act(action string, epoch uint8) answer {
	switch action {
	case "claim":
		return w.hold(subject, claimed, epoch, subject.t, false)
	case "reserve":
		return w.hold(subject, pending, epoch, subject.t, false)
	case "confirm":
		return w.confirm(subject, epoch)
	case "compensate":
		return w.compensate(subject, epoch)
	case "start":
		return w.plugTable(subject)
	case "complete":
		return w.leave(subject)
	case "older":
		return w.hold(id{0, 1, 0}, pending, 1, 0, false)
	case "younger":
		return w.hold(id{2, 1, 0}, pending, 1, 2, false)
	}
	if w.at(subject).state == unsettled { // else nobody asks
		w.learn(subject, map[string]answerOfOutcome{"CONFIRMED": oConfirmed, "ABORTED": oAborted, "UNKNOWN": oUnknown}[action])
	}
	return ok
}

// codes are the contract's codes of the answers.
var codes = map[answer]charging.Code{
	slotTaken: charging.CodeSlotTaken, slotUnsettled: charging.CodeSlotTaken, ownHold: charging.CodeSlotTaken,
	priorityLost: charging.CodePriorityLost, holdExpired: charging.CodeHoldExpired, holdPreempted: charging.CodeHoldPreempted,
	alreadyCompensated: charging.CodeAlreadyCompensated, outOfService: charging.CodeEVSEOutOfService,
	staleOwner: charging.CodeStaleOwner, unknownReservation: charging.CodeUnknownReservation, tooEarly: charging.CodeTooEarly,
	idReused: charging.CodeIDReused, occupied: charging.CodeEVSEOccupied, vehicleBusy: charging.CodeVehicleBusy,
	noReservation: charging.CodeNoReservationHere,
}
