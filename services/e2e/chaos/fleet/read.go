package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

// Read takes all stores as they are, past the pipes: the keys are those of
// docs/protocol.md §7.
func (f *Fleet) Read(ctx context.Context) (history.Final, error) {
	final := history.Final{}
	for _, id := range Companies {
		c := f.Company[id].Store.Client()
		st, err := readStore(ctx, c)
		_ = c.Close()
		if err != nil {
			return nil, fmt.Errorf("fleet: the store of %s: %w", id, err)
		}
		final[id] = st
	}
	return final, nil
}

// ReadJournals adds who wrote the journals of all trips.
func (f *Fleet) ReadJournals(ctx context.Context, final history.Final) error {
	for id, st := range final {
		c := f.Company[id].Store.Client()
		err := journals(ctx, c, &st)
		_ = c.Close()
		if err != nil {
			return fmt.Errorf("fleet: the journals of %s: %w", id, err)
		}
		final[id] = st
	}
	return nil
}

// journals reads the streams; each message has some entries.
func journals(ctx context.Context, c *redis.Client, st *history.Store) error {
	st.Journals = map[charging.TripID][]history.Wrote{}
	var keys []string
	it := c.Scan(ctx, 0, "trip:*:log", 5000).Iterator()
	for it.Next(ctx) {
		keys = append(keys, it.Val())
	}
	if err := it.Err(); err != nil {
		return err
	}
	all := func(p redis.Pipeliner, key string) *redis.XMessageSliceCmd { return p.XRange(ctx, key, "-", "+") }
	return batch(ctx, c, keys, all, func(key string, cmd *redis.XMessageSliceCmd) error {
		id := charging.TripID(strings.TrimSuffix(strings.TrimPrefix(key, "trip:{"), "}:log"))
		for _, m := range cmd.Val() {
			raw, _ := m.Values["e"].(string)
			var entries []trip.Entry
			if err := json.Unmarshal([]byte(raw), &entries); err != nil {
				return fmt.Errorf("journal %s: %w", key, err)
			}
			for _, e := range entries {
				st.Journals[id] = append(st.Journals[id], history.Wrote{Step: e.Step, State: e.State, Epoch: e.Epoch, Owner: e.Owner})
			}
		}
		return nil
	})
}

// Locks lists the holds in force at a company.
func (f *Fleet) Locks(ctx context.Context, id charging.CompanyID) ([]string, error) {
	c := f.Company[id].Store.Client()
	defer c.Close()
	var keys []string
	it := c.Scan(ctx, 0, "lock:*", 5000).Iterator()
	for it.Next(ctx) {
		keys = append(keys, it.Val())
	}
	return keys, it.Err()
}

// readStore reads one store with one scan.
func readStore(ctx context.Context, c *redis.Client) (history.Store, error) {
	var st history.Store
	kinds := map[string][]string{}
	it := c.Scan(ctx, 0, "*", 5000).Iterator()
	for it.Next(ctx) {
		key := it.Val()
		kind, _, _ := strings.Cut(key, ":")
		if kind == "trip" && !strings.HasSuffix(key, "}") {
			continue // what belongs to a trip: its journal, letters to its run
		}
		kinds[kind] = append(kinds[kind], key)
	}
	if err := it.Err(); err != nil {
		return st, err
	}
	st.Locks = kinds["lock"]
	for _, read := range []func() error{
		func() error { return records(ctx, c, kinds["rsv"], &st) },
		func() error { return calendars(ctx, c, kinds["cal"], &st) },
		func() error { return trips(ctx, c, kinds["trip"], &st) },
		func() error { return leftovers(ctx, c, kinds, &st) },
	} {
		if err := read(); err != nil {
			return st, err
		}
	}
	return st, nil
}

// batch runs one command a key, many in one round trip.
func batch[T redis.Cmder](ctx context.Context, c *redis.Client, keys []string, cmd func(redis.Pipeliner, string) T, each func(string, T) error) error {
	const most = 1000
	for len(keys) > 0 {
		some := keys[:min(most, len(keys))]
		keys = keys[len(some):]
		pipe := c.Pipeline()
		got := make([]T, len(some))
		for i, k := range some {
			got[i] = cmd(pipe, k)
		}
		if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		for i, k := range some {
			if err := each(k, got[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func hgetall(ctx context.Context) func(redis.Pipeliner, string) *redis.MapStringStringCmd {
	return func(p redis.Pipeliner, key string) *redis.MapStringStringCmd { return p.HGetAll(ctx, key) }
}

// records reads the records: who = trip|origin|evse|end, what = leg|start|vehicle.
func records(ctx context.Context, c *redis.Client, keys []string, st *history.Store) error {
	return batch(ctx, c, keys, hgetall(ctx), func(key string, cmd *redis.MapStringStringCmd) error {
		m := cmd.Val()
		if len(m) == 0 {
			return nil // it has expired meanwhile
		}
		who := strings.Split(m["who"], "|")
		if len(who) != 4 {
			return fmt.Errorf("record %s: odd who %q", key, m["who"])
		}
		r := history.Reservation{
			ID: charging.ReservationID(key[strings.LastIndexByte(key, ':')+1:]), Trip: charging.TripID(who[0]),
			Origin: charging.CompanyID(who[1]), Slot: history.Slot{EVSE: charging.EVSEID(who[2])},
			State: charging.State(m["state"]), GrantedAt: m["granted_at"], Settled: m["settled"] == "1",
		}
		r.Fence, _ = strconv.ParseInt(m["fence"], 10, 64)
		end, _ := strconv.ParseInt(who[3], 10, 64)
		r.Slot.Window.End = time.Unix(end, 0).UTC()
		if what := strings.SplitN(m["what"], "|", 3); len(what) == 3 {
			start, _ := strconv.ParseInt(what[1], 10, 64)
			r.Slot.Window.Start = time.Unix(start, 0).UTC()
		}
		r.Billed, r.EnergyKWh = billed(m["done"])
		st.Reservations = append(st.Reservations, r)
		return nil
	})
}

// billed reads a record's done = ended|Wh|…: what the session is billed by.
func billed(done string) (bool, float64) {
	parts := strings.Split(done, "|")
	if len(parts) < 2 {
		return false, 0
	}
	wh, err := strconv.ParseFloat(parts[1], 64)
	return err == nil, wh / 1000
}

// calendars reads the sorted sets: member H|end|id or R|end|id, score start.
func calendars(ctx context.Context, c *redis.Client, keys []string, st *history.Store) error {
	all := func(p redis.Pipeliner, key string) *redis.ZSliceCmd { return p.ZRangeWithScores(ctx, key, 0, -1) }
	return batch(ctx, c, keys, all, func(key string, cmd *redis.ZSliceCmd) error {
		evse := charging.EVSEID(key[strings.LastIndexByte(key, ':')+1:])
		for _, z := range cmd.Val() {
			m := strings.SplitN(z.Member.(string), "|", 3)
			if len(m) != 3 {
				return fmt.Errorf("calendar %s: odd member %q", key, z.Member)
			}
			end, err := strconv.ParseInt(m[1], 10, 64)
			if err != nil {
				return fmt.Errorf("calendar %s: odd member %q", key, z.Member)
			}
			st.Calendar = append(st.Calendar, history.Booking{
				Slot: history.Slot{EVSE: evse, Window: charging.NewWindow(time.Unix(int64(z.Score), 0), time.Unix(end, 0))},
				ID:   charging.ReservationID(m[2]), Held: m[0] == "H",
			})
		}
		return nil
	})
}

func trips(ctx context.Context, c *redis.Client, keys []string, st *history.Store) error {
	doc := func(p redis.Pipeliner, key string) *redis.StringCmd { return p.HGet(ctx, key, "doc") }
	return batch(ctx, c, keys, doc, func(key string, cmd *redis.StringCmd) error {
		if errors.Is(cmd.Err(), redis.Nil) {
			return nil // an admission that was given up; there is no trip
		}
		var t trip.Trip
		if err := json.Unmarshal([]byte(cmd.Val()), &t); err != nil {
			return fmt.Errorf("trip %s: %w", key, err)
		}
		if t.Saga == nil {
			t.Saga = &trip.Saga{}
		}
		st.Trips = append(st.Trips, t)
		return nil
	})
}

// justGranted is how long a RESERVED may wait for its originator's word without being
// left over: trips that replace a stop which nobody came to go on doing so at rest.
const justGranted = 30 * time.Second

func leftovers(ctx context.Context, c *redis.Client, kinds map[string][]string, st *history.Store) error {
	old := strconv.FormatInt(time.Now().Add(-justGranted).UnixMilli(), 10) // the score is when it was granted
	members := func(p redis.Pipeliner, key string) *redis.StringSliceCmd {
		return p.ZRangeByScore(ctx, key, &redis.ZRangeBy{Min: "-inf", Max: old})
	}
	err := batch(ctx, c, kinds["unsettled"], members, func(_ string, cmd *redis.StringSliceCmd) error {
		for _, id := range cmd.Val() {
			st.Unsettled = append(st.Unsettled, charging.ReservationID(id))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return batch(ctx, c, kinds["outbox"], hgetall(ctx), func(_ string, cmd *redis.MapStringStringCmd) error {
		st.Notices += len(cmd.Val())
		return nil
	})
}
