package terminal

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// pollEvery is how often a trip is looked at while it is followed.
const pollEvery = 150 * time.Millisecond

// Follow looks at a trip until it is settled, needs a decision, or the context
// ends; seen is told every form of it that was read.
func Follow(ctx context.Context, server *client.Driver, t trip.Trip, seen func(trip.Trip)) (trip.Trip, error) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		seen(t)
		if t.State.Settled() || t.State == trip.AwaitingDecision {
			return t, nil
		}
		select {
		case <-ctx.Done():
			return t, nil
		case <-tick.C:
		}
		next, err := server.Trip(ctx, t.ID, 0)
		if err != nil {
			return t, err
		}
		t = next
	}
}

// LiveLine is one line of a terminal that is written over and over.
type LiveLine struct {
	w    io.Writer
	last string
}

// NewLiveLine begins one that is empty.
func NewLiveLine(w io.Writer) *LiveLine { return &LiveLine{w: w} }

// Set shows s instead of what stood there; nothing happens when it is the same.
func (l *LiveLine) Set(s string) {
	if s == l.last {
		return
	}
	l.last = s
	_, _ = fmt.Fprintf(l.w, "\r\x1b[K%s", s)
}

// Clear leaves the line empty.
func (l *LiveLine) Clear() {
	if l.last != "" {
		_, _ = io.WriteString(l.w, "\r\x1b[K")
		l.last = ""
	}
}
