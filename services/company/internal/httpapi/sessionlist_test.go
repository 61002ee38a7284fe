package httpapi

import (
	"slices"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// A browser sees its session among its own, and ends it: its cookie is gone, and of
// another's session nothing is seen or ended.
func TestSessionsOfACaller(t *testing.T) {
	w := newWorld(t)
	w.ask("POST", "/api/v1/session", asCar, "")
	w.ask("POST", "/api/v1/session", asOtherCar, "")
	cookie := "eletrovia_session_MAR=session-of-EV-0001"
	open := decode[[]api.OpenSession](t, w.ask("GET", "/api/v1/sessions", asNobody, "", "Cookie", cookie))
	id := identity.SessionID("session-of-EV-0001")
	if len(open) != 1 || open[0] != (api.OpenSession{SessionID: id, OpenedAt: now, ExpiresAt: open[0].ExpiresAt, Current: true}) {
		t.Fatalf("%+v", open)
	}
	if byHeader := decode[[]api.OpenSession](t, w.ask("GET", "/api/v1/sessions", asCar, "")); len(byHeader) != 1 || byHeader[0].Current {
		t.Errorf("by header: %+v", byHeader)
	}
	if rec := w.ask("DELETE", "/api/v1/sessions/"+id, asOtherCar, ""); rec.Code != 204 {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if rec := w.ask("DELETE", "/api/v1/sessions/"+id, asNobody, "", "Cookie", cookie, "Origin", "http://127.0.0.1:9999"); code(rec) != "FORBIDDEN" {
		t.Errorf("a page of another origin: %d", rec.Code)
	}
	out := w.ask("DELETE", "/api/v1/sessions/"+id, asNobody, "", "Cookie", cookie)
	if out.Code != 204 || len(out.Result().Cookies()) != 1 || out.Result().Cookies()[0].MaxAge != -1 {
		t.Errorf("%d %v", out.Code, out.Header())
	}
	if rec := w.ask("GET", "/api/v1/sessions", asNobody, "", "Cookie", cookie); code(rec) != "UNAUTHENTICATED" {
		t.Errorf("afterwards: %d", rec.Code)
	}
	for _, bad := range []string{"x", "0123456789ABCDEF", "0123456789abcdef0"} {
		if rec := w.ask("DELETE", "/api/v1/sessions/"+bad, asCar, ""); code(rec) != "INVALID_FIELD" {
			t.Errorf("%s: %d", bad, rec.Code)
		}
	}
}

// What the session says one may is what the routes let one do: a word too many or too
// few for any caller shows.
func TestMayIsWhatTheRoutesLetOneDo(t *testing.T) {
	sample := map[string]good{
		api.MayPlan:        {method: "POST", path: "/api/v1/plans", body: planBody},
		api.MayReadTrips:   {method: "GET", path: "/api/v1/trips"},
		api.MayBook:        {method: "POST", path: "/api/v1/trips", body: tripBody},
		api.MayOperate:     {method: "GET", path: "/api/v1/locks"},
		api.MayEndSessions: {method: "GET", path: "/api/v1/sessions"},
		api.MayFederate:    {method: "GET", path: "/federation/v1/company"},
	}
	for _, as := range []string{asNobody, asCar, asOperator, asPeer} {
		w := newWorld(t)
		may := decode[api.SessionResponse](t, w.ask("GET", "/api/v1/session", as, "")).May
		for word, g := range sample {
			let := w.ask(g.method, g.path, as, g.body).Code < 400
			if says := slices.Contains(may, word); says != let {
				t.Errorf("%q: may %s: %t, and the route lets it: %t", as, word, says, let)
			}
		}
	}
}
