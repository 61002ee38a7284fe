package httpapi

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/problem"
)

const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func TestRequestIDAndTrace(t *testing.T) {
	w := newWorld(t)
	rec := w.ask("POST", "/api/v1/plans", asNobody, planBody, "X-Request-ID", "abc", "Traceparent", parent, "Tracestate", "x=y")
	if want := (api.Trace{RequestID: "abc", Parent: parent, State: "x=y"}); w.front.traced != want {
		t.Errorf("passed on: %+v", w.front.traced)
	}
	if rec.Header().Get("X-Request-ID") != "abc" || rec.Header().Get("Traceparent") != parent {
		t.Errorf("answered: %v", rec.Header())
	}
	seen := map[string]bool{}
	for _, bad := range []string{"", strings.Repeat("x", 129), "é", "a\tb", "a b"} {
		id := w.ask("GET", "/healthz", asNobody, "", "X-Request-ID", bad).Header().Get("X-Request-ID")
		if id == bad || !visible(id, 64) || seen[id] {
			t.Errorf("%.20q gives %q", bad, id)
		}
		seen[id] = true
	}
	for _, bad := range []string{"00-a-b-01", strings.ToUpper(parent), "ff" + parent[2:], strings.Replace(parent, "00f067aa0ba902b7", "0000000000000000", 1), parent + "0"} {
		w.ask("POST", "/api/v1/plans", asNobody, planBody, "Traceparent", bad, "Tracestate", "x=y")
		if w.front.traced.Parent != "" || w.front.traced.State != "" {
			t.Errorf("%q is passed on: %+v", bad, w.front.traced)
		}
	}
}

func TestAPanicIsA500ThatTellsNothing(t *testing.T) {
	w := newWorld(t)
	w.echo.GET("/panic", func(echo.Context) error { panic("the inside") })
	w.echo.GET("/broken", func(echo.Context) error { return errInside })
	w.echo.GET("/abort", func(echo.Context) error { panic(http.ErrAbortHandler) })
	for _, path := range []string{"/panic", "/broken"} {
		rec := w.ask("GET", path, asNobody, "", "X-Request-ID", "req-1")
		if rec.Code != 500 || strings.Contains(rec.Body.String(), "inside") || rec.Header().Get("Content-Type") != problem.ContentType {
			t.Errorf("%s: %d %s", path, rec.Code, rec.Body)
		}
	}
	if log := w.log.String(); !strings.Contains(log, "the inside broke") || !strings.Contains(log, "panic: the inside") || !strings.Contains(log, "req-1") {
		t.Errorf("log: %s", log)
	}
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("http.ErrAbortHandler is not the server's to hide")
		}
	}()
	w.ask("GET", "/abort", asNobody, "")
}

func TestRefusalsAreNotLogged(t *testing.T) {
	w := newWorld(t)
	w.front.refuse = charging.Refuse(charging.CodeStoreUnavailable, "away")
	if rec := w.ask("POST", "/api/v1/plans", asNobody, planBody); rec.Code != 503 || rec.Header().Get("Retry-After") == "" {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if w.log.String() != "" {
		t.Errorf("log: %s", w.log.String())
	}
}

func TestAProblemNamesItsPath(t *testing.T) {
	w := newWorld(t)
	for path, want := range map[string]string{
		"/api/v1/trips/a%2Fb?x=1":              "/api/v1/trips/a%2Fb",
		"/nowhere/" + strings.Repeat("x", 999): "/nowhere/" + strings.Repeat("x", maxInstance-len("/nowhere/")),
	} {
		var p problem.Problem
		if err := json.Unmarshal(w.ask("GET", path, asCar, "").Body.Bytes(), &p); err != nil || p.Instance != want || p.Detail == "" || p.Title == "" {
			t.Errorf("%s: %+v %v", path, p, err)
		}
	}
}

// No browser opens its log-in window, for a page or for what a page calls: it would
// show what is typed there with every later request.
func TestChallenges(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		scheme, path string
		header       []string
	}{
		{"Basic", "/api/v1/trips", nil},
		{"Basic", "/api/v1/trips", []string{"Accept", "*/*"}},
		{"Bearer", "/federation/v1/company", nil},
		{"Session", "/api/v1/trips", []string{"Sec-Fetch-Mode", "cors"}},
		{"Session", "/api/v1/trips", []string{"Sec-Fetch-Mode", "navigate"}},
		{"Session", "/api/v1/trips", []string{"Accept", "text/html,application/xhtml+xml,*/*;q=0.8"}},
		{"Session", "/api/v1/trips", []string{"Referer", "http://mar.test/"}},
		{"Session", "/api/v1/trips", []string{"Origin", "http://mar.test"}},
	} {
		rec := w.ask("GET", tt.path, asNobody, "", tt.header...)
		if got := rec.Header().Get("WWW-Authenticate"); rec.Code != 401 || !strings.HasPrefix(got, tt.scheme+" ") {
			t.Errorf("%s %v: %d %q", tt.path, tt.header, rec.Code, got)
		}
	}
}

func TestMetricsAreByRoute(t *testing.T) {
	w := newWorld(t)
	w.ask("GET", "/api/v1/trips/"+string(tripID), asCar, "")
	w.ask("GET", "/nowhere/"+string(tripID), asCar, "")
	w.ask("BREW", "/api/v1/trips", asCar, "")
	page := w.ask("GET", "/metrics", asNobody, "").Body.String()
	for _, line := range []string{
		`eletrovia_http_request_seconds_count{method="GET",route="/api/v1/trips/:trip_id",status="200"} 1`,
		`eletrovia_http_request_seconds_count{method="any",route="none",status="404"} 1`,
		`eletrovia_http_request_seconds_count{method="any",route="none",status="405"} 1`,
	} {
		if !strings.Contains(page, line) {
			t.Errorf("no %s", line)
		}
	}
	if strings.Contains(page, string(tripID)) || strings.Contains(page, "BREW") {
		t.Error("a stranger's text is a label")
	}
}

// A store that cannot be asked is no wrong secret.
func TestIdentityThatCannotBeAsked(t *testing.T) {
	w := newWorld(t)
	w.who.err = errInside
	for _, path := range []string{"/api/v1/trips", "/federation/v1/company"} {
		if rec := w.ask("GET", path, asPeer, ""); rec.Code != 500 {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
}
