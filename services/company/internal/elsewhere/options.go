package elsewhere

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// Peers are the other companies.
type Peers interface {
	Others() []charging.CompanyID
	// Forward passes a request on, once. A *charging.Refusal is the company's answer,
	// or says with charging.ErrNotSent that nothing was sent; client.ErrOlder that the
	// company does not answer for vehicles; any other error that nobody knows.
	Forward(ctx context.Context, to charging.CompanyID, f client.Forwarded) (client.ForwardedAnswer, error)
	// Follow opens a vehicle's stream of events after one of that company's, which ends
	// with the context; io.EOF where the company has ended it.
	Follow(ctx context.Context, to charging.CompanyID, f client.Forwarded, after uint64) (next func() (trip.Event, error), err error)
	// Heard is when a company last answered anything; zero where it never did.
	Heard(charging.CompanyID) time.Time
}

// Options of Trips.
type Options struct {
	Peers Peers
	// Vouch gives what shows a company that a caller has asked here.
	// identity.ErrNoProof: nothing does.
	Vouch func(who identity.Caller, to charging.CompanyID) (string, error)
	// Held lists what a trip of a vehicle has at this company.
	Held func(ctx context.Context, vehicle charging.VehicleID, trip charging.TripID) ([]charging.Reservation, error)
	// Sink takes what happens elsewhere to vehicles that listen here.
	Sink Sink
	// Now is the server's clock; nil is time.Now.
	Now func() time.Time
	// SearchTime bounds the question to all peers; default 2 s.
	SearchTime time.Duration
	// Searches are how many trips one vehicle may have looked for at once, and one a
	// second then; default 10.
	Searches int
	// Each is how many requests of one vehicle are passed on at a time; default 16.
	Each int
}

func (o Options) withDefaults() (Options, error) {
	if o.Peers == nil || o.Vouch == nil || o.Held == nil || o.Sink == nil {
		return o, errors.New("elsewhere: Peers, Vouch, Held and Sink are required")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.SearchTime = cmp.Or(o.SearchTime, 2*time.Second)
	o.Searches = cmp.Or(o.Searches, 10)
	o.Each = cmp.Or(o.Each, 16)
	return o, nil
}
