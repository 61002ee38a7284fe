package broker

import (
	"errors"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
)

// entrance accepts connections for the server: plain, TLS or WebSocket differ
// only in who accepts. Unlike the listeners that come with the server, it
// bounds the time until a client has logged in, survives a failing accept
// (too many open files), and leaves no connection behind when it closes.
type entrance struct {
	id             string
	listener       net.Listener
	connect, write time.Duration
	onSlow         func()
	most           int    // connections at a time
	onRefused      func() // told of one too many
	goodbye        func() // disconnects the clients that have logged in
	log            *slog.Logger

	mu     sync.Mutex
	closed bool
	open   map[*conn]struct{}
	ended  sync.WaitGroup
}

var _ listeners.Listener = (*entrance)(nil)

func (e *entrance) Init(log *slog.Logger) error { e.log = log; return nil }
func (e *entrance) ID() string                  { return e.id }
func (e *entrance) Address() string             { return e.listener.Addr().String() }
func (e *entrance) Protocol() string            { return e.id }

// Serve accepts until Close.
func (e *entrance) Serve(establish listeners.EstablishFn) {
	for pause := time.Millisecond; ; {
		c, err := e.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			e.log.Warn("accepting a connection failed", "listener", e.id, "error", err)
			time.Sleep(pause)
			pause = min(2*pause, time.Second)
			continue
		}
		pause = time.Millisecond
		if w := e.admit(c); w != nil {
			go e.serve(w, establish)
		}
	}
}

// admit keeps a connection in the books until it has ended; nil when the
// entrance is closed.
func (e *entrance) admit(c net.Conn) *conn {
	w := newConn(c, e.connect, e.write, e.onSlow)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || len(e.open) >= e.most {
		if !e.closed {
			e.onRefused()
		}
		_ = c.Close()
		return nil
	}
	e.open[w] = struct{}{}
	e.ended.Add(1)
	w.whenClosed(func() {
		e.mu.Lock()
		delete(e.open, w)
		e.mu.Unlock()
		e.ended.Done()
	})
	return w
}

func (e *entrance) serve(w *conn, establish listeners.EstablishFn) {
	defer w.Close()
	if err := establish(e.id, w); err != nil {
		e.log.Debug("connection ended", "listener", e.id, "remote", w.RemoteAddr().String(), "error", err)
	}
}

// Close says goodbye to logged-in clients, closes the others, and waits until
// all have ended: within farewell.
func (e *entrance) Close(listeners.CloseFn) {
	_ = e.listener.Close()
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.goodbye()
	e.mu.Lock()
	open := slices.Collect(maps.Keys(e.open))
	e.mu.Unlock()
	for _, c := range open {
		_ = c.Close()
	}
	e.ended.Wait()
}
