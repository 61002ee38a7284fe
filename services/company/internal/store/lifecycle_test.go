package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func TestConfirm(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		h := e.hold(0)
		_, err := e.Confirm(ctx, at(h))
		refused(t, err, charging.CodeUnknownReservation)
		g := e.must(t, h)
		_, err = e.Confirm(ctx, at(h))
		refused(t, err, charging.CodeTooEarly)
		e.wantState(t, h, charging.Claimed)
		pending(&h)
		e.must(t, h)
		for _, replay := range []bool{false, true} {
			r, err := e.Confirm(ctx, at(h))
			if err != nil || r.State != charging.Reserved || r.Settled || r.Replay != replay || r.Fence != g.Fence || r.TTL != 0 || r.VehicleID != h.VehicleID {
				t.Errorf("%+v, %v", r, err)
			}
		}
		if n := e.raw.Exists(ctx, e.lockKey(h)).Val(); n != 0 {
			t.Error("RESERVED has a lock")
		}
		if r := e.must(t, h); r.State != charging.Reserved || !r.Replay {
			t.Errorf("reserve repeated after confirm: %+v", r)
		}
		if r, err := e.Renew(ctx, at(h), time.Minute); err != nil || r.State != charging.Reserved || !r.Replay {
			t.Errorf("renew after confirm: %+v, %v", r, err)
		}
		if list, err := e.Unsettled(ctx, site, 0, 0, 10); err != nil || len(list) != 1 || list[0].ID != h.ID || list[0].TripID != h.TripID {
			t.Errorf("unsettled %+v, %v", list, err)
		}
		if list, err := e.Unsettled(ctx, site, time.Hour, 0, 10); err != nil || len(list) != 0 {
			t.Errorf("unsettled for an hour: %+v, %v", list, err)
		}
		for range 2 {
			if err := e.Settle(ctx, site, []charging.At{at(h)}); err != nil {
				t.Fatal(err)
			}
		}
		if list, _ := e.Unsettled(ctx, site, 0, 0, 10); len(list) != 0 {
			t.Errorf("settled, and listed: %+v", list)
		}
		if r, _ := e.Reservation(ctx, h.ID, []charging.LocationID{"BR*MAR*LX1", site}); !r.Settled {
			t.Errorf("%+v", r)
		}
		if err := e.Settle(ctx, site, []charging.At{at(e.hold(3))}); err != nil {
			t.Errorf("what is not there needs nothing: %v", err)
		}
	})
}

// Row 16: renew is capped at the longest life from the first grant.
func TestRenewIsCapped(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		h := e.hold(0)
		_, err := e.Renew(ctx, at(h), time.Minute)
		refused(t, err, charging.CodeUnknownReservation)
		e.must(t, h)
		if r, err := e.Renew(ctx, at(h), time.Second); err != nil || r.TTL < 50*time.Second {
			t.Errorf("renew shortened: %s, %v", r.TTL, err)
		}
		if r, err := e.Renew(ctx, at(h), time.Hour); err != nil || r.TTL > charging.MaxHold || r.TTL < charging.MaxHold-time.Minute {
			t.Errorf("renewed to %s, %v", r.TTL, err)
		}
		// As if the first grant were nine and a half minutes ago.
		rsv := e.prefix + "rsv:{" + string(site) + "}:" + string(h.ID)
		past := time.Now().Add(30*time.Second - charging.MaxHold).UnixMilli()
		e.raw.HSet(ctx, rsv, "first", past)
		e.raw.PExpire(ctx, e.lockKey(h), 10*time.Second)
		if r, err := e.Renew(ctx, at(h), time.Minute); err != nil || r.TTL > 30*time.Second || r.TTL < 20*time.Second {
			t.Errorf("renewed to %s, %v", r.TTL, err)
		}
		pending(&h)
		if r := e.must(t, h); r.TTL > 30*time.Second {
			t.Errorf("reserve gave %s", r.TTL)
		}
		e.raw.HSet(ctx, rsv, "first", past-time.Hour.Milliseconds())
		if r, err := e.Renew(ctx, at(h), time.Minute); err != nil || r.TTL <= 0 || r.TTL > 30*time.Second {
			t.Errorf("beyond its life: %s, %v", r.TTL, err)
		}
		long := e.hold(2)
		long.TTL = time.Hour
		if g := e.must(t, long); g.TTL != charging.MaxHold {
			t.Errorf("granted %s", g.TTL)
		}
	})
}

// Row 6: compensate first, then the late reserve and a confirm. Row 11: a
// refused id, once released, is refused for ever.
func TestTombstones(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		h := e.hold(0, ticket("1"), pending)
		for _, replay := range []bool{false, true} {
			r, err := e.Compensate(ctx, at(h))
			if err != nil || r.State != charging.Canceled || r.Replay != replay || r.Fence != 0 || r.Origin != h.Origin || r.EVSEID != plug || !r.Window.End.Equal(h.End) {
				t.Errorf("%+v, %v", r, err)
			}
		}
		young := e.hold(0, ticket("2"))
		e.must(t, young)
		_, err := e.Hold(ctx, h)
		refused(t, err, charging.CodeAlreadyCompensated)
		e.wantState(t, young, charging.Claimed)
		_, err = e.Confirm(ctx, at(h))
		refused(t, err, charging.CodeAlreadyCompensated)
		_, err = e.Renew(ctx, at(h), time.Minute)
		refused(t, err, charging.CodeAlreadyCompensated)
		other := h
		other.TripID = young.TripID
		_, err = e.Compensate(ctx, at(other))
		refused(t, err, charging.CodeIDReused)
		ttl := e.raw.PTTL(ctx, e.prefix+"rsv:{"+string(site)+"}:"+string(h.ID)).Val()
		if want := h.End.Sub(e.civil.now()) + 48*time.Hour; ttl < want-time.Minute || ttl > want+time.Minute {
			t.Errorf("the tombstone lives %s, want %s", ttl, want)
		}
	})
}

func TestCompensateFreesEveryState(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(*testing.T, *env) charging.Hold{
		"CLAIMED":  claimed(),
		"PENDING":  claimed(pending),
		"RESERVED": func(t *testing.T, e *env) charging.Hold { return e.reserved(t, e.hold(0)) },
		"lapsed":   func(t *testing.T, e *env) charging.Hold { h := claimed()(t, e); e.lapse(t, h); return h },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, e *env) {
				h := make(t, e)
				if r, err := e.Compensate(t.Context(), at(h)); err != nil || r.State != charging.Canceled || r.Fence == 0 {
					t.Fatalf("%+v, %v", r, err)
				}
				e.empty(t)
				e.must(t, e.hold(0))
			})
		})
	}
}

// empty checks that nothing is held or promised.
func (e *env) empty(t *testing.T) {
	t.Helper()
	for _, pattern := range []string{"lock:*", "cal:*", "unsettled:*"} {
		if keys := e.raw.Keys(t.Context(), e.prefix+pattern).Val(); len(keys) != 0 {
			t.Errorf("left: %v", keys)
		}
	}
}

func TestDrop(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		drop := func(h charging.Hold, heard charging.Outcome, want charging.State) {
			t.Helper()
			h.Epoch = 0 // it asks for none
			r, err := e.Drop(ctx, at(h), heard)
			if err != nil || r.State != want {
				t.Errorf("%s: %+v, %v", heard, r, err)
			}
		}
		kept := e.reserved(t, e.hold(0))
		drop(kept, charging.OutcomeUnknown, charging.Reserved)
		drop(kept, charging.OutcomePending, charging.Reserved)
		drop(kept, charging.OutcomeConfirmed, charging.Reserved)
		drop(kept, charging.OutcomeAborted, charging.Canceled)
		drop(kept, charging.OutcomeAborted, charging.Canceled)
		for i, heard := range []charging.Outcome{charging.OutcomeUnknown, charging.OutcomeAborted} {
			h := e.hold(float64(2 * i))
			e.must(t, h)
			drop(h, heard, charging.Canceled)
			never := e.hold(1)
			drop(never, heard, charging.Canceled)
			_, err := e.Hold(ctx, never)
			refused(t, err, charging.CodeAlreadyCompensated)
		}
		e.empty(t)
	})
}

func TestChargingSession(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		const early, noShow = 10 * time.Minute, 15 * time.Minute
		h := e.hold(0, pending)
		_, err := e.Start(ctx, at(h), charging.Arrival{}, within(early, noShow))
		refused(t, err, charging.CodeNoReservationHere)
		_, err = e.Complete(ctx, at(h), charging.Meter{})
		refused(t, err, charging.CodeNoReservationHere)
		e.must(t, h)
		_, err = e.Start(ctx, at(h), charging.Arrival{}, within(early, noShow))
		if r := refused(t, err, charging.CodeNoReservationHere); !strings.Contains(r.Detail, "PENDING") {
			t.Error(r.Detail)
		}
		e.reserved(t, h)
		elsewhere := at(h)
		elsewhere.EVSEID = "BR*MAR*E0001*2"
		_, err = e.Start(ctx, elsewhere, charging.Arrival{}, within(early, noShow))
		refused(t, err, charging.CodeNoReservationHere)
		e.civil.set(h.Start.Add(-early - time.Second))
		_, err = e.Start(ctx, at(h), charging.Arrival{}, within(early, noShow))
		refused(t, err, charging.CodeTooEarly)
		_, err = e.Complete(ctx, at(h), charging.Meter{})
		refused(t, err, charging.CodeTooEarly)
		e.civil.set(h.Start.Add(-early))
		ref := at(h)
		ref.Epoch = 0 // a car knows none
		for _, replay := range []bool{false, true} {
			r, err := e.Start(ctx, ref, charging.Arrival{}, within(early, noShow))
			if err != nil || r.State != charging.Charging || !r.Started.Equal(e.civil.now()) || r.Replay != replay {
				t.Errorf("%+v, %v", r, err)
			}
		}
		e.civil.set(h.Start.Add(40 * time.Minute)) // long after the no-show time
		late := e.hold(0)
		late.Start, late.End = h.Start.Add(45*time.Minute), h.Start.Add(55*time.Minute)
		_, err = e.Hold(ctx, late)
		refused(t, err, charging.CodeSlotTaken)
		for _, replay := range []bool{false, true} {
			r, err := e.Complete(ctx, ref, charging.Meter{})
			if err != nil || r.State != charging.Fulfilled || r.Replay != replay {
				t.Errorf("%+v, %v", r, err)
			}
		}
		e.must(t, late) // the rest of the window is free
		if r, err := e.Compensate(ctx, at(h)); err != nil || r.State != charging.Fulfilled {
			t.Errorf("compensate: %+v, %v", r, err)
		}
		if r := e.must(t, h); r.State != charging.Fulfilled || !r.Replay {
			t.Errorf("reserve: %+v", r)
		}
	})
}

func TestNoShow(t *testing.T) {
	t.Parallel()
	const noShow = 15 * time.Minute
	for name, meet := range map[string]func(*testing.T, *env, charging.Hold){
		"met by a hold": func(t *testing.T, e *env, h charging.Hold) {
			late := e.hold(0)
			late.Start, late.End = h.Start.Add(20*time.Minute), h.End
			e.must(t, late)
		},
		"comes too late": func(t *testing.T, e *env, h charging.Hold) {
			for range 2 {
				_, err := e.Start(t.Context(), at(h), charging.Arrival{}, within(0, noShow))
				refused(t, err, charging.CodeTooLate)
			}
		},
		"tidied": func(t *testing.T, e *env, h charging.Hold) {
			v, err := e.Tidy(t.Context(), site, []charging.EVSEID{plug}, noShow, byMeter)
			if err != nil || len(v) != 1 || v[0].ReservationID != h.ID || v[0].State != charging.NoShow || v[0].Origin != "SER" {
				t.Errorf("%+v, %v", v, err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, e *env) {
				h := e.reserved(t, e.hold(0))
				e.civil.set(h.Start.Add(noShow - time.Millisecond))
				if v, err := e.Tidy(t.Context(), site, []charging.EVSEID{plug}, noShow, byMeter); err != nil || len(v) != 0 {
					t.Fatalf("before its time: %+v, %v", v, err)
				}
				e.civil.advance(time.Millisecond)
				meet(t, e, h)
				e.wantState(t, h, charging.NoShow)
				out, err := e.Outbox(t.Context(), site, 10)
				want := charging.OutboundNotice{Notice: charging.Notice{TripID: h.TripID, ReservationID: h.ID, Leg: 2, State: charging.NoShow}, Origin: "SER"}
				if err != nil || len(out) != 1 || out[0].Number == "" || out[0].Notice != want.Notice || out[0].Origin != want.Origin {
					t.Errorf("outbox %+v, %v", out, err)
				}
				if r, err := e.Compensate(t.Context(), at(h)); err != nil || r.State != charging.NoShow {
					t.Errorf("compensate: %+v, %v", r, err)
				}
				if list, _ := e.Unsettled(t.Context(), site, 0, 0, 9); len(list) != 0 {
					t.Errorf("unsettled %+v", list)
				}
			})
		})
	}
}

// Row 17, the part of one company.
func TestWithdraw(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		past := e.reserved(t, e.hold(-23))
		lapsed := e.hold(-1)
		e.must(t, lapsed)
		e.lapse(t, lapsed)
		held, kept := e.hold(0, pending), e.reserved(t, e.hold(2))
		e.must(t, held)
		e.civil.set(past.End)
		for i := range 2 {
			v, err := e.Withdraw(ctx, site, plug, "BROKEN_CHARGER", testMeter)
			if err != nil || len(v) != 2*(1-i) {
				t.Fatalf("%+v, %v", v, err)
			}
			for _, n := range v {
				if n.State != charging.Canceled || n.Reason != "BROKEN_CHARGER" || n.Origin != "SER" || n.Leg != 2 {
					t.Errorf("%+v", n)
				}
			}
		}
		for _, h := range []charging.Hold{held, kept} {
			_, err := e.Confirm(ctx, at(h))
			if r := refused(t, err, charging.CodeAlreadyCompensated); !strings.Contains(r.Detail, "BROKEN_CHARGER") {
				t.Error(r.Detail)
			}
		}
		e.wantState(t, past, charging.Reserved)
		e.wantState(t, lapsed, charging.Expired)
		ask := e.hold(0)
		_, err := e.Hold(ctx, ask)
		refused(t, err, charging.CodeEVSEOutOfService)
		if s, err := e.Status(ctx, site, []charging.EVSEID{plug}); err != nil || s[plug].OutOfService != "BROKEN_CHARGER" || len(s) != 1 {
			t.Errorf("%v, %v", s, err)
		}
		w := charging.NewWindow(e.tomorrow(), e.tomorrow().Add(time.Hour))
		if f, err := e.Free(ctx, site, []charging.EVSEID{plug}, w); err != nil || len(f) != 1 || len(f[0].Windows) != 0 {
			t.Errorf("%+v, %v", f, err)
		}
		out, err := e.Outbox(ctx, site, 10)
		if err != nil || len(out) != 2 || out[0].Reason != "BROKEN_CHARGER" {
			t.Errorf("%+v, %v", out, err)
		}
		if one, _ := e.Outbox(ctx, site, 1); len(one) != 1 {
			t.Errorf("limit 1: %+v", one)
		}
		for _, n := range out {
			if err := e.Told(ctx, site, n); err != nil {
				t.Fatal(err)
			}
		}
		if out, _ := e.Outbox(ctx, site, 10); len(out) != 0 {
			t.Errorf("told, and listed: %+v", out)
		}
		if v, err := e.Withdraw(ctx, site, plug, "", testMeter); err != nil || len(v) != 0 {
			t.Errorf("%+v, %v", v, err)
		}
		e.must(t, ask)
	})
}

func TestTidy(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		lapsed, live := e.hold(0), e.hold(1)
		e.must(t, lapsed)
		e.must(t, live)
		e.lapse(t, lapsed)
		started := e.reserved(t, e.hold(-20))
		e.civil.set(started.Start)
		if _, err := e.Start(ctx, at(started), charging.Arrival{}, within(0, 0)); err != nil {
			t.Fatal(err)
		}
		e.civil.set(started.End.Add(59 * time.Minute))
		if v, err := e.Tidy(ctx, site, []charging.EVSEID{plug}, 0, byMeter); err != nil || len(v) != 0 {
			t.Errorf("%+v, %v", v, err)
		}
		e.civil.advance(time.Minute)
		v, err := e.Tidy(ctx, site, []charging.EVSEID{plug}, 0, byMeter)
		if err != nil || len(v) != 1 || v[0].ReservationID != started.ID || v[0].State != charging.Fulfilled {
			t.Errorf("%+v, %v", v, err)
		}
		members := e.raw.ZRange(ctx, e.prefix+"cal:{"+string(site)+"}:"+string(plug), 0, -1).Val()
		if len(members) != 1 || !strings.HasSuffix(members[0], string(live.ID)) {
			t.Errorf("left %v", members)
		}
		// A notice whose record has gone is nobody's any more.
		e.raw.Del(ctx, e.prefix+"rsv:{"+string(site)+"}:"+string(started.ID))
		if _, err := e.Tidy(ctx, site, nil, 0, byMeter); err != nil {
			t.Fatal(err)
		}
		if out, _ := e.Outbox(ctx, site, 10); len(out) != 0 {
			t.Errorf("outbox %+v", out)
		}
	})
}

func TestFree(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e.reserved(t, e.hold(1))
		e.must(t, e.hold(2))
		lapsed := e.hold(4)
		e.must(t, lapsed)
		e.lapse(t, lapsed)
		e.reserved(t, e.hold(5.5))
		day := e.tomorrow()
		hours := func(from, to float64) charging.Window {
			return charging.NewWindow(day.Add(time.Duration(from*float64(time.Hour))), day.Add(time.Duration(to*float64(time.Hour))))
		}
		for _, c := range []struct {
			ask  charging.Window
			want []charging.Window
		}{
			{hours(0, 8), []charging.Window{hours(0, 1), hours(3, 5.5), hours(6.5, 8)}},
			{hours(1.5, 6), []charging.Window{hours(3, 5.5)}},
			{hours(1, 3), nil},
			{hours(3, 4), []charging.Window{hours(3, 4)}},
		} {
			got, err := e.Free(t.Context(), site, []charging.EVSEID{"BR*MAR*E0001*2", plug}, c.ask)
			if err != nil || len(got) != 2 {
				t.Fatalf("%+v, %v", got, err)
			}
			if len(got[0].Windows) != 1 || !got[0].Windows[0].Equal(c.ask) || got[1].EVSEID != plug {
				t.Errorf("%+v", got)
			}
			if len(got[1].Windows) != len(c.want) {
				t.Fatalf("%s: free %v, want %v", c.ask, got[1].Windows, c.want)
			}
			for i, w := range got[1].Windows {
				if !w.Equal(c.want[i]) {
					t.Errorf("%s: free %v, want %v", c.ask, w, c.want[i])
				}
			}
		}
	})
}
