package stores

import (
	"context"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/app"
)

func only(id charging.CompanyID, s app.Store) map[charging.CompanyID]app.Store {
	return map[charging.CompanyID]app.Store{id: s}
}

// A master behind Sentinel is killed while trips are booked: what was answered
// is on a replica, and booking goes on at the new master.
func TestSentinelFailsOverUnderLoad(t *testing.T) {
	t.Parallel()
	s := startSentinels(t)
	f := start(t, only("MAR", app.Store{URL: s.url}))
	l := f.load(6)
	l.more(t, 10)
	old := s.master()
	old.kill()
	killed := time.Now()
	until(t, "another node is the master", func() bool { m := s.master(); return m != nil && m != old })
	l.more(t, 3)
	t.Logf("booking again %s after the kill", time.Since(killed).Round(100*time.Millisecond))
	l.stop()
	f.books("MAR", 1, hours)
	f.judge(l.said)
}

// Without a replica in time nothing is promised; with one it is, by the same trip.
func TestNothingIsPromisedWithoutAReplica(t *testing.T) {
	t.Parallel()
	s := startSentinels(t)
	f := start(t, only("MAR", app.Store{URL: s.url}))
	first := f.books("SER", 1, 0)
	master := s.master()
	for _, n := range s.nodes {
		if n != master {
			n.kill()
		}
	}
	got, err := f.as("SER", vehicle(2)).CreateTrip(t.Context(), journey(vehicle(2), 10), "", 3*time.Second)
	if err == nil && got.State == "CONFIRMED" {
		t.Fatal("promised by a master alone")
	}
	for _, n := range s.nodes {
		if n != master {
			n.start()
		}
	}
	f.books("SER", 3, 20)
	f.judge(map[charging.TripID]charging.CompanyID{first.ID: "SER"})
}

// Three masters with a replica each; the one with SER's calendar is killed while
// trips are booked.
func TestClusterFailsOverUnderLoad(t *testing.T) {
	t.Parallel()
	nodes, url := startCluster(t, 3, 1)
	f := start(t, only("SER", app.Store{URL: url, Replicas: 1}))
	l := f.load(6)
	l.more(t, 10)
	key := "cal:*:" + string(plug["SER"])
	old := keeper(nodes, key)
	old.kill()
	killed := time.Now()
	until(t, "its replica is the master", func() bool { return keeper(nodes, key) != nil })
	t.Logf("another master %s after the kill", time.Since(killed).Round(100*time.Millisecond))
	old.start() // as a replica: the new master has none, and promises nothing without one
	l.more(t, 3)
	l.stop()
	f.books("SER", 1, hours)
	f.judge(l.said)
}

// A Redis that is killed in the middle of sagas, and starts again with its file.
func TestRestartInTheMiddle(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	f := start(t, only("CAJ", app.Store{URL: "redis://" + r.addr}))
	l := f.load(6)
	for range 3 {
		l.more(t, 4)
		r.kill()
		r.start()
		if !r.answers() {
			t.Fatal("the store does not come back")
		}
	}
	l.more(t, 4)
	l.stop()
	f.judge(l.said)
}

// A Redis that is full refuses what is new, says so, and goes on once there is room.
func TestFullStore(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	f := start(t, only("MAR", app.Store{URL: "redis://" + r.addr}))
	l := f.load(6)
	l.more(t, 5)
	r.do("CONFIG", "SET", "maxmemory", "1mb")
	_, err := f.as("MAR", vehicle(1)).CreateTrip(t.Context(), journey(vehicle(1), hours), "", 3*time.Second)
	if charging.CodeOf(err) != charging.CodeStoreUnavailable {
		t.Errorf("a full store: %v", err)
	}
	r.do("CONFIG", "SET", "maxmemory", "0")
	l.more(t, 5)
	l.stop()
	f.judge(l.said)
}

// A Redis that has become a replica of nobody in particular takes no writes.
func TestReadOnlyStore(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	f := start(t, only("SER", app.Store{URL: "redis://" + r.addr}))
	l := f.load(6)
	l.more(t, 5)
	r.do("REPLICAOF", "127.0.0.1", "1")
	_, err := f.as("SER", vehicle(1)).CreateTrip(t.Context(), journey(vehicle(1), hours), "", 3*time.Second)
	if charging.CodeOf(err) != charging.CodeStoreUnavailable {
		t.Errorf("a read-only store: %v", err)
	}
	r.do("REPLICAOF", "NO", "ONE")
	l.more(t, 5)
	l.stop()
	f.judge(l.said)
}

// keeper is the master of a cluster that has a key; nil while there is none.
func keeper(nodes []*server, pattern string) *server {
	for _, n := range nodes {
		if n.cmd == nil || n.info("replication", "role") != "master" {
			continue
		}
		c := n.client()
		keys, _ := c.Keys(context.Background(), pattern).Result()
		_ = c.Close()
		if len(keys) > 0 {
			return n
		}
	}
	return nil
}

// Every company on another kind of store, trips over all three from each.
func TestEveryKindOfStoreAtOnce(t *testing.T) {
	t.Parallel()
	s := startSentinels(t)
	_, cluster := startCluster(t, 3, 0)
	f := start(t, map[charging.CompanyID]app.Store{"MAR": {URL: s.url}, "SER": {URL: cluster}})
	l := f.load(6)
	l.more(t, 20)
	l.stop()
	f.judge(l.said)
}
