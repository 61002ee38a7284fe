package store

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Standing pages through the trips that are in one of the given open states,
// oldest first: it looks at up to scan trips after the cursor of the page before
// (empty: from the first), and an empty next says that there are no more. A
// trip that is in one of the states all the while is on one of the pages,
// whatever comes and goes meanwhile. INVALID_FIELD for a cursor that is none.
func (j *Journal) Standing(ctx context.Context, after string, scan int, states ...trip.State) (page []trip.Trip, next string, err error) {
	at, err := parseCursor(after)
	if err != nil {
		return nil, "", err
	}
	list, err := j.index(ctx, j.keys.standing())
	if err != nil {
		return nil, "", err
	}
	made, more, err := j.following(ctx, list, at, int64(scan))
	if err != nil {
		return nil, "", err
	}
	want, err := j.those(ctx, list, made, false, func(_ string, row reply) bool { return slices.Contains(states, trip.State(row.str(0))) })
	if err != nil {
		return nil, "", err
	}
	var match []string
	for i, z := range made {
		if id, _ := z.Member.(string); want[i] {
			match = append(match, id)
		}
	}
	if more {
		next = cursorOf(made[len(made)-1]).String()
	}
	page, err = j.loadAll(ctx, match)
	return page, next, err
}

// index is a list by what is asked, or that of all trips while the former is not
// complete. Both have the same trips at the same places, so a cursor of one is
// one of the other.
func (j *Journal) index(ctx context.Context, list string) (string, error) {
	whole, err := j.isFiled(ctx)
	if !whole {
		list = j.keys.all()
	}
	return list, err
}

// those tells of each trip of a list whether its record matches. What is listed as
// standing or stuck and has come to its end is filed where it belongs.
func (j *Journal) those(ctx context.Context, list string, made []redis.Z, search bool, match func(id string, row reply) bool) ([]bool, error) {
	ids := make([]string, len(made))
	for i, z := range made {
		ids[i], _ = z.Member.(string)
	}
	fields := []string{"state", "stuck"}
	if search {
		fields = append(fields, "version", "find")
	}
	rows, err := j.rowsOf(ctx, ids, fields...)
	if err == nil && search {
		err = j.refind(ctx, ids, rows)
	}
	if err != nil {
		return nil, err
	}
	byEnd := list == j.keys.standing() || list == j.keys.stuck()
	those := make([]bool, len(made))
	var over []redis.Z
	for i, row := range rows {
		state := trip.State(row.str(0))
		switch {
		case state != "" && match(ids[i], row):
			those[i] = true
		case byEnd && (state == "" || !state.Open()):
			over = append(over, made[i])
		}
	}
	return those, j.file(ctx, over)
}

// following gives up to n trips of a list after a place in it, and whether there
// are more. What comes to the list and leaves it meanwhile moves no other.
func (c *conn) following(ctx context.Context, list string, after cursor, n int64) (made []redis.Z, more bool, err error) {
	args := redis.ZRangeArgs{Key: list, ByScore: true, Start: after.from, Stop: "+inf", Count: n}
	if after.down {
		args.Stop, args.Rev = "-inf", true
	}
	for ; ; args.Offset += n {
		got, err := c.rdb.ZRangeArgsWithScores(ctx, args).Result()
		if err != nil {
			return nil, false, failed(ctx, "list trips", err)
		}
		for _, z := range got {
			if after.before(cursorOf(z)) {
				made = append(made, z)
			}
		}
		if int64(len(got)) < n {
			return made, false, nil
		}
		if len(made) > 0 {
			return made, true, nil
		}
	}
}

// cursor is a trip's place in a list by when trips were made: that, in ms, and
// its id. It goes down to older ones, or up.
type cursor struct {
	from, last string
	down       bool
}

// before is true for a place at or beyond the cursor's time that comes after it.
func (c cursor) before(other cursor) bool {
	switch {
	case c.from != other.from:
		return true
	case c.down:
		return other.last < c.last
	}
	return other.last > c.last
}

func (c cursor) String() string { return c.from + "." + c.last }

func cursorOf(z redis.Z) cursor {
	id, _ := z.Member.(string)
	return cursor{from: strconv.FormatInt(int64(z.Score), 10), last: id}
}

func parseCursor(after string) (cursor, error) {
	if after == "" {
		return cursor{from: "-inf"}, nil
	}
	from, last, _ := strings.Cut(after, ".")
	if _, err := strconv.ParseInt(from, 10, 64); err != nil || charging.TripID(last).Validate() != nil {
		return cursor{}, charging.Invalid("cursor", "is no cursor of this list: begin with an empty one")
	}
	return cursor{from: from, last: last}, nil
}
