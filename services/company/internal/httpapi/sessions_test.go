package httpapi

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/api"
)

func TestSessionOfABrowser(t *testing.T) {
	w := newWorld(t)
	for name, rec := range map[string]*httptest.ResponseRecorder{
		"by header": w.ask("POST", "/api/v1/session", asCar, ""),
		"by body":   w.ask("POST", "/api/v1/session", asNobody, `{"username":"EV-0001","password":"demo"}`),
	} {
		if who := decode[api.SessionResponse](t, rec); rec.Code != 200 || who.Kind != "vehicle" || who.VehicleID != car || who.CompanyID != "MAR" {
			t.Errorf("%s: %d %+v", name, rec.Code, who)
		}
		k := rec.Result().Cookies()
		if len(k) != 1 || k[0].Name != "eletrovia_session_MAR" || !k[0].HttpOnly || k[0].SameSite != http.SameSiteStrictMode || k[0].Path != "/" || k[0].MaxAge != 3600 || k[0].Secure {
			t.Errorf("%s: cookie %v", name, k)
		}
	}
	cookie := "eletrovia_session_MAR=session-of-EV-0001"
	if rec := w.ask("GET", "/api/v1/trips/"+string(tripID), asNobody, "", "Cookie", cookie); rec.Code != 200 {
		t.Errorf("by cookie: %d %s", rec.Code, rec.Body)
	}
	if who := decode[api.SessionResponse](t, w.ask("GET", "/api/v1/session", asNobody, "", "Cookie", cookie)); who.VehicleID != car {
		t.Errorf("who: %+v", who)
	}
	out := w.ask("DELETE", "/api/v1/session", asNobody, "", "Cookie", cookie)
	if out.Code != 204 || out.Result().Cookies()[0].MaxAge != -1 {
		t.Errorf("logging out: %d %v", out.Code, out.Header())
	}
	if rec := w.ask("GET", "/api/v1/trips", asNobody, "", "Cookie", cookie); code(rec) != "UNAUTHENTICATED" {
		t.Errorf("after logging out: %d", rec.Code)
	}
	if who := decode[api.SessionResponse](t, w.ask("GET", "/api/v1/session", asNobody, "", "Cookie", cookie)); who.Kind != "anybody" {
		t.Errorf("who: %+v", who)
	}
	if rec := w.ask("GET", "/api/v1/locations", asNobody, "", "Cookie", cookie); rec.Code != 200 {
		t.Errorf("a session that is over must not keep anybody from planning: %d", rec.Code)
	}
}

// TestASessionNamesTheCompanies, so that a page can show names instead of three letters: its
// own first, and a peer without a name while it has told none.
func TestASessionNamesTheCompanies(t *testing.T) {
	w := newWorld(t)
	who := decode[api.SessionResponse](t, w.ask("GET", "/api/v1/session", asNobody, ""))
	if want := []api.CompanyName{{CompanyID: "MAR", Name: "Maré Volt"}, {CompanyID: "SER"}}; !slices.Equal(who.Companies, want) {
		t.Errorf("%+v, want %+v", who.Companies, want)
	}
}

func TestWhoMayOpenASession(t *testing.T) {
	for _, c := range []struct{ as, body, code string }{
		{asNobody, "", "UNAUTHENTICATED"},
		{asNobody, `{"username":"EV-0001","password":"guess"}`, "UNAUTHENTICATED"},
		{asWrong, "", "UNAUTHENTICATED"},
		{asPeer, "", "FORBIDDEN"},
		{asOperator, "", "OK"},
	} {
		rec := newWorld(t).ask("POST", "/api/v1/session", c.as, c.body)
		if code(rec) != c.code || (rec.Header().Get("Set-Cookie") != "") != (c.code == "OK") {
			t.Errorf("%q %s: %d %v", c.as, c.body, rec.Code, rec.Header())
		}
	}
}

// SameSite=Strict does not tell http://127.0.0.1:8081 from http://127.0.0.1:9999.
func TestPagesOfAnotherOriginCannotUseASession(t *testing.T) {
	w := newWorld(t)
	w.ask("POST", "/api/v1/session", asCar, "")
	cookie := "eletrovia_session_MAR=session-of-EV-0001"
	for _, header := range [][]string{{"Sec-Fetch-Site", "same-site"}, {"Origin", "http://127.0.0.1:9999"}} {
		header = append(header, "Cookie", cookie)
		for _, g := range []good{
			{"DELETE", "/api/v1/trips/" + string(tripID), asNobody, "", 403},
			{"POST", "/api/v1/trips", asNobody, tripBody, 403},
			{"POST", "/api/v1/session", asCar, "", 403},
			{"DELETE", "/api/v1/session", asNobody, "", 403},
		} {
			if rec := w.ask(g.method, g.path, g.as, g.body, header...); code(rec) != "FORBIDDEN" {
				t.Errorf("%s %s with %v: %d", g.method, g.path, header, rec.Code)
			}
		}
	}
	if rec := w.ask("DELETE", "/api/v1/trips/"+string(tripID), asNobody, "", "Sec-Fetch-Site", "same-origin", "Cookie", cookie); rec.Code != 200 {
		t.Errorf("the own page: %d %s", rec.Code, rec.Body)
	}
}

// A browser that holds somebody's Basic credentials shows them to whichever page
// makes it ask: nothing changes, whatever is shown, and no page can send JSON.
func TestPagesOfAnotherOriginChangeNothing(t *testing.T) {
	w := newWorld(t)
	for _, g := range goodRequests() {
		if g.method == "GET" {
			continue
		}
		for name, header := range map[string][]string{
			"a form":       {"Origin", "http://evil.example", "Content-Type", "text/plain"},
			"JSON":         {"Origin", "http://evil.example"},
			"another port": {"Origin", "http://example.com:9999"},
			"a sandbox":    {"Origin", "null"},
			"another site": {"Sec-Fetch-Site", "cross-site"},
		} {
			if rec := w.ask(g.method, g.path, g.as, g.body, header...); code(rec) != "FORBIDDEN" {
				t.Errorf("%s %s by %s: %d %s", g.method, g.path, name, rec.Code, rec.Body)
			}
		}
		if rec := w.ask(g.method, g.path, g.as, g.body, "Origin", "http://example.com"); rec.Code >= 300 {
			t.Errorf("%s %s by the own page: %d %s", g.method, g.path, rec.Code, rec.Body)
		}
		for _, media := range []string{"text/plain", "application/x-www-form-urlencoded", "", "json", "text/plain; application/json"} {
			rec := w.ask(g.method, g.path, g.as, g.body, "Content-Type", media)
			if g.body != "" && (rec.Code != 400 || code(rec) != "MALFORMED_REQUEST") || g.body == "" && rec.Code >= 300 {
				t.Errorf("%s %s as %q: %d %s", g.method, g.path, media, rec.Code, rec.Body)
			}
		}
	}
	if len(w.desk.seen) > 2 { // the reservation of the own page's requests
		t.Errorf("held: %v", w.desk.seen)
	}
	for _, media := range []string{"application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"} {
		if rec := w.ask("POST", "/api/v1/plans", asNobody, planBody, "Content-Type", media); rec.Code != 200 {
			t.Errorf("%s: %d %s", media, rec.Code, rec.Body)
		}
	}
}

func TestTheCookieIsSecureOverTLS(t *testing.T) {
	w := newWorld(t)
	req := httptest.NewRequest("POST", "/api/v1/session", nil)
	req.TLS = &tls.ConnectionState{}
	req.Header.Set("Authorization", asCar)
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, req)
	if !strings.Contains(rec.Header().Get("Set-Cookie"), "; Secure") {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
}

func TestRegisterAVehicle(t *testing.T) {
	w := newWorld(t)
	for body, want := range map[string]api.RegisterResponse{
		`{"model":"byd-dolphin"}`:                      {VehicleID: "EV-NEW", Secret: "s3cret"},
		`{"model":"byd-dolphin","vehicle_id":"EV-77"}`: {VehicleID: "EV-77", Secret: "s3cret"},
	} {
		rec := w.ask("POST", "/api/v1/vehicles", asNobody, body)
		if got := decode[api.RegisterResponse](t, rec); rec.Code != 201 || got != want || rec.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %+v %v", body, rec.Code, got, rec.Header())
		}
	}
}
