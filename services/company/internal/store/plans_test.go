package store_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// TestAPlanIsKeptBesideItsTrip: from the creation on, through every write of the record, and no longer than it. Shows a
// plan that a write takes with it, one that outlives its trip or is kept of none, and one that nobody can read and that hides the others.
func TestAPlanIsKeptBesideItsTrip(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		tr, bare := newTrip(e, 1), newTrip(e, 1)
		tr.Planned = &trip.Plan{ID: "p-1", Price: 10, Silent: []charging.CompanyID{"CAJ"}, Stops: []trip.PlanStop{{Backups: 2, BackupStops: []trip.Backup{{EVSEID: "BR*SER*E1*1"}}}}}
		for _, one := range []trip.Trip{tr, bare} {
			if err := e.Create(ctx, one, time.Minute, nil); err != nil {
				t.Fatal(err)
			}
		}
		tr.Planned = nil
		if err := e.Save(ctx, tr, time.Minute, time.Now().Add(time.Minute), nil); err != nil {
			t.Fatal(err)
		}
		ids := []charging.TripID{tr.ID, bare.ID, charging.TripID(newID())}
		kept, err := e.KeptPlans(ctx, ids)
		if p := kept[tr.ID]; err != nil || len(kept) != 1 || p.ID != "p-1" || p.Silent != nil || p.Stops[0].Backups != 0 || p.Stops[0].BackupStops != nil || tr.Planned != nil {
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

// TestWhatWasDrivenIsKeptBesideItsTrip: shows one that a write of the record takes with it, one that is kept of a trip that is
// gone, and one that nobody can read and that is an error for ever.
func TestWhatWasDrivenIsKeptBesideItsTrip(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		tr := newTrip(e, 1)
		if err := e.Create(ctx, tr, time.Minute, nil); err != nil {
			t.Fatal(err)
		}
		if d, err := e.Driven(ctx, tr.ID); d != nil || err != nil {
			t.Fatalf("before: %+v, %v", d, err)
		}
		seen := trip.Driven{{At: time.Unix(1795900000, 0).UTC(), Point: geo.Point{Lat: -7.1, Lon: -35}, SoC: 0.8123}}
		if err := e.KeepDriven(ctx, tr.ID, seen); err != nil {
			t.Fatal(err)
		}
		if err := e.Save(ctx, tr, time.Minute, time.Now().Add(time.Minute), nil); err != nil {
			t.Fatal(err)
		}
		if d, err := e.Driven(ctx, tr.ID); err != nil || !reflect.DeepEqual(d, seen) {
			t.Errorf("%+v, %v", d, err)
		}
		refused(t, e.KeepDriven(ctx, charging.TripID(newID()), seen), charging.CodeUnknownTrip)
		e.raw.HSet(ctx, e.prefix+"trip:{"+string(tr.ID)+"}", "driven", "{")
		if d, err := e.Driven(ctx, tr.ID); d != nil || err != nil {
			t.Errorf("damaged: %+v, %v", d, err)
		}
	})
}
