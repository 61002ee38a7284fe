package judge

import (
	"fmt"
	"slices"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

// older is the order of tickets: the smaller (granted_at, trip) goes first, and
// no ticket is younger than every ticket.
func older(a string, atrip charging.TripID, b string, btrip charging.TripID) bool {
	switch {
	case a == "":
		return false
	case b == "":
		return true
	case len(a) != len(b):
		return len(a) < len(b)
	case a != b:
		return a < b
	}
	return atrip < btrip
}

// claims: whoever was refused with PRIORITY_LOST met a hold that goes before it.
func claims(x *index) []Violation {
	var out []Violation
	for _, c := range x.claims {
		if c.Code != charging.CodePriorityLost || c.GrantedAt == "" || c.AheadTrip == "" {
			continue
		}
		if older(c.GrantedAt, c.Trip, c.Ahead, c.AheadTrip) {
			out = append(out, Violation{Rule: Priority, Trip: c.Trip, EVSE: c.EVSE, Detail: fmt.Sprintf(
				"%s with the ticket of %s was refused for the younger %s of trip %s", c.Step, c.GrantedAt, orNone(c.Ahead), c.AheadTrip)})
		}
	}
	return out
}

// preempted: every PREEMPTED lost to an older ticket that wanted its window.
func preempted(x *index) []Violation {
	var out []Violation
	for _, r := range x.records {
		if r.State != charging.Preempted || x.its(r) {
			continue
		}
		by := func(o history.Reservation) bool {
			return o.Trip != r.Trip && o.Slot.Window.Overlaps(r.Slot.Window) && older(o.GrantedAt, o.Trip, r.GrantedAt, r.Trip)
		}
		if !slices.ContainsFunc(x.byEVSE[r.Slot.EVSE], by) {
			out = append(out, Violation{Rule: Priority, Trip: r.Trip, EVSE: r.Slot.EVSE, Detail: fmt.Sprintf(
				"%s with the ticket of %s is PREEMPTED, and no older one was there", r.ID, orNone(r.GrantedAt))})
		}
	}
	return out
}

// preemptions: who was said to have gone first holds the older ticket.
func preemptions(x *index) []Violation {
	var out []Violation
	for _, p := range x.lost {
		r, known := x.records[p.ReservationID]
		by := x.trips[p.By]
		if !known || by.Ticket == nil {
			continue // of a trip without a record, or one that ended before its ticket was journaled
		}
		if !older(by.Ticket.GrantedAt, p.By, r.GrantedAt, p.Trip) {
			out = append(out, Violation{Rule: Priority, Trip: p.Trip, EVSE: r.Slot.EVSE, Detail: fmt.Sprintf(
				"%s with the ticket of %s was preempted by the younger %s of trip %s", r.ID, orNone(r.GrantedAt), by.Ticket.GrantedAt, p.By)})
		}
	}
	return out
}

func orNone(ticket string) string {
	if ticket == "" {
		return "(none)"
	}
	return ticket
}

// fences: no two reservations of an EVSE share a fence, and a trip that was
// asked for after another was booked has the higher one.
func fences(x *index) []Violation {
	var out []Violation
	for evse, rs := range x.byEVSE {
		seen := map[int64]charging.ReservationID{}
		for _, r := range rs {
			if r.Fence == 0 {
				continue
			}
			if other, again := seen[r.Fence]; again {
				out = append(out, Violation{Rule: Fences, EVSE: evse, Detail: fmt.Sprintf("%s and %s both have %d", other, r.ID, r.Fence)})
			}
			seen[r.Fence] = r.ID
		}
	}
	return append(out, risen(x)...)
}

// risen compares bookings whose order is known from outside.
func risen(x *index) []Violation {
	var out []Violation
	byEVSE := map[charging.EVSEID][]booked{}
	for _, b := range x.bookings() {
		if b.fence > 0 && b.told < forever && !x.dishonest(b.slot.EVSE) {
			byEVSE[b.slot.EVSE] = append(byEVSE[b.slot.EVSE], b)
		}
	}
	for evse, bs := range byEVSE {
		slices.SortFunc(bs, func(a, b booked) int { return int(a.told - b.told) })
		byCall := slices.Clone(bs)
		slices.SortFunc(byCall, func(a, b booked) int { return int(a.asked - b.asked) })
		var highest booked
		next := 0
		for _, b := range byCall {
			for ; next < len(bs) && bs[next].told < b.asked; next++ {
				if bs[next].fence > highest.fence {
					highest = bs[next]
				}
			}
			if b.fence < highest.fence {
				out = append(out, Violation{Rule: Fences, EVSE: evse, Trip: b.trip, Detail: fmt.Sprintf(
					"%d was given after %d of trip %s", b.fence, highest.fence, highest.trip)})
			}
		}
	}
	return out
}
