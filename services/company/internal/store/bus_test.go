package store_test

import (
	"context"
	"slices"
	"testing"
	"time"
)

func TestServersKnowEachOther(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		announce := func(server string, life time.Duration) []string {
			t.Helper()
			others, err := e.Announce(ctx, server, life)
			if err != nil {
				t.Fatal(err)
			}
			return others
		}
		if others := announce("a", time.Minute); len(others) != 0 {
			t.Errorf("a meets %v", others)
		}
		if others := announce("b", time.Minute); !slices.Equal(others, []string{"a"}) {
			t.Errorf("b meets %v", others)
		}
		announce("b", 0)
		announce("c", time.Millisecond)
		<-time.After(5 * time.Millisecond)
		if others := announce("a", time.Minute); len(others) != 0 {
			t.Errorf("a still meets %v", others)
		}
	})
}

func TestBusReachesWhoListens(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		joined, heard, done := make(chan struct{}, 8), make(chan string, 8), make(chan struct{})
		go func() {
			defer close(done)
			e.Listen(ctx, "MAR", func() { joined <- struct{}{} }, func(m []byte) { heard <- string(m) })
		}()
		<-joined
		if err := e.Tell(ctx, "SER", []byte("to others")); err != nil {
			t.Fatal(err)
		}
		if err := e.Tell(ctx, "MAR", []byte("to us")); err != nil {
			t.Fatal(err)
		}
		if got := <-heard; got != "to us" {
			t.Errorf("heard %q", got)
		}
		if e.real { // a connection that is lost is made again
			if err := e.raw.ClientKillByFilter(ctx, "TYPE", "pubsub").Err(); err != nil {
				t.Fatal(err)
			}
			<-joined
			if err := e.Tell(ctx, "MAR", []byte("again")); err != nil {
				t.Fatal(err)
			}
			if got := <-heard; got != "again" {
				t.Errorf("heard %q", got)
			}
		}
		cancel()
		<-done
	})
}
