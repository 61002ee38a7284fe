package trip

import "fmt"

// State of a trip.
type State string

// The states of a trip; see the package comment for the arrows.
const (
	Reserving        State = "RESERVING"
	AwaitingDecision State = "AWAITING_DECISION"
	Confirming       State = "CONFIRMING"
	Confirmed        State = "CONFIRMED"
	Compensating     State = "COMPENSATING"
	Completed        State = "COMPLETED"
	Canceled         State = "CANCELED"
	Aborted          State = "ABORTED"
)

// transitions is the table of the contract. A state may always be written again
// with new content; that is no transition.
var transitions = map[State][]State{
	Reserving:        {Confirming, AwaitingDecision, Compensating},
	AwaitingDecision: {Reserving, Compensating},
	Confirming:       {Confirmed, Reserving, Compensating},
	Confirmed:        {Completed, Canceled},
	Compensating:     {Aborted},
	Completed:        nil,
	Canceled:         nil,
	Aborted:          nil,
}

// States lists every state.
func States() []State {
	return []State{Reserving, AwaitingDecision, Confirming, Confirmed, Compensating, Completed, Canceled, Aborted}
}

// Valid reports whether s is a state of the table.
func (s State) Valid() bool { _, ok := transitions[s]; return ok }

// Can reports whether the table has an arrow from s to next.
func (s State) Can(next State) bool {
	for _, t := range transitions[s] {
		if t == next {
			return true
		}
	}
	return false
}

// Settled reports whether the booking has been decided: CONFIRMED and what
// follows, CANCELED, ABORTED.
func (s State) Settled() bool {
	return s == Confirmed || s == Completed || s == Canceled || s == Aborted
}

// Open reports whether the trip still wants something of its stops' windows:
// everything but COMPLETED, CANCELED and ABORTED.
func (s State) Open() bool { return s != Completed && s != Canceled && s != Aborted }

// Move sets the state, or refuses a step that the table does not have. Such a
// refusal is a bug in the caller, not an answer to a driver.
func (t *Trip) Move(next State) error {
	if t.State == next {
		return nil
	}
	if !t.State.Can(next) {
		return fmt.Errorf("trip %s: no transition %s → %s", t.ID, t.State, next)
	}
	t.State = next
	return nil
}
