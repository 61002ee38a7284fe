package fleet

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// errOccupied is what a car hears that has waited long enough.
var errOccupied = errors.New("occupied")

// yard is where the cars of this fleet stand: one at a plug at a time, whatever
// the companies have booked.
type yard struct {
	mu     sync.Mutex
	places map[charging.EVSEID]chan struct{} // holds one token while the plug is free
}

// enter waits, for some real time, until the plug is free, and takes it. The
// function that it gives leaves again.
func (y *yard) enter(ctx context.Context, id charging.EVSEID, patience time.Duration) (leave func(), err error) {
	y.mu.Lock()
	if y.places == nil {
		y.places = map[charging.EVSEID]chan struct{}{}
	}
	place := y.places[id]
	if place == nil {
		place = make(chan struct{}, 1)
		place <- struct{}{}
		y.places[id] = place
	}
	y.mu.Unlock()
	leave = func() { place <- struct{}{} }
	select {
	case <-place:
		return leave, nil
	default:
	}
	timer := time.NewTimer(max(patience, 0))
	defer timer.Stop()
	select {
	case <-place:
		return leave, nil
	case <-timer.C:
		return nil, errOccupied
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
