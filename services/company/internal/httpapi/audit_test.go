package httpapi

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Every route by which an operator changes something keeps one act, with who, what, of
// what, why, when, under which request and how it ended; and does nothing where it cannot
// be kept. It fails by the route that is not in the audit.
func TestEveryActOfAnOperatorIsKept(t *testing.T) {
	for _, g := range goodRequests() {
		if g.as != asOperator || g.method == "GET" || strings.Contains(g.path, "dry_run") {
			continue
		}
		name := g.method + " " + g.path
		w := newWorld(t)
		rec := w.ask(g.method, g.path, g.as, g.body)
		if rec.Code != g.status || len(w.audit.acts) != 1 {
			t.Errorf("%s: %d, kept %v", name, rec.Code, w.audit.acts)
			continue
		}
		a := w.audit.acts[0]
		if a.Who != "operator" || a.What == "" || a.Of == "" || a.At.IsZero() || a.EndedAt.Before(a.At) || a.Answer != "ok" || a.RequestID != rec.Header().Get("X-Request-Id") {
			t.Errorf("%s: kept as %+v", name, a)
		}
		var sent struct{ Reason string }
		if _ = json.Unmarshal([]byte(g.body), &sent); sent.Reason != "" && a.Reason != sent.Reason {
			t.Errorf("%s: because of %q", name, a.Reason)
		}
		w = newWorld(t)
		w.audit.down = charging.Refuse(charging.CodeStoreUnavailable, "away")
		if rec := w.ask(g.method, g.path, g.as, g.body); code(rec) != "STORE_UNAVAILABLE" || len(w.front.calls) > 0 || len(w.desk.out) > 0 || len(w.desk.acts) > 0 {
			t.Errorf("%s, which cannot be kept: %d, did %v %v %v", name, rec.Code, w.front.calls, w.desk.out, w.desk.acts)
		}
	}
}

// What is refused is kept with its code; of a vehicle only what was done is kept. It
// fails where an operator's refused act is forgotten, or a vehicle fills the audit.
func TestRefusedActsAreKept(t *testing.T) {
	w := newWorld(t)
	w.desk.refuse = charging.Refuse(charging.CodeUnknownEVSE, "no such EVSE")
	w.ask("PUT", "/api/v1/evses/"+string(evseID)+"/status", asOperator, `{"status":"OUTOFORDER"}`)
	if a := w.audit.acts; len(a) != 1 || a[0].Answer != "UNKNOWN_EVSE" || a[0].Detail == "" {
		t.Errorf("kept %+v", a)
	}
	w.ask("POST", "/api/v1/vehicles/EV-0002/revoke", asCar, `{"reason":"mine"}`)
	if len(w.audit.acts) != 1 {
		t.Errorf("a vehicle about another: %+v", w.audit.acts)
	}
	w.ask("POST", "/api/v1/vehicles/EV-0001/revoke", asCar, `{"reason":"stolen"}`)
	if a := w.audit.acts; len(a) != 2 || a[1].Who != "EV-0001" || a[1].Answer != "ok" || a[1].Reason != "stolen" {
		t.Errorf("a vehicle about itself: %+v", a)
	}
}
