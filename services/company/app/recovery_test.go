package app

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// forgetting boots three companies of which MAR's store can be made to forget.
func forgetting(t *testing.T) (map[charging.CompanyID]*App, *miniredis.Miniredis) {
	t.Helper()
	mr := miniredis.RunT(t)
	stopClock := advance(mr)
	t.Cleanup(stopClock)
	return boot(t, func(o *Options) {
		if o.Company == "MAR" {
			o.Store, o.DataDir = Store{URL: "redis://" + mr.Addr()}, t.TempDir()
		}
	}), mr
}

// advance lets TTLs of a miniredis run.
func advance(mr *miniredis.Miniredis) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		last := time.Now()
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-tick.C:
				mr.FastForward(now.Sub(last))
				last = now
			}
		}
	}()
	return func() { cancel(); <-done }
}

func book(t *testing.T, a *App) trip.Trip {
	t.Helper()
	d := driverOf(t, a, "EV-0001")
	plans, err := d.Plan(t.Context(), journey())
	if err != nil || len(plans) == 0 {
		t.Fatalf("%d plans, %v", len(plans), err)
	}
	booked, err := d.CreateTrip(t.Context(), api.TripRequest{VehicleID: "EV-0001", PlanID: plans[0].ID, OnConflict: trip.Abort}, "", 15*time.Second)
	if err != nil || booked.State != trip.Confirmed {
		t.Fatalf("%s, %v; problem %+v", booked.State, err, booked.Problem)
	}
	return booked
}

// until asks again until it is so; 30 s are as good as for ever.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !so() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		<-time.After(20 * time.Millisecond)
	}
}

func recoveryOf(t *testing.T, a *App) api.Recovery {
	t.Helper()
	r, err := driverOf(t, a, "operator").Recovery(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func stopAt(t *testing.T, booked trip.Trip, id charging.CompanyID) trip.Leg {
	t.Helper()
	for _, l := range booked.Legs {
		if l.CompanyID == id {
			return l
		}
	}
	t.Fatalf("the trip does not stop at %s", id)
	return trip.Leg{}
}

// MAR's Redis forgets everything while its server runs. Its stop of SER's trip
// is promised to nobody else meanwhile, and is there again under its own id.
func TestLostMemoryComesBack(t *testing.T) {
	apps, mr := forgetting(t)
	booked := book(t, apps["SER"])
	leg := stopAt(t, booked, "MAR")
	rival := api.TripRequest{VehicleID: "EV-0002", OnConflict: trip.Abort, Stops: []api.Stop{{EVSEID: leg.EVSEID, Start: leg.Start, End: leg.End}}}

	mr.FlushAll()
	for range 5 {
		got, err := driverOf(t, apps["CAJ"], "EV-0002").CreateTrip(t.Context(), rival, "", 15*time.Second)
		if err != nil || got.State != trip.Aborted {
			t.Fatalf("the promised stop was given away: %s, %v", got.State, err)
		}
	}
	until(t, "MAR recovers", func() bool { r := recoveryOf(t, apps["MAR"]); return r.State == "trusted" && r.Since != nil })
	if r := recoveryOf(t, apps["MAR"]); r.Restored != 1 || !r.Durable {
		t.Errorf("%+v", r)
	}
	canceled, err := driverOf(t, apps["SER"], "EV-0001").Cancel(t.Context(), booked.ID)
	if err != nil || canceled.State != trip.Canceled {
		t.Fatalf("%s, %v", canceled.State, err)
	}
	until(t, "the stop is free once its trip is canceled", func() bool {
		got, err := driverOf(t, apps["CAJ"], "EV-0002").CreateTrip(t.Context(), rival, "", 15*time.Second)
		return err == nil && got.State == trip.Confirmed
	})
}

// With an originator that is silent the store stays closed, says so, and opens
// by the operator's word.
func TestLostMemoryWaitsForTheSilent(t *testing.T) {
	apps, mr := forgetting(t)
	booked := book(t, apps["SER"])
	stop(t, apps["CAJ"])
	mr.FlushAll()
	until(t, "only CAJ is waited for", func() bool {
		r := recoveryOf(t, apps["MAR"])
		return r.State == "recovering" && len(r.Waiting) == 1 && r.Waiting[0].CompanyID == "CAJ" && r.Waiting[0].Attempts > 1
	})
	health, err := driverOf(t, apps["MAR"], "").Ready(t.Context())
	if err != nil && charging.CodeOf(err) != "" {
		t.Fatal(err)
	}
	if detail := health.Checks["store"]; !strings.Contains(detail, "lost its memory") || !strings.Contains(detail, "CAJ") {
		t.Errorf("readyz: %q", detail)
	}
	r, err := driverOf(t, apps["MAR"], "operator").AcceptLoss(t.Context(), api.AcceptRequest{Reason: "CAJ is gone for good"})
	if err != nil || r.State != "accepted" || r.Restored != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	leg := stopAt(t, booked, "MAR")
	free, err := driverOf(t, apps["MAR"], "EV-0001").Availability(t.Context(), leg.EVSEID, charging.NewWindow(leg.Start, leg.End))
	if err != nil || len(free.Windows) != 0 {
		t.Errorf("SER's stop is not there: %+v, %v", free, err)
	}
}
