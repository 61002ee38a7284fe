package stores

import (
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/app"
	"github.com/eletrovia/eletrovia/services/e2e/redisrig"
)

func only(id charging.CompanyID, s app.Store) map[charging.CompanyID]app.Store {
	return map[charging.CompanyID]app.Store{id: s}
}

// A master behind Sentinel is killed while trips are booked: what was answered
// is on a replica, and booking goes on at the new master.
func TestSentinelFailsOverUnderLoad(t *testing.T) {
	t.Parallel()
	s := redisrig.StartSentinels(t)
	f := start(t, only("MAR", app.Store{URL: s.URL}))
	l := f.load(6)
	l.more(t, 10)
	old := s.Master()
	old.Kill()
	killed := time.Now()
	redisrig.Until(t, "another node is the master", func() bool { m := s.Master(); return m != nil && m != old })
	l.more(t, 3)
	t.Logf("booking again %s after the kill", time.Since(killed).Round(100*time.Millisecond))
	l.stop()
	f.books("MAR", 1, hours)
	f.judge(l.said)
}

// Without a replica in time nothing is promised; with one it is, by the same trip.
func TestNothingIsPromisedWithoutAReplica(t *testing.T) {
	t.Parallel()
	s := redisrig.StartSentinels(t)
	f := start(t, only("MAR", app.Store{URL: s.URL}))
	first := f.books("SER", 1, 0)
	master := s.Master()
	for _, n := range s.Nodes {
		if n != master {
			n.Kill()
		}
	}
	got, err := f.as("SER", vehicle(2)).CreateTrip(t.Context(), journey(vehicle(2), 10), "", 3*time.Second)
	if err == nil && got.State == "CONFIRMED" {
		t.Fatal("promised by a master alone")
	}
	for _, n := range s.Nodes {
		if n != master {
			n.Start()
		}
	}
	f.books("SER", 3, 20)
	f.judge(map[charging.TripID]charging.CompanyID{first.ID: "SER"})
}

// Three masters with a replica each; the one with SER's calendar is killed while
// trips are booked.
func TestClusterFailsOverUnderLoad(t *testing.T) {
	t.Parallel()
	c := redisrig.StartCluster(t, 3, 1)
	f := start(t, only("SER", app.Store{URL: c.URL, Replicas: 1}))
	l := f.load(6)
	l.more(t, 10)
	key := "cal:*:" + string(plug["SER"])
	old := c.Keeper(key)
	old.Kill()
	killed := time.Now()
	redisrig.Until(t, "its replica is the master", func() bool { return c.Keeper(key) != nil })
	t.Logf("another master %s after the kill", time.Since(killed).Round(100*time.Millisecond))
	old.Start() // as a replica: the new master has none, and promises nothing without one
	l.more(t, 3)
	l.stop()
	f.books("SER", 1, hours)
	f.judge(l.said)
}

// A Redis that is killed in the middle of sagas, and starts again with its file.
func TestRestartInTheMiddle(t *testing.T) {
	t.Parallel()
	r := redisrig.Start(t)
	f := start(t, only("CAJ", app.Store{URL: "redis://" + r.Addr}))
	l := f.load(6)
	for range 3 {
		l.more(t, 4)
		r.Kill()
		r.Start()
		if !r.Answers() {
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
	r := redisrig.Start(t)
	f := start(t, only("MAR", app.Store{URL: "redis://" + r.Addr}))
	l := f.load(6)
	l.more(t, 5)
	r.Do("CONFIG", "SET", "maxmemory", "1mb")
	_, err := f.as("MAR", vehicle(1)).CreateTrip(t.Context(), journey(vehicle(1), hours), "", 3*time.Second)
	if charging.CodeOf(err) != charging.CodeStoreUnavailable {
		t.Errorf("a full store: %v", err)
	}
	r.Do("CONFIG", "SET", "maxmemory", "0")
	l.more(t, 5)
	l.stop()
	f.judge(l.said)
}

// A Redis that has become a replica of nobody in particular takes no writes.
func TestReadOnlyStore(t *testing.T) {
	t.Parallel()
	r := redisrig.Start(t)
	f := start(t, only("SER", app.Store{URL: "redis://" + r.Addr}))
	l := f.load(6)
	l.more(t, 5)
	r.Do("REPLICAOF", "127.0.0.1", "1")
	_, err := f.as("SER", vehicle(1)).CreateTrip(t.Context(), journey(vehicle(1), hours), "", 3*time.Second)
	if charging.CodeOf(err) != charging.CodeStoreUnavailable {
		t.Errorf("a read-only store: %v", err)
	}
	r.Do("REPLICAOF", "NO", "ONE")
	l.more(t, 5)
	l.stop()
	f.judge(l.said)
}

// Every company on another kind of store, trips over all three from each.
func TestEveryKindOfStoreAtOnce(t *testing.T) {
	t.Parallel()
	s := redisrig.StartSentinels(t)
	cluster := redisrig.StartCluster(t, 3, 0)
	f := start(t, map[charging.CompanyID]app.Store{"MAR": {URL: s.URL}, "SER": {URL: cluster.URL}})
	l := f.load(6)
	l.more(t, 20)
	l.stop()
	f.judge(l.said)
}
