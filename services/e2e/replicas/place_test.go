package replicas

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/services/e2e/redisrig"
)

// place is where a company keeps what its servers share.
type place struct {
	url   string
	flags []string // of serve, besides the URL
	raw   redis.UniversalClient
	// leader is the master whose death hurts most: it has the list of open trips.
	leader func() *redisrig.Server
	// failedOver waits until another master can promise something, after the
	// death of one, which then comes back as its replica.
	failedOver func(old *redisrig.Server)
}

// alone is a redis-server that loses nothing.
func alone(t *testing.T) place {
	t.Helper()
	s := redisrig.Start(t)
	return place{url: "redis://" + s.Addr, raw: closing(t, redis.NewClient(&redis.Options{Addr: s.Addr}))}
}

// sentinel is a master with two replicas behind Sentinel. Promises wait for both:
// a master that was taken for dead and lives, as happens on a busy machine, goes
// on to have the other one for a second (docs/adr/0007-what-a-fail-over-may-lose.md).
func sentinel(t *testing.T) place {
	t.Helper()
	s := redisrig.StartSentinels(t)
	return place{
		url: s.URL, flags: []string{"--store-replicas", "2"},
		raw:    closing(t, redis.NewFailoverClient(&redis.FailoverOptions{MasterName: redisrig.MasterName, SentinelAddrs: s.Watchers()})),
		leader: s.Master,
		failedOver: func(old *redisrig.Server) {
			redisrig.Until(t, "another node is the master", func() bool { m := s.Master(); return m != nil && m != old })
			s.Rejoin(old)
		},
	}
}

// openTrips is the pattern of the list of trips that are under way.
const openTrips = "trips:open"

// cluster is three masters with a replica each, for which promises wait.
func cluster(t *testing.T) place {
	t.Helper()
	c := redisrig.StartCluster(t, 3, 1)
	return place{
		url: c.URL, flags: []string{"--store-replicas", "1"},
		raw:    closing(t, redis.NewClusterClient(&redis.ClusterOptions{Addrs: c.Addrs()})),
		leader: func() *redisrig.Server { return c.Keeper(openTrips) },
		failedOver: func(old *redisrig.Server) {
			redisrig.Until(t, "its replica is the master", func() bool { m := c.Keeper(openTrips); return m != nil && m != old })
			old.Start() // the new master has no replica, and promises nothing without one
		},
	}
}

func closing(t *testing.T, c redis.UniversalClient) redis.UniversalClient {
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// keys lists those of a pattern at all masters.
func (p place) keys(ctx context.Context, pattern string) (all []string, err error) {
	cc, ok := p.raw.(*redis.ClusterClient)
	if !ok {
		return p.raw.Keys(ctx, pattern).Result()
	}
	var mu sync.Mutex
	err = cc.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		some, err := node.Keys(ctx, pattern).Result()
		mu.Lock()
		defer mu.Unlock()
		all = append(all, some...)
		return err
	})
	return all, err
}

// stand is what a store has in its calendars: for each reservation R or H; a
// hold that has lapsed is not there.
func (p place) stand(ctx context.Context) (map[string]string, error) {
	held := map[string]string{}
	keys, err := p.keys(ctx, "cal:*")
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		members, err := p.raw.ZRange(ctx, k, 0, -1).Result()
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			part := strings.SplitN(m, "|", 3)
			if len(part) != 3 {
				continue
			}
			if part[0] == "H" {
				lock := "lock:" + strings.TrimPrefix(k, "cal:") + ":" + part[2]
				if n, err := p.raw.Exists(ctx, lock).Result(); err != nil || n == 0 {
					if err != nil {
						return nil, err
					}
					continue
				}
			}
			held[part[2]] = part[0]
		}
	}
	return held, nil
}

// held is what stands in a company's calendars.
func (c *company) held(t *testing.T) map[string]string {
	t.Helper()
	held, err := c.store.stand(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return held
}
