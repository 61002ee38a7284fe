package store_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
)

// guard opens the store once more, as a server that keeps a file.
func (e *env) guard(t testing.TB, file string, locs ...charging.LocationID) (*store.Store, *store.Incarnation) {
	t.Helper()
	if len(locs) == 0 {
		locs = []charging.LocationID{site}
	}
	s := e.again(t, store.Options{})
	m, err := s.Incarnation(store.IncarnationOptions{File: file, Locations: locs})
	if err != nil {
		t.Fatal(err)
	}
	return s, m
}

// remembers wants a check to find nothing lost, or something for a reason.
func remembers(t testing.TB, m *store.Incarnation, want string) {
	t.Helper()
	lost, why, err := m.Check(t.Context())
	switch {
	case err != nil:
		t.Fatal(err)
	case want == "" && len(lost) > 0:
		t.Fatalf("%v: %s", lost, why)
	case want != "" && (len(lost) == 0 || !strings.Contains(why, want)):
		t.Fatalf("lost %v because %q, want %q", lost, why, want)
	}
}

// wipe makes the store forget everything of this test.
func (e *env) wipe(t testing.TB) {
	t.Helper()
	keys, err := e.raw.Keys(t.Context(), e.prefix+"*").Result()
	if err != nil || len(keys) == 0 {
		t.Fatal(len(keys), err)
	}
	if err := e.raw.Del(t.Context(), keys...).Err(); err != nil {
		t.Fatal(err)
	}
}

func done(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A store that forgets while its server runs grants nothing from that very
// moment, until the recovery is complete.
func TestForgettingStoreGrantsNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		s, m := e.guard(t, "")
		remembers(t, m, "")
		h := e.hold(0, pending)
		e.must(t, h)
		e.wipe(t)
		for what, act := range map[string]func() error{
			"hold":    func() error { _, err := s.Hold(ctx, e.hold(0)); return err },
			"confirm": func() error { _, err := s.Confirm(ctx, at(h)); return err },
		} {
			if r := refused(t, act(), charging.CodeStoreUnavailable); !strings.Contains(r.Detail, "lost its memory") {
				t.Errorf("%s: %s", what, r.Detail)
			}
		}
		if _, err := s.Compensate(ctx, at(e.hold(3))); err != nil {
			t.Errorf("a release while the memory is lost: %v", err)
		}
		remembers(t, m, "mark is gone")
		done(t, m.BeginRecovery(ctx))
		done(t, m.BeginRecovery(ctx)) // repeats
		remembers(t, m, "not complete")
		_, err := s.Hold(ctx, e.hold(0))
		refused(t, err, charging.CodeStoreUnavailable)
		done(t, m.EndRecovery(ctx))
		remembers(t, m, "")
		if _, err := s.Hold(ctx, e.hold(0)); err != nil {
			t.Error(err)
		}
	})
}

// The file of a server tells a store that forgot, or went back in time, while
// the server was down.
func TestForgettingIsNoticedAfterARestart(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		file := filepath.Join(t.TempDir(), "data", "memory.json")
		_, m := e.guard(t, file)
		remembers(t, m, "")
		done(t, m.Close())
		_, m = e.guard(t, file)
		remembers(t, m, "")
		remembers(t, m, "")
		done(t, m.Close())

		// An older copy: the mark is right, the heartbeat is not.
		beats, err := e.raw.Keys(t.Context(), e.prefix+"mark:{"+string(site)+"}:*").Result()
		if err != nil || len(beats) != 1 {
			t.Fatal(beats, err)
		}
		e.raw.Set(t.Context(), beats[0], 2, 0)
		_, m = e.guard(t, file)
		remembers(t, m, "back in time")
		done(t, m.BeginRecovery(t.Context()))
		done(t, m.EndRecovery(t.Context()))
		remembers(t, m, "")

		e.wipe(t)
		_, m = e.guard(t, file)
		remembers(t, m, "gone")
		// A server without a file of its own joins: it does not take the store as new.
		_, other := e.guard(t, "")
		remembers(t, other, "") // nobody had noted the loss yet: this is what the file is for
		remembers(t, m, "another birth mark")
		done(t, m.BeginRecovery(t.Context()))
		remembers(t, other, "not complete")
		_, third := e.guard(t, "")
		remembers(t, third, "not complete")
		done(t, m.EndRecovery(t.Context()))
		remembers(t, m, "")
		remembers(t, other, "")
		remembers(t, third, "")
	})
}

// Two servers recover at once; what one has opened the other finds open. One
// whose recovery was overtaken by a second loss begins again.
func TestRecoveriesJoin(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		dir := t.TempDir()
		_, a := e.guard(t, filepath.Join(dir, "a"))
		_, b := e.guard(t, filepath.Join(dir, "b"))
		remembers(t, a, "")
		remembers(t, b, "")
		e.wipe(t)
		remembers(t, a, "gone")
		remembers(t, b, "gone")
		done(t, a.BeginRecovery(ctx))
		done(t, b.BeginRecovery(ctx))
		done(t, a.EndRecovery(ctx))
		refused(t, b.EndRecovery(ctx), charging.CodeStoreUnavailable)
		remembers(t, b, "")

		e.wipe(t)
		remembers(t, a, "gone")
		done(t, a.BeginRecovery(ctx))
		e.wipe(t)
		refused(t, a.EndRecovery(ctx), charging.CodeStoreUnavailable)
		remembers(t, a, "gone")
		done(t, a.BeginRecovery(ctx))
		done(t, a.EndRecovery(ctx))
		remembers(t, a, "")
	})
}

// A location that joins later is new, not lost.
func TestNewLocationIsBorn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		file := filepath.Join(t.TempDir(), "m")
		_, m := e.guard(t, file)
		remembers(t, m, "")
		done(t, m.Close())
		_, m = e.guard(t, file, site, "BR*MAR*LCPV01")
		remembers(t, m, "")
		if !m.Durable() {
			t.Error("a mark with a file is not durable")
		}
	})
}

func TestUnreadableMemoryIsNoFreshStart(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		file := filepath.Join(t.TempDir(), "m")
		done(t, os.WriteFile(file, []byte("{"), 0o600))
		s := e.again(t, store.Options{})
		if _, err := s.Incarnation(store.IncarnationOptions{File: file, Locations: []charging.LocationID{site}}); err == nil {
			t.Error("a broken file is taken for a first start")
		}
	})
}

func promise(h charging.Hold, fence int64, o charging.Outcome) charging.Promise {
	return charging.Promise{Ref: h.Ref, Leg: h.Leg, Start: h.Start, VehicleID: h.VehicleID, Fence: fence, Outcome: o}
}

func TestRestore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		s, m := e.guard(t, "")
		e.Store = s
		remembers(t, m, "")
		was := e.hold(0, pending)
		fence := e.must(t, was).Fence
		if _, err := s.Confirm(ctx, at(was)); err != nil {
			t.Fatal(err)
		}
		confirming := e.hold(2)
		e.wipe(t)
		remembers(t, m, "gone")
		done(t, m.BeginRecovery(ctx))

		r, err := m.RestoreBooking(ctx, site, promise(was, fence, charging.OutcomeConfirmed), 15*time.Minute, false)
		if err != nil || r.State != charging.Reserved || !r.Settled || r.Fence != fence || r.ID != was.ID {
			t.Fatalf("%+v, %v", r, err)
		}
		if r, err = m.RestoreBooking(ctx, site, promise(was, fence, charging.OutcomeConfirmed), 15*time.Minute, false); err != nil || !r.Replay {
			t.Fatalf("again: %+v, %v", r, err)
		}
		r, err = m.RestoreBooking(ctx, site, promise(confirming, fence+5, charging.OutcomePending), 15*time.Minute, false)
		if err != nil || r.State != charging.Reserved || r.Settled {
			t.Fatalf("%+v, %v", r, err)
		}
		done(t, m.EndRecovery(ctx))
		remembers(t, m, "")

		// The confirm that the originator repeats, the settling, the car, the release.
		if r, err := s.Confirm(ctx, at(confirming)); err != nil || r.State != charging.Reserved {
			t.Errorf("%+v, %v", r, err)
		}
		if u, err := s.Unsettled(ctx, site, 0, 0, 10); err != nil || len(u) != 1 || u[0].ID != confirming.ID {
			t.Errorf("unsettled %+v, %v", u, err)
		}
		_, err = s.Hold(ctx, e.hold(0.5))
		if c := refused(t, err, charging.CodeSlotTaken).Conflict; !c.Settled || c.ReservationID != was.ID {
			t.Errorf("%+v", c)
		}
		if g := e.must(t, e.hold(5)); g.Fence <= fence+5 {
			t.Errorf("fence %d after %d", g.Fence, fence+5)
		}
		if r, err := s.Compensate(ctx, at(was)); err != nil || r.State != charging.Canceled {
			t.Errorf("%+v, %v", r, err)
		}
		if r, err := m.RestoreBooking(ctx, site, promise(was, fence, charging.OutcomeConfirmed), 0, false); err != nil || r.State != charging.Canceled {
			t.Errorf("what was released since came back: %+v, %v", r, err)
		}
		e.must(t, e.hold(0.5))
	})
}

// Beside an older copy: a hold in the way goes, a RESERVED stays, and the
// restored stop is then remembered as lost.
func TestRestoreInTheWay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		_, m := e.guard(t, "")
		younger := e.hold(0, pending)
		e.must(t, younger)
		p := promise(e.hold(0.5), 7, charging.OutcomeConfirmed)
		if _, err := m.RestoreBooking(ctx, site, p, 0, false); err != nil {
			t.Fatal(err)
		}
		e.wantState(t, younger, charging.Preempted)
		_, err := e.Confirm(ctx, at(younger))
		refused(t, err, charging.CodeHoldPreempted)

		late, slow := promise(e.hold(1), 8, charging.OutcomeConfirmed), promise(e.hold(1), 9, charging.OutcomePending)
		_, err = m.RestoreBooking(ctx, site, late, 0, false)
		if c := refused(t, err, charging.CodeSlotTaken).Conflict; c.ReservationID != p.ID || c.Origin != "SER" {
			t.Errorf("%+v", c)
		}
		for _, q := range []charging.Promise{late, slow} {
			_, err = m.RestoreBooking(ctx, site, q, 0, true)
			refused(t, err, charging.CodeSlotTaken)
		}
		box, err := e.Outbox(ctx, site, 10)
		if err != nil || len(box) != 1 || box[0].ReservationID != late.ID || box[0].State != charging.Canceled || box[0].Reason != "STORE_LOST" {
			t.Errorf("%+v, %v", box, err)
		}
		_, err = e.Confirm(ctx, charging.At{Location: site, Ref: slow.Ref})
		refused(t, err, charging.CodeHoldExpired)

		// Its own lapsed hold of the copy becomes RESERVED again.
		own := e.hold(4, pending)
		g := e.must(t, own)
		e.lapse(t, own)
		if r, err := m.RestoreBooking(ctx, site, promise(own, g.Fence, charging.OutcomeConfirmed), 0, false); err != nil || r.State != charging.Reserved {
			t.Errorf("%+v, %v", r, err)
		}
		_, err = e.Hold(ctx, e.hold(4.5))
		refused(t, err, charging.CodeSlotTaken)
	})
}

// A stop whose window has begun is restored as one whose car has come: no-show
// would punish the driver for our loss.
func TestRestoreOfAWindowThatHasBegun(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		_, m := e.guard(t, "")
		h := e.hold(0)
		e.civil.set(h.Start.Add(40 * time.Minute))
		if r, err := m.RestoreBooking(ctx, site, promise(h, 7, charging.OutcomeConfirmed), 15*time.Minute, false); err != nil || r.Started.IsZero() {
			t.Fatalf("%+v, %v", r, err)
		}
		if v, err := e.Tidy(ctx, site, []charging.EVSEID{plug}, 15*time.Minute, byMeter); err != nil || len(v) != 0 {
			t.Errorf("%+v, %v", v, err)
		}
		if r, err := e.Complete(ctx, at(h), charging.Meter{}); err != nil || r.State != charging.Fulfilled {
			t.Errorf("%+v, %v", r, err)
		}
		over := e.hold(-30)
		_, err := m.RestoreBooking(ctx, site, promise(over, 7, charging.OutcomeConfirmed), 0, false)
		refused(t, err, charging.CodeInvalidWindow)
	})
}

// A server heartbeats at two locations a look; what the first of them shows counts
// for all, also for those whose own heartbeat is too old to show it.
func TestALossShowsForTheWholeNode(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		locs := []charging.LocationID{site, "BR*MAR*L2", "BR*MAR*L3", "BR*MAR*L4"}
		_, m := e.guard(t, "", locs...)
		for range 3 {
			remembers(t, m, "")
		}
		beats, err := e.raw.Keys(ctx, e.prefix+"mark:{"+string(site)+"}:*").Result()
		if err != nil || len(beats) != 1 {
			t.Fatal(beats, err)
		}
		done(t, e.raw.Set(ctx, beats[0], 1, 0).Err()) // the copy of two seconds ago
		lost, _, err := m.Check(ctx)
		if err != nil || len(lost) != len(locs) {
			t.Fatalf("lost %v, %v; want all of the node", lost, err)
		}
		// BeginRecovery is cut short after the last two: nobody may take the others for sound.
		for _, loc := range locs[2:] {
			done(t, e.raw.Set(ctx, e.prefix+"mark:{"+string(loc)+"}", "lost:half", 0).Err())
		}
		if lost, _, err = m.Check(ctx); err != nil || len(lost) != len(locs) {
			t.Fatalf("after half a doubt: lost %v, %v", lost, err)
		}
		done(t, m.BeginRecovery(ctx))
		done(t, m.EndRecovery(ctx))
		remembers(t, m, "")
	})
}

// A mark that one location alone has lost is met by the next grant there, and
// looked at by the next check, whosever turn it is.
func TestALostMarkIsFoundByTheGrant(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		locs := []charging.LocationID{"BR*MAR*L1"}
		for i := range 50 {
			locs = append(locs, charging.LocationID("BR*MAR*LX"+strconv.Itoa(i)))
		}
		s, m := e.guard(t, "", append(locs, site)...)
		remembers(t, m, "")
		done(t, e.raw.Del(ctx, e.prefix+"mark:{"+string(site)+"}").Err())
		remembers(t, m, "")
		_, err := s.Hold(ctx, e.hold(0))
		refused(t, err, charging.CodeStoreUnavailable)
		remembers(t, m, "mark is gone")
		done(t, m.BeginRecovery(ctx))
		done(t, m.EndRecovery(ctx))
		remembers(t, m, "")
		e.must(t, e.hold(0))
	})
}

// The others have their turn: a mark that nobody meets is missed within as many
// looks as the node has locations.
func TestEveryLocationHasItsTurn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		locs := []charging.LocationID{site, "BR*MAR*L2", "BR*MAR*L3", "BR*MAR*L4"}
		_, m := e.guard(t, "", locs...)
		remembers(t, m, "")
		done(t, e.raw.Del(t.Context(), e.prefix+"mark:{BR*MAR*L3}").Err())
		for range len(locs) - 1 {
			if lost, _, err := m.Check(t.Context()); err != nil || len(lost) == len(locs) {
				return
			}
		}
		t.Error("a lost mark was not missed in a whole turn")
	})
}
