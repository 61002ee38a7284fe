package elsewhere

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// Away is the refusal of a request whose originator does not answer: PEER_UNAVAILABLE,
// with what this company holds for the trip.
type Away struct {
	*charging.Refusal
	// Known is nil where nothing is held here.
	Known *api.KnownHere
}

// Unwrap gives the refusal.
func (a *Away) Unwrap() error { return a.Refusal }

// away tells what is known of a trip whose originator is silent. An act may have been
// carried out, unless it was certainly not sent.
func (t *Trips) away(ctx context.Context, who identity.Caller, id charging.TripID, origin charging.CompanyID, held []charging.Reservation, q Request, cause error) error {
	if held == nil {
		// What is known here is told after the wait for the originator, too.
		look, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.o.SearchTime)
		defer cancel()
		held, _ = t.o.Held(look, who.Vehicle, id)
	}
	return &Away{
		Refusal: &charging.Refusal{Code: charging.CodePeerUnavailable, Detail: silentDetail(origin, q, cause), RetryAfter: time.Second, Cause: cause},
		Known:   knownHere(id, origin, t.o.Peers.Heard(origin), held),
	}
}

func silentDetail(origin charging.CompanyID, q Request, cause error) string {
	if !q.safe() && !undone(cause) {
		return fmt.Sprintf("%s, where the trip began, has not answered: nobody knows whether it has been done; repeating the same request is safe", origin)
	}
	return fmt.Sprintf("%s, where the trip began, does not answer; it will be asked again when the request is repeated", origin)
}

// undone reports whether a request that was not answered has certainly done nothing.
func undone(cause error) bool {
	return errors.Is(cause, charging.ErrNotSent) || errors.Is(cause, client.ErrOlder) || charging.CodeOf(cause) == charging.CodeUnauthenticated
}

func knownHere(id charging.TripID, origin charging.CompanyID, heard time.Time, held []charging.Reservation) *api.KnownHere {
	if len(held) == 0 {
		return nil
	}
	k := &api.KnownHere{TripID: id, OriginCompany: origin, Legs: make([]api.KnownHereLeg, len(held))}
	if !heard.IsZero() {
		k.SilentSince = heard.UTC()
	}
	for i, r := range held {
		k.Legs[i] = api.KnownHereLeg{Leg: r.Leg, ReservationID: r.ID, EVSEID: r.EVSEID, Start: r.Window.Start.UTC(), End: r.Window.End.UTC(), State: r.State}
	}
	return k
}
