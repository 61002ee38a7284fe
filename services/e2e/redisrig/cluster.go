package redisrig

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// Cluster is a Redis Cluster whose nodes give each other up after three seconds.
type Cluster struct {
	Nodes []*Server
	// URL as eletrovia takes it.
	URL string
}

// Addrs are the addresses of all nodes.
func (c *Cluster) Addrs() (addrs []string) {
	for _, n := range c.Nodes {
		addrs = append(addrs, n.Addr)
	}
	return addrs
}

// StartCluster is a cluster of masters, each with so many replicas; it returns
// when the cluster is whole.
func StartCluster(t *testing.T, masters, replicas int) *Cluster {
	t.Helper()
	needs(t, "redis-cli")
	c := &Cluster{}
	args := []string{"--cluster", "create"}
	for range masters * (1 + replicas) {
		n := Start(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "3000")
		c.Nodes = append(c.Nodes, n)
	}
	args = append(append(args, c.Addrs()...), "--cluster-replicas", strconv.Itoa(replicas), "--cluster-yes")
	if out, err := exec.Command("redis-cli", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	Until(t, "every replica follows", func() bool { return c.following() == masters*replicas })
	for _, n := range c.Nodes {
		Until(t, "the cluster is whole", func() bool {
			text, _ := n.Do("CLUSTER", "INFO").(string)
			return strings.Contains(text, "cluster_state:ok") && strings.Contains(text, fmt.Sprintf("cluster_known_nodes:%d", len(c.Nodes)))
		})
	}
	c.URL = "redis+cluster://" + strings.Join(c.Addrs(), ",")
	return c
}

// following counts the replicas that have all their masters have.
func (c *Cluster) following() (n int) {
	for _, s := range c.Nodes {
		if s.follows() {
			n++
		}
	}
	return n
}

// Keeper is the master that has a key of a pattern; nil while there is none.
func (c *Cluster) Keeper(pattern string) *Server {
	for _, n := range c.Nodes {
		if n.leads() && n.has(pattern) {
			return n
		}
	}
	return nil
}

func (s *Server) has(pattern string) bool {
	c := s.Client()
	defer c.Close()
	keys, _ := c.Keys(context.Background(), pattern).Result()
	return len(keys) > 0
}

// ReplicaOf is a replica of a master; nil while it has none.
func (c *Cluster) ReplicaOf(master *Server) *Server {
	for _, n := range c.Nodes {
		if n.follows() && net.JoinHostPort(n.Info("replication", "master_host"), n.Info("replication", "master_port")) == master.Addr {
			return n
		}
	}
	return nil
}
