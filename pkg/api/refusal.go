package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/problem"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// retryDefault is the Retry-After of a refusal that must have one and brings none.
const retryDefault = time.Second

// FromError is the problem that a driver sees of an error: a refusal in full,
// except who else's trip stands in the way. A call that did not end in time is
// STORE_UNAVAILABLE and a broken connection to another company
// PEER_UNAVAILABLE: nobody knows what was done, and repeating is safe. Any other
// error is problem.Internal.
func FromError(err error) problem.Problem { return from(err, false) }

// FromErrorForPeer is FromError for another company, which also learns whose
// reservation stands in the way, to ask its originator.
func FromErrorForPeer(err error) problem.Problem { return from(err, true) }

func from(err error, peer bool) problem.Problem {
	var r *charging.Refusal
	var broken *url.Error
	var code charging.Code
	switch {
	case errors.As(err, &r):
		return offering(err, render(r, peer))
	case errors.As(err, &broken):
		return render(charging.Refuse(charging.CodePeerUnavailable, "another company did not answer; repeat the request with the same ids"), peer)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return render(charging.Refuse(charging.CodeStoreUnavailable, "the request did not end in time; repeat it with the same ids"), peer)
	case errors.As(err, &code):
		return render(charging.Refuse(code, ""), peer)
	}
	return problem.Internal()
}

// offering adds what may be taken instead, where the error says so.
func offering(err error, p problem.Problem) problem.Problem {
	var offer *trip.Offer
	if errors.As(err, &offer) && len(offer.Alternatives) > 0 {
		p.Alternatives, _ = json.Marshal(offer.Alternatives) // plain strings and times: never fails
	}
	var thin *trip.Thinner
	if errors.As(err, &thin) && len(thin.Plans) > 0 {
		p.ThinnerPlans, _ = json.Marshal(thin.Plans) // as above, and finite numbers
	}
	return p
}

func render(r *charging.Refusal, peer bool) problem.Problem {
	p := problem.New(string(r.Code), r.Detail)
	if p.Code == "" {
		return p
	}
	if c := r.Conflict; c != nil {
		shown := *c
		if !peer {
			shown.TripID, shown.ReservationID, shown.Origin = "", "", ""
		}
		p.Conflict, _ = json.Marshal(shown) // plain strings and times: never fails
	}
	for _, f := range r.Fields {
		p.Errors = append(p.Errors, problem.FieldError(f))
	}
	p.SeenEpoch = r.SeenEpoch
	after := r.RetryAfter
	if after <= 0 && (p.Status == 429 || p.Status == 503) {
		after = retryDefault
	}
	return p.After(after)
}

// ToRefusal is the refusal that a peer's problem stands for, or nil when the
// problem has no code of the contract: then nobody knows what happened.
func ToRefusal(p problem.Problem) *charging.Refusal {
	if _, ok := problem.Lookup(p.Code); !ok {
		return nil
	}
	r := &charging.Refusal{
		Code: charging.Code(p.Code), Detail: p.Detail, SeenEpoch: p.SeenEpoch,
		RetryAfter: time.Duration(p.RetryAfter) * time.Second,
	}
	for _, f := range p.Errors {
		r.Fields = append(r.Fields, charging.FieldError(f))
	}
	var c charging.Conflict
	if len(p.Conflict) > 0 && json.Unmarshal(p.Conflict, &c) == nil && credible(c) {
		c.Window = charging.NewWindow(c.Window.Start, c.Window.End)
		r.Conflict = &c
	}
	return r
}

// credible reports whether what is said to stand in the way has the forms of the
// contract: ids, a state, an order. What is unknown is left out.
func credible(c charging.Conflict) bool {
	return (c.EVSEID == "" || c.EVSEID.Validate() == nil) && (c.Origin == "" || c.Origin.Validate() == nil) &&
		(c.TripID == "" || c.TripID.Validate() == nil) && (c.ReservationID == "" || c.ReservationID.Validate() == nil) &&
		(c.State == "" || slices.Contains(charging.States(), c.State)) && microseconds(c.GrantedAt)
}

// microseconds reports whether s is a plain decimal number of them, or empty.
func microseconds(s string) bool {
	return len(s) <= 16 && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// ToError is ToRefusal with what the problem offers instead, as a *trip.Offer or *trip.Thinner;
// nil where ToRefusal is.
func ToError(p problem.Problem) error {
	r := ToRefusal(p)
	if r == nil {
		return nil
	}
	away := &Away{Refusal: r}
	if len(p.KnownHere) > 0 && json.Unmarshal(p.KnownHere, &away.Known) == nil {
		return away
	}
	thin := &trip.Thinner{Refusal: r}
	if len(p.ThinnerPlans) > 0 && json.Unmarshal(p.ThinnerPlans, &thin.Plans) == nil && len(thin.Plans) > 0 {
		return thin
	}
	o := &trip.Offer{Refusal: r}
	if len(p.Alternatives) == 0 || json.Unmarshal(p.Alternatives, &o.Alternatives) != nil || len(o.Alternatives) == 0 {
		return r
	}
	return o
}

func fieldsOf(err error) []charging.FieldError {
	var r *charging.Refusal
	if errors.As(err, &r) {
		return r.Fields
	}
	return nil
}
