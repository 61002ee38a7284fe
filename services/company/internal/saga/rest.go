package saga

import (
	"context"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// restRounds is how often a canceled trip tries to release its stops before it
// leaves the rest to its next look.
const restRounds = 3

// rest looks after a trip whose booking is decided: commands, a plug or a shift
// that was interrupted, stops left to release, and in the end COMPLETED.
func (r *run) rest() error {
	if r.t.State == trip.Confirmed {
		if err := r.restConfirmed(); err != nil {
			return err
		}
	}
	if r.t.State != trip.Confirmed {
		if err := r.serveClosed(); err != nil {
			return err
		}
	}
	if r.t.State == trip.Completed { // a company may have been away until the end
		if err := r.settleShift(); err != nil {
			return err
		}
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

// restConfirmed first ends what a former owner has begun.
func (r *run) restConfirmed() error {
	for _, settle := range []func() error{r.settlePlugging, r.settleShift, r.leaveKept, r.carryOutCancel} {
		if err := settle(); err != nil {
			return err
		}
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
	if r.t.State != trip.Confirmed {
		return nil
	}
	r.missed()
	return r.end()
}

// carryOutCancel carries out a wish that was journaled before the trip was
// booked. The error is fatal.
func (r *run) carryOutCancel() error {
	if !r.cancel {
		return nil
	}
	_, err := r.cancelBooked()
	if err == nil || r.fatal(err) {
		return err
	}
	r.cancel, r.t.Saga.CancelAsked = false, false
	r.note("cancel", "", string(charging.CodeOf(err)), detail(err))
	return r.save()
}

// serveBooked carries out a command on a CONFIRMED trip and answers it.
func (r *run) serveBooked(m message) error {
	if r.did(m) {
		m.reports(r, r.keptNow(), nil)
		return nil
	}
	if m.kind == msgNotice {
		return r.noticedBooked(m)
	}
	kept, served, err := r.carryOut(m)
	if !served {
		r.receive(m)
		return nil
	}
	if err != nil && charging.CodeOf(err) == "" {
		err = &charging.Refusal{
			Code: charging.CodePeerUnavailable, Detail: "the company could not be asked; the trip keeps its stops",
			RetryAfter: time.Second, Cause: err,
		}
	}
	m.reports(r, kept, err)
	if r.fatal(err) {
		return err
	}
	return nil // a refused command leaves the trip as before
}

// carryOut does what a message asks of a CONFIRMED trip; served is false for what
// is nothing of the kind.
func (r *run) carryOut(m message) (kept []trip.Kept, served bool, err error) {
	r.doing = m.id
	defer func() { r.doing = "" }()
	switch m.kind {
	case msgCancel:
		kept, err = r.cancelBooked()
	case msgShift:
		err = r.change(m.legs)
	case msgPropose:
		err = r.propose(m.proposal)
	case msgDecide:
		err = r.decideBooked(m.choice)
	case msgPlug:
		err = r.plug(m.visit)
	case msgUnplug:
		err = r.unplug(m.visit)
	case msgPark:
	default:
		return nil, false, nil
	}
	return kept, true, err
}

// serveClosed answers what is asked of a trip that is at its end: bills may still
// come in, and be asked for again.
func (r *run) serveClosed() error {
	for {
		var m message
		select {
		case m = <-r.mailbox:
		default:
			return nil
		}
		var err error
		r.doing = m.id
		switch {
		case r.did(m):
		case m.kind == msgPlug:
			err = r.plug(m.visit)
		case m.kind == msgUnplug:
			err = r.unplug(m.visit)
		case m.kind == msgCancel && r.t.State == trip.Completed:
			err = charging.Refuse(charging.CodeCancelTooLate, "the trip is completed")
		case m.kind == msgCancel:
		case m.kind == msgNotice && r.noticed(m.notice):
			err = r.save()
		case m.kind == msgNotice:
		default:
			r.receive(m)
		}
		r.doing = ""
		m.answer(r, err) // once: what receive has answered stays so
		if r.fatal(err) {
			return err
		}
	}
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
