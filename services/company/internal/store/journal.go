package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// maxEntries bounds (roughly) the journal of one trip: a stuck one retries for ever.
const maxEntries = 10_000

// Journal is the durable memory of a company's trips (docs/adr/0002-the-journal.md).
type Journal struct {
	*conn
	listed listing
	// filed is true once every trip of before is on the lists by what is asked.
	filed atomic.Bool
}

// sequence gives entries the Seq that History reads for them, once the log has them.
func sequence(entries []trip.Entry, log string) {
	for i := range entries {
		if log != "" {
			entries[i].Seq = log + "/" + strconv.Itoa(i)
		}
	}
}

// Create writes a new trip with a lease for its owner, and t.Planned beside it. The lists of trips are
// written before the record, so that a crash leaves a trip listed too much and
// never one too few. The same trip again changes nothing. STALE_OWNER for a
// trip whose admission was given up meanwhile.
func (j *Journal) Create(ctx context.Context, t trip.Trip, lease time.Duration, entries []trip.Entry) error {
	doc, log, err := encode(t, entries)
	if err != nil {
		return err
	}
	plan, err := planDoc(t.Planned)
	if err != nil {
		return err
	}
	due := j.dueMillis(time.Now().Add(lease))
	keys := []string{j.keys.trip(t.ID), j.keys.log(t.ID)}
	args := []any{
		doc, string(t.State), epochOf(t), ownerOf(t), ms(lease), strconv.FormatInt(due, 10), string(t.VehicleID), log, plan, findable(t),
	}
	list := j.shelves(ctx, t.State, false, madeAt(t))
	list[j.keys.open()] = func(pipe redis.Pipeliner) {
		pipe.ZAdd(ctx, j.keys.open(), redis.Z{Score: float64(due), Member: string(t.ID)})
	}
	list.add(ctx, j.keys.all(), madeAt(t))
	list[j.keys.made(t.VehicleID)] = func(pipe redis.Pipeliner) {
		pipe.ZAddNX(ctx, j.keys.made(t.VehicleID), madeAt(t))
		pipe.PExpire(ctx, j.keys.made(t.VehicleID), charging.MaxAhead+charging.MaxWindow+j.o.TripRetention)
	}
	got, err := j.listThenRun(ctx, "create trip", list, createScript, keys, args)
	if err != nil {
		return err
	}
	j.listed.note(t.ID, due, true)
	if err := j.verdict(t, got); err != nil {
		return err
	}
	sequence(entries, got.str(1))
	return nil
}

// Save replaces the trip's content, appends the entries and renews the lease, in
// one script. A due earlier than the list of open work has is listed first; a
// later one is left to TakeOver, which looks at the record. The other lists follow
// the state and Saga.Stuck in the same order. STALE_OWNER, UNKNOWN_TRIP.
func (j *Journal) Save(ctx context.Context, t trip.Trip, lease time.Duration, due time.Time, entries []trip.Entry) error {
	return j.write(ctx, t, lease, due, entries)
}

// Park is Save for a trip that is left until it is due: it gives the lease back.
func (j *Journal) Park(ctx context.Context, t trip.Trip, due time.Time, entries []trip.Entry) error {
	return j.write(ctx, t, 0, due, entries)
}

// Finish is Save for a trip that needs no more work: it gives the lease back,
// takes the trip off the list of open work, after the record, and lets it expire
// after its last window.
func (j *Journal) Finish(ctx context.Context, t trip.Trip, entries []trip.Entry) error {
	return j.write(ctx, t, 0, time.Time{}, entries)
}

// write is Save, without a lease where it is given back, and without a due where
// the trip needs no more work.
func (j *Journal) write(ctx context.Context, t trip.Trip, lease time.Duration, due time.Time, entries []trip.Entry) error {
	doc, log, err := encode(t, entries)
	if err != nil {
		return err
	}
	var at, retention int64
	if due.IsZero() {
		retention = (j.until(lastEnd(t)) + j.o.TripRetention).Milliseconds()
	} else {
		at = max(1, j.dueMillis(due))
	}
	keys := []string{j.keys.trip(t.ID), j.keys.log(t.ID)}
	args := []any{
		doc, string(t.State), epochOf(t), ownerOf(t), ms(lease), strconv.FormatInt(at, 10),
		strconv.FormatInt(retention, 10), flag(stuck(t)), log, maxEntries, findable(t),
	}
	needed, exact := j.listed.needed(t.ID, at, j.dueMillis(time.Now()))
	needed = needed && at > 0
	got, err := j.listThenRun(ctx, "write trip", j.before(ctx, t, at, retention, needed), writeScript, keys, args)
	if err != nil {
		return err
	}
	if err := j.verdict(t, got); err != nil {
		j.listed.drop(t.ID)
		return err
	}
	sequence(entries, got.str(2))
	switch {
	case at == 0:
		j.listed.drop(t.ID)
	case needed:
		j.listed.note(t.ID, at, exact)
	}
	return j.unlist(ctx, madeAt(t), j.after(t, at, got.str(1) == "1")...)
}

// before are the lists that a write makes true.
func (j *Journal) before(ctx context.Context, t trip.Trip, at, retention int64, due bool) lists {
	list := lists{}
	if !t.State.Open() || stuck(t) {
		list = j.shelves(ctx, t.State, stuck(t), madeAt(t))
	}
	if due {
		list[j.keys.open()] = func(pipe redis.Pipeliner) {
			pipe.ZAddLT(ctx, j.keys.open(), redis.Z{Score: float64(at), Member: string(t.ID)})
		}
	}
	if at == 0 {
		goes := j.dueMillis(time.Now()) + retention
		list[j.keys.expiry()] = func(pipe redis.Pipeliner) {
			pipe.ZAdd(ctx, j.keys.expiry(), expiryAt(string(t.ID), t.VehicleID, goes))
		}
	}
	return list
}

// after are the lists that a write makes false.
func (j *Journal) after(t trip.Trip, at int64, wasStuck bool) []string {
	var off []string
	if at == 0 {
		off = append(off, j.keys.open())
	}
	if !t.State.Open() {
		off = append(off, j.keys.standing())
	}
	if wasStuck && !stuck(t) {
		off = append(off, j.keys.stuck())
	}
	return off
}

func stuck(t trip.Trip) bool { return t.Saga != nil && t.Saga.Stuck != nil }

// madeAt is a trip's place in the lists that are by when a trip was made.
func madeAt(t trip.Trip) redis.Z {
	return redis.Z{Score: float64(t.CreatedAt.UnixMilli()), Member: string(t.ID)}
}

// Raise gives the holder of the lease an epoch above atLeast, after a company
// has answered STALE_OWNER. STALE_OWNER, UNKNOWN_TRIP.
func (j *Journal) Raise(ctx context.Context, t trip.Trip, atLeast int64) (int64, error) {
	got, err := j.run(ctx, "raise epoch", raiseScript, []string{j.keys.trip(t.ID)}, epochOf(t), ownerOf(t), atLeast)
	if err != nil {
		return 0, err
	}
	if err := j.verdict(t, got); err != nil {
		return 0, err
	}
	return got.num(1), nil
}

// verdict makes the answer of a journal's script an error.
func (j *Journal) verdict(t trip.Trip, got reply) error {
	switch code := charging.Code(got.str(0)); code {
	case "OK":
		return nil
	case charging.CodeStaleOwner:
		return &charging.Refusal{
			Code: code, SeenEpoch: got.num(1),
			Detail: fmt.Sprintf("trip %s is owned under epoch %d; owner %q with epoch %s stops and writes nothing",
				t.ID, got.num(1), ownerOf(t), epochOf(t)),
		}
	default:
		return unknownTrip(t.ID)
	}
}

func unknownTrip(id charging.TripID) error {
	return charging.Refuse(charging.CodeUnknownTrip, "there is no trip "+string(id)+" at this company")
}

// encode gives the document and the journal entries as JSON, the latter empty
// when there are none.
func encode(t trip.Trip, entries []trip.Entry) (doc, log string, err error) {
	d, err := t.Encode()
	if err != nil {
		return "", "", fmt.Errorf("store: trip %s: %w", t.ID, err)
	}
	if len(entries) == 0 {
		return string(d), "", nil
	}
	e, err := json.Marshal(entries)
	if err != nil {
		return "", "", fmt.Errorf("store: journal of trip %s: %w", t.ID, err)
	}
	return string(d), string(e), nil
}

func epochOf(t trip.Trip) string {
	if t.Saga == nil {
		return "1"
	}
	return strconv.FormatInt(t.Saga.Epoch, 10)
}

func ownerOf(t trip.Trip) string {
	if t.Saga == nil {
		return ""
	}
	return t.Saga.Owner
}

// lastEnd is when the last window ends that the trip may have asked for.
func lastEnd(t trip.Trip) time.Time {
	var last time.Time
	later := func(end time.Time) {
		if end.After(last) {
			last = end
		}
	}
	for _, l := range t.Legs {
		later(l.End)
	}
	if t.Saga != nil {
		for _, a := range t.Saga.Abandoned {
			later(a.End)
		}
		if t.Saga.Shift != nil {
			for _, k := range t.Saga.Shift.Takes {
				later(k.Union().End)
			}
		}
		if t.Saga.Shift != nil {
			for _, take := range t.Saga.Shift.Takes {
				later(take.Union().End)
			}
		}
	}
	return last
}
