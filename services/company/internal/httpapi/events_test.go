package httpapi

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/trip"
)

// reader is a stream's other end, in the process.
type reader struct {
	mu     sync.Mutex
	h      http.Header
	b      bytes.Buffer
	status int
	full   bool
}

func (r *reader) Header() http.Header { return r.h }

func (r *reader) WriteHeader(status int) { r.status = status }

func (r *reader) Flush() {}

func (r *reader) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.full {
		return 0, errors.New("the reader takes no more")
	}
	return r.b.Write(p)
}

// taken is what has come since the last look.
func (r *reader) taken() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.b.Reset()
	return r.b.String()
}

// listen opens a stream; done closes when it has ended. It needs a synctest bubble.
func (w *world) listen(ctx context.Context, as string, header ...string) (r *reader, done chan struct{}) {
	return w.listenTo(ctx, "", as, header...)
}

// listenTo is listen with a query.
func (w *world) listenTo(ctx context.Context, query, as string, header ...string) (r *reader, done chan struct{}) {
	r, done = &reader{h: http.Header{}}, make(chan struct{})
	req := httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/events"+query, nil)
	if as != "" {
		req.Header.Set("Authorization", as)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	go func() {
		defer close(done)
		w.ServeHTTP(r, req)
	}()
	synctest.Wait()
	return r, done
}

func ended(done chan struct{}) bool {
	synctest.Wait()
	select {
	case <-done:
		return true
	default:
		return false
	}
}

func TestAVehicleSeesItsOwnEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		mine, over := w.listen(t.Context(), asCar)
		all, _ := w.listen(t.Context(), asOperator)
		if mine.h.Get("Content-Type") != "text/event-stream" || mine.status != 200 || !strings.HasPrefix(mine.taken(), "retry: ") {
			t.Errorf("%d %v", mine.status, mine.h)
		}
		all.taken()
		w.hub.Publish(trip.EventPeer, now, "", "", "SER")
		w.hub.Publish(trip.EventTrip, now, "EV-0002", otherID, "two\nlines")
		w.hub.Publish(trip.EventTrip, now, car, tripID, 1)
		synctest.Wait()
		if got := mine.taken(); got != "id: 3\nevent: trip\ndata: {\"id\":3,\"type\":\"trip\",\"at\":\"2026-11-23T12:00:00Z\",\"vehicle_id\":\"EV-0001\",\"trip_id\":\""+string(tripID)+"\",\"data\":1}\n\n" {
			t.Errorf("the vehicle sees %q", got)
		}
		if got := all.taken(); strings.Count(got, "\n\n") != 3 || strings.Count(got, "\n") != 12 {
			t.Errorf("the operator sees %q", got)
		}
		w.hub.Close()
		if !ended(over) {
			t.Error("a closed hub ends the stream")
		}
	})
}

func TestAStreamResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i := range 5 {
			w.hub.Publish(trip.EventCar, now, car, "", i)
		}
		for last, want := range map[string]string{"3": "id: 4\n", "999": "event: reset\n", "x": "event: reset\n"} {
			r, _ := w.listen(t.Context(), asCar, "Last-Event-ID", last)
			if got := r.taken(); !strings.Contains(got, "\n\n"+want) {
				t.Errorf("after %s: %q", last, got)
			}
		}
		w.Close()
	})
}

func TestHeartbeatsAndTheEndOfAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		_ = w.ask("POST", "/api/v1/session", asCar, "")
		cookie := w.guards.cookie + "=session-of-EV-0001"
		browser, loggedOut := w.listen(t.Context(), "", "Cookie", cookie)
		slow, dropped := w.listen(t.Context(), asCar)
		ctx, leave := context.WithCancel(t.Context())
		_, gone := w.listen(ctx, asCar)
		_, closed := w.listen(t.Context(), asOperator)
		browser.taken()
		time.Sleep(heartbeat + time.Second) // of synctest's clock
		if got := browser.taken(); got != ": \n\n" || ended(loggedOut) {
			t.Errorf("a quiet stream: %q", got)
		}
		_ = w.who.CloseSession(ctx, "session-of-EV-0001")
		slow.mu.Lock()
		slow.full = true
		slow.mu.Unlock()
		time.Sleep(heartbeat)
		if !ended(loggedOut) || !ended(dropped) {
			t.Error("a stream outlives its session, or a reader that takes nothing")
		}
		leave()
		if !ended(gone) || ended(closed) {
			t.Error("a reader that leaves ends its own stream")
		}
		w.Close()
		if !ended(closed) {
			t.Error("a closed server has streams")
		}
	})
}

func TestStreamsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *Options) { o.MaxStreams = 1 })
		ctx, leave := context.WithCancel(t.Context())
		_, done := w.listen(ctx, asCar)
		if rec := w.ask("GET", "/api/v1/events", asCar, ""); code(rec) != "RATE_LIMITED" || rec.Header().Get("Retry-After") != "10" {
			t.Errorf("%d %s", rec.Code, rec.Body)
		}
		leave()
		if !ended(done) {
			t.Fatal("the first stream is still there")
		}
		r, _ := w.listen(t.Context(), asCar)
		if r.status != 200 {
			t.Errorf("after it: %d", r.status)
		}
		w.Close()
	})
}

func TestWhoMayListen(t *testing.T) {
	for as, want := range map[string]string{asNobody: "UNAUTHENTICATED", asWrong: "UNAUTHENTICATED", asPeer: "FORBIDDEN"} {
		if rec := newWorld(t).ask("GET", "/api/v1/events", as, ""); code(rec) != want {
			t.Errorf("%q: %d %s", as, rec.Code, rec.Body)
		}
	}
}
