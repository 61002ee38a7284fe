package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Enrolled is what the store remembers of an EVSE (docs/adr/0012-inventories-change.md).
type Enrolled struct {
	// Home is the location under which its calendar lies, for good.
	Home charging.LocationID `json:"home"`
	// Location is where it was last offered, with its terms and tariffs and no
	// other EVSE.
	Location charging.Location `json:"location"`
	// Idle is when it was first seen to be neither offered nor booked; zero while it
	// is, or nobody has looked.
	Idle time.Time `json:"idle,omitzero"`
}

// Over says whether an EVSE may be forgotten: neither offered nor booked for as long as
// the record of a reservation is kept. Until then a car may still say what it took
// there, and a message that comes late must find that it is too late.
func (c Calendar) Over(e Enrolled) bool {
	return !e.Idle.IsZero() && time.Since(e.Idle) > c.o.Retention
}

// enrollAtOnce is how many EVSEs one script notes, by enrollArgs arguments each.
const (
	enrollAtOnce = 200
	enrollArgs   = 4
)

// Enrolled lists all EVSEs that the company has offered and not forgotten.
func (c Calendar) Enrolled(ctx context.Context) (map[charging.EVSEID]Enrolled, error) {
	got, err := c.rdb.HGetAll(ctx, c.keys.inventory()).Result()
	if err != nil {
		return nil, failed(ctx, "inventory", err)
	}
	out := make(map[charging.EVSEID]Enrolled, len(got))
	for id, raw := range got {
		var e Enrolled
		if err := json.Unmarshal([]byte(raw), &e); err != nil || e.Home == "" {
			return nil, fmt.Errorf("store: what %s keeps of %s cannot be read: %s", c.keys.inventory(), id, raw)
		}
		out[charging.EVSEID(id)] = e
	}
	return out, nil
}

// Enroll notes EVSEs; the home of one that is known already stays. It answers
// when as many replicas have it as a promise needs.
func (c Calendar) Enroll(ctx context.Context, all map[charging.EVSEID]Enrolled) error {
	args := make([]any, 0, enrollArgs*len(all))
	for id, e := range all {
		raw, err := json.Marshal(e.Location)
		if err != nil {
			return fmt.Errorf("store: enroll %s: %w", id, err)
		}
		idle := ""
		if !e.Idle.IsZero() {
			idle = e.Idle.UTC().Format(time.RFC3339)
		}
		args = append(args, string(id), string(e.Home), string(raw), idle)
	}
	for some := range slices.Chunk(args, enrollArgs*enrollAtOnce) {
		if _, err := c.replicated(ctx, "enroll", enrollScript, []string{c.keys.inventory()}, some...); err != nil {
			return err
		}
	}
	return nil
}

// Disenroll forgets an EVSE: offered again, it is new.
func (c Calendar) Disenroll(ctx context.Context, id charging.EVSEID) error {
	return failed(ctx, "disenroll", c.rdb.HDel(ctx, c.keys.inventory(), string(id)).Err())
}

// Births finds the locations under which calendars with entries lie, by reading
// the names of all keys: for a store that was filled before it remembered them.
func (c Calendar) Births(ctx context.Context) (map[charging.EVSEID][]charging.LocationID, error) {
	var mu sync.Mutex
	out := map[charging.EVSEID][]charging.LocationID{}
	head := c.keys.prefix + "cal:{"
	err := c.each(ctx, func(ctx context.Context, node redis.UniversalClient) error {
		scan := node.Scan(ctx, 0, globbed(head)+"*", 1000).Iterator()
		for scan.Next(ctx) {
			loc, evse, ok := strings.Cut(strings.TrimPrefix(scan.Val(), head), "}:")
			if !ok {
				continue
			}
			mu.Lock()
			if id := charging.EVSEID(evse); !slices.Contains(out[id], charging.LocationID(loc)) {
				out[id] = append(out[id], charging.LocationID(loc))
			}
			mu.Unlock()
		}
		return scan.Err()
	})
	for _, locs := range out {
		slices.Sort(locs)
	}
	return out, failed(ctx, "look for calendars", err)
}

// globbed is a text as a pattern that matches itself.
func globbed(s string) string { return strings.NewReplacer(`\`, `\\`, "^", `\^`).Replace(s) }

// Booked is what an EVSE's calendar holds.
type Booked struct {
	// Entries are bookings, and holds that have not been tidied away.
	Entries int
	// Until is the end of the last one; zero without any.
	Until time.Time
	// Notices of its home that wait for an acknowledgement.
	Notices int
}

// Booked tells what the calendars of EVSEs hold, given their homes.
func (c Calendar) Booked(ctx context.Context, homes map[charging.EVSEID]charging.LocationID) (map[charging.EVSEID]Booked, error) {
	type asked struct {
		entries, notices *redis.IntCmd
		last             *redis.StringSliceCmd
	}
	pipe := c.rdb.Pipeline()
	cmds := map[charging.EVSEID]asked{}
	for id, home := range homes {
		cal := c.keys.cal(home, id)
		cmds[id] = asked{pipe.ZCard(ctx, cal), pipe.HLen(ctx, c.keys.outbox(home)), pipe.ZRange(ctx, cal, -1, -1)}
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, failed(ctx, "bookings", err)
	}
	out := map[charging.EVSEID]Booked{}
	for id, a := range cmds {
		b := Booked{Entries: int(a.entries.Val()), Notices: int(a.notices.Val())}
		for _, m := range a.last.Val() { // entries do not overlap: the last to begin is the last to end
			if parts := strings.SplitN(m, "|", 3); len(parts) == 3 {
				b.Until = fromSeconds(number(parts[1]))
			}
		}
		out[id] = b
	}
	return out, nil
}
