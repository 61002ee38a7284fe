package trip

import "github.com/eletrovia/eletrovia/pkg/charging"

// Swap0 is what version 0 wrote of a stop that was being exchanged. Decode turns
// it into a Shift; it is never written.
type Swap0 struct {
	Leg Leg `json:"leg"`
}

// upgrade brings a record of version 0 into the present form. It is the one place
// that knows older records.
//
//   - a decision that stands alone is the first of the decisions;
//   - a RESERVED stop whose car had plugged in and not left is CHARGING;
//   - a swap half done is a shift of one stop that is taking: nothing of it is the
//     trip's yet, so that its next owner lets go of the new stop.
func (t *Trip) upgrade() {
	if t.Decision != nil && len(t.Decisions) == 0 {
		t.Ask(*t.Decision)
	}
	for k := range t.Legs {
		if l := &t.Legs[k]; l.State == charging.Reserved && l.Session != nil && !l.Session.Over() {
			l.State = charging.Charging
		}
	}
	if t.Saga == nil || t.Saga.Swap0 == nil {
		return
	}
	l := t.Saga.Swap0.Leg
	t.Saga.Swap0 = nil
	if t.Saga.Shift != nil || l.Leg < 1 || l.Leg > len(t.Legs) {
		return
	}
	l.State = charging.Reserved
	t.Saga.Shift = &Shift{Phase: ShiftTake, Takes: []Take{{Leg: l, Old: t.Legs[l.Leg-1].Window()}}}
}
