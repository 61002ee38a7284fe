package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
)

// limited opens a store that counts, with no limit but those that are set.
func limited(t testing.TB, e *env, l charging.Limits) *env {
	t.Helper()
	out := *e
	out.Store = e.again(t, store.Options{Limits: l})
	return &out
}

// tester is what a test and a property have in common.
type tester interface {
	Context() context.Context
	Helper()
	Fatal(...any)
}

// accounts are all that is counted: an entry a line.
func (e *env) accounts(t tester) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"vehicle:*:taken", "company:*"} {
		keys, err := e.keys(t.Context(), e.prefix+pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			switch e.raw.Type(t.Context(), k).Val() {
			case "hash":
				for f, v := range e.raw.HGetAll(t.Context(), k).Val() {
					all = append(all, strings.TrimPrefix(k, e.prefix)+" "+f+" "+v)
				}
			default:
				for _, m := range e.raw.ZRange(t.Context(), k, 0, -1).Val() {
					all = append(all, strings.TrimPrefix(k, e.prefix)+" "+m)
				}
			}
		}
	}
	return all
}

// keys are those of every master.
func (e *env) keys(ctx context.Context, pattern string) ([]string, error) {
	nodes, ok := e.raw.(*redis.ClusterClient)
	if !ok {
		return e.raw.Keys(ctx, pattern).Result()
	}
	var all []string
	var one sync.Mutex
	err := nodes.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		some, err := node.Keys(ctx, pattern).Result()
		one.Lock()
		defer one.Unlock()
		all = append(all, some...)
		return err
	})
	return all, err
}

func (e *env) wantEmpty(t testing.TB, when string) {
	t.Helper()
	if left := e.accounts(t); len(left) > 0 {
		t.Errorf("%s the accounts have\n\t%s", when, strings.Join(left, "\n\t"))
	}
}

func of(vehicle string) func(*charging.Hold) {
	return func(h *charging.Hold) { h.VehicleID = charging.VehicleID(vehicle) }
}

// at the n-th EVSE of the site.
func atPlug(n int) func(*charging.Hold) {
	return func(h *charging.Hold) { h.EVSEID = charging.EVSEID(fmt.Sprintf("BR*MAR*E%04d*1", n)) }
}

func lasting(d time.Duration) func(*charging.Hold) {
	return func(h *charging.Hold) { h.End = h.Start.Add(d) }
}

func sameTrip(as charging.Hold) func(*charging.Hold) {
	return func(h *charging.Hold) { h.TripID, h.Leg, h.VehicleID = as.TripID, as.Leg, as.VehicleID }
}

// quota wants QUOTA_EXCEEDED by a limit, with the field that says whose, and a time.
func quota(t testing.TB, err error, limit, field string) {
	t.Helper()
	r := refused(t, err, charging.CodeQuotaExceeded)
	if !strings.Contains(r.Detail, "(limit "+limit+")") || len(r.Fields) != 1 || r.Fields[0].Field != field || r.RetryAfter < time.Second {
		t.Errorf("%s: %+v; want limit %s of %s", r.Detail, r, limit, field)
	}
}

// TestAVehiclesHours: what it has booked counts, whoever booked it and wherever; what
// is given back or used does not. One that has charged here may have more.
func TestAVehiclesHours(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e = limited(t, e, charging.Limits{VehicleHours: 4 * time.Hour, NewHours: 2 * time.Hour})
		a := e.reserved(t, e.hold(0))
		other := e.hold(3, atPlug(2))
		other.Origin = "CAJ"
		b := e.reserved(t, other)
		_, err := e.Hold(t.Context(), e.hold(6))
		quota(t, err, "vehicle", "vehicle_id")
		if until := b.Start.Format(time.RFC3339); strings.Contains(err.Error(), until) || !strings.Contains(err.Error(), a.End.Format(time.RFC3339)) {
			t.Errorf("%v; want until %s", err, a.End)
		}
		if _, err := e.Hold(t.Context(), e.hold(6, of("EV-0002"))); err != nil {
			t.Errorf("another vehicle: %v", err)
		}
		lapsed := e.hold(7, of("EV-0003"))
		e.must(t, lapsed)
		e.must(t, e.hold(8, of("EV-0003")))
		e.lapse(t, lapsed)
		e.must(t, e.hold(7, of("EV-0003"))) // what is in its way goes, and so does what that had
		if _, err := e.Compensate(t.Context(), at(b)); err != nil {
			t.Fatal(err)
		}
		e.civil.set(a.Start)
		if _, err := e.Start(t.Context(), at(a), charging.Arrival{}, within(time.Hour, time.Hour)); err != nil {
			t.Fatal(err)
		}
		m := testMeter
		m.EnergyKWh = 1
		e.civil.set(a.Start.Add(10 * time.Minute))
		if _, err := e.Complete(t.Context(), at(a), m); err != nil {
			t.Fatal(err)
		}
		for h := range 4 {
			e.must(t, e.hold(float64(h)))
		}
		_, err = e.Hold(t.Context(), e.hold(6))
		quota(t, err, "vehicle", "vehicle_id")
	})
}

// TestWhoTookNothingStaysAStranger: a session in which the car took nothing does not let
// it have more.
func TestWhoTookNothingStaysAStranger(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e = limited(t, e, charging.Limits{VehicleHours: 8 * time.Hour, NewHours: 2 * time.Hour})
		a := e.reserved(t, e.hold(0))
		e.civil.set(a.Start)
		if _, err := e.Start(t.Context(), at(a), charging.Arrival{}, within(time.Hour, time.Hour)); err != nil {
			t.Fatal(err)
		}
		m := testMeter
		m.EnergyKWh = 0
		e.civil.set(a.Start.Add(10 * time.Minute))
		if _, err := e.Complete(t.Context(), at(a), m); err != nil {
			t.Fatal(err)
		}
		e.must(t, e.hold(2))
		e.must(t, e.hold(3))
		_, err := e.Hold(t.Context(), e.hold(4))
		quota(t, err, "vehicle", "vehicle_id")
	})
}

// TestASecondTripOfAStranger: two open trips for one that has never charged; a further
// stop of one of them is none more, and a known vehicle has no such limit.
func TestASecondTripOfAStranger(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e = limited(t, e, charging.Limits{NewTrips: 2})
		a := e.reserved(t, e.hold(0))
		e.must(t, e.hold(2))
		_, err := e.Hold(t.Context(), e.hold(4))
		quota(t, err, "new-trips", "vehicle_id")
		e.must(t, e.hold(4, func(h *charging.Hold) { h.Quota.Known = true }))
		e.must(t, e.hold(5, sameTrip(a), func(h *charging.Hold) { h.Leg = 3 }))
	})
}

// TestOneVehicleAtOneHour: two trips' windows that overlap are refused wherever they
// are; the same trip's, and one that goes with the grant, are not.
func TestOneVehicleAtOneHour(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e = limited(t, e, charging.Limits{VehicleHours: 100 * time.Hour, NewHours: 100 * time.Hour})
		a := e.reserved(t, e.hold(0))
		r := refused(t, second(e.Hold(t.Context(), e.hold(0.5, atPlug(2)))), charging.CodeInvalidWindow)
		if len(r.Fields) != 1 || r.Fields[0].Field != "vehicle_id" {
			t.Errorf("fields %+v", r.Fields)
		}
		e.must(t, e.hold(1, atPlug(2)))
		e.must(t, e.hold(0, atPlug(3), sameTrip(a)))
		e.must(t, e.hold(0.5, atPlug(5), of("EV-0002")))

		young := e.hold(10)
		e.must(t, young)
		e.must(t, e.hold(10, ticket("5"))) // the younger hold of the same vehicle goes
		e.wantState(t, young, charging.Preempted)

		b := e.reserved(t, e.hold(20))
		_, err := e.Move(t.Context(), at(b), charging.Move{Ref: b.Ref, Seq: 1, To: charging.NewWindow(a.Start, a.End)}, time.Hour)
		refused(t, err, charging.CodeSlotTaken)
		c := e.reserved(t, e.hold(30, atPlug(4)))
		_, err = e.Move(t.Context(), at(c), charging.Move{Ref: c.Ref, Seq: 1, To: charging.NewWindow(a.Start, a.End)}, time.Hour)
		refused(t, err, charging.CodeInvalidWindow)
	})
}

func second[T any](_ T, err error) error { return err }

// TestASwapIsNoneMore: the old window and the new one of a stop count once while the
// new one is held, also where several stops of a trip move; not for another stop, and
// not once both are reserved.
func TestASwapIsNoneMore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e = limited(t, e, charging.Limits{VehicleHours: 2 * time.Hour, NewHours: 2 * time.Hour, Share: 1})
		share := func(h *charging.Hold) { h.Quota.Share = 7200 }
		a := e.reserved(t, e.hold(0, share))
		b := e.reserved(t, e.hold(1, share, sameTrip(a), func(h *charging.Hold) { h.Leg = 3 }))
		a2 := e.hold(0.25, share, sameTrip(a), atPlug(2))
		b2 := e.hold(1.25, share, sameTrip(b), atPlug(2))
		e.must(t, a2)
		e.must(t, b2)
		_, err := e.Hold(t.Context(), e.hold(0.5, share, sameTrip(a), atPlug(3), lasting(2*time.Hour)))
		quota(t, err, "vehicle", "vehicle_id")
		_, err = e.Hold(t.Context(), e.hold(3, share, sameTrip(a), func(h *charging.Hold) { h.Leg = 4 }))
		quota(t, err, "vehicle", "vehicle_id")
		a2.Want = charging.Pending
		e.must(t, a2)
		if _, err := e.Confirm(t.Context(), at(a2)); err != nil {
			t.Fatal(err)
		}
		for _, h := range []charging.Hold{a, b, b2} {
			if _, err := e.Compensate(t.Context(), at(h)); err != nil {
				t.Fatal(err)
			}
		}
		e.must(t, e.hold(5, share))
		_, err = e.Hold(t.Context(), e.hold(7, share))
		quota(t, err, "vehicle", "vehicle_id")
	})
}

// TestANoShowGoesOnCounting: for its vehicle and for a while, not for its originator.
func TestANoShowGoesOnCounting(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e = limited(t, e, charging.Limits{NewHours: time.Hour, NoShow: 48 * time.Hour, Share: 1})
		share := func(h *charging.Hold) { h.Quota.Share = 3600 }
		a := e.reserved(t, e.hold(0, share))
		e.civil.set(a.Start.Add(20 * time.Minute))
		if _, err := e.Tidy(t.Context(), site, []charging.EVSEID{plug}, 15*time.Minute, byMeter); err != nil {
			t.Fatal(err)
		}
		e.wantState(t, a, charging.NoShow)
		_, err := e.Hold(t.Context(), e.hold(0, share))
		quota(t, err, "vehicle", "vehicle_id")
		e.must(t, e.hold(0, share, of("EV-0002"))) // the share is free again
		e.civil.set(a.Start.Add(20*time.Minute + 48*time.Hour))
		e.must(t, e.hold(0, func(h *charging.Hold) { h.Origin = "CAJ" }))
	})
}

// TestACompanysShare: all that its trips have counts, of which vehicle ever; the owner's
// own trips are not limited.
func TestACompanysShare(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e = limited(t, e, charging.Limits{Share: 0.25})
		share := func(h *charging.Hold) { h.Quota.Share = 2*3600 + 1800 }
		a := e.reserved(t, e.hold(0, share))
		b := e.hold(2, share, of("EV-0002"))
		e.must(t, b)
		_, err := e.Hold(t.Context(), e.hold(4, share, of("EV-0003")))
		quota(t, err, "share", "origin")
		e.must(t, e.hold(4, share, of("EV-0003"), lasting(30*time.Minute)))
		e.must(t, e.hold(6, share, func(h *charging.Hold) { h.Origin = "CAJ" }))
		e.must(t, e.hold(8, func(h *charging.Hold) { h.Origin = "MAR" }))
		// A window that is over counts no more, and neither does a hold that has lapsed.
		e.civil.set(a.End)
		e.must(t, e.hold(4, share, of("EV-0004")))
		_, err = e.Hold(t.Context(), e.hold(9, share, of("EV-0005")))
		quota(t, err, "share", "origin")
		_, err = e.Move(t.Context(), at(a), charging.Move{Ref: a.Ref, Seq: 1, To: a.Window()}, time.Hour)
		refused(t, err, charging.CodeTooLate)
	})
}

// TestMovesAreCounted: a longer window is judged as a new one, a shorter one never.
func TestMovesAreCounted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e = limited(t, e, charging.Limits{VehicleHours: 4 * time.Hour, NewHours: 2 * time.Hour, Share: 1})
		q := charging.Quota{Share: 5400}
		a := e.reserved(t, e.hold(0, func(h *charging.Hold) { h.Quota = q }))
		move := func(seq int64, long time.Duration) error {
			to := charging.NewWindow(a.Start, a.Start.Add(long))
			return second(e.Move(t.Context(), at(a), charging.Move{Ref: a.Ref, Seq: seq, To: to, Quota: q}, time.Hour))
		}
		quota(t, move(1, 2*time.Hour), "share", "origin")
		q.Share = 1e6
		quota(t, move(1, 3*time.Hour), "vehicle", "vehicle_id")
		if err := move(1, 2*time.Hour); err != nil {
			t.Fatal(err)
		}
		q.Share = 1
		if err := move(2, time.Hour); err != nil {
			t.Errorf("a shorter window: %v", err)
		}
		_, err := e.Hold(t.Context(), e.hold(5, lasting(61*time.Minute)))
		quota(t, err, "vehicle", "vehicle_id")
		e.must(t, e.hold(5))
	})
}

// TestClaims: so many holds in force of one trip and of all of a company's; those that
// are confirmed, released or have lapsed count no more.
func TestClaims(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e = limited(t, e, charging.Limits{TripClaims: 2, CompanyClaims: 3})
		leg := func(n int, as charging.Hold) func(*charging.Hold) {
			return func(h *charging.Hold) { h.TripID, h.Leg = as.TripID, n }
		}
		a := e.hold(0)
		e.must(t, a)
		b := e.hold(1, leg(3, a))
		e.must(t, b)
		e.must(t, a) // a repeat is none more
		_, err := e.Hold(t.Context(), e.hold(2, leg(4, a)))
		quota(t, err, "trip-claims", "origin")
		c := e.hold(2)
		e.must(t, c)
		_, err = e.Hold(t.Context(), e.hold(3))
		quota(t, err, "claims", "origin")
		e.must(t, e.hold(3, func(h *charging.Hold) { h.Origin = "CAJ" }))
		e.reserved(t, a)
		e.must(t, e.hold(4, leg(4, a)))
		_, err = e.Hold(t.Context(), e.hold(5, leg(5, a)))
		quota(t, err, "trip-claims", "origin")
		if _, err := e.Compensate(t.Context(), at(b)); err != nil {
			t.Fatal(err)
		}
		e.lapse(t, c)
		if _, err := e.Tidy(t.Context(), site, []charging.EVSEID{plug}, time.Hour, byMeter); err != nil {
			t.Fatal(err)
		}
		e.must(t, e.hold(5, leg(5, a)))
		e.must(t, e.hold(6))
	})
}

// TestWithdrawnAndRestored: what a broken EVSE frees is free, and what a store that
// forgot is told is counted.
func TestWithdrawnAndRestored(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e = limited(t, e, charging.Limits{NewHours: 3 * time.Hour, Share: 1})
		share := func(h *charging.Hold) { h.Quota.Share = 3 * 3600 }
		e.reserved(t, e.hold(0, share))
		e.must(t, e.hold(2, share))
		if _, err := e.Withdraw(t.Context(), site, plug, "BROKEN_CHARGER", testMeter); err != nil {
			t.Fatal(err)
		}
		e.wantEmpty(t, "after a withdrawal")
		mark, err := e.Incarnation(store.IncarnationOptions{Locations: []charging.LocationID{site}})
		if err != nil {
			t.Fatal(err)
		}
		h := e.hold(5, share)
		p := charging.Promise{Ref: h.Ref, Leg: h.Leg, Start: h.Start, VehicleID: h.VehicleID, Fence: 7, Outcome: charging.OutcomeConfirmed}
		for range 2 {
			if _, err := mark.RestoreBooking(t.Context(), site, p, time.Hour, false); err != nil {
				t.Fatal(err)
			}
		}
		_, err = e.Hold(t.Context(), e.hold(7, share, atPlug(2), lasting(121*time.Minute), of("EV-0002")))
		quota(t, err, "share", "origin")
		e.must(t, e.hold(7, share, atPlug(2), lasting(2*time.Hour)))
	})
}

// TestRecount: what was booked before anything was counted, or whose keys were lost, is
// put in once; what is there, has lapsed or is over is left.
func TestRecount(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, before *env) {
		e := limited(t, before, charging.Limits{VehicleHours: 100 * time.Hour, Share: 1})
		share := func(h *charging.Hold) { h.Quota.Share = 1e6 }
		for n := range 150 { // of a page and more
			before.reserved(t, before.hold(float64(n)))
		}
		lapsed := before.hold(200)
		before.must(t, lapsed)
		before.lapse(t, lapsed)
		before.must(t, before.hold(201))
		e.reserved(t, e.hold(202, share))
		recount := func(want int) {
			t.Helper()
			if n, err := e.Recount(t.Context(), site, []charging.EVSEID{plug}); err != nil || n != want {
				t.Errorf("a recount put in %d, %v; want %d", n, err, want)
			}
		}
		recount(151)
		recount(0)
		company := e.prefix + "company:{SER}:taken"
		if got := e.raw.HGet(t.Context(), company, "seconds").Val(); got != "547200" {
			t.Errorf("%s s are taken, want 152 h", got)
		}
		e.raw.Del(t.Context(), company)
		recount(152)
		if got := e.raw.HGet(t.Context(), company, "seconds").Val(); got != "547200" {
			t.Errorf("%s s are taken, want 152 h", got)
		}
	})
}
