package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// maxEntries bounds (roughly) the journal of one trip: a stuck one retries for ever.
const maxEntries = 10_000

// Journal is the durable memory of a company's trips (docs/adr/0002).
type Journal struct {
	*conn
	listed listing
}

// Create writes a new trip with a lease for its owner. The lists of trips are
// written before the record, so that a crash leaves a trip listed too much and
// never one too few. The same trip again changes nothing. STALE_OWNER for a
// trip whose admission was given up meanwhile.
func (j *Journal) Create(ctx context.Context, t trip.Trip, lease time.Duration, entries []trip.Entry) error {
	doc, log, err := encode(t, entries)
	if err != nil {
		return err
	}
	due := j.dueMillis(time.Now().Add(lease))
	keys := []string{j.keys.trip(t.ID), j.keys.log(t.ID)}
	args := []any{
		doc, string(t.State), epochOf(t), ownerOf(t), ms(lease), strconv.FormatInt(due, 10), string(t.VehicleID), log,
	}
	id := string(t.ID)
	made := redis.Z{Score: float64(t.CreatedAt.UnixMilli()), Member: id}
	list := lists{
		j.keys.open(): func(pipe redis.Pipeliner) { pipe.ZAdd(ctx, j.keys.open(), redis.Z{Score: float64(due), Member: id}) },
		j.keys.all():  func(pipe redis.Pipeliner) { pipe.ZAddNX(ctx, j.keys.all(), made) },
		j.keys.made(t.VehicleID): func(pipe redis.Pipeliner) {
			pipe.ZAddNX(ctx, j.keys.made(t.VehicleID), made)
			pipe.PExpire(ctx, j.keys.made(t.VehicleID), charging.MaxAhead+charging.MaxWindow+j.o.TripRetention)
		},
	}
	got, err := j.listThenRun(ctx, "create trip", list, createScript, keys, args)
	if err != nil {
		return err
	}
	j.listed.note(t.ID, due, true)
	return j.verdict(t, got)
}

// Write replaces the trip's content, appends the entries and renews the lease,
// in one script. A due earlier than the list of open work has is listed first;
// a later one is left to TakeOver, which looks at the record. A zero due takes
// the trip off the list, after the record, and lets it expire after its last
// window. STALE_OWNER, UNKNOWN_TRIP.
func (j *Journal) Write(ctx context.Context, t trip.Trip, lease time.Duration, due time.Time, entries []trip.Entry) error {
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
		strconv.FormatInt(retention, 10), flag(t.Saga != nil && t.Saga.Stuck != nil), log, maxEntries,
	}
	needed, exact := j.listed.needed(t.ID, at, j.dueMillis(time.Now()))
	var list lists
	if at > 0 && needed {
		list = lists{j.keys.open(): func(pipe redis.Pipeliner) {
			pipe.ZAddLT(ctx, j.keys.open(), redis.Z{Score: float64(at), Member: string(t.ID)})
		}}
	}
	got, err := j.listThenRun(ctx, "write trip", list, writeScript, keys, args)
	if err != nil {
		return err
	}
	if err := j.verdict(t, got); err != nil {
		j.listed.drop(t.ID)
		return err
	}
	if at == 0 {
		j.listed.drop(t.ID)
		return j.unlist(ctx, string(t.ID))
	}
	if needed {
		j.listed.note(t.ID, at, exact)
	}
	return nil
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
	d, err := json.Marshal(t)
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
	}
	return last
}
