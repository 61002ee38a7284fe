package apitest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func places(body string) Answer {
	return Answer{
		Method: "GET", URL: &url.URL{Path: "/api/v1/places"}, Status: 200,
		Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}, "Etag": {`"x"`}}, Body: []byte(body),
	}
}

const place = `{"name":"Feira de Santana","city":"Feira de Santana","state":"BA","lat":-12.2,"lon":-38.9}`

func stream(text string) Answer {
	return Answer{Method: "GET", URL: &url.URL{Path: "/api/v1/events"}, Status: 200, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: []byte(text)}
}

const reset = "event: reset\ndata: {\"id\":0,\"type\":\"reset\",\"at\":\"2026-11-29T10:00:00Z\",\"data\":null}\n\n"

// Each way in which an answer may break the specification is found, and what it allows
// is not complained about.
func TestCheck(t *testing.T) {
	with := func(a Answer, change func(*Answer)) Answer {
		change(&a)
		return a
	}
	good := places("[" + place + "]")
	for name, c := range map[string]struct {
		answer Answer
		wrong  string
	}{
		"a good one":           {good, ""},
		"to HEAD":              {with(good, func(a *Answer) { a.Method, a.Body = "HEAD", nil }), ""},
		"a missing field":      {places(`[{"name":"x"}]`), "missing"},
		"a field that is none": {places("[" + strings.Replace(place, "{", `{"x":1,`, 1) + "]"), "x"},
		"a wrong type":         {places("[" + strings.Replace(place, "-12.2", `"-12.2"`, 1) + "]"), "lat"},
		"no JSON":              {places("["), "JSON"},
		"another status":       {with(good, func(a *Answer) { a.Status = 201 }), "status"},
		"another content type": {with(good, func(a *Answer) { a.Header = http.Header{"Content-Type": {"text/plain"}} }), "text/plain"},
		"HEAD of a stream": {with(good, func(a *Answer) {
			a.Method, a.URL, a.Status, a.Header = "HEAD", &url.URL{Path: "/api/v1/events"}, 405, http.Header{"Content-Type": {"application/problem+json"}}
		}), ""},
		"a path that is none":   {with(good, func(a *Answer) { a.URL = &url.URL{Path: "/nothing"} }), "no operation"},
		"a method that is none": {with(good, func(a *Answer) { a.Method = "PUT" }), "no operation"},
		"a code that is none": {with(places(`{"type":"x","title":"x","status":422,"code":"X"}`), func(a *Answer) {
			a.Status, a.Header = 422, http.Header{"Content-Type": {"application/problem+json"}}
		}), "code"},
		"a stream":                   {stream("retry: 2000\n\n: \n\n" + reset + reset[:20]), ""},
		"an event without a schema":  {stream(strings.ReplaceAll(reset, "reset", "other")), "other"},
		"an event by another's name": {stream(strings.Replace(reset, "event: reset", "event: trip", 1)), "announced"},
		"an event of another form":   {stream(reset + strings.Replace(reset, `"at"`, `"when"`, 1)), "at"},
	} {
		err := Load().Check(c.answer)
		if (err != nil) != (c.wrong != "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v, want %q", name, err, c.wrong)
		}
		if err != nil && !strings.Contains(err.Error(), fmt.Sprintf("%s %s answers %d", c.answer.Method, c.answer.URL.Path, c.answer.Status)) {
			t.Errorf("%s: neither route nor status: %v", name, err)
		}
	}
}

// failures is a test that only counts.
type failures struct {
	testing.TB
	said  []string
	after []func()
}

func (f *failures) Helper()                   {}
func (f *failures) Cleanup(do func())         { f.after = append(f.after, do) }
func (f *failures) Errorf(s string, a ...any) { f.said = append(f.said, fmt.Sprintf(s, a...)) }

// Hung around a server, or its client, it fails the test by what breaks the specification,
// in a stream too, and by nothing else.
func TestHoldAndWatch(t *testing.T) {
	for what, good := range map[string]bool{"[" + place + "]": true, "[{}]": false} {
		for _, around := range []bool{true, false} {
			f := &failures{TB: t}
			var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/api/v1/events" {
					w.Header().Set("Content-Type", "text/event-stream")
					_, _ = w.Write([]byte(reset))
					_ = http.NewResponseController(w).Flush()
					if !good {
						_, _ = w.Write([]byte(strings.Replace(reset, `"at"`, `"when"`, 1)))
					}
					return
				}
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(what))
			})
			client := &http.Client{}
			if around {
				h = Hold(f)(h)
			} else {
				client.Transport = Watch(f, nil)
			}
			server := httptest.NewServer(h)
			for _, path := range []string{"/api/v1/places", "/api/v1/events"} {
				resp, err := client.Get(server.URL + path)
				if err != nil {
					t.Fatal(err)
				}
				body := make([]byte, 4096)
				for err == nil {
					_, err = resp.Body.Read(body)
				}
				_ = resp.Body.Close()
			}
			server.Close()
			for _, do := range slices.Backward(f.after) {
				do()
			}
			if want := map[bool]int{true: 0, false: 2}[good]; len(f.said) != want {
				t.Errorf("%q, around the server %v: %q", what, around, f.said)
			}
		}
	}
}
