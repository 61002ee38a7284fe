package trips

import (
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// What a company that lost its memory is told: stops that may be RESERVED there.
func TestPromisesOfATrip(t *testing.T) {
	leg := func(n int, at charging.CompanyID, id charging.ReservationID, s charging.State) trip.Leg {
		return trip.Leg{Leg: n, ReservationID: id, CompanyID: at, State: s, Fence: int64(n), Start: now, End: now}
	}
	w := func(from, to int) charging.Window {
		return charging.Window{Start: now.Add(time.Duration(from) * time.Hour), End: now.Add(time.Duration(to) * time.Hour)}
	}
	taken, moved := leg(2, "SER", "new", charging.Reserved), leg(3, "SER", "three", charging.Reserved)
	moved.Start, moved.End = w(1, 3).Start, w(1, 3).End
	shift := &trip.Shift{Phase: trip.ShiftTake, Takes: []trip.Take{{Leg: taken, Old: w(0, 1)}, {Leg: moved, InPlace: true, Old: w(0, 2)}}}
	released := &trip.Shift{Phase: trip.ShiftRelease, Takes: shift.Takes}
	for _, tt := range []struct {
		name  string
		state trip.State
		shift *trip.Shift
		want  map[charging.ReservationID]charging.Outcome
	}{
		{"confirmed", trip.Confirmed, nil, map[charging.ReservationID]charging.Outcome{"one": charging.OutcomeConfirmed, "three": charging.OutcomeConfirmed}},
		{"confirming", trip.Confirming, nil, map[charging.ReservationID]charging.Outcome{"one": charging.OutcomePending, "three": charging.OutcomePending}},
		{"shifted", trip.Confirmed, released, map[charging.ReservationID]charging.Outcome{"one": charging.OutcomeConfirmed, "three": charging.OutcomeConfirmed}},
		{"shifting", trip.Confirmed, shift, map[charging.ReservationID]charging.Outcome{"one": charging.OutcomeConfirmed, "three": charging.OutcomeConfirmed, "new": charging.OutcomePending}},
		{"canceled meanwhile", trip.Canceled, nil, nil},
		{"giving up meanwhile", trip.Compensating, nil, nil},
	} {
		tr := trip.Trip{ID: "t", Origin: "MAR", State: tt.state, VehicleID: "EV-0001", Saga: &trip.Saga{Epoch: 4, Owner: "me", Shift: tt.shift}, Legs: []trip.Leg{
			leg(1, "SER", "one", charging.Reserved), leg(2, "CAJ", "two", charging.Reserved), leg(3, "SER", "three", charging.Pending),
			leg(4, "SER", "withdrawn", charging.Canceled), leg(5, "SER", "used", charging.Fulfilled),
		}}
		got := map[charging.ReservationID]charging.Outcome{}
		for _, p := range promises(tr, "SER") {
			got[p.ID] = p.Outcome
			if both := p.Window().Equal(w(0, 3)); both != (p.ID == "three" && tt.shift == shift) {
				t.Errorf("%s: %s is promised in %s", tt.name, p.ID, p.Window())
			}
			if p.Epoch != 4 || p.Owner != "me" || p.Origin != "MAR" || p.VehicleID != "EV-0001" || p.Fence == 0 {
				t.Errorf("%s: %+v", tt.name, p)
			}
		}
		if len(got) != len(tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
		for id, o := range tt.want {
			if got[id] != o {
				t.Errorf("%s: %s is %s, want %s", tt.name, id, got[id], o)
			}
		}
	}
}
