package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Options of a Client.
type Options struct {
	// BaseURL of the other company's server, "http://127.0.0.1:8082".
	BaseURL string
	// Token gives the bearer token by which the other company knows us, asked for
	// before each call: it is a new one every minute. An error fails the call; nil
	// shows nothing.
	Token func() (string, error)
	// Self is who calls. Peer is who is called, where it is known: then an
	// answer of anybody else is refused.
	Self, Peer charging.CompanyID
	// Dropped is told of each record of an answer that is left out, because it
	// cannot be true or cannot be shown; nil is nobody. It must not block.
	Dropped func(api.Drop)
	// HTTP is shared between the clients of one server; nil is NewHTTP(nil).
	HTTP *http.Client
	// Timeout of a call whose context ends later; 0 is 10 s.
	Timeout time.Duration
}

// Client is another company, far away. It is safe for use by many goroutines.
type Client struct {
	caller
	self, peer charging.CompanyID
	dropped    func(api.Drop)
}

var (
	_ charging.Company    = (*Client)(nil)
	_ charging.Sessions   = (*Client)(nil)
	_ charging.Garage     = (*Client)(nil)
	_ charging.Originator = (*Client)(nil)
)

// New makes a client; it calls nobody yet.
func New(o Options) (*Client, error) {
	c, err := newCaller(o.BaseURL, func(r *http.Request) error {
		r.Header.Set("User-Agent", "eletrovia/"+string(o.Self))
		if o.Token == nil {
			return nil
		}
		token, err := o.Token()
		if err != nil {
			return fmt.Errorf("what to show to %s: %w", o.Peer, err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}, o.HTTP, o.Timeout)
	if err != nil {
		return nil, err
	}
	c.refusal = foreignRefusal
	return &Client{caller: c, self: o.Self, peer: o.Peer, dropped: o.Dropped}, nil
}

// Fixed is a token that stays: a secret of the configuration.
func Fixed(token string) func() (string, error) {
	return func() (string, error) { return token, nil }
}

// border is where one answer of the peer comes in.
func (c *Client) border() *api.Border { return api.NewBorder(c.peer, c.dropped) }

const federation = "/federation/v1"

func reservationPath(id charging.ReservationID, action string) string {
	p := federation + "/reservations/" + url.PathEscape(string(id))
	if action != "" {
		p += "/" + action
	}
	return p
}

func tripPath(id charging.TripID, action string) string {
	return federation + "/trips/" + url.PathEscape(string(id)) + "/" + action
}

// Reserve implements charging.Company.
func (c *Client) Reserve(ctx context.Context, h charging.HoldRequest) (charging.Reservation, error) {
	return c.hold(ctx, "reserve", h, charging.Pending, charging.Reserved, charging.Charging, charging.Fulfilled, charging.NoShow)
}

// Claim implements charging.Company.
func (c *Client) Claim(ctx context.Context, h charging.HoldRequest) (charging.Reservation, error) {
	return c.hold(ctx, "claim", h, charging.Claimed, charging.Pending, charging.Reserved, charging.Charging, charging.Fulfilled, charging.NoShow)
}

func (c *Client) hold(ctx context.Context, action string, h charging.HoldRequest, states ...charging.State) (charging.Reservation, error) {
	r, err := c.act(ctx, action, h.Ref, api.HoldBodyOf(h), states...)
	if err != nil {
		return r, err
	}
	if err := sameEnd(r, h.End); err != nil {
		return charging.Reservation{}, err
	}
	return r, sameHold(r, h)
}

// Renew implements charging.Company.
func (c *Client) Renew(ctx context.Context, ref charging.Ref, ttl time.Duration) (charging.Reservation, error) {
	return c.act(ctx, "renew", ref, api.RefBodyOf(ref, ttl), charging.Claimed, charging.Pending, charging.Reserved, charging.Charging)
}

// Confirm implements charging.Company.
func (c *Client) Confirm(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
	return c.act(ctx, "confirm", ref, api.RefBodyOf(ref, 0), charging.Reserved, charging.Charging, charging.Fulfilled, charging.NoShow)
}

// Compensate implements charging.Company.
func (c *Client) Compensate(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
	return c.act(ctx, "compensate", ref, api.RefBodyOf(ref, 0), charging.Canceled, charging.Charging, charging.Fulfilled, charging.NoShow)
}

// Start implements charging.Sessions.
func (c *Client) Start(ctx context.Context, ref charging.Ref, a charging.Arrival) (charging.Reservation, error) {
	body := api.RefBodyOf(ref, 0)
	body.EnergyKWh, body.At = a.PlannedKWh, a.At
	return c.act(ctx, "start", ref, body, charging.Charging, charging.Reserved, charging.Fulfilled)
}

// Complete implements charging.Sessions.
func (c *Client) Complete(ctx context.Context, ref charging.Ref, l charging.Leaving) (charging.Reservation, error) {
	body := api.RefBodyOf(ref, 0)
	body.EnergyKWh, body.At = l.EnergyKWh, l.At
	return c.act(ctx, "complete", ref, body, charging.Fulfilled)
}

// Contest implements charging.Garage. UNKNOWN_ROUTE from a company that knows no such
// question.
func (c *Client) Contest(ctx context.Context, k charging.Contest) (bool, error) {
	var answer api.ContestAnswer
	_, err := c.do(ctx, call{
		method: http.MethodPost, path: federation + "/vehicles/" + url.PathEscape(string(k.VehicleID)) + "/contest",
		body: k, into: &answer, ok: []int{http.StatusOK},
	})
	if err == nil && answer.Busy == nil {
		err = fmt.Errorf("%w: contest %s without busy", ErrRubbish, k.VehicleID)
	}
	if err != nil {
		return false, err
	}
	return *answer.Busy, nil
}

// Exchange changes the secret of a vehicle of the peer's into a pass for the caller.
// FORBIDDEN: no vehicle there has this id and secret. UNKNOWN_ROUTE from a company that
// knows no passes.
func (c *Client) Exchange(ctx context.Context, id charging.VehicleID, secret string) (string, error) {
	var pass api.Pass
	_, err := c.do(ctx, call{
		method: http.MethodPost, path: federation + "/vehicles/" + url.PathEscape(string(id)) + "/token",
		body: api.ExchangeRequest{Secret: secret}, into: &pass, ok: []int{http.StatusOK},
	})
	if err == nil && pass.Token == "" {
		err = fmt.Errorf("%w: a pass of %s without a token", ErrRubbish, id)
	}
	return pass.Token, err
}

// Move implements charging.Mover.
func (c *Client) Move(ctx context.Context, m charging.Move) (charging.Reservation, error) {
	r, err := c.act(ctx, "move", m.Ref, api.MoveBodyOf(m), charging.Reserved, charging.Charging)
	if err != nil {
		return r, err
	}
	if !r.Window.Equal(m.To) {
		return charging.Reservation{}, fmt.Errorf("%w: reservation %s was moved to another window", ErrRubbish, m.ID)
	}
	return r, nil
}

func (c *Client) act(ctx context.Context, action string, ref charging.Ref, body any, states ...charging.State) (charging.Reservation, error) {
	var answer api.Reservation
	if _, err := c.do(ctx, call{
		method: http.MethodPost, path: reservationPath(ref.ID, action), body: body, into: &answer,
		ok: []int{http.StatusOK, http.StatusCreated},
	}); err != nil {
		return charging.Reservation{}, err
	}
	r := c.border().Reservation(answer).Charging()
	if err := plausible(r, ref, states); err != nil {
		return charging.Reservation{}, fmt.Errorf("%s %s: %w", action, ref.ID, err)
	}
	return r, nil
}

// Issued asks whether the company gave that stamp to that reservation.
// UNKNOWN_RESERVATION.
func (c *Client) Issued(ctx context.Context, t charging.Ticket) (bool, error) {
	q := url.Values{"trip_id": {string(t.TripID)}, "origin": {string(t.Origin)}, "granted_at": {t.GrantedAt}}
	var answer api.Issued
	_, err := c.do(ctx, call{
		method: http.MethodGet, path: reservationPath(t.ReservationID, "ticket") + "?" + q.Encode(), into: &answer, ok: []int{http.StatusOK},
	})
	if err == nil && answer.Issued == nil {
		err = fmt.Errorf("%w: asked for the ticket of reservation %s, got no answer", ErrRubbish, t.ReservationID)
	}
	return err == nil && *answer.Issued, err
}

// Reservation reads one reservation of ours. UNKNOWN_RESERVATION, FORBIDDEN.
func (c *Client) Reservation(ctx context.Context, id charging.ReservationID) (charging.Reservation, error) {
	var answer api.Reservation
	if _, err := c.do(ctx, call{
		method: http.MethodGet, path: reservationPath(id, ""), into: &answer, ok: []int{http.StatusOK},
	}); err != nil {
		return charging.Reservation{}, err
	}
	if answer.ReservationID != id {
		return charging.Reservation{}, fmt.Errorf("%w: asked for reservation %s, got another", ErrRubbish, id)
	}
	r := c.border().Reservation(answer).Charging()
	ref := charging.Ref{ID: id, TripID: r.TripID, Origin: r.Origin, EVSEID: r.EVSEID}
	if err := plausible(r, ref, charging.States()); err != nil {
		return charging.Reservation{}, fmt.Errorf("reservation %s: %w", id, err)
	}
	return r, nil
}

// Preempted implements charging.Originator.
func (c *Client) Preempted(ctx context.Context, n charging.Notice) error {
	return c.notify(ctx, "preempted", n)
}

// Changed implements charging.Originator.
func (c *Client) Changed(ctx context.Context, n charging.Notice) error {
	return c.notify(ctx, "changed", n)
}

// Rearrange asks the company where a trip began for another window or EVSE of a stop of
// ours. It refuses as a swap does; FORBIDDEN, UNKNOWN_TRIP.
func (c *Client) Rearrange(ctx context.Context, id charging.TripID, q api.Rearrange) (api.Rearranged, error) {
	var answer api.Rearranged
	_, err := c.do(ctx, call{method: http.MethodPost, path: tripPath(id, "rearrange"), body: q, into: &answer, ok: []int{http.StatusOK}})
	if err == nil && (answer.ReservationID.Validate() != nil || answer.EVSEID != q.EVSEID) {
		err = fmt.Errorf("%w: asked to rearrange trip %s, got another stop", ErrRubbish, id)
	}
	return answer, err
}

// Say hands on an operator's message to the driver of a vehicle whose trip began there.
// FORBIDDEN, RATE_LIMITED, ID_REUSED.
func (c *Client) Say(ctx context.Context, v charging.VehicleID, m charging.Message) error {
	_, err := c.do(ctx, call{
		method: http.MethodPost, path: "/federation/v1/vehicles/" + url.PathEscape(string(v)) + "/message", body: m,
		ok: []int{http.StatusNoContent},
	})
	return err
}

func (c *Client) notify(ctx context.Context, what string, n charging.Notice) error {
	_, err := c.do(ctx, call{
		method: http.MethodPost, path: tripPath(n.TripID, what), body: n,
		ok: []int{http.StatusNoContent, http.StatusOK},
	})
	return err
}
