package booking

import (
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// asking is a trip in AWAITING_DECISION: its other stops are kept until the driver
// has chosen.
type asking struct{ *run }

// askAbout turns to AWAITING_DECISION: why, until when, and what is left.
func (r asking) askAbout(lost *lostStop) error {
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
func (r asking) ask() error {
	if r.t.Decision == nil {
		return r.giveUp(charging.Refuse(charging.CodeNotAwaitingDecision, "the decision was lost"))
	}
	r.SignalIdle()
	deadline := time.NewTimer(time.Until(r.t.Decision.ExpiresAt))
	defer deadline.Stop()
	renew := time.NewTicker(r.o.HoldTTL / 3)
	defer renew.Stop()
	for r.t.State == trip.AwaitingDecision {
		select {
		case <-r.Context().Done():
			return r.Context().Err()
		case <-deadline.C:
			d := r.t.Decision
			return r.giveUp(charging.Refuse(d.Code, "no decision came in time: "+d.Detail))
		case <-renew.C:
			_ = r.keepHolds(r.o.HoldTTL / 2)
		case c := <-r.Commands():
			if err := r.Receive(c); err != nil {
				return err
			}
		}
	}
	return nil
}

// answered decides by the driver's answer. A refused one leaves the question as it
// stands. The error is fatal.
func (r asking) answered(c command, choice Choice) error {
	r.MarkDone(c.ID)
	err := r.decide(choice)
	r.Answer(c, err)
	if r.Fatal(err) {
		return err
	}
	if err != nil {
		r.UnmarkDone(c.ID)
	}
	return nil
}

// goOn does what another command than an answer has led to.
func (r asking) goOn(noticed bool) error {
	switch r.wish() {
	case errCanceled:
		return r.giveUp(errCanceled)
	case errParking:
		return r.parkNow()
	}
	if noticed {
		return r.Save() // the driver sees at once what else was lost
	}
	return nil
}

// decide carries out a choice. The trip keeps its ticket.
func (r asking) decide(c Choice) error {
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
		return r.withSpan(legs, func() error {
			r.apply(*c.Take)
			r.note("decide", c.Take.EVSEID, "continue", c.Take.ID)
			return r.chosen()
		})
	}
	return r.chosen()
}

// chosen goes on with booking.
func (r asking) chosen() error {
	r.t.Answered()
	r.t.Problem = nil
	return r.to(trip.Reserving, "the driver has chosen")
}
