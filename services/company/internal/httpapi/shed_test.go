package httpapi

import (
	"net/http"
	"testing"
)

// Only new trips are turned away; what belongs to trips under way, operators
// and health are not, however crowded the server is.
func TestNewTripsAreTurnedAway(t *testing.T) {
	full, stops := true, false
	w := newWorld(t, func(o *Options) {
		o.Crowded, o.Stopping = func() bool { return full }, func() bool { return stops }
	})
	ask := func(want int, wantCode string) {
		t.Helper()
		rec := w.ask("POST", "/api/v1/trips", asNobody, "{", "X-Request-Id", "r-1")
		if rec.Code != want || code(rec) != wantCode {
			t.Errorf("a new trip: %d %s", rec.Code, rec.Body)
		}
		if h := rec.Header(); wantCode != "UNAUTHENTICATED" && (h.Get("Retry-After") != "1" || h.Get("X-Request-Id") != "r-1") {
			t.Errorf("headers %v", h)
		}
	}
	others := func() {
		t.Helper()
		for _, g := range []good{
			{"GET", "/api/v1/trips/" + string(tripID), asCar, "", 200},
			{"DELETE", "/api/v1/trips/" + string(tripID), asCar, "", 200},
			{"POST", "/api/v1/trips/" + string(tripID) + "/decision", asCar, `{"action":"give_up"}`, 200},
			{"GET", "/api/v1/trips", asOperator, "", 200},
			{"GET", "/federation/v1/company", asPeer, "", 200},
			{"GET", "/healthz", asNobody, "", 200},
		} {
			if rec := w.ask(g.method, g.path, g.as, g.body); rec.Code != g.status {
				t.Errorf("%s %s: %d %s", g.method, g.path, rec.Code, rec.Body)
			}
		}
	}
	ask(http.StatusTooManyRequests, "RATE_LIMITED")
	others()
	full, stops = false, true
	ask(http.StatusServiceUnavailable, "STORE_UNAVAILABLE")
	others()
	if rec := w.ask("GET", "/healthz", asNobody, ""); rec.Header().Get("Connection") != "close" {
		t.Error("a server that stops keeps its connections")
	}
	stops = false
	ask(http.StatusUnauthorized, "UNAUTHENTICATED")
}
