package httpapi

import (
	"html"
	"strings"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/problem"
)

func TestTheDocsShowAllOfTheSpec(t *testing.T) {
	rec := newWorld(t).ask("GET", "/docs", asNobody, "")
	page := rec.Body.String()
	doc := loadSpec(t)
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			want := `<span class="m">` + method + `</span> <code>` + path + `</code> – ` + html.EscapeString(op.Summary)
			if !strings.Contains(page, want) {
				t.Errorf("no %s", want)
			}
		}
	}
	for name := range doc.Components.Schemas {
		if !strings.Contains(page, `<details id="schema-`+name+`">`) {
			t.Errorf("no schema %s", name)
		}
	}
	for _, outside := range []string{"<script", "src=", `href="http`, "@import", "url("} {
		if strings.Contains(page, outside) {
			t.Errorf("the page asks for something outside: %s", outside)
		}
	}
	// A region that scrolls must be reached by the keyboard, and a narrow screen shows no
	// line that is wider: nothing scrolls by itself, and long words break.
	if strings.Contains(page, "overflow-x") || !strings.Contains(page, "white-space: pre-wrap") || !strings.Contains(page, "overflow-wrap: anywhere") {
		t.Error("the page has regions that scroll sideways")
	}
	if !strings.HasPrefix(rec.Header().Get("Content-Security-Policy"), "default-src 'self'") {
		t.Errorf("%v", rec.Header())
	}
}

func TestEveryProblemIsExplainedInBothLanguages(t *testing.T) {
	w := newWorld(t)
	all := html.UnescapeString(w.ask("GET", "/problems", asNobody, "").Body.String())
	for _, k := range problem.Kinds() {
		if !strings.Contains(all, k.English) || !strings.Contains(all, k.Portuguese) || !strings.Contains(all, `<a href="`+problem.TypeOf(k.Code)+`">`) {
			t.Errorf("%s is not on the page of all: %s", k.Code, all)
		}
		page := html.UnescapeString(w.ask("GET", problem.TypeOf(k.Code), asNobody, "").Body.String())
		if !strings.Contains(page, k.English) || !strings.Contains(page, k.Portuguese) || !strings.Contains(page, k.Title) {
			t.Errorf("%s: %s", k.Code, page)
		}
	}
}

func TestPagesOfTheServer(t *testing.T) {
	w := newWorld(t)
	for path, want := range map[string][2]string{
		"/":                 {"text/html", `<div id="app">`},
		"/assets/style.css": {"text/css", "font-family"},
		"/openapi.yaml":     {"application/yaml", string(api.Spec)},
		"/asyncapi.yaml":    {"application/yaml", string(carlink.Spec)},
		"/favicon.ico":      {"image/x-icon", "PNG"},
		"/healthz":          {"application/json", `{"status":"ok"}`},
	} {
		rec := w.ask("GET", path, asNobody, "")
		if rec.Code != 200 || !strings.HasPrefix(rec.Header().Get("Content-Type"), want[0]) || !strings.Contains(rec.Body.String(), want[1]) || rec.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", path, rec.Code, rec.Header())
		}
	}
}

// TestTheWebApp: each of its addresses is the same page, which may load from this server
// alone; files whose names tell their content are kept for good, and come compressed.
func TestTheWebApp(t *testing.T) {
	w := newWorld(t)
	first := w.ask("GET", "/", asNobody, "").Body.String()
	for _, path := range []string{"/trips", "/trips/" + string(tripID), "/ops", "/stage", "/ops/trips/" + string(tripID)} {
		rec := w.ask("GET", path, asNobody, "")
		policy := rec.Header().Get("Content-Security-Policy")
		if rec.Code != 200 || rec.Body.String() != first || !strings.HasPrefix(policy, "default-src 'self';") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %d %v", path, rec.Code, rec.Header())
		}
	}
	_, script, _ := strings.Cut(first, `src="`)
	script, _, _ = strings.Cut(script, `"`)
	for encoding, want := range map[string]string{"": "", "br, gzip": "gzip", "gzip;q=0": ""} {
		rec := w.ask("GET", script, asNobody, "", "Accept-Encoding", encoding)
		h := rec.Header()
		if rec.Code != 200 || h.Get("Content-Encoding") != want || h.Get("Vary") != "Accept-Encoding" || !strings.Contains(h.Get("Cache-Control"), "immutable") ||
			h.Get("Content-Type") != "text/javascript; charset=utf-8" {
			t.Errorf("%s for %q: %d %v", script, encoding, rec.Code, h)
		}
	}
	// The service worker speaks for all pages, and has the same name in each build: it is asked about each time.
	if h := w.ask("GET", "/assets/sw.js", asNobody, "").Header(); h.Get("Service-Worker-Allowed") != "/" || h.Get("Cache-Control") != "no-cache" {
		t.Errorf("the service worker: %v", h)
	}
	for _, path := range []string{"/assets/", "/assets/no.js", "/assets/../index.html", "/assets/%2e%2e/index.html", "/nowhere"} {
		if rec := w.ask("GET", path, asNobody, ""); rec.Code != 404 {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
}

func TestNewRefusesWhatIsMissing(t *testing.T) {
	_, err := New(Options{Company: "maré"})
	for _, want := range []string{"Company", "FrontDesk", "PublicKeys"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}
