package booking

import (
	"context"
	"slices"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/saga"
)

// withSpan carries out a change of stops once the time that it needs besides is
// the vehicle's: two open trips of one vehicle may not overlap, however they came
// to be where they are. While the change is under way both the old and the new
// time count; afterwards, only what the trip has.
func (r *run) withSpan(legs []trip.Leg, do func() error) error {
	if r.o.ReserveSpan == nil {
		return do()
	}
	had := r.t.Span()
	both := spanWith(r.t.Legs, legs)
	if both.Equal(had) {
		return do()
	}
	if err := r.reserveSpan(both); err != nil {
		return err
	}
	err := do()
	if !r.Fatal(err) {
		ctx, cancel := context.WithTimeout(r.Context(), r.o.CallTimeout)
		_ = r.o.ReserveSpan(ctx, r.t.Clone(), r.t.Span()) // else too much stays the trip's: safe
		cancel()
	}
	return err
}

// reserveSpan asks until there is an answer: like a write of the journal, nothing may
// go on without it.
func (r *run) reserveSpan(w charging.Window) error {
	for n := 0; ; n++ {
		ctx, cancel := context.WithTimeout(r.Context(), r.o.CallTimeout)
		err := r.o.ReserveSpan(ctx, r.t.Clone(), w)
		cancel()
		if !saga.Unknown(err) {
			return err
		}
		if !r.Sleep(saga.Backoff(n)) {
			return r.Context().Err()
		}
	}
}

// spanWith is the time from the first to the last instant of a trip's stops and
// of those that take the place of some.
func spanWith(had, legs []trip.Leg) charging.Window {
	all := slices.Concat(had, legs)
	w := all[0].Window()
	for _, l := range all {
		if l.Start.Before(w.Start) {
			w.Start = l.Start
		}
		if l.End.After(w.End) {
			w.End = l.End
		}
	}
	return w
}
