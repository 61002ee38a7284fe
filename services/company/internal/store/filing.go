package store

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// filePage is how many trips are filed in one go.
const filePage = 500

// File puts trips on the lists by what is asked (docs/adr/0013-records-and-lists.md) that have been
// written by servers which do not know them: those made since the last call, from
// the place where that one ended or was interrupted, and those that are listed as
// standing and have come to their end. Until it has been through once, what is
// asked is answered from the list of all trips. It may be repeated, and run at
// several servers at once.
func (j *Journal) File(ctx context.Context) error {
	place, err := j.rdb.HGet(ctx, j.keys.filed(), "made").Int64()
	if err != nil && !errors.Is(err, redis.Nil) {
		return failed(ctx, "file trips", err)
	}
	// A trip is listed before it is written: whoever was late is looked at again.
	after := cursor{from: strconv.FormatInt(place-trace.Milliseconds(), 10)}
	if err := j.walk(ctx, j.keys.all(), after, func(page []redis.Z) error {
		last := page[len(page)-1].Score
		return failed(ctx, "file trips", j.rdb.HSet(ctx, j.keys.filed(), "made", int64(last)).Err())
	}); err != nil {
		return err
	}
	if err := j.walk(ctx, j.keys.standing(), cursor{from: "-inf"}, func([]redis.Z) error { return nil }); err != nil {
		return err
	}
	if err := j.rdb.HSet(ctx, j.keys.filed(), "whole", 1).Err(); err != nil {
		return failed(ctx, "file trips", err)
	}
	j.filed.Store(true)
	return nil
}

// walk files every trip of a list, and tells of each page.
func (j *Journal) walk(ctx context.Context, list string, after cursor, did func([]redis.Z) error) error {
	for more := true; more; {
		var page []redis.Z
		var err error
		if page, more, err = j.following(ctx, list, after, filePage); err != nil || len(page) == 0 {
			return err
		}
		if err := j.file(ctx, page); err != nil {
			return err
		}
		if err := did(page); err != nil {
			return err
		}
		after = cursorOf(page[len(page)-1])
	}
	return nil
}

// isFiled reports whether the lists by what is asked are complete.
func (j *Journal) isFiled(ctx context.Context) (bool, error) {
	if j.filed.Load() {
		return true, nil
	}
	whole, err := j.rdb.HExists(ctx, j.keys.filed(), "whole").Result()
	if whole {
		j.filed.Store(true)
	}
	return whole, failed(ctx, "list trips", err)
}

// file puts trips on the lists where their records say that they belong, and
// takes them off those of states that nothing follows. One without a record is
// dropped unless it is young: then it may be about to be written. made are the
// trips, with when they were made.
func (j *Journal) file(ctx context.Context, made []redis.Z) error {
	records, err := j.records(ctx, made)
	if err != nil {
		return err
	}
	on, off := j.rdb.Pipeline(), j.rdb.Pipeline()
	var gone []string
	young := float64(time.Now().Add(-relic).UnixMilli())
	for i, r := range records {
		id, _ := made[i].Member.(string)
		switch {
		case r.state == "" && made[i].Score < young:
			gone = append(gone, id)
			continue
		case r.state == "":
			continue
		}
		for _, write := range j.shelves(ctx, r.state, r.stuck, made[i]) {
			write(on)
		}
		if r.state.Open() {
			continue
		}
		if r.left > 0 {
			on.ZAddNX(ctx, j.keys.expiry(), expiryAt(id, r.vehicle, j.dueMillis(time.Now().Add(r.left))))
		}
		for _, key := range j.wrong(r) {
			off.ZRem(ctx, key, id)
		}
	}
	for _, pipe := range []redis.Pipeliner{on, off} {
		if pipe.Len() == 0 {
			continue
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return failed(ctx, "file trips", err)
		}
	}
	return j.drop(ctx, gone)
}

// wrong are the lists that a trip at its end is not on.
func (j *Journal) wrong(r filed) []string {
	off := []string{j.keys.standing()}
	for _, s := range ends() {
		if s != r.state {
			off = append(off, j.keys.ended(s))
		}
	}
	if !r.stuck {
		off = append(off, j.keys.stuck())
	}
	return off
}

// ends are the states that nothing follows.
func ends() []trip.State {
	return slices.DeleteFunc(trip.States(), trip.State.Open)
}

// filed is what of a record decides on which lists its trip is. Without a record
// there is no state; left is until when it is there, negative for ever.
type filed struct {
	state   trip.State
	stuck   bool
	vehicle charging.VehicleID
	left    time.Duration
}

func (j *Journal) records(ctx context.Context, made []redis.Z) ([]filed, error) {
	if len(made) == 0 {
		return nil, nil
	}
	pipe := j.rdb.Pipeline()
	rows, left := make([]*redis.SliceCmd, len(made)), make([]*redis.DurationCmd, len(made))
	for i, z := range made {
		id, _ := z.Member.(string)
		key := j.keys.trip(charging.TripID(id))
		rows[i], left[i] = pipe.HMGet(ctx, key, "state", "stuck", "vehicle"), pipe.PTTL(ctx, key)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, failed(ctx, "file trips", err)
	}
	all := make([]filed, len(made))
	for i, cmd := range rows {
		row := reply(cmd.Val())
		all[i] = filed{trip.State(row.str(0)), row.str(1) == "1", charging.VehicleID(row.str(2)), left[i].Val()}
	}
	return all, nil
}

// drop takes trips without a record off every list that does not name a vehicle.
func (j *Journal) drop(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	pipe := j.rdb.Pipeline()
	j.dropFrom(ctx, pipe, ids)
	_, err := pipe.Exec(ctx)
	return failed(ctx, "unlist trips", err)
}

func (j *Journal) dropFrom(ctx context.Context, pipe redis.Pipeliner, ids []string) {
	members := make([]any, len(ids))
	for i, id := range ids {
		members[i] = id
	}
	for _, key := range []string{j.keys.all(), j.keys.standing(), j.keys.stuck(), j.keys.open()} {
		pipe.ZRem(ctx, key, members...)
	}
	for _, s := range ends() {
		pipe.ZRem(ctx, j.keys.ended(s), members...)
	}
}
