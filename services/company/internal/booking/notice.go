package booking

import (
	"fmt"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// evseFree is the reason of a notice that the car before has left after all.
const evseFree = "EVSE_FREE"

// notice keeps what a company says about a booked stop, and acts on it:
// one that is lost is asked about, and under the policy replan the trip may then
// answer by itself.
func (r booked) notice(c command, n charging.Notice) error {
	k := r.legOf(n.ReservationID)
	changed := r.keepNotice(n)
	lost := changed && (r.t.Legs[k].State == charging.Canceled || r.t.Legs[k].State == charging.NoShow)
	if lost {
		r.askLost(k)
	}
	if changed && n.State == charging.Reserved {
		r.occupied(k, n)
	}
	replaces := lost && r.answersItself(r.t.Legs[k])
	if replaces && r.t.Legs[k].State == charging.NoShow {
		r.t.Saga.Missed++
	}
	err := r.Save()
	r.Answer(c, err)
	if err != nil || !changed {
		return err
	}
	if err := visiting(r).leaveKept(); err != nil {
		return err
	}
	if !replaces {
		return nil
	}
	return r.replanBooked(k + 1)
}

// answersItself reports whether the trip answers the question about a lost stop by
// itself. A stop that nobody came to is replaced once until the car is seen at a
// plug again: else a car that stays at home takes one stop after the other from
// those who drive.
func (r booked) answersItself(l trip.Leg) bool {
	return r.t.OnConflict == trip.Replan && (l.State != charging.NoShow || r.t.Saga.Missed == 0)
}

// askLost asks for a decision about a stop of a booked trip that it has lost.
func (r booked) askLost(k int) {
	l := r.t.Legs[k]
	r.t.Ask(trip.Decision{
		Leg: l.Leg, Code: l.Problem.Code, Detail: l.Problem.Detail, ExpiresAt: r.answerBy(l), Alternatives: r.alternatives(l.Leg),
	})
	if p := r.t.Proposal; p != nil && p.Leg == l.Leg {
		r.t.Proposal = nil
	}
	r.dropUnplugs(func(u trip.Unplug) bool { return u.ReservationID == l.ReservationID })
}

// answerBy is until when a lost stop can be decided about: its start less the
// drive to it and the stays on the way, and never less than the trip's bound for
// decisions from now.
func (r booked) answerBy(l trip.Leg) time.Time {
	drive := time.Duration(l.DriveMinutes * float64(time.Minute))
	drive += r.t.Saga.Journey.StayBetween(l.Leg - 1)
	left := max(r.o.Until(l.Start.Add(-drive)), r.t.Saga.DecisionTimeout)
	return time.Now().Add(left).UTC().Truncate(time.Millisecond)
}

// occupied tells the driver of a coming stop that the car before him has not
// left, with what may be taken instead, and takes that back when it has.
func (r booked) occupied(k int, n charging.Notice) {
	l := &r.t.Legs[k]
	p := r.t.Proposal
	mine := p != nil && p.Leg == l.Leg
	switch n.Reason {
	case string(charging.CodeEVSEOccupied):
		l.Problem = &trip.Problem{Code: charging.CodeEVSEOccupied, Detail: fmt.Sprintf(
			"the car before you has not left the plug of stop %d, %s: wait there, or take another", l.Leg, l.EVSEID)}
		if p == nil || mine { // what is proposed for another stop may rest on this one
			r.t.Proposal = &trip.Decision{
				Leg: l.Leg, Code: l.Problem.Code, Detail: l.Problem.Detail, Alternatives: r.alternatives(l.Leg),
				ExpiresAt: time.Now().Add(max(r.o.Until(l.End), 0)).UTC().Truncate(time.Millisecond),
			}
		}
	case evseFree:
		if l.Problem != nil && l.Problem.Code == charging.CodeEVSEOccupied {
			l.Problem = nil
		}
		if mine && p.Code == charging.CodeEVSEOccupied {
			r.t.Proposal = nil
		}
	}
}

// replanBooked takes the best alternative for a lost stop that can be had. Where
// none can, or the server dies meanwhile, the question stands.
func (r booked) replanBooked(leg int) error {
	q := r.t.Question(leg)
	if q == nil {
		return nil
	}
	for _, a := range slices.Clone(q.Alternatives) {
		err := r.decideBooked(Choice{Leg: leg, Take: &a})
		if err == nil || r.Fatal(err) {
			return err
		}
	}
	return nil
}

// decideBooked answers the question about one stop of a booked trip. To give up
// without naming one is to cancel the trip.
func (r booked) decideBooked(c Choice) error {
	leg := c.Leg
	if c.Take != nil && leg == 0 {
		leg = c.Take.Leg
	}
	q := r.t.Question(leg)
	switch {
	case q == nil && leg > 0:
		return charging.Refuse(charging.CodeNotAwaitingDecision, fmt.Sprintf("the trip is %s and awaits no decision about stop %d", r.t.State, leg))
	case q == nil || time.Now().After(q.ExpiresAt):
		return charging.Refuse(charging.CodeNotAwaitingDecision, "the trip is "+string(r.t.State)+" and awaits no decision")
	case c.GiveUp && leg == 0:
		_, err := r.cancelBooked()
		return err
	case c.GiveUp:
		r.t.Answered(leg)
		r.MarkDone(r.doing)
		r.note("decide", r.t.Legs[leg-1].EVSEID, "give_up", fmt.Sprintf("stop %d is let go", leg))
		return r.Save()
	case c.Wait:
		return charging.Refuse(charging.CodeSlotTaken, "there is nobody to wait for: "+q.Detail)
	}
	legs := r.t.Taking(*c.Take)
	if len(legs) == 0 || c.Take.Leg != q.Leg {
		return charging.Invalid("leg", fmt.Sprintf("what is chosen is for stop %d, the question is about stop %d", c.Take.Leg, q.Leg))
	}
	return changing(r).change(legs)
}

// keepNotice keeps what a company says about one of its stops, and reports whether
// that changed anything. Notices about an id that is no longer current are
// ignored, and so is what cannot be of a stop that is CHARGING or over: only the
// end of its session, and a bill in the place of an estimated one.
func (r *run) keepNotice(n charging.Notice) bool {
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
		l.Session = joinSession(l.Session, *n.Session)
	}
	r.because(l, n)
	r.Note(trip.Entry{
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
		r.carCame(l.Leg - 1)
	}
}
