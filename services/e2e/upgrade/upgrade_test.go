package upgrade

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/upgrade/fixture"
)

// fate is what becomes of a recorded trip.
type fate struct {
	name string
	// rests is the state to which it comes by itself.
	rests trip.State
	// legs are their states then, in order; empty: all RESERVED where the trip is
	// CONFIRMED, else any.
	legs []charging.State
	// then is what its driver or its operator does after that, and ends the state
	// to which it comes by it (empty: none).
	then func(*testing.T, *federation, fixture.Trip)
	ends trip.State
}

const (
	reserved  = charging.Reserved
	fulfilled = charging.Fulfilled
	lost      = charging.Canceled
	noShow    = charging.NoShow
	atPlug    = charging.Charging
)

// fates of all trips of the first recording. A trip that is missing here fails
// the test.
var fates = []fate{
	// Booked, and nothing half done.
	{name: "taker", rests: trip.Confirmed},
	{name: "booked", rests: trip.Confirmed, then: repeated},
	{name: "planned", rests: trip.Confirmed, then: repeated},
	{name: "went-first", rests: trip.Confirmed},
	{name: "moved", rests: trip.Confirmed, then: canceled, ends: trip.Canceled},
	{name: "swapped", rests: trip.Confirmed, then: canceled, ends: trip.Canceled},
	{name: "no-show", rests: trip.Confirmed, legs: []charging.State{noShow, reserved}},
	{name: "proposed", rests: trip.Confirmed, then: accepted, ends: trip.Confirmed},

	// Sessions. 029867a has them RESERVED with a session that has no end: CHARGING.
	{name: "charging", rests: trip.Confirmed, legs: []charging.State{atPlug, reserved}, then: unplugs("plug-1"), ends: trip.Confirmed},
	{name: "charging-only-stop", rests: trip.Confirmed, legs: []charging.State{atPlug}, then: unplugs("plug-1"), ends: trip.Completed},
	{name: "overstaying", rests: trip.Confirmed, legs: []charging.State{atPlug}, then: unplugs("plug-1"), ends: trip.Completed},
	{name: "charged", rests: trip.Confirmed, legs: []charging.State{fulfilled, reserved}, then: billed},
	{name: "completed", rests: trip.Completed, legs: []charging.State{fulfilled}, then: billed},

	// What 029867a should not have let become: two cars at one plug, one car at two,
	// a session whose stop was taken from under its car, unbilled.
	{name: "first-at-plug", rests: trip.Confirmed, legs: []charging.State{atPlug}, then: unplugs("plug-1"), ends: trip.Completed},
	{name: "second-at-plug", rests: trip.Confirmed, legs: []charging.State{atPlug}, then: unplugs("plug-1"), ends: trip.Completed},
	{name: "one-car-here", rests: trip.Confirmed, legs: []charging.State{atPlug, reserved}, then: unplugs("plug-here"), ends: trip.Confirmed},
	{name: "one-car-there", rests: trip.Confirmed, legs: []charging.State{atPlug}, then: unplugs("plug-there"), ends: trip.Completed},
	{name: "charging-swapped", rests: trip.Confirmed},
	{name: "charging-withdrawn", rests: trip.Confirmed, legs: []charging.State{lost, reserved}},

	// Questions, and who waits for their answer.
	{name: "deciding", rests: trip.AwaitingDecision, then: continued, ends: trip.Confirmed},
	{name: "preempted", rests: trip.AwaitingDecision, then: givenUp, ends: trip.Aborted},
	{name: "waiting", rests: trip.Reserving, ends: trip.Aborted}, // deciding has got its stop
	{name: "lost-stop", rests: trip.Confirmed, legs: []charging.State{reserved, lost, reserved}, then: continued, ends: trip.Confirmed},
	{name: "lost-unheard", rests: trip.Confirmed, legs: []charging.State{reserved, lost}, then: continued, ends: trip.Confirmed},
	// Filed by 029867a before its window, with a decision that nobody can answer.
	{name: "lost-only-stop", rests: trip.Completed, legs: []charging.State{lost}},

	// Over, or to be so.
	{name: "canceled", rests: trip.Canceled},
	{name: "canceled-unacknowledged", rests: trip.Canceled},
	{name: "aborted", rests: trip.Aborted},
	{name: "stuck", rests: trip.Aborted},
	{name: "half-released", rests: trip.Aborted},

	// Half booked.
	{name: "first-unanswered", rests: trip.Confirmed},
	{name: "half-reserved", rests: trip.Confirmed},
	{name: "half-confirmed", rests: trip.Confirmed},

	// Half changed.
	{name: "swap-begun", rests: trip.Confirmed},
	{name: "swap-half-done", rests: trip.Confirmed},
	{name: "swap-exchanged", rests: trip.Confirmed},
	{name: "shift-take", rests: trip.Confirmed},
	{name: "shift-release", rests: trip.Confirmed},
	{name: "shift-undo", rests: trip.Confirmed},
	{name: "shift-two-take", rests: trip.Confirmed},
}

// The servers that wrote the recording were killed in the middle of everything.
// Those of today read it all, and bring what was half done to its end: booked
// everywhere or held nowhere, exactly one stop of each swap and shift. What is
// open can be ended by who had begun it.
func TestRecordedTripsComeToTheirEnd(t *testing.T) {
	f := resume(t, fixture.First)
	f.ready(t)
	t.Run("complete", f.complete)
	t.Run("read", f.readable)
	t.Run("rest", f.rest)
	for _, x := range fates {
		if x.then != nil {
			t.Run("then/"+x.name, func(t *testing.T) { x.then(t, f, f.trip(t, x.name)) })
		}
	}
	t.Run("end", f.end)
}

// complete wants every recorded trip to have a fate.
func (f *federation) complete(t *testing.T) {
	known := map[string]bool{}
	for _, x := range fates {
		known[x.name] = true
		f.trip(t, x.name)
	}
	for _, r := range f.Trips {
		if !known[r.Name] {
			t.Errorf("the recorded trip %q has no fate in this test", r.Name)
		}
	}
}

// readable wants each trip to be shown to its driver, with his secret of old, and
// with its history.
func (f *federation) readable(t *testing.T) {
	for _, r := range f.Trips {
		got, err := f.driver(r).Trip(t.Context(), charging.TripID(r.TripID), 0)
		if err != nil || len(got.Legs) != len(r.Legs) || string(got.VehicleID) != r.VehicleID {
			t.Errorf("%s: %+v, %v", r.Name, got, err)
		}
		// Its plan is worked out: 029867a kept none.
		if got.Plan == nil || len(got.Legs) > 0 && (got.Legs[0].LegPlan == nil || got.Legs[0].LocationName == "") {
			t.Errorf("%s: it shows %+v of its plan", r.Name, got.Plan)
		}
		log, err := f.driver(r).History(t.Context(), charging.TripID(r.TripID))
		if err != nil || len(log) == 0 || log[0].Step != "create" {
			t.Errorf("%s: the history begins with %+v, %v", r.Name, log, err)
		}
	}
}

// rest waits until each trip has come to rest by itself. Stuck ones are looked at
// at once instead of within half a minute: an operator may ask for it.
func (f *federation) rest(t *testing.T) {
	for _, r := range f.Trips {
		if len(r.Old) > 0 || r.Shift != "" || r.Name == "stuck" || r.Name == "canceled-unacknowledged" {
			if _, err := f.operator(r.Company).Retry(t.Context(), charging.TripID(r.TripID)); err != nil {
				t.Errorf("%s: %v", r.Name, err)
			}
		}
	}
	f.eventually(t, func(b books) (all []error) {
		for _, x := range fates {
			all = append(all, f.resting(t, x, b))
		}
		return all
	})
}

// resting judges one trip that has to have come to rest.
func (f *federation) resting(t *testing.T, x fate, b books) error {
	r := f.trip(t, x.name)
	got, err := f.operator(r.Company).Trip(t.Context(), charging.TripID(r.TripID), 0)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", x.name, err)
	case got.State != x.rests:
		return fmt.Errorf("%s is %s, want %s: %+v", x.name, got.State, x.rests, got.Problem)
	case !x.rests.Settled():
		return nil // holds come and go
	}
	for k, l := range got.Legs {
		want := reserved
		if len(x.legs) > 0 {
			want = x.legs[k]
		} else if x.rests != trip.Confirmed {
			break
		}
		if l.State != want {
			return fmt.Errorf("%s: leg %d is %s, want %s", x.name, l.Leg, l.State, want)
		}
	}
	if err := b.whole(got); err != nil {
		return fmt.Errorf("%s: %w", x.name, err)
	}
	return nil
}

// end wants each trip to be where its driver has brought it, no window to be
// taken for nobody, and no hold to be left.
func (f *federation) end(t *testing.T) {
	f.eventually(t, func(b books) (all []error) {
		for _, x := range fates {
			r := f.trip(t, x.name)
			got, err := f.operator(r.Company).Trip(t.Context(), charging.TripID(r.TripID), 0)
			want := x.ends
			if want == "" {
				want = x.rests
			}
			if err == nil && got.State != want {
				err = fmt.Errorf("it is %s, want %s: %+v", got.State, want, got.Problem)
			}
			if err == nil {
				err = b.whole(got)
			}
			if err != nil {
				all = append(all, fmt.Errorf("%s: %w", x.name, err))
			}
		}
		return append(all, f.noLocks())
	})
}

// eventually polls what no event announces, and says what was wrong last.
func (f *federation) eventually(t *testing.T, look func(books) []error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(40 * time.Second); time.Now().Before(deadline); <-time.After(100 * time.Millisecond) {
		var b books
		if b, err = f.read(); err == nil {
			err = errors.Join(look(b)...)
		}
		if err == nil {
			return
		}
	}
	t.Fatal(err)
}
