package store

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

const (
	// relist bounds how long the list of open work trusts what a record said
	// last: whoever finds a trip not yet due looks again at the latest then.
	relist = time.Minute
	// trace is how old a listing without a record must be to be the trace of a
	// crash before the record was written.
	trace = 10 * time.Minute
	// page of the list of open work that one look takes.
	page = 128
	// listMargin (ms) allows for what two readings of Redis TIME are apart.
	listMargin = 250
	// pages bounds one TakeOver.
	pages = 50
)

// TakeOver gives the owner up to limit trips that are due and whose lease is
// over, each with its epoch raised by one: exactly one owner gets each. Those
// that come with an error are the owner's, too: in a cluster one master may be
// away, and the trips of the others are taken.
func (j *Journal) TakeOver(ctx context.Context, owner string, lease time.Duration, limit int) ([]trip.Trip, error) {
	now, err := j.Time(ctx)
	if err != nil {
		return nil, err
	}
	var taken []trip.Trip
	gone := absent{}
	for n, offset := 0, int64(0); n < pages && len(taken) < limit; n++ {
		ids, err := j.rdb.ZRangeArgs(ctx, redis.ZRangeArgs{
			Key: j.keys.open(), ByScore: true, Start: "-inf", Stop: millis(now), Offset: offset, Count: page,
		}).Result()
		if err != nil {
			return taken, failed(ctx, "take over", err)
		}
		got, stay, err := j.takeAll(ctx, owner, lease, ids, limit-len(taken), gone)
		taken = append(taken, got...)
		if err != nil {
			return taken, err
		}
		if len(ids) < page {
			break
		}
		offset += int64(stay)
	}
	return taken, gone.err()
}

// absent are the masters that did not answer, and what they did instead: each is
// waited for once.
type absent map[redis.UniversalClient]error

// err is the trouble with one of them.
func (a absent) err() error {
	for _, err := range a {
		return err
	}
	return nil
}

// Acquire gives the owner one trip, due or not, with its epoch raised by one.
// STALE_OWNER while another has its lease, UNKNOWN_TRIP.
func (j *Journal) Acquire(ctx context.Context, id charging.TripID, owner string, lease time.Duration) (trip.Trip, error) {
	got, err := j.run(ctx, "acquire trip", acquireScript, []string{j.keys.trip(id)}, owner, ms(lease))
	if err != nil {
		return trip.Trip{}, err
	}
	if err := j.verdict(trip.Trip{ID: id, Saga: &trip.Saga{Owner: owner}}, got); err != nil {
		return trip.Trip{}, err
	}
	j.listed.drop(id)
	return decode(got.str(1), got.num(2), got.str(3))
}

// takeAll tries each trip but those of masters that are away, and tells how many
// stay where they are in the list.
func (j *Journal) takeAll(ctx context.Context, owner string, lease time.Duration, ids []string, limit int, away absent) ([]trip.Trip, int, error) {
	var taken []trip.Trip
	stay := 0
	for _, id := range ids {
		if len(taken) >= limit {
			break
		}
		key := j.keys.trip(charging.TripID(id))
		node, err := j.nodeOf(ctx, key)
		if err != nil {
			return taken, stay, failed(ctx, "take over", err)
		}
		if away[node] != nil {
			stay++
			continue
		}
		got, err := j.run(ctx, "take over", takeOverScript, []string{key}, owner, ms(lease))
		switch {
		case err != nil && j.cluster && ctx.Err() == nil:
			away[node] = err
			stay++
			continue
		case err != nil:
			return taken, stay, err
		}
		switch got.str(0) {
		case "OK":
			// Listed where it was: due in the past. Its owner looks after it, and
			// should it die, the next TakeOver does.
			stay++
			t, err := decode(got.str(1), got.num(2), got.str(3))
			if err != nil {
				return taken, stay, err
			}
			j.listed.drop(t.ID)
			taken = append(taken, t)
		case "WAIT":
			err = j.look(ctx, id, min(got.num(1), got.num(2)+relist.Milliseconds()))
		case "DONE":
			err = j.unlist(ctx, redis.Z{Member: id}, j.keys.open())
		case "GONE":
			stay++
			err = j.gone(ctx, id, got.num(1))
		}
		if err != nil {
			return taken, stay, err
		}
	}
	return taken, stay, nil
}

// look lists a trip that is listed already for a later look.
func (j *Journal) look(ctx context.Context, id string, at int64) error {
	err := j.rdb.ZAddXX(ctx, j.keys.open(), redis.Z{Score: float64(at), Member: id}).Err()
	j.listed.drop(charging.TripID(id))
	return failed(ctx, "list trip", err)
}

// gone forgets a listing whose record never came, or went before it.
func (j *Journal) gone(ctx context.Context, id string, now int64) error {
	score, err := j.rdb.ZScore(ctx, j.keys.open(), id).Result()
	switch {
	case errors.Is(err, redis.Nil):
		return nil
	case err != nil:
		return failed(ctx, "unlist trip", err)
	case now-int64(score) < trace.Milliseconds():
		return nil
	}
	return j.drop(ctx, []string{id})
}

// KeepAlive renews the leases that the owner still has and returns the trips
// that it has lost.
func (j *Journal) KeepAlive(ctx context.Context, owner string, lease time.Duration, ids []charging.TripID) ([]charging.TripID, error) {
	var lost []charging.TripID
	for len(ids) > 0 {
		some := ids[:min(len(ids), 500)]
		ids = ids[len(some):]
		pipe := j.rdb.Pipeline()
		kept := make([]*redis.Cmd, len(some))
		for i, id := range some {
			kept[i] = keepAliveScript.EvalSha(ctx, pipe, []string{j.keys.trip(id)}, owner, ms(lease))
		}
		_, _ = pipe.Exec(ctx)
		for i, id := range some {
			n, err := kept[i].Int()
			if noScript(err) {
				n, err = keepAliveScript.Run(ctx, j.rdb, []string{j.keys.trip(id)}, owner, ms(lease)).Int()
			}
			if err != nil {
				return lost, failed(ctx, "keep alive", err)
			}
			if n == 0 {
				j.listed.drop(id)
				lost = append(lost, id)
			}
		}
	}
	return lost, nil
}

// dueMillis is an instant of this machine's clock in Redis's.
func (j *Journal) dueMillis(t time.Time) int64 { return t.UnixMilli() + j.skew.Load() }

// listing remembers where this process has put a trip on the list of open work,
// so that a write need not touch the list. It trusts only what it knows exactly
// and what lies in the future, because TakeOver, anywhere, moves only what is
// due. It may forget anything: then the list is written once more.
type listing struct {
	mu  sync.Mutex
	due map[string]int64
}

// needed says whether a write that is due at must touch the list, and whether
// the list is then known exactly.
func (l *listing) needed(id charging.TripID, at, now int64) (needed, exact bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	had, ok := l.due[string(id)]
	known := ok && had > now+listMargin
	return !known || at < had, known
}

func (l *listing) note(id charging.TripID, at int64, exact bool) {
	if !exact {
		l.drop(id)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.due[string(id)] = at
}

func (l *listing) drop(id charging.TripID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.due, string(id))
}
