package store_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// pages reads all pages of a query, and what each page cost at most.
func (e *env) pages(t testing.TB, q trip.Query) (ids []charging.TripID, slowest time.Duration) {
	t.Helper()
	for {
		began := time.Now()
		page, next, err := e.Page(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		slowest = max(slowest, time.Since(began))
		for _, tr := range page {
			ids = append(ids, tr.ID)
		}
		if next == "" {
			return ids, slowest
		}
		q.After = next
	}
}

// Every filter alone, and some together, finds what it names and nothing else, by offset
// and by cursor. It shows a filter that is not looked at, and one that finds by what a
// trip had and has no more.
func TestTripsAreSearched(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		one, two, three := created(t, e), created(t, e), created(t, e)
		day := 24 * time.Hour
		two.Legs[0].EVSEID, two.Legs[0].Start, two.Legs[0].End = "BR*SER*E0007*1", two.Legs[0].Start.Add(2*day), two.Legs[0].End.Add(2*day)
		for k := range two.Legs {
			two.Legs[k].Start, two.Legs[k].End = two.Legs[0].Start, two.Legs[0].End
		}
		two.Problem = &trip.Problem{Code: charging.CodeSlotTaken}
		e.write(t, two, time.Now().Add(time.Minute))
		three.State, three.Saga.Stuck = trip.Compensating, stuckTrip
		e.write(t, three, time.Now().Add(time.Minute))
		noon := one.Legs[0].Start
		for name, c := range map[string]struct {
			q    trip.Query
			want []charging.TripID
		}{
			"all":               {trip.Query{}, []charging.TripID{one.ID, two.ID, three.ID}},
			"an EVSE":           {trip.Query{EVSEID: "BR*SER*E0007*1"}, []charging.TripID{two.ID}},
			"where it was":      {trip.Query{EVSEID: "BR*MAR*E0000*1"}, []charging.TripID{one.ID, three.ID}},
			"a company":         {trip.Query{CompanyID: "SER"}, []charging.TripID{two.ID}},
			"no company's":      {trip.Query{CompanyID: "CAJ"}, nil},
			"from":              {trip.Query{From: noon.Add(day)}, []charging.TripID{two.ID}},
			"to":                {trip.Query{To: noon.Add(day)}, []charging.TripID{one.ID, three.ID}},
			"just before":       {trip.Query{To: noon}, nil},
			"between":           {trip.Query{From: noon.Add(day / 2), To: noon.Add(day)}, nil},
			"stuck":             {trip.Query{Trouble: trip.InStuck}, []charging.TripID{three.ID}},
			"retrying":          {trip.Query{Trouble: trip.InRetrying}, []charging.TripID{two.ID}},
			"a part of an id":   {trip.Query{Part: string(one.ID[24:])}, []charging.TripID{one.ID}},
			"of a reservation":  {trip.Query{Part: string(three.Legs[0].ReservationID[20:])}, []charging.TripID{three.ID}},
			"a vehicle's, some": {trip.Query{VehicleID: "EV-0001", CompanyID: "SER"}, []charging.TripID{two.ID}},
			"in a state, some":  {trip.Query{State: trip.Reserving, EVSEID: "BR*MAR*E0000*1"}, []charging.TripID{one.ID}},
			"another state":     {trip.Query{State: trip.Confirmed, EVSEID: "BR*MAR*E0000*1"}, nil},
		} {
			slices.Sort(c.want)
			list, n, err := e.List(t.Context(), c.q)
			var listed []charging.TripID
			for _, tr := range list {
				listed = append(listed, tr.ID)
			}
			c.q.Limit = 1
			paged, _ := e.pages(t, c.q)
			for what, got := range map[string][]charging.TripID{"listed": listed, "paged": paged} {
				slices.Sort(got)
				if err != nil || n != len(c.want) || !slices.Equal(got, c.want) {
					t.Errorf("%s, %s: %v of %d, %v; want %v", name, what, got, n, err, c.want)
				}
			}
		}
		for _, bad := range []string{"x", "1.x", "17.", string(one.ID)} {
			if _, _, err := e.Page(t.Context(), trip.Query{After: bad}); charging.CodeOf(err) != charging.CodeInvalidField {
				t.Errorf("cursor %q: %v", bad, err)
			}
		}
	})
}

// What a server of an edition before has written says nothing to be searched for, or
// what an earlier record was: it is found all the same, and said from then on.
func TestTripsOfBeforeAreFound(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		tr := created(t, e)
		key, q := e.tripKey(tr.ID), trip.Query{EVSEID: tr.Legs[0].EVSEID}
		said := e.raw.HGet(t.Context(), key, "find").Val()
		for what, spoil := range map[string]func(){
			"none":    func() { e.raw.HDel(t.Context(), key, "find") },
			"another": func() { e.raw.HSet(t.Context(), key, "find", strings.Replace(said, "1|", "0|", 1)) },
		} {
			spoil()
			if ids, _ := e.pages(t, q); len(ids) != 1 || ids[0] != tr.ID {
				t.Errorf("%s: %v", what, ids)
			}
			if now := e.raw.HGet(t.Context(), key, "find").Val(); now != said {
				t.Errorf("%s: it says %q, want %q", what, now, said)
			}
		}
	})
}

// While trips are added at the head, and others change their state, whoever reads page by
// page gets each trip that was there exactly once. By offset rows are repeated.
func TestPagesWhileTripsAreAdded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		var had []charging.TripID
		for range 120 {
			had = append(had, created(t, e).ID)
		}
		stop, added := make(chan struct{}), sync.WaitGroup{}
		added.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					e.write(t, created(t, e), time.Now().Add(time.Minute))
				}
			}
		})
		for _, q := range []trip.Query{{Limit: 7}, {Limit: 7, State: trip.Reserving}, {Limit: 7, CompanyID: "MAR"}} {
			ids, _ := e.pages(t, q)
			times := map[charging.TripID]int{}
			for _, id := range ids {
				times[id]++
			}
			for _, id := range had {
				if times[id] != 1 {
					t.Errorf("%+v: %s is on %d pages", q, id, times[id])
				}
			}
			for id, n := range times {
				if n > 1 {
					t.Errorf("%+v: %s is on %d pages", q, id, n)
				}
			}
		}
		close(stop)
		added.Wait()
	})
}

// BenchmarkPage is one page, and one search that finds one trip at the far end, of 10,000.
func BenchmarkPage(b *testing.B) {
	e := benchEnv(b)
	var last trip.Trip
	for i := range 10_000 {
		tr := newTrip(e, 3)
		tr.VehicleID = charging.VehicleID(fmt.Sprintf("EV-%04d", i%1000))
		tr.CreatedAt = tr.CreatedAt.Add(-time.Duration(i) * time.Second)
		if err := e.Create(b.Context(), tr, time.Minute, nil); err != nil {
			b.Fatal(err)
		}
		last = tr
	}
	for name, q := range map[string]trip.Query{
		"first": {}, "last": {After: fmt.Sprintf("%d.%s", last.CreatedAt.Add(100*time.Second).UnixMilli(), last.ID)},
		"state": {State: trip.Reserving}, "id": {Part: string(last.ID[20:])}, "nothing": {EVSEID: "BR*CAJ*E0001*1"},
		"time": {From: time.Now().Add(1000 * time.Hour)}, "company": {CompanyID: "MAR"}, "vehicle": {VehicleID: last.VehicleID, EVSEID: "BR*CAJ*E0001*1"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := e.Page(b.Context(), q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("offset", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := e.List(b.Context(), trip.Query{CompanyID: "MAR", Offset: 9000}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
