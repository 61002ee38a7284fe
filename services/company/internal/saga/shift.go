package saga

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Shift changes stops of a CONFIRMED trip, whole or not at all: each of legs
// names its leg, company, EVSE and window. What is new is taken before anything
// is let go of, so the trip is whole at every instant (docs/adr/0004).
//
// The refusals of a hold and of charging.Mover; INVALID_FIELD and
// INVALID_WINDOW for stops that cannot be.
func (c *Coordinator) Shift(ctx context.Context, id charging.TripID, legs []trip.Leg) (trip.Trip, error) {
	return c.command(ctx, id, message{kind: msgShift, legs: legs})
}

// Propose puts up a change that a CONFIRMED trip needs, or takes the present
// one down (nil).
func (c *Coordinator) Propose(ctx context.Context, id charging.TripID, p *trip.Decision) (trip.Trip, error) {
	return c.command(ctx, id, message{kind: msgPropose, proposal: p})
}

// propose makes a proposal durable and shows it.
func (r *run) propose(p *trip.Decision) error {
	if p == nil && r.t.Proposal == nil {
		return nil
	}
	r.t.Proposal = p
	r.mark(r.doing)
	if p == nil {
		r.note("propose", "", "withdrawn", "")
	} else {
		r.note("propose", "", string(p.Code), p.Detail)
	}
	return r.save()
}

// change carries out new stops: one that is apart from what the trip holds is
// swapped, anything else is shifted.
func (r *run) change(legs []trip.Leg) error {
	return r.moving(legs, func() error { return r.changeNow(legs) })
}

func (r *run) changeNow(legs []trip.Leg) error {
	if len(legs) == 1 && legs[0].Leg >= 1 && legs[0].Leg <= len(r.t.Legs) && !r.moves(legs[0]) {
		after := slices.Clone(r.t.Legs)
		after[legs[0].Leg-1] = legs[0]
		after[legs[0].Leg-1].State = charging.Reserved
		if err := inOrder(after); err != nil {
			return err
		}
		return r.swap(legs[0])
	}
	return r.shift(legs)
}

// moves reports whether a new stop overlaps the one that it replaces, so that
// only a move can get it.
func (r *run) moves(l trip.Leg) bool {
	old := r.t.Legs[l.Leg-1]
	return old.State == charging.Reserved && old.EVSEID == l.EVSEID && old.Window().Overlaps(l.Window())
}

func (r *run) shift(legs []trip.Leg) error {
	if err := r.settleShift(); err != nil {
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
	if err := r.save(); err != nil {
		return err
	}
	// Last to first: the trip keeps its order whatever is refused.
	for i, t := range slices.Backward(takes) {
		res, err := r.take(t)
		takes[i].Leg.Fence = res.Fence
		if err != nil {
			if r.fatal(err) {
				return err
			}
			return errors.Join(err, r.settleShift())
		}
	}
	r.commit(takes)
	r.mark(r.doing)
	if err := r.save(); err != nil {
		return err
	}
	if err := r.settleShift(); err != nil {
		return err
	}
	r.sweep()
	return r.ctx.Err()
}

// takes checks the new stops against the trip and names their reservations.
func (r *run) takes(legs []trip.Leg) ([]trip.Take, error) {
	after := slices.Clone(r.t.Legs)
	takes := make([]trip.Take, 0, len(legs))
	for _, l := range legs {
		if l.Leg < 1 || l.Leg > len(after) || slices.ContainsFunc(takes, func(t trip.Take) bool { return t.Leg.Leg == l.Leg }) {
			return nil, charging.Invalid("leg", fmt.Sprintf("%d is none of the trip's stops, or comes twice", l.Leg))
		}
		old := r.t.Legs[l.Leg-1]
		if old.State == charging.Fulfilled {
			return nil, charging.Invalid("leg", fmt.Sprintf("stop %d is over", l.Leg))
		}
		t := trip.Take{Leg: l, Moves: r.moves(l), Old: old.Window(), Seq: old.Moves}
		t.Leg.State, t.Leg.Problem, t.Leg.ExpiresAt, t.Leg.Session = charging.Reserved, nil, nil, nil
		if t.Moves {
			t.Leg.ReservationID, t.Leg.Fence, t.Leg.Attempts, t.Leg.Session = old.ReservationID, old.Fence, old.Attempts, old.Session
			t.Leg.Moves = old.Moves + 2
		} else {
			if old.Session != nil {
				return nil, charging.Invalid("leg", fmt.Sprintf("the car has plugged in at stop %d: it can only stay longer", l.Leg))
			}
			t.Leg.ReservationID, t.Leg.Fence, t.Leg.Attempts, t.Leg.Moves = r.c.o.NewID(), 0, 0, 0
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
		if final(l.State) {
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
func (r *run) take(t trip.Take) (charging.Reservation, error) {
	if t.Moves {
		return r.moveTo(t, t.Seq+1, t.Union(), r.c.o.StepBudget)
	}
	return r.takeNew(t.Leg)
}

func (r *run) moveTo(t trip.Take, seq int64, to charging.Window, budget time.Duration) (charging.Reservation, error) {
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

// commit makes the new stops the trip's.
func (r *run) commit(takes []trip.Take) {
	for _, t := range takes {
		k := t.Leg.Leg - 1
		if !t.Moves {
			r.abandon(r.t.Legs[k])
		} else {
			t.Leg.Attempts = r.t.Legs[k].Attempts
		}
		r.t.Legs[k] = t.Leg
		if r.t.Decision != nil && r.t.Decision.Leg == t.Leg.Leg {
			r.t.Decision = nil
		}
		r.note("shifted", t.Leg.EVSEID, "ok", fmt.Sprintf("stop %d is RESERVED in %s", t.Leg.Leg, t.Leg.Window()))
	}
	r.t.Proposal = nil
	r.t.Saga.Shift = &trip.Shift{Phase: trip.ShiftRelease, Takes: takes}
}

// settleShift ends a shift: one that was committed lets go of the old, any
// other one of the new. Both only give time back, so that no company can refuse
// for want of room. What a company does not acknowledge is left for the next
// look, until the windows are over. The error is fatal.
func (r *run) settleShift() error {
	s := r.t.Saga.Shift
	if s == nil {
		return nil
	}
	if s.Phase == trip.ShiftTake {
		s = r.backOut(s)
		if err := r.save(); err != nil {
			return err
		}
	}
	var left []trip.Take
	for _, t := range s.Takes {
		to := t.Leg.Window()
		if s.Phase == trip.ShiftUndo {
			to = t.Old
		}
		over := final(r.t.Legs[t.Leg.Leg-1].State) || r.c.o.Until(t.Union().End) <= 0
		if !t.Moves || s.Phase == trip.ShiftRelease && to.Equal(t.Union()) || over {
			continue
		}
		res, err := r.moveTo(t, t.Seq+2, to, 0)
		if r.fatal(err) {
			return err
		}
		switch {
		case unknown(err):
			left = append(left, t)
		case err == nil:
			r.t.Legs[t.Leg.Leg-1].Fence = res.Fence
		}
	}
	r.t.Saga.Shift = nil
	if len(left) > 0 {
		r.t.Saga.Shift = &trip.Shift{Phase: s.Phase, Takes: left}
	}
	return r.save()
}

// backOut turns a shift that was not committed around.
func (r *run) backOut(s *trip.Shift) *trip.Shift {
	for _, t := range s.Takes {
		if !t.Moves {
			r.abandon(t.Leg)
			continue
		}
		r.t.Legs[t.Leg.Leg-1].Moves = t.Seq + 2
	}
	r.note("shift", "", "undone", "the trip keeps its stops")
	r.t.Saga.Shift = &trip.Shift{Phase: trip.ShiftUndo, Takes: s.Takes}
	return r.t.Saga.Shift
}

// legsOf are the new stops of an alternative.
func (r *run) legsOf(a trip.Alternative) []trip.Leg {
	l := r.t.Legs[a.Leg-1]
	l.CompanyID, l.EVSEID, l.Start, l.End = a.CompanyID, a.EVSEID, a.Start.UTC(), a.End.UTC()
	if len(a.LaterStops) == 0 { // else it is the price of them all
		l.Price += a.DeltaPrice
	}
	legs := []trip.Leg{l}
	for _, m := range a.LaterStops {
		if m.Leg < 1 || m.Leg > len(r.t.Legs) {
			continue
		}
		l := r.t.Legs[m.Leg-1]
		l.CompanyID, l.EVSEID, l.Start, l.End = m.CompanyID, m.EVSEID, m.Start.UTC(), m.End.UTC()
		legs = append(legs, l)
	}
	return legs
}
