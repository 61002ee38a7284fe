package broker

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// conn makes writing to a client never wait. The server holds a lock while it
// writes that its publishers need too, so one car that does not read would hold
// up all the others: Write only buffers, and one goroutine per burst carries the
// buffer out. A client for whom too much is waiting, or to whom a write takes
// too long, is let go.
type conn struct {
	net.Conn
	timeout time.Duration // of one write to the network
	onSlow  func()        // told once when the client is let go for being slow

	// account is set when the client has logged in, by the goroutine that reads
	// from it, which alone looks at it.
	account *account
	// login names the secret that the client has logged in with.
	login atomic.Pointer[string]

	mu       sync.Mutex
	pending  []byte
	carrying bool      // a goroutine is writing
	closing  bool      // no more is taken; what is pending still goes out
	closed   bool      // the connection has ended
	end      time.Time // of all writing, zero for none
	after    []func()  // to run once it has ended
}

const (
	// maxPending bounds what waits for one client, in bytes.
	maxPending = 1 << 20
	// farewell bounds writing what is pending to a client that is let go in
	// good order, as when the broker stops.
	farewell = time.Second
)

var (
	errSlow   = errors.New("the client does not read what it is sent")
	errClosed = net.ErrClosed
)

// newConn gives the client until connect to log in.
func newConn(c net.Conn, connect, write time.Duration, onSlow func()) *conn {
	_ = c.SetDeadline(time.Now().Add(connect)) // an error shows at the first read
	return &conn{Conn: c, timeout: write, onSlow: onSlow}
}

// SetDeadline is the server's keep-alive: it bounds reads only.
func (c *conn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// Write takes p and never waits.
func (c *conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || c.closed {
		return 0, errClosed
	}
	if len(c.pending)+len(p) > maxPending {
		c.endLocked(true)
		return 0, errSlow
	}
	c.pending = append(c.pending, p...)
	if !c.carrying {
		c.carrying = true
		go c.carry()
	}
	return len(p), nil
}

// carry writes until nothing is pending.
func (c *conn) carry() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.pending) > 0 && !c.closed {
		out := c.pending
		c.pending = nil
		deadline := time.Now().Add(c.timeout)
		if !c.end.IsZero() && c.end.Before(deadline) {
			deadline = c.end
		}
		_ = c.SetWriteDeadline(deadline) // an error shows in the write
		c.mu.Unlock()
		_, err := c.Conn.Write(out)
		c.mu.Lock()
		if err != nil && !c.closed {
			var timeout net.Error
			c.endLocked(!c.closing && errors.As(err, &timeout) && timeout.Timeout())
		}
	}
	c.carrying = false
	if c.closing && !c.closed {
		c.endLocked(false)
	}
}

// endLocked closes the network connection; c.mu is held.
func (c *conn) endLocked(slow bool) {
	if c.closed {
		return
	}
	c.closed, c.pending = true, nil
	todo := c.after
	c.after = nil
	go func() { // closing TLS may write, and what follows may lock
		_ = c.Conn.Close()
		if slow {
			c.onSlow()
		}
		for _, f := range todo {
			f()
		}
	}()
}

// Close ends reading now, and the connection as soon as what is pending has
// been written, within farewell. It is safe to repeat.
func (c *conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || c.closed {
		return nil
	}
	c.closing = true
	_ = c.SetReadDeadline(time.Unix(1, 0))
	if !c.carrying {
		c.endLocked(false)
		return nil
	}
	c.end = time.Now().Add(farewell)
	_ = c.SetWriteDeadline(c.end) // of a write that hangs already
	return nil
}

// whenClosed runs f once the connection has ended, at once if it has.
func (c *conn) whenClosed(f func()) {
	c.mu.Lock()
	if !c.closed {
		c.after = append(c.after, f)
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	f()
}
