package driven

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

const id = charging.TripID("019a0000-0000-7000-8000-00000000000a")

// shelf is a store that may be away, and says how often it was asked.
type shelf struct {
	mu sync.Mutex

	kept          map[charging.TripID]trip.Driven
	reads, writes int
	away          error
}

func (s *shelf) Driven(_ context.Context, id charging.TripID) (trip.Driven, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	return slices.Clone(s.kept[id]), s.away
}

func (s *shelf) KeepDriven(_ context.Context, id charging.TripID, d trip.Driven) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	if s.away == nil {
		s.kept[id] = slices.Clone(d)
	}
	return s.away
}

// goes away, and with nil is back.
func (s *shelf) goes(away error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

// life is one life of a server: a Book that runs, until the end that it gives.
func life(t *testing.T, s *shelf) (*Book, func()) {
	t.Helper()
	b, err := New(s, func(string, charging.TripID, error) {})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); b.Run(ctx) }()
	return b, func() { cancel(); <-done }
}

// drive reports each second for a while, to this server or to another one.
func drive(b *Book, leaves time.Time, seconds int, here bool) {
	for range seconds {
		minutes := time.Since(leaves).Minutes()
		b.See(id, trip.Sight{At: time.Now(), Point: geo.Point{Lat: -7 - minutes/60, Lon: -35}, SoC: 0.9 - minutes/1000}, leaves, here)
		time.Sleep(time.Second)
	}
	synctest.Wait() // what is kept is
}

// TestReportsAreNotWritten: an hour of reports, one a second, is a write a minute, and none while nobody reports or where another server does it; a
// restart forgets nothing. Shows a write a report, a trip that stays in memory, and a drive
// that begins anew with the server.
func TestReportsAreNotWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{kept: map[charging.TripID]trip.Driven{}}
		leaves := time.Now()
		b, end := life(t, s)
		drive(b, leaves, 3600, true)
		if s.writes < 50 || s.writes > 61 || s.reads > 1 {
			t.Errorf("an hour is %d writes and %d reads", s.writes, s.reads)
		}
		drive(b, leaves, 30, true)
		end()
		first := b.Of(t.Context(), id)
		if kept := s.kept[id]; len(first) == 0 || len(kept) != len(first) || !kept[len(kept)-1].At.Equal(first[len(first)-1].At) {
			t.Fatalf("stopped, it keeps %d sights of %d", len(kept), len(first))
		}

		b, end = life(t, s)
		defer end()
		drive(b, leaves, 600, false)
		if wrote := s.writes; wrote > 62 {
			t.Errorf("what another server hears is written here: %d writes", wrote)
		}
		all := b.Of(t.Context(), id)
		if len(all) < 2 || !all[0].At.Equal(first[0].At) || time.Since(all[len(all)-1].At) > 2*time.Second || len(all) > trip.MaxDriven {
			t.Errorf("after a restart: %d sights, from %s to %s", len(all), all[0].At, all[len(all)-1].At)
		}
		time.Sleep(idle + 2*flushEvery)
		synctest.Wait()
		if len(b.trips) != 0 {
			t.Errorf("%d trips that nobody reports on are in memory", len(b.trips))
		}
		if again := b.Of(t.Context(), id); len(again) != len(first) {
			t.Errorf("forgotten here, %d sights of %d are read", len(again), len(first))
		}
	})
}

// TestTheStoreIsAway: what is heard meanwhile is shown, and kept once it is back; a trip that is gone is not asked for again.
func TestTheStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{kept: map[charging.TripID]trip.Driven{}, away: errors.New("away")}
		leaves := time.Now()
		b, end := life(t, s)
		defer end()
		drive(b, leaves, 90, true)
		if got := b.Of(t.Context(), id); len(got) < 80 || s.writes != 0 {
			t.Errorf("%d sights are shown, after %d writes", len(got), s.writes)
		}
		s.goes(nil)
		time.Sleep(flushEvery)
		synctest.Wait()
		if len(s.kept[id]) < 80 {
			t.Errorf("%d sights are kept", len(s.kept[id]))
		}
		drive(b, leaves, 1, true)
		s.goes(charging.Refuse(charging.CodeUnknownTrip, "gone"))
		time.Sleep(3 * flushEvery)
		synctest.Wait()
		if s.writes != 2 {
			t.Errorf("a trip that is gone was written %d times", s.writes-1)
		}
	})
}

// TestWhoStandsHasNotLeft: shows a trip that begins where the car was parked the day before, and one that misses
// the first kilometres of a driver who leaves early.
func TestWhoStandsHasNotLeft(t *testing.T) {
	s := &shelf{kept: map[charging.TripID]trip.Driven{}}
	b, err := New(s, func(string, charging.TripID, error) {})
	if err != nil {
		t.Fatal(err)
	}
	leaves := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	see := func(before time.Duration, lat, soc float64) {
		b.See(id, trip.Sight{At: leaves.Add(-before), Point: geo.Point{Lat: lat, Lon: -35}, SoC: soc}, leaves, true)
	}
	see(20*time.Hour, -9, 0.3) // the day before, elsewhere
	see(50*time.Minute, -7, 0.7)
	see(20*time.Minute, -7.001, 0.9)
	if got := b.Of(t.Context(), id); len(got) != 1 || got[0].SoC != 0.9 {
		t.Fatalf("%+v", got)
	}
	if b.trips[id].fresh {
		t.Error("a car that stands is worth a write")
	}
	see(10*time.Minute, -7.1, 0.88)
	see(-time.Minute, -7.2, 0.86)
	if got := b.Of(t.Context(), id); len(got) != 3 || got[0].SoC != 0.9 {
		t.Errorf("%+v", got)
	}
}
