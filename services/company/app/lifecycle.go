package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// cleanup undoes one step of a start.
type cleanup struct {
	name string
	undo func(context.Context) error
}

// cleanups are undone last in, first out, each once.
type cleanups struct {
	mu   sync.Mutex
	list []cleanup
}

func (c *cleanups) add(name string, undo func(context.Context) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, cleanup{name, undo})
}

// run undoes everything, whatever fails on the way, and says what did.
func (c *cleanups) run(ctx context.Context, log zerolog.Logger) error {
	c.mu.Lock()
	list := c.list
	c.list = nil
	c.mu.Unlock()
	var errs []error
	for i := len(list) - 1; i >= 0; i-- {
		began := time.Now()
		err := list[i].undo(ctx)
		log.Debug().Str("step", list[i].name).Dur("took", time.Since(began)).Err(err).Msg("stopped")
		if err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", list[i].name, err))
		}
	}
	return errors.Join(errs...)
}

// every calls f again and again, first after one pause, until the context ends.
func every(ctx context.Context, pause time.Duration, f func(context.Context)) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f(ctx)
		}
	}
}

// background runs f on a goroutine of its own until the clean-up with that
// name, which ends its context and waits for it.
func (a *App) background(name string, f func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(ctx)
	}()
	a.cleanups.add(name, func(stop context.Context) error {
		cancel()
		select {
		case <-done:
			return nil
		case <-stop.Done():
			return stop.Err()
		}
	})
}
