package store

import (
	"context"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/trip"
)

const (
	// maxScan is how many trips, newest first, a filtered list looks at.
	maxScan = 10_000
	// scanPage is how many of them one round trip reads.
	scanPage = 500
	// defaultLimit of a list without a limit.
	defaultLimit = 100
	// relic is how old a listed trip without a record must be to be dropped.
	relic = time.Hour
)

// List gives a page of trips, newest first, and how many match. With a filter
// it looks at the newest 10,000 trips (of the vehicle, when one is named), and
// the count is of these.
func (j *Journal) List(ctx context.Context, q trip.Query) ([]trip.Trip, int, error) {
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	q.Offset = max(0, q.Offset)
	index := j.keys.all()
	if q.VehicleID != "" {
		index = j.keys.made(q.VehicleID)
	}
	if q.State == "" && !q.Stuck {
		return j.listAll(ctx, index, q)
	}
	ids, err := j.matching(ctx, index, q)
	if err != nil {
		return nil, 0, err
	}
	from := min(q.Offset, len(ids))
	trips, err := j.loadAll(ctx, ids[from:min(from+q.Limit, len(ids))])
	return trips, len(ids), err
}

func (j *Journal) listAll(ctx context.Context, index string, q trip.Query) ([]trip.Trip, int, error) {
	pipe := j.rdb.Pipeline()
	count := pipe.ZCard(ctx, index)
	ids := pipe.ZRevRange(ctx, index, int64(q.Offset), int64(q.Offset+q.Limit-1))
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, 0, failed(ctx, "list trips", err)
	}
	trips, err := j.loadAll(ctx, ids.Val())
	if err == nil && len(trips) < len(ids.Val()) {
		err = j.forget(ctx, index, ids.Val())
	}
	return trips, int(count.Val()), err
}

// matching gives the ids of the newest trips that match, newest first.
func (j *Journal) matching(ctx context.Context, index string, q trip.Query) ([]string, error) {
	var match []string
	for from := int64(0); from < maxScan; from += scanPage {
		ids, err := j.rdb.ZRevRange(ctx, index, from, from+scanPage-1).Result()
		if err != nil {
			return nil, failed(ctx, "list trips", err)
		}
		rows, err := j.fields(ctx, ids, "state", "stuck")
		if err != nil {
			return nil, err
		}
		for i, row := range rows {
			if (q.State == "" || row.str(0) == string(q.State)) && (!q.Stuck || row.str(1) == "1") {
				match = append(match, ids[i])
			}
		}
		if len(ids) < scanPage {
			break
		}
	}
	return match, nil
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
