package redisrig

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Sentinels are a master with two replicas, watched by three sentinels that give
// a master up after three seconds. With one second, which is as often as they ask,
// they give up a new master on a busy machine before it has answered once.
type Sentinels struct {
	Nodes []*Server
	// URL as eletrovia takes it.
	URL string

	t        *testing.T
	watchers []*Server
}

// StartSentinels returns when the sentinels know each other and the replicas.
func StartSentinels(t *testing.T) *Sentinels {
	t.Helper()
	s := &Sentinels{t: t, Nodes: []*Server{Start(t)}}
	for range 2 {
		s.Nodes = append(s.Nodes, Start(t, "--replicaof", replicaOf(s.Nodes[0])))
	}
	for _, n := range s.Nodes[1:] {
		Until(t, "a replica follows", n.follows)
	}
	var hosts []string
	for range 3 {
		w := s.watch(s.Nodes[0])
		hosts, s.watchers = append(hosts, w.Addr), append(s.watchers, w)
	}
	s.whole(2)
	s.URL = "redis+sentinel://" + strings.Join(hosts, ",") + "/" + MasterName
	return s
}

// replicaOf names a master as the setting replicaof does.
func replicaOf(master *Server) string {
	host, port, _ := net.SplitHostPort(master.Addr)
	return host + " " + port
}

// watch starts a sentinel.
func (s *Sentinels) watch(master *Server) *Server {
	s.t.Helper()
	w := &Server{t: s.t, dir: s.t.TempDir()}
	p := FreePort()
	conf := filepath.Join(w.dir, "sentinel.conf")
	text := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %s\nlogfile %s/redis.log\n", p, w.dir, w.dir) +
		fmt.Sprintf("sentinel monitor %[1]s %[2]s 2\nsentinel down-after-milliseconds %[1]s 3000\nsentinel failover-timeout %[1]s 4000\n",
			MasterName, replicaOf(master))
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	w.Addr, w.args = "127.0.0.1:"+strconv.Itoa(p), []string{conf, "--sentinel"}
	w.Start()
	s.t.Cleanup(w.end)
	if !w.Answers() {
		s.t.Fatal("a sentinel does not answer")
	}
	return w
}

// whole waits until every sentinel is content with the master and so many replicas.
func (s *Sentinels) whole(replicas int) {
	s.t.Helper()
	for _, w := range s.watchers {
		Until(s.t, "the sentinels know each other and the replicas", func() bool {
			line := w.Info("sentinel", "master0")
			return strings.Contains(line, fmt.Sprint("slaves=", replicas)) && strings.Contains(line, "sentinels=3") && strings.Contains(line, "status=ok")
		})
	}
}

// Master is the node that takes writes; nil while there is none.
func (s *Sentinels) Master() *Server {
	for _, n := range s.Nodes {
		if n.leads() {
			return n
		}
	}
	return nil
}

// MasterName is what the sentinels call the master.
const MasterName = "main"

// Watchers are the addresses of the sentinels.
func (s *Sentinels) Watchers() (addrs []string) {
	for _, w := range s.watchers {
		addrs = append(addrs, w.Addr)
	}
	return addrs
}

// Rejoin starts a node that was killed as a replica of the master, and waits
// until both replicas follow it. A node that came back as what it was, a master,
// would be told by the sentinels after some 10 s only.
func (s *Sentinels) Rejoin(n *Server) {
	s.t.Helper()
	master := s.Master()
	n.Start()
	if !n.Answers() {
		s.t.Fatal("a node does not come back")
	}
	n.Do("REPLICAOF", strings.Fields(replicaOf(master))[0], strings.Fields(replicaOf(master))[1])
	Until(s.t, "both replicas follow the new master", func() bool {
		for _, n := range s.Nodes {
			if n != master && !n.follows() {
				return false
			}
		}
		return true
	})
}
