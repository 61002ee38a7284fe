package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/door"
	"github.com/eletrovia/eletrovia/services/company/internal/frames"
	"github.com/eletrovia/eletrovia/services/company/internal/overview"
	"github.com/eletrovia/eletrovia/services/web"
)

// Options of a Server.
type Options struct {
	// Company is who this is, Name what people call it.
	Company charging.CompanyID
	Name    string
	// RESTURL and MQTTURL are where others reach this company.
	RESTURL, MQTTURL string

	FrontDesk FrontDesk
	Desk      Desk
	Identity  Identity
	Events    Events
	Audit     Audit
	Messages  Messages
	// Traffic shows where cars are, Overview the company's figures; whoever makes them
	// runs them.
	Traffic  *frames.Traffic
	Overview *overview.Board

	// Elsewhere asks other companies about a vehicle's trips; nil asks nobody.
	Elsewhere Elsewhere
	// Rearrange asks the company where a trip began for another window or EVSE of its stop
	// here; nil can ask nobody.
	Rearrange func(ctx context.Context, origin charging.CompanyID, id charging.TripID, q api.Rearrange) (api.Rearranged, error)
	// Suspended is why a peer is asked and answered no more for vehicles, empty where it
	// is; nil is nobody.
	Suspended func(charging.CompanyID) string

	// Peers are the other companies as seen from here; nil is none.
	Peers func() []api.Peer
	// PublicKeys is this company's JWK set.
	PublicKeys func() json.RawMessage
	// PeerToken makes a token for a person who tries a peer by hand.
	PeerToken func(peer charging.CompanyID) (token string, expires time.Time, err error)
	// Suspend is the operator's word about a peer: with a reason it is suspended, without
	// it is resumed. It answers how many holds it has ended. STORE_UNAVAILABLE.
	Suspend func(ctx context.Context, peer charging.CompanyID, reason string) (charging.Suspension, int, error)
	// Revoked lists the ids of this company's vehicle tokens that are no longer
	// good; nil is none.
	Revoked func(context.Context) ([]string, error)
	// StoreTime is the clock of this company's store.
	StoreTime func(context.Context) (time.Time, error)
	// Inventory tells what is offered and what has moved or left under bookings,
	// ReloadInventory reads its file anew. INVALID_FIELD, STORE_UNAVAILABLE.
	Inventory, ReloadInventory func(context.Context) (api.Inventory, error)
	// ModelOf is the model that a vehicle registered with here; false where that is not
	// known. nil knows none.
	ModelOf func(context.Context, charging.VehicleID) (model string, ok bool)
	// LastSeen is what a car last said of itself here; false for nothing. nil has heard
	// none.
	LastSeen func(charging.VehicleID) (api.Sighting, bool)
	// Ready are the parts of /readyz by name.
	Ready map[string]Part
	// RefusedPeer is told of a Bearer token that is no peer's: who shows it, as it
	// calls itself (empty: it does not say), and from where. It must not block. nil
	// is nobody.
	RefusedPeer func(claimed charging.CompanyID, addr string)

	// Broker is the MQTT broker in figures, without its cars; BrokerCars are all of them,
	// the last heard first.
	Broker     func() api.Broker
	BrokerCars func() []api.BrokerCar
	// Clock tells real and civil time; nil is that the two are the same.
	Clock func() api.Clock

	// Metrics is where the server's metrics go and /metrics comes from; nil is
	// a registry of its own.
	Metrics *prometheus.Registry
	// Log is told what fails inside.
	Log zerolog.Logger
	// RateLimit is how many requests a second one vehicle, the operator, or an
	// address that shows no secret may make; 0 is 100, less than 0 no limit, also of
	// wrong secrets and of pages. Peers have none.
	RateLimit float64
	// Apart leaves what is for peers and the operator to Admin, with /readyz and
	// /metrics.
	Apart bool
	// Trusted proxies tell by X-Forwarded-For who calls.
	Trusted door.Trusted
	// WrongLogin is told of a wrong secret: for which name, and from where. It must
	// not block; nil is nobody.
	WrongLogin func(name, addr string)
	// Crowded reports whether a new trip would be refused, Stopping whether the
	// server stops and takes none; nil is never. Both are asked before anything
	// else is done for a new trip, and must cost next to nothing.
	Crowded, Stopping func() bool
	// Now is civil time, by which windows are judged; nil is time.Now.
	Now func() time.Time
	// AllowOrigins are the origins whose pages may call, as browsers write them; those of
	// "*", all, may read, without sessions; none by default.
	AllowOrigins []string
	// MaxStreams is how many event streams there may be at a time; 0 is 256. Vehicles
	// get fifteen sixteenths, the rest is the operator's.
	MaxStreams int
	// Web is the web app; nil is the embedded one.
	Web *web.App
	// Stage is the play of a demo; nil has none: its routes are unknown.
	Stage Stage
}

// Validate refuses options that a server cannot work with.
func (o Options) Validate() error {
	var errs []error
	if o.Company.Validate() != nil {
		errs = append(errs, errors.New("httpapi: Company is not a party id such as MAR"))
	}
	if o.FrontDesk == nil || o.Desk == nil || o.Identity == nil || o.Events == nil || o.Audit == nil || o.Messages == nil || o.Traffic == nil || o.Overview == nil {
		errs = append(errs, errors.New("httpapi: FrontDesk, Desk, Identity, Events, Audit, Messages, Traffic and Overview are required"))
	}
	if o.PublicKeys == nil || o.PeerToken == nil || o.Suspend == nil || o.StoreTime == nil || o.Inventory == nil || o.ReloadInventory == nil {
		errs = append(errs, errors.New("httpapi: PublicKeys, PeerToken, Suspend, StoreTime, Inventory and ReloadInventory are required"))
	}
	for _, origin := range o.AllowOrigins {
		errs = append(errs, api.CheckOrigin(origin))
	}
	return errors.Join(errs...)
}

func (o Options) withDefaults() Options {
	if o.Name == "" {
		o.Name = string(o.Company)
	}
	if o.Peers == nil {
		o.Peers = func() []api.Peer { return nil }
	}
	if o.Suspended == nil {
		o.Suspended = func(charging.CompanyID) string { return "" }
	}
	if o.Revoked == nil {
		o.Revoked = func(context.Context) ([]string, error) { return nil, nil }
	}
	if o.ModelOf == nil {
		o.ModelOf = func(context.Context, charging.VehicleID) (string, bool) { return "", false }
	}
	if o.LastSeen == nil {
		o.LastSeen = func(charging.VehicleID) (api.Sighting, bool) { return api.Sighting{}, false }
	}
	if o.Web == nil {
		embedded := web.Embedded()
		o.Web = &embedded
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	if o.RateLimit == 0 {
		o.RateLimit = 100
	}
	if o.WrongLogin == nil {
		o.WrongLogin = func(string, string) {}
	}
	never := func() bool { return false }
	if o.Crowded == nil {
		o.Crowded = never
	}
	if o.Stopping == nil {
		o.Stopping = never
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Clock == nil {
		o.Clock = func() api.Clock {
			now := time.Now().UTC()
			return api.Clock{Now: now, Clock: api.ClockReal, Civil: now, Speed: 1}
		}
	}
	if o.Broker == nil {
		o.Broker = func() api.Broker {
			return api.Broker{At: time.Now().UTC(), Refused: map[string]int64{}, SlowReaders: []api.SlowReader{}}
		}
	}
	if o.BrokerCars == nil {
		o.BrokerCars = func() []api.BrokerCar { return nil }
	}
	if o.MaxStreams == 0 {
		o.MaxStreams = 256
	}
	return o
}
