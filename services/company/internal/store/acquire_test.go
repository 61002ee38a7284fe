package store_test

import (
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// TestAcquire: a trip that rests goes to whoever asks, one that is leased to
// nobody else, and the former owner writes no more.
func TestAcquire(t *testing.T) {
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		tr := newTrip(e, 2)
		if _, err := e.Acquire(ctx, tr.ID, "b", time.Minute); charging.CodeOf(err) != charging.CodeUnknownTrip {
			t.Fatalf("a trip that is not there: %v", err)
		}
		if err := e.Create(ctx, tr, time.Minute, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Acquire(ctx, tr.ID, "b", time.Minute); charging.CodeOf(err) != charging.CodeStaleOwner {
			t.Fatalf("a leased trip: %v", err)
		}
		if err := e.Park(ctx, tr, time.Now().Add(time.Hour), nil); err != nil { // the lease is given back
			t.Fatal(err)
		}
		got, err := e.Acquire(ctx, tr.ID, "b", time.Minute)
		if err != nil || got.Saga.Epoch != 2 || got.Saga.Owner != "b" {
			t.Fatalf("%v %+v", err, got.Saga)
		}
		if err := e.Save(ctx, tr, time.Minute, time.Now().Add(time.Minute), nil); charging.CodeOf(err) != charging.CodeStaleOwner {
			t.Errorf("the former owner wrote: %v", err)
		}
	})
}

// TestCreateOfAnothersTrip: two servers that begin one trip have one owner.
func TestCreateOfAnothersTrip(t *testing.T) {
	each(t, func(t *testing.T, e *env) {
		tr := newTrip(e, 1)
		for range 2 { // a repeat by the owner succeeds
			if err := e.Create(t.Context(), tr, time.Minute, nil); err != nil {
				t.Fatal(err)
			}
		}
		other := tr
		saga := *tr.Saga
		saga.Owner, other.Saga = "b", &saga
		if err := e.Create(t.Context(), other, time.Minute, nil); charging.CodeOf(err) != charging.CodeStaleOwner {
			t.Fatalf("%v", err)
		}
	})
}

// Shows a former owner that gets the present epoch by repeating a call of before:
// the same server has lost the trip, and has it again.
func TestRaiseOfBeforeIsNotRepeated(t *testing.T) {
	t.Parallel()
	for name, again := range map[string]func(e *env, id charging.TripID) (trip.Trip, error){
		"taken over": func(e *env, id charging.TripID) (trip.Trip, error) {
			e.leaseOver(t, id)
			got, err := e.TakeOver(t.Context(), "a", lease, 1)
			return got[0], err
		},
		"acquired": func(e *env, id charging.TripID) (trip.Trip, error) {
			e.raw.HSet(t.Context(), e.tripKey(id), "lease", 1)
			return e.Acquire(t.Context(), id, "a", lease)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, e *env) {
				ctx := t.Context()
				former := created(t, e)
				if n, err := e.Raise(ctx, former, 6); err != nil || n != 7 {
					t.Fatalf("%d, %v", n, err)
				}
				now, err := again(e, former.ID)
				if err != nil || now.Saga.Epoch != 8 {
					t.Fatalf("%+v, %v", now.Saga, err)
				}
				n, err := e.Raise(ctx, former, 6)
				if err == nil {
					t.Errorf("the former run goes on under epoch %d", n)
				}
				refused(t, err, charging.CodeStaleOwner)
				e.write(t, now, time.Now())
			})
		})
	}
}
