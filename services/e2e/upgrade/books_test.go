package upgrade

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/upgrade/fixture"
)

// stands is one member of a calendar.
type stands struct {
	evse        string
	kind        string // H held, R reserved (or charging)
	start, end  int64
	reservation string
}

// books are what the companies' calendars have, by trip.
type books map[string][]stands

// read reads all calendars, as a person with redis-cli would; an error says that
// an EVSE is sold twice.
func (f *federation) read() (books, error) {
	b := books{}
	for id, rdb := range f.rdb {
		keys, err := rdb.Keys(f.t.Context(), "cal:*").Result()
		if err != nil {
			return nil, err
		}
		for _, key := range keys {
			if err := f.calendar(b, rdb, key); err != nil {
				return nil, fmt.Errorf("%s: %w", id, err)
			}
		}
	}
	return b, nil
}

// calendar adds one EVSE's: cal:{LOCATION}:EVSE.
func (f *federation) calendar(b books, rdb *redis.Client, key string) error {
	zs, err := rdb.ZRangeWithScores(f.t.Context(), key, 0, -1).Result()
	if err != nil {
		return err
	}
	last := int64(0)
	for _, z := range zs {
		m := strings.SplitN(z.Member.(string), "|", 3)
		s := stands{evse: key[strings.LastIndex(key, ":")+1:], kind: m[0], start: int64(z.Score), reservation: m[2]}
		s.end, _ = strconv.ParseInt(m[1], 10, 64)
		if s.start < last {
			return fmt.Errorf("%s is sold twice: %v", key, zs)
		}
		last = s.end
		record := strings.Replace(key[:strings.LastIndex(key, ":")], "cal:", "rsv:", 1) + ":" + s.reservation
		who, err := rdb.HGet(f.t.Context(), record, "who").Result()
		if err != nil {
			return fmt.Errorf("%s: %w", record, err)
		}
		id, _, _ := strings.Cut(who, "|")
		b[id] = append(b[id], s)
	}
	return nil
}

// whole compares a trip with what the companies have of it: of one that is
// booked, each stop that is to come, once and in its window; of one that is over,
// nothing. It shows a swap or a shift that is half done, a stop that is held for
// nobody, and one that is promised and not there.
func (b books) whole(t trip.Trip) error {
	want := map[stands]bool{}
	for _, l := range t.Legs {
		if t.State == trip.Confirmed && !over(l.State) {
			want[stands{string(l.EVSEID), "R", l.Start.Unix(), l.End.Unix(), string(l.ReservationID)}] = true
		}
	}
	got := map[stands]bool{}
	for _, s := range b[string(t.ID)] {
		got[s] = true
	}
	if !maps.Equal(want, got) {
		return fmt.Errorf("the trip is %s and has %v, the companies have %v", t.State, slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(got)))
	}
	return nil
}

func over(s charging.State) bool {
	return s == charging.Canceled || s == charging.Fulfilled || s == charging.NoShow
}

// noLocks wants no hold to be left anywhere.
func (f *federation) noLocks() error {
	var all []error
	for _, id := range fixture.Companies {
		locks, err := f.operator(id).Locks(f.t.Context())
		if len(locks) > 0 {
			err = fmt.Errorf("%s still holds %+v", id, locks)
		}
		all = append(all, err)
	}
	return errors.Join(all...)
}
