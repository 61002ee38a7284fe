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

// messageKind is written into letters: a number keeps its meaning.
type messageKind int

const (
	msgPark    messageKind = 0
	msgDecide  messageKind = 1
	msgCancel  messageKind = 2
	msgNotice  messageKind = 4
	msgRetry   messageKind = 5
	msgResolve messageKind = 6
	msgShift   messageKind = 7
	msgPropose messageKind = 8
	msgPlug    messageKind = 9
	msgUnplug  messageKind = 10
)

// message is a command or a notice for one trip.
type message struct {
	// id is carried out once; empty for what may be repeated.
	id     string
	kind   messageKind
	choice Choice
	visit  Visit
	notice charging.Notice
	reason string
	reply  chan reply
	// here is set for what comes from the inbox: it is not posted again.
	here bool

	legs     []trip.Leg
	proposal *trip.Decision
}

type reply struct {
	t   trip.Trip
	err error
}

// errMoved answers a command whose run has just ended; it is sent again.
var errMoved = errors.New("saga: the run has ended")

// answer replies once, never blocking.
func (m message) answer(r *run, err error) { m.reports(r, nil, err) }

// reports is answer with what a cancel could not release.
func (m message) reports(r *run, kept []trip.Kept, err error) {
	if m.reply == nil {
		return
	}
	t := r.t.Clone()
	if m.kind == msgCancel {
		t.Kept = kept
	}
	select {
	case m.reply <- reply{t, err}:
	default:
	}
}

// command brings a message to the run of a trip, which is taken up from the
// journal where it rests. A trip that another server has the lease of is asked
// through its inbox.
func (c *Coordinator) command(ctx context.Context, id charging.TripID, m message) (trip.Trip, error) {
	if m.id == "" {
		m.id = newCommandID()
	}
	for {
		var t trip.Trip
		var err error
		if r := c.running(id); r != nil {
			t, err = r.put(ctx, m)
		} else if t, err = c.takeUp(ctx, id, m); charging.CodeOf(err) == charging.CodeStaleOwner {
			t, err = c.elsewhere(ctx, id, m, err)
		}
		if !moved(ctx, err) {
			return t, err
		}
		if !sleep(ctx, 5*time.Millisecond) {
			return trip.Trip{}, ctx.Err()
		}
	}
}

// moved reports whether a command has met a run that ended or lost its lease
// before carrying it out: it is sent again.
func moved(ctx context.Context, err error) bool {
	var lost *lostLease
	return errors.Is(err, errMoved) || errors.Is(err, errRunning) || errors.As(err, &lost) ||
		errors.Is(err, context.Canceled) && ctx.Err() == nil
}

// takeUp acquires a resting trip for a command, and runs it. STALE_OWNER while
// another server has its lease.
func (c *Coordinator) takeUp(ctx context.Context, id charging.TripID, m message) (trip.Trip, error) {
	if err := c.mayTakeUp(); err != nil {
		if m.here {
			err = errNotHere
		}
		return trip.Trip{}, err
	}
	t, err := c.o.Journal.Acquire(ctx, id, c.o.Owner, c.o.Lease)
	if err != nil {
		return trip.Trip{}, err
	}
	m.reply = make(chan reply, 1)
	r, err := c.resume(t, &m)
	if err != nil {
		return trip.Trip{}, err
	}
	return r.hear(ctx, m)
}

// elsewhere asks the server that has the lease.
func (c *Coordinator) elsewhere(ctx context.Context, id charging.TripID, m message, stale error) (trip.Trip, error) {
	switch {
	case m.here:
		return trip.Trip{}, errNotHere
	case c.o.Inbox != nil:
		return c.forward(ctx, id, m)
	}
	return trip.Trip{}, &charging.Refusal{
		Code:   charging.CodePeerUnavailable,
		Detail: "the trip is being worked on by another server of this company; ask again shortly", RetryAfter: time.Second, Cause: stale,
	}
}

// put puts a message into the run's mailbox and waits for the answer.
func (r *run) put(ctx context.Context, m message) (trip.Trip, error) {
	m.reply = make(chan reply, 1)
	select {
	case r.mailbox <- m:
		return r.hear(ctx, m)
	case <-r.done:
		return trip.Trip{}, errMoved
	case <-ctx.Done():
		return r.snapshot(), ctx.Err()
	}
}

// hear waits for the answer to a message in the mailbox; errMoved when the run
// ends without one.
func (r *run) hear(ctx context.Context, m message) (trip.Trip, error) {
	select {
	case out := <-m.reply:
		return out.t, out.err
	case <-r.done:
		if out := takeReply(m.reply); out != nil {
			return out.t, out.err
		}
		return trip.Trip{}, errMoved
	case <-ctx.Done():
		return r.snapshot(), ctx.Err()
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

// receive handles a message between two steps of a trip in flight.
func (r *run) receive(m message) {
	if r.did(m) {
		m.answer(r, nil)
		return
	}
	switch m.kind {
	case msgPark:
		r.park = true
	case msgCancel:
		m.answer(r, r.wishCancel(m))
	case msgNotice:
		r.noticed(m.notice)
		m.answer(r, nil)
	case msgDecide:
		m.answer(r, charging.Refuse(charging.CodeNotAwaitingDecision, "the trip is "+string(r.t.State)+" and awaits no decision"))
	case msgShift, msgPropose:
		m.answer(r, charging.Refuse(charging.CodeNotAwaitingDecision, "the trip is "+string(r.t.State)+"; only a CONFIRMED trip can swap a stop"))
	case msgPlug, msgUnplug:
		m.answer(r, charging.Refuse(charging.CodeNoReservationHere, "the trip is "+string(r.t.State)+", not CONFIRMED: no stop of it can be used"))
	case msgRetry:
		r.note("retry", "", "ok", "asked for by an operator")
		m.answer(r, nil)
	case msgResolve:
		err := r.resolve(m.reason)
		if err == nil {
			err = r.save() // an operator's word is audited before it is acted on
		}
		m.answer(r, err)
	}
}

// maxDone is how many carried out commands a trip remembers.
const maxDone = 8

// did reports whether a command was carried out before a take-over, by the
// owner that could not answer it any more.
func (r *run) did(m message) bool { return m.id != "" && slices.Contains(r.t.Saga.Done, m.id) }

// mark notes a command as carried out, in the journal with the next write.
func (r *run) mark(id string) {
	if id == "" {
		return
	}
	done := append(slices.Clone(r.t.Saga.Done), id)
	r.t.Saga.Done = done[max(0, len(done)-maxDone):]
}

// unmark takes back the mark of a command that was refused.
func (r *run) unmark(id string) {
	r.t.Saga.Done = slices.DeleteFunc(slices.Clone(r.t.Saga.Done), func(d string) bool { return d == id })
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
			if l := &r.t.Legs[k]; !l.State.Final() {
				l.State, l.ExpiresAt = charging.Canceled, nil
				l.Problem = &trip.Problem{Code: charging.CodePeerUnavailable, Detail: "resolved by an operator: " + reason}
			}
		}
	}
	r.t.Saga.Abandoned, r.t.Saga.Stuck = nil, nil
	r.note("resolve", "", "ok", reason)
	return nil
}

// noticed keeps what a company says about one of its stops, and reports whether
// that changed anything. Notices about an id that is no longer current are
// ignored, and so is what cannot be of a stop that is CHARGING or over: only the
// end of its session, and a bill in the place of an estimated one.
func (r *run) noticed(n charging.Notice) bool {
	k := r.legOf(n.ReservationID)
	if k < 0 {
		return false
	}
	l := &r.t.Legs[k]
	if n.State == charging.Reserved && n.Session != nil && !n.Session.Over() {
		n.State = charging.Charging // as companies of version 0 say it
	}
	if !mayBecome(*l, n) {
		return false
	}
	l.State, l.ExpiresAt = n.State, nil
	if n.Session != nil {
		l.Session = heardOf(l.Session, *n.Session)
	}
	r.because(l, n)
	r.entries = append(r.entries, trip.Entry{
		At: time.Now().UTC(), Step: "notice", State: r.t.State, Leg: l.Leg, CompanyID: l.CompanyID, EVSEID: l.EVSEID,
		ReservationID: l.ReservationID, Answer: string(n.State), Detail: n.Reason, Epoch: r.t.Saga.Epoch, Owner: r.t.Saga.Owner,
	})
	return true
}

// mayBecome judges a notice about a present stop by what is known of it.
func mayBecome(l trip.Leg, n charging.Notice) bool {
	switch l.State {
	case charging.Reserved: // nobody takes it from its trip any more but its company
		return n.State != charging.Preempted && n.State != charging.Expired
	case charging.Charging:
		return n.State == charging.Fulfilled
	case charging.Fulfilled:
		return n.State == charging.Fulfilled && n.Session.Over() && (l.Session == nil || l.Session.Estimated && !n.Session.Estimated)
	}
	return !l.State.Final()
}

// because keeps in a stop why a notice has changed it.
func (r *run) because(l *trip.Leg, n charging.Notice) {
	switch n.State {
	case charging.Preempted:
		l.Problem = &trip.Problem{Code: charging.CodeHoldPreempted, Detail: "an older trip has priority on this stop"}
	case charging.NoShow:
		l.Problem = &trip.Problem{Code: charging.CodeTooLate, Detail: fmt.Sprintf("nobody had come to stop %d, %s, in time, so it is free for others", l.Leg, l.EVSEID)}
	case charging.Canceled:
		l.Problem = &trip.Problem{Code: charging.CodeEVSEOutOfService, Detail: "withdrawn by " + string(l.CompanyID) + ": " + n.Reason}
		if r.t.State != trip.Confirmed {
			l.State = charging.Expired // its id is dead; booking meets that and takes another
		}
	case charging.Charging, charging.Fulfilled:
		r.settled(l.Leg - 1)
	}
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
