package desk

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// settleBatch is how many unsettled stops of one location are looked at a round.
const settleBatch = 500

// askAgain is how long an originator that does not know a trip, or has not
// decided, is left alone about it in the background.
const askAgain = time.Minute

// Orphan is a RESERVED whose originator does not know the trip: data was lost
// there. It is kept until no-show, and an operator should know.
type Orphan struct {
	charging.Reservation
	// Since is when the originator first said UNKNOWN.
	Since time.Time
	// asked is when it last did.
	asked time.Time
}

// clear asks for the outcome of an unsettled RESERVED in the way of a hold. A
// trip that was aborted frees its stop, and the hold is tried once more; one
// that was confirmed makes the refusal final. Else the refusal stands as it is.
func (d *Desk) clear(ctx context.Context, h charging.Hold, refused error) (charging.Grant, error) {
	var r *charging.Refusal
	if !errors.As(refused, &r) || r.Code != charging.CodeSlotTaken || r.Conflict == nil {
		return charging.Grant{}, refused
	}
	c := *r.Conflict
	if c.Settled || c.Own || c.State != charging.Reserved || c.ReservationID == "" || c.Origin == "" {
		return charging.Grant{}, refused
	}
	outcome, err := d.resolve(ctx, charging.At{Location: h.Location, Ref: charging.Ref{
		ID: c.ReservationID, TripID: c.TripID, Origin: c.Origin, EVSEID: h.EVSEID, End: c.Window.End, Epoch: 1,
	}})
	switch {
	case err != nil:
		return charging.Grant{}, refused
	case outcome == charging.OutcomeAborted:
		return d.o.Calendar.Hold(ctx, h)
	case outcome == charging.OutcomeConfirmed:
		final := *r
		c.Settled = true
		final.Conflict = &c
		final.Detail = string(h.EVSEID) + " is RESERVED in " + c.Window.String() + "; choose another time or stop"
		return charging.Grant{}, &final
	}
	return charging.Grant{}, refused
}

// resolve asks the originator what became of the trip of a RESERVED and acts on
// it. Those who ask about the same stop at once share one question.
func (d *Desk) resolve(ctx context.Context, at charging.At) (charging.Outcome, error) {
	answer := d.asking.DoChan(string(at.ID), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.o.AskTimeout)
		defer cancel()
		return d.ask(ctx, at)
	})
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case got := <-answer:
		outcome, _ := got.Val.(charging.Outcome)
		return outcome, got.Err
	}
}

func (d *Desk) ask(ctx context.Context, at charging.At) (charging.Outcome, error) {
	originator, err := d.o.Originators.Originator(at.Origin)
	if err != nil {
		return "", err
	}
	outcome, err := originator.Outcome(ctx, at.TripID, at.ID)
	if err != nil {
		return "", err
	}
	switch outcome {
	case charging.OutcomeConfirmed:
		d.adopted(at.ID)
		return outcome, d.o.Calendar.Settle(ctx, at)
	case charging.OutcomeAborted:
		res, err := d.changed(d.o.Calendar.Drop(ctx, at, outcome))
		if err == nil {
			d.adopted(at.ID)
			d.unplugged(at.EVSEID, res.ID)
		}
		return outcome, err
	}
	return outcome, nil
}

// settleRound asks about RESERVED stops that nobody has settled. An originator
// that does not answer is asked no more in this round.
func (d *Desk) settleRound(ctx context.Context, limit *rate.Limiter) {
	away := map[charging.CompanyID]bool{}
	for _, s := range d.order {
		list, err := d.o.Calendar.Unsettled(ctx, s.ID, d.o.SettleAge, settleBatch+d.orphanCount())
		if err != nil {
			d.trouble(ctx, "list what is unsettled at "+string(s.ID), err)
			return
		}
		for _, res := range list {
			if away[res.Origin] || d.askedLately(res.ID) {
				continue
			}
			if limit.Wait(ctx) != nil {
				return
			}
			outcome, err := d.resolve(ctx, charging.At{Location: s.ID, Ref: charging.Ref{
				ID: res.ID, TripID: res.TripID, Origin: res.Origin, EVSEID: res.EVSEID, End: res.Window.End, Epoch: max(res.Epoch, 1),
			}})
			if err != nil {
				away[res.Origin] = true
				d.trouble(ctx, "ask "+string(res.Origin)+" for the outcome of trip "+string(res.TripID), err)
			}
			if outcome == charging.OutcomeUnknown {
				d.orphaned(res)
			}
		}
	}
}

// Orphans lists the RESERVED stops whose originator does not know the trip, by
// age, as far as this server has asked.
func (d *Desk) Orphans() []Orphan {
	now := d.o.Clock()
	d.mu.Lock()
	defer d.mu.Unlock()
	list := make([]Orphan, 0, len(d.orphans))
	for id, o := range d.orphans {
		if !now.Before(o.Window.End) {
			delete(d.orphans, id)
			continue
		}
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b Orphan) int { return a.Since.Compare(b.Since) })
	return list
}

func (d *Desk) orphaned(res charging.Reservation) {
	now := d.o.Now()
	d.mu.Lock()
	o, known := d.orphans[res.ID]
	if !known {
		o.Since = now
	}
	o.Reservation, o.asked = res, now
	d.orphans[res.ID] = o
	d.mu.Unlock()
	if !known {
		d.o.Log("reservation "+string(res.ID)+" is RESERVED for a trip that "+string(res.Origin)+
			" does not know: kept until no-show; ask its operator, or withdraw "+string(res.EVSEID), nil)
	}
}

func (d *Desk) adopted(id charging.ReservationID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.orphans, id)
}

func (d *Desk) askedLately(id charging.ReservationID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	o, known := d.orphans[id]
	return known && d.o.Now().Sub(o.asked) < askAgain
}

func (d *Desk) orphanCount() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.orphans)
}
