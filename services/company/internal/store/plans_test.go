package store_test

import (
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// TestAPlanIsKeptBesideItsTrip: from the creation on, through every write of the record, and no longer than it. Shows a
// plan that a write takes with it, one that outlives its trip or is kept of none, and one that nobody can read and that hides the others.
func TestAPlanIsKeptBesideItsTrip(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		tr, bare := newTrip(e, 1), newTrip(e, 1)
		tr.Planned = &trip.Plan{ID: "p-1", Price: 10, Silent: []charging.CompanyID{"CAJ"}}
		for _, one := range []trip.Trip{tr, bare} {
			if err := e.Create(ctx, one, time.Minute, nil); err != nil {
				t.Fatal(err)
			}
		}
		tr.Planned = nil
		if err := e.Write(ctx, tr, time.Minute, time.Now().Add(time.Minute), nil); err != nil {
			t.Fatal(err)
		}
		ids := []charging.TripID{tr.ID, bare.ID, charging.TripID(newID())}
		kept, err := e.KeptPlans(ctx, ids)
		if p := kept[tr.ID]; err != nil || len(kept) != 1 || p.ID != "p-1" || p.Silent != nil {
			t.Fatalf("%+v, %v", kept, err)
		}
		if err := e.KeepPlan(ctx, bare.ID, trip.Plan{Price: 20}); err != nil {
			t.Fatal(err)
		}
		refused(t, e.KeepPlan(ctx, ids[2], trip.Plan{Price: 30}), charging.CodeUnknownTrip)
		e.raw.HSet(ctx, e.prefix+"trip:{"+string(tr.ID)+"}", "plan", "{")
		kept, err = e.KeptPlans(ctx, ids)
		if err != nil || len(kept) != 1 || kept[bare.ID].Price != 20 {
			t.Errorf("%+v, %v", kept, err)
		}
		if n := e.raw.Exists(ctx, e.prefix+"trip:{"+string(ids[2])+"}").Val(); n != 0 {
			t.Error("a trip that is gone left its plan")
		}
		if doc := e.raw.HGet(ctx, e.prefix+"trip:{"+string(bare.ID)+"}", "doc").Val(); doc == "" {
			t.Error("no record")
		}
	})
}
