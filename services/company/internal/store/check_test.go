package store_test

import (
	"strings"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
)

// What doctor says of a configuration: every way to lose something, with what to
// do about it, and nothing else.
func TestRisksOfAConfiguration(t *testing.T) {
	t.Parallel()
	sound := store.Settings{Known: true, AppendOnly: true, Fsync: "always", Policy: "noeviction", Masters: 1}
	for name, c := range map[string]struct {
		change func(*store.Settings)
		loses  string
		risks  []string
	}{
		"single, always":       {func(*store.Settings) {}, "nothing that was acknowledged", nil},
		"everysec":             {func(s *store.Settings) { s.Fsync = "everysec" }, "a second", nil},
		"snapshots only":       {func(s *store.Settings) { s.AppendOnly, s.Snapshots = false, true }, "last snapshot", nil},
		"nothing":              {func(s *store.Settings) { s.AppendOnly = false }, "everything", nil},
		"says nothing":         {func(s *store.Settings) { s.Known = false }, "unknown", []string{"CONFIG"}},
		"limited memory":       {func(s *store.Settings) { s.MaxMemory = 100 << 20 }, "nothing", []string{"100 MB"}},
		"cluster, no replicas": {func(s *store.Settings) { s.Masters = 3 }, "nothing", []string{"without replicas"}},
		"cluster, not awaited": {func(s *store.Settings) { s.Masters, s.Replicas = 3, 1 }, "nothing", []string{"--store-replicas 1"}},
		"Sentinel as it should be": {func(s *store.Settings) {
			s.Sentinel, s.Replicas, s.Awaited, s.MinReplicas = true, 2, 1, 1
		}, "nothing", nil},
		"Sentinel, not awaited": {func(s *store.Settings) { s.Sentinel, s.Replicas, s.MinReplicas = true, 2, 1 }, "nothing", []string{"--store-replicas 1"}},
		"Sentinel, one replica": {func(s *store.Settings) {
			s.Sentinel, s.Replicas, s.Awaited = true, 1, 1
		}, "nothing", []string{"one replica less", "min-replicas-to-write"}},
		"Sentinel, none left": {func(s *store.Settings) {
			s.Sentinel, s.Awaited, s.MinReplicas = true, 1, 1
		}, "nothing", []string{"nothing can be promised now"}},
	} {
		s := sound
		c.change(&s)
		if got := s.Loses(); !strings.Contains(got, c.loses) {
			t.Errorf("%s: loses %q", name, got)
		}
		risks := s.Risks()
		if len(risks) != len(c.risks) {
			t.Errorf("%s: %q", name, risks)
			continue
		}
		for i, want := range c.risks {
			if !strings.Contains(risks[i], want) {
				t.Errorf("%s: %q, want %q", name, risks[i], want)
			}
		}
	}
}

// The settings are read from a real server, and a replica is counted.
func TestCheckCountsReplicas(t *testing.T) {
	t.Parallel()
	if realURL == "" {
		t.Skip("no redis-server here")
	}
	master, stop, err := startRedis(t.TempDir(), "--appendfsync", "always", "--maxmemory", "200mb", "--repl-diskless-sync-delay", "0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	host, port, _ := strings.Cut(master, ":")
	_, stopReplica, err := startRedis(t.TempDir(), "--replicaof", host+" "+port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stopReplica)
	e := open(t, "redis://"+master, true)
	e.Store = e.again(t, store.Options{Replicas: 1})
	var s store.Settings
	for s.Replicas != 1 {
		if s, err = e.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if !s.Known || !s.AppendOnly || s.Fsync != "always" || s.MaxMemory != 200<<20 || s.Masters != 1 || s.Awaited != 1 || s.Sentinel {
		t.Errorf("%+v", s)
	}
	// While the replica is still reading its master, nothing is promised; the
	// same step, repeated, is answered once the replica has it.
	h := e.hold(0, pending)
	e.must(t, h)
	for {
		_, err := e.Confirm(t.Context(), at(h))
		if err == nil {
			break
		}
		if r := refused(t, err, charging.CodeStoreUnavailable); r.RetryAfter == 0 || !strings.Contains(r.Detail, "0 of 1 replicas") {
			t.Fatal(r)
		}
	}
	stopReplica()
	if _, err := e.Compensate(t.Context(), at(h)); err == nil {
		t.Error("a release is acknowledged without a replica")
	}
}
