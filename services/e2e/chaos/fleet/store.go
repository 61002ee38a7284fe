package fleet

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// Store is a redis-server on a Unix socket, with appendfsync always. Each of the
// company's servers has a pipe of its own to it.
type Store struct {
	// Skew of the store's clock against the machine's.
	Skew time.Duration

	dir, preload string
	mu           sync.Mutex
	p            *process
}

func newStore(dir, preload string, skew time.Duration) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	return &Store{dir: dir, preload: preload, Skew: skew}, nil
}

func (s *Store) socket() string { return filepath.Join(s.dir, "redis.sock") }

// Start starts the store with what it had, unless it runs, and returns when it
// answers.
func (s *Store) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.p != nil && s.p.running() {
		return nil
	}
	args := []string{
		"--port", "0", "--unixsocket", s.socket(), "--dir", s.dir, "--save", "", "--appendonly", "yes",
		"--appendfsync", "always", "--maxmemory-policy", "noeviction", "--loglevel", "warning", "--logfile", "",
	}
	var env []string
	if s.Skew != 0 {
		env = []string{"LD_PRELOAD=" + s.preload, "CHAOS_SKEW_MS=" + strconv.FormatInt(s.Skew.Milliseconds(), 10)}
	}
	p, err := launch("redis-server", args, env, filepath.Join(s.dir, "redis.log"), nil)
	if err != nil {
		return err
	}
	s.p = p
	c := s.Client()
	defer c.Close()
	for {
		if c.Ping(ctx).Err() == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("fleet: the store in %s: %w; see redis.log there", s.dir, errGone)
		case <-ctx.Done():
			return fmt.Errorf("fleet: the store in %s does not answer: %w", s.dir, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Client reads the store past the pipe.
func (s *Store) Client() *redis.Client {
	return redis.NewClient(&redis.Options{Network: "unix", Addr: s.socket(), ReadTimeout: 30 * time.Second})
}

// Kill ends the store with SIGKILL.
func (s *Store) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.p.kill()
	s.p = nil
}

// Pause stops the store's process until Resume.
func (s *Store) Pause() { s.send(syscall.SIGSTOP) }

// Resume lets a paused store go on.
func (s *Store) Resume() { s.send(syscall.SIGCONT) }

func (s *Store) send(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.p.signal(sig)
}
