package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
)

// beaten is a store on a Redis of its own, with its marks.
func beaten(t *testing.T, o store.Options, args ...string) (*env, *store.Incarnation) {
	t.Helper()
	if realURL == "" {
		t.Skip("no redis-server here")
	}
	addr, stop, err := startRedis(t.TempDir(), args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	e := open(t, "redis://"+addr, true)
	e.Store = e.again(t, o)
	m, err := e.Incarnation(store.IncarnationOptions{Locations: []charging.LocationID{site}})
	if err != nil {
		t.Fatal(err)
	}
	return e, m
}

// Every way in which a Redis that answers takes no writes is said by the next
// heartbeat, with what to do, and is over with the first heartbeat after it. A PING, which
// was all that was asked before, is answered in each of them.
func TestBeatsSayWhetherAStoreTakesWrites(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ setting, value, back, want string }{
		"full memory":     {"maxmemory", "1", "0", "raise maxmemory"},
		"a replica":       {"replicaof", "127.0.0.1 1", "no one", "REPLICAOF NO ONE"},
		"replicas lacked": {"min-replicas-to-write", "1", "0", "start replicas"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, m := beaten(t, store.Options{})
			remembers(t, m, "")
			set := func(value string) {
				t.Helper()
				args := []any{"CONFIG", "SET", c.setting, value}
				if host, port, ok := strings.Cut(value, " "); c.setting == "replicaof" && ok {
					args = []any{"REPLICAOF", host, port}
				}
				done(t, e.raw.Do(t.Context(), args...).Err())
			}
			set(c.value)
			if _, _, err := m.Check(t.Context()); err == nil {
				t.Fatal("the beat was taken")
			}
			done(t, e.Ping(t.Context()))
			if some, err := m.Writes(); err == nil || some != "" || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q, %v", some, err)
			}
			set(c.back)
			remembers(t, m, "")
			if some, err := m.Writes(); err != nil || some != "" {
				t.Errorf("after it: %q, %v", some, err)
			}
		})
	}
}

// A store that waits for replicas and has none can promise nothing, although it
// takes every write.
func TestBeatsWaitForReplicas(t *testing.T) {
	t.Parallel()
	_, m := beaten(t, store.Options{Replicas: 1})
	if _, _, err := m.Check(t.Context()); err == nil {
		t.Fatal("the beat is promised")
	}
	if _, err := m.Writes(); err == nil || !strings.Contains(err.Error(), "0 of 1 replicas") || !strings.Contains(err.Error(), "start replicas") {
		t.Error(err)
	}
}

// A store that answers reads and holds writes back is found while the heartbeat is on its way.
func TestBeatsThatAreHeldBack(t *testing.T) {
	t.Parallel()
	e, m := beaten(t, store.Options{})
	remembers(t, m, "")
	done(t, e.raw.Do(t.Context(), "CLIENT", "PAUSE", "60000", "WRITE").Err())
	began := time.Now()
	checked := make(chan struct{})
	go func() {
		defer close(checked)
		_, _, _ = m.Check(t.Context())
	}()
	for {
		if _, err := m.Writes(); err != nil {
			if !strings.Contains(err.Error(), "CLIENT PAUSE") {
				t.Error(err)
			}
			break
		}
		done(t, e.Ping(t.Context()))
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("found after %s", took)
	}
	done(t, e.raw.Do(t.Context(), "CLIENT", "UNPAUSE").Err())
	<-checked
}

// Settings that become weaker while the server runs are told apart from those
// that it has started with.
func TestSettingsThatBecomeWeaker(t *testing.T) {
	t.Parallel()
	e, _ := beaten(t, store.Options{}, "--appendfsync", "always", "--save", "3600 1")
	was, err := e.Check(t.Context())
	done(t, err)
	if all := was.Weaker(was); len(all) != 0 {
		t.Errorf("nothing has changed: %q", all)
	}
	for _, c := range [][4]string{
		{"maxmemory-policy", "allkeys-lru", "noeviction", "CONFIG SET maxmemory-policy noeviction"},
		{"appendfsync", "everysec", "always", "CONFIG SET appendfsync always"},
		{"maxmemory", "300mb", "0", "CONFIG SET maxmemory 0"},
		// Not set back: the rewrite that this begins would outlive a server that is killed,
		// and go on writing into a directory that is being removed.
		{"appendonly", "no", "", "CONFIG SET appendonly yes"},
	} {
		done(t, e.raw.ConfigSet(t.Context(), c[0], c[1]).Err())
		now, err := e.Settings(t.Context())
		done(t, err)
		if all := now.Weaker(was); len(all) != 1 || !strings.Contains(all[0], c[3]) {
			t.Errorf("%s %s: %q", c[0], c[1], all)
		}
		if all := was.Weaker(now); len(all) != 0 {
			t.Errorf("%s is better now: %q", c[0], all)
		}
		if c[2] != "" {
			done(t, e.raw.ConfigSet(t.Context(), c[0], c[2]).Err())
		}
	}
}
