package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/eletrovia/eletrovia/services/e2e/chaos/link"
)

// Server is one eletrovia serve, kept running until it is told to be down.
type Server struct {
	Name string
	// Line is between the server and its company's store.
	Line *link.Pipe

	bin, dir   string
	args       []string
	fixed, env []string
	// Lives counts the starts; Deaths the ends that nobody here asked for.
	Lives, Deaths atomic.Int64

	mu   sync.Mutex
	p    *process
	addr atomic.Pointer[string]
	mqtt atomic.Pointer[string]
	down bool // an end that was asked for
	// frozen is since when (Unix ns) the process is stopped; 0 while it is not.
	frozen atomic.Int64
}

// Addr is host:port of REST; empty while the server is down.
func (s *Server) Addr() string {
	if a := s.addr.Load(); a != nil {
		return *a
	}
	return ""
}

// overlooked is how long a balancer goes on to send requests to a server that is
// frozen: as long as its checks of health take to tell.
const overlooked = time.Second

// seemsWell is what a balancer thinks of the server.
func (s *Server) seemsWell() bool {
	since := s.frozen.Load()
	return s.Addr() != "" && (since == 0 || time.Since(time.Unix(0, since)) < overlooked)
}

// Use changes the program and adds variables for the next start.
func (s *Server) Use(bin string, env ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bin, s.env = bin, env
}

// Start starts the server and returns when it accepts requests. It is tried
// again until the context ends, a server whose store is away does not start; not
// where the program refuses what it is told.
func (s *Server) Start(ctx context.Context) error {
	for {
		err := s.startOnce(ctx)
		if err == nil || ctx.Err() != nil || errors.Is(err, errRefused) {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (s *Server) startOnce(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.p != nil {
		return nil
	}
	r, w := io.Pipe()
	p, err := launch(s.bin, s.args, append(append([]string(nil), s.fixed...), s.env...), filepath.Join(s.dir, "server.log"), w)
	if err != nil {
		return err
	}
	go func() { <-p.done; _ = w.CloseWithError(errGone) }()
	said := make(chan error, 1)
	var ready struct {
		REST string `json:"rest"`
		MQTT string `json:"mqtt"`
	}
	go func() {
		said <- json.NewDecoder(r).Decode(&ready)
		_, _ = io.Copy(io.Discard, r)
	}()
	select {
	case err = <-said:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		p.kill()
		if p.cmd.ProcessState.ExitCode() == wrongUse {
			err = errRefused
		}
		log := filepath.Join(s.dir, "server.log")
		return fmt.Errorf("fleet: %s does not start: %w; %s ends with: %s", s.Name, err, log, end(log))
	}
	u, err := url.Parse(ready.REST)
	if err != nil {
		p.kill()
		return fmt.Errorf("fleet: %s: %w", s.Name, err)
	}
	host := u.Host
	s.p, s.down = p, false
	s.frozen.Store(0)
	s.addr.Store(&host)
	s.mqtt.Store(&ready.MQTT)
	s.Lives.Add(1)
	go s.watch(p)
	return nil
}

// wrongUse is how the program exits when it refuses what it is told: its flags, its variables.
const wrongUse = 2

var errRefused = errors.New("it refuses what it is told")

// end is the end of a log, which may be gone when somebody reads the error.
func end(log string) string {
	raw, err := os.ReadFile(log)
	if err != nil {
		return err.Error()
	}
	return string(raw[max(0, len(raw)-1000):])
}

// watch notes the end of one life, and begins another when nobody asked for it.
func (s *Server) watch(p *process) {
	<-p.done
	s.mu.Lock()
	mine := s.p == p
	if mine {
		s.p = nil
		s.left()
	}
	again := mine && !s.down
	s.mu.Unlock()
	if again {
		s.Deaths.Add(1)
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		_ = s.Start(ctx)
	}
}

func (s *Server) left() {
	s.addr.Store(nil)
	s.mqtt.Store(nil)
}

// Kill ends the server with SIGKILL; it stays down until Start.
func (s *Server) Kill() { s.end((*process).kill) }

// Stop asks the server to end (SIGTERM); it stays down until Start.
func (s *Server) Stop() { s.end(func(p *process) { p.stop(30 * time.Second) }) }

func (s *Server) end(how func(*process)) {
	s.mu.Lock()
	p := s.p
	s.down = true
	s.mu.Unlock()
	how(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.p == p {
		s.p = nil
		s.left()
	}
}

// Pause stops the server's process until Resume: a former owner that wakes up late.
func (s *Server) Pause() {
	s.frozen.CompareAndSwap(0, time.Now().UnixNano())
	s.send(syscall.SIGSTOP)
}

// Resume lets a paused server go on.
func (s *Server) Resume() {
	s.send(syscall.SIGCONT)
	s.frozen.Store(0)
}

func (s *Server) send(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.p.signal(sig)
}
