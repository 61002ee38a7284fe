package saga

import (
	"context"
	"errors"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

type messageKind int

const (
	msgPark messageKind = iota
	msgDecide
	msgCancel
	msgSwap
	msgNotice
	msgRetry
	msgResolve
)

// message is a command or a notice for one trip.
type message struct {
	kind   messageKind
	choice Choice
	leg    trip.Leg
	notice charging.Notice
	reason string
	reply  chan reply
}

type reply struct {
	t   trip.Trip
	err error
}

// errMoved answers a command whose run has just ended; it is sent again.
var errMoved = errors.New("saga: the run has ended")

// answer replies once, never blocking.
func (m message) answer(r *run, err error) {
	if m.reply == nil {
		return
	}
	select {
	case m.reply <- reply{r.t.Clone(), err}:
	default:
	}
}

// command brings a message to the run of a trip, which is taken up from the
// journal where it rests.
func (c *Coordinator) command(ctx context.Context, id charging.TripID, m message) (trip.Trip, error) {
	for {
		m.reply = make(chan reply, 1)
		r := c.running(id)
		if r == nil {
			t, err := c.o.Journal.Acquire(ctx, id, c.o.Owner, c.o.Lease)
			if err != nil {
				return trip.Trip{}, elsewhere(err)
			}
			c.resume(t, &m)
			if r = c.running(id); r == nil {
				if out := takeReply(m.reply); out != nil {
					return out.t, out.err
				}
				continue
			}
		} else {
			select {
			case r.mailbox <- m:
			case <-r.done:
				continue
			case <-ctx.Done():
				return r.snapshot(), ctx.Err()
			}
		}
		select {
		case out := <-m.reply:
			if !errors.Is(out.err, errMoved) && !errors.Is(out.err, errRunning) {
				return out.t, out.err
			}
		case <-r.done:
			if out := takeReply(m.reply); out != nil && !errors.Is(out.err, errMoved) {
				return out.t, out.err
			}
		case <-ctx.Done():
			return r.snapshot(), ctx.Err()
		}
		if !sleep(ctx, 5*time.Millisecond) {
			return trip.Trip{}, ctx.Err()
		}
	}
}

func takeReply(ch chan reply) *reply {
	select {
	case out := <-ch:
		return &out
	default:
		return nil
	}
}

// elsewhere turns a lease held by another server into something a driver can
// act on.
func elsewhere(err error) error {
	if charging.CodeOf(err) != charging.CodeStaleOwner {
		return err
	}
	return &charging.Refusal{
		Code:   charging.CodePeerUnavailable,
		Detail: "the trip is being worked on by another server of this company; ask again shortly", RetryAfter: time.Second, Cause: err,
	}
}

// receive handles a message between two steps of a trip in flight.
func (r *run) receive(m message) {
	switch m.kind {
	case msgPark:
		r.park = true
	case msgCancel:
		r.cancel = true
		m.answer(r, nil)
	case msgNotice:
		r.noticed(m.notice)
		m.answer(r, nil)
	case msgDecide:
		m.answer(r, charging.Refuse(charging.CodeNotAwaitingDecision, "the trip is "+string(r.t.State)+" and awaits no decision"))
	case msgSwap:
		m.answer(r, charging.Refuse(charging.CodeNotAwaitingDecision, "the trip is "+string(r.t.State)+"; only a CONFIRMED trip can swap a stop"))
	case msgRetry:
		r.note("retry", "", "ok", "asked for by an operator")
		m.answer(r, nil)
	case msgResolve:
		m.answer(r, r.resolve(m.reason))
	}
}

// readMailbox receives all that is there.
func (r *run) readMailbox() {
	for {
		select {
		case m := <-r.mailbox:
			r.receive(m)
		default:
			return
		}
	}
}

// resolve takes an operator's word that what is stuck is free. It is audited in
// the journal.
func (r *run) resolve(reason string) error {
	if r.t.Saga.Stuck == nil {
		return charging.Refuse(charging.CodeNotAwaitingDecision, "the trip is "+string(r.t.State)+" and not stuck; there is nothing to resolve")
	}
	if r.t.State == trip.Compensating || r.t.State == trip.Canceled {
		for k := range r.t.Legs {
			if l := &r.t.Legs[k]; !final(l.State) {
				l.State, l.ExpiresAt = charging.Canceled, nil
				l.Problem = &trip.Problem{Code: charging.CodePeerUnavailable, Detail: "resolved by an operator: " + reason}
			}
		}
	}
	r.t.Saga.Abandoned, r.t.Saga.Stuck = nil, nil
	r.note("resolve", "", "ok", reason)
	return nil
}

// noticed keeps what a company says about one of its stops. Notices about an id
// that is no longer current are ignored.
func (r *run) noticed(n charging.Notice) bool {
	for k := range r.t.Legs {
		l := &r.t.Legs[k]
		if l.ReservationID != n.ReservationID || final(l.State) {
			continue
		}
		l.State, l.ExpiresAt = n.State, nil
		if n.Session != nil {
			l.Session = heardOf(l.Session, *n.Session)
		}
		switch n.State {
		case charging.Preempted:
			l.Problem = &trip.Problem{Code: charging.CodeHoldPreempted, Detail: "an older trip has priority on this stop"}
		case charging.Canceled:
			l.Problem = &trip.Problem{Code: charging.CodeEVSEOutOfService, Detail: "withdrawn by " + string(l.CompanyID) + ": " + n.Reason}
			if r.t.State != trip.Confirmed {
				l.State = charging.Expired // its id is dead; booking meets that and takes another
			}
		}
		r.entries = append(r.entries, trip.Entry{
			At: time.Now().UTC(), Step: "notice", State: r.t.State, Leg: l.Leg, CompanyID: l.CompanyID, EVSEID: l.EVSEID,
			ReservationID: l.ReservationID, Answer: string(n.State), Detail: n.Reason, Epoch: r.t.Saga.Epoch, Owner: r.t.Saga.Owner,
		})
		return true
	}
	return false
}

// drainMailbox sends what the run will not read any more back to its senders.
func (r *run) drainMailbox() {
	for {
		select {
		case m := <-r.mailbox:
			m.answer(r, errMoved)
		default:
			return
		}
	}
}
