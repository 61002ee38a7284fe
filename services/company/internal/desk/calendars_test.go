package desk

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// evseOf is how an EVSE is listed.
func (w *world) evseOf(t *testing.T, id charging.EVSEID) charging.EVSE {
	t.Helper()
	w.display.forgetStatus()
	for _, l := range w.Locations(t.Context()) {
		for _, e := range l.EVSEs {
			if e.ID == id {
				return e
			}
		}
	}
	t.Fatalf("%s is not listed", id)
	return charging.EVSE{}
}

// An EVSE says that it is booked, occupied or broken, and since when; the faults: a
// window that has begun is AVAILABLE, one that has not is RESERVED, a time that is
// another's, or none.
func TestHowAnEVSEIsAndSinceWhen(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world, _ string) {
		h := w.request(1)
		w.reserved(t, h)
		is := func(s charging.EVSEStatus, since time.Time, reason string) {
			t.Helper()
			if e := w.evseOf(t, evse1); e.Status != s || e.Since.Sub(since).Abs() > time.Second || e.Reason != reason {
				t.Errorf("is %s since %s (%s), want %s since %s (%s)", e.Status, e.Since, e.Reason, s, since, reason)
			}
		}
		is(charging.StatusAvailable, time.Time{}, "")
		w.advance(24*time.Hour + time.Minute)
		is(charging.StatusReserved, h.Start, "")
		plugged := w.now()
		if _, err := w.Start(t.Context(), h.Ref, charging.Arrival{}); err != nil {
			t.Fatal(err)
		}
		is(charging.StatusCharging, plugged, "")
		w.advance(10 * time.Minute)
		broken := w.now()
		for range 2 { // the second time it is no news
			if _, err := w.Withdraw(t.Context(), evse1, "BROKEN_CHARGER"); err != nil {
				t.Fatal(err)
			}
			is(charging.StatusOutOfOrder, broken, "BROKEN_CHARGER")
			w.advance(time.Minute)
		}
		all, err := w.Calendars(t.Context(), charging.Window{Start: w.now(), End: w.now().Add(time.Hour)}, testLocation)
		if err != nil || all[0].OutOfService != "BROKEN_CHARGER" || all[0].OutSince.Sub(broken).Abs() > time.Second || all[1].OutOfService != "" {
			t.Errorf("%+v, %v", all, err)
		}
		if err := w.ReturnToService(t.Context(), evse1); err != nil {
			t.Fatal(err)
		}
		is(charging.StatusAvailable, time.Time{}, "")
	})
}

// A dry run names what the withdrawal then ends, and changes nothing: it fails where
// one of the two knows more.
func TestADryRunIsWhatWouldBeLost(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world, _ string) {
		var refs []charging.HoldRequest
		for n := range 4 {
			h := w.shifted(n+1, n)
			w.reserved(t, h)
			refs = append(refs, h)
		}
		held := w.shifted(9, 9)
		if _, err := w.Reserve(t.Context(), held); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Compensate(t.Context(), refs[3].Ref); err != nil {
			t.Fatal(err)
		}
		w.advance(24 * time.Hour)
		if _, err := w.Start(t.Context(), refs[0].Ref, charging.Arrival{}); err != nil {
			t.Fatal(err)
		}
		w.advance(70 * time.Minute) // it overstays, and the one after it waits
		would, err := w.WouldLose(t.Context(), evse1)
		if err != nil {
			t.Fatal(err)
		}
		again, err := w.WouldLose(t.Context(), evse1)
		if err != nil || len(again) != len(would) {
			t.Errorf("a dry run has changed something: %v, %v", again, err)
		}
		victims, err := w.Withdraw(t.Context(), evse1, "BROKEN_CHARGER")
		if err != nil {
			t.Fatal(err)
		}
		var named, lost []string
		for _, r := range would {
			named = append(named, string(r.ID))
		}
		for _, v := range victims {
			lost = append(lost, string(v.ReservationID))
		}
		slices.Sort(named)
		slices.Sort(lost)
		if !slices.Equal(named, lost) || len(lost) != 4 {
			t.Errorf("named %v, lost %v", named, lost)
		}
	})
}

// Pages of bookings have each one once, in order, and only those that are asked for.
// It fails where a cursor repeats or misses, or a filter lets another through.
func TestPagesOfBookings(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world, _ string) {
		for n := range 9 {
			h := w.shifted(n, n/3)
			h.EVSEID = []charging.EVSEID{evse1, evse2, evseFar}[n%3]
			h.VehicleID = charging.VehicleID(fmt.Sprintf("EV-%04d", n%2))
			w.reserved(t, h)
		}
		pages := func(q BookingQuery) (all []Place) {
			for more := true; more; {
				list, m, err := w.Bookings(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range list {
					if q.After = PlaceOf(r); !q.wants(r) && q.After.compare(PlaceOf(r)) != 0 {
						t.Errorf("%+v was not asked for", r)
					}
					all = append(all, PlaceOf(r))
				}
				more = m
			}
			return all
		}
		for limit := 1; limit < 11; limit++ {
			all := pages(BookingQuery{Window: charging.Window{Start: w.now()}, Limit: limit})
			if len(all) != 9 || !slices.IsSortedFunc(all, Place.compare) || len(slices.CompactFunc(all, func(a, b Place) bool { return a == b })) != 9 {
				t.Errorf("by %d: %v", limit, all)
			}
		}
		for want, q := range map[int]BookingQuery{
			3: {EVSEID: evse2}, 6: {Location: testLocation}, 5: {Vehicle: "EV-0000"}, 9: {State: charging.Reserved}, 0: {Origin: "CAJ"}, 1: {Trip: charging.TripID(id(5004))},
		} {
			q.Window, q.Limit = charging.Window{Start: w.now()}, 2
			if got := pages(q); len(got) != want {
				t.Errorf("%+v: %d bookings, want %d", q, len(got), want)
			}
		}
	})
}
