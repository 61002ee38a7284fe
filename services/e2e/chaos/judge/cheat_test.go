package judge

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

const (
	theirs charging.EVSEID = "BR*LUD*E0001*1"
	ghost  charging.TripID = "ghost"
)

// cheated is the good history with a cheat in the federation: it has a RESERVED of its own
// here, which its trip vouches for as little as for anything, a trip of others has a
// stop at its charger, and it was refused what it asked about others' stops.
func cheated() *world {
	w := good()
	w.Cheat = &history.Cheat{
		Company: "LUD", Through: map[charging.TripID]bool{"d": true},
		Readings: []history.Reading{{Company: "SER", Taken: 24 * time.Hour, All: 100 * time.Hour}, {Company: "SER", All: 100 * time.Hour}},
		Meddled: []history.Meddling{
			{Step: "compensate", To: "SER", ReservationID: rid("b"), Trip: "b", Status: 403, Code: charging.CodeForbidden},
			{Step: "confirm", To: "SER", Borrowed: true, ReservationID: rid("b"), Trip: "b", Status: 401, Code: charging.CodeUnauthenticated},
			{Step: "outcome", To: "SER", ReservationID: "r-d2", Trip: "d", Status: 200, Outcome: charging.OutcomeConfirmed},
			{Step: "outcome", To: "SER", ReservationID: rid("b"), Trip: "b", Status: 200, Outcome: charging.OutcomeUnknown},
		},
	}
	w.its(6, charging.Reserved, "1500")
	w.store.Calendar = append(w.store.Calendar, history.Booking{Slot: slot(6), ID: rid("its-6")})
	w.booked("d", slot(3), 8, 9)
	far := leg("d2", history.Slot{EVSE: theirs, Window: slot(4).Window}, charging.Reserved, 7)
	far.Leg = 2
	for k, o := range w.Ops {
		if o.Trip == "d" {
			w.Ops[k].Legs = append(slices.Clone(o.Legs), far)
		}
	}
	w.trip("d").Legs = append(slices.Clone(w.trip("d").Legs), far)
	return w
}

// its adds a record of the cheat's, on the k-th half hour.
func (w *world) its(k int, state charging.State, grantedAt string) {
	w.store.Reservations = append(w.store.Reservations, history.Reservation{
		ID: rid(fmt.Sprintf("its-%d", k)), Trip: ghost, Origin: "LUD", Slot: slot(k), State: state, GrantedAt: grantedAt, Fence: int64(900 + k),
	})
}

// lost adds a hold of trip c that was preempted, on the k-th half hour, to a ticket of the
// cheat.
func (w *world) lost(k int, stamp history.Stamp) {
	w.store.Reservations = append(w.store.Reservations, history.Reservation{
		ID: "r-lost", Trip: "c", Origin: "MAR", Slot: slot(k), State: charging.Preempted, Fence: 800, GrantedAt: w.record("c").GrantedAt,
	})
	w.its(k, charging.Expired, stamp.GrantedAt)
	w.Cheat.Stamps = append(w.Cheat.Stamps, stamp)
}

func TestACheatThatIsStoppedIsNoViolation(t *testing.T) {
	w := cheated()
	w.lost(8, history.Stamp{Trip: ghost, GrantedAt: "12"})
	w.Cheat.Stamps = append(w.Cheat.Stamps, history.Stamp{Trip: ghost, GrantedAt: "1", Lie: "stamp of 1970"})
	// A false stamp with the name of an honest trip, which has won by its own stamp.
	w.Cheat.Stamps = append(w.Cheat.Stamps, history.Stamp{Trip: "b", GrantedAt: "1", Lie: "stamp of 1970 for another's trip"})
	w.Preemptions = []history.Preemption{{Trip: "c", ReservationID: "r-gone", By: "b"}}
	v := w.verdict()
	if len(v.Violations) > 0 || v.LostToTruth != 1 {
		t.Fatalf("%d holds lost to stamps that may be true, %v", v.LostToTruth, v.Violations)
	}
}

// TestEachSuccessOfACheatIsFound lets it have its way in one thing at a time, or lets a
// trip through it come to a bad end.
func TestEachSuccessOfACheatIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(w *world)
		rule  Rule
	}{
		"a hold is preempted by a false stamp": {func(w *world) {
			w.lost(8, history.Stamp{Trip: ghost, GrantedAt: "1", Lie: "stamp of 1970"})
		}, NoLie},
		"a notice says that a hold went to a false stamp": {func(w *world) {
			w.Cheat.Stamps = []history.Stamp{{Trip: ghost, GrantedAt: "1", Lie: "stamp of 1970"}}
			w.Preemptions = []history.Preemption{{Trip: "c", ReservationID: "r-gone", By: ghost}}
		}, NoLie},
		"a claim is refused for a false stamp": {func(w *world) {
			w.Cheat.Stamps = []history.Stamp{{Trip: ghost, GrantedAt: "1", Lie: "stamp of 1970"}}
			w.Claims = append(w.Claims, history.Claim{
				Step: "claim", From: "MAR", Trip: "c", EVSE: evse, GrantedAt: "1003", Code: charging.CodePriorityLost, Ahead: "1", AheadTrip: ghost,
			})
		}, NoLie},
		"a false stamp that it gave to another's trip is believed": {func(w *world) {
			w.lost(8, history.Stamp{Trip: "d", GrantedAt: "1", Lie: "stamp of 1970 for another's trip"})
			k := slices.IndexFunc(w.store.Reservations, func(r history.Reservation) bool { return r.ID == rid("its-8") })
			w.store.Reservations[k].Trip, w.store.Reservations[k].Origin, w.store.Reservations[k].State = "d", "MAR", charging.Canceled
		}, NoLie},
		"it has more than its share at one time": {func(w *world) {
			w.Cheat.Readings[0].Taken += 2 * time.Hour
		}, Share},
		"it compensates another's stop": {func(w *world) { w.Cheat.Meddled[0].Status = 200 }, HandsOff},
		"it is taken for another": {func(w *world) {
			w.Cheat.Meddled[1].Status, w.Cheat.Meddled[1].Code = 409, charging.CodeIDReused
		}, HandsOff},
		"it is told of a trip that was never there": {func(w *world) {
			w.Cheat.Meddled[3].Outcome = charging.OutcomeConfirmed
		}, HandsOff},
		"a trip through it does not end": {func(w *world) { w.trip("d").State = trip.Compensating }, Unfinished},
		"a trip through it is given up and holds a stop elsewhere": {func(w *world) {
			w.trip("d").State = trip.Canceled
		}, AllOrNothing},
		"a trip through it is CONFIRMED without its honest stop": {func(w *world) { w.record("d").State = charging.Expired }, AllOrNothing},
		"its RESERVED is in another's window": {func(w *world) {
			w.its(0, charging.Reserved, "1500")
		}, Overlap},
	} {
		t.Run(name, func(t *testing.T) {
			w := cheated()
			c.spoil(w)
			if v := w.verdict(); !slices.Contains(v.Rules(), c.rule) {
				t.Errorf("not found: %v", v.Violations)
			}
		})
	}
}

// TestWithoutACheatNothingIsForgiven: what is let pass for its sake is not let pass of
// others.
func TestWithoutACheatNothingIsForgiven(t *testing.T) {
	w := cheated()
	w.Cheat = nil
	if v := w.verdict(); !slices.Contains(v.Rules(), AllOrNothing) {
		t.Errorf("a RESERVED without a trip, and a stop without a record, are accepted: %v", v.Violations)
	}
}
