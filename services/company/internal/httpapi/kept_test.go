package httpapi

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// wire is a server that is asked over a connection, as it is: nothing is unpacked.
func (w *world) wire(t *testing.T) func(method, path, as string, header ...string) (*http.Response, string) {
	t.Helper()
	srv := httptest.NewServer(w.Server)
	t.Cleanup(srv.Close)
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	t.Cleanup(client.CloseIdleConnections)
	return func(method, path, as string, header ...string) (*http.Response, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if as != "" {
			req.Header.Set("Authorization", as)
		}
		for i := 0; i+1 < len(header); i += 2 {
			req.Header.Add(header[i], header[i+1])
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(body)
	}
}

// HEAD answers as GET does on every route that the router has for GET, with its
// headers and without a body; but for streams. Load balancers and link checkers ask so.
func TestHeadAnswersLikeGet(t *testing.T) {
	w := newWorld(t)
	ask := w.wire(t)
	requests := map[string]good{}
	for _, g := range goodRequests() {
		if g.method == http.MethodGet {
			req := httptest.NewRequest(g.method, g.path, nil)
			c := w.echo.NewContext(req, httptest.NewRecorder())
			w.echo.Router().Find(g.method, req.URL.Path, c)
			requests[c.Path()] = g
		}
	}
	requests["/assets/*"] = good{path: "/assets/style.css"}
	requests["/stage"] = good{path: "/stage"}
	requests["/trips"], requests["/ops"], requests["/trips/:trip_id"] = good{path: "/trips"}, good{path: "/ops"}, good{path: "/trips/" + string(tripID)}
	requests["/ops/trips/:trip_id"] = good{path: "/ops/trips/" + string(tripID)}
	ask("GET", "/healthz", "") // so that there is something in /metrics
	for _, r := range w.echo.Routes() {
		if r.Method != http.MethodGet {
			continue
		}
		if unending[r.Path] {
			if resp, _ := ask("HEAD", r.Path, asCar); resp.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("HEAD %s: %d for a stream", r.Path, resp.StatusCode)
			}
			continue
		}
		g, ok := requests[r.Path]
		if !ok {
			t.Errorf("no request of this test reaches %s", r.Path)
			continue
		}
		got, body := ask("GET", g.path, g.as)
		head, none := ask("HEAD", g.path, g.as)
		if head.StatusCode != got.StatusCode || none != "" || body == "" {
			t.Errorf("HEAD %s: %d with %q, GET %d", g.path, head.StatusCode, none, got.StatusCode)
		}
		for _, name := range []string{"Content-Type", "ETag", "Cache-Control", "X-Total-Count", "Vary", "Content-Length"} {
			if r.Path == "/metrics" && name == "Content-Length" {
				continue // counts the request before it
			}
			// An answer that tells the time is now and then a digit longer than the one before.
			for n := 0; n < 20 && head.Header.Get(name) != got.Header.Get(name); n++ {
				got, _ = ask("GET", g.path, g.as)
				head, _ = ask("HEAD", g.path, g.as)
			}
			if head.Header.Get(name) != got.Header.Get(name) {
				t.Errorf("HEAD %s: %s is %q, with GET %q", g.path, name, head.Header.Get(name), got.Header.Get(name))
			}
		}
	}
}

// Who has an answer is told that it is still good, and gets the new one when it is not.
func TestETags(t *testing.T) {
	w := newWorld(t)
	ask := w.wire(t)
	for _, path := range []string{"/api/v1/locations", "/api/v1/places?q=joao", "/api/v1/places/near?lat=-7&lon=-35", "/api/v1/models", "/openapi.yaml", "/asyncapi.yaml", "/docs", "/problems", "/"} {
		first, body := ask("GET", path, asNobody)
		tag := first.Header.Get("ETag")
		if len(tag) != 34 || !strings.HasPrefix(tag, `"`) || first.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: ETag %s, %s", path, tag, first.Header.Get("Cache-Control"))
		}
		for _, method := range []string{"GET", "HEAD"} {
			again, rest := ask(method, path, asNobody, "If-None-Match", `"other", `+tag)
			if again.StatusCode != http.StatusNotModified || rest != "" || again.Header.Get("ETag") != tag {
				t.Errorf("%s %s again: %d %v", method, path, again.StatusCode, again.Header)
			}
		}
		if other, text := ask("GET", path, asNobody, "If-None-Match", `"other"`); other.StatusCode != 200 || text != body {
			t.Errorf("%s with another's tag: %d", path, other.StatusCode)
		}
	}
	before, _ := ask("GET", "/api/v1/locations?limit=1", asNobody)
	if all, _ := ask("GET", "/api/v1/locations?limit=2", asNobody); all.Header.Get("ETag") == before.Header.Get("ETag") {
		t.Error("two pages have one ETag")
	}
	if trips, _ := ask("GET", "/api/v1/trips", asCar); trips.Header.Get("ETag") != "" || trips.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("trips may be kept: %v", trips.Header)
	}
}

// A list that has changed has another version.
func TestAChangedListHasAnotherETag(t *testing.T) {
	w := newWorld(t)
	list := func(v int) string {
		rec := httptest.NewRecorder()
		c := w.echo.NewContext(httptest.NewRequest("GET", "/", nil), rec)
		if err := answerKept(c, []int{v}); err != nil {
			t.Fatal(err)
		}
		return rec.Header().Get("ETag")
	}
	if one, again := list(1), list(1); one != again || one == list(2) {
		t.Error("the ETag does not tell lists apart, or tells a list from itself")
	}
}

// Compressed is what is large, for who asks for gzip by its name; never a stream. A strong
// ETag of other bytes is another one, and each is known again.
func TestGzipOnlyWhereAsked(t *testing.T) {
	w := newWorld(t)
	ask := w.wire(t)
	for coding, want := range map[string]bool{
		"gzip": true, "br, gzip;q=0.5": true, "deflate, gzip": true,
		"": false, "br": false, "gzip;q=0": false, "x-gzipped": false, "identity": false, "gzip;q=0.000": false,
	} {
		resp, body := ask("GET", "/openapi.yaml", asNobody, "Accept-Encoding", coding)
		if got := resp.Header.Get("Content-Encoding") == "gzip"; got != want || resp.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: %q, Vary %q", coding, resp.Header.Get("Content-Encoding"), resp.Header.Values("Vary"))
		}
		if want {
			body = unpacked(t, body)
		}
		if body != string(api.Spec) || strings.HasSuffix(resp.Header.Get("ETag"), `-gzip"`) != want {
			t.Errorf("%q: %d bytes, ETag %s", coding, len(body), resp.Header.Get("ETag"))
		}
		if again, _ := ask("GET", "/openapi.yaml", asNobody, "Accept-Encoding", coding, "If-None-Match", resp.Header.Get("ETag")); again.StatusCode != 304 || again.Header.Get("Content-Encoding") != "" {
			t.Errorf("%q again: %d %v", coding, again.StatusCode, again.Header)
		}
	}
	if small, body := ask("GET", "/api/v1/places?q=joao+pessoa", asNobody, "Accept-Encoding", "gzip"); small.Header.Get("Content-Encoding") != "" || !strings.HasPrefix(body, "[") {
		t.Errorf("a small answer: %v %q", small.Header, body)
	}
	if refused, body := ask("GET", "/api/v1/trips", asNobody, "Accept-Encoding", "gzip"); refused.StatusCode != 401 || !strings.HasPrefix(body, "{") {
		t.Errorf("a problem: %d %q", refused.StatusCode, body)
	}
	for path := range unending {
		if squeezed[path] {
			t.Errorf("the stream %s is compressed", path)
		}
	}
}

// A compressed page of a list is that page.
func TestLocationsCompressed(t *testing.T) {
	many := slices.Repeat(sites(), 10)
	w := newWorld(t, func(o *Options) { o.FrontDesk = manySites{o.FrontDesk.(*fakeFront), many} })
	resp, body := w.wire(t)("GET", "/api/v1/locations", asNobody, "Accept-Encoding", "gzip")
	text := unpacked(t, body)
	if resp.Header.Get("Content-Encoding") != "gzip" || strings.Count(text, `"location_id"`) != len(many) || len(body) > len(text)/5 || resp.Header.Get("X-Total-Count") != "30" {
		t.Errorf("%d of %d bytes, %v", len(body), len(text), resp.Header)
	}
}

// manySites is a front desk of a federation with more to offer.
type manySites struct {
	*fakeFront
	all []charging.Location
}

func (m manySites) Locations(context.Context) ([]charging.Location, map[charging.CompanyID]time.Time) {
	return m.all, nil
}

func unpacked(t *testing.T, body string) string {
	t.Helper()
	r, err := gzip.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
