package judge

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

// reaches is the reflexive, transitive closure of the trip's transitions.
var reaches = func() map[trip.State]map[trip.State]bool {
	all := map[trip.State]map[trip.State]bool{}
	for _, from := range trip.States() {
		seen, todo := map[trip.State]bool{from: true}, []trip.State{from}
		for len(todo) > 0 {
			s := todo[0]
			todo = todo[1:]
			for _, next := range trip.States() {
				if s.Can(next) && !seen[next] {
					seen[next] = true
					todo = append(todo, next)
				}
			}
		}
		all[from] = seen
	}
	return all
}()

// answers holds every successful answer against those after it and the end.
func answers(x *index) []Violation {
	var out []Violation
	for id, ops := range x.byTrip {
		t, known := x.trips[id]
		if !known {
			if slices.ContainsFunc(ops, func(o history.Op) bool { return o.OK() && o.State != "" }) {
				out = append(out, Violation{Rule: Answers, Trip: id, Detail: "was answered and is in no journal"})
			}
			continue
		}
		out = append(out, x.inOrder(t, ops)...)
		out = append(out, x.kept(t, ops)...)
	}
	return out
}

// inOrder: an answer that came after another had returned cannot tell of an
// earlier state.
func (x *index) inOrder(t trip.Trip, ops []history.Op) []Violation {
	var out []Violation
	said := slices.DeleteFunc(slices.Clone(ops), func(o history.Op) bool { return !o.OK() || o.State == "" })
	for i, o := range said {
		for _, later := range said[i+1:] {
			if later.Call > o.Return && !reaches[o.State][later.State] {
				out = append(out, Violation{Rule: Answers, Trip: t.ID, Detail: fmt.Sprintf(
					"%s was answered %s at %s, then %s at %s", o.Kind, o.State, o.Return.Round(time.Millisecond), later.State, later.Return.Round(time.Millisecond))})
			}
		}
		if !reaches[o.State][t.State] {
			out = append(out, Violation{Rule: Answers, Trip: t.ID, Detail: fmt.Sprintf(
				"%s was answered %s at %s, in the end it is %s", o.Kind, o.State, o.Return.Round(time.Millisecond), t.State)})
		}
	}
	return out
}

// kept: what was answered CONFIRMED stays so, stop by stop, unless somebody
// asked for a change.
func (x *index) kept(t trip.Trip, ops []history.Op) []Violation {
	var out []Violation
	for _, o := range ops {
		if !o.OK() || o.State != trip.Confirmed {
			continue
		}
		for _, l := range o.Legs {
			if !x.decided(t.ID, l) {
				out = append(out, Violation{Rule: Answers, Trip: t.ID, EVSE: l.EVSEID, Detail: fmt.Sprintf(
					"%s was answered CONFIRMED with stop %d %s", o.Kind, l.Leg, l.State)})
			}
		}
		if t.State == trip.Canceled && !x.through(t) && !x.asked(t.ID, api.ActionGiveUp, history.Cancel) && !x.allLost(t) {
			return append(out, Violation{Rule: Answers, Trip: t.ID, Detail: "was answered CONFIRMED, is CANCELED, and nobody asked for that"})
		}
		if t.State != trip.Confirmed {
			continue
		}
		for k, l := range o.Legs {
			if k < len(t.Legs) && t.Legs[k].ReservationID != l.ReservationID && !x.changed(t, o) && !x.replaced(t, o.Legs[:k+1]) {
				out = append(out, Violation{Rule: Answers, Trip: t.ID, EVSE: l.EVSEID, Detail: fmt.Sprintf(
					"was answered CONFIRMED with stop %d as %s, is %s in the end, and nobody asked for that", k+1, l.ReservationID, t.Legs[k].ReservationID)})
			}
		}
	}
	return out
}

// decided reports whether a stop of a CONFIRMED trip is as one should be:
// RESERVED or past that, withdrawn by an operator, or let go of by its driver.
func (x *index) decided(id charging.TripID, l trip.Leg) bool {
	switch l.State {
	case charging.Reserved, charging.Charging, charging.Fulfilled, charging.NoShow:
		return true
	}
	if x.dishonest(l.EVSEID) {
		return true
	}
	return l.State == charging.Canceled && (len(x.withdrawals[l.EVSEID]) > 0 || x.asked(id, api.ActionGiveUp, history.Cancel))
}

// allLost reports whether a trip was left without a stop, and the time to be asked
// about each of them may be over.
func (x *index) allLost(t trip.Trip) bool {
	return !slices.ContainsFunc(t.Legs, func(l trip.Leg) bool {
		return l.State != charging.Canceled || len(x.withdrawals[l.EVSEID]) == 0 || !x.due(l, x.until)
	})
}

// replaced reports whether the last of some stops, or one before it, was not used in
// time, and its trip took another by itself: under the policy replan a lost stop is
// answered for its driver, and the stops after it may move with it.
func (x *index) replaced(t trip.Trip, until []trip.Leg) bool {
	return t.OnConflict == trip.Replan && slices.ContainsFunc(until, func(l trip.Leg) bool {
		return x.records[l.ReservationID].State == charging.NoShow
	})
}

// changed reports whether somebody asked for another stop of a trip, or took one
// of those that were answered out of service: under the policy replan the stops
// after it may then move too.
func (x *index) changed(t trip.Trip, o history.Op) bool {
	return x.asked(t.ID, api.ActionContinue, history.Swap) ||
		slices.ContainsFunc(o.Legs, func(l trip.Leg) bool { return len(x.withdrawals[l.EVSEID]) > 0 })
}

// keys: an Idempotency-Key makes one trip.
func keys(x *index) []Violation {
	made := map[string][]charging.TripID{}
	for _, o := range x.ops {
		if o.Kind == history.Create && o.OK() && o.Key != "" {
			k := strings.Join([]string{string(o.Company), string(o.Vehicle), o.Key}, " ")
			if !slices.Contains(made[k], o.Trip) {
				made[k] = append(made[k], o.Trip)
			}
		}
	}
	var out []Violation
	for k, ids := range made {
		if len(ids) > 1 {
			out = append(out, Violation{Rule: Answers, Trip: ids[0], Detail: fmt.Sprintf("one Idempotency-Key (%s) was answered with %d trips: %v", k, len(ids), ids)})
		}
	}
	return out
}
