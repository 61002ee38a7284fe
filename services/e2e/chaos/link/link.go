// Package link stands between two processes and misbehaves: Link carries HTTP
// requests between companies and from drivers, Pipe carries bytes between a
// server and its store.
package link

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Cut says how a link is broken.
type Cut string

// The cuts. With Refused connections break at once; with Silent requests never
// arrive and nothing is said; with Half requests arrive and are executed, but no
// answer comes back.
const (
	Whole   Cut = ""
	Refused Cut = "refused"
	Silent  Cut = "silent"
	Half    Cut = "half-open"
)

// Faults of a link in one direction. Loss, LostAnswer and Duplicate are
// probabilities a request.
type Faults struct {
	Cut Cut
	// Delay before a request is passed on; half of it is drawn at random.
	Delay time.Duration
	// Loss: the request never arrives, and the caller's connection breaks.
	Loss float64
	// LostAnswer: the request is executed, and the caller's connection breaks.
	LostAnswer float64
	// Duplicate: the request is executed, and executed again up to Later after.
	Duplicate float64
	Later     time.Duration
	// Drip is the pause between pieces of an answer of 16 bytes.
	Drip time.Duration
}

// Counts of what a link did. Elsewhere are requests that were given to another
// server, because the first was not there or answered 503.
type Counts struct{ Carried, Lost, AnswersLost, Duplicates, Cut, Elsewhere atomic.Int64 }

// silence bounds how long a caller is kept without an answer.
const silence = 30 * time.Second

// Observer sees a request that was executed, its answer, and how long that took.
type Observer func(path string, request []byte, status int, answer []byte, took time.Duration)

// Link carries HTTP requests to a target that may change.
type Link struct {
	Counts
	target  func() string
	faults  atomic.Pointer[Faults]
	observe Observer
	out     *http.Client
	in      net.Listener
	server  *http.Server

	mu  sync.Mutex
	rng *rand.Rand
}

// New listens on a free port of loopback. target gives host:port of whom to
// call, or "" for nobody; it is asked again after a connection that cannot be
// made and after a 503, as a load balancer does. observe, which may be nil, sees every request that was
// executed, with its answer.
func New(seed uint64, target func() string, observe Observer) (*Link, error) {
	in, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("link: %w", err)
	}
	l := &Link{
		target: target, observe: observe, in: in, rng: rand.New(rand.NewPCG(seed, 1)),
		out: &http.Client{
			Timeout:       time.Minute,
			Transport:     &http.Transport{MaxIdleConnsPerHost: 128, DisableCompression: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	l.faults.Store(&Faults{})
	l.server = &http.Server{Handler: l, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = l.server.Serve(in) }()
	return l, nil
}

// URL is where callers reach the link.
func (l *Link) URL() string { return "http://" + l.in.Addr().String() }

// Set changes the faults for the requests that follow.
func (l *Link) Set(f Faults) { l.faults.Store(&f) }

// Faults are those in force.
func (l *Link) Faults() Faults { return *l.faults.Load() }

// Close ends the link with its connections.
func (l *Link) Close() { _ = l.server.Close(); l.out.CloseIdleConnections() }

func (l *Link) draw(p float64) bool {
	if p <= 0 {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rng.Float64() < p
}

func (l *Link) upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Duration(l.rng.Int64N(int64(d)))
}

// ServeHTTP carries one request, or does not.
func (l *Link) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := l.Faults()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		hangUp()
	}
	if f.Delay > 0 {
		wait(r.Context(), f.Delay/2+l.upTo(f.Delay/2))
	}
	switch {
	case f.Cut == Refused:
		l.Cut.Add(1)
		hangUp()
	case f.Cut == Silent:
		l.Cut.Add(1)
		wait(r.Context(), silence)
		hangUp()
	case l.draw(f.Loss):
		l.Lost.Add(1)
		hangUp()
	}
	if r.Header.Get("Accept") == "text/event-stream" {
		l.stream(w, r)
		return
	}
	// The caller giving up does not take back what is under way.
	resp, answer, err := l.pass(context.WithoutCancel(r.Context()), r, body)
	if err != nil {
		hangUp()
	}
	l.Carried.Add(1)
	if l.draw(f.Duplicate) {
		l.Duplicates.Add(1)
		later, again := l.upTo(f.Later), r.Clone(context.WithoutCancel(r.Context()))
		time.AfterFunc(later, func() { _, _, _ = l.pass(again.Context(), again, body) })
	}
	switch {
	case f.Cut == Half:
		l.Cut.Add(1)
		wait(r.Context(), silence)
		hangUp()
	case l.draw(f.LostAnswer):
		l.AnswersLost.Add(1)
		hangUp()
	}
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(resp.StatusCode)
	drip(r.Context(), w, answer, f.Drip)
}

// stream carries an answer that has no end, as it comes, until either side goes.
func (l *Link) stream(w http.ResponseWriter, r *http.Request) {
	host := l.target()
	if host == "" {
		hangUp()
	}
	l.Carried.Add(1)
	proxy := httputil.ReverseProxy{
		Rewrite:       func(p *httputil.ProxyRequest) { p.SetURL(&url.URL{Scheme: "http", Host: host}) },
		Transport:     l.out.Transport,
		FlushInterval: -1,
		ErrorHandler:  func(http.ResponseWriter, *http.Request, error) { hangUp() },
		ErrorLog:      log.New(io.Discard, "", 0),
	}
	proxy.ServeHTTP(w, r)
}

// tries bounds how many servers one request is given to.
const tries = 3

// pass executes a request at a target that takes it.
func (l *Link) pass(ctx context.Context, r *http.Request, body []byte) (resp *http.Response, answer []byte, err error) {
	var tried []string
	for len(tried) < tries {
		host := l.target()
		if host == "" || slices.Contains(tried, host) {
			break
		}
		if len(tried) > 0 {
			l.Elsewhere.Add(1)
		}
		tried = append(tried, host)
		if resp, answer, err = l.passTo(ctx, host, r, body); !another(resp, err) {
			return resp, answer, err
		}
	}
	if len(tried) == 0 {
		return nil, nil, fmt.Errorf("link: nobody is there")
	}
	return resp, answer, err
}

// another reports whether a balancer tries another server: this one was not
// there, or says that it cannot.
func another(resp *http.Response, err error) bool {
	if op := (*net.OpError)(nil); err != nil {
		return errors.As(err, &op) && op.Op == "dial"
	}
	return resp.StatusCode == http.StatusServiceUnavailable
}

func (l *Link) passTo(ctx context.Context, host string, r *http.Request, body []byte) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, "http://"+host+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	req.Header = r.Header.Clone()
	req.Header.Del("Connection")
	began := time.Now()
	resp, err := l.out.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, nil, err
	}
	if l.observe != nil {
		l.observe(r.URL.Path, body, resp.StatusCode, answer, time.Since(began))
	}
	return resp, answer, nil
}

// hangUp breaks the caller's connection without an answer.
func hangUp() { panic(http.ErrAbortHandler) }

func drip(ctx context.Context, w http.ResponseWriter, answer []byte, pause time.Duration) {
	if pause <= 0 {
		_, _ = w.Write(answer)
		return
	}
	flusher := http.NewResponseController(w)
	for piece := range chunks(answer, 16) {
		if _, err := w.Write(piece); err != nil || flusher.Flush() != nil || ctx.Err() != nil {
			return
		}
		wait(ctx, pause)
	}
}

func chunks(b []byte, n int) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(b) > 0 {
			k := min(n, len(b))
			if !yield(b[:k]) {
				return
			}
			b = b[k:]
		}
	}
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
