package desk

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// told waits until the originator has heard n notices.
func (w *world) told(t *testing.T, n int) []charging.Notice {
	t.Helper()
	for range n {
		select {
		case <-w.them.delivery:
		case <-time.After(20 * time.Second):
			t.Fatalf("its originator has heard %v only", w.them.heard())
		}
	}
	return w.them.heard()
}

// An operator ends one booking: its window is free, its neighbour stays, and its
// originator hears why, although it was away at first and the server died before it had
// said so. It fails where a trip is left half booked in silence.
func TestACanceledBookingIsTold(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world, _ string) {
		first, second := w.shifted(1, 0), w.shifted(2, 1)
		w.reserved(t, first)
		w.reserved(t, second)
		w.them.fail = 2 // and nobody runs yet: the server that canceled is dead
		res, err := w.Cancel(t.Context(), first.ID, "the transformer", false)
		if err != nil || res.State != charging.Canceled || res.Reason != "the transformer" || res.Replay {
			t.Fatalf("%+v, %v", res, err)
		}
		if res, err = w.Cancel(t.Context(), first.ID, "again", false); err != nil || !res.Replay || res.Reason != "the transformer" {
			t.Errorf("a repeat: %+v, %v", res, err)
		}
		w.Survey()
		w.run(t)
		n := w.told(t, 1)[0]
		if n.ReservationID != first.ID || n.State != charging.Canceled || n.Reason != "the transformer" || n.TripID != first.TripID || n.Leg != first.Leg {
			t.Errorf("told %+v", n)
		}
		if got := w.states(t, first, second); got[0] != charging.Canceled || got[1] != charging.Reserved {
			t.Errorf("are %v", got)
		}
		third := w.shifted(3, 0)
		third.Start, third.End = first.Start, first.End
		w.reserved(t, third) // the window is free
		if _, err := w.Cancel(t.Context(), charging.ReservationID(id(77)), "who", false); charging.CodeOf(err) != charging.CodeUnknownReservation {
			t.Errorf("nobody's: %v", err)
		}
	})
}

// Releasing a hold and confirming it, at once: one of them wins, and who lost is told. It
// fails where a release ends what is booked, or both succeed.
func TestReleaseAgainstConfirm(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world, _ string) {
		w.run(t)
		for n := range 25 {
			h := w.shifted(n, n)
			if _, err := w.Reserve(t.Context(), h); err != nil {
				t.Fatal(err)
			}
			released, confirmed := race(func() error { _, err := w.Cancel(t.Context(), h.ID, "mine", true); return err },
				func() error { _, err := w.Confirm(t.Context(), h.Ref); return err })
			switch got := w.states(t, h)[0]; {
			case released == nil && got == charging.Canceled && charging.CodeOf(confirmed) == charging.CodeAlreadyCompensated:
			case confirmed == nil && got == charging.Reserved && charging.CodeOf(released) == charging.CodeNoReservationHere:
			default:
				t.Errorf("release %v, confirm %v: %s", released, confirmed, got)
			}
		}
	})
}

// Canceling a booking and plugging in at once: a car that got its plug keeps it. It fails
// where a session is ended without a bill, or a canceled stop charges.
func TestCancelAgainstPlug(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world, _ string) {
		w.run(t)
		for n := range 12 {
			h := w.shifted(n, 2*n)
			w.reserved(t, h)
			w.advance(h.Start.Sub(w.now()) + time.Minute)
			canceled, plugged := race(func() error { _, err := w.Cancel(t.Context(), h.ID, "mine", false); return err },
				func() error { _, err := w.Start(t.Context(), h.Ref, charging.Arrival{}); return err })
			switch got := w.states(t, h)[0]; {
			case canceled == nil && got == charging.Canceled && plugged != nil:
			case plugged == nil && got == charging.Charging && charging.CodeOf(canceled) == charging.CodeSessionOpen:
				if _, err := w.Complete(t.Context(), h.Ref, charging.Leaving{EnergyKWh: 3}); err != nil {
					t.Error(err)
				}
			default:
				t.Errorf("cancel %v, plug %v: %s", canceled, plugged, got)
			}
		}
	})
}

// race does two things at once.
func race(a, b func() error) (ofA, ofB error) {
	var wg sync.WaitGroup
	wg.Go(func() { ofA = a() })
	wg.Go(func() { ofB = b() })
	wg.Wait()
	return ofA, ofB
}

// All of a vehicle's bookings end, but that where its car is; nobody else's does. It
// fails where one is left, or another's goes.
func TestCancelAllOfAVehicle(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world, _ string) {
		var all []charging.HoldRequest
		for n := range 6 {
			h := w.shifted(n, n)
			if h.VehicleID = "EV-0007"; n == 3 {
				h.VehicleID = "EV-0008"
			}
			w.reserved(t, h)
			all = append(all, h)
		}
		w.advance(24*time.Hour + time.Minute)
		if _, err := w.Start(t.Context(), all[0].Ref, charging.Arrival{}); err != nil {
			t.Fatal(err)
		}
		ended, kept, err := w.CancelVehicle(context.WithoutCancel(t.Context()), "EV-0007", "stolen")
		if err != nil || len(ended) != 4 || len(kept) != 1 || kept[0].ID != all[0].ID {
			t.Errorf("ended %d, kept %v, %v", len(ended), kept, err)
		}
		if got := w.states(t, all...); got[0] != charging.Charging || got[3] != charging.Reserved || got[5] != charging.Canceled {
			t.Errorf("are %v", got)
		}
	})
}
