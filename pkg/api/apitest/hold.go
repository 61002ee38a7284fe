package apitest

import (
	"bytes"
	"hash/maphash"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// queue is how many answers may wait to be judged before servers wait, too. Of more than
// behind those go by that have the shape of one that was judged.
const queue, behind = 4096, 64

// Hold gives what to wrap a server's handler in: each answer that breaks the
// specification fails the test. Call it before the servers' own clean-ups are registered,
// so that they have stopped before the judge does.
func Hold(t testing.TB) func(http.Handler) http.Handler {
	t.Helper()
	j := newJudge(t)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := &recorder{ResponseWriter: w, judge: j, answer: Answer{Method: r.Method, URL: r.URL}}
			next.ServeHTTP(rec, r) // an aborted answer panics, and is not judged
			rec.done()
		})
	}
}

// Watch gives a transport that fails the test by each answer that breaks the
// specification; for rigs whose servers are processes. A body that is not read to its
// end is not judged.
func Watch(t testing.TB, next http.RoundTripper) http.RoundTripper {
	t.Helper()
	if next == nil {
		next = http.DefaultTransport
	}
	return watcher{newJudge(t), next}
}

// judge takes answers one after another, beside the servers: who asks does not wait.
type judge struct {
	t       testing.TB
	answers chan Answer
	mu      sync.RWMutex
	closed  bool
}

func newJudge(t testing.TB) *judge {
	j := &judge{t: t, answers: make(chan Answer, queue)}
	over := make(chan struct{})
	go func() {
		defer close(over)
		j.work()
	}()
	t.Cleanup(func() {
		j.mu.Lock()
		j.closed = true
		close(j.answers)
		j.mu.Unlock()
		<-over
	})
	return j
}

// most is how many complaints a test shows: many are of one fault.
const most = 8

func (j *judge) work() {
	seed, seen, found := maphash.MakeSeed(), map[uint64]bool{}, 0
	for a := range j.answers {
		shape := digest(seed, a)
		if seen[shape] && len(j.answers) > behind {
			continue
		}
		err := Load().Check(a)
		if err == nil {
			seen[shape] = true
			continue
		}
		if found++; found <= most {
			j.t.Errorf("an answer breaks openapi.yaml: %v", err)
		}
	}
}

// digest is of what is judged of an answer, whatever its figures and ids are.
func digest(seed maphash.Seed, a Answer) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	path, _ := Load().find(a.Method, a.URL.EscapedPath())
	for _, s := range []string{a.Method, path, http.StatusText(a.Status), a.Header.Get("Content-Type"), a.Header.Get("Content-Encoding")} {
		_, _ = h.WriteString(s + "\n")
	}
	shape := bytes.Clone(a.Body)
	for i, c := range shape {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'f' {
			shape[i] = '0'
		}
	}
	_, _ = h.Write(shape)
	return h.Sum64()
}

func (j *judge) take(a Answer) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if !j.closed {
		j.answers <- a
	}
}

// recorder keeps what is answered.
type recorder struct {
	http.ResponseWriter
	judge  *judge
	answer Answer
	// lost is set where the reader has gone: what was to be said is not known.
	lost bool
}

// Unwrap lets http.ResponseController reach what is below.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) WriteHeader(status int) {
	if r.answer.Status == 0 && status >= http.StatusOK {
		r.answer.Status, r.answer.Header = status, r.Header().Clone()
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.answer.Status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	r.answer.Body = append(r.answer.Body, b...)
	n, err := r.ResponseWriter.Write(b)
	if err != nil && !(r.answer.Method == http.MethodHead || r.answer.Status == http.StatusNotModified) {
		r.lost = true
	}
	if isStream(r.answer.Header) {
		r.answer.Body = r.judge.whole(r.answer)
	}
	return n, err
}

func (r *recorder) done() {
	if r.answer.Status == 0 {
		r.answer.Status, r.answer.Header = http.StatusOK, r.Header().Clone()
	}
	if !r.lost {
		r.judge.take(r.answer)
	}
}

func isStream(h http.Header) bool {
	return strings.HasPrefix(h.Get("Content-Type"), eventStream)
}

// whole takes the whole events of a stream, and leaves the beginning of the next.
func (j *judge) whole(a Answer) (rest []byte) {
	end := bytes.LastIndex(a.Body, []byte("\n\n"))
	if end < 0 {
		return a.Body
	}
	rest = bytes.Clone(a.Body[end+2:])
	a.Body = a.Body[:end+2]
	j.take(a)
	return rest
}

type watcher struct {
	judge *judge
	next  http.RoundTripper
}

func (w watcher) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	a := Answer{Method: r.Method, URL: r.URL, Status: resp.StatusCode, Header: resp.Header.Clone()}
	resp.Body = &reader{ReadCloser: resp.Body, judge: w.judge, answer: a}
	return resp, nil
}

// reader judges an answer once its body has been read.
type reader struct {
	io.ReadCloser
	judge  *judge
	answer Answer
	over   bool
}

func (r *reader) Read(b []byte) (int, error) {
	n, err := r.ReadCloser.Read(b)
	r.answer.Body = append(r.answer.Body, b[:n]...)
	switch {
	case isStream(r.answer.Header):
		r.answer.Body = r.judge.whole(r.answer)
	case err == io.EOF && !r.over:
		r.over = true
		r.judge.take(r.answer)
	}
	return n, err
}
