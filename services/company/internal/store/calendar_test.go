package store_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func TestHoldGrantsAndLocks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		h := e.hold(0, ticket("1770000000000001"))
		g := e.must(t, h)
		want := charging.Reservation{
			ID: h.ID, TripID: h.TripID, Origin: h.Origin, Leg: 2, EVSEID: plug, Window: charging.NewWindow(h.Start, h.End),
			VehicleID: h.VehicleID, State: charging.Claimed, Fence: g.Fence, Epoch: 1, TTL: time.Minute, GrantedAt: h.GrantedAt,
		}
		if g.Reservation != want {
			t.Errorf("granted\n%+v, want\n%+v", g.Reservation, want)
		}
		if g.Fence < time.Now().Add(-time.Hour).UnixMicro() || g.Stamped {
			t.Errorf("fence %d, stamped %v", g.Fence, g.Stamped)
		}
		text, err := e.raw.Get(t.Context(), e.lockKey(h)).Result()
		if err != nil {
			t.Fatal(err)
		}
		var lock map[string]any
		if err := json.Unmarshal([]byte(text), &lock); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for field, want := range map[string]any{
			"trip_id": string(h.TripID), "origin": "SER", "leg": 2.0, "evse_id": string(plug), "reservation_id": string(h.ID),
			"start": h.Start.Format(time.RFC3339), "end": h.End.Format(time.RFC3339), "state": "CLAIMED",
			"granted_at": h.GrantedAt, "fence": float64(g.Fence),
		} {
			if lock[field] != want {
				t.Errorf("lock: %s is %v, want %v", field, lock[field], want)
			}
		}
		locks, err := e.Locks(t.Context(), site, []charging.EVSEID{plug})
		if err != nil || len(locks) != 1 || locks[0].ReservationID != h.ID || locks[0].Fence != g.Fence ||
			locks[0].Key != e.lockKey(h) || locks[0].TTLMillis <= 0 || locks[0].TTLMillis > 60000 {
			t.Errorf("locks %+v, %v", locks, err)
		}
		e.reserved(t, e.hold(3))
		if locks, _ := e.Locks(t.Context(), site, []charging.EVSEID{plug}); len(locks) != 1 {
			t.Errorf("a RESERVED is no lock: %+v", locks)
		}
	})
}

// A repeat has the same fence and ticket (interleaving 5), also from the next
// owner of the saga (8).
func TestHoldRepeated(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		h := e.hold(0, first)
		g := e.must(t, h)
		if !g.Stamped || g.KeyID != "k1" || len(g.GrantedAt) != 16 || g.Replay {
			t.Fatalf("first grant %+v", g)
		}
		h.KeyID, h.Epoch, h.Owner, h.TTL, h.StampFloor = "k2", 2, "b", 5*time.Minute, 1<<52
		again := e.must(t, h)
		if again.Fence != g.Fence || again.GrantedAt != g.GrantedAt || again.KeyID != "k1" || !again.Stamped || !again.Replay {
			t.Errorf("repeat %+v of %+v", again, g)
		}
		if again.TTL != 5*time.Minute || again.Epoch != 2 {
			t.Errorf("ttl %s, epoch %d", again.TTL, again.Epoch)
		}
		h.TTL = time.Second
		if short := e.must(t, h); short.TTL < 4*time.Minute {
			t.Errorf("a repeat shortened the hold to %s", short.TTL)
		}
	})
}

func TestStampNeverBelowItsFloor(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		const floor = 4_000_000_000_000_007
		h := e.hold(0, first)
		h.StampFloor = floor
		if g := e.must(t, h); g.GrantedAt != "4000000000000007" || g.Fence >= floor {
			t.Errorf("stamp %s, fence %d", g.GrantedAt, g.Fence)
		}
		if g := e.must(t, e.hold(2, first)); g.GrantedAt == "" || g.GrantedAt >= "4000000000000007" {
			t.Errorf("stamp %s without a floor", g.GrantedAt)
		}
	})
}

func TestFenceNeverFalls(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		key := e.prefix + "fence:{" + string(site) + "}:" + string(plug)
		last := int64(8_000_000_000_000_003) // a clock that was ahead before a fail-over
		if err := e.raw.Set(t.Context(), key, last, 0).Err(); err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			if g := e.must(t, e.hold(float64(i))); g.Fence != last+1 {
				t.Fatalf("fence %d after %d", g.Fence, last)
			}
			last++
		}
	})
}

func TestClaimThenReserve(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		h := e.hold(0)
		g := e.must(t, h)
		h.GrantedAt = "1770000000000001"
		pending(&h)
		r := e.must(t, h)
		if r.State != charging.Pending || r.Fence != g.Fence || r.Replay || r.GrantedAt != h.GrantedAt {
			t.Errorf("reserve after claim: %+v", r)
		}
		if text := e.raw.Get(t.Context(), e.lockKey(h)).Val(); !strings.Contains(text, `"state":"PENDING","granted_at":"1770000000000001"`) {
			t.Errorf("lock says %s", text)
		}
		h.Want, h.GrantedAt = charging.Claimed, "1770000000000000"
		if c := e.must(t, h); c.State != charging.Pending || !c.Replay || c.GrantedAt != "1770000000000001" {
			t.Errorf("claim on a PENDING: %+v", c)
		}
	})
}

func TestIDReusedAndForbidden(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*charging.Hold)
		field  string
	}{
		"trip":    {func(h *charging.Hold) { h.TripID = charging.TripID(newID()) }, "trip_id"},
		"leg":     {func(h *charging.Hold) { h.Leg = 3 }, "leg"},
		"evse":    {func(h *charging.Hold) { h.EVSEID = "BR*MAR*E0001*2" }, "evse_id"},
		"start":   {func(h *charging.Hold) { h.Start = h.Start.Add(time.Minute) }, "start"},
		"end":     {func(h *charging.Hold) { h.End = h.End.Add(time.Minute) }, "end"},
		"vehicle": {func(h *charging.Hold) { h.VehicleID = "EV-0002" }, "vehicle_id"},
		"origin":  {func(h *charging.Hold) { h.Origin = "CAJ" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, e *env) {
				h := e.hold(0)
				e.must(t, h)
				other := h
				c.change(&other)
				other.Epoch = 9
				_, err := e.Hold(t.Context(), other)
				if c.field == "" {
					refused(t, err, charging.CodeForbidden)
				} else if r := refused(t, err, charging.CodeIDReused); r.Fields[0].Field != c.field {
					t.Errorf("names %s", r.Fields[0].Field)
				}
				e.must(t, h) // nothing has changed, the epoch neither
			})
		})
	}
}

// Row 18: nobody else may act on a reservation.
func TestStrangersActOnNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		h := e.hold(0, pending)
		e.must(t, h)
		stranger := at(h)
		stranger.Origin, stranger.Epoch = "CAJ", 9
		ctx := t.Context()
		for name, act := range map[string]func() error{
			"renew":      func() error { _, err := e.Renew(ctx, stranger, time.Minute); return err },
			"confirm":    func() error { _, err := e.Confirm(ctx, stranger); return err },
			"compensate": func() error { _, err := e.Compensate(ctx, stranger); return err },
			"start":      func() error { _, err := e.Start(ctx, stranger, charging.Arrival{}, charging.Terms{}); return err },
			"complete":   func() error { _, err := e.Complete(ctx, stranger, charging.Meter{}); return err },
			"drop":       func() error { _, err := e.Drop(ctx, stranger, charging.OutcomeAborted); return err },
		} {
			t.Run(name, func(t *testing.T) { refused(t, act(), charging.CodeForbidden) })
		}
		e.wantState(t, h, charging.Pending)
	})
}

func TestStaleOwner(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		h := e.hold(0, pending, func(h *charging.Hold) { h.Epoch, h.Owner = 3, "b" })
		e.must(t, h)
		acts := map[string]func(charging.Hold) error{
			"hold":       func(h charging.Hold) error { _, err := e.Hold(ctx, h); return err },
			"renew":      func(h charging.Hold) error { _, err := e.Renew(ctx, at(h), time.Minute); return err },
			"confirm":    func(h charging.Hold) error { _, err := e.Confirm(ctx, at(h)); return err },
			"compensate": func(h charging.Hold) error { _, err := e.Compensate(ctx, at(h)); return err },
		}
		for name, act := range acts {
			for _, old := range []struct {
				epoch int64
				owner string
			}{{2, "b"}, {1, "a"}, {3, "a"}, {3, ""}} {
				late := h
				late.Epoch, late.Owner = old.epoch, old.owner
				if r := refused(t, act(late), charging.CodeStaleOwner); r.SeenEpoch != 3 {
					t.Errorf("%s by %v: seen %d", name, old, r.SeenEpoch)
				}
			}
		}
		// Also for another stop of the same trip at the location, and for an id never seen.
		sibling := e.hold(5, func(s *charging.Hold) { s.TripID, s.Epoch = h.TripID, 2 })
		refused(t, acts["hold"](sibling), charging.CodeStaleOwner)
		refused(t, acts["compensate"](sibling), charging.CodeStaleOwner)
		// Another origin's trip of the same id has epochs of its own.
		sibling.Origin = "CAJ"
		if err := acts["hold"](sibling); err != nil {
			t.Error(err)
		}
		e.wantState(t, h, charging.Pending)
		h.Epoch, h.Owner = 4, "a"
		for _, name := range []string{"hold", "renew", "confirm", "compensate"} {
			if err := acts[name](h); err != nil {
				t.Errorf("%s under epoch 4: %v", name, err)
			}
		}
	})
}

// A refused hold is remembered too: the former owner cannot take it later.
func TestEpochOfARefusedHoldCounts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		wall := e.reserved(t, e.hold(0))
		h := e.hold(0, func(h *charging.Hold) { h.Epoch = 2 })
		_, err := e.Hold(t.Context(), h)
		refused(t, err, charging.CodeSlotTaken)
		if _, err := e.Compensate(t.Context(), at(wall)); err != nil {
			t.Fatal(err)
		}
		h.Epoch = 1
		_, err = e.Hold(t.Context(), h)
		refused(t, err, charging.CodeStaleOwner)
	})
}

func TestWindowOver(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		h := e.hold(-30)
		_, err := e.Hold(t.Context(), h)
		refused(t, err, charging.CodeInvalidWindow)
		p := e.hold(0, pending)
		e.must(t, p)
		e.civil.set(p.End)
		_, err = e.Confirm(t.Context(), at(p))
		refused(t, err, charging.CodeInvalidWindow)
		_, err = e.Hold(t.Context(), p)
		refused(t, err, charging.CodeInvalidWindow)
		if _, err := e.Compensate(t.Context(), at(p)); err != nil {
			t.Error(err)
		}
	})
}

func TestHoldWithoutTime(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		h := e.hold(0)
		h.TTL = 0
		_, err := e.Hold(t.Context(), h)
		refused(t, err, charging.CodeInvalidField)
		h = e.hold(0)
		h.Want = charging.Reserved
		_, err = e.Hold(t.Context(), h)
		refused(t, err, charging.CodeInvalidField)
	})
}

func TestEveryLockByRedisCLI(t *testing.T) {
	t.Parallel()
	cli, err := exec.LookPath("redis-cli")
	if err != nil {
		t.Skip("no redis-cli here")
	}
	each(t, func(t *testing.T, e *env) {
		kept := e.hold(0)
		e.must(t, kept)
		gone := e.hold(2)
		e.must(t, gone)
		if _, err := e.Compensate(t.Context(), at(gone)); err != nil {
			t.Fatal(err)
		}
		e.reserved(t, e.hold(4))
		out, err := exec.CommandContext(t.Context(), cli, "-u", e.url, "--scan", "--pattern", e.prefix+"lock:*").CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		if got := strings.TrimSpace(string(out)); got != e.lockKey(kept) {
			t.Errorf("redis-cli lists %q, want %q", got, e.lockKey(kept))
		}
	})
}
