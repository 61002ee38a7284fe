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

// yard is where the cars of this fleet stand, whatever the companies have booked.
// It knows who is there and keeps nobody away: to wait for the plug is a matter of
// manners (enter), and who has none stands beside (squeeze). Who gets energy is up
// to the company.
type yard struct {
	mu     sync.Mutex
	places map[charging.EVSEID]chan struct{} // holds one token while nobody is there
}

func (y *yard) place(id charging.EVSEID) chan struct{} {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.places == nil {
		y.places = map[charging.EVSEID]chan struct{}{}
	}
	place := y.places[id]
	if place == nil {
		place = make(chan struct{}, 1)
		place <- struct{}{}
		y.places[id] = place
	}
	return place
}

// enter waits, for some real time, until the plug is free, and takes it. The
// function that it gives leaves again.
func (y *yard) enter(ctx context.Context, id charging.EVSEID, patience time.Duration) (leave func(), err error) {
	place := y.place(id)
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

// squeeze takes the plug where it is free, and stands beside whoever is there
// where it is not.
func (y *yard) squeeze(id charging.EVSEID) (leave func(), alone bool) {
	place := y.place(id)
	select {
	case <-place:
		return func() { place <- struct{}{} }, true
	default:
		return func() {}, false
	}
}
