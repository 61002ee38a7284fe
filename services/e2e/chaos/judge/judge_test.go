package judge

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

const evse charging.EVSEID = "BR*SER*E0001*1"

// slot is the k-th half hour.
func slot(k int) history.Slot {
	at := noon.Add(time.Duration(k) * 30 * time.Minute)
	return history.Slot{EVSE: evse, Window: charging.NewWindow(at, at.Add(30*time.Minute))}
}

// world is a case in the making, right until somebody spoils it.
type world struct {
	Case
	store history.Store
	fence int64
}

func rid(id string) charging.ReservationID { return charging.ReservationID("r-" + id) }

func leg(id string, s history.Slot, state charging.State, fence int64) trip.Leg {
	return trip.Leg{Leg: 1, ReservationID: rid(id), CompanyID: s.EVSE.Company(), EVSEID: s.EVSE, Start: s.Window.Start, End: s.Window.End, State: state, Fence: fence}
}

// booked adds a trip that was asked for and answered CONFIRMED, and is.
func (w *world) booked(id string, s history.Slot, call, ret int) {
	w.fence++
	l := leg(id, s, charging.Reserved, w.fence)
	w.Ops = append(w.Ops, history.Op{
		Kind: history.Create, Call: sec(call), Return: sec(ret), Company: "MAR", Vehicle: charging.VehicleID("car-" + id), Key: "k-" + id,
		Answered: true, Trip: charging.TripID(id), State: trip.Confirmed, Legs: []trip.Leg{l},
	})
	w.store.Trips = append(w.store.Trips, trip.Trip{
		ID: charging.TripID(id), State: trip.Confirmed, Origin: "MAR", VehicleID: charging.VehicleID("car-" + id), Legs: []trip.Leg{l}, Saga: &trip.Saga{},
		Ticket: &trip.TicketView{GrantedAt: fmt.Sprint(1000 + w.fence)},
	})
	w.store.Reservations = append(w.store.Reservations, history.Reservation{
		ID: rid(id), Trip: charging.TripID(id), Origin: "MAR", Slot: s, State: charging.Reserved, Fence: w.fence, GrantedAt: fmt.Sprint(1000 + w.fence), Settled: true,
	})
	w.store.Calendar = append(w.store.Calendar, history.Booking{Slot: s, ID: rid(id)})
}

// canceled adds a cancel of a booked trip, and what is left of it.
func (w *world) canceled(id string, call, ret int) {
	t := w.trip(id)
	t.State, t.Legs = trip.Canceled, slices.Clone(t.Legs)
	t.Legs[0].State = charging.Canceled
	w.Ops = append(w.Ops, history.Op{
		Kind: history.Cancel, Call: sec(call), Return: sec(ret), Trip: t.ID, Answered: true, State: trip.Canceled, Legs: t.Legs,
	})
	w.record(id).State = charging.Canceled
	w.store.Calendar = slices.DeleteFunc(w.store.Calendar, func(b history.Booking) bool { return b.ID == rid(id) })
}

func (w *world) trip(id string) *trip.Trip {
	k := slices.IndexFunc(w.store.Trips, func(t trip.Trip) bool { return t.ID == charging.TripID(id) })
	return &w.store.Trips[k]
}

func (w *world) record(id string) *history.Reservation {
	k := slices.IndexFunc(w.store.Reservations, func(r history.Reservation) bool { return r.ID == rid(id) })
	return &w.store.Reservations[k]
}

func sec(n int) time.Duration { return time.Duration(n) * time.Second }

func (w *world) verdict() Verdict {
	w.Final = history.Final{"SER": w.store}
	return Judge(w.Case)
}

// good is a history without a violation: one trip canceled, another in its
// place, a third beside it, and somebody who looks.
func good() *world {
	w := &world{}
	w.booked("a", slot(0), 1, 2)
	w.canceled("a", 3, 5)
	w.booked("b", slot(0), 4, 6)
	w.booked("c", slot(1), 1, 7)
	w.Ops = append(w.Ops, history.Op{
		Kind: history.Availability, EVSE: evse, Call: sec(3), Return: sec(4), Answered: true, Free: []charging.Window{slot(0).Window},
	})
	return w
}

func TestAGoodHistoryIsAccepted(t *testing.T) {
	v := good().verdict()
	if len(v.Violations) > 0 || v.Calendars != 2 || v.CalendarOps != 5 || v.Trips[trip.Confirmed] != 2 || v.Trips[trip.Canceled] != 1 {
		t.Fatalf("%+v", v)
	}
}

// TestEachSpoiltHistoryIsRefused spoils the good history in one way at a time.
func TestEachSpoiltHistoryIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(w *world)
		rule  Rule
	}{
		"a window is booked twice, and both let go later": {func(w *world) {
			w.booked("d", slot(1), 8, 9)
			w.canceled("d", 20, 21)
		}, Linearizable},
		"a booked window is shown free": {func(w *world) {
			w.Ops = append(w.Ops, history.Op{
				Kind: history.Availability, EVSE: evse, Call: sec(8), Return: sec(9), Answered: true, Free: []charging.Window{slot(0).Window},
			})
		}, Linearizable},
		"two RESERVED overlap in the calendar": {func(w *world) {
			w.store.Calendar = append(w.store.Calendar, history.Booking{Slot: slot(1), ID: "r-x"})
		}, Overlap},
		"two RESERVED records overlap": {func(w *world) {
			w.store.Reservations = append(w.store.Reservations, history.Reservation{ID: "r-x", Trip: "c", Slot: slot(1), State: charging.Reserved})
		}, Overlap},
		"a CONFIRMED trip's stop has lapsed":        {func(w *world) { w.record("b").State = charging.Expired }, AllOrNothing},
		"a CONFIRMED trip's stop has no record":     {func(w *world) { w.store.Reservations = w.store.Reservations[:2] }, AllOrNothing},
		"a CONFIRMED trip's stop is in no calendar": {func(w *world) { w.store.Calendar = nil }, AllOrNothing},
		"a CANCELED trip's stop is RESERVED":        {func(w *world) { w.record("a").State = charging.Reserved }, AllOrNothing},
		"a trip is COMPLETED before its time":       {func(w *world) { w.trip("b").State = trip.Completed }, AllOrNothing},
		"a RESERVED is of no trip":                  {func(w *world) { w.record("c").Trip = "nobody" }, AllOrNothing},
		"a lock is left":                            {func(w *world) { w.store.Locks = []string{"lock:{L}:E:r"} }, NothingHeld},
		"an entry of the calendar is of nobody":     {func(w *world) { w.record("c").State = charging.Canceled }, NothingHeld},
		"a trip does not end":                       {func(w *world) { w.trip("a").State = trip.Compensating }, Unfinished},
		"a stop is left to release":                 {func(w *world) { w.trip("b").Saga.Abandoned = []trip.Abandoned{{}} }, Unfinished},
		"a RESERVED is never settled":               {func(w *world) { w.store.Unsettled = []charging.ReservationID{"r-b"} }, Unfinished},
		"a trip that was answered is in no journal": {func(w *world) { w.store.Trips = w.store.Trips[:2] }, Answers},
		"CONFIRMED becomes ABORTED":                 {func(w *world) { w.trip("b").State = trip.Aborted }, Answers},
		"CONFIRMED becomes CANCELED unasked":        {func(w *world) { w.trip("b").State = trip.Canceled }, Answers},
		"CONFIRMED is answered with a PENDING stop": {func(w *world) { w.Ops[2].Legs[0].State = charging.Pending }, Answers},
		"a stop is exchanged unasked":               {func(w *world) { w.trip("b").Legs = []trip.Leg{leg("z", slot(0), charging.Reserved, 9)} }, Answers},
		"a later answer tells of an earlier state": {func(w *world) {
			w.Ops = append(w.Ops, history.Op{Kind: history.Read, Trip: "b", Call: sec(8), Return: sec(9), Answered: true, State: trip.Reserving})
		}, Answers},
		"one key makes two trips": {func(w *world) {
			again := w.Ops[2]
			again.Trip = "c"
			w.Ops = append(w.Ops, again)
		}, Answers},
		"two reservations have one fence": {func(w *world) { w.record("b").Fence = w.record("c").Fence }, Fences},
		"a fence falls": {func(w *world) {
			w.Ops[2].Legs[0].Fence = 0
			w.booked("d", slot(5), 8, 9)
			w.Ops[len(w.Ops)-1].Legs[0].Fence = 1
		}, Fences},
		"an older ticket is refused for a younger": {func(w *world) {
			w.Claims = []history.Claim{{Step: "claim", Trip: "a", EVSE: evse, GrantedAt: "1001", Code: charging.CodePriorityLost, Ahead: "1002", AheadTrip: "b"}}
		}, Priority},
		"an older ticket is preempted by a younger": {func(w *world) {
			w.Preemptions = []history.Preemption{{Trip: "a", ReservationID: rid("a"), By: "b"}}
		}, Priority},
		"a PREEMPTED that no older one met": {func(w *world) { w.record("a").State = charging.Preempted }, Priority},
		"a former owner writes": {func(w *world) {
			w.store.Journals = map[charging.TripID][]history.Wrote{"b": {
				{Step: "reserve", Epoch: 1, Owner: "x"}, {Step: history.TakeOver, Epoch: 2, Owner: "y"}, {Step: "confirm", Epoch: 1, Owner: "x"},
			}}
		}, OneOwner},
		"two owners of one epoch": {func(w *world) {
			w.store.Journals = map[charging.TripID][]history.Wrote{"b": {
				{Step: history.TakeOver, Epoch: 2, Owner: "x"}, {Step: history.TakeOver, Epoch: 2, Owner: "y"},
			}}
		}, OneOwner},
		"one vehicle on two roads": {func(w *world) { w.trip("c").VehicleID = w.trip("b").VehicleID; w.trip("c").Legs = w.trip("b").Legs }, OneRoad},
	} {
		t.Run(name, func(t *testing.T) {
			w := good()
			c.spoil(w)
			if got := w.verdict(); !slices.Contains(got.Rules(), c.rule) {
				t.Errorf("want %q, found %q: %v", c.rule, got.Rules(), got.Violations)
			}
		})
	}
}

// TestWhatNobodyKnowsIsNoViolation: the judge assumes what speaks for the system.
func TestWhatNobodyKnowsIsNoViolation(t *testing.T) {
	for name, spoil := range map[string]func(w *world){
		"the first attempt made the trip, its answer was lost": func(w *world) {
			w.booked("d", slot(5), 8, 9)
			lost := w.Ops[len(w.Ops)-1]
			lost.Call, lost.Return, lost.Answered, lost.Trip, lost.State, lost.Legs = sec(6), sec(7), false, "", "", nil
			w.Ops = append(w.Ops, lost)
			w.Ops = append(w.Ops, history.Op{ // free while only the first attempt was under way
				Kind: history.Availability, EVSE: evse, Call: sec(6), Return: sec(7), Answered: true, Free: []charging.Window{slot(5).Window},
			})
		},
		"a cancel without an answer was executed": func(w *world) {
			w.canceled("b", 8, 9)
			o := &w.Ops[len(w.Ops)-1]
			o.Answered, o.State, o.Legs = false, "", nil
			w.booked("d", slot(0), 10, 11)
		},
		"a withdrawal without an answer took a stop": func(w *world) {
			w.Ops = append(w.Ops, history.Op{Kind: history.Withdraw, EVSE: evse, Call: sec(8), Return: sec(9)})
			w.trip("b").Legs[0].State, w.record("b").State = charging.Canceled, charging.Canceled
			w.trip("b").Ask(trip.Decision{Leg: 1})
			w.store.Calendar = w.store.Calendar[1:]
			w.booked("d", slot(0), 10, 11)
		},
		"taken over, and back again": func(w *world) {
			w.store.Journals = map[charging.TripID][]history.Wrote{"b": {
				{Step: "reserve", Epoch: 1, Owner: "x"},
				{Step: history.TakeOver, Epoch: 2, Owner: "y"},
				{Step: "epoch", Epoch: 5, Owner: "y"},
				{Step: "confirm", Epoch: 2, Owner: "y"},
				{Step: history.TakeOver, Epoch: 6, Owner: "x"},
			}}
		},
		"a refusal for an older ticket": func(w *world) {
			w.Claims = []history.Claim{{Step: "claim", Trip: "b", EVSE: evse, GrantedAt: "1002", Code: charging.CodePriorityLost, Ahead: "1001", AheadTrip: "a"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := good()
			spoil(w)
			if got := w.verdict(); len(got.Violations) > 0 {
				t.Errorf("%v", got.Violations)
			}
		})
	}
}

// TestAnUndecidedCalendarCounts: a check that ran out of time is a violation.
func TestAnUndecidedCalendarCounts(t *testing.T) {
	w := &world{}
	for k := range 300 { // all at once: many orders, and none can be tried in no time
		id := fmt.Sprint("t", k)
		w.booked(id, slot(0), 1, 100)
		w.canceled(id, 2, 100)
	}
	w.Limit = time.Nanosecond
	if got := w.verdict(); !slices.Contains(got.Rules(), Undecided) {
		t.Errorf("%q", got.Rules())
	}
}

// TestAFailingCalendarIsDrawn leaves a page to look at.
func TestAFailingCalendarIsDrawn(t *testing.T) {
	w := good()
	w.booked("d", slot(1), 8, 9)
	w.Draw = t.TempDir()
	v := w.verdict()
	if len(v.Drawings) != 1 {
		t.Fatalf("%v", v.Drawings)
	}
	if page, err := os.ReadFile(v.Drawings[0]); err != nil || len(page) < 1000 {
		t.Errorf("%d bytes, %v", len(page), err)
	}
}

// TestTakeOversAreCounted: those of trips in flight, and no others.
func TestTakeOversAreCounted(t *testing.T) {
	w := good()
	w.store.Journals = map[charging.TripID][]history.Wrote{
		"a": {{Step: history.TakeOver, State: trip.Reserving, Epoch: 2}, {Step: history.TakeOver, State: trip.Confirming, Epoch: 3}},
		"b": {{Step: history.TakeOver, State: trip.Confirmed, Epoch: 2}},
	}
	if times, trips := TakenOver(history.Final{"SER": w.store}); times != 2 || trips != 1 {
		t.Errorf("%d take-overs of %d trips", times, trips)
	}
}

// TestANoShowIsReplaced: nobody came to a stop, and under the policy replan its trip
// has taken another by itself. Under any other policy nobody may.
func TestANoShowIsReplaced(t *testing.T) {
	for policy, fine := range map[trip.Policy]bool{trip.Replan: true, trip.Ask: false} {
		w := good()
		w.trip("b").OnConflict = policy
		w.trip("b").Legs = []trip.Leg{leg("z", slot(4), charging.Reserved, 9)}
		was := w.record("b")
		was.State = charging.NoShow
		anew := *was
		anew.ID, anew.Slot, anew.State, anew.Fence = rid("z"), slot(4), charging.Reserved, 9
		w.store.Reservations = append(w.store.Reservations, anew)
		w.store.Calendar = slices.DeleteFunc(w.store.Calendar, func(b history.Booking) bool { return b.ID == rid("b") })
		w.store.Calendar = append(w.store.Calendar, history.Booking{Slot: slot(4), ID: rid("z")})
		exchanged := slices.ContainsFunc(w.verdict().Violations, func(v Violation) bool { return v.Rule == Answers })
		if exchanged == fine {
			t.Errorf("%s: %v", policy, w.verdict().Violations)
		}
	}
}

// TestStopsAfterANoShowMoveWithIt, under the policy replan; those before it may not.
func TestStopsAfterANoShowMoveWithIt(t *testing.T) {
	x := &index{records: map[charging.ReservationID]history.Reservation{rid("missed"): {State: charging.NoShow}}}
	stop := func(id string, k int) trip.Leg { return leg(id, slot(k), charging.Reserved, 1) }
	now := trip.Trip{ID: "t", OnConflict: trip.Replan, State: trip.Confirmed, Legs: []trip.Leg{stop("y", 4), stop("z", 5)}}
	for name, tt := range map[string]struct {
		answered []trip.Leg
		fine     bool
	}{
		"after it":  {[]trip.Leg{stop("missed", 0), stop("b", 1)}, true},
		"before it": {[]trip.Leg{stop("a", 0), stop("missed", 1)}, false},
	} {
		said := history.Op{Kind: history.Create, Answered: true, Trip: "t", State: trip.Confirmed, Legs: tt.answered}
		if found := x.kept(now, []history.Op{said}); len(found) == 0 != tt.fine {
			t.Errorf("%s: %v", name, found)
		}
	}
}

// The bookings after a no-show end with it, some time; those before it do not.
func TestBookingsAfterANoShowEnd(t *testing.T) {
	x := &index{records: map[charging.ReservationID]history.Reservation{rid("missed"): {State: charging.NoShow}}}
	missed, later := leg("missed", slot(0), charging.Reserved, 1), leg("b", slot(1), charging.Reserved, 1)
	said := history.Op{Kind: history.Create, Answered: true, Trip: "t", State: trip.Confirmed, Legs: []trip.Leg{missed, later}}
	for policy, ends := range map[trip.Policy]bool{trip.Replan: true, trip.Ask: false} {
		final := trip.Trip{ID: "t", OnConflict: policy, State: trip.Confirmed, Legs: []trip.Leg{leg("y", slot(4), charging.Reserved, 2)}}
		b := booked{trip: "t", name: name(later), stop: later.ReservationID, slot: slot(1)}
		x.end(&b, final, []history.Op{said})
		if b.ended != ends {
			t.Errorf("%s: ended %t", policy, b.ended)
		}
	}
}
