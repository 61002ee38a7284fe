package model

import (
	"os"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/trip"
)

// editions are who passes over a claim's wish to reserve: nobody, the companies of every
// second EVSE, all.
var editions = map[string]uint8{"": 0, ", older peers among them": 0b1010_1010, ", older peers all": 0xff}

// TestWorlds walks through every small world, and with ELETROVIA_LONG=1 through
// the large ones, with peers of both editions: with all rules no promise is broken. The
// steps that were taken are exactly the arrows of the trip's transition table.
func TestWorlds(t *testing.T) {
	taken := map[[2]trip.State]bool{}
	for _, w := range Worlds() {
		if w.Large && os.Getenv("ELETROVIA_LONG") == "" {
			continue
		}
		for edition, older := range editions {
			t.Run(w.Name+edition, func(t *testing.T) {
				sc := w.Scenario
				sc.OlderPeers = older
				r := Explore(&sc, 0)
				t.Log(r)
				if r.Violation != nil || !r.Complete || r.Settled == 0 {
					t.Errorf("%v", r.Violation)
				}
				for a := range r.Arrows {
					taken[a] = true
				}
			})
		}
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
