package saga

import (
	"context"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Choice is a driver's answer to a question, checked by the front desk: exactly
// one of Take, Wait and GiveUp is set.
type Choice struct {
	// Leg is the stop that is asked about. 0 is the first question; with GiveUp it
	// is the whole trip, which ends as by Cancel. A trip that is not booked yet is
	// booked whole or not at all: to give up its lost stop is to give it up.
	Leg int
	// Take is the alternative to go on with.
	Take *trip.Alternative
	// Wait for the older trip that is ahead.
	Wait bool
	// GiveUp lets the stop go.
	GiveUp bool
}

// askAbout turns to AWAITING_DECISION: why, until when, and what is left.
func (r *run) askAbout(lost *lostStop) error {
	p := problemOf(lost.err)
	r.t.Saga.AttemptEnds = nil
	r.t.Answered()
	r.t.Ask(trip.Decision{
		Leg: lost.k + 1, Code: p.Code, Detail: inWords(p), ExpiresAt: r.deadline(), Alternatives: r.alternatives(lost.k + 1),
	})
	return r.to(trip.AwaitingDecision, p.Detail)
}

// inWords says to a driver why a stop was lost.
func inWords(p *trip.Problem) string {
	switch p.Code {
	case charging.CodePriorityLost, charging.CodeHoldPreempted:
		return "another driver reserved first and has priority on this stop"
	case charging.CodeSlotTaken:
		return "this stop is already booked by another driver at that time"
	case charging.CodeEVSEOutOfService:
		return "this charger is out of service"
	case charging.CodePeerUnavailable, charging.CodeStoreUnavailable:
		return "the company of this stop cannot be reached"
	case charging.CodeQuotaExceeded:
		return "the company of this stop takes no more of our trips' stops now; another company's may do"
	}
	return p.Detail
}

// ask keeps the other stops held until the driver has chosen or the deadline
// has passed.
func (r *run) ask() error {
	if r.t.Decision == nil {
		return r.giveUp(charging.Refuse(charging.CodeNotAwaitingDecision, "the decision was lost"))
	}
	r.rests()
	deadline := time.NewTimer(time.Until(r.t.Decision.ExpiresAt))
	defer deadline.Stop()
	renew := time.NewTicker(r.c.o.HoldTTL / 3)
	defer renew.Stop()
	for r.t.State == trip.AwaitingDecision {
		select {
		case <-r.ctx.Done():
			return r.ctx.Err()
		case <-deadline.C:
			d := r.t.Decision
			return r.giveUp(charging.Refuse(d.Code, "no decision came in time: "+d.Detail))
		case <-renew.C:
			_ = r.keepHolds(r.c.o.HoldTTL / 2)
		case m := <-r.mailbox:
			if err := r.answerWhileAsking(m); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) answerWhileAsking(m message) error {
	if m.kind != msgDecide || r.did(m) {
		r.receive(m)
		switch r.wish() {
		case errCanceled:
			return r.giveUp(errCanceled)
		case errParked:
			return r.parkNow()
		}
		if m.kind == msgNotice {
			return r.save() // the driver sees at once what else was lost
		}
		return nil
	}
	r.mark(m.id)
	err := r.decide(m.choice)
	m.answer(r, err)
	if r.fatal(err) {
		return err
	}
	if err != nil {
		r.unmark(m.id)
	}
	return nil // a refused choice leaves the question as it stands
}

// decide carries out a choice. The trip keeps its ticket.
func (r *run) decide(c Choice) error {
	d := r.t.Decision
	switch {
	case c.Leg != 0 && c.Leg != d.Leg:
		return charging.Refuse(charging.CodeNotAwaitingDecision, fmt.Sprintf("the trip awaits no decision about stop %d, but about stop %d", c.Leg, d.Leg))
	case c.GiveUp:
		return r.giveUp(charging.Refuse(d.Code, "given up by the driver: "+d.Detail))
	case c.Wait:
		if d.Code != charging.CodePriorityLost && d.Code != charging.CodeHoldPreempted {
			return charging.Refuse(charging.CodeSlotTaken, "there is nobody to wait for: "+d.Detail)
		}
		at := d.ExpiresAt
		r.t.Saga.AttemptEnds = &at
		if r.t.Legs[d.Leg-1].State == charging.Preempted {
			r.newID(d.Leg - 1)
		}
		r.note("decide", "", "wait", "")
	default:
		legs := r.t.Taking(*c.Take)
		if len(legs) == 0 {
			return charging.Invalid("leg", fmt.Sprintf("%d is none of the trip's stops", c.Take.Leg))
		}
		return r.moving(legs, func() error {
			r.apply(*c.Take)
			r.note("decide", c.Take.EVSEID, "continue", c.Take.ID)
			return r.chosen()
		})
	}
	return r.chosen()
}

// chosen goes on with booking.
func (r *run) chosen() error {
	r.t.Answered()
	r.t.Problem = nil
	return r.to(trip.Reserving, "the driver has chosen")
}

// Decide answers a trip that awaits a decision, or a question about a lost stop
// of a CONFIRMED trip. NOT_AWAITING_DECISION, SLOT_TAKEN; the refusals of Shift,
// and with GiveUp of the whole trip those of Cancel.
func (c *Coordinator) Decide(ctx context.Context, id charging.TripID, choice Choice) (trip.Trip, error) {
	return c.command(ctx, id, message{kind: msgDecide, choice: choice})
}
