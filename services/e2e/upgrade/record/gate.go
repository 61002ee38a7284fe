package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/eletrovia/eletrovia/services/e2e/upgrade/fixture"
)

// verdict is what becomes of a request that a rule catches.
type verdict int

const (
	// hold: it never arrives, and the caller waits for nothing.
	hold verdict = iota
	// mute: it is executed, and the caller waits for nothing.
	mute
	// cut: it never arrives, and the caller's connection breaks.
	cut
	// lose: it is executed, and the caller's connection breaks.
	lose
	// detain: it waits for release, and then goes on.
	detain
)

// rule catches requests of one company to another.
type rule struct {
	from, to, path string // the path's end
	// field of the body that must be value; "" catches all.
	field, value string
	// seq of a move: 1 takes, 2 gives back; 0 catches both.
	seq int64
	do  verdict

	once     sync.Once
	caught   chan struct{}
	released chan struct{}
}

// seen is closed when the rule has caught a request (and, where it is executed,
// has its answer).
func (r *rule) seen() <-chan struct{} { return r.caught }

func (r *rule) release() { close(r.released) }

func (r *rule) catches(from, to, path string, body map[string]any) bool {
	if r.from != from || r.to != to || !strings.HasSuffix(path, r.path) {
		return false
	}
	if r.field != "" && body[r.field] != r.value {
		return false
	}
	n, _ := body["seq"].(float64)
	return r.seq == 0 || r.seq == int64(n)
}

// gates stand between the companies.
type gates struct {
	addr func(company string) string

	mu      sync.Mutex
	rules   []*rule
	closed  chan struct{}
	shutOff sync.Once
	servers map[string]*httptest.Server
	client  *http.Client
}

func newGates(addr func(string) string) *gates {
	g := &gates{addr: addr, closed: make(chan struct{}), servers: map[string]*httptest.Server{}, client: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	for _, from := range fixture.Companies {
		for _, to := range fixture.Companies {
			if from != to {
				g.servers[from+to] = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					g.serve(from, to, w, r)
				}))
			}
		}
	}
	return g
}

func (g *gates) url(from, to string) string { return g.servers[from+to].URL }

// add puts a rule into force.
func (g *gates) add(r *rule) *rule {
	r.caught, r.released = make(chan struct{}), make(chan struct{})
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rules = append(g.rules, r)
	return r
}

func (g *gates) rule(from, to, path string, body map[string]any) *rule {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range g.rules {
		if r.catches(from, to, path, body) {
			return r
		}
	}
	return nil
}

// shut lets nothing pass any more.
func (g *gates) shut() { g.shutOff.Do(func() { close(g.closed) }) }

func (g *gates) close() {
	g.shut()
	for _, s := range g.servers {
		s.CloseClientConnections()
		s.Close()
	}
}

func (g *gates) serve(from, to string, w http.ResponseWriter, req *http.Request) {
	raw, err := io.ReadAll(req.Body)
	select {
	case <-g.closed:
		hangUp()
	default:
	}
	if err != nil {
		hangUp()
	}
	var body map[string]any
	_ = json.Unmarshal(raw, &body) // a list, or nothing: no rule is about it
	r := g.rule(from, to, req.URL.Path, body)
	if r == nil {
		g.pass(to, req, raw).write(w)
		return
	}
	catch := func() { r.once.Do(func() { close(r.caught) }) }
	switch r.do {
	case hold, cut:
		catch()
	case mute, lose:
		g.pass(to, req, raw)
		catch()
	case detain:
		catch()
		select {
		case <-r.released:
		case <-g.closed:
			hangUp()
		}
		g.pass(to, req, raw).write(w)
		return
	}
	if r.do == hold || r.do == mute {
		select {
		case <-req.Context().Done():
		case <-g.closed:
		}
	}
	hangUp()
}

type passed struct {
	status int
	header http.Header
	body   []byte
}

// pass executes a request, whatever its caller does meanwhile.
func (g *gates) pass(to string, req *http.Request, raw []byte) passed {
	out, err := http.NewRequest(req.Method, "http://"+g.addr(to)+req.URL.RequestURI(), bytes.NewReader(raw))
	if err != nil {
		hangUp()
	}
	out.Header = req.Header.Clone()
	out.Header.Del("Connection")
	resp, err := g.client.Do(out)
	if err != nil {
		hangUp()
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		hangUp()
	}
	return passed{resp.StatusCode, resp.Header, answer}
}

func (p passed) write(w http.ResponseWriter) {
	for name, values := range p.header {
		w.Header()[name] = values
	}
	w.WriteHeader(p.status)
	_, _ = w.Write(p.body)
}

// hangUp breaks the caller's connection without an answer.
func hangUp() { panic(http.ErrAbortHandler) }
