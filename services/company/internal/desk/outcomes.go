package desk

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

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

// outcomes asks originators what has become of the trips of unsettled stops, acts on
// what they say, and knows the stops of which they know nothing.
type outcomes struct {
	*ground
	asking  singleflight.Group
	mu      sync.Mutex
	orphans map[charging.ReservationID]Orphan
}

func newOutcomes(g *ground) *outcomes {
	return &outcomes{ground: g, orphans: map[charging.ReservationID]Orphan{}}
}

// askOutcome asks the originator what became of the trip of a RESERVED and acts on
// it. Those who ask about the same stop at once share one question.
func (oc *outcomes) askOutcome(ctx context.Context, at charging.At) (charging.Outcome, error) {
	answer := oc.asking.DoChan(string(at.ID), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), oc.o.AskTimeout)
		defer cancel()
		return oc.ask(ctx, at)
	})
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case got := <-answer:
		outcome, _ := got.Val.(charging.Outcome)
		return outcome, got.Err
	}
}

func (oc *outcomes) ask(ctx context.Context, at charging.At) (charging.Outcome, error) {
	originator, err := oc.o.Originators.Originator(at.Origin)
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
		return outcomes[0], oc.settle(ctx, at.Location, []charging.At{at})
	case outcomes[0] == charging.OutcomeAborted:
		return outcomes[0], oc.free(ctx, at)
	}
	return outcomes[0], nil
}

// settle notes that the originator has said CONFIRMED of stops of a location.
func (oc *outcomes) settle(ctx context.Context, loc charging.LocationID, stops []charging.At) error {
	for _, at := range stops {
		oc.adopted(at.ID)
	}
	return oc.o.Calendar.Settle(ctx, loc, stops)
}

// free gives up a stop whose originator has said ABORTED.
func (oc *outcomes) free(ctx context.Context, at charging.At) error {
	_, err := oc.changed(oc.o.Calendar.Drop(ctx, at, charging.OutcomeAborted))
	if err == nil {
		oc.adopted(at.ID)
	}
	return err
}

// Orphans lists the RESERVED stops whose originator does not know the trip, by
// age, as far as this server has asked.
func (d *Desk) Orphans() []Orphan {
	return d.outcomes.orphanList()
}

func (oc *outcomes) orphanList() []Orphan {
	now := oc.o.Clock()
	oc.mu.Lock()
	defer oc.mu.Unlock()
	list := make([]Orphan, 0, len(oc.orphans))
	for id, o := range oc.orphans {
		if !now.Before(o.Window.End) {
			delete(oc.orphans, id)
			continue
		}
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b Orphan) int { return a.Since.Compare(b.Since) })
	return list
}

func (oc *outcomes) orphaned(res charging.Reservation) {
	now := oc.o.Now()
	oc.mu.Lock()
	o, known := oc.orphans[res.ID]
	if !known {
		o.Since = now
	}
	o.Reservation, o.asked = res, now
	oc.orphans[res.ID] = o
	oc.mu.Unlock()
	if !known {
		oc.o.Log("reservation "+string(res.ID)+" is RESERVED for a trip that "+string(res.Origin)+
			" does not know: kept until no-show; ask its operator, or withdraw "+string(res.EVSEID), nil)
	}
}

func (oc *outcomes) adopted(id charging.ReservationID) {
	oc.mu.Lock()
	defer oc.mu.Unlock()
	delete(oc.orphans, id)
}

func (oc *outcomes) askedLately(id charging.ReservationID) bool {
	oc.mu.Lock()
	defer oc.mu.Unlock()
	o, known := oc.orphans[id]
	return known && oc.o.Now().Sub(o.asked) < askAgain
}
