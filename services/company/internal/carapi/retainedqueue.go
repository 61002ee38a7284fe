package carapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// stepsEvery is how often the steps of sagas that are on their way are put up: the next
// step of a trip is mostly some milliseconds off, and the newest says it all.
const stepsEvery = 50 * time.Millisecond

// retainedQueue holds the newest of each trip that changed and is not published yet, so
// that a saga never waits and changes in quick succession are one message.
type retainedQueue struct {
	mu     sync.Mutex
	wake   *sync.Cond
	newest map[charging.TripID]trip.Trip
	order  []charging.TripID
	closed bool
	// steps are the trips that wait for the next round; queued, which are in order.
	steps  []charging.TripID
	queued map[charging.TripID]bool
	// fresh are the trips that changed since Restore began; nil when it does
	// not run.
	fresh map[charging.TripID]struct{}
}

func (b *retainedQueue) init() {
	b.newest, b.queued = map[charging.TripID]trip.Trip{}, map[charging.TripID]bool{}
	b.wake = sync.NewCond(&b.mu)
}

func (b *retainedQueue) put(t trip.Trip) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fresh != nil {
		b.fresh[t.ID] = struct{}{}
	}
	b.putLocked(t)
}

// putOld puts up what was read, unless the trip has changed since.
func (b *retainedQueue) putOld(t trip.Trip) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, changed := b.fresh[t.ID]; !changed {
		b.putLocked(t)
	}
}

func (b *retainedQueue) putLocked(t trip.Trip) {
	if b.closed {
		return
	}
	_, waits := b.newest[t.ID]
	b.newest[t.ID] = t
	switch {
	case !onItsWay(t.State):
		b.queue(t.ID)
	case !waits:
		b.steps = append(b.steps, t.ID)
		if len(b.steps) == 1 {
			time.AfterFunc(stepsEvery, b.round)
		}
	}
}

// onItsWay says whether the next step follows without anybody's doing: nobody waits for
// this one.
func onItsWay(s trip.State) bool {
	return s == trip.Reserving || s == trip.Confirming || s == trip.Compensating
}

// queue has a trip published, once.
func (b *retainedQueue) queue(id charging.TripID) {
	if b.queued[id] {
		return
	}
	b.queued[id] = true
	b.order = append(b.order, id)
	b.wake.Signal()
}

// round has the steps published that nothing has followed.
func (b *retainedQueue) round() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.roundLocked()
}

func (b *retainedQueue) roundLocked() {
	for _, id := range b.steps {
		if _, waits := b.newest[id]; waits {
			b.queue(id)
		}
	}
	b.steps = nil
}

// track notes which trips change, or forgets them.
func (b *retainedQueue) track(on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fresh = nil
	if on {
		b.fresh = map[charging.TripID]struct{}{}
	}
}

// take waits for the next trip; ok is false when the queue is closed and empty.
func (b *retainedQueue) take() (t trip.Trip, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.order) == 0 {
		if b.closed {
			return trip.Trip{}, false
		}
		b.wake.Wait()
	}
	id := b.order[0]
	b.order = b.order[1:]
	t = b.newest[id]
	delete(b.newest, id)
	delete(b.queued, id)
	return t, true
}

func (b *retainedQueue) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.roundLocked()
	b.closed = true
	b.wake.Broadcast()
}

// Changed publishes a trip on its car's retained topic, soon. It never blocks:
// the saga calls it with every change that is in the journal, in order for each
// trip. A change that another one follows at once may be left out.
func (a *API) Changed(t trip.Trip) { a.board.put(t.Clone().Public()) }

func (a *API) postTrips() {
	for {
		t, ok := a.board.take()
		if !ok {
			return
		}
		a.postTrip(t)
	}
}

// postTrip keeps an open trip retained, and what it asks. One that is over ends
// the retained message and is told once more, to those who listen.
func (a *API) postTrip(t trip.Trip) {
	defer a.postQuestions(t) // after the trip that they are about
	topic := carlink.TripTopic(t.VehicleID, t.ID)
	raw, err := json.Marshal(t)
	if err != nil {
		a.o.Warn("a trip has no JSON form", t.VehicleID, err)
		return
	}
	if t.State.Open() {
		a.publish(topic, raw, 1, true)
		return
	}
	a.publish(topic, nil, 1, true)
	a.publish(topic, raw, 1, false)
}

// restorePage is how many trips are read at a time.
const restorePage = 200

// Restore publishes every open trip and all that is asked again, and ends the
// retained messages of what is over: a broker may have forgotten the ones, and
// kept the others from before a crash. retained lists what a broker has. To be
// called when the broker is there; one at a time.
func (a *API) Restore(ctx context.Context, retained func(context.Context) ([]carlink.Topic, error)) error {
	a.board.track(true)
	defer a.board.track(false)
	had, err := retained(ctx)
	if err != nil {
		return fmt.Errorf("what is retained: %w", err)
	}
	a.questions.found(had)
	open, asking := map[charging.TripID]bool{}, map[charging.VehicleID]bool{}
	for _, state := range trip.States() {
		if !state.Open() {
			continue
		}
		for offset := 0; ; offset += restorePage {
			page, total, err := a.o.Desk.List(ctx, trip.Query{State: state, Limit: restorePage, Offset: offset})
			if err != nil {
				return fmt.Errorf("reading the open trips for their cars: %w", err)
			}
			for _, t := range page {
				open[t.ID] = true
				asking[t.VehicleID] = asking[t.VehicleID] || asks(t)
				a.board.putOld(t.Public())
			}
			if len(page) == 0 || offset+len(page) >= total {
				break
			}
		}
	}
	for _, t := range had {
		switch {
		case t.Kind == carlink.KindAlerts && !asking[t.Vehicle]:
			a.endAlert(ctx, t)
		case t.Kind == carlink.KindTrip && !open[t.Trip]:
			a.endRetained(ctx, t)
		}
	}
	return nil
}

// endRetained ends the retained message of a trip that is over, or that nobody
// here knows. Only its record says so: a list may have missed it.
func (a *API) endRetained(ctx context.Context, topic carlink.Topic) {
	t, err := a.o.Desk.Trip(ctx, topic.Trip)
	var refusal *charging.Refusal
	unknown := errors.As(err, &refusal) && refusal.Code == charging.CodeUnknownTrip
	if unknown || (err == nil && !t.State.Open()) {
		a.publish(topic.String(), nil, 1, true)
	}
}
