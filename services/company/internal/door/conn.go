package door

import (
	"container/list"
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
)

// Conn is a connection that a door counts.
type Conn struct {
	net.Conn
	door *Door
	from netip.Addr

	// All below is guarded by the door's mu.
	guests  *guests
	place   *list.Element // among the strangers, or nil
	name    string        // whom it has shown to be
	counted bool          // among the open ones
	left    bool

	once sync.Once
	err  error
}

// Close closes it, and takes it out of the books. It is safe to repeat.
func (c *Conn) Close() error {
	c.once.Do(func() {
		c.err = c.Conn.Close()
		c.door.mu.Lock()
		defer c.door.mu.Unlock()
		c.door.leave(c)
	})
	return c.err
}

// CloseWrite ends writing, for an HTTP server that lets a client read its last answer.
func (c *Conn) CloseWrite() error {
	if w, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return nil
}

// Known tells that a right secret has been shown: the connection is no stranger's any
// more, and its address is known for a while. It answers how many connections the
// name has now.
func (c *Conn) Known(name string) int {
	d := c.door
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.guests == nil || c.left { // a proxy's is nobody's
		return 0
	}
	d.unlist(c)
	if c.name != name {
		d.rename(c, name)
	}
	d.of(c.from).known = d.o.Now().Add(knownFor)
	return d.names[name]
}

// busy tells whether a request is under way; only strangers' connections care.
func (c *Conn) busy(is bool) {
	c.door.mu.Lock()
	defer c.door.mu.Unlock()
	if c.place == nil {
		return
	}
	c.guests.quiet.Remove(c.place)
	c.guests.busy.Remove(c.place)
	to := &c.guests.quiet
	if is {
		to = &c.guests.busy
	}
	c.place = to.PushBack(c)
}

// Of finds the counted connection in one that was made of it (TLS, WebSocket); nil
// where there is none.
func Of(c net.Conn) *Conn {
	for {
		if w, ok := c.(*Conn); ok {
			return w
		}
		inner, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return nil
		}
		c = inner.NetConn()
	}
}

type connKey struct{}

// Watch makes an HTTP server tell its connections which of them have a request under
// way, and its requests which connection they came by.
func Watch(s *http.Server) {
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, Of(c))
	}
	s.ConnState = func(c net.Conn, state http.ConnState) {
		w := Of(c)
		if w != nil && (state == http.StateActive || state == http.StateIdle) {
			w.busy(state == http.StateActive)
		}
	}
}

// Known is Conn.Known for the connection that a request came by; 0 where no door
// counts it.
func Known(ctx context.Context, name string) int {
	if c, _ := ctx.Value(connKey{}).(*Conn); c != nil {
		return c.Known(name)
	}
	return 0
}

// Shallow bounds what the system keeps for a connection that its other end has not taken
// yet, in bytes: of a stream that goes on whether it is read or not. Nothing happens where
// that cannot be said.
func Shallow(ctx context.Context, size int) {
	c, _ := ctx.Value(connKey{}).(*Conn)
	if c == nil {
		return
	}
	for in := c.Conn; in != nil; {
		if w, ok := in.(interface{ SetWriteBuffer(size int) error }); ok {
			_ = w.SetWriteBuffer(size) // a stream without it is a stream all the same
			return
		}
		inner, ok := in.(interface{ NetConn() net.Conn })
		if !ok {
			return
		}
		in = inner.NetConn()
	}
}
