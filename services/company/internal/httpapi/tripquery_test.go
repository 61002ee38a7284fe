package httpapi

import (
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Each parameter reaches the query, and what is none is refused by its name. It shows a
// filter that is silently ignored.
func TestTripsAreSearchedByTheQuery(t *testing.T) {
	w := newWorld(t)
	rec := w.ask("GET", "/api/v1/trips?evse_id=BR*MAR*E0001*1&company_id=MAR&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&trouble=retrying&id=01a2-&limit=7&state=RESERVING", asOperator, "")
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	want := trip.Query{
		State: trip.Reserving, EVSEID: "BR*MAR*E0001*1", CompanyID: "MAR", From: day, To: day.Add(24 * time.Hour),
		Trouble: trip.InRetrying, Part: "01a2-", Limit: 7,
	}
	if rec.Code != 200 || w.front.query != want {
		t.Errorf("%d: %+v, want %+v", rec.Code, w.front.query, want)
	}
	for query, says := range map[string]string{
		"evse_id=x": "evse_id", "company_id=mar": "company_id", "from=now": "from", "to=x": "to", "trouble=some": "trouble",
		"id=abc": "id", "id=XYZW": "id", "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z": "to", "cursor=&offset=1": "offset",
	} {
		if rec := w.ask("GET", "/api/v1/trips?"+query, asOperator, ""); code(rec) != "INVALID_FIELD" || !strings.Contains(rec.Body.String(), `"`+says+`"`) {
			t.Errorf("%s: %d %s", query, rec.Code, rec.Body)
		}
	}
	if rec := w.ask("GET", "/api/v1/trips?trouble=stuck", asCar, ""); code(rec) != "FORBIDDEN" {
		t.Errorf("a vehicle asks for trouble: %d", rec.Code)
	}
	w.ask("GET", "/api/v1/trips?evse_id=BR*MAR*E0001*1&cursor=", asCar, "")
	if w.front.query.VehicleID != "EV-0001" {
		t.Errorf("a vehicle searches %+v", w.front.query)
	}
}

// Pages by cursor link to the next, with what was searched for, and count nothing.
func TestPagesByCursor(t *testing.T) {
	w := newWorld(t)
	rec := w.ask("GET", "/api/v1/trips?cursor=&limit=1&company_id=MAR", asCar, "")
	link := rec.Header().Get("Link")
	if rec.Code != 200 || rec.Header().Get("X-Total-Count") != "" || !strings.HasSuffix(link, `>; rel="next"`) ||
		!strings.Contains(link, "company_id=MAR&cursor=1795948286395.01a226dc") || strings.Contains(link, "offset") {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
}

// Since when a trip is stuck, and when it is tried again, everybody may know who may read
// it; the rest of its saga is the operator's.
func TestAStuckTripSaysSinceWhen(t *testing.T) {
	w := newWorld(t)
	w.front.t.Saga = &trip.Saga{Stuck: &trip.Stuck{Since: time.Unix(1, 0), NextRetry: time.Unix(2, 0)}}
	g := good{"GET", "/api/v1/trips", asCar, "", 200}
	rec := w.ask(g.method, g.path, g.as, "")
	obeys(t, w, g, rec)
	if body := rec.Body.String(); !strings.Contains(body, `"stuck_since":"1970-01-01T00:00:01Z","next_retry_at":"1970-01-01T00:00:02Z"`) || strings.Contains(body, "saga") {
		t.Error(body)
	}
	g = good{"GET", "/api/v1/trips?stuck=true", asOperator, "", 200}
	obeys(t, w, g, w.ask(g.method, g.path, g.as, ""))
}
