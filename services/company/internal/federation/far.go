package federation

import (
	"context"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

var (
	_ charging.Company    = (*peer)(nil)
	_ charging.Sessions   = (*peer)(nil)
	_ charging.Garage     = (*peer)(nil)
	_ charging.Mover      = (*peer)(nil)
	_ charging.Reader     = (*peer)(nil)
	_ charging.Originator = (*peer)(nil)
)

func (p *peer) Reserve(ctx context.Context, h charging.HoldRequest) (charging.Reservation, error) {
	if err := p.suspended(h.EVSEID); err != nil {
		return charging.Reservation{}, err
	}
	return p.action(ctx, "reserve", h.EVSEID, func(ctx context.Context) (charging.Reservation, error) { return p.remote.Reserve(ctx, h) })
}

func (p *peer) Claim(ctx context.Context, h charging.HoldRequest) (charging.Reservation, error) {
	if err := p.suspended(h.EVSEID); err != nil {
		return charging.Reservation{}, err
	}
	return p.action(ctx, "claim", h.EVSEID, func(ctx context.Context) (charging.Reservation, error) { return p.remote.Claim(ctx, h) })
}

// suspended refuses to take a stop at a peer that the operator has suspended. What is
// held there is renewed, confirmed, released and driven to.
func (p *peer) suspended(id charging.EVSEID) error {
	reason := p.f.o.Suspended(p.ID)
	if reason == "" {
		return nil
	}
	return &charging.Refusal{
		Code: charging.CodeEVSEOutOfService, Cause: charging.ErrNotSent,
		Detail: string(id) + " is not taken: " + string(p.f.o.Self) + " has suspended " + string(p.ID) + " (" + reason + "); choose another company's",
	}
}

func (p *peer) Renew(ctx context.Context, ref charging.Ref, ttl time.Duration) (charging.Reservation, error) {
	return p.action(ctx, "renew", ref.EVSEID, func(ctx context.Context) (charging.Reservation, error) { return p.remote.Renew(ctx, ref, ttl) })
}

func (p *peer) Confirm(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
	return p.action(ctx, "confirm", ref.EVSEID, func(ctx context.Context) (charging.Reservation, error) { return p.remote.Confirm(ctx, ref) })
}

func (p *peer) Compensate(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
	return p.action(ctx, "compensate", ref.EVSEID, func(ctx context.Context) (charging.Reservation, error) { return p.remote.Compensate(ctx, ref) })
}

func (p *peer) Start(ctx context.Context, ref charging.Ref, a charging.Arrival) (charging.Reservation, error) {
	return p.action(ctx, "start", ref.EVSEID, func(ctx context.Context) (charging.Reservation, error) { return p.remote.Start(ctx, ref, a) })
}

func (p *peer) Complete(ctx context.Context, ref charging.Ref, l charging.Leaving) (charging.Reservation, error) {
	return p.action(ctx, "complete", ref.EVSEID, func(ctx context.Context) (charging.Reservation, error) { return p.remote.Complete(ctx, ref, l) })
}

func (p *peer) Move(ctx context.Context, m charging.Move) (charging.Reservation, error) {
	return p.action(ctx, "move", m.EVSEID, func(ctx context.Context) (charging.Reservation, error) { return p.remote.Move(ctx, m) })
}

func (p *peer) Contest(ctx context.Context, k charging.Contest) (bool, error) {
	return call(ctx, p, p.f.o.CallTimeout, "contest", func(ctx context.Context) (bool, error) { return p.remote.Contest(ctx, k) })
}

// Exchange changes the secret of a vehicle that registered at another company into a
// pass for this one. FORBIDDEN: no vehicle has this id and secret. UNKNOWN_ROUTE: the
// company knows no passes. PEER_UNAVAILABLE, also for no peer.
func (f *Federation) Exchange(ctx context.Context, issuer charging.CompanyID, id charging.VehicleID, secret string) (token string, err error) {
	p := f.peers[issuer]
	if p == nil {
		return "", charging.Refuse(charging.CodePeerUnavailable, fmt.Sprintf("%q is no peer of this company", issuer))
	}
	return call(ctx, p, f.o.CallTimeout, "exchange", func(ctx context.Context) (string, error) { return p.remote.Exchange(ctx, id, secret) })
}

func (p *peer) Reservation(ctx context.Context, id charging.ReservationID) (charging.Reservation, error) {
	return call(ctx, p, p.f.o.CallTimeout, "reservation", func(ctx context.Context) (charging.Reservation, error) {
		return p.remote.Reservation(ctx, id)
	})
}

// action asks something of a reservation: it may change an EVSE's calendar, whatever comes
// back.
func (p *peer) action(ctx context.Context, what string, id charging.EVSEID, send func(context.Context) (charging.Reservation, error)) (charging.Reservation, error) {
	defer p.forget(id)
	return call(ctx, p, p.f.o.CallTimeout, what, send)
}

func (p *peer) Outcomes(ctx context.Context, about []charging.Question) ([]charging.Outcome, error) {
	return call(ctx, p, p.f.o.CallTimeout, "outcomes", func(ctx context.Context) ([]charging.Outcome, error) {
		return p.remote.Outcomes(ctx, about)
	})
}

func (p *peer) Preempted(ctx context.Context, n charging.Notice) error {
	return p.notice(ctx, "preempted", n, p.remote.Preempted)
}

func (p *peer) Changed(ctx context.Context, n charging.Notice) error {
	return p.notice(ctx, "changed", n, p.remote.Changed)
}

func (p *peer) notice(ctx context.Context, what string, n charging.Notice, send func(context.Context, charging.Notice) error) error {
	_, err := call(ctx, p, p.f.o.CallTimeout, what, func(ctx context.Context) (struct{}, error) { return struct{}{}, send(ctx, n) })
	return err
}

// HandOn gives an operator's message to a peer, which tells the driver of a vehicle whose
// trip began there. FORBIDDEN: it knows no such trip; PEER_UNAVAILABLE, also for no peer;
// UNKNOWN_ROUTE: it is of an edition that knows no messages.
func (f *Federation) HandOn(ctx context.Context, to charging.CompanyID, v charging.VehicleID, m charging.Message) error {
	p := f.peers[to]
	if p == nil {
		return charging.Refuse(charging.CodePeerUnavailable, fmt.Sprintf("%.8q is no peer of this company", to))
	}
	_, err := call(ctx, p, f.o.CallTimeout, "message", func(ctx context.Context) (struct{}, error) { return struct{}{}, p.remote.Say(ctx, v, m) })
	return err
}

// rearrangeTime is what a peer's saga may take to move a stop: it asks us back.
const rearrangeTime = 20 * time.Second

// Rearrange asks a peer to give a stop here of its trip another window or EVSE. It refuses
// as that decides; PEER_UNAVAILABLE, also for no peer: nobody knows, and the same asked
// again is safe.
func (f *Federation) Rearrange(ctx context.Context, origin charging.CompanyID, id charging.TripID, q api.Rearrange) (api.Rearranged, error) {
	p := f.peers[origin]
	if p == nil {
		return api.Rearranged{}, charging.Refuse(charging.CodePeerUnavailable, fmt.Sprintf("%.8q is no peer of this company", origin))
	}
	got, err := call(ctx, p, rearrangeTime, "rearrange", func(ctx context.Context) (api.Rearranged, error) { return p.remote.Rearrange(ctx, id, q) })
	if err != nil && charging.CodeOf(err) == "" {
		err = p.unavailable("has not said whether it did so: look at the booking before asking again", err)
	}
	return got, err
}
