package director

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// What of a store is shown at most.
const (
	mostKeys  = 24
	mostValue = 500
)

// keys are the calendars, locks, reservations and trips in a company's store that the play
// is about, as redis-cli shows them.
func (p *play) keys(ctx context.Context, c *company, evses []charging.EVSEID) []api.StageKey {
	rdb := redis.NewClient(&redis.Options{Addr: c.store.Addr(), MaxRetries: -1, DisableIdentity: true})
	defer rdb.Close()
	shown := []api.StageKey{}
	for _, kind := range []string{"cal", "lock", "rsv", "trip"} {
		for _, key := range scan(ctx, rdb, kind+":*") {
			if about(key, evses) && len(shown) < mostKeys {
				shown = append(shown, p.read(ctx, rdb, key))
			}
		}
	}
	return shown
}

func scan(ctx context.Context, rdb *redis.Client, pattern string) []string {
	var all []string
	it := rdb.Scan(ctx, 0, pattern, 500).Iterator()
	for it.Next(ctx) && len(all) < 10*mostKeys {
		all = append(all, it.Val())
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// about tells whether a key is of one of the EVSEs, or of one of the play's trips.
func about(key string, evses []charging.EVSEID) bool {
	if strings.HasPrefix(key, "trip:") {
		return strings.HasSuffix(key, "}")
	}
	return strings.HasPrefix(key, "rsv:") || slices.ContainsFunc(evses, func(e charging.EVSEID) bool { return strings.Contains(key, ":"+string(e)) })
}

// read is one key; one that has just gone is shown empty.
func (p *play) read(ctx context.Context, rdb *redis.Client, key string) api.StageKey {
	k := api.StageKey{Key: key, Type: rdb.Type(ctx, key).Val()}
	switch k.Type {
	case "string":
		k.Value = rdb.Get(ctx, key).Val()
	case "hash":
		k.Value = hash(rdb.HGetAll(ctx, key).Val())
	case "zset":
		var lines []string
		for _, z := range rdb.ZRangeWithScores(ctx, key, 0, 20).Val() {
			lines = append(lines, fmt.Sprintf("%v %s", z.Member, time.Unix(int64(z.Score), 0).UTC().Format("15:04")))
		}
		k.Value = strings.Join(lines, "\n")
	}
	if ttl := rdb.PTTL(ctx, key).Val(); ttl > 0 {
		k.TTLMillis = ttl.Milliseconds()
	}
	k.Driver = p.whose(key, k.Value)
	if len(k.Value) > mostValue {
		k.Value = strings.ToValidUTF8(k.Value[:mostValue], "") + " …"
	}
	return k
}

func hash(fields map[string]string) string {
	var lines []string
	for f, v := range fields {
		lines = append(lines, f+" "+v)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// whose is the driver whose trip or reservation the key or its value names.
func (p *play) whose(key, value string) string {
	if strings.HasPrefix(key, "cal:") {
		return ""
	}
	for _, d := range p.drivers {
		t := d.seen()
		if t.ID == "" {
			continue
		}
		if strings.Contains(key, string(t.ID)) || strings.Contains(value, string(t.ID)) {
			return d.name
		}
		for _, l := range t.Legs {
			if strings.Contains(key, string(l.ReservationID)) {
				return d.name
			}
		}
	}
	return ""
}
