package store_test

import (
	"context"
	"reflect"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
)

const lease = time.Minute

// leaseOver ends the lease of a trip that was due by then, and makes the list
// look at it.
func (e *env) leaseOver(t testing.TB, id charging.TripID) {
	t.Helper()
	e.raw.HSet(t.Context(), e.tripKey(id), "lease", 1, "due", 1)
	e.lookNow(t, id)
}

// lookNow makes the list of open work reach a trip.
func (e *env) lookNow(t testing.TB, id charging.TripID) {
	t.Helper()
	e.raw.ZAddXX(t.Context(), e.prefix+"trips:open", redis.Z{Score: 1, Member: string(id)})
}

func (e *env) tripKey(id charging.TripID) string { return e.prefix + "trip:{" + string(id) + "}" }

// open says whether, and for when, a trip is listed.
func (e *env) openScore(t testing.TB, id charging.TripID) (int64, bool) {
	t.Helper()
	s, err := e.raw.ZScore(t.Context(), e.prefix+"trips:open", string(id)).Result()
	return int64(s), err == nil
}

func created(t testing.TB, e *env) trip.Trip {
	t.Helper()
	tr := newTrip(e, 2)
	if err := e.Create(t.Context(), tr, lease, []trip.Entry{{Step: "create", Answer: "ok", Epoch: 1}}); err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestCreateLoadWriteHistory(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		tr := newTrip(e, 2)
		_, err := e.Load(ctx, tr.ID)
		refused(t, err, charging.CodeUnknownTrip)
		_, err = e.History(ctx, tr.ID)
		refused(t, err, charging.CodeUnknownTrip)
		refused(t, e.Save(ctx, tr, lease, time.Now(), nil), charging.CodeUnknownTrip)
		first, then := []trip.Entry{{Step: "create", Answer: "ok"}}, []trip.Entry{{Step: "state", Leg: 1}, {Step: "confirm", Leg: 2}}
		if err := e.Create(ctx, tr, lease, first); err != nil {
			t.Fatal(err)
		}
		got, err := e.Load(ctx, tr.ID)
		if err != nil || !reflect.DeepEqual(got, tr) {
			t.Errorf("loaded\n%+v, %v, want\n%+v", got, err, tr)
		}
		again := tr
		again.State = trip.Aborted
		if err := e.Create(ctx, again, lease, []trip.Entry{{Step: "create twice"}}); err != nil {
			t.Error(err)
		}
		if got, _ := e.Load(ctx, tr.ID); got.State != trip.Reserving {
			t.Errorf("creating twice changed it to %s", got.State)
		}
		tr.State = trip.Confirming
		if err := e.Save(ctx, tr, lease, time.Now().Add(time.Second), then); err != nil {
			t.Fatal(err)
		}
		h, err := e.History(ctx, tr.ID)
		if err != nil || len(h) != 3 || h[0].Step != "create" || h[1].Step != "state" || h[2].Step != "confirm" || h[1].Seq >= h[2].Seq || h[0].Seq >= h[1].Seq {
			t.Errorf("%+v, %v", h, err)
		}
		// Who is told of them as they are written knows them again in the history.
		if !reflect.DeepEqual(append(first, then...), h) {
			t.Errorf("written %+v %+v, read %+v", first, then, h)
		}
	})
}

func TestFormerOwnerWritesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		old := created(t, e)
		e.leaseOver(t, old.ID)
		got, err := e.TakeOver(ctx, "b", lease, 10)
		if err != nil || len(got) != 1 || got[0].ID != old.ID || got[0].Saga.Epoch != 2 || got[0].Saga.Owner != "b" {
			t.Fatalf("%+v, %v", got, err)
		}
		old.State = trip.Confirmed
		for _, due := range []time.Time{time.Now(), {}} {
			err := e.Save(ctx, old, lease, due, []trip.Entry{{Step: "late"}})
			if r := refused(t, err, charging.CodeStaleOwner); r.SeenEpoch != 2 {
				t.Errorf("seen %d", r.SeenEpoch)
			}
		}
		twin := got[0]
		saga := *twin.Saga
		saga.Owner = "c"
		twin.Saga = &saga
		refused(t, e.Save(ctx, twin, lease, time.Now(), nil), charging.CodeStaleOwner)
		if _, ok := e.openScore(t, old.ID); !ok {
			t.Error("a former owner took the trip off the list")
		}
		if now, _ := e.Load(ctx, old.ID); now.State != trip.Reserving || now.Saga.Epoch != 2 || now.Saga.Owner != "b" {
			t.Errorf("%+v %+v", now, now.Saga)
		}
		if h, _ := e.History(ctx, old.ID); len(h) != 1 {
			t.Errorf("%+v", h)
		}
		if err := e.Save(ctx, got[0], lease, time.Now(), nil); err != nil {
			t.Error(err)
		}
	})
}

func TestRaise(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		tr := created(t, e)
		for range 2 { // the answer was lost: the same again
			if n, err := e.Raise(ctx, tr, 6); err != nil || n != 7 {
				t.Fatalf("%d, %v", n, err)
			}
		}
		refused(t, e.Save(ctx, tr, lease, time.Now(), nil), charging.CodeStaleOwner)
		_, err := e.Raise(ctx, tr, 8)
		refused(t, err, charging.CodeStaleOwner)
		tr.Saga.Epoch = 7
		if n, err := e.Raise(ctx, tr, 2); err != nil || n != 8 {
			t.Errorf("%d, %v", n, err)
		}
		tr.Saga.Epoch, tr.Saga.Owner = 8, "b"
		_, err = e.Raise(ctx, tr, 9)
		refused(t, err, charging.CodeStaleOwner)
		_, err = e.Raise(ctx, newTrip(e, 1), 1)
		refused(t, err, charging.CodeUnknownTrip)
	})
}

func TestTakeOverOnlyWhatIsDueAndFree(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		none := func(why string) {
			t.Helper()
			if got, err := e.TakeOver(ctx, "b", lease, 10); err != nil || len(got) != 0 {
				t.Fatalf("%s: %+v, %v", why, got, err)
			}
		}
		tr := created(t, e)
		none("in its lease, not listed yet")
		e.lookNow(t, tr.ID)
		none("in its lease")
		if s, ok := e.openScore(t, tr.ID); !ok || s < time.Now().Add(30*time.Second).UnixMilli() {
			t.Errorf("listed for %d, %v", s, ok)
		}
		// Due in an hour: nobody looks after it before, whatever its lease; but
		// the list looks again within a minute.
		if err := e.Save(ctx, tr, lease, time.Now().Add(time.Hour), nil); err != nil {
			t.Fatal(err)
		}
		e.raw.HSet(ctx, e.tripKey(tr.ID), "lease", 1)
		e.lookNow(t, tr.ID)
		none("not due")
		if s, ok := e.openScore(t, tr.ID); !ok || s > time.Now().Add(61*time.Second).UnixMilli() || s < time.Now().UnixMilli() {
			t.Errorf("listed for %d, %v", s, ok)
		}
		// Due now, although the list had it later: the write itself lists it.
		if err := e.Save(ctx, tr, time.Millisecond, time.Now().Add(-time.Second), nil); err != nil {
			t.Fatal(err)
		}
		e.raw.HSet(ctx, e.tripKey(tr.ID), "lease", 1)
		got, err := e.TakeOver(ctx, "b", lease, 10)
		if err != nil || len(got) != 1 || got[0].Saga.Epoch != 2 {
			t.Fatalf("%+v, %v", got, err)
		}
		none("b has it")
		// No more work.
		if err := e.Finish(ctx, got[0], nil); err != nil {
			t.Fatal(err)
		}
		if _, ok := e.openScore(t, tr.ID); ok {
			t.Error("still listed")
		}
		want := tr.Legs[1].End.Sub(e.civil.now()) + 72*time.Hour
		for _, key := range []string{e.tripKey(tr.ID), e.tripKey(tr.ID) + ":log"} {
			if ttl := e.raw.PTTL(ctx, key).Val(); ttl < want-time.Minute || ttl > want+time.Minute {
				t.Errorf("%s lives %s, want %s", key, ttl, want)
			}
		}
		// Opened again (a stop was withdrawn): listed, and for ever.
		if err := e.Save(ctx, got[0], lease, time.Now(), nil); err != nil {
			t.Fatal(err)
		}
		if _, ok := e.openScore(t, tr.ID); !ok {
			t.Error("not listed again")
		}
		if ttl := e.raw.PTTL(ctx, e.tripKey(tr.ID)).Val(); ttl > 0 {
			t.Errorf("open, and expires in %s", ttl)
		}
	})
}

// A crash between the record and the list leaves what TakeOver clears.
func TestTakeOverClearsTraces(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		done := created(t, e)
		if err := e.Finish(ctx, done, nil); err != nil {
			t.Fatal(err)
		}
		young, never := newID(), newID()
		e.raw.ZAdd(ctx, e.prefix+"trips:open", redis.Z{Score: 1, Member: string(done.ID)}, redis.Z{Score: 1, Member: never},
			redis.Z{Score: float64(time.Now().Add(-time.Minute).UnixMilli()), Member: young})
		if got, err := e.TakeOver(ctx, "b", lease, 10); err != nil || len(got) != 0 {
			t.Fatalf("%+v, %v", got, err)
		}
		if left := e.raw.ZRange(ctx, e.prefix+"trips:open", 0, -1).Val(); len(left) != 1 || left[0] != young {
			t.Errorf("left %v, want %s alone: its record may still come", left, young)
		}
	})
}

func TestTakeOverHasOneWinner(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		const trips, servers = 40, 4
		for range trips {
			e.leaseOver(t, created(t, e).ID)
		}
		var mu sync.Mutex
		winners := map[charging.TripID][]string{}
		var wg sync.WaitGroup
		for s := range servers {
			owner := "s" + strconv.Itoa(s)
			other := e.again(t, store.Options{})
			wg.Go(func() {
				for range trips {
					got, err := other.TakeOver(context.Background(), owner, lease, 3)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					for _, tr := range got {
						winners[tr.ID] = append(winners[tr.ID], tr.Saga.Owner)
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if len(winners) != trips {
			t.Errorf("%d of %d trips were taken", len(winners), trips)
		}
		for id, w := range winners {
			if len(w) != 1 {
				t.Errorf("%s was taken by %v", id, w)
			}
		}
	})
}

func TestKeepAlive(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		mine, lost := created(t, e), created(t, e)
		e.leaseOver(t, lost.ID)
		if got, err := e.TakeOver(ctx, "b", lease, 1); err != nil || len(got) != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		e.leaseOver(t, mine.ID) // over, but nobody has taken it
		gone, err := e.KeepAlive(ctx, "a", lease, []charging.TripID{mine.ID, lost.ID})
		if err != nil || len(gone) != 1 || gone[0] != lost.ID {
			t.Errorf("%v, %v", gone, err)
		}
		if got, err := e.TakeOver(ctx, "b", lease, 1); err != nil || len(got) != 0 {
			t.Errorf("taken from its owner: %+v, %v", got, err)
		}
	})
}

// Pipelines find their scripts again after Redis has forgotten them.
func TestScriptsForgotten(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		if e.real {
			// Other tests share the server: they must survive it as well.
			e.raw.ScriptFlush(ctx)
		}
		tr := created(t, e)
		e.raw.ScriptFlush(ctx)
		if lost, err := e.KeepAlive(ctx, "a", lease, []charging.TripID{tr.ID}); err != nil || len(lost) != 0 {
			t.Errorf("%v, %v", lost, err)
		}
		e.raw.ScriptFlush(ctx)
		e.must(t, e.hold(0))
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		base := time.Now().UTC().Add(-2 * time.Hour).Truncate(time.Second)
		ids := make([]charging.TripID, 7)
		for i := range ids {
			tr := newTrip(e, 1)
			tr.CreatedAt = base.Add(time.Duration(i) * time.Second)
			if i%2 == 1 {
				tr.VehicleID = "EV-0002"
			}
			if i == 4 {
				tr.State, tr.Saga.Stuck = trip.Compensating, &trip.Stuck{Leg: 1, Reason: "unreachable"}
			}
			if err := e.Create(ctx, tr, lease, nil); err != nil {
				t.Fatal(err)
			}
			if err := e.Save(ctx, tr, lease, time.Now(), nil); err != nil {
				t.Fatal(err)
			}
			ids[i] = tr.ID
		}
		for _, c := range []struct {
			q     trip.Query
			want  []int
			count int
		}{
			{trip.Query{}, []int{6, 5, 4, 3, 2, 1, 0}, 7},
			{trip.Query{Limit: 2, Offset: 1}, []int{5, 4}, 7},
			{trip.Query{Offset: 9}, nil, 7},
			{trip.Query{VehicleID: "EV-0002"}, []int{5, 3, 1}, 3},
			{trip.Query{VehicleID: "EV-0009"}, nil, 0},
			{trip.Query{State: trip.Compensating}, []int{4}, 1},
			{trip.Query{State: trip.Reserving, Limit: 2, Offset: 1}, []int{5, 3}, 6},
			{trip.Query{State: trip.Reserving, VehicleID: "EV-0002", Limit: 1}, []int{5}, 3},
			{trip.Query{Stuck: true}, []int{4}, 1},
			{trip.Query{State: trip.Confirmed}, nil, 0},
		} {
			got, n, err := e.List(ctx, c.q)
			if err != nil || n != c.count || len(got) != len(c.want) {
				t.Errorf("%+v: %d of %d, %v", c.q, len(got), n, err)
				continue
			}
			for i, w := range c.want {
				if got[i].ID != ids[w] {
					t.Errorf("%+v: place %d is not trip %d", c.q, i, w)
				}
			}
		}
		e.raw.Del(ctx, e.tripKey(ids[3])) // its record has expired
		if got, n, err := e.List(ctx, trip.Query{}); err != nil || len(got) != 6 || n != 7 {
			t.Errorf("%d of %d, %v", len(got), n, err)
		}
		if got, n, err := e.List(ctx, trip.Query{}); err != nil || len(got) != 6 || n != 6 {
			t.Errorf("forgotten: %d of %d, %v", len(got), n, err)
		}
	})
}

// The list of open work follows a trip that is due earlier than it was.
func TestATripThatIsDueEarlierIsListedSo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		tr := created(t, e) // listed for when its lease ends
		for _, in := range []time.Duration{lease / 2, lease / 6} {
			if err := e.Park(t.Context(), tr, time.Now().Add(in), nil); err != nil {
				t.Fatal(err)
			}
			if at, ok := e.openScore(t, tr.ID); !ok || time.UnixMilli(at).After(time.Now().Add(in+time.Second)) {
				t.Errorf("due in %s, it is listed (%t) for %s", in, ok, time.UnixMilli(at))
			}
		}
	})
}
