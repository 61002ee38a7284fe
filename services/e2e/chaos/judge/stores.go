package judge

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

// overlaps finds RESERVED and CHARGING that share an instant of an EVSE, in the calendars
// and in the records. A car that overstays is in the calendar until it leaves: what
// it was promised ends with its window.
func overlaps(x *index) []Violation {
	var out []Violation
	for _, s := range x.final {
		booked := map[charging.EVSEID][]history.Booking{}
		for _, b := range s.Calendar {
			if b.Held {
				continue
			}
			if r := x.records[b.ID]; r.State == charging.Charging && r.Slot.Window.End.Before(b.Slot.Window.End) {
				b.Slot.Window.End = r.Slot.Window.End
			}
			booked[b.Slot.EVSE] = append(booked[b.Slot.EVSE], b)
		}
		out = append(out, twice("calendar", booked)...)
	}
	recorded := map[charging.EVSEID][]history.Booking{}
	for _, r := range x.records {
		if r.State.Booked() {
			recorded[r.Slot.EVSE] = append(recorded[r.Slot.EVSE], history.Booking{Slot: r.Slot, ID: r.ID})
		}
	}
	return append(out, twice("records", recorded)...)
}

func twice(where string, booked map[charging.EVSEID][]history.Booking) []Violation {
	var out []Violation
	for evse, bs := range booked {
		slices.SortFunc(bs, func(a, b history.Booking) int { return a.Slot.Window.Start.Compare(b.Slot.Window.Start) })
		for i := 1; i < len(bs); i++ {
			if bs[i].Slot.Window.Start.Before(bs[i-1].Slot.Window.End) {
				out = append(out, Violation{Rule: Overlap, EVSE: evse, Detail: fmt.Sprintf(
					"%s: %s at %s and %s at %s", where, bs[i-1].ID, at(bs[i-1].Slot), bs[i].ID, at(bs[i].Slot))})
			}
		}
	}
	return out
}

// wholeOrNot looks at every trip: CONFIRMED has all its stops booked or used at
// their companies, but for those that were lost or let go of; ABORTED and CANCELED
// hold none; COMPLETED has used one, and has none to come.
func wholeOrNot(x *index) []Violation {
	var out []Violation
	bad := func(t trip.Trip, evse charging.EVSEID, format string, a ...any) {
		out = append(out, Violation{Rule: AllOrNothing, Trip: t.ID, EVSE: evse, Detail: fmt.Sprintf(format, a...)})
	}
	for _, t := range x.trips {
		switch t.State {
		case trip.Confirmed:
			for _, l := range t.Legs {
				if why := x.missing(t, l); why != "" {
					bad(t, l.EVSEID, "CONFIRMED, but stop %d %s", l.Leg, why)
				}
			}
		case trip.Completed:
			used := false
			for _, l := range t.Legs {
				used = used || l.State == charging.Fulfilled || l.State == charging.NoShow || x.dishonest(l.EVSEID)
				if why := x.missing(t, l); !l.State.Final() || why != "" {
					bad(t, l.EVSEID, "COMPLETED before its time, with stop %d %s %s", l.Leg, l.State, why)
				}
			}
			if !used {
				bad(t, "", "COMPLETED, and none of its stops was used")
			}
		case trip.Aborted, trip.Canceled:
			for _, r := range x.of[t.ID] {
				if r.State.Booked() {
					bad(t, r.Slot.EVSE, "%s, but %s at %s is %s", t.State, r.ID, at(r.Slot), r.State)
				}
			}
		}
	}
	return out
}

// missing says what a stop of a booked trip lacks; "" when it is booked or was
// used, was withdrawn by an operator, or let go of by its driver.
func (x *index) missing(t trip.Trip, l trip.Leg) string {
	r, ok := x.records[l.ReservationID]
	if x.dishonest(l.EVSEID) {
		return ""
	}
	if l.State == charging.Canceled && x.decided(t.ID, l) {
		if r.State.Booked() {
			return "is CANCELED, but its company has it " + string(r.State)
		}
		return ""
	}
	if r.State == charging.Canceled && len(x.withdrawals[l.EVSEID]) > 0 {
		return "" // its originator is about to hear of it; unfinished looks at that
	}
	switch {
	case !ok:
		return "has no record"
	case l.State == charging.NoShow && r.State == charging.Reserved && t.State == trip.Completed && x.over(r.Slot.Window):
		return "" // its company's clock is behind: it finds the same soon
	case r.State != l.State:
		return fmt.Sprintf("is %s, its company has it %s", l.State, r.State)
	case !r.State.Booked() && r.State != charging.Fulfilled && r.State != charging.NoShow:
		return "is " + string(r.State)
	case r.Trip != t.ID || r.Slot.EVSE != l.EVSEID || r.State == charging.Reserved && !(r.Slot.Window.Start.Equal(l.Start) && r.Slot.Window.End.Equal(l.End)):
		return fmt.Sprintf("is another's: %+v", r)
	case !r.State.Booked():
		return ""
	}
	b, ok := x.calendar[l.ReservationID]
	if !ok || b.Held {
		return "is not in the calendar"
	}
	return ""
}

// mostSkew is how far a company's clock may be ahead of the machine's.
const mostSkew = 5 * time.Minute

// over reports whether a window may have ended by the clock of some company.
func (x *index) over(w charging.Window) bool { return w.End.Before(x.ended.Add(mostSkew)) }

// orphans are RESERVED and CHARGING of no CONFIRMED trip.
func orphans(x *index) []Violation {
	var out []Violation
	for _, r := range x.records {
		if !r.State.Booked() || x.its(r) {
			continue
		}
		t, ok := x.trips[r.Trip]
		if ok && t.State == trip.Completed && r.State == charging.Reserved && x.over(r.Slot.Window) {
			continue // as above
		}
		why := ""
		switch {
		case !ok:
			why = "of a trip that does not exist"
		case t.State != trip.Confirmed:
			why = "of a trip that is " + string(t.State)
		case !slices.ContainsFunc(t.Legs, func(l trip.Leg) bool { return l.ReservationID == r.ID }):
			why = "that its trip does not have"
		}
		if why != "" {
			out = append(out, Violation{Rule: AllOrNothing, Trip: r.Trip, EVSE: r.Slot.EVSE, Detail: fmt.Sprintf("%s at %s is %s, %s", r.ID, at(r.Slot), r.State, why)})
		}
	}
	return out
}

// held are locks, and entries of calendars without a RESERVED or CHARGING record.
func held(x *index) []Violation {
	var out []Violation
	for id, s := range x.final {
		if len(s.Locks) > 0 {
			out = append(out, Violation{Rule: NothingHeld, Detail: fmt.Sprintf("%s has %d locks: %s", id, len(s.Locks), strings.Join(s.Locks[:min(3, len(s.Locks))], ", "))})
		}
		for _, b := range s.Calendar {
			if r := x.records[b.ID]; !b.Held && !r.State.Booked() {
				out = append(out, Violation{Rule: NothingHeld, EVSE: b.Slot.EVSE, Trip: r.Trip, Detail: fmt.Sprintf("the calendar has %s at %s, whose record is %q", b.ID, at(b.Slot), r.State)})
			}
		}
	}
	return out
}

// unfinished are trips without an end, and things left to do for ever.
func unfinished(x *index) []Violation {
	var out []Violation
	for _, t := range x.trips {
		why := ""
		switch {
		case !t.State.Settled():
			why = "is still " + string(t.State)
		case t.Saga.Stuck != nil:
			why = "is stuck: " + t.Saga.Stuck.Reason
		case history.LeftToDo(t):
			why = "has stops left to release or to exchange, or a plug that nobody has answered"
		case history.NothingToCome(t):
			why = "is CONFIRMED, has no stop left to come and asks nothing"
		}
		if why != "" {
			out = append(out, Violation{Rule: Unfinished, Trip: t.ID, Detail: why})
		}
	}
	for id, s := range x.final {
		if len(s.Unsettled) > 0 || s.Notices > 0 {
			out = append(out, Violation{Rule: Unfinished, Detail: fmt.Sprintf("%s has %d RESERVED that are not settled and %d notices", id, len(s.Unsettled), s.Notices)})
		}
	}
	return out
}

// oneRoad finds two CONFIRMED trips of one company and vehicle at one time.
func oneRoad(x *index) []Violation {
	type driver struct {
		origin  charging.CompanyID
		vehicle charging.VehicleID
	}
	roads := map[driver][]trip.Trip{}
	for _, t := range x.trips {
		if t.State == trip.Confirmed {
			d := driver{t.Origin, t.VehicleID}
			roads[d] = append(roads[d], t)
		}
	}
	var out []Violation
	for d, ts := range roads {
		slices.SortFunc(ts, func(a, b trip.Trip) int { return a.Span().Start.Compare(b.Span().Start) })
		for i := 1; i < len(ts); i++ {
			if ts[i].Span().Start.Before(ts[i-1].Span().End) {
				out = append(out, Violation{Rule: OneRoad, Trip: ts[i].ID, Detail: fmt.Sprintf("%s is on trip %s at the same time", d.vehicle, ts[i-1].ID)})
			}
		}
	}
	return out
}
