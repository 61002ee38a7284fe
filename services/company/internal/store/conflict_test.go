package store_test

import (
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func reservation(c *charging.Conflict) charging.ReservationID { return c.ReservationID }

// What is in the way, and who goes first.
func TestConflicts(t *testing.T) {
	t.Parallel()
	const old, young = "999", "1770000000000001" // fewer digits are older, whatever the first one is
	for name, c := range map[string]struct {
		there func(*testing.T, *env) charging.Hold
		ask   []func(*charging.Hold)
		code  charging.Code // empty: granted, and what was there preempted
		check func(*charging.Conflict) bool
	}{
		"older claim": {claimed(ticket(old)), []func(*charging.Hold){ticket(young)}, charging.CodePriorityLost, nil},
		"older pending": {claimed(ticket(old), pending), []func(*charging.Hold){ticket(young), pending}, charging.CodePriorityLost, func(c *charging.Conflict) bool {
			return c.GrantedAt == old && c.State == charging.Pending && !c.Settled && !c.Own
		}},
		"younger claim":               {claimed(ticket(young)), []func(*charging.Hold){ticket(old)}, "", nil},
		"younger pending":             {claimed(ticket(young), pending), []func(*charging.Hold){ticket(old)}, "", nil},
		"same time":                   {claimed(ticket(young)), []func(*charging.Hold){ticket(young), ofTrip("00000000-0000-7000-8000-000000000000")}, "", nil},
		"same time later":             {claimed(ticket(young)), []func(*charging.Hold){ticket(young), ofTrip("ffffffff-0000-7000-8000-000000000000")}, charging.CodePriorityLost, nil},
		"no ticket there":             {claimed(), []func(*charging.Hold){ticket(young)}, "", nil},
		"no ticket here":              {claimed(ticket(young)), nil, charging.CodePriorityLost, nil},
		"none has one":                {claimed(), nil, charging.CodePriorityLost, func(c *charging.Conflict) bool { return c.GrantedAt == "" }},
		"a first stop never preempts": {claimed(), []func(*charging.Hold){first}, charging.CodePriorityLost, nil},
		"unsettled":                   {func(t *testing.T, e *env) charging.Hold { return e.reserved(t, e.hold(0, ticket(young))) }, []func(*charging.Hold){ticket(old)}, charging.CodeSlotTaken, func(c *charging.Conflict) bool { return !c.Settled && c.State == charging.Reserved }},
		"settled": {func(t *testing.T, e *env) charging.Hold {
			h := e.reserved(t, e.hold(0, ticket(young)))
			if err := e.Settle(t.Context(), site, []charging.At{at(h)}); err != nil {
				t.Fatal(err)
			}
			return h
		}, []func(*charging.Hold){ticket(old)}, charging.CodeSlotTaken, func(c *charging.Conflict) bool { return c.Settled && !c.Own }},
		"own": {claimed(ticket(young), ofTrip("aaaaaaaa-0000-7000-8000-000000000000")), []func(*charging.Hold){ticket(young), ofTrip("aaaaaaaa-0000-7000-8000-000000000000")}, charging.CodeSlotTaken, func(c *charging.Conflict) bool { return c.Own && c.Settled }},
		"same trip id of another origin": {
			claimed(ticket(young), ofTrip("aaaaaaaa-0000-7000-8000-000000000000")),
			[]func(*charging.Hold){ticket(young), ofTrip("aaaaaaaa-0000-7000-8000-000000000000"), func(h *charging.Hold) { h.Origin = "CAJ" }},
			charging.CodePriorityLost, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, e *env) {
				there := c.there(t, e)
				ask := e.hold(0.5, c.ask...)
				g, err := e.Hold(t.Context(), ask)
				if c.code == "" {
					if err != nil || len(g.Preempted) != 1 {
						t.Fatalf("%+v, %v", g, err)
					}
					e.wantState(t, there, charging.Preempted)
					return
				}
				r := refused(t, err, c.code)
				if r.Conflict == nil || reservation(r.Conflict) != there.ID || r.Conflict.TripID != there.TripID ||
					r.Conflict.Origin != there.Origin || !r.Conflict.Window.Equal(there.Window()) || r.Conflict.EVSEID != plug {
					t.Errorf("conflict %+v with %+v", r.Conflict, there)
				}
				if c.check != nil && !c.check(r.Conflict) {
					t.Errorf("conflict %+v", r.Conflict)
				}
				if s := e.state(t, there); !s.Holds() {
					t.Errorf("a refused hold made the other %s", s)
				}
				if _, err := e.Reservation(t.Context(), ask.ID, []charging.LocationID{site}); charging.CodeOf(err) != charging.CodeUnknownReservation {
					t.Errorf("a refused hold left a record: %v", err)
				}
			})
		})
	}
}

func claimed(change ...func(*charging.Hold)) func(*testing.T, *env) charging.Hold {
	return func(t *testing.T, e *env) charging.Hold {
		t.Helper()
		h := e.hold(0, change...)
		e.must(t, h)
		return h
	}
}

func ofTrip(id charging.TripID) func(*charging.Hold) {
	return func(h *charging.Hold) { h.TripID = id }
}

// Windows that touch do not overlap; all others that share an instant do.
func TestWindowsThatTouch(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e.reserved(t, e.hold(0))
		e.must(t, e.hold(-1))
		e.must(t, e.hold(1))
		for name, w := range map[string][2]int{"within": {10, 50}, "same": {0, 60}, "around": {-30, 90}, "first second": {-59, 1}, "last": {59, 119}} {
			h := e.hold(0)
			base := h.Start
			h.Start, h.End = base.Add(time.Duration(w[0])*time.Minute), base.Add(time.Duration(w[1])*time.Minute)
			if _, err := e.Hold(t.Context(), h); charging.CodeOf(err) == "" {
				t.Errorf("%s: %v", name, err)
			}
		}
		other := e.hold(0)
		other.EVSEID = "BR*MAR*E0001*2"
		e.must(t, other)
	})
}

// Row 12: nothing is preempted by what is refused.
func TestRefusedPreemptsNobody(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		young := e.hold(0, ticket("1770000000000009"), pending)
		e.must(t, young)
		e.reserved(t, e.hold(1))
		ask := e.hold(0, ticket("1770000000000001"))
		ask.End = ask.Start.Add(2 * time.Hour)
		_, err := e.Hold(t.Context(), ask)
		refused(t, err, charging.CodeSlotTaken)
		e.wantState(t, young, charging.Pending)
		if n := e.raw.Exists(t.Context(), e.lockKey(young)).Val(); n != 1 {
			t.Error("the lock is gone")
		}
	})
}

// Row 13: both younger ones go, each with a notice.
func TestTwoVictims(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		a := e.hold(0, ticket("1770000000000008"), pending)
		b := e.hold(1, ticket("1770000000000009"), func(h *charging.Hold) { h.Origin, h.Leg = "CAJ", 3 })
		e.must(t, a)
		e.must(t, b)
		ask := e.hold(0, ticket("1770000000000001"))
		ask.End = ask.Start.Add(2 * time.Hour)
		g := e.must(t, ask)
		got := map[charging.ReservationID]charging.OutboundNotice{}
		for _, v := range g.Preempted {
			got[v.ReservationID] = v
		}
		for _, h := range []charging.Hold{a, b} {
			want := charging.OutboundNotice{Notice: charging.Notice{TripID: h.TripID, ReservationID: h.ID, Leg: h.Leg, State: charging.Preempted, By: ask.TripID}, Origin: h.Origin}
			if got[h.ID] != want {
				t.Errorf("notice %+v, want %+v", got[h.ID], want)
			}
			e.wantState(t, h, charging.Preempted)
			_, err := e.Hold(t.Context(), h) // row 14
			refused(t, err, charging.CodeHoldPreempted)
			_, err = e.Confirm(t.Context(), at(h))
			refused(t, err, charging.CodeHoldPreempted)
			_, err = e.Renew(t.Context(), at(h), time.Minute)
			refused(t, err, charging.CodeHoldPreempted)
		}
	})
}

// What is in the way is named by its weight: own, settled, older, unsettled.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ask := e.hold(0, ticket("1770000000000005"))
		ask.End = ask.Start.Add(4 * time.Hour)
		try := func(want charging.Code, check func(c *charging.Conflict) bool) {
			t.Helper()
			_, err := e.Hold(t.Context(), ask)
			if c := refused(t, err, want).Conflict; !check(c) {
				t.Errorf("%+v", c)
			}
		}
		e.reserved(t, e.hold(1))
		try(charging.CodeSlotTaken, func(c *charging.Conflict) bool { return !c.Settled })
		e.must(t, e.hold(0, ticket("1770000000000001")))
		try(charging.CodePriorityLost, func(c *charging.Conflict) bool { return c.State == charging.Claimed })
		settled := e.reserved(t, e.hold(3))
		if err := e.Settle(t.Context(), site, []charging.At{at(settled)}); err != nil {
			t.Fatal(err)
		}
		try(charging.CodeSlotTaken, func(c *charging.Conflict) bool { return c.Settled && !c.Own })
		own := e.hold(2, ticket("1770000000000005"), ofTrip(ask.TripID))
		e.must(t, own)
		try(charging.CodeSlotTaken, func(c *charging.Conflict) bool { return c.Own && c.ReservationID == own.ID })
	})
}

// A hold whose time is over is in nobody's way, without any sweeper, and stays over.
func TestLapsedHoldsNeverBlock(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		old := e.hold(0, ticket("1"), pending)
		e.must(t, old)
		e.lapse(t, old)
		e.wantState(t, old, charging.Expired)
		g := e.must(t, e.hold(0.5))
		if len(g.Preempted) != 0 {
			t.Errorf("a lapsed hold is no victim: %+v", g.Preempted)
		}
		_, err := e.Hold(t.Context(), old)
		refused(t, err, charging.CodeHoldExpired)
		_, err = e.Confirm(t.Context(), at(old))
		refused(t, err, charging.CodeHoldExpired)
		if r, err := e.Compensate(t.Context(), at(old)); err != nil || r.State != charging.Canceled {
			t.Errorf("releasing what has lapsed: %+v, %v", r, err)
		}
		// Found lapsed by its own repeat first.
		other := e.hold(5)
		e.must(t, other)
		e.lapse(t, other)
		for range 2 {
			_, err = e.Renew(t.Context(), at(other), time.Minute)
			refused(t, err, charging.CodeHoldExpired)
		}
		e.must(t, e.hold(5))
	})
}

// The real thing: the store's own clock ends the hold.
func TestHoldsLapseByThemselves(t *testing.T) {
	t.Parallel()
	if realURL == "" {
		t.Skip("no redis-server here")
	}
	e := open(t, realURL, true)
	h := e.hold(0)
	h.TTL = 30 * time.Millisecond
	e.must(t, h)
	deadline := time.Now().Add(5 * time.Second)
	for e.state(t, h) == charging.Claimed {
		if time.Now().After(deadline) {
			t.Fatal("still CLAIMED after 5 s")
		}
	}
	e.must(t, e.hold(0))
	e.wantState(t, h, charging.Expired)
}
