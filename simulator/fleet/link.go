package fleet

import (
	"context"
	"encoding/json"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Identity is what a car logs in with.
type Identity struct {
	VehicleID charging.VehicleID
	Secret    string
}

// Link is a car's connection to its company's server. It comes back by itself
// when it is lost.
type Link interface {
	// Request asks for something and waits for the answer, asking again under
	// the same request id when the connection was lost or nothing came. The
	// error is ctx's.
	Request(ctx context.Context, a carlink.Action, id charging.TripID, body any) (carlink.Reply, error)
	// Telemetry reports, or forgets it when there is no connection.
	Telemetry(t carlink.Telemetry)
	// Trip is the newest that was heard of a trip; ok is false when nothing was.
	Trip(id charging.TripID) (t trip.Trip, ok bool)
	// Lost counts how often the connection has been lost.
	Lost() int
	Close()
}

// Radio is a Link whose network can be taken away, as on the road.
type Radio interface {
	// Cover says whether there is a network. Without one the connection is lost
	// at once, and does not come back.
	Cover(ok bool)
}

// Teller is a Link that keeps what the server tells without being asked.
type Teller interface {
	// Alerts gives those that have come since it was called last, in order.
	Alerts() []carlink.Alert
}

// Dialer makes the link of a car. It does not wait for the connection.
type Dialer func(s Server, id Identity) (Link, error)

// answer reads the body of a good reply, or tells the refusal: a *trip.Offer where
// it says what may be taken instead.
func answer(r carlink.Reply, into any) error {
	if r.Status < 400 {
		return json.Unmarshal(r.Body, into)
	}
	var p struct {
		Code         charging.Code      `json:"code"`
		Detail       string             `json:"detail"`
		Title        string             `json:"title"`
		Alternatives []trip.Alternative `json:"alternatives"`
	}
	_ = json.Unmarshal(r.Body, &p) // a problem without a readable body is one without a code
	if p.Code == "" {
		p.Detail = p.Title
	}
	refusal := &charging.Refusal{Code: p.Code, Detail: p.Detail}
	if len(p.Alternatives) > 0 {
		return &trip.Offer{Refusal: refusal, Alternatives: p.Alternatives}
	}
	return refusal
}
