package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Load reads a trip with its Saga, whose epoch and owner are those of the last
// take-over. UNKNOWN_TRIP.
func (j *Journal) Load(ctx context.Context, id charging.TripID) (trip.Trip, error) {
	trips, err := j.loadAll(ctx, []string{string(id)})
	if err != nil {
		return trip.Trip{}, err
	}
	if len(trips) == 0 {
		return trip.Trip{}, unknownTrip(id)
	}
	return trips[0], nil
}

// LoadEach reads those of the trips that are on record, in one round trip.
func (j *Journal) LoadEach(ctx context.Context, ids []charging.TripID) (map[charging.TripID]trip.Trip, error) {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = string(id)
	}
	trips, err := j.loadAll(ctx, names)
	if err != nil {
		return nil, err
	}
	known := make(map[charging.TripID]trip.Trip, len(trips))
	for _, t := range trips {
		known[t.ID] = t
	}
	return known, nil
}

// loadAll reads trips in one round trip and leaves out those that are not there.
func (j *Journal) loadAll(ctx context.Context, ids []string) ([]trip.Trip, error) {
	rows, err := j.fields(ctx, ids, "doc", "epoch", "owner")
	if err != nil {
		return nil, err
	}
	trips := make([]trip.Trip, 0, len(ids))
	for _, row := range rows {
		if row.str(0) == "" {
			continue
		}
		t, err := decode(row.str(0), row.num(1), row.str(2))
		if err != nil {
			return nil, err
		}
		trips = append(trips, t)
	}
	return trips, nil
}

// fields reads some fields of many trips in one round trip.
func (j *Journal) fields(ctx context.Context, ids []string, names ...string) ([]reply, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	pipe := j.rdb.Pipeline()
	cmds := make([]*redis.SliceCmd, len(ids))
	for i, id := range ids {
		cmds[i] = pipe.HMGet(ctx, j.keys.trip(charging.TripID(id)), names...)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, failed(ctx, "load trips", err)
	}
	rows := make([]reply, len(ids))
	for i, c := range cmds {
		rows[i] = c.Val()
	}
	return rows, nil
}

func decode(doc string, epoch int64, owner string) (trip.Trip, error) {
	t, err := trip.Decode(doc)
	if err != nil {
		return t, fmt.Errorf("store: %w", err)
	}
	if t.Saga == nil {
		t.Saga = &trip.Saga{}
	}
	t.Saga.Epoch, t.Saga.Owner = epoch, owner
	return t, nil
}

// History gives a trip's journal in order; Seq is the stream's id and, after a
// slash, the entry's place in one write. UNKNOWN_TRIP.
func (j *Journal) History(ctx context.Context, id charging.TripID) ([]trip.Entry, error) {
	pipe := j.rdb.Pipeline()
	there := pipe.HExists(ctx, j.keys.trip(id), "doc")
	log := pipe.XRange(ctx, j.keys.log(id), "-", "+")
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, failed(ctx, "history", err)
	}
	if !there.Val() {
		return nil, unknownTrip(id)
	}
	var all []trip.Entry
	for _, m := range log.Val() {
		var some []trip.Entry
		text, _ := m.Values["e"].(string)
		if err := json.Unmarshal([]byte(text), &some); err != nil {
			return nil, fmt.Errorf("store: journal entry %s of trip %s is not readable: %w", m.ID, id, err)
		}
		sequence(some, m.ID)
		all = append(all, some...)
	}
	return all, nil
}

// Dismiss takes a trip off its vehicle's list of open trips.
func (j *Journal) Dismiss(ctx context.Context, vehicle charging.VehicleID, id charging.TripID) error {
	return failed(ctx, "dismiss trip", j.rdb.HDel(ctx, j.keys.spans(vehicle), string(id)).Err())
}

// planned is a plan as it is kept.
type planned struct {
	Plan    trip.Plan    `json:"plan"`
	Journey trip.Journey `json:"journey"`
	By      string       `json:"by,omitempty"`
}

// plansEach is how many plans are kept of one who asks for them: a vehicle, or an
// address.
const plansEach = 2000

// SavePlans keeps plans for a while, so that a trip can name one. Who asked for too
// many of them (by) loses his oldest.
func (j *Journal) SavePlans(ctx context.Context, plans []trip.Plan, journey trip.Journey, life time.Duration, by string) error {
	var kept []string
	pipe := j.rdb.Pipeline()
	for _, p := range plans {
		b, err := json.Marshal(planned{p.Lasting(), journey, by})
		if err != nil {
			return fmt.Errorf("store: plan %s: %w", p.ID, err)
		}
		pipe.Set(ctx, j.keys.plan(p.ID), b, life)
		kept = append(kept, j.keys.plan(p.ID))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return failed(ctx, "save plans", err)
	}
	return failed(ctx, "bound plans", j.newest(ctx, j.keys.plansOf(by), plansEach, life, kept...))
}

// LoadPlan gives a kept plan with its journey, and who asked for it: empty where an older
// server has kept it. UNKNOWN_PLAN.
func (j *Journal) LoadPlan(ctx context.Context, id string) (trip.Plan, trip.Journey, string, error) {
	var p planned
	b, err := j.rdb.Get(ctx, j.keys.plan(id)).Bytes()
	switch {
	case errors.Is(err, redis.Nil):
		err = charging.Refuse(charging.CodeUnknownPlan, "there is no such plan, or it is too old: ask for plans again")
	case err != nil:
		err = failed(ctx, "load plan", err)
	default:
		if err = json.Unmarshal(b, &p); err != nil {
			err = fmt.Errorf("store: plan is not readable: %w", err)
		}
	}
	return p.Plan, p.Journey, p.By, err
}
