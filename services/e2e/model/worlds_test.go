package model

import (
	"os"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/trip"
)

// TestWorlds walks through every small world, and with ELETROVIA_LONG=1 through
// the large ones: with all rules no promise is broken. The steps that were taken
// are exactly the arrows of the trip's transition table.
func TestWorlds(t *testing.T) {
	taken := map[[2]trip.State]bool{}
	for _, w := range Worlds() {
		if w.Large && os.Getenv("ELETROVIA_LONG") == "" {
			continue
		}
		t.Run(w.Name, func(t *testing.T) {
			r := Explore(&w.Scenario, 0)
			t.Log(r)
			if r.Violation != nil || !r.Complete || r.Settled == 0 {
				t.Errorf("%v", r.Violation)
			}
			for a := range r.Arrows {
				taken[a] = true
			}
		})
	}
	for _, from := range trip.States() {
		for _, to := range trip.States() {
			arrow := [2]trip.State{from, to}
			if taken[arrow] != from.Can(to) {
				t.Errorf("%s → %s: taken %v, in the table of pkg/trip %v", from, to, taken[arrow], from.Can(to))
			}
		}
	}
}
