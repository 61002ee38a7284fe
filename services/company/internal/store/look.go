package store

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Reservation finds a record among the given locations. A hold that has lapsed
// is EXPIRED. UNKNOWN_RESERVATION.
func (c Calendar) Reservation(ctx context.Context, id charging.ReservationID, among []charging.LocationID) (charging.Reservation, error) {
	r, _, err := c.look(ctx, id, among, false)
	return r, err
}

// look reads a record, and its history where that is wanted.
func (c Calendar) look(ctx context.Context, id charging.ReservationID, among []charging.LocationID, history bool) (charging.Reservation, string, error) {
	loc, err := c.locate(ctx, id, among)
	if err != nil {
		return charging.Reservation{}, "", err
	}
	if loc != "" {
		got, err := c.run(ctx, "reservation", reservationScript, []string{c.keys.rsv(loc, id), c.keys.locks(loc)}, string(id), flag(history))
		if err != nil {
			return charging.Reservation{}, "", err
		}
		if got.str(0) == "OK" {
			return reservation(id, got), got.str(answered), nil
		}
	}
	return charging.Reservation{}, "", charging.Refuse(charging.CodeUnknownReservation, "there is no reservation "+string(id))
}

// locate tells which location has the record; empty when none has.
func (c Calendar) locate(ctx context.Context, id charging.ReservationID, among []charging.LocationID) (charging.LocationID, error) {
	if len(among) < 2 {
		return first(among), nil
	}
	pipe := c.rdb.Pipeline()
	found := make([]*redis.IntCmd, len(among))
	for i, loc := range among {
		found[i] = pipe.Exists(ctx, c.keys.rsv(loc, id))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return "", failed(ctx, "reservation", err)
	}
	for i, f := range found {
		if f.Val() > 0 {
			return among[i], nil
		}
	}
	return "", nil
}

func first(among []charging.LocationID) charging.LocationID {
	if len(among) == 0 {
		return ""
	}
	return among[0]
}

// Free lists the free windows of EVSEs of one location in [w.Start, w.End), by
// one reading of all. An EVSE out of service has none.
func (c Calendar) Free(ctx context.Context, loc charging.LocationID, evses []charging.EVSEID, w charging.Window) ([]charging.Free, error) {
	if len(evses) == 0 {
		return nil, nil
	}
	keys := []string{c.keys.oos(loc)}
	args := []any{seconds(w.Start), seconds(w.End)}
	for _, e := range evses {
		keys = append(keys, c.keys.cal(loc, e), c.keys.lock(loc, e, ""))
		args = append(args, string(e))
	}
	got, err := c.run(ctx, "free", availabilityScript, keys, args...)
	if err != nil {
		return nil, err
	}
	out := make([]charging.Free, len(evses))
	for i, e := range evses {
		out[i] = charging.Free{EVSEID: e, Windows: gaps(got.list(i), w)}
	}
	return out, nil
}

// gaps is what is left of w beside the taken windows, which come latest first.
func gaps(taken reply, w charging.Window) []charging.Window {
	if taken.num(0) == -1 {
		return nil
	}
	var free []charging.Window
	from := w.Start
	for i := len(taken) - 2; i >= 0; i -= 2 {
		if start := fromSeconds(taken.num(i)); from.Before(start) {
			free = append(free, charging.NewWindow(from, start))
		}
		from = fromSeconds(taken.num(i + 1))
	}
	if from.Before(w.End) {
		free = append(free, charging.NewWindow(from, w.End))
	}
	return free
}

// Unsettled lists RESERVED stops of a location that were confirmed before the
// given age and whose originator has not been heard yet, oldest first, after
// the skip oldest of them.
func (c Calendar) Unsettled(ctx context.Context, loc charging.LocationID, age time.Duration, skip, limit int) ([]charging.Reservation, error) {
	got, err := c.run(ctx, "unsettled", unsettledScript, []string{c.keys.unsettled(loc), c.keys.rsv(loc, "")}, ms(age), skip, limit)
	if err != nil {
		return nil, err
	}
	out := make([]charging.Reservation, 0, len(got))
	for i := range got {
		one := got.list(i)
		out = append(out, reservation(charging.ReservationID(one.str(0)), one[1:]))
	}
	return out, nil
}

// Locks lists the holds in force of a location, by EVSE and start.
func (c Calendar) Locks(ctx context.Context, loc charging.LocationID, evses []charging.EVSEID) ([]charging.Lock, error) {
	pipe := c.rdb.Pipeline()
	members := make([]*redis.StringSliceCmd, len(evses))
	for i, e := range evses {
		members[i] = pipe.ZRange(ctx, c.keys.cal(loc, e), 0, -1)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, failed(ctx, "locks", err)
	}
	var names []string
	for i, e := range evses {
		for _, m := range members[i].Val() {
			if parts := strings.SplitN(m, "|", 3); len(parts) == 3 && parts[0] == "H" {
				names = append(names, c.keys.lock(loc, e, charging.ReservationID(parts[2])))
			}
		}
	}
	return c.readLocks(ctx, loc, names)
}

func (c Calendar) readLocks(ctx context.Context, loc charging.LocationID, names []string) ([]charging.Lock, error) {
	pipe := c.rdb.Pipeline()
	values := make([]*redis.StringCmd, len(names))
	lives := make([]*redis.DurationCmd, len(names))
	for i, name := range names {
		values[i], lives[i] = pipe.Get(ctx, name), pipe.PTTL(ctx, name)
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, failed(ctx, "locks", err)
	}
	out := make([]charging.Lock, 0, len(names))
	for i, name := range names {
		l := charging.Lock{}
		if json.Unmarshal([]byte(values[i].Val()), &l) != nil || lives[i].Val() < 0 {
			continue // lapsed while we looked
		}
		l.Key, l.LocationID, l.TTLMillis = name, loc, lives[i].Val().Milliseconds()
		out = append(out, l)
	}
	return out, nil
}
