package link

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Pipe carries bytes between connections on a loopback port and a Unix socket.
type Pipe struct {
	in     net.Listener
	socket string
	faults atomic.Pointer[Faults]
	life   context.Context
	end    context.CancelFunc

	mu    sync.Mutex
	conns map[net.Conn]bool
}

// NewPipe listens on a free port; each connection there becomes one to the socket.
func NewPipe(socket string) (*Pipe, error) {
	in, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("pipe: %w", err)
	}
	p := &Pipe{in: in, socket: socket, conns: map[net.Conn]bool{}}
	p.life, p.end = context.WithCancel(context.Background())
	p.faults.Store(&Faults{})
	go p.accept()
	return p, nil
}

// Addr is host:port of the pipe.
func (p *Pipe) Addr() string { return p.in.Addr().String() }

// Set changes the faults: Cut, Delay (a piece of data) and Drip. Refused also
// breaks the connections that there are.
func (p *Pipe) Set(f Faults) {
	p.faults.Store(&f)
	if f.Cut == Refused {
		p.breakAll()
	}
}

// Close ends the pipe with its connections.
func (p *Pipe) Close() {
	p.end()
	_ = p.in.Close()
	p.breakAll()
}

func (p *Pipe) breakAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
}

func (p *Pipe) keep(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[c] = true
}

func (p *Pipe) drop(c net.Conn) {
	p.mu.Lock()
	delete(p.conns, c)
	p.mu.Unlock()
	_ = c.Close()
}

func (p *Pipe) accept() {
	for {
		c, err := p.in.Accept()
		if err != nil {
			return
		}
		go p.serve(c)
	}
}

func (p *Pipe) serve(c net.Conn) {
	p.keep(c)
	defer p.drop(c)
	if p.faults.Load().Cut == Refused {
		return
	}
	far, err := net.Dial("unix", p.socket)
	if err != nil {
		return
	}
	p.keep(far)
	defer p.drop(far)
	var wg sync.WaitGroup
	wg.Go(func() { p.copy(far, c, func(k Cut) bool { return k == Silent }); _ = far.Close() })
	wg.Go(func() { p.copy(c, far, func(k Cut) bool { return k == Silent || k == Half }); _ = c.Close() })
	wg.Wait()
}

// copy moves bytes until either side ends; while stopped says so they wait.
func (p *Pipe) copy(to, from net.Conn, stopped func(Cut) bool) {
	buf := make([]byte, 16<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && !p.move(to, buf[:n], stopped) {
			return
		}
		if err != nil {
			return
		}
	}
}

func (p *Pipe) move(to net.Conn, data []byte, stopped func(Cut) bool) bool {
	for stopped(p.faults.Load().Cut) {
		wait(p.life, 20*time.Millisecond)
		if p.life.Err() != nil {
			return false
		}
	}
	f := p.faults.Load()
	if f.Delay > 0 {
		wait(p.life, f.Delay)
	}
	if f.Drip <= 0 {
		_, err := to.Write(data)
		return err == nil
	}
	for piece := range chunks(data, 64) {
		if _, err := to.Write(piece); err != nil {
			return false
		}
		wait(p.life, f.Drip)
	}
	return true
}
