package carapi

import (
	"context"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// settle answers once the trip has what the answer waits for, beside the
// handling of other messages. Where too many are waited for, the car is asked
// to repeat: the trip goes on, and the repeat finds it.
func (a *API) settle(id call, status int, t trip.Trip, until patience) {
	select {
	case a.slots <- struct{}{}:
	default:
		a.answer(id, problem(charging.Refuse(charging.CodeRateLimited,
			"trip "+string(t.ID)+" goes on, but too many cars wait for an answer; repeat the request with the same request_id")))
		return
	}
	a.mu.Lock()
	if a.stopped {
		a.mu.Unlock()
		<-a.slots
		return // the car repeats
	}
	a.work.Add(1)
	a.mu.Unlock()
	go func() {
		defer a.work.Done()
		defer func() { <-a.slots }()
		a.await(id, status, t.ID, until)
	}()
}

// lull is between two looks at a trip that is not ready although it may be
// told.
const lull = 200 * time.Millisecond

// await answers nothing when the server stops first: the car repeats.
func (a *API) await(id call, status int, trip charging.TripID, until patience) {
	ctx, cancel := context.WithTimeout(a.ctx, a.o.WaitTimeout)
	defer cancel()
	t, err := until.again(ctx, trip)
	for err == nil && !until.ready(t) && pause(ctx, lull) {
		t, err = until.again(ctx, trip)
	}
	switch {
	case a.ctx.Err() != nil:
		a.end(id)
	case err != nil:
		a.answer(id, problem(err))
	case !until.ready(t): // the wait has ended by itself
		a.end(id)
		a.publishReply(id, reply(status, t.Public()))
	default:
		a.answer(id, reply(status, t.Public()))
	}
}

// pause is false where the context ends first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
