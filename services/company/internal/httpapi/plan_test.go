package httpapi

import (
	"strings"
	"testing"
)

// TestOnlyTheDriverSeesTheEnds: shows an operator who is told where a journey begins and ends, or the road to
// there; and a page with roads.
func TestOnlyTheDriverSeesTheEnds(t *testing.T) {
	w := newWorld(t)
	legs := len(w.front.t.Legs)
	for as, ends := range map[string]bool{asCar: true, asOperator: false} {
		one := w.ask("GET", "/api/v1/trips/"+string(w.front.t.ID), as, "").Body.String()
		page := w.ask("GET", "/api/v1/trips", as, "").Body.String()
		for _, body := range []string{one, page} {
			if strings.Contains(body, `"origin":`) != ends || strings.Contains(body, "João Pessoa, PB") != ends || !strings.Contains(body, `"plan_id":"p-1"`) {
				t.Errorf("%s: %s", as, body)
			}
		}
		lines := legs - 1
		if ends {
			lines = legs + 1
		}
		if n := strings.Count(one, `"line":`); n != lines || strings.Contains(page, `"line":`) {
			t.Errorf("%s: %d roads of %d: %s", as, n, lines, one)
		}
	}
}
