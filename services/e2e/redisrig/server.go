// Package redisrig starts redis-servers for tests, alone, behind Sentinel or as
// a Redis Cluster, and hurts them. All are on loopback and end with their test.
package redisrig

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Server is a redis-server (or a sentinel) of its own.
type Server struct {
	// Addr is host:port, the same in all its lives.
	Addr string

	t    *testing.T
	dir  string
	args []string
	cmd  *exec.Cmd
}

var nextPort atomic.Int32

// Ports of redis-servers are below 20000, so that those of a cluster's bus, 10000
// above, are below what Linux gives to connections that go out.
const (
	firstPort, ports = 10000, 10000
	busAbove         = 10000
)

// FreePort is a port for a redis-server. Each process begins at another place;
// whoever takes one still looks whether the server that answers is its own.
func FreePort() int {
	nextPort.CompareAndSwap(0, int32(1+os.Getpid()*131%ports))
	for {
		port := firstPort + int(nextPort.Add(1))%ports
		if free(port) && free(port+busAbove) {
			return port
		}
	}
}

func free(port int) bool {
	l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// needs skips a test where a program is missing; in CI that is a failure.
func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("needs " + program)
	}
}

// Start starts a redis-server that loses nothing, with further arguments, and
// returns when it answers.
func Start(t *testing.T, args ...string) *Server {
	t.Helper()
	needs(t, "redis-server")
	for range 5 {
		s := &Server{t: t, dir: t.TempDir()}
		port := strconv.Itoa(FreePort())
		s.Addr = "127.0.0.1:" + port
		s.args = append([]string{
			"--port", port, "--bind", "127.0.0.1", "--dir", s.dir, "--save", "", "--appendonly", "yes", "--appendfsync", "always",
			"--maxmemory-policy", "noeviction", "--repl-diskless-sync-delay", "0", "--logfile", filepath.Join(s.dir, "redis.log"),
		}, args...)
		s.Start()
		t.Cleanup(s.end)
		if s.Answers() && s.Info("server", "process_id") == strconv.Itoa(s.cmd.Process.Pid) {
			return s
		}
		s.Kill()
	}
	t.Fatal("no redis-server answers")
	return nil
}

// Start begins a life with what the last one has left, and waits for nothing.
func (s *Server) Start() {
	s.t.Helper()
	s.cmd = exec.Command("redis-server", s.args...)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
}

// Kill is SIGKILL; it returns when the process is gone.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
}

// end kills the server, and shows its log when the test has failed.
func (s *Server) end() {
	s.Kill()
	if s.t.Failed() {
		log, _ := os.ReadFile(filepath.Join(s.dir, "redis.log"))
		s.t.Logf("%s said: %s", s.Addr, log[max(0, len(log)-4000):])
	}
}

// Client asks this very server, once each time; the caller closes it.
func (s *Server) Client() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: s.Addr, MaxRetries: -1})
}

// Answers waits up to 10 s for a sign of life.
func (s *Server) Answers() bool {
	c := s.Client()
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for c.Ping(ctx).Err() != nil {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(10 * time.Millisecond):
		}
	}
	return true
}

// Do is one command, as with redis-cli; a refusal fails the test.
func (s *Server) Do(args ...any) any {
	s.t.Helper()
	c := s.Client()
	defer c.Close()
	got, err := c.Do(context.Background(), args...).Result()
	if err != nil {
		s.t.Fatalf("%v: %v", args, err)
	}
	return got
}

// Info is one field of INFO; empty while the server does not answer: whoever
// becomes a master drops its clients.
func (s *Server) Info(section, field string) string {
	c := s.Client()
	defer c.Close()
	text, _ := c.Info(context.Background(), section).Result()
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), field+":"); ok {
			return v
		}
	}
	return ""
}

// leads reports whether the server runs and is a master.
func (s *Server) leads() bool { return s.cmd != nil && s.Info("replication", "role") == "master" }

// follows reports whether the server is a replica that has all its master has.
func (s *Server) follows() bool {
	return s.cmd != nil && s.Info("replication", "master_link_status") == "up"
}

// Until polls a condition that no event announces; a minute is as good as for ever.
func Until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		<-time.After(20 * time.Millisecond)
	}
}
