package model

import (
	"testing"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// TestSessionTable looks at the lines that mattered: nothing leads away from
// CHARGING but its end, and a window at whose plug a car stands is nobody else's.
func TestSessionTable(t *testing.T) {
	for _, l := range SessionTable() {
		if l.From != "charging" {
			continue
		}
		want := charging.Charging
		if l.Action == "complete" {
			want = charging.Fulfilled
		}
		if l.To != want {
			t.Errorf("%s (stale %v) leads from CHARGING to %s", l.Action, l.Stale, l.To)
		}
		if rival := l.Action == "older" || l.Action == "younger"; rival != (l.Answer == charging.CodeSlotTaken) {
			t.Errorf("%s of a window that is CHARGING: %q", l.Action, l.Answer)
		}
	}
}
