package store_test

import (
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
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
		if err := e.Write(ctx, tr, 0, time.Now().Add(time.Hour), nil); err != nil { // the lease is given back
			t.Fatal(err)
		}
		got, err := e.Acquire(ctx, tr.ID, "b", time.Minute)
		if err != nil || got.Saga.Epoch != 2 || got.Saga.Owner != "b" {
			t.Fatalf("%v %+v", err, got.Saga)
		}
		if err := e.Write(ctx, tr, time.Minute, time.Now().Add(time.Minute), nil); charging.CodeOf(err) != charging.CodeStaleOwner {
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
