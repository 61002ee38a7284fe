package carapi

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/trips"
)

// Desk is the front desk as cars need it. Its refusals are *charging.Refusal.
type Desk interface {
	Plan(ctx context.Context, req api.PlanRequest, by string) ([]trip.Plan, error)
	// Start does not wait for the booking; the same key gives the same trip.
	Start(ctx context.Context, req api.TripRequest, key string) (t trip.Trip, replayed bool, err error)
	Trip(ctx context.Context, id charging.TripID) (trip.Trip, error)
	// Wait returns the trip once it is settled or asks, or when ctx ends.
	Wait(ctx context.Context, id charging.TripID) (trip.Trip, error)
	Decide(ctx context.Context, id charging.TripID, req api.DecisionRequest) (trip.Trip, error)
	Cancel(ctx context.Context, id charging.TripID) (trip.Trip, error)
	Swap(ctx context.Context, id charging.TripID, req api.SwapRequest) (trip.Trip, error)
	Availability(ctx context.Context, evse charging.EVSEID, w charging.Window) (charging.Free, error)
	Plug(ctx context.Context, vehicle charging.VehicleID, p carlink.Plug) (charging.Reservation, error)
	Unplug(ctx context.Context, vehicle charging.VehicleID, p carlink.Plug) (charging.Reservation, error)
	List(ctx context.Context, q trip.Query) ([]trip.Trip, int, error)
}

var _ Desk = (*trips.Service)(nil)

// Replies remembers the first answer to each request of each car.
type Replies interface {
	// SaveReply keeps an answer for a while; a later one changes nothing.
	SaveReply(ctx context.Context, vehicle charging.VehicleID, requestID string, body []byte, life time.Duration) error
	LoadReply(ctx context.Context, vehicle charging.VehicleID, requestID string) (body []byte, ok bool, err error)
}

// Publisher sends a message to whoever has subscribed, without waiting.
type Publisher interface {
	Publish(topic string, payload []byte, qos byte, retained bool) error
}

var (
	_ Publisher = (*broker.Broker)(nil)
	_ Publisher = (*broker.Remote)(nil)
)

// Options of an API.
type Options struct {
	// Self is the company whose cars and events these are.
	Self charging.CompanyID
	Desk Desk
	// Elsewhere asks other companies about trips that began there; nil asks nobody.
	Elsewhere Elsewhere
	Replies   Replies
	Publisher Publisher
	// Shared says that other servers of the company answer the same cars: what
	// is published is the answer that was kept first, whoever gave it.
	Shared bool
	// Telemetry is told of every good report; may be nil. It must not block.
	Telemetry func(vehicle charging.VehicleID, t carlink.Telemetry)
	// Warn is told what an operator should know; may be nil.
	Warn func(msg string, vehicle charging.VehicleID, err error)
	// Now is civil time: requests are judged by it.
	Now func() time.Time
	// CallTimeout bounds a question to the desk; default 30 s.
	CallTimeout time.Duration
	// WaitTimeout bounds the wait for a trip to settle; default 15 min, more
	// than any decision may take.
	WaitTimeout time.Duration
	// MaxWaits is how many trips may be waited for at a time; default 4096.
	MaxWaits int
	// ReplyLife is how long an answer is kept; default 24 h.
	ReplyLife time.Duration
}

func (o Options) withDefaults() (Options, error) {
	if o.Desk == nil || o.Replies == nil || o.Publisher == nil {
		return o, errors.New("carapi: Desk, Replies and Publisher are required")
	}
	if err := o.Self.Validate(); err != nil {
		return o, err
	}
	if o.Telemetry == nil {
		o.Telemetry = func(charging.VehicleID, carlink.Telemetry) {}
	}
	if o.Warn == nil {
		o.Warn = func(string, charging.VehicleID, error) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.MaxWaits = cmp.Or(o.MaxWaits, 4096)
	for d, v := range map[*time.Duration]time.Duration{
		&o.CallTimeout: 30 * time.Second, &o.WaitTimeout: 15 * time.Minute, &o.ReplyLife: 24 * time.Hour,
	} {
		if *d == 0 {
			*d = v
		}
	}
	return o, nil
}
