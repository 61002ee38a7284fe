package booking

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// road is a vehicle's time: from busy on it is on another road.
type road struct {
	busy  time.Time
	spans []charging.Window
	away  int // times that the store does not answer
}

func (v *road) admit(_ context.Context, _ trip.Trip, w charging.Window) error {
	v.spans = append(v.spans, w)
	if v.away > 0 {
		v.away--
		return charging.Refuse(charging.CodeStoreUnavailable, "away")
	}
	if w.End.After(v.busy) {
		return charging.Refuse(charging.CodeInvalidWindow, "the vehicle has another open trip at that time")
	}
	return nil
}

// inHours offers the last stop two hours and one hour later.
type inHours struct{}

func (inHours) Alternatives(_ context.Context, t trip.Trip, leg int) ([]trip.Alternative, error) {
	var out []trip.Alternative
	for _, d := range []time.Duration{2 * time.Hour, time.Hour} {
		l := t.Legs[leg-1]
		out = append(out, trip.Alternative{
			ID: d.String(), Leg: leg, CompanyID: l.CompanyID, EVSEID: l.EVSEID, Start: l.Start.Add(d), End: l.End.Add(d),
		})
	}
	return out, nil
}

// onARoad is a stage whose last stop is taken and whose vehicle is free for an
// hour and a half after it.
func onARoad(t *testing.T) (*stage, *road) {
	v := &road{busy: windowOf(2).End.Add(90 * time.Minute)}
	s := newStage(t, func(o *Options) { o.ReserveSpan, o.Alternatives = v.admit, inHours{} })
	s.w.block(evses[2], windowOf(2), charging.Reserved, "", true)
	return s, v
}

// TestReplanKeepsToTheVehiclesTime takes the alternative at which the vehicle is
// on no other road, although a better one is offered.
func TestReplanKeepsToTheVehiclesTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, v := onARoad(t)
		v.away = 2
		got := s.book(trip.Replan)
		s.must(got, trip.Confirmed)
		if want := windowOf(2).Start.Add(time.Hour); !got.Legs[2].Start.Equal(want) {
			t.Errorf("the last stop is at %s, want %s", got.Legs[2].Start, want)
		}
		if last := v.spans[len(v.spans)-1]; !last.Equal(got.Span()) {
			t.Errorf("the vehicle's time is %s, the trip's %s", last, got.Span())
		}
	})
}

// TestDecisionOutsideTheVehiclesTimeIsRefused, and the question stands.
func TestDecisionOutsideTheVehiclesTimeIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := onARoad(t)
		asks := s.book(trip.Ask)
		_, err := s.c.Decide(t.Context(), testTrip, Choice{Take: &asks.Decision.Alternatives[0]})
		if charging.CodeOf(err) != charging.CodeInvalidWindow {
			t.Fatalf("%v", err)
		}
		if got, _ := s.m.Load(t.Context(), testTrip); got.State != trip.AwaitingDecision || got.Decision == nil {
			t.Fatalf("%s %+v", got.State, got.Decision)
		}
		if _, err := s.c.Decide(t.Context(), testTrip, Choice{Take: &asks.Decision.Alternatives[1]}); err != nil {
			t.Fatal(err)
		}
		s.must(s.wait(s.c), trip.Confirmed)
	})
}

// TestSwapOutsideTheVehiclesTimeIsRefused, and the trip keeps its stops.
func TestSwapOutsideTheVehiclesTimeIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &road{busy: windowOf(2).End.Add(90 * time.Minute)}
		s := newStage(t, func(o *Options) { o.ReserveSpan = v.admit })
		booked := s.book(trip.Abort)
		l := booked.Legs[2]
		l.Start, l.End = l.Start.Add(2*time.Hour), l.End.Add(2*time.Hour)
		if _, err := s.c.Shift(t.Context(), testTrip, []trip.Leg{l}); charging.CodeOf(err) != charging.CodeInvalidWindow {
			t.Fatalf("%v", err)
		}
		got := s.wait(s.c)
		s.must(got, trip.Confirmed)
		if !got.Span().Equal(booked.Span()) {
			t.Errorf("%s", got.Span())
		}
	})
}
