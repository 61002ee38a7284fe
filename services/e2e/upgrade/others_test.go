package upgrade

import (
	"errors"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/upgrade/fixture"
)

// What is remembered beside trips is still known: tombstones and lapsed holds
// refuse their ids, an EVSE that was taken out of service is so, a secret that
// was revoked is.
func TestRecordedRefusalsStand(t *testing.T) {
	f := resume(t, fixture.First)
	for name, code := range map[string]charging.Code{"tombstone": charging.CodeAlreadyCompensated, "expired": charging.CodeHoldExpired} {
		o := f.other(t, name)
		got, err := f.peer(o.Origin, o.Company).Reserve(t.Context(), charging.HoldRequest{
			Ref: charging.Ref{
				ID: charging.ReservationID(o.Reservation), TripID: charging.TripID(o.TripID), Origin: charging.CompanyID(o.Origin),
				EVSEID: charging.EVSEID(o.EVSEID), End: o.End, Epoch: 1,
			},
			Leg: 1, Start: o.Start, VehicleID: "EV-elsewhere", TTL: 10 * time.Second,
		})
		if charging.CodeOf(err) != code {
			t.Errorf("%s: %+v, %v, want %s", name, got, err, code)
		}
	}
	revoked := f.other(t, "revoked")
	if _, err := f.as(revoked.Company, revoked.VehicleID, revoked.Secret[0]).Whoami(t.Context()); charging.CodeOf(err) != charging.CodeUnauthenticated {
		t.Errorf("the revoked secret: %v", err)
	}
	driver := f.as(revoked.Company, revoked.VehicleID, revoked.Secret[1])
	for _, name := range []string{"broken-ser", "broken-caj"} {
		o, free := f.other(t, name), f.other(t, "tombstone")
		got, err := driver.CreateTrip(t.Context(), api.TripRequest{
			VehicleID: charging.VehicleID(revoked.VehicleID), OnConflict: trip.Abort,
			Stops: []api.Stop{{EVSEID: charging.EVSEID(o.EVSEID), Start: free.Start, End: free.End}},
		}, "", 20*time.Second)
		if err != nil || got.Problem == nil || got.Problem.Code != charging.CodeEVSEOutOfService {
			t.Errorf("%s: %s %+v, %v", name, got.State, got.Problem, err)
		}
	}
}

// What CAJ could not ask of MAR is asked again: nothing stays unsettled.
func TestRecordedStopsAreSettled(t *testing.T) {
	f := resume(t, fixture.First)
	r := f.trip(t, "booked")
	rdb := f.rdb["CAJ"]
	keys, err := rdb.Keys(t.Context(), "rsv:*:"+r.Legs[2].ReservationID).Result()
	if err != nil || len(keys) != 1 {
		t.Fatalf("%v, %v", keys, err)
	}
	if settled := rdb.HGet(t.Context(), keys[0], "settled").Val(); settled != "0" {
		t.Fatalf("it was recorded settled: %q", settled)
	}
	f.eventually(t, func(books) []error {
		if rdb.HGet(t.Context(), keys[0], "settled").Val() == "1" {
			return nil
		}
		return []error{errors.New(keys[0] + " is unsettled")}
	})
}
