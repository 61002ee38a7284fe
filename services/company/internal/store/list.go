package store

import (
	"context"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/trip"
)

const (
	// scanPage is how many trips of a list one round trip reads, maxScan how many where
	// few are wanted.
	scanPage, maxScan = 500, 4000
	// defaultLimit of a list without a limit.
	defaultLimit = 100
	// relic is how old a listed trip without a record must be to be dropped.
	relic = time.Hour
)

// List gives a page of trips, newest first, and how many match. It looks only at
// what may match: the trips of the vehicle, those that are stuck, that ended in
// the state, or that stand.
func (j *Journal) List(ctx context.Context, q trip.Query) ([]trip.Trip, int, error) {
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	q.Offset = max(0, q.Offset)
	list, all, err := j.listFor(ctx, q)
	if err != nil {
		return nil, 0, err
	}
	if all {
		return j.listAll(ctx, list, q)
	}
	ids, _, err := j.matching(ctx, list, cursor{from: "+inf", down: true}, q, 0)
	if err != nil {
		return nil, 0, err
	}
	from := min(q.Offset, len(ids))
	trips, err := j.loadAll(ctx, ids[from:min(from+q.Limit, len(ids))])
	return trips, len(ids), err
}

// listFor is the list in which everything is that a query asks for; all says
// that nothing else is.
func (j *Journal) listFor(ctx context.Context, q trip.Query) (list string, all bool, err error) {
	switch {
	case q.VehicleID != "":
		return j.keys.made(q.VehicleID), q.State == "" && !q.Stuck && !searched(q), nil
	case q.Stuck, q.Trouble == trip.InStuck:
		list, err = j.index(ctx, j.keys.stuck())
	case q.State == "" && q.Trouble == "":
		return j.keys.all(), !searched(q), nil
	case q.State.Open(), q.Trouble == trip.InRetrying:
		list, err = j.index(ctx, j.keys.standing())
	default:
		list, err = j.index(ctx, j.keys.ended(q.State))
		all = list != j.keys.all() && !searched(q)
	}
	return list, all, err
}

// listAll reads a page of a list by its place. What should not be in it, or is
// gone, is left out and filed where it belongs.
func (j *Journal) listAll(ctx context.Context, list string, q trip.Query) ([]trip.Trip, int, error) {
	pipe := j.rdb.Pipeline()
	count := pipe.ZCard(ctx, list)
	ids := pipe.ZRevRange(ctx, list, int64(q.Offset), int64(q.Offset+q.Limit-1))
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, 0, failed(ctx, "list trips", err)
	}
	trips, err := j.loadAll(ctx, ids.Val())
	if err == nil && len(trips) < len(ids.Val()) {
		err = j.forget(ctx, list, ids.Val())
	}
	n := int(count.Val())
	if err != nil || q.State == "" {
		return trips, n, err
	}
	var misfiled []redis.Z
	right := slices.DeleteFunc(trips, func(t trip.Trip) bool {
		if t.State != q.State {
			misfiled = append(misfiled, madeAt(t))
		}
		return t.State != q.State
	})
	return right, n - len(misfiled), j.file(ctx, misfiled)
}

// forget drops trips from an index whose record has expired. A young one may
// still be about to be written.
func (j *Journal) forget(ctx context.Context, index string, ids []string) error {
	rows, err := j.fields(ctx, ids, "doc")
	if err != nil {
		return err
	}
	missing := slices.Clone(ids)[:0]
	for i, row := range rows {
		if row.str(0) == "" {
			missing = append(missing, ids[i])
		}
	}
	before := float64(time.Now().Add(-relic).UnixMilli())
	for _, id := range missing {
		score, err := j.rdb.ZScore(ctx, index, id).Result()
		if err == nil && score < before {
			err = j.rdb.ZRem(ctx, index, id).Err()
		}
		if err != nil {
			return failed(ctx, "list trips", err)
		}
	}
	return nil
}
