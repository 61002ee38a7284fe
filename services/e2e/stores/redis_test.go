package stores

import (
	"context"
	"fmt"
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

// server is a redis-server (or a sentinel) of its own, on loopback.
type server struct {
	t    *testing.T
	addr string
	dir  string
	args []string
	cmd  *exec.Cmd
}

var nextPort atomic.Int32

// freePort is below 45000, because a cluster's bus is 10000 above.
func freePort() int {
	nextPort.CompareAndSwap(0, int32(26000+os.Getpid()%17000))
	for {
		port := int(nextPort.Add(1))
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			continue
		}
		_ = l.Close()
		return port
	}
}

// startRedis starts a redis-server that loses nothing, with further arguments.
func startRedis(t *testing.T, args ...string) *server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("needs redis-server")
	}
	for range 5 {
		s := &server{t: t, dir: t.TempDir()}
		port := strconv.Itoa(freePort())
		s.addr = "127.0.0.1:" + port
		s.args = append([]string{
			"--port", port, "--bind", "127.0.0.1", "--dir", s.dir, "--save", "", "--appendonly", "yes", "--appendfsync", "always",
			"--maxmemory-policy", "noeviction", "--repl-diskless-sync-delay", "0",
		}, args...)
		s.start()
		t.Cleanup(s.kill)
		if s.answers() {
			return s
		}
		s.kill()
	}
	t.Fatal("no redis-server answers")
	return nil
}

// start begins a life with what the last one has left.
func (s *server) start() {
	s.t.Helper()
	s.cmd = exec.Command("redis-server", s.args...)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
}

// kill is SIGKILL.
func (s *server) kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
}

func (s *server) client() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: s.addr, MaxRetries: -1})
}

func (s *server) answers() bool {
	c := s.client()
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

// do is one command, as with redis-cli.
func (s *server) do(args ...any) any {
	s.t.Helper()
	c := s.client()
	defer c.Close()
	got, err := c.Do(context.Background(), args...).Result()
	if err != nil {
		s.t.Fatalf("%v: %v", args, err)
	}
	return got
}

// info is one field of INFO; empty while the server does not answer: whoever
// becomes a master drops its clients.
func (s *server) info(section, field string) string {
	c := s.client()
	defer c.Close()
	text, _ := c.Info(context.Background(), section).Result()
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), field+":"); ok {
			return v
		}
	}
	return ""
}

// sentinels is a master with two replicas, watched by three sentinels.
type sentinels struct {
	nodes []*server
	url   string
}

func startSentinels(t *testing.T) *sentinels {
	t.Helper()
	s := &sentinels{nodes: []*server{startRedis(t)}}
	_, port, _ := net.SplitHostPort(s.nodes[0].addr)
	for range 2 {
		s.nodes = append(s.nodes, startRedis(t, "--replicaof", "127.0.0.1 "+port))
	}
	for _, n := range s.nodes[1:] {
		until(t, "a replica follows", func() bool { return n.info("replication", "master_link_status") == "up" })
	}
	var hosts []string
	var all []*server
	for range 3 {
		w := &server{t: t, dir: t.TempDir()}
		p := freePort()
		conf := filepath.Join(w.dir, "sentinel.conf")
		text := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %s\nsentinel monitor main 127.0.0.1 %s 2\n"+
			"sentinel down-after-milliseconds main 1000\nsentinel failover-timeout main 4000\n", p, w.dir, port)
		if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		w.addr, w.args = "127.0.0.1:"+strconv.Itoa(p), []string{conf, "--sentinel"}
		w.start()
		t.Cleanup(w.kill)
		if !w.answers() {
			t.Fatal("a sentinel does not answer")
		}
		hosts, all = append(hosts, w.addr), append(all, w)
	}
	for _, w := range all {
		until(t, "the sentinels know each other and the replicas", func() bool {
			line := w.info("sentinel", "master0")
			return strings.Contains(line, "slaves=2") && strings.Contains(line, "sentinels=3") && strings.Contains(line, "status=ok")
		})
	}
	s.url = "redis+sentinel://" + strings.Join(hosts, ",") + "/main"
	return s
}

// master is the node that takes writes, or nil.
func (s *sentinels) master() *server {
	for _, n := range s.nodes {
		if n.cmd != nil && n.info("replication", "role") == "master" {
			return n
		}
	}
	return nil
}

// startCluster is a cluster of masters, each with so many replicas.
func startCluster(t *testing.T, masters, replicas int) (nodes []*server, url string) {
	t.Helper()
	cli, err := exec.LookPath("redis-cli")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("needs redis-cli")
	}
	args := []string{"--cluster", "create"}
	for range masters * (1 + replicas) {
		n := startRedis(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
		nodes = append(nodes, n)
		args = append(args, n.addr)
	}
	args = append(args, "--cluster-replicas", strconv.Itoa(replicas), "--cluster-yes")
	if out, err := exec.Command(cli, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	until(t, "every replica follows", func() bool {
		following := 0
		for _, n := range nodes {
			if n.info("replication", "master_link_status") == "up" {
				following++
			}
		}
		return following == masters*replicas
	})
	var hosts []string
	for _, n := range nodes {
		until(t, "the cluster is whole", func() bool {
			text, _ := n.do("CLUSTER", "INFO").(string)
			return strings.Contains(text, "cluster_state:ok") && strings.Contains(text, fmt.Sprintf("cluster_known_nodes:%d", len(nodes)))
		})
		hosts = append(hosts, n.addr)
	}
	return nodes, "redis+cluster://" + strings.Join(hosts, ",")
}

// until polls a condition that no event announces; a minute is as good as for ever.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		<-time.After(20 * time.Millisecond)
	}
}
