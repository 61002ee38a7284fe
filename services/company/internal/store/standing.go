package store

import (
	"context"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Standing pages through the trips that are in one of the given states, oldest
// first: it looks at up to scan trips after the cursor of the page before
// (empty: from the first), and an empty next says that there are no more. A
// trip that is in one of the states all the while is on one of the pages.
// INVALID_FIELD for a cursor that is none.
func (j *Journal) Standing(ctx context.Context, after string, scan int, states ...trip.State) (page []trip.Trip, next string, err error) {
	ids, next, err := j.following(ctx, after, int64(scan))
	if err != nil {
		return nil, "", err
	}
	rows, err := j.fields(ctx, ids, "state")
	if err != nil {
		return nil, "", err
	}
	var match []string
	for i, row := range rows {
		for _, s := range states {
			if row.str(0) == string(s) {
				match = append(match, ids[i])
			}
		}
	}
	page, err = j.loadAll(ctx, match)
	return page, next, err
}

// following gives up to n trips after a cursor, which is a trip's place in the
// list of all: when it was created, ms, and its id.
func (j *Journal) following(ctx context.Context, after string, n int64) (ids []string, next string, err error) {
	from, last, err := cursor(after)
	if err != nil {
		return nil, "", err
	}
	for offset := int64(0); ; offset += n {
		got, err := j.rdb.ZRangeArgsWithScores(ctx, redis.ZRangeArgs{
			Key: j.keys.all(), ByScore: true, Start: from, Stop: "+inf", Offset: offset, Count: n,
		}).Result()
		if err != nil {
			return nil, "", failed(ctx, "list trips", err)
		}
		for _, z := range got {
			id, _ := z.Member.(string)
			at := strconv.FormatInt(int64(z.Score), 10)
			if at == from && id <= last {
				continue
			}
			ids, next = append(ids, id), at+"."+id
		}
		if int64(len(got)) < n {
			return ids, "", nil
		}
		if len(ids) > 0 {
			return ids, next, nil
		}
	}
}

func cursor(after string) (from, last string, err error) {
	if after == "" {
		return "-inf", "", nil
	}
	from, last, _ = strings.Cut(after, ".")
	if _, err := strconv.ParseInt(from, 10, 64); err != nil || charging.TripID(last).Validate() != nil {
		return "", "", charging.Invalid("after", "is no cursor of this list: leave it out to begin")
	}
	return from, last, nil
}
