package booking

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// run is one trip in flight: the engine's run of its record, and what its server
// remembers besides. That memory dies with the server; nothing rests on it but
// speed, and how long a hold may live.
type run struct {
	*engineRun
	o Options
	t *trip.Trip // the record

	// lapses is when a hold that may exist has certainly lapsed.
	lapses map[charging.ReservationID]time.Time
	// noTicket marks legs at whose company the ticket is not accepted.
	noTicket map[int]bool
	// tried are the EVSE and window pairs that replans have lost.
	tried map[string]bool
	// full are companies where this company's trips have as much as they may.
	full map[charging.CompanyID]bool
	// waits counts the pauses of the present wait.
	waits int
	// parking is set when the server stops: leave at the next safe point.
	parking bool
	// cancel is set when the driver has asked for the end of the trip.
	cancel bool
	// doing is the id of the command that is being carried out.
	doing string
}

// newRun begins to work on a trip; taken is true for one that another owner began.
func newRun(o Options, r *engineRun, taken bool) *run {
	t := &r.Record
	b := &run{
		engineRun: r, o: o, t: t,
		lapses: map[charging.ReservationID]time.Time{}, noTicket: map[int]bool{}, full: map[charging.CompanyID]bool{},
		cancel: t.Saga.CancelAsked && t.State.Open(),
	}
	if taken {
		b.forgetAnswers()
		b.note("take-over", "", "ok", "")
	}
	return b
}

// errParking says that the server stops and the trip may be given back here.
var errParking = errors.New("booking: the server is stopping")

var errCanceled = errors.New("the driver has canceled the trip")

// longestPause is between two looks at a trip that has something left to do.
const longestPause = 30 * time.Second

// forgetAnswers prepares a trip that another owner began: what it heard is
// asked again, with the same ids, and every hold may be as fresh as now, unless
// the journal knows better.
func (r *run) forgetAnswers() {
	lapse := time.Now().Add(r.o.HoldTTL + r.o.CallTimeout + ClockMargin)
	if r.t.Saga.LapsesBy != nil {
		lapse = *r.t.Saga.LapsesBy
	}
	for k := range r.t.Legs {
		l := &r.t.Legs[k]
		r.lapses[l.ReservationID] = lapse
		if r.t.State == trip.Reserving || r.t.State == trip.AwaitingDecision {
			if l.State == charging.Claimed || l.State == charging.Pending {
				l.State, l.ExpiresAt = trip.LegPlanned, nil
			}
		}
	}
	for _, a := range r.t.Saga.Abandoned {
		r.lapses[a.ReservationID] = lapse
	}
}

// note adds a journal line about the trip itself.
func (r *run) note(step string, evse charging.EVSEID, answer, detail string) {
	r.Note(entryOf(*r.t, step, evse, answer, detail))
}

func entryOf(t trip.Trip, step string, evse charging.EVSEID, answer, detail string) trip.Entry {
	return trip.Entry{
		At: time.Now().UTC(), Step: step, State: t.State, EVSEID: evse, Answer: answer, Detail: detail,
		Epoch: t.Saga.Epoch, Owner: t.Saga.Owner,
	}
}

// to moves the trip to a state and makes that durable.
func (r *run) to(s trip.State, why string) error {
	if err := r.t.Move(s); err != nil {
		return err
	}
	r.note("state", "", string(s), why)
	return r.Save()
}

// park leaves the trip, which is at its end or has nothing to do, to its next look.
func (r *run) park() error {
	if at := r.nextLook(); !at.IsZero() {
		return r.Park(at)
	}
	return r.Finish()
}

// nextLook is when a resting trip must be looked at again; zero for never.
func (r *run) nextLook() time.Time {
	s := r.t.Saga
	soon := time.Now().Add(longestPause)
	switch open := r.t.State == trip.Confirmed; {
	case len(s.Abandoned) > 0 || s.Stuck != nil || s.Shift != nil || open && s.Plugging != nil:
		return soon
	case !open:
		return time.Time{}
	}
	next := time.Now().Add(max(r.o.Until(r.t.Span().End), 0) + time.Minute)
	if r.t.Charging() != nil {
		next = next.Add(longestPause - time.Minute)
		if len(s.Unplugs) > 0 && soon.Before(next) {
			next = soon
		}
	}
	for _, d := range r.t.Decisions {
		if d.ExpiresAt.Before(next) {
			next = d.ExpiresAt
		}
	}
	return next
}

// wish is what the queue has asked the run for.
func (r *run) wish() error {
	switch {
	case r.cancel:
		return errCanceled
	case r.parking && r.t.State != trip.Confirming:
		return errParking
	}
	return nil
}

// parkNow gives the trip back in its present state, for another server or the
// next life of this one.
func (r *run) parkNow() error {
	r.note("park", "", "ok", "the server is stopping")
	return r.GiveBack()
}

// ticketSpent reports whether the ticket leaves no time for another attempt.
func (r *run) ticketSpent() bool {
	return r.t.Ticket != nil && time.Until(r.t.Ticket.ExpiresAt) < r.o.ConfirmBudget
}

// deadline bounds a decision or a wait: by the trip's own bound, and by the
// ticket less what confirming takes.
func (r *run) deadline() time.Time {
	at := time.Now().Add(r.t.Saga.DecisionTimeout)
	if r.t.Ticket != nil {
		if end := r.t.Ticket.ExpiresAt.Add(-r.o.ConfirmBudget); end.Before(at) {
			at = end
		}
	}
	return at.UTC().Truncate(time.Millisecond)
}

// alternatives asks for other choices, within a call's time. None is an answer.
func (r *run) alternatives(leg int) []trip.Alternative {
	if r.o.Alternatives == nil {
		return []trip.Alternative{}
	}
	ctx, cancel := context.WithTimeout(r.Context(), r.o.CallTimeout)
	defer cancel()
	found, err := r.o.Alternatives.Alternatives(ctx, r.t.Clone(), leg)
	if err != nil {
		r.note("alternatives", "", "lost", err.Error())
	}
	found = slices.DeleteFunc(found, func(a trip.Alternative) bool { return r.full[a.CompanyID] })
	if found == nil {
		found = []trip.Alternative{}
	}
	return found
}

// apply gives a leg, and the later ones that move with it, their new windows,
// prices and ids.
func (r *run) apply(a trip.Alternative) {
	for _, to := range r.t.Taking(a) {
		r.newID(to.Leg - 1)
		l := &r.t.Legs[to.Leg-1]
		l.CompanyID, l.EVSEID, l.Start, l.End, l.Price = to.CompanyID, to.EVSEID, to.Start, to.End, to.Price
		l.Problem = nil
	}
}

// legOf finds the index of a present stop by its reservation, −1 for none.
func (r *run) legOf(id charging.ReservationID) int {
	return slices.IndexFunc(r.t.Legs, func(l trip.Leg) bool { return l.ReservationID == id })
}

// carCame takes down what was said about a stop before its car came.
func (r *run) carCame(k int) {
	l := &r.t.Legs[k]
	l.Problem, l.ExpiresAt = nil, nil
	r.t.Answered(l.Leg)
	if p := r.t.Proposal; p != nil && p.Leg == l.Leg {
		r.t.Proposal = nil
	}
}

func (r *run) dropUnplugs(which func(trip.Unplug) bool) {
	r.t.Saga.Unplugs = slices.DeleteFunc(slices.Clone(r.t.Saga.Unplugs), which)
}

// newID gives stop k a new reservation id, in the journal before its first
// call; the old one is to be released.
func (r *run) newID(ks ...int) {
	for _, k := range ks {
		l := &r.t.Legs[k]
		r.abandon(*l)
		l.ReservationID, l.State, l.Fence, l.ExpiresAt, l.Attempts = r.o.NewID(), trip.LegPlanned, 0, nil, 0
		delete(r.noTicket, k)
	}
}

func (r *run) abandon(l trip.Leg) {
	r.t.Saga.Abandoned = append(slices.Clone(r.t.Saga.Abandoned), trip.Abandoned{
		Leg: l.Leg, ReservationID: l.ReservationID, CompanyID: l.CompanyID, EVSEID: l.EVSEID, End: l.End,
	})
	r.t.Saga.Left(l)
}

// lapsed reports whether a hold of this id has certainly run out. Once the trip
// has entered CONFIRMING a confirm may have been executed and its answer lost:
// then nothing is certain but the company's word.
func (r *run) lapsed(id charging.ReservationID) bool {
	if r.t.Saga.EnteredConfirming {
		return false
	}
	at, asked := r.lapses[id]
	return !asked || time.Now().After(at)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
