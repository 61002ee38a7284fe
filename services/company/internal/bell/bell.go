// Package bell wakes many readers of the same thing one after the other. What all of
// them write at once holds up every request that comes at that moment: of 500 streams
// by as long as 500 writes take, which is several bookings' time.
package bell

import (
	"math"
	"sync/atomic"
	"time"
)

// Spread is within what time of a ring all readers are woken: half of the time between
// two frames, so that a reader misses none.
const Spread = 250 * time.Millisecond

// golden parts any number of readers evenly: the fractional parts of its multiples lie
// about as far apart as so many can (Weyl's sequence of the golden ratio).
const golden = math.Phi - 1

var hung atomic.Uint32

// Bell wakes one reader, always as long after Ring. It is safe for use by many
// goroutines.
type Bell struct {
	// C has one value when the reader was woken and has not taken it.
	C     <-chan struct{}
	delay time.Duration
	timer *time.Timer
}

// New hangs a bell, with a moment of its own within Spread.
func New() *Bell {
	_, part := math.Modf(float64(hung.Add(1)) * golden)
	wake := make(chan struct{}, 1)
	b := &Bell{C: wake, delay: time.Duration(part * float64(Spread))}
	b.timer = time.AfterFunc(time.Hour, func() {
		select {
		case wake <- struct{}{}:
		default: // it has not yet taken what it was woken for
		}
	})
	b.timer.Stop()
	return b
}

// Ring wakes the reader at its moment. A ring within Spread of another counts for both.
func (b *Bell) Ring() { b.timer.Reset(b.delay) }

// Stop takes the bell down.
func (b *Bell) Stop() { b.timer.Stop() }
