package saga

import (
	"fmt"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// evseFree is the reason of a notice that the car before has left after all.
const evseFree = "EVSE_FREE"

// noticedBooked keeps what a company says about a booked stop, and acts on it:
// one that is lost is asked about, and under the policy replan the trip may then
// answer by itself.
func (r *run) noticedBooked(m message) error {
	k := r.legOf(m.notice.ReservationID)
	changed := r.noticed(m.notice)
	lost := changed && (r.t.Legs[k].State == charging.Canceled || r.t.Legs[k].State == charging.NoShow)
	if lost {
		r.askLost(k)
	}
	if changed && m.notice.State == charging.Reserved {
		r.occupied(k, m.notice)
	}
	replaces := lost && r.answersItself(r.t.Legs[k])
	if replaces && r.t.Legs[k].State == charging.NoShow {
		r.t.Saga.Missed++
	}
	err := r.save()
	m.answer(r, err)
	if err != nil || !changed {
		return err
	}
	if err := r.leaveKept(); err != nil {
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
func (r *run) answersItself(l trip.Leg) bool {
	return r.t.OnConflict == trip.Replan && (l.State != charging.NoShow || r.t.Saga.Missed == 0)
}

// askLost asks for a decision about a stop of a booked trip that it has lost.
func (r *run) askLost(k int) {
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
func (r *run) answerBy(l trip.Leg) time.Time {
	drive := time.Duration(l.DriveMinutes * float64(time.Minute))
	drive += r.t.Saga.Journey.StayBetween(l.Leg - 1)
	left := max(r.c.o.Until(l.Start.Add(-drive)), r.t.Saga.DecisionTimeout)
	return time.Now().Add(left).UTC().Truncate(time.Millisecond)
}

// occupied tells the driver of a coming stop that the car before him has not
// left, with what may be taken instead, and takes that back when it has.
func (r *run) occupied(k int, n charging.Notice) {
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
				ExpiresAt: time.Now().Add(max(r.c.o.Until(l.End), 0)).UTC().Truncate(time.Millisecond),
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
func (r *run) replanBooked(leg int) error {
	q := r.t.Question(leg)
	if q == nil {
		return nil
	}
	for _, a := range slices.Clone(q.Alternatives) {
		err := r.decideBooked(Choice{Leg: leg, Take: &a})
		if err == nil || r.fatal(err) {
			return err
		}
	}
	return nil
}

// decideBooked answers the question about one stop of a booked trip. To give up
// without naming one is to cancel the trip.
func (r *run) decideBooked(c Choice) error {
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
		r.mark(r.doing)
		r.note("decide", r.t.Legs[leg-1].EVSEID, "give_up", fmt.Sprintf("stop %d is let go", leg))
		return r.save()
	case c.Wait:
		return charging.Refuse(charging.CodeSlotTaken, "there is nobody to wait for: "+q.Detail)
	}
	legs := r.t.Taking(*c.Take)
	if len(legs) == 0 || c.Take.Leg != q.Leg {
		return charging.Invalid("leg", fmt.Sprintf("what is chosen is for stop %d, the question is about stop %d", c.Take.Leg, q.Leg))
	}
	return r.change(legs)
}

// missed takes down the questions that nobody has answered in time: their stops
// stay lost.
func (r *run) missed() {
	for _, d := range slices.Clone(r.t.Decisions) {
		if time.Now().After(d.ExpiresAt) {
			r.t.Answered(d.Leg)
			r.note("decide", r.t.Legs[d.Leg-1].EVSEID, "missed", fmt.Sprintf("no answer about stop %d came in time", d.Leg))
		}
	}
}

// end moves a CONFIRMED trip to its end once nothing is to come any more:
// COMPLETED where a stop was used or kept for the car to its end, else CANCELED.
func (r *run) end() error {
	over := r.isOver()
	if !over && !(r.allFinal() && len(r.t.Decisions) == 0) {
		return nil
	}
	r.t.Answered()
	r.t.Proposal, r.t.Saga.Plugging, r.t.Saga.Unplugs = nil, nil, nil
	last, why := trip.Completed, "the last window has ended"
	if !slices.ContainsFunc(r.t.Legs, func(l trip.Leg) bool { return l.State != charging.Canceled }) {
		last, why = trip.Canceled, "no stop is left"
		r.t.Problem = r.t.Legs[0].Problem
	}
	if err := r.t.Move(last); err != nil {
		return err
	}
	r.note("state", "", string(last), why)
	return nil
}

func (r *run) allFinal() bool {
	return !slices.ContainsFunc(r.t.Legs, func(l trip.Leg) bool { return !l.State.Final() })
}

// isOver reports whether the last window of a CONFIRMED trip has ended, nobody is
// still at a plug, and no question is open.
func (r *run) isOver() bool {
	left := r.c.o.Until(r.t.Span().End)
	return left < -30*time.Second && (r.t.Charging() == nil && len(r.t.Decisions) == 0 || left < -longestSession)
}
