package door

import (
	"bufio"
	"net"
	"sync"
	"time"
)

// proxyTime is how long a trusted proxy's connection may take to begin.
const proxyTime = 10 * time.Second

// Listen makes a listener whose connections are counted. Those of trusted proxies may
// begin with a PROXY header, and are then who it names.
func (d *Door) Listen(l net.Listener) net.Listener {
	if len(d.o.Trusted) > 0 {
		l = newProxied(l, d.o.Trusted)
	}
	return listener{l, d}
}

type listener struct {
	net.Listener
	door *Door
}

// Who is refused comes back, with hundreds of others at once; each costs tens of
// microseconds, and together a core for as long as several bookings take. So after
// refusedInARow the next waits in the system's queue for a breather: refusing takes a
// third of a core at most, and a newcomer behind the 4,096 of a full queue waits a third
// of a second.
const (
	refusedInARow = 16
	breather      = time.Millisecond
)

func (l listener) Accept() (net.Conn, error) {
	for refused := 1; ; refused++ {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if w := l.door.admit(c); w != nil {
			return w, nil
		}
		if refused%refusedInARow == 0 {
			time.Sleep(breather)
		}
	}
}

// proxied reads PROXY headers: a connection of a trusted proxy arrives when it has
// begun, and holds up no other.
type proxied struct {
	net.Listener
	trusted  Trusted
	arrivals chan arrival
	done     chan struct{}
	once     sync.Once
}

type arrival struct {
	conn net.Conn
	err  error
}

func newProxied(l net.Listener, t Trusted) *proxied {
	p := &proxied{Listener: l, trusted: t, arrivals: make(chan arrival), done: make(chan struct{})}
	go p.run()
	return p
}

func (p *proxied) run() {
	for {
		c, err := p.Listener.Accept()
		switch {
		case err != nil:
			if !p.hand(arrival{nil, err}) {
				return
			}
		case p.trusted.Has(c.RemoteAddr().String()):
			go p.begin(c)
		default:
			p.hand(arrival{c, nil})
		}
	}
}

// hand waits until somebody accepts; false once the listener is closed.
func (p *proxied) hand(a arrival) bool {
	select {
	case p.arrivals <- a:
		return true
	case <-p.done:
		if a.conn != nil {
			_ = a.conn.Close()
		}
		return false
	}
}

func (p *proxied) begin(c net.Conn) {
	_ = c.SetReadDeadline(time.Now().Add(proxyTime)) // an error shows in the read
	r := bufio.NewReader(c)
	from, err := readProxy(r)
	if err == nil {
		_, err = r.Peek(1)
	}
	if err != nil {
		_ = c.Close()
		return
	}
	_ = c.SetReadDeadline(time.Time{})
	begun := &begunConn{Conn: c, rest: r, remote: c.RemoteAddr()}
	if from.IsValid() {
		begun.remote = net.TCPAddrFromAddrPort(from)
	}
	p.hand(arrival{begun, nil})
}

func (p *proxied) Accept() (net.Conn, error) {
	select {
	case a := <-p.arrivals:
		return a.conn, a.err
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *proxied) Close() error {
	p.once.Do(func() { close(p.done) })
	return p.Listener.Close()
}

// begunConn is a connection whose first bytes have been looked at.
type begunConn struct {
	net.Conn
	rest   *bufio.Reader
	remote net.Addr
}

func (c *begunConn) Read(p []byte) (int, error) { return c.rest.Read(p) }
func (c *begunConn) RemoteAddr() net.Addr       { return c.remote }

// CloseWrite ends writing.
func (c *begunConn) CloseWrite() error {
	if w, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return nil
}
