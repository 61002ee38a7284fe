package store

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Settings of a Redis that decide what it can lose.
type Settings struct {
	// Known is false where Redis does not tell (CONFIG renamed, forbidden or missing).
	Known bool
	// AppendOnly and Fsync: "always" loses nothing that was acknowledged,
	// "everysec" up to a second at a power cut, no append-only file everything
	// since the last snapshot.
	AppendOnly bool
	Fsync      string
	// Snapshots is false where save is empty.
	Snapshots bool
	// Policy is maxmemory-policy; anything but noeviction is refused.
	Policy string
	// MaxMemory in bytes; 0 is no limit but the machine's.
	MaxMemory int64
	// Masters is how many there are, more than one in a cluster; Replicas is the
	// least that one of them has, MinReplicas the least min-replicas-to-write.
	Masters, Replicas, MinReplicas int
	// Awaited is how many replicas must have a promise before it is given.
	Awaited int
	// Sentinel is true where a fail-over can happen by itself; so it can in a
	// cluster with replicas.
	Sentinel bool
}

// Loses says in a sentence what a power cut would cost.
func (s Settings) Loses() string {
	switch {
	case !s.Known:
		return "unknown: the store does not tell its settings"
	case !s.AppendOnly && s.Snapshots:
		return "everything since the last snapshot: appendonly is off"
	case !s.AppendOnly:
		return "everything: appendonly is off, and there are no snapshots"
	case s.Fsync == "always":
		return "nothing that was acknowledged"
	default:
		return "up to a second or more of acknowledged writes: appendfsync is " + s.Fsync
	}
}

// Risks are what else these settings can lose or stop, each with what to do
// about it.
func (s Settings) Risks() []string {
	if !s.Known {
		return []string{"the store does not tell its settings (CONFIG): look at appendonly, appendfsync, save and maxmemory-policy yourself"}
	}
	var all []string
	add := func(when bool, format string, a ...any) {
		if when {
			all = append(all, fmt.Sprintf(format, a...))
		}
	}
	failover := s.Sentinel || s.Masters > 1 && s.Replicas > 0
	add(failover && s.Awaited == 0, "a fail-over can lose acknowledged promises: no replica is waited for (--store-replicas 1)")
	add(s.Awaited > 0 && s.Replicas < s.Awaited, "nothing can be promised now: %d replicas are waited for, %d are connected", s.Awaited, s.Replicas)
	add(s.Awaited > 0 && s.Replicas == s.Awaited, "one replica less and nothing can be promised: %d are waited for, %d are connected", s.Awaited, s.Replicas)
	add(s.Sentinel && s.MinReplicas == 0, "a master cut off from its replicas goes on taking holds that are lost when it returns; "+
		"promises are not answered there (set min-replicas-to-write 1)")
	add(s.Masters > 1 && s.Replicas == 0, "a cluster of %d masters without replicas: each one that fails closes its locations and trips", s.Masters)
	add(s.MaxMemory > 0, "at maxmemory (%d MB) nothing more can be booked, and releases wait", s.MaxMemory>>20)
	return all
}

// Check reads the settings, and refuses a store that may evict keys when memory is
// short: it would silently let go of holds and bookings.
func (c *conn) Check(ctx context.Context) (Settings, error) {
	s, err := c.Settings(ctx)
	if err == nil && s.evicts() {
		err = fmt.Errorf("the store's maxmemory-policy is %s: it could drop bookings; set it to noeviction", s.Policy)
	}
	return s, err
}

func (s Settings) evicts() bool { return s.Known && s.Policy != "noeviction" }

// Weaker says what has become worse since these settings were others, each with
// what to do about it; nothing where either does not tell.
func (s Settings) Weaker(was Settings) []string {
	if !s.Known || !was.Known {
		return nil
	}
	var all []string
	add := func(when bool, format string, a ...any) {
		if when {
			all = append(all, fmt.Sprintf(format, a...))
		}
	}
	add(s.evicts(), "maxmemory-policy is %s: the store may drop bookings (CONFIG SET maxmemory-policy noeviction)", s.Policy)
	add(was.AppendOnly && !s.AppendOnly, "appendonly is off since the start: the store loses %s (CONFIG SET appendonly yes)", s.Loses())
	add(s.AppendOnly && was.Fsync == "always" && s.Fsync != "always",
		"appendfsync is %s, and was always at the start: acknowledged writes can be lost (CONFIG SET appendfsync always)", s.Fsync)
	add(s.AppendOnly && was.Fsync == "everysec" && s.Fsync == "no",
		"appendfsync is no, and was everysec at the start: many seconds of acknowledged writes can be lost (CONFIG SET appendfsync everysec)")
	add(!s.AppendOnly && !was.AppendOnly && was.Snapshots && !s.Snapshots, "there are no snapshots since the start: the store loses everything (CONFIG SET save \"3600 1\")")
	add(s.MaxMemory > 0 && (was.MaxMemory == 0 || s.MaxMemory < was.MaxMemory),
		"maxmemory is %d bytes, less than at the start: at that nothing more can be booked (CONFIG SET maxmemory %d)", s.MaxMemory, was.MaxMemory)
	add(s.MinReplicas < was.MinReplicas, "min-replicas-to-write is %d, and was %d at the start (CONFIG SET min-replicas-to-write %d)",
		s.MinReplicas, was.MinReplicas, was.MinReplicas)
	return all
}

// Settings reads those of every master. In a cluster the weakest count.
// STORE_UNAVAILABLE.
func (c *conn) Settings(ctx context.Context) (Settings, error) {
	s := Settings{
		Known: true, AppendOnly: true, Snapshots: true, Fsync: "always", Policy: "noeviction", Awaited: c.replicas,
		Sentinel: c.sentinel, Replicas: -1, MinReplicas: -1,
	}
	err := c.each(ctx, func(ctx context.Context, node redis.UniversalClient) error {
		got, err := config(ctx, node)
		if err != nil || got == nil {
			s.Known = s.Known && got != nil
			return err
		}
		return s.weaken(ctx, node, got)
	})
	if err != nil {
		return Settings{}, failed(ctx, "check", err)
	}
	if !s.Known {
		return Settings{Sentinel: s.Sentinel, Awaited: s.Awaited}, nil
	}
	return s, nil
}

// weaken takes over what is weaker at one master.
func (s *Settings) weaken(ctx context.Context, node redis.UniversalClient, got map[string]string) error {
	s.AppendOnly = s.AppendOnly && got["appendonly"] == "yes"
	s.Snapshots = s.Snapshots && got["save"] != ""
	if got["appendfsync"] != "always" {
		s.Fsync = got["appendfsync"]
	}
	if got["maxmemory-policy"] != "noeviction" {
		s.Policy = got["maxmemory-policy"]
	}
	lower := func(to *int, n int64) {
		if *to < 0 || int(n) < *to {
			*to = int(n)
		}
	}
	if limit := number(got["maxmemory"]); limit > 0 && (s.MaxMemory == 0 || limit < s.MaxMemory) {
		s.MaxMemory = limit
	}
	lower(&s.MinReplicas, number(got["min-replicas-to-write"]))
	info, err := node.Info(ctx, "replication").Result()
	if err != nil {
		return err
	}
	lower(&s.Replicas, int64(field(info, "connected_slaves")))
	s.Masters++
	return nil
}

// field reads a number from an answer of INFO.
func field(info, name string) int {
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			n, _ := strconv.Atoi(strings.TrimSpace(value))
			return n
		}
	}
	return 0
}

// config is nil without an error where CONFIG is not available.
func config(ctx context.Context, node redis.UniversalClient) (map[string]string, error) {
	all := map[string]string{}
	for _, name := range []string{"maxmemory*", "append*", "save", "min-replicas-to-write"} {
		got, err := node.ConfigGet(ctx, name).Result()
		if err != nil {
			if strings.HasPrefix(err.Error(), "ERR ") || redis.IsPermissionError(err) {
				return nil, nil
			}
			return nil, err
		}
		maps.Copy(all, got)
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all, nil
}
