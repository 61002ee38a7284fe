package store_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
)

// listsOf names the lists of trips that a trip is on.
func (e *env) listsOf(t testing.TB, tr trip.Trip) string {
	t.Helper()
	var on []string
	for _, name := range []string{
		"trips:open", "trips:standing", "trips:stuck", "trips:ended:COMPLETED", "trips:ended:CANCELED", "trips:ended:ABORTED", "trips:all",
		"vehicle:{" + string(tr.VehicleID) + "}:made",
	} {
		if e.raw.ZScore(t.Context(), e.prefix+name, string(tr.ID)).Err() == nil {
			on = append(on, strings.TrimPrefix(name, "trips:"))
		}
	}
	if _, ok := e.goes(t, tr); ok {
		on = append(on, "expiry")
	}
	return strings.Join(on, " ")
}

// goes is when a trip is taken off the lists.
func (e *env) goes(t testing.TB, tr trip.Trip) (time.Time, bool) {
	t.Helper()
	at, err := e.raw.ZScore(t.Context(), e.prefix+"trips:expiry", string(tr.ID)+"|"+string(tr.VehicleID)).Result()
	return time.UnixMilli(int64(at)), err == nil
}

func (e *env) wantLists(t testing.TB, tr trip.Trip, what, want string) {
	t.Helper()
	if want != "" {
		want += " all vehicle:{" + string(tr.VehicleID) + "}:made"
	}
	got := e.listsOf(t, tr)
	if on, gone := strings.CutSuffix(got, " expiry"); gone {
		got = "expiry " + on
	}
	if got != want {
		t.Errorf("%s: on the lists\n%q, want\n%q", what, got, want)
	}
}

func (e *env) write(t testing.TB, tr trip.Trip, due time.Time) {
	t.Helper()
	if err := e.Write(t.Context(), tr, lease, due, nil); err != nil {
		t.Fatal(err)
	}
}

var stuckTrip = &trip.Stuck{Leg: 1, Reason: "unreachable"}

// Shows a list that does not follow the record, and a removal that comes late
// and takes a trip off which its owner has opened again meanwhile.
func TestListsFollowTheRecord(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		tr := created(t, e)
		e.wantLists(t, tr, "created", "open standing")
		tr.State, tr.Saga.Stuck = trip.Compensating, stuckTrip
		e.write(t, tr, time.Now())
		e.wantLists(t, tr, "stuck", "open standing stuck")
		if err := e.Unlist(t.Context(), tr); err != nil {
			t.Fatal(err)
		}
		e.wantLists(t, tr, "taken off late", "open standing stuck")
		if s, _ := e.openScore(t, tr.ID); s < time.Now().Add(-time.Minute).UnixMilli() || s > time.Now().Add(time.Minute).UnixMilli() {
			t.Errorf("open work by %d", s)
		}
		tr.Saga.Stuck = nil
		e.write(t, tr, time.Now())
		e.wantLists(t, tr, "no longer stuck", "open standing")
		tr.State = trip.Aborted
		e.write(t, tr, time.Now()) // something is left to do
		e.wantLists(t, tr, "ended, with work left", "open ended:ABORTED")
		e.write(t, tr, time.Time{})
		e.wantLists(t, tr, "ended", "expiry ended:ABORTED")
		if err := e.Unlist(t.Context(), tr); err != nil {
			t.Fatal(err)
		}
		e.wantLists(t, tr, "taken off twice", "expiry ended:ABORTED")
		at, _ := e.goes(t, tr)
		if left := e.raw.PTTL(t.Context(), e.tripKey(tr.ID)).Val(); time.Until(at) < left || time.Until(at) > left+10*time.Second {
			t.Errorf("taken off the lists in %s, and the record goes in %s", time.Until(at), left)
		}
	})
}

// Shows a list that is written after the record: a crash between the two, here a
// write that is refused, must leave a trip listed too much.
func TestListsAreWrittenBeforeTheRecord(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		tr := created(t, e)
		late := tr
		saga := *tr.Saga
		saga.Owner, saga.Stuck = "somebody else", stuckTrip
		late.State, late.Saga = trip.Canceled, &saga
		refused(t, e.Write(ctx, late, lease, time.Time{}, nil), charging.CodeStaleOwner)
		e.wantLists(t, tr, "written too early", "expiry open standing stuck ended:CANCELED")
		// Readers believe the record, and leave alone what may be about to come true.
		for _, q := range []trip.Query{{State: trip.Canceled}, {Stuck: true}} {
			if got, n, err := e.List(ctx, q); err != nil || n != 0 || len(got) != 0 {
				t.Errorf("%+v gives %d of %d, %v", q, len(got), n, err)
			}
		}
		e.wantLists(t, tr, "read", "expiry open standing stuck ended:CANCELED")
		// At its end it is put right.
		tr.State = trip.Completed
		e.write(t, tr, time.Time{})
		for _, q := range []trip.Query{{State: trip.Canceled}, {Stuck: true}} {
			if got, n, err := e.List(ctx, q); err != nil || n != 0 || len(got) != 0 {
				t.Errorf("%+v gives %d of %d, %v", q, len(got), n, err)
			}
		}
		e.wantLists(t, tr, "put right", "expiry ended:COMPLETED")
	})
}

// Shows a trip that nobody finds because of newer ones: stuck, or CONFIRMED.
func TestOldTripsAreFoundAmongManyNewer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		old := created(t, e)
		old.State, old.Saga.Stuck = trip.Confirmed, stuckTrip
		e.write(t, old, time.Now())
		newer := 10_500
		if !e.real { // which sorts a list at every look
			newer = 1_500
		}
		at := old.CreatedAt.UnixMilli()
		pipe := e.raw.Pipeline()
		for i := range newer {
			id := newID()
			for _, list := range []string{"trips:all", "trips:standing"} {
				pipe.ZAdd(ctx, e.prefix+list, redis.Z{Score: float64(at + int64(i/3)), Member: id})
			}
			pipe.HSet(ctx, e.tripKey(charging.TripID(id)), "state", "CONFIRMING", "stuck", "")
		}
		if _, err := pipe.Exec(ctx); err != nil {
			t.Fatal(err)
		}
		for _, q := range []trip.Query{{Stuck: true}, {State: trip.Confirmed}, {State: trip.Confirmed, Stuck: true}} {
			if got, n, err := e.List(ctx, q); err != nil || n != 1 || len(got) != 1 || got[0].ID != old.ID {
				t.Errorf("%+v: %d of %d, %v", q, len(got), n, err)
			}
		}
		if _, n, err := e.List(ctx, trip.Query{State: trip.Confirming, Offset: newer}); err != nil || n != newer {
			t.Errorf("%d of %d are counted, %v", n, newer, err)
		}
	})
}

// Shows a cursor that loses a trip, or gives one twice, while others come and go.
func TestStandingWhileTripsComeAndGo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		var all []trip.Trip
		for range 12 {
			tr := created(t, e)
			tr.State = trip.Confirmed
			e.write(t, tr, time.Now())
			all = append(all, tr)
		}
		seen := map[charging.TripID]int{}
		for after, n := "", 0; ; n++ {
			page, next, err := e.Standing(ctx, after, 3, trip.Confirmed)
			if err != nil {
				t.Fatal(err)
			}
			for _, tr := range page {
				seen[tr.ID]++
			}
			if after = next; after == "" {
				break
			}
			if n >= 4 || len(page) == 0 {
				continue
			}
			// The last of the page, whose place the cursor is, ends; a new one comes.
			gone := page[len(page)-1]
			gone.State = trip.Canceled
			e.write(t, gone, time.Time{})
			created(t, e)
		}
		for i, tr := range all {
			if seen[tr.ID] != 1 {
				t.Errorf("trip %d was seen %d times", i, seen[tr.ID])
			}
		}
	})
}

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
			if posted, err := e.Post(ctx, tr.ID, trip.Letter{ID: "l"}, time.Minute); err != nil || !posted {
				t.Fatalf("%v, %v", posted, err)
			}
			letters, err := e.Letters(ctx, tr.ID)
			if err != nil || len(letters) != 1 {
				t.Fatalf("%+v, %v", letters, err)
			}
			if err := e.Reply(ctx, tr.ID, letters[0], []byte("ok")); err != nil {
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

// Shows a trip that is one list short after writers, readers, filing and
// forgetting have been at work at once.
func TestListsUnderContention(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		var mu sync.Mutex
		var all []trip.Trip
		var writers, readers sync.WaitGroup
		for w := range 4 {
			writers.Go(func() {
				for i := range 12 {
					tr := newTrip(e, 1)
					saga := *tr.Saga
					tr.Saga = &saga
					err := e.Create(ctx, tr, lease, nil)
					for n := 0; n < 3 && err == nil; n++ {
						saga.Stuck = []*trip.Stuck{nil, stuckTrip}[(n+w)%2]
						tr.State = trip.Confirmed
						err = e.Write(ctx, tr, lease, time.Now(), nil)
					}
					if end := append(ends(), trip.Confirmed)[(i+w)%4]; !end.Open() && err == nil {
						saga.Stuck, tr.State = nil, end
						err = e.Write(ctx, tr, lease, time.Time{}, nil)
					}
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					all = append(all, tr)
					mu.Unlock()
				}
			})
		}
		stop := make(chan struct{})
		for range 2 {
			readers.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					_, _, err := e.List(ctx, trip.Query{Stuck: true})
					for _, s := range trip.States() {
						if err == nil {
							_, _, err = e.List(ctx, trip.Query{State: s})
						}
					}
					if err == nil {
						_, err = e.Forget(ctx)
					}
					if err == nil {
						err = e.File(ctx)
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		writers.Wait()
		close(stop)
		readers.Wait()
		for _, tr := range all {
			want := []string{"standing"}
			if !tr.State.Open() {
				want = []string{"ended:" + string(tr.State), "expiry"}
			}
			if tr.Saga.Stuck != nil {
				want = append(want, "stuck")
			}
			for _, list := range want {
				if on := strings.Fields(e.listsOf(t, tr)); !slices.Contains(on, list) {
					t.Errorf("%s, stuck %v: missing on %s, is on %v", tr.State, tr.Saga.Stuck != nil, list, on)
				}
			}
		}
	})
}

func ends() []trip.State { return []trip.State{trip.Completed, trip.Canceled, trip.Aborted} }

// Shows a record that goes while a window that its trip has asked for is still to
// come, and with it the answer to who asks about that window.
func TestRetentionCountsEveryWindow(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		for name, asked := range map[string]func(s *trip.Saga, end time.Time){
			"abandoned": func(s *trip.Saga, end time.Time) { s.Abandoned = []trip.Abandoned{{End: end}} },
			"new stop of a shift": func(s *trip.Saga, end time.Time) {
				s.Shift = &trip.Shift{Takes: []trip.Take{{Leg: trip.Leg{End: end}}}}
			},
			"old stop of a shift": func(s *trip.Saga, end time.Time) {
				s.Shift = &trip.Shift{Takes: []trip.Take{{Old: charging.Window{End: end}}}}
			},
		} {
			tr := created(t, e)
			end := e.tomorrow().Add(100 * time.Hour)
			asked(tr.Saga, end)
			tr.State = trip.Aborted
			e.write(t, tr, time.Time{})
			want := end.Sub(e.civil.now()) + 72*time.Hour
			if ttl := e.raw.PTTL(t.Context(), e.tripKey(tr.ID)).Val(); ttl < want-time.Minute || ttl > want+time.Minute {
				t.Errorf("%s: the record lives %s, want %s", name, ttl, want)
			}
		}
	})
}

// Shows a trip that is given up although its record has come meanwhile.
func TestALivingTripIsNotBuried(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		tr := created(t, e)
		if buried, err := e.Bury(t.Context(), tr.ID); buried || err != nil {
			t.Errorf("buried %v, %v", buried, err)
		}
		e.write(t, tr, time.Now())
	})
}
