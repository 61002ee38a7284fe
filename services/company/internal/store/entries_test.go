package store_test

import (
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// A hold whose lock has lapsed stands in no calendar, whether anybody has tidied or not;
// one in force has its lock's time. It fails where the owner is shown what is free.
func TestALapsedHoldIsNoEntry(t *testing.T) {
	each(t, func(t *testing.T, e *env) {
		lapsed, held := e.hold(1), e.hold(3)
		e.must(t, lapsed)
		e.must(t, held)
		e.lapse(t, lapsed)
		a, next, err := e.Entries(t.Context(), site, plug, charging.Window{Start: e.civil.now()}, true)
		if err != nil || !next.IsZero() || len(a.Entries) != 1 || a.Entries[0].ID != held.ID {
			t.Fatalf("%+v, %s, %v", a, next, err)
		}
		if left := a.Entries[0].TTL; left <= 0 || left > time.Minute {
			t.Errorf("counts down from %s", left)
		}
	})
}

// An operator ends a hold and a booking, and no session: by the word of release no
// booking. It fails where a session is ended without a bill, or a release takes more
// than a hold.
func TestCancelEndsWhatItMay(t *testing.T) {
	each(t, func(t *testing.T, e *env) {
		cancel := func(h charging.Hold, holdsAlone bool) error {
			_, err := e.Cancel(t.Context(), site, charging.Reservation{ID: h.ID, EVSEID: h.EVSEID, TripID: h.TripID, Origin: h.Origin, Window: h.Window()}, "why", holdsAlone)
			return err
		}
		held, booked, charges := e.hold(1), e.reserved(t, e.hold(3)), e.reserved(t, e.hold(-24))
		e.must(t, held)
		if err := cancel(held, true); err != nil {
			t.Error(err)
		}
		refused(t, cancel(booked, true), charging.CodeNoReservationHere)
		e.wantState(t, booked, charging.Reserved)
		if err := cancel(booked, false); err != nil {
			t.Error(err)
		}
		e.civil.set(charges.Start.Add(time.Minute))
		if _, err := e.Start(t.Context(), at(charges), charging.Arrival{}, within(time.Minute, time.Hour)); err != nil {
			t.Fatal(err)
		}
		refused(t, cancel(charges, false), charging.CodeSessionOpen)
		e.wantState(t, charges, charging.Charging)
		told, err := e.Outbox(t.Context(), site, 9)
		if err != nil || len(told) != 2 {
			t.Errorf("told %+v, %v", told, err)
		}
	})
}
