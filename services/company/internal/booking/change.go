package booking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/saga"
)

// changing replaces stops of a CONFIRMED trip, whole or not at all: what is new is
// taken before anything is let go of, so the trip is whole at every instant
// (docs/adr/0004-moving-windows.md).
type changing struct{ *run }

// propose makes a proposal durable and shows it.
func (r changing) propose(p *trip.Decision) error {
	if p == nil && r.t.Proposal == nil {
		return nil
	}
	if p != nil && (p.Leg < 1 || p.Leg > len(r.t.Legs) || r.t.Legs[p.Leg-1].State != charging.Reserved) {
		return charging.Refuse(charging.CodeUnknownAlternative, fmt.Sprintf("stop %d is no stop to come any more", p.Leg))
	}
	r.t.Proposal = p
	r.MarkDone(r.doing)
	if p == nil {
		r.note("propose", "", "withdrawn", "")
	} else {
		r.note("propose", "", string(p.Code), p.Detail)
	}
	return r.Save()
}

// change carries out new stops. What they rest on is looked at before anything is
// asked for.
func (r changing) change(legs []trip.Leg) error {
	for _, l := range legs {
		if err := r.mayReplace(l); err != nil {
			return err
		}
	}
	return r.withSpan(legs, func() error { return r.shift(legs) })
}

// mayReplace refuses a new stop in the place of one that is no longer what the
// change was made for, or whose car is at the plug or has left it. A car at the
// plug may stay longer.
func (r changing) mayReplace(l trip.Leg) error {
	if l.Leg < 1 || l.Leg > len(r.t.Legs) {
		return charging.Invalid("leg", fmt.Sprintf("%d is none of the trip's stops", l.Leg))
	}
	old := r.t.Legs[l.Leg-1]
	switch doubt := r.t.Saga.Plugging; {
	case old.State == charging.Fulfilled:
		return charging.Refuse(charging.CodeSessionEnded, fmt.Sprintf("stop %d at %s is over, its session is billed", l.Leg, old.EVSEID))
	case old.State == charging.Charging && (!r.inPlace(l) || !l.Start.Equal(old.Start)):
		return charging.Refuse(charging.CodeSessionOpen, fmt.Sprintf("the car is charging at stop %d, %s: it can only stay longer", l.Leg, old.EVSEID))
	case doubt != nil && doubt.ReservationID == old.ReservationID:
		return inDoubt(*doubt)
	case l.ReservationID != "" && (l.ReservationID != old.ReservationID || l.MoveSeq != old.MoveSeq):
		return charging.Refuse(charging.CodeUnknownAlternative, fmt.Sprintf("stop %d has changed since; ask for the present alternatives", l.Leg))
	}
	return nil
}

// inPlace reports whether a new stop overlaps the one that it replaces, so that
// only a move can get it.
func (r changing) inPlace(l trip.Leg) bool {
	old := r.t.Legs[l.Leg-1]
	return old.State.Booked() && old.EVSEID == l.EVSEID && old.Window().Overlaps(l.Window())
}

func (r changing) shift(legs []trip.Leg) error {
	if err := r.finishShift(); err != nil {
		return err
	}
	if r.t.Saga.Shift != nil {
		return &charging.Refusal{
			Code: charging.CodePeerUnavailable, RetryAfter: time.Second,
			Detail: "a change of this trip is not yet acknowledged everywhere; ask again shortly",
		}
	}
	takes, err := r.takes(legs)
	if err != nil {
		return err
	}
	r.t.Saga.Shift = &trip.Shift{Phase: trip.ShiftTake, Takes: takes}
	r.note("shift", "", "ok", fmt.Sprintf("journaled before %d stops are asked for", len(takes)))
	if err := r.Save(); err != nil {
		return err
	}
	// Last to first: the trip keeps its order whatever is refused.
	for i, t := range slices.Backward(takes) {
		res, err := r.take(t)
		takes[i].Leg.Fence = res.Fence
		if takes[i].Leg.State = charging.Reserved; res.State.Booked() {
			takes[i].Leg.State = res.State // CHARGING: its plug's answer was lost
		}
		if err != nil {
			if r.Fatal(err) {
				return err
			}
			return errors.Join(err, r.finishShift())
		}
	}
	r.commit(takes)
	r.MarkDone(r.doing)
	if err := r.Save(); err != nil {
		return err
	}
	if err := r.finishShift(); err != nil {
		return err
	}
	releasing(r).sweep()
	return r.Context().Err()
}

// takes checks the new stops against the trip and names their reservations.
func (r changing) takes(legs []trip.Leg) ([]trip.Take, error) {
	after := slices.Clone(r.t.Legs)
	takes := make([]trip.Take, 0, len(legs))
	for _, l := range legs {
		if slices.ContainsFunc(takes, func(t trip.Take) bool { return t.Leg.Leg == l.Leg }) {
			return nil, charging.Invalid("leg", fmt.Sprintf("%d comes twice", l.Leg))
		}
		old := r.t.Legs[l.Leg-1]
		t := trip.Take{Leg: l, InPlace: r.inPlace(l), Old: old.Window(), Seq: old.MoveSeq}
		t.Leg.State, t.Leg.Problem, t.Leg.ExpiresAt = charging.Reserved, nil, nil
		if t.InPlace {
			t.Leg.ReservationID, t.Leg.Fence, t.Leg.Attempts, t.Leg.Session = old.ReservationID, old.Fence, old.Attempts, old.Session
			t.Leg.State, t.Leg.BookedAt, t.Leg.MoveSeq = old.State, old.BookedAt, old.MoveSeq+2
		} else {
			t.Leg.ReservationID, t.Leg.Fence, t.Leg.Attempts, t.Leg.MoveSeq = r.o.NewID(), 0, 0, 0
			t.Leg.Session, t.Leg.BookedAt = nil, r.o.Now().UTC()
		}
		after[l.Leg-1] = t.Leg
		takes = append(takes, t)
	}
	slices.SortFunc(takes, func(a, b trip.Take) int { return a.Leg.Leg - b.Leg.Leg })
	return takes, inOrder(after)
}

// inOrder refuses stops that are not in travel order; those that are over or
// lost are in nobody's way.
func inOrder(legs []trip.Leg) error {
	last := trip.Leg{}
	for _, l := range legs {
		if l.State.Final() {
			continue
		}
		if last.Leg > 0 && l.Start.Before(last.End) {
			return charging.Refuse(charging.CodeInvalidWindow, fmt.Sprintf("stop %d would start before the end of stop %d", l.Leg, last.Leg))
		}
		last = l
	}
	return nil
}

// take takes one new stop beside the old one.
func (r changing) take(t trip.Take) (charging.Reservation, error) {
	if t.InPlace {
		return r.moveWindow(t, t.Seq+1, t.Union(), r.o.StepBudget)
	}
	return r.takeNew(t.Leg)
}

func (r changing) moveWindow(t trip.Take, seq int64, to charging.Window, budget time.Duration) (charging.Reservation, error) {
	ref := charging.Ref{
		ID: t.Leg.ReservationID, TripID: r.t.ID, Origin: r.t.Origin, EVSEID: t.Leg.EVSEID, End: t.Old.End,
		Epoch: r.t.Saga.Epoch, Owner: r.t.Saga.Owner,
	}
	return r.do(action{
		step: "move", leg: t.Leg.Leg, ref: ref,
		call: func(ctx context.Context, c charging.Company, ref charging.Ref) (charging.Reservation, error) {
			m, ok := c.(charging.Mover)
			if !ok {
				return charging.Reservation{}, charging.Refuse(charging.CodeUnknownRoute, string(ref.EVSEID.Company())+" moves no windows")
			}
			return m.Move(ctx, charging.Move{Ref: ref, Seq: seq, To: to})
		},
	}, budget)
}

// takeNew reserves and confirms a new stop, without a ticket.
func (r changing) takeNew(l trip.Leg) (charging.Reservation, error) {
	ref := charging.Ref{
		ID: l.ReservationID, TripID: r.t.ID, Origin: r.t.Origin, EVSEID: l.EVSEID, End: l.End,
		Epoch: r.t.Saga.Epoch, Owner: r.t.Saga.Owner,
	}
	_, err := r.do(action{
		step: "reserve", leg: l.Leg, ref: ref, holds: true,
		call: func(ctx context.Context, c charging.Company, ref charging.Ref) (charging.Reservation, error) {
			return c.Reserve(ctx, charging.HoldRequest{
				Ref: ref, Leg: l.Leg, Start: l.Start, VehicleID: r.t.VehicleID, TTL: r.o.HoldTTL,
			})
		},
	}, r.o.StepBudget)
	if err != nil {
		return charging.Reservation{}, err
	}
	ref.Epoch = r.t.Saga.Epoch
	return r.do(action{step: "confirm", leg: l.Leg, ref: ref, call: confirm}, r.o.ConfirmBudget)
}

// commit makes the new stops the trip's. Of one that was lost nothing is held.
func (r changing) commit(takes []trip.Take) {
	for _, t := range takes {
		k := t.Leg.Leg - 1
		switch old := r.t.Legs[k]; {
		case t.InPlace:
			t.Leg.Attempts = old.Attempts
		case old.State.Final():
			r.t.Saga.Left(old)
		default:
			r.abandon(old)
		}
		r.t.Legs[k] = t.Leg
		r.t.Answered(t.Leg.Leg)
		r.note("shifted", t.Leg.EVSEID, "ok", fmt.Sprintf("stop %d is %s in %s", t.Leg.Leg, t.Leg.State, t.Leg.Window()))
	}
	r.t.Proposal = nil
	r.t.Saga.Shift = &trip.Shift{Phase: trip.ShiftRelease, Takes: takes}
}

// finishShift ends a shift: one that was committed lets go of the old, any
// other one of the new. Both only give time back, so that no company can refuse
// for want of room. What a company does not acknowledge is left for the next
// look, until the windows are over. The error is fatal.
func (r changing) finishShift() error {
	s := r.t.Saga.Shift
	if s == nil {
		return nil
	}
	if s.Phase == trip.ShiftTake {
		s = r.backOut(s)
		if err := r.Save(); err != nil {
			return err
		}
	}
	var left []trip.Take
	for _, t := range s.Takes {
		to := t.Leg.Window()
		if s.Phase == trip.ShiftUndo {
			to = t.Old
		}
		over := r.t.Legs[t.Leg.Leg-1].State.Final() || r.o.Until(t.Union().End) <= 0
		if !t.InPlace || s.Phase == trip.ShiftRelease && to.Equal(t.Union()) || over {
			continue
		}
		res, err := r.moveWindow(t, t.Seq+2, to, 0)
		if r.Fatal(err) {
			return err
		}
		switch {
		case saga.Unknown(err):
			left = append(left, t)
		case err == nil:
			r.t.Legs[t.Leg.Leg-1].Fence = res.Fence
			if res.State == charging.Charging {
				r.t.Legs[t.Leg.Leg-1].State = res.State
			}
		}
	}
	r.t.Saga.Shift = nil
	if len(left) > 0 {
		r.t.Saga.Shift = &trip.Shift{Phase: s.Phase, Takes: left}
	}
	return r.Save()
}

// backOut turns a shift that was not committed around.
func (r changing) backOut(s *trip.Shift) *trip.Shift {
	for _, t := range s.Takes {
		if !t.InPlace {
			r.abandon(t.Leg)
			continue
		}
		r.t.Legs[t.Leg.Leg-1].MoveSeq = t.Seq + 2
	}
	r.note("shift", "", "undone", "the trip keeps its stops")
	r.t.Saga.Shift = &trip.Shift{Phase: trip.ShiftUndo, Takes: s.Takes}
	return r.t.Saga.Shift
}
