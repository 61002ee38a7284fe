package httpapi

import (
	"strings"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/api"
)

// asks is what a browser asks before a page of an origin deletes something.
func asks(origin string) []string {
	return []string{"Origin", origin, "Access-Control-Request-Method", "DELETE", "Access-Control-Request-Headers", "authorization"}
}

const theirApp = "https://app.example"

// Off by default: no page elsewhere is told anything, by no header.
func TestNoOriginIsAllowedByDefault(t *testing.T) {
	w := newWorld(t)
	for _, method := range []string{"OPTIONS", "GET"} {
		rec := w.ask(method, "/api/v1/locations", asNobody, "", asks(theirApp)...)
		for name := range rec.Header() {
			if strings.HasPrefix(name, "Access-Control") {
				t.Errorf("%s: %s is %q", method, name, rec.Header().Get(name))
			}
		}
	}
}

// A named origin may read answers, problems too, and use a session; another may not, and
// neither the federation.
func TestAllowedOrigins(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.AllowOrigins = []string{theirApp, "http://127.0.0.1:5173"} })
	pre := w.ask("OPTIONS", "/api/v1/trips/"+string(tripID), asNobody, "", asks(theirApp)...)
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin": theirApp, "Access-Control-Allow-Credentials": "true", "Access-Control-Allow-Methods": corsMethods,
		"Access-Control-Allow-Headers": corsHeaders, "Access-Control-Max-Age": "600", "Vary": "Origin",
	} {
		if got := pre.Header().Get(name); pre.Code != 204 || got != want {
			t.Errorf("preflight: %d, %s is %q, want %q", pre.Code, name, got, want)
		}
	}
	for path, want := range map[string]int{"/api/v1/locations": 200, "/api/v1/trips": 401, "/nothing": 404} {
		if rec := w.ask("GET", path, asNobody, "", "Origin", theirApp); rec.Code != want || rec.Header().Get("Access-Control-Allow-Origin") != theirApp || !strings.Contains(rec.Header().Get("Access-Control-Expose-Headers"), "ETag") {
			t.Errorf("%s: %d %v", path, rec.Code, rec.Header())
		}
	}
	for _, stranger := range []string{"https://evil.example", "https://app.example.evil.example", "http://app.example", "null"} {
		if rec := w.ask("OPTIONS", "/api/v1/locations", asNobody, "", asks(stranger)...); rec.Header().Get("Access-Control-Allow-Origin") != "" || rec.Header().Get("Vary") != "Origin" {
			t.Errorf("%s: %v", stranger, rec.Header())
		}
	}
	if rec := w.ask("OPTIONS", "/federation/v1/company", asNobody, "", asks(theirApp)...); rec.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("the federation: %v", rec.Header())
	}
	w.ask("POST", "/api/v1/session", asCar, "")
	cookie := "eletrovia_session_MAR=session-of-EV-0001"
	for origin, want := range map[string]string{theirApp: "OK", "https://evil.example": "FORBIDDEN"} {
		if rec := w.ask("DELETE", "/api/v1/trips/"+string(tripID), asNobody, "", "Cookie", cookie, "Origin", origin); code(rec) != want {
			t.Errorf("%s with a session: %s", origin, code(rec))
		}
	}
}

// Every origin is every origin to read, without credentials: a page anywhere reads what
// anybody may, or what a secret of its own lets it, and changes nothing whatever it shows.
func TestAnyOriginIsWithoutCredentials(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.AllowOrigins = []string{"*"} })
	rec := w.ask("OPTIONS", "/api/v1/locations", asNobody, "", asks(theirApp)...)
	if rec.Header().Get("Access-Control-Allow-Origin") != "*" || rec.Header().Get("Access-Control-Allow-Credentials") != "" || rec.Header().Get("Access-Control-Allow-Methods") != "GET, HEAD" {
		t.Errorf("%v", rec.Header())
	}
	w.ask("POST", "/api/v1/session", asCar, "")
	if rec := w.ask("DELETE", "/api/v1/trips/"+string(tripID), asNobody, "", "Cookie", "eletrovia_session_MAR=session-of-EV-0001", "Origin", theirApp); code(rec) != "FORBIDDEN" {
		t.Errorf("with a session: %s", code(rec))
	}
	if rec := w.ask("DELETE", "/api/v1/trips/"+string(tripID), asCar, "", "Origin", theirApp); code(rec) != "FORBIDDEN" {
		t.Errorf("with a secret: %s", code(rec))
	}
	if rec := w.ask("GET", "/api/v1/trips/"+string(tripID), asCar, "", "Origin", theirApp); rec.Code != 200 {
		t.Errorf("reading with a secret: %d", rec.Code)
	}
}

// Who is turned away because of too much to do is told so, on a page elsewhere too.
func TestATurnedAwayPageReadsWhy(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.AllowOrigins, o.Crowded = []string{theirApp}, func() bool { return true }
	})
	rec := w.ask("POST", "/api/v1/trips", asCar, tripBody, "Origin", theirApp)
	if code(rec) != "RATE_LIMITED" || rec.Header().Get("Access-Control-Allow-Origin") != theirApp {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
}

func TestOriginsThatAreNone(t *testing.T) {
	for _, bad := range []string{"app.example", "https://app.example/", "https://app.example/path", "https://*.example", "null", ""} {
		if err := api.CheckOrigin(bad); err == nil {
			t.Errorf("%q is taken for an origin", bad)
		}
	}
	for _, good := range []string{"*", theirApp, "http://127.0.0.1:5173", "http://[::1]:80"} {
		if err := api.CheckOrigin(good); err != nil {
			t.Error(err)
		}
	}
}
