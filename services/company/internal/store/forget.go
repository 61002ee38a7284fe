package store

import (
	"context"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

const (
	// forgetPage is how many expired trips are taken off the lists in one go.
	forgetPage = 500
	// forgetEvery is how often expired trips are looked for.
	forgetEvery = 5 * time.Second
	// fileAgain is the pause after a store that was away.
	fileAgain = time.Second
	// reopened is when a trip is looked at again that was to expire and does not.
	reopened = time.Hour
	// goneAfter (ms) is how long after its time a record is certainly gone.
	goneAfter = 1000
)

// KeepLists keeps the lists of trips, until the context ends: those of before are
// filed once, and what has expired is taken off. warn is told of a store that
// does not answer, which is waited out.
func (j *Journal) KeepLists(ctx context.Context, warn func(msg string, err error)) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for filed := false; ; {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		next := forgetEvery
		if !filed {
			if err := j.File(ctx); err != nil && ctx.Err() == nil {
				warn("cannot file the trips of before", err)
				next = fileAgain
			} else {
				filed = true
			}
		}
		if err := j.forgetAll(ctx); err != nil && ctx.Err() == nil {
			warn("cannot take expired trips off the lists", err)
		}
		pause.Reset(next)
	}
}

func (j *Journal) forgetAll(ctx context.Context) error {
	for {
		n, err := j.Forget(ctx)
		if err != nil || n < forgetPage {
			return err
		}
	}
}

// Forget takes trips whose records have expired off every list, some hundreds at
// a time, and answers how many it has looked at. A crash leaves them to the next
// call.
func (j *Journal) Forget(ctx context.Context) (int, error) {
	now, err := j.Time(ctx)
	if err != nil {
		return 0, err
	}
	members, err := j.rdb.ZRangeArgs(ctx, redis.ZRangeArgs{
		Key: j.keys.expiry(), ByScore: true, Start: "-inf", Stop: millis(now), Count: forgetPage,
	}).Result()
	if err != nil || len(members) == 0 {
		return 0, failed(ctx, "forget trips", err)
	}
	gone, err := j.expired(ctx, members, now)
	if err != nil || len(gone) == 0 {
		return len(members), err
	}
	pipe := j.rdb.Pipeline()
	ids, done := make([]string, len(gone)), make([]any, len(gone))
	for i, member := range gone {
		id, vehicle, _ := strings.Cut(member, "|")
		ids[i], done[i] = id, member
		pipe.ZRem(ctx, j.keys.made(charging.VehicleID(vehicle)), id)
		pipe.HDel(ctx, j.keys.spans(charging.VehicleID(vehicle)), id)
	}
	j.dropFrom(ctx, pipe, ids)
	if _, err := pipe.Exec(ctx); err != nil {
		return 0, failed(ctx, "forget trips", err)
	}
	return len(members), failed(ctx, "forget trips", j.rdb.ZRem(ctx, j.keys.expiry(), done...).Err())
}

// expired gives those whose record is gone, and lists the others for later: one
// that lives longer, and one whose owner has opened it again, which is listed
// anew with its next end. Later only: its owner may be listing it just now.
func (j *Journal) expired(ctx context.Context, members []string, now time.Time) ([]string, error) {
	pipe := j.rdb.Pipeline()
	left := make([]*redis.DurationCmd, len(members))
	for i, member := range members {
		id, _, _ := strings.Cut(member, "|")
		left[i] = pipe.PTTL(ctx, j.keys.trip(charging.TripID(id)))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, failed(ctx, "forget trips", err)
	}
	var gone []string
	later := j.rdb.Pipeline()
	for i, member := range members {
		wait := left[i].Val()
		switch wait {
		case -2: // no such record
			gone = append(gone, member)
			continue
		case -1: // for ever
			wait = reopened
		}
		at := float64(now.Add(wait).UnixMilli() + goneAfter)
		later.ZAddArgs(ctx, j.keys.expiry(), redis.ZAddArgs{XX: true, GT: true, Members: []redis.Z{{Score: at, Member: member}}})
	}
	if later.Len() == 0 {
		return gone, nil
	}
	_, err := later.Exec(ctx)
	return gone, failed(ctx, "forget trips", err)
}

// expiryAt is a trip's place in the list of what expires: goes is when its
// record does, in ms of the store's clock.
func expiryAt(id string, vehicle charging.VehicleID, goes int64) redis.Z {
	return redis.Z{Score: float64(goes + goneAfter), Member: id + "|" + string(vehicle)}
}
