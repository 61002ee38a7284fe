package booking

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// kept are the stops that a cancel cannot release now.
func (r booked) kept() []trip.Kept {
	var out []trip.Kept
	for _, l := range r.t.Legs {
		switch doubt := r.t.Saga.Plugging; {
		case l.State.Final():
		case l.State == charging.Charging, doubt != nil && doubt.ReservationID == l.ReservationID:
			out = append(out, trip.Kept{Leg: l.Leg, Code: charging.CodeSessionOpen})
		default:
			if until, bound := r.cancelableUntil(l); bound && r.o.Now().After(until) {
				out = append(out, trip.Kept{Leg: l.Leg, Code: charging.CodeCancelTooLate, Until: until.UTC()})
			}
		}
	}
	return out
}

// cancelableUntil is the end of a stop's terms; terms that cannot be read bind
// nobody.
func (r booked) cancelableUntil(l trip.Leg) (time.Time, bool) {
	if r.o.CancelableUntil == nil {
		return time.Time{}, false
	}
	ctx, cancel := context.WithTimeout(r.Context(), r.o.CallTimeout)
	defer cancel()
	return r.o.CancelableUntil(ctx, l)
}

// cancelBooked lets go of every coming stop of a booked trip that can be
// released, in one write, and then tells their companies.
func (r booked) cancelBooked() ([]trip.Kept, error) {
	kept := r.kept()
	staying := map[int]bool{}
	for _, k := range kept {
		staying[k.Leg] = true
	}
	released := 0
	for k := range r.t.Legs {
		if l := r.t.Legs[k]; !l.State.Final() && !staying[l.Leg] {
			released++
		}
	}
	if len(kept) > 0 && released == 0 {
		return kept, r.tooLate(kept[0])
	}
	r.cancel, r.t.Saga.CancelAsked = false, false
	for k := range r.t.Legs {
		if l := r.t.Legs[k]; !l.State.Final() && !staying[l.Leg] {
			r.giveBack(k)
		}
	}
	r.t.Answered()
	if r.t.Proposal != nil && !staying[r.t.Proposal.Leg] {
		r.t.Proposal = nil
	}
	r.MarkDone(r.doing)
	err := error(nil)
	if len(kept) > 0 {
		r.note("cancel", "", "ok", fmt.Sprintf("%d stops are released, %d are kept", released, len(kept)))
		err = r.Save()
	} else {
		r.t.Problem = problemOf(errCanceled)
		err = r.to(trip.Canceled, "canceled by the driver")
	}
	if err != nil {
		return kept, err
	}
	releasing(r).sweep()
	return kept, r.Context().Err()
}

// tooLate refuses a cancel that releases nothing, in the words of the first stop.
func (r booked) tooLate(k trip.Kept) error {
	l := r.t.Legs[k.Leg-1]
	if k.Code == charging.CodeSessionOpen {
		return charging.Refuse(k.Code, fmt.Sprintf("the car is charging at stop %d, %s: it ends when the car leaves; there is no other stop that could be canceled", l.Leg, l.EVSEID))
	}
	return charging.Refuse(k.Code, fmt.Sprintf("stop %d at %s could be canceled until %s; no coming stop is within its terms",
		l.Leg, l.EVSEID, k.Until.Format(time.RFC3339)))
}

// giveBack makes a stop CANCELED here; its reservation is to be released. What a
// shift was still to do at it is done with that.
func (r booked) giveBack(k int) {
	l := &r.t.Legs[k]
	gone := *l
	if s := r.t.Saga.Shift; s != nil {
		left := &trip.Shift{Phase: s.Phase}
		for _, t := range s.Takes {
			if t.Leg.Leg != l.Leg {
				left.Takes = append(left.Takes, t)
			} else if t.InPlace {
				gone.End = later(gone.End, t.Union().End) // its company may hold all of it
			}
		}
		if r.t.Saga.Shift = left; len(left.Takes) == 0 {
			r.t.Saga.Shift = nil
		}
	}
	r.abandon(gone)
	r.dropUnplugs(func(u trip.Unplug) bool { return u.ReservationID == l.ReservationID })
	l.State, l.ExpiresAt = charging.Canceled, nil
	l.Problem = &trip.Problem{Detail: "canceled by the driver"}
}

// keptNow answers a cancel that was carried out before, by a former owner.
func (r booked) keptNow() []trip.Kept {
	if r.t.State != trip.Confirmed {
		return nil
	}
	return slices.Clip(r.kept())
}

// wishCancel makes the wish to end a trip that is not booked durable.
func (r *run) wishCancel(c command) error {
	if r.t.State == trip.Compensating || r.cancel {
		return nil // it is on its way
	}
	r.t.Saga.CancelAsked = true
	r.MarkDone(c.ID)
	r.note("cancel", "", "ok", "asked for by the driver")
	if err := r.Save(); err != nil {
		return err
	}
	r.cancel = true
	return nil
}
