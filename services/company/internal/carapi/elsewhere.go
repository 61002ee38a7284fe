package carapi

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/elsewhere"
)

// Elsewhere asks other companies about a car's trips that began there: package elsewhere.
type Elsewhere interface {
	// Car is ok false where nothing shows that the car asks.
	Car(ctx context.Context, v charging.VehicleID, action carlink.Action, id charging.TripID, body []byte) (t trip.Trip, ok bool, err error)
	CarsTrip(ctx context.Context, v charging.VehicleID, id charging.TripID, wait time.Duration) (trip.Trip, error)
	// CarsPlug says elsewhere.ErrNoStop where no other company has a stop there.
	CarsPlug(ctx context.Context, v charging.VehicleID, action carlink.Action, evse charging.EVSEID, body []byte) (client.ForwardedAnswer, error)
}

var _ Elsewhere = (*elsewhere.Trips)(nil)

// elsewhereWait is how long another company is asked to wait for a trip at a time.
const elsewhereWait = 30 * time.Second

// askElsewhere answers for a trip that did not begin here; err is what was said here.
func (a *API) askElsewhere(ctx context.Context, v charging.VehicleID, action carlink.Action, e carlink.Envelope, err error) (trip.Trip, patience, error) {
	until := patience{ready, func(ctx context.Context, id charging.TripID) (trip.Trip, error) {
		return a.o.Elsewhere.CarsTrip(ctx, v, id, elsewhereWait)
	}}
	if action == carlink.ActionCancel {
		until.ready = func(t trip.Trip) bool { return t.State.Settled() }
	}
	t, ok, there := a.o.Elsewhere.Car(ctx, v, action, e.TripID, e.Body)
	if !ok {
		return t, until, err
	}
	return t, until, there
}

// plugElsewhere passes on what a car says at a plug where no trip of this company stops;
// err is what was said here.
func (a *API) plugElsewhere(ctx context.Context, v charging.VehicleID, action carlink.Action, evse charging.EVSEID, raw []byte, err error) (int, answered, error) {
	got, there := a.o.Elsewhere.CarsPlug(ctx, v, action, evse, raw)
	if errors.Is(there, elsewhere.ErrNoStop) {
		there = err
	}
	return got.Status, answered{other: json.RawMessage(got.Body)}, there
}
