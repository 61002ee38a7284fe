package store

import (
	"context"
	"fmt"
	"maps"
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
	// Policy is maxmemory-policy; anything but noeviction is refused.
	Policy string
}

// Loses says in a sentence what a power cut would cost.
func (s Settings) Loses() string {
	switch {
	case !s.Known:
		return "unknown: the store does not tell its settings"
	case !s.AppendOnly:
		return "everything since the last snapshot: appendonly is off"
	case s.Fsync == "always":
		return "nothing that was acknowledged"
	default:
		return "up to a second or more of acknowledged writes: appendfsync is " + s.Fsync
	}
}

// Check reads the settings of every master, and refuses a store that may evict
// keys when memory is short: it would silently let go of holds and bookings.
// In a cluster the weakest settings count.
func (c *conn) Check(ctx context.Context) (Settings, error) {
	s := Settings{Known: true, AppendOnly: true, Fsync: "always", Policy: "noeviction"}
	err := c.each(ctx, func(ctx context.Context, node redis.UniversalClient) error {
		got, err := config(ctx, node)
		if err != nil || got == nil {
			s.Known = s.Known && got != nil
			return err
		}
		if got["appendonly"] != "yes" {
			s.AppendOnly = false
		}
		if got["appendfsync"] != "always" {
			s.Fsync = got["appendfsync"]
		}
		if got["maxmemory-policy"] != "noeviction" {
			s.Policy = got["maxmemory-policy"]
		}
		return nil
	})
	if err != nil {
		return Settings{}, failed(ctx, "check", err)
	}
	if !s.Known {
		return Settings{}, nil
	}
	if s.Policy != "noeviction" {
		return s, fmt.Errorf("the store's maxmemory-policy is %s: it could drop bookings; set it to noeviction", s.Policy)
	}
	return s, nil
}

// config is nil without an error where CONFIG is not available.
func config(ctx context.Context, node redis.UniversalClient) (map[string]string, error) {
	all := map[string]string{}
	for _, name := range []string{"maxmemory-policy", "appendonly", "appendfsync"} {
		got, err := node.ConfigGet(ctx, name).Result()
		if err != nil {
			if strings.HasPrefix(err.Error(), "ERR ") || strings.HasPrefix(err.Error(), "NOPERM") {
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
