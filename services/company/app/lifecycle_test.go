package app

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/rs/zerolog"
)

func TestCleanupsRunBackwardsAndAll(t *testing.T) {
	var c cleanups
	var done []string
	broken := errors.New("broken")
	for _, name := range []string{"a", "b", "c"} {
		c.add(name, func(context.Context) error {
			done = append(done, name)
			if name == "b" {
				return broken
			}
			return nil
		})
	}
	if err := c.run(t.Context(), zerolog.Nop()); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if !slices.Equal(done, []string{"c", "b", "a"}) {
		t.Errorf("order %v", done)
	}
	if err := c.run(t.Context(), zerolog.Nop()); err != nil || len(done) != 3 {
		t.Errorf("a second run: %v, %v", done, err)
	}
}

func TestBackgroundEndsWithItsCleanup(t *testing.T) {
	a := &App{core: &core{}}
	ended := false
	a.background("loop", func(ctx context.Context) { <-ctx.Done(); ended = true })
	if err := a.Stop(t.Context()); err != nil || !ended {
		t.Errorf("ended %v, %v", ended, err)
	}
}

func TestStopBeforeStart(t *testing.T) {
	a, err := New(good())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if err := a.Listen(t.Context()); err != nil || a.HTTPAddr() == "" {
		t.Fatalf("listen: %v", err)
	}
	if err := errors.Join(a.Stop(t.Context()), a.Stop(t.Context())); err != nil {
		t.Error(err)
	}
}
