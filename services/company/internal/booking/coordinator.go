package booking

import (
	"context"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/saga"
)

// Coordinator books the trips that began at one server, and those that it takes
// over from servers of the same company that died. It is the engine's, with what
// a trip can be asked.
type Coordinator struct {
	*saga.Coordinator[trip.Trip, trip.Entry]
	o Options
}

// New checks the options; it starts nothing.
func New(o Options) (*Coordinator, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	engine, err := saga.New(kind{o}, o.Engine)
	if err != nil {
		return nil, err
	}
	return &Coordinator{engine, o}, nil
}

// Start journals a new trip and begins to book it. When it returns nil the trip
// will come to an end, whatever happens to this server. RATE_LIMITED when too
// many trips are in flight, STORE_UNAVAILABLE when nobody knows whether it was
// journaled.
func (c *Coordinator) Start(ctx context.Context, t trip.Trip) (trip.Trip, error) {
	t.State = trip.Reserving
	t.Saga.Epoch, t.Saga.Owner = 1, c.o.Owner
	for k := range t.Legs {
		t.Legs[k].Leg, t.Legs[k].State = k+1, trip.LegPlanned
		t.Legs[k].ReservationID = c.o.NewID()
	}
	return c.Coordinator.Start(ctx, t, entryOf(t, "create", "", "ok", ""))
}

// Wait returns the trip as soon as it is settled, awaits a decision, or the
// context ends, whichever comes first.
func (c *Coordinator) Wait(ctx context.Context, id charging.TripID) (trip.Trip, error) {
	return c.Coordinator.Wait(ctx, id, func(t trip.Trip) bool { return t.State.Settled() || t.State == trip.AwaitingDecision })
}

// WaitEnd returns the trip as soon as it is settled, or the context ends.
func (c *Coordinator) WaitEnd(ctx context.Context, id charging.TripID) (trip.Trip, error) {
	return c.Coordinator.Wait(ctx, id, func(t trip.Trip) bool { return t.State.Settled() })
}

// OnIdle calls f once the trip keeps this server busy no more: it is settled,
// waits for its driver or for another trip, or does not run here. booked is true
// for one that came to CONFIRMED without idling. f must not block; one per trip is
// called.
func (c *Coordinator) OnIdle(id charging.TripID, f func(booked bool)) {
	if !c.Coordinator.OnIdle(id, func(t trip.Trip) { f(t.State == trip.Confirmed) }) {
		f(false)
	}
}

// Decide answers a trip that awaits a decision, or a question about a lost stop
// of a CONFIRMED trip. NOT_AWAITING_DECISION, SLOT_TAKEN; the refusals of Shift,
// and with GiveUp of the whole trip those of Cancel.
func (c *Coordinator) Decide(ctx context.Context, id charging.TripID, choice Choice) (trip.Trip, error) {
	return c.Send(ctx, id, order{kind: orderDecide, choice: choice})
}

// Cancel ends a trip, as far as it can be. One that is not booked gives up: the
// wish is in the journal when this returns, and survives this server. Of a booked
// one every coming stop that is within its own terms is released; the others are
// in the answer's Kept. It is CANCELED when none is. Canceling what is CANCELED or
// ABORTED succeeds.
//
// CANCEL_TOO_LATE, SESSION_OPEN: nothing could be released.
func (c *Coordinator) Cancel(ctx context.Context, id charging.TripID) (trip.Trip, error) {
	return c.Send(ctx, id, order{kind: orderCancel})
}

// Shift changes stops of a CONFIRMED trip, whole or not at all: each of legs
// names its leg, company, EVSE and window. What is new is taken before anything
// is let go of, so the trip is whole at every instant (docs/adr/0004-moving-windows.md).
//
// The refusals of a hold and of charging.Mover; INVALID_FIELD and
// INVALID_WINDOW for stops that cannot be.
func (c *Coordinator) Shift(ctx context.Context, id charging.TripID, legs []trip.Leg) (trip.Trip, error) {
	return c.Send(ctx, id, order{kind: orderShift, legs: legs})
}

// Propose puts up a change that a CONFIRMED trip needs, or takes the present
// one down (nil).
func (c *Coordinator) Propose(ctx context.Context, id charging.TripID, p *trip.Decision) (trip.Trip, error) {
	return c.Send(ctx, id, order{kind: orderPropose, proposal: p})
}

// Plug begins the session of a stop: it is CHARGING in the journal when this
// returns. A repeat succeeds. An unplug that had overtaken it is carried out
// after it: then the stop is FULFILLED.
//
// The refusals of charging.Sessions.Start; VEHICLE_BUSY while another stop of the
// trip is CHARGING, SESSION_ENDED at one whose car has left, NO_RESERVATION_HERE
// at one that is no longer the trip's.
func (c *Coordinator) Plug(ctx context.Context, id charging.TripID, v Visit) (trip.Trip, error) {
	return c.Send(ctx, id, order{kind: orderPlug, visit: v})
}

// Unplug ends the session of a stop: it is FULFILLED, with its bill, in the
// journal when this returns. One that says when it was and comes before its plug
// is kept for it: the stop is RESERVED then, without an error.
//
// The refusals of charging.Sessions.Complete; TOO_EARLY for one that comes before
// its plug and does not say when it was.
func (c *Coordinator) Unplug(ctx context.Context, id charging.TripID, v Visit) (trip.Trip, error) {
	return c.Send(ctx, id, order{kind: orderUnplug, visit: v})
}

// Retry looks at a stuck trip at once.
func (c *Coordinator) Retry(ctx context.Context, id charging.TripID) (trip.Trip, error) {
	return c.Send(ctx, id, order{kind: orderRetry})
}

// Resolve ends a stuck trip by an operator's word that its stops are free.
func (c *Coordinator) Resolve(ctx context.Context, id charging.TripID, reason string) (trip.Trip, error) {
	return c.Send(ctx, id, order{kind: orderResolve, reason: reason})
}

// Notice brings what a company says about a stop to its trip. It returns nil
// when the notice is durable or needs no attention any more.
func (c *Coordinator) Notice(ctx context.Context, n charging.Notice) error {
	o := order{kind: orderNotice, notice: n}
	if _, running := c.Running(n.TripID); n.State == charging.Preempted && !running {
		// Only trips in flight hold what can be preempted. Who misses this learns it
		// at the next call.
		return c.Tell(ctx, n.TripID, o)
	}
	_, err := c.Send(ctx, n.TripID, o)
	return err
}
