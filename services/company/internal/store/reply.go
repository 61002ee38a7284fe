package store

import (
	"fmt"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// forgotten is a script's answer where a location's incarnation is not the one
// that is expected.
const forgotten charging.Code = "LOST"

// suspended is a script's answer to a company that the operator has suspended.
const suspended charging.Code = "SUSPENDED"

// answered is the length of answer() in scripts/lib_calendar.lua; what a script adds
// stands behind it.
const answered = 2

// reservation reads what answer() wrote.
func reservation(id charging.ReservationID, r reply) charging.Reservation {
	f := r.fields(1)
	out := charging.Reservation{
		ID: id, Replay: f.str("replay") == "1", State: charging.State(f.str("state")), Fence: f.num("fence"), Epoch: f.num("epoch"),
		TTL: time.Duration(f.num("ttl")) * time.Millisecond, Settled: f.str("settled") == "1", GrantedAt: f.str("granted_at"),
		Reason: f.str("reason"),
	}
	who, what := strings.SplitN(f.str("who"), "|", 4), strings.SplitN(f.str("what"), "|", 3)
	if len(who) == 4 {
		out.TripID, out.Origin, out.EVSEID = charging.TripID(who[0]), charging.CompanyID(who[1]), charging.EVSEID(who[2])
		out.Window.End = fromSeconds(number(who[3]))
		out.Window.Start = out.Window.End // a tombstone knows no more
	}
	if len(what) == 3 {
		out.Leg, out.Window.Start = int(number(what[0])), fromSeconds(number(what[1]))
		out.VehicleID = charging.VehicleID(what[2])
	}
	if started := f.num("started"); started > 0 {
		out.Started = time.UnixMilli(started).UTC()
		out.Session = session(out.Window, out.Started, f.str("done"), f.str("estimated") == "1")
		out.Open = f.str("asked") != ""
	}
	return out
}

// refusal makes a script's {CODE, …} a refusal that says what happened, to
// what, and what to do next.
func refusal(at charging.At, r reply) *charging.Refusal {
	out := &charging.Refusal{Code: charging.Code(r.str(0))}
	what := fmt.Sprintf("reservation %s on %s", at.ID, at.EVSEID)
	switch out.Code {
	case forgotten:
		out.Code, out.RetryAfter = charging.CodeStoreUnavailable, retryAfter
		out.Detail = "the store has lost its memory of " + string(at.Location) + ": nothing is granted there until it has been recovered"
	case charging.CodeTicketInvalid:
		out.Detail = fmt.Sprintf("trip %s has shown a ticket with another stamp at %s", at.TripID, at.Location)
	case suspended:
		*out = *charging.Barred(at.Origin, r.str(1))
	case charging.CodeSlotTaken, charging.CodePriorityLost:
		out.Conflict = conflict(at, r)
		out.Detail = conflictDetail(out.Code, at, out.Conflict)
	case charging.CodeEVSEOccupied:
		out.Conflict = &charging.Conflict{
			EVSEID: at.EVSEID, State: charging.Charging, Settled: true,
			Window: charging.Window{Start: fromSeconds(r.num(1)), End: fromSeconds(r.num(2))},
		}
		out.Detail = fmt.Sprintf("another car is at %s, whose window is %s: wait until it has left, or take an alternative", at.EVSEID, out.Conflict.Window)
	case charging.CodeQuotaExceeded:
		quota(out, at, r)
	case charging.CodeStaleOwner:
		out.SeenEpoch = r.num(1)
		out.Detail = fmt.Sprintf("trip %s has been seen under epoch %d; epoch %d of owner %q is over: whoever holds the lease raises its epoch above it",
			at.TripID, out.SeenEpoch, at.Epoch, at.Owner)
	case charging.CodeIDReused:
		out.Fields = []charging.FieldError{{Field: r.str(1), Reason: "differs from the first request with this reservation_id"}}
		out.Detail = what + " was first used with another " + r.str(1) + "; take a new id"
	case charging.CodeForbidden:
		out.Detail = what + " belongs to another company"
	case charging.CodeAlreadyCompensated:
		out.Detail = what + " has been released" + because(r.str(1)) + "; take a new id"
	case charging.CodeHoldExpired:
		out.Detail = "the hold of " + what + " has lapsed; take a new id"
	case charging.CodeHoldPreempted:
		out.Detail = what + " went to a trip with an older ticket; choose another stop, with a new id"
	case charging.CodeEVSEOutOfService:
		out.Detail = string(at.EVSEID) + " is out of service" + because(r.str(1)) + "; choose another"
	case charging.CodeInvalidWindow:
		if r.str(1) == vehicleField {
			return twice(at, r)
		}
		out.Detail = "the window of " + what + " ended at " + at.End.UTC().Format(time.RFC3339)
		out.Fields = []charging.FieldError{{Field: "end", Reason: "lies in the past"}}
		if r.str(1) == "start" {
			out.Detail = "the new window of " + what + " begins in the past, or its car has plugged in: keep the start"
			out.Fields = []charging.FieldError{{Field: "to.start", Reason: "lies in the past, or must stay as it is"}}
		}
	default:
		out.Detail = sessionDetail(out.Code, what, r)
	}
	return out
}

func sessionDetail(code charging.Code, what string, r reply) string {
	window := ""
	if r.num(1) > 0 {
		window = ": its window is " + charging.Window{Start: fromSeconds(r.num(1)), End: fromSeconds(r.num(2))}.String()
	}
	switch code {
	case charging.CodeSessionOpen:
		return "a car is at the plug of " + what + ": it stays until it has left, or until the EVSE goes out of service"
	case charging.CodeUnknownReservation:
		return "there is no " + what
	case charging.CodeNoReservationHere:
		if r.str(1) != "" {
			return what + " is " + r.str(1) + ", not RESERVED"
		}
		return "there is no " + what
	case charging.CodeTooEarly:
		switch {
		case window == "":
			return what + " is only CLAIMED: reserve it before confirming"
		case r.str(4) == "absent":
			return "the car of " + what + " has not plugged in, so it cannot leave: plug in first, or send the plug that has not arrived" + window
		case r.num(3) > 0:
			return "the EVSE is another's until " + fromSeconds(r.num(3)).Format(time.RFC3339) + ", before " + what + window
		}
		return "too early for " + what + window
	case charging.CodeTooLate:
		return "too late for " + what + window
	}
	return what + ": " + string(code)
}

func conflict(at charging.At, r reply) *charging.Conflict {
	c := &charging.Conflict{
		EVSEID: at.EVSEID, Own: r.str(1) == "1", Settled: r.str(2) == "1", State: charging.State(r.str(3)),
		Window:    charging.Window{Start: fromSeconds(r.num(4)), End: fromSeconds(r.num(5))},
		GrantedAt: r.str(6), ReservationID: charging.ReservationID(r.str(7)),
	}
	if who := strings.SplitN(r.str(8), "|", 4); len(who) == 4 {
		c.TripID, c.Origin = charging.TripID(who[0]), charging.CompanyID(who[1])
	}
	return c
}

func conflictDetail(code charging.Code, at charging.At, c *charging.Conflict) string {
	where := fmt.Sprintf("%s is %s in %s", at.EVSEID, c.State, c.Window)
	switch {
	case c.Own:
		return where + " by this very trip, under reservation " + string(c.ReservationID)
	case code == charging.CodePriorityLost:
		return where + " by a trip that is ahead; wait for it or choose another stop"
	case !c.Settled:
		return where + " by a trip that is still confirming; try again soon"
	}
	return where + "; choose another time or stop"
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}
