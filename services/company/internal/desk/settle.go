package desk

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

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
	outcomes, err := originator.Outcomes(ctx, []charging.Question{{TripID: at.TripID, ReservationID: at.ID}})
	switch {
	case err != nil:
		return "", err
	case len(outcomes) != 1:
		return "", errors.New(string(at.Origin) + " gave no answer about trip " + string(at.TripID))
	case outcomes[0] == charging.OutcomeConfirmed:
		return outcomes[0], d.settle(ctx, at.Location, []charging.At{at})
	case outcomes[0] == charging.OutcomeAborted:
		return outcomes[0], d.free(ctx, at)
	}
	return outcomes[0], nil
}

// settle notes that the originator has said CONFIRMED of stops of a location.
func (d *Desk) settle(ctx context.Context, loc charging.LocationID, stops []charging.At) error {
	for _, at := range stops {
		d.adopted(at.ID)
	}
	return d.o.Calendar.Settle(ctx, loc, stops)
}

// free gives up a stop whose originator has said ABORTED.
func (d *Desk) free(ctx context.Context, at charging.At) error {
	_, err := d.changed(d.o.Calendar.Drop(ctx, at, charging.OutcomeAborted))
	if err == nil {
		d.adopted(at.ID)
	}
	return err
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
