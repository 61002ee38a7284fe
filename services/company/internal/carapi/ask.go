package carapi

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// answered is the body of an answer: a trip, which may have to be waited for,
// or anything else.
type answered struct {
	trip  *trip.Trip
	other any
}

func (b answered) waits() bool { return b.trip != nil && !ready(*b.trip) }

func (b answered) value() any {
	if b.trip != nil {
		return b.trip.Public()
	}
	return b.other
}

// ready reports whether a trip can be told: it is settled or asks its driver.
func ready(t trip.Trip) bool {
	return t.State.Settled() || (t.State == trip.AwaitingDecision && t.Decision != nil)
}

// ask reads the body as REST does, and asks the desk.
func (a *API) ask(ctx context.Context, id call, action carlink.Action, e carlink.Envelope) (status int, body answered, err error) {
	var t trip.Trip
	status = http.StatusOK
	switch action {
	case carlink.ActionPlan:
		body.other, err = a.plan(ctx, e.Body)
		return status, body, err
	case carlink.ActionAvailability:
		body.other, err = a.availability(ctx, e.Body)
		return status, body, err
	case carlink.ActionPlug, carlink.ActionUnplug:
		body.other, err = a.plug(ctx, id.vehicle, action, e.Body)
		return status, body, err
	case carlink.ActionTrip:
		status = http.StatusCreated
		t, err = a.start(ctx, id, e.Body)
	case carlink.ActionDecision:
		t, err = a.decide(ctx, id.vehicle, e)
	case carlink.ActionCancel:
		t, err = a.cancelTrip(ctx, id.vehicle, e)
	case carlink.ActionSwap:
		t, err = a.swap(ctx, id.vehicle, e)
	default:
		return 0, body, charging.Refuse(charging.CodeUnknownRoute, string(action)+" is not something a car can ask for")
	}
	return status, answered{trip: &t}, err
}

func (a *API) plan(ctx context.Context, body []byte) (any, error) {
	req, err := api.DecodePlan(body, a.o.Now())
	if err != nil {
		return nil, err
	}
	plans, err := a.o.Desk.Plan(ctx, req)
	return api.PlanResponse{Plans: plans}, err
}

// start judges the form of the windows only: a repeat of a request must find
// its trip also when the windows have begun. The desk judges the rest.
func (a *API) start(ctx context.Context, id call, body []byte) (trip.Trip, error) {
	req, err := api.DecodeTrip(body, time.Time{})
	if err != nil {
		return trip.Trip{}, err
	}
	if req.VehicleID != id.vehicle {
		return trip.Trip{}, charging.Refuse(charging.CodeForbidden, string(id.vehicle)+" may book trips of its own only, not of "+string(req.VehicleID))
	}
	t, _, err := a.o.Desk.Start(ctx, req, string(id.request))
	return t, err
}

// own refuses a trip that belongs to another car.
func (a *API) own(ctx context.Context, v charging.VehicleID, id charging.TripID) error {
	t, err := a.o.Desk.Trip(ctx, id)
	if err != nil {
		return err
	}
	if t.VehicleID != v {
		return charging.Refuse(charging.CodeForbidden, "trip "+string(id)+" belongs to another vehicle")
	}
	return nil
}

func (a *API) decide(ctx context.Context, v charging.VehicleID, e carlink.Envelope) (trip.Trip, error) {
	req, err := api.DecodeDecision(e.Body, a.o.Now())
	if err != nil {
		return trip.Trip{}, err
	}
	if err := a.own(ctx, v, e.TripID); err != nil {
		return trip.Trip{}, err
	}
	return a.o.Desk.Decide(ctx, e.TripID, req)
}

func (a *API) cancelTrip(ctx context.Context, v charging.VehicleID, e carlink.Envelope) (trip.Trip, error) {
	if err := strict(e.Body, &struct{}{}); err != nil {
		return trip.Trip{}, err
	}
	if err := a.own(ctx, v, e.TripID); err != nil {
		return trip.Trip{}, err
	}
	return a.o.Desk.Cancel(ctx, e.TripID)
}

func (a *API) swap(ctx context.Context, v charging.VehicleID, e carlink.Envelope) (trip.Trip, error) {
	req, err := api.DecodeSwap(e.Body, a.o.Now())
	if err != nil {
		return trip.Trip{}, err
	}
	if err := a.own(ctx, v, e.TripID); err != nil {
		return trip.Trip{}, err
	}
	return a.o.Desk.Swap(ctx, e.TripID, req)
}

// availability has in its body what REST has in path and query.
func (a *API) availability(ctx context.Context, body []byte) (any, error) {
	var in struct {
		EVSEID charging.EVSEID `json:"evse_id"`
		From   string          `json:"from"`
		To     string          `json:"to"`
	}
	if err := strict(body, &in); err != nil {
		return nil, err
	}
	if err := in.EVSEID.Validate(); err != nil {
		return nil, err
	}
	from, err := api.ParseInstant(in.From)
	if err != nil {
		return nil, charging.Invalid("from", err.Error())
	}
	to, err := api.ParseInstant(in.To)
	if err != nil {
		return nil, charging.Invalid("to", err.Error())
	}
	if err := api.CheckSpan(from, to); err != nil {
		return nil, err
	}
	free, err := a.o.Desk.Availability(ctx, in.EVSEID, charging.NewWindow(from, to))
	if err != nil {
		return nil, err
	}
	return api.AvailabilityOf([]charging.Free{free})[0], nil
}

func (a *API) plug(ctx context.Context, v charging.VehicleID, action carlink.Action, body []byte) (any, error) {
	p, err := carlink.ParsePlug(body)
	if err != nil {
		return nil, err
	}
	call := a.o.Desk.Plug
	if action == carlink.ActionUnplug {
		call = a.o.Desk.Unplug
	}
	r, err := call(ctx, v, p)
	if err != nil {
		return nil, err
	}
	return api.ReservationOf(r), nil
}

// strict reads an object and refuses what it does not know.
func strict(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return carlink.Malformed(err)
	}
	return nil
}
