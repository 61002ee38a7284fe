package store_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
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
	err := error(nil)
	if due.IsZero() {
		err = e.Finish(t.Context(), tr, nil)
	} else {
		err = e.Save(t.Context(), tr, lease, due, nil)
	}
	if err != nil {
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
		refused(t, e.Finish(ctx, late, nil), charging.CodeStaleOwner)
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
						err = e.Save(ctx, tr, lease, time.Now(), nil)
					}
					if end := append(ends(), trip.Confirmed)[(i+w)%4]; !end.Open() && err == nil {
						saga.Stuck, tr.State = nil, end
						err = e.Finish(ctx, tr, nil)
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
		if void, err := e.Void(t.Context(), tr.ID); void || err != nil {
			t.Errorf("void %v, %v", void, err)
		}
		e.write(t, tr, time.Now())
	})
}
