package federation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// peer is one remote company and what is known of it.
type peer struct {
	Peer
	f       *Federation
	remote  Remote
	breaker *gobreaker.TwoStepCircuitBreaker[any]
	// room has one token for each call that may be in flight.
	room chan struct{}
	// forwards has one token for each request of a vehicle that is passed on: these may
	// take long, and keep no saga's call waiting.
	forwards chan struct{}
	// nudged wakes the peer's watch.
	nudged chan struct{}

	// health, drops, caught, locationCache, availabilityCache, told and refusalLogged are guarded by f.mu. told is
	// what OnPeer has heard.
	health            health
	drops             drops
	caught            caught
	locationCache     locationCache
	availabilityCache availabilityCache
	told              PeerView
	refusalLogged     time.Time
}

func newPeer(f *Federation, c Peer) *peer {
	p := &peer{
		Peer: c, f: f,
		room: make(chan struct{}, f.o.InFlight), forwards: make(chan struct{}, f.o.Forwards), nudged: make(chan struct{}, 1),
		told: PeerView{State: NotSeen},
	}
	p.breaker = gobreaker.NewTwoStepCircuitBreaker[any](gobreaker.Settings{
		Name: string(c.ID), MaxRequests: 1, Timeout: f.o.OpenFor,
		ReadyToTrip:  func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= f.o.TripAfter },
		IsSuccessful: func(err error) bool { return !failed(err) },
		IsExcluded:   func(err error) bool { return errors.Is(err, context.Canceled) },
		OnStateChange: func(name string, from, to gobreaker.State) {
			f.o.Log(fmt.Sprintf("the breaker of peer %s went from %s to %s", name, from, to), nil)
		},
	})
	p.Dropped = p.drop
	return p
}

// failed reports whether an answer says that the peer is unwell: none at all,
// or a 503. A refusal is the answer of a healthy peer.
func failed(err error) bool {
	if err == nil {
		return false
	}
	switch charging.CodeOf(err) {
	case "", charging.CodePeerUnavailable, charging.CodeStoreUnavailable:
		return true
	}
	return false
}

// call makes one request to a peer. PEER_UNAVAILABLE: nothing was sent.
func call[T any](ctx context.Context, p *peer, timeout time.Duration, what string, send func(context.Context) (T, error)) (T, error) {
	var none T
	leave, err := p.enter(ctx)
	if err != nil {
		return none, err
	}
	defer leave()
	done, err := p.breaker.Allow()
	if err != nil {
		return none, p.unavailable("is not answering", err)
	}
	answer, err := measured(ctx, p, timeout, what, send)
	done(err)
	p.tell()
	return answer, err
}

// measured is a request under a time-out whose end is noted in the peer's health.
func measured[T any](ctx context.Context, p *peer, timeout time.Duration, what string, send func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	began := time.Now()
	answer, err := send(ctx)
	p.note(time.Since(began), err)
	if err != nil && charging.CodeOf(err) == "" {
		err = fmt.Errorf("%s at %s: %w", what, p.ID, err)
	}
	return answer, err
}

// enter waits for room among the peer's calls.
func (p *peer) enter(ctx context.Context) (leave func(), err error) {
	select {
	case p.room <- struct{}{}:
		return func() { <-p.room }, nil
	default:
	}
	select {
	case p.room <- struct{}{}:
		return func() { <-p.room }, nil
	case <-ctx.Done():
		return nil, p.unavailable("is busy with other calls", ctx.Err())
	}
}

func (p *peer) unavailable(why string, cause error) error {
	return &charging.Refusal{
		Code: charging.CodePeerUnavailable, Detail: string(p.ID) + " " + why + "; repeat the request later",
		RetryAfter: p.f.o.OpenFor, Cause: errors.Join(charging.ErrNotSent, cause),
	}
}
