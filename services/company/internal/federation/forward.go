package federation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Forward passes a vehicle's request on to a peer, once. It asks no peer whose breaker
// is open, and moves no breaker: how long the answer takes is the vehicle's wish. It
// fails as client.Forward does, and with PEER_UNAVAILABLE where nothing was sent.
func (f *Federation) Forward(ctx context.Context, to charging.CompanyID, q client.Forwarded) (client.ForwardedAnswer, error) {
	p := f.peers[to]
	if p == nil {
		return client.ForwardedAnswer{}, charging.Refuse(charging.CodePeerUnavailable, fmt.Sprintf("%.8q is no peer of this company", to))
	}
	if p.breaker.State() == gobreaker.StateOpen {
		return client.ForwardedAnswer{}, p.unavailable("is not answering", gobreaker.ErrOpenState)
	}
	select {
	case p.forwards <- struct{}{}:
		defer func() { <-p.forwards }()
	default:
		return client.ForwardedAnswer{}, p.unavailable("has too many requests of vehicles to answer", errors.New("no room"))
	}
	ctx, cancel := context.WithTimeout(ctx, f.o.ReadTimeout+q.Patience)
	defer cancel()
	return p.remote.Forward(ctx, q)
}

// Follow opens a vehicle's stream of events at a peer, as client.Follow does.
func (f *Federation) Follow(ctx context.Context, to charging.CompanyID, q client.Forwarded, after uint64) (func() (trip.Event, error), error) {
	p := f.peers[to]
	if p == nil {
		return nil, charging.Refuse(charging.CodePeerUnavailable, fmt.Sprintf("%.8q is no peer of this company", to))
	}
	if p.breaker.State() == gobreaker.StateOpen {
		return nil, p.unavailable("is not answering", gobreaker.ErrOpenState)
	}
	return p.remote.Follow(ctx, q, after)
}

// Heard is when a peer last answered anything; zero where it never did.
func (f *Federation) Heard(of charging.CompanyID) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.peers[of]; p != nil {
		return p.health.lastSeen
	}
	return time.Time{}
}
