package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

const (
	// inCreation is how long a repeat waits for the record of the trip that the
	// first request with its key was admitted with, before it takes its place.
	inCreation = 3 * time.Second
	// inTheWay is how long a trip without a record stands in another's way.
	inTheWay = time.Minute
	// voidedFor is how long a trip that was given up before it was created is
	// refused to its creator.
	voidedFor = time.Hour
	// lookAgain is the pause between two looks at a trip in creation.
	lookAgain = 10 * time.Millisecond
)

// Admit checks a new trip against its vehicle's open trips and the caller's
// idempotency key. A repeat of the key answers the trip that it made, once that
// is on record: it waits for one in creation, and takes the place of one whose
// creator died before writing it (which is then refused, should it come back).
// ID_REUSED for another body, INVALID_WINDOW when an open trip overlaps.
func (j *Journal) Admit(ctx context.Context, a trip.Admission) (charging.TripID, error) {
	instead := charging.TripID("")
	for {
		got, err := j.admit(ctx, a, instead)
		if err != nil {
			return "", err
		}
		other := charging.TripID(got.str(1))
		switch got.str(0) {
		case "OK":
			return "", nil
		case "REPLAY":
			there, err := j.standing(ctx, other)
			if err != nil || there != nowhere {
				return other, err
			}
			if instead, err = j.replace(ctx, other, got.num(2)); err != nil {
				return "", err
			}
		case "BUSY":
			if err := j.makeWay(ctx, a, other, got); err != nil {
				return "", err
			}
		default:
			return "", charging.Refuse(charging.CodeIDReused,
				fmt.Sprintf("this Idempotency-Key was used for another request, which made trip %s; take a new key", other))
		}
	}
}

func (j *Journal) admit(ctx context.Context, a trip.Admission, instead charging.TripID) (reply, error) {
	keys := []string{j.keys.spans(a.VehicleID), j.keys.idem(a.VehicleID, a.Key)}
	run := j.run
	if j.cluster { // elsewhere the trip's own record, written after it, is waited for
		run = j.replicated
	}
	return run(ctx, "admit trip", admitScript, keys, string(a.TripID), seconds(a.Span.Start), seconds(a.Span.End),
		flag(a.Key != ""), a.Digest, ms(max(a.Life, time.Minute)), j.civil(), string(instead), ms(j.o.TripRetention))
}

// replace waits a little for a trip in creation, or gives up one that has been
// so for too long (age in ms) and names it.
func (j *Journal) replace(ctx context.Context, id charging.TripID, age int64) (charging.TripID, error) {
	if age >= inCreation.Milliseconds() {
		void, err := j.void(ctx, id)
		if !void {
			return "", err
		}
		return id, err
	}
	pause := time.NewTimer(lookAgain)
	defer pause.Stop()
	select {
	case <-ctx.Done():
		return "", failed(ctx, "admit trip", ctx.Err())
	case <-pause.C:
		return "", nil
	}
}

// makeWay refuses because of an open trip, or takes one off the list that is
// over, or was never created.
func (j *Journal) makeWay(ctx context.Context, a trip.Admission, id charging.TripID, got reply) error {
	there, err := j.standing(ctx, id)
	if err != nil {
		return err
	}
	if there == nowhere && got.num(4) >= inTheWay.Milliseconds() {
		void, err := j.void(ctx, id)
		if err != nil {
			return err
		}
		if void {
			there = over
		}
	}
	if there == over {
		return j.Dismiss(ctx, a.VehicleID, id)
	}
	w := charging.Window{Start: fromSeconds(got.num(2)), End: fromSeconds(got.num(3))}
	return &charging.Refusal{
		Code: charging.CodeInvalidWindow,
		Detail: fmt.Sprintf("vehicle %s has another open trip at that time: trip %s, %s; cancel it or choose another time",
			a.VehicleID, id, w),
		Fields: []charging.FieldError{{Field: "stops", Reason: "overlap open trip " + string(id)}},
	}
}

// Where a trip stands for another of its vehicle.
type place int

const (
	nowhere place = iota // no record (yet)
	underWay
	over
)

func (j *Journal) standing(ctx context.Context, id charging.TripID) (place, error) {
	state, err := j.rdb.HGet(ctx, j.keys.trip(id), "state").Result()
	switch {
	case errors.Is(err, redis.Nil):
		return nowhere, nil
	case err != nil:
		return nowhere, failed(ctx, "admit trip", err)
	case trip.State(state).Open():
		return underWay, nil
	}
	return over, nil
}

func (j *Journal) void(ctx context.Context, id charging.TripID) (bool, error) {
	n, err := voidScript.Run(ctx, j.rdb, []string{j.keys.trip(id)}, ms(voidedFor)).Int()
	return n == 1, failed(ctx, "give up trip", err)
}
