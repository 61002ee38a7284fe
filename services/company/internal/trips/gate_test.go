package trips

import (
	"testing"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/admission"
)

func TestATripHasAPlaceUntilItIsQuiet(t *testing.T) {
	s, g, _ := counter(t)
	s.Trips = admission.New(admission.Options{Min: 1, Start: 1, Max: 1, Patience: 1})
	if _, _, err := s.Start(t.Context(), request(at("MAR", 1)), ""); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Start(t.Context(), request(at("MAR", 3)), ""); charging.CodeOf(err) != charging.CodeRateLimited || len(g.started) != 1 {
		t.Fatalf("a second trip: %v, %d begun", err, len(g.started))
	}
	g.quiet[0](true)
	if _, _, err := s.Start(t.Context(), request(at("MAR", 3)), ""); err != nil {
		t.Errorf("when the first is done: %v", err)
	}
	g.quiet[1](false)
	if n := s.Trips.Stats().Working; n != 0 {
		t.Errorf("%d places are taken", n)
	}
	if _, _, err := s.Start(t.Context(), request(), ""); err == nil || s.Trips.Stats().Working != 0 {
		t.Errorf("a bad request: %v, and keeps its place: %+v", err, s.Trips.Stats())
	}
	g.closed = charging.Refuse(charging.CodeStoreUnavailable, "the server is stopping")
	if _, _, err := s.Start(t.Context(), request(at("MAR", 6)), ""); charging.CodeOf(err) != charging.CodeStoreUnavailable || len(g.started) != 2 {
		t.Errorf("while the server stops: %v, %d begun", err, len(g.started))
	}
}
