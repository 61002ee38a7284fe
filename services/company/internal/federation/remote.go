package federation

import (
	"context"
	"encoding/json"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Remote is a remote company as its client gives it: each method is one request,
// bounded by its context. A *charging.Refusal is the peer's answer; any other
// error means that nobody knows.
type Remote interface {
	charging.Company
	charging.Sessions
	charging.Garage
	charging.Mover
	charging.Reader
	charging.Originator
	charging.Witness
	// Issued asks the issuer of a ticket whether it gave it.
	Issued(ctx context.Context, t charging.Ticket) (bool, error)
	// Info asks who the peer is.
	Info(ctx context.Context) (Info, error)
	// Locations lists the peer's locations; fresh is false, and the list nil,
	// when they still are those of etag.
	Locations(ctx context.Context, etag string) (list []charging.Location, newETag string, fresh bool, err error)
	// Exchange changes the secret of a vehicle of the peer's into a pass.
	Exchange(ctx context.Context, id charging.VehicleID, secret string) (token string, err error)
	// Rearrange asks for another window or EVSE of a stop here of the peer's trip.
	Rearrange(ctx context.Context, id charging.TripID, q api.Rearrange) (api.Rearranged, error)
	// Say hands on an operator's message to the driver of a vehicle.
	Say(ctx context.Context, v charging.VehicleID, m charging.Message) error
	// Forward passes a vehicle's request on.
	Forward(ctx context.Context, f client.Forwarded) (client.ForwardedAnswer, error)
	// Follow opens a vehicle's stream of events.
	Follow(ctx context.Context, f client.Forwarded, after uint64) (next func() (trip.Event, error), err error)
	// Availability lists free windows.
	Availability(ctx context.Context, evses []charging.EVSEID, w charging.Window) ([]charging.Free, error)
}

// Info is what a peer tells about itself.
type Info struct {
	ID   charging.CompanyID
	Name string
	// REST and MQTT are its addresses, as it knows them.
	REST, MQTT string
	// Time is its Redis TIME when it answered; zero when it did not say.
	Time time.Time
	// Keys is its JSON Web Key Set.
	Keys json.RawMessage
	// Versions are the API versions that it speaks, as it says.
	Versions []string
	// Revoked names vehicles' tokens that it no longer honours.
	Revoked []string
}

// LocalTrips is this company as the originator of its own trips.
type LocalTrips interface {
	charging.Originator
	charging.Witness
}

// Local is this company's own desk.
type Local interface {
	charging.Company
	charging.Sessions
	charging.Garage
	charging.Mover
	// Reservation reads one; an empty reader may read all.
	Reservation(ctx context.Context, id charging.ReservationID, reader charging.CompanyID) (charging.Reservation, error)
	Locations(ctx context.Context) []charging.Location
	Availability(ctx context.Context, evses []charging.EVSEID, w charging.Window) ([]charging.Free, error)
}
