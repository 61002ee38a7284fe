package saga

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// restRounds is how often a canceled trip tries to release its stops before it
// leaves the rest to its next look.
const restRounds = 3

// rest looks after a trip whose booking is decided: commands, a swap that was
// interrupted, stops left to release, and in the end COMPLETED.
func (r *run) rest() error {
	if r.t.State == trip.Confirmed {
		if err := r.restConfirmed(); err != nil {
			return err
		}
	}
	if r.t.State == trip.Completed { // a company may have been away until the end
		if err := r.settleShift(); err != nil {
			return err
		}
	}
	if r.t.State != trip.Confirmed {
		r.readMailbox()
	}
	r.sweep()
	if r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	if len(r.mailbox) > 0 {
		return nil
	}
	return r.settle()
}

func (r *run) restConfirmed() error {
	if s := r.t.Saga.Swap; s != nil {
		r.undoSwap()
	}
	if err := r.settleShift(); err != nil {
		return err
	}
	if r.cancel {
		return r.cancelBooked()
	}
	for r.t.State == trip.Confirmed {
		select {
		case m := <-r.mailbox:
			if err := r.serveBooked(m); err != nil {
				return err
			}
			continue
		default:
		}
		break
	}
	if d := r.t.Decision; d != nil && time.Now().After(d.ExpiresAt) {
		r.t.Decision = nil
		r.note("decide", "", "missed", "the stop stays canceled, the others are kept")
	}
	if r.t.State == trip.Confirmed && (r.allFinal() || r.isOver()) {
		if err := r.t.Move(trip.Completed); err != nil {
			return err
		}
		r.note("state", "", string(trip.Completed), "the last window has ended")
	}
	return nil
}

func (r *run) allFinal() bool {
	for _, l := range r.t.Legs {
		if !final(l.State) {
			return false
		}
	}
	return true
}

// serveBooked carries out a command on a CONFIRMED trip and answers it.
func (r *run) serveBooked(m message) error {
	if r.did(m) {
		m.answer(r, nil)
		return nil
	}
	r.doing = m.id
	defer func() { r.doing = "" }()
	var err error
	switch m.kind {
	case msgCancel:
		err = r.cancelBooked()
	case msgSwap:
		err = r.change([]trip.Leg{m.leg})
	case msgShift:
		err = r.change(m.legs)
	case msgPropose:
		err = r.propose(m.proposal)
	case msgDecide:
		err = r.decideBooked(m.choice)
	case msgNotice:
		return r.noticedBooked(m)
	case msgPark:
	default:
		r.receive(m)
		return nil
	}
	if err != nil && charging.CodeOf(err) == "" {
		err = &charging.Refusal{
			Code: charging.CodePeerUnavailable, Detail: "the company could not be asked; the trip keeps its stops",
			RetryAfter: time.Second, Cause: err,
		}
	}
	m.answer(r, err)
	if r.fatal(err) {
		return err
	}
	return nil // a refused command leaves the trip as before
}

// cancelBooked makes CANCELED durable and then releases the stops.
func (r *run) cancelBooked() error {
	r.t.Decision, r.t.Proposal = nil, nil
	r.t.Saga.Shift = nil // what it took under the trip's ids is released with them
	r.t.Problem = problemOf(errCanceled)
	r.mark(r.doing)
	if err := r.to(trip.Canceled, "canceled by the driver"); err != nil {
		return err
	}
	r.sweep()
	return r.ctx.Err()
}

// sweep releases what a decided trip still holds or has abandoned, a few times;
// what is left then is stuck, visible, and looked at again later.
func (r *run) sweep() {
	for n := range restRounds {
		var left []unreleased
		if r.t.State == trip.Canceled {
			left = r.releaseLegs()
		}
		left = append(left, r.releaseAbandoned()...)
		if len(left) == 0 {
			if len(r.t.Saga.Abandoned) == 0 {
				r.t.Saga.Stuck = nil
			}
			return
		}
		u := left[0]
		s := trip.Stuck{Since: time.Now().UTC()}
		if r.t.Saga.Stuck != nil {
			s = *r.t.Saga.Stuck
		}
		s.Leg, s.Attempts, s.NextRetry = u.leg, s.Attempts+1, time.Now().Add(longestPause).UTC()
		s.Reason = fmt.Sprintf("%s has not acknowledged the release: %s", u.company, detail(u.err))
		r.t.Saga.Stuck = &s
		if !sleep(r.ctx, backoff(n)) {
			return
		}
	}
}

// noticedBooked keeps what a company says about a booked stop. A withdrawn one
// is asked about; under the policy replan the trip then answers by itself.
func (r *run) noticedBooked(m message) error {
	lost := r.noticed(m.notice) && m.notice.State == charging.Canceled
	if lost {
		r.lostBooked(m.notice.Leg)
	}
	err := r.save()
	m.answer(r, err)
	if err != nil || !lost || r.t.OnConflict != trip.Replan {
		return err
	}
	return r.replanBooked()
}

// replanBooked takes the best alternative for a withdrawn stop that can be had.
// Where none can, or the server dies meanwhile, the question stands.
func (r *run) replanBooked() error {
	for _, a := range r.t.Decision.Alternatives {
		err := r.decideBooked(Choice{Take: &a})
		if err == nil || r.fatal(err) {
			return err
		}
	}
	return nil
}

// lostBooked asks for a decision about one withdrawn stop of a booked trip.
func (r *run) lostBooked(leg int) {
	l := r.t.Legs[leg-1]
	r.t.Decision = &trip.Decision{
		Leg: leg, Code: l.Problem.Code, Detail: l.Problem.Detail,
		ExpiresAt:    time.Now().Add(r.t.Saga.DecisionTimeout).UTC().Truncate(time.Millisecond),
		Alternatives: r.alternatives(leg),
	}
}

// decideBooked answers the decision about one stop of a booked trip.
func (r *run) decideBooked(c Choice) error {
	d := r.t.Decision
	switch {
	case d == nil || time.Now().After(d.ExpiresAt):
		return charging.Refuse(charging.CodeNotAwaitingDecision, "the trip is CONFIRMED and awaits no decision")
	case c.GiveUp:
		return r.cancelBooked()
	case c.Wait:
		return charging.Refuse(charging.CodeSlotTaken, "there is nobody to wait for: "+d.Detail)
	}
	return r.change(r.legsOf(*c.Take))
}

// swap takes a new stop before it lets go of the old one, so that the trip is
// whole at every instant: journal the new id, reserve, confirm, journal the
// exchange, and only then compensate the old stop.
func (r *run) swap(l trip.Leg) error {
	k := l.Leg - 1
	l.ReservationID, l.State, l.Attempts, l.Problem, l.Fence, l.ExpiresAt = r.c.o.NewID(), trip.LegPlanned, 0, nil, 0, nil
	r.t.Saga.Swap = &trip.Swap{Leg: l}
	r.note("swap", l.EVSEID, "ok", "journaled before the new stop is asked for")
	if err := r.save(); err != nil {
		return err
	}
	res, err := r.takeNew(l)
	if r.fatal(err) {
		return err
	}
	if err != nil {
		r.undoSwap()
		return errors.Join(err, r.save())
	}
	r.abandon(r.t.Legs[k])
	l.State, l.Fence, l.Moves = res.State, res.Fence, 0
	r.t.Legs[k], r.t.Saga.Swap, r.t.Proposal = l, nil, nil
	if r.t.Decision != nil && r.t.Decision.Leg == l.Leg {
		r.t.Decision = nil
	}
	r.mark(r.doing)
	r.note("swapped", l.EVSEID, "ok", "the new stop is RESERVED")
	if err := r.save(); err != nil {
		return err
	}
	r.sweep()
	return r.ctx.Err()
}

// takeNew reserves and confirms the new stop of a swap, without a ticket.
func (r *run) takeNew(l trip.Leg) (charging.Reservation, error) {
	ref := charging.Ref{
		ID: l.ReservationID, TripID: r.t.ID, Origin: r.t.Origin, EVSEID: l.EVSEID, End: l.End,
		Epoch: r.t.Saga.Epoch, Owner: r.t.Saga.Owner,
	}
	_, err := r.do(action{
		step: "reserve", leg: l.Leg, ref: ref, holds: true,
		call: func(ctx context.Context, c charging.Company, ref charging.Ref) (charging.Reservation, error) {
			return c.Reserve(ctx, charging.HoldRequest{
				Ref: ref, Leg: l.Leg, Start: l.Start, VehicleID: r.t.VehicleID, TTL: r.c.o.HoldTTL,
			})
		},
	}, r.c.o.StepBudget)
	if err != nil {
		return charging.Reservation{}, err
	}
	ref.Epoch = r.t.Saga.Epoch
	return r.do(action{step: "confirm", leg: l.Leg, ref: ref, call: confirm}, r.c.o.ConfirmBudget)
}

// undoSwap lets go of a new stop that was not exchanged: the old one is still
// the trip's.
func (r *run) undoSwap() {
	r.abandon(r.t.Saga.Swap.Leg)
	r.t.Saga.Swap = nil
	r.note("swap", "", "undone", "the trip keeps its stop")
}

// Cancel ends a trip: one that is not booked gives up, a booked one is CANCELED.
// Canceling twice succeeds. The front desk judges the terms.
func (c *Coordinator) Cancel(ctx context.Context, id charging.TripID) (trip.Trip, error) {
	return c.command(ctx, id, message{kind: msgCancel})
}

// Swap replaces one stop of a CONFIRMED trip; l names leg, company, EVSE and
// window of the new one.
func (c *Coordinator) Swap(ctx context.Context, id charging.TripID, l trip.Leg) (trip.Trip, error) {
	return c.command(ctx, id, message{kind: msgSwap, leg: l})
}

// Retry looks at a stuck trip at once.
func (c *Coordinator) Retry(ctx context.Context, id charging.TripID) (trip.Trip, error) {
	return c.command(ctx, id, message{kind: msgRetry})
}

// Resolve ends a stuck trip by an operator's word that its stops are free.
func (c *Coordinator) Resolve(ctx context.Context, id charging.TripID, reason string) (trip.Trip, error) {
	return c.command(ctx, id, message{kind: msgResolve, reason: reason})
}

// Notice brings what a company says about a stop to its trip. It returns nil
// when the notice is durable or needs no attention any more.
func (c *Coordinator) Notice(ctx context.Context, n charging.Notice) error {
	m := message{kind: msgNotice, notice: n}
	if n.State == charging.Preempted && c.running(n.TripID) == nil {
		return c.passOn(ctx, n.TripID, m)
	}
	_, err := c.command(ctx, n.TripID, m)
	return err
}

// passOn leaves a message for the server where the trip is in flight, if any:
// only trips in flight hold what can be preempted. Nobody waits for an answer:
// who misses it learns at the next call.
func (c *Coordinator) passOn(ctx context.Context, id charging.TripID, m message) error {
	if c.o.Inbox == nil {
		return nil
	}
	m.id = newCommandID()
	l, err := m.letter()
	if err != nil {
		return err
	}
	posted, err := c.o.Inbox.Post(ctx, id, l, letterLife)
	if posted {
		c.o.Ring(id)
	}
	return err
}
