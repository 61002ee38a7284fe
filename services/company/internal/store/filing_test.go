package store_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
)

// keysOf lists what the store has, but for how far trips have been filed.
func (e *env) keysOf(t testing.TB) []string {
	t.Helper()
	var keys []string
	for it := e.raw.Scan(t.Context(), 0, e.prefix+"*", 1000).Iterator(); it.Next(t.Context()); {
		if k := strings.TrimPrefix(it.Val(), e.prefix); k != "trips:filed" {
			keys = append(keys, k)
		}
	}
	return keys
}

// expire is what time does to an ended trip.
func (e *env) expire(t testing.TB, tr trip.Trip) {
	t.Helper()
	e.raw.Del(t.Context(), e.tripKey(tr.ID), e.tripKey(tr.ID)+":log")
	e.raw.ZAddXX(t.Context(), e.prefix+"trips:expiry", redis.Z{Score: 1, Member: string(tr.ID) + "|" + string(tr.VehicleID)})
}

// Shows anything of a trip that is left after its retention, and a trip that is
// forgotten although it is there.
func TestForget(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		var ended []trip.Trip
		for i, s := range []trip.State{trip.Completed, trip.Canceled, trip.Aborted, trip.Completed, trip.Completed} {
			tr := newTrip(e, 2)
			tr.VehicleID = charging.VehicleID("EV-000" + string(rune('1'+i)))
			if _, err := e.Admit(ctx, admission(tr, "")); err != nil {
				t.Fatal(err)
			}
			if err := e.Create(ctx, tr, lease, []trip.Entry{{Step: "create"}}); err != nil {
				t.Fatal(err)
			}
			if posted, err := e.Forward(ctx, tr.ID, trip.Forwarded{ID: "l"}, time.Minute); err != nil || !posted {
				t.Fatalf("%v, %v", posted, err)
			}
			pending, err := e.Pending(ctx, tr.ID)
			if err != nil || len(pending) != 1 {
				t.Fatalf("%+v, %v", pending, err)
			}
			if err := e.Reply(ctx, tr.ID, pending[0], []byte("ok")); err != nil {
				t.Fatal(err)
			}
			tr.State = s
			e.write(t, tr, time.Time{})
			ended = append(ended, tr)
		}
		gone, longer, again := ended[:3], ended[3], ended[4]
		for _, tr := range gone {
			e.expire(t, tr)
		}
		for _, tr := range []trip.Trip{longer, again} { // due, and still there
			e.raw.ZAddXX(ctx, e.prefix+"trips:expiry", redis.Z{Score: 1, Member: string(tr.ID) + "|" + string(tr.VehicleID)})
		}
		e.write(t, again, time.Now()) // opened again: it does not expire
		for range 2 {
			if _, err := e.Forget(ctx); err != nil {
				t.Fatal(err)
			}
		}
		for _, tr := range gone {
			if on := e.listsOf(t, tr); on != "" {
				t.Errorf("%s is still on %s", tr.State, on)
			}
			for _, k := range e.keysOf(t) {
				if strings.Contains(k, string(tr.ID)) || strings.Contains(k, string(tr.VehicleID)) {
					if ttl := e.raw.PTTL(ctx, e.prefix+k).Val(); ttl <= 0 || ttl > time.Minute { // an answer, for whoever asked
						t.Errorf("%s is left, for %s", k, ttl)
					}
				}
			}
		}
		e.wantLists(t, longer, "lives longer", "expiry ended:COMPLETED")
		if at, _ := e.goes(t, longer); time.Until(at) < 24*time.Hour {
			t.Errorf("looked at again in %s", time.Until(at))
		}
		e.wantLists(t, again, "opened again", "expiry open ended:COMPLETED")
		if at, _ := e.goes(t, again); time.Until(at) < 50*time.Minute || time.Until(at) > 70*time.Minute {
			t.Errorf("looked at again in %s", time.Until(at))
		}
	})
}

// before is a company whose trips were written by servers that did not know the
// lists by what is asked.
func (e *env) before(t testing.TB) {
	t.Helper()
	for _, list := range []string{"standing", "stuck", "expiry", "ended:COMPLETED", "ended:CANCELED", "ended:ABORTED", "filed"} {
		e.raw.Del(t.Context(), e.prefix+"trips:"+list)
	}
}

// Shows trips of before that are not found, at first, after an interruption, or
// when a server of before makes or ends one later.
func TestFile(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		made := map[string]trip.Trip{}
		old := time.Now().Add(-20 * time.Hour).UTC().Truncate(time.Millisecond)
		add := func(name string, s trip.State, stuck *trip.Stuck, due time.Time) {
			tr := newTrip(e, 1)
			tr.CreatedAt = old
			old = old.Add(time.Millisecond)
			if err := e.Create(ctx, tr, lease, nil); err != nil {
				t.Fatal(err)
			}
			tr.State, tr.Saga.Stuck = s, stuck
			e.write(t, tr, due)
			made[name] = tr
		}
		add("confirmed", trip.Confirmed, nil, time.Now())
		add("stuck", trip.Compensating, stuckTrip, time.Now())
		add("completed", trip.Completed, nil, time.Time{})
		add("expired", trip.Aborted, nil, time.Time{})
		e.raw.Del(ctx, e.tripKey(made["expired"].ID))
		young := newID() // in creation
		e.raw.ZAdd(ctx, e.prefix+"trips:all", redis.Z{Score: float64(time.Now().UnixMilli()), Member: young})
		e.before(t)
		server := e.again(t, store.Options{})
		found := func(when string) {
			t.Helper()
			if page, _, err := server.Standing(ctx, "", 10, trip.Confirmed); err != nil || len(page) != 1 || page[0].ID != made["confirmed"].ID {
				t.Errorf("%s: standing are %v, %v", when, page, err)
			}
			for q, want := range map[trip.Query]string{
				{Stuck: true}: "stuck", {State: trip.Completed}: "completed", {State: trip.Confirmed}: "confirmed", {State: trip.Aborted}: "",
			} {
				got, n, err := server.List(ctx, q)
				if err != nil || n != len(got) || (want == "") != (n == 0) || n > 0 && got[0].ID != made[want].ID {
					t.Errorf("%s: %+v gives %v, %v", when, q, got, err)
				}
			}
		}
		found("not filed yet")
		canceled, cancel := context.WithCancel(ctx)
		cancel()
		if err := server.File(canceled); err == nil {
			t.Error("filed without time")
		}
		found("interrupted")
		for range 2 {
			if err := server.File(ctx); err != nil {
				t.Fatal(err)
			}
			found("filed")
		}
		e.wantLists(t, made["confirmed"], "confirmed", "open standing")
		e.wantLists(t, made["stuck"], "stuck", "open standing stuck")
		e.wantLists(t, made["completed"], "completed", "expiry ended:COMPLETED")
		if on := e.listsOf(t, made["expired"]); on != "vehicle:{EV-0001}:made" { // where it is dropped when it is read
			t.Errorf("without a record, and on %s", on)
		}
		if e.raw.ZScore(ctx, e.prefix+"trips:all", young).Err() != nil {
			t.Error("a trip in creation was dropped")
		}
		// Servers of before go on for a while: one makes a trip, one ends one.
		late := newTrip(e, 1)
		late.CreatedAt = time.Now().Add(-time.Minute).UTC() // and comes late to the list of all
		if err := e.Create(ctx, late, lease, nil); err != nil {
			t.Fatal(err)
		}
		e.raw.ZRem(ctx, e.prefix+"trips:standing", string(late.ID))
		ended := made["confirmed"]
		ended.State = trip.Canceled
		e.write(t, ended, time.Time{})
		e.raw.ZRem(ctx, e.prefix+"trips:ended:CANCELED", string(ended.ID))
		e.raw.ZRem(ctx, e.prefix+"trips:expiry", string(ended.ID)+"|EV-0001")
		e.raw.ZAdd(ctx, e.prefix+"trips:standing", redis.Z{Score: float64(ended.CreatedAt.UnixMilli()), Member: string(ended.ID)})
		if err := e.again(t, store.Options{}).File(ctx); err != nil {
			t.Fatal(err)
		}
		e.wantLists(t, late, "made by a server of before", "open standing")
		e.wantLists(t, ended, "ended by a server of before", "expiry ended:CANCELED")
	})
}

// Shows a start after which nobody files or forgets.
func TestKeepLists(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		standing, ended := created(t, e), created(t, e)
		ended.State = trip.Completed
		e.write(t, ended, time.Time{})
		e.expire(t, ended)
		e.raw.Del(t.Context(), e.prefix+"trips:standing", e.prefix+"trips:filed")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			e.again(t, store.Options{}).KeepLists(ctx, func(msg string, err error) { t.Error(msg, err) })
		}()
		deadline := time.After(30 * time.Second)
		for e.listsOf(t, ended) != "" || !strings.Contains(e.listsOf(t, standing), "standing") {
			select {
			case <-deadline:
				t.Fatalf("the expired trip is on %q, the other on %q", e.listsOf(t, ended), e.listsOf(t, standing))
			case <-time.After(5 * time.Millisecond):
			}
		}
		cancel()
		<-done
	})
}
