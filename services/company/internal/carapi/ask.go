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
	until patience
}

func (b answered) waits() bool { return b.trip != nil && !b.until.ready(*b.trip) }

// patience says what an answer about a trip waits for.
type patience struct {
	// ready reports whether the trip can be told.
	ready func(trip.Trip) bool
	// again reads the trip, once it may be ready or the context ends.
	again func(context.Context, charging.TripID) (trip.Trip, error)
}

// settled waits for a trip to be settled or to ask its driver.
func (a *API) settled() patience { return patience{ready, a.o.Desk.Wait} }

// ended waits for what a cancel does: the trip's end, or what it keeps. That a
// trip asks its driver meanwhile is no answer. Canceling again changes nothing.
func (a *API) ended() patience {
	return patience{func(t trip.Trip) bool { return t.State.Settled() }, a.o.Desk.Cancel}
}

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
	status, body.until = http.StatusOK, a.settled()
	switch action {
	case carlink.ActionPlan:
		body.other, err = a.plan(ctx, id.vehicle, e.Body)
		return status, body, err
	case carlink.ActionAvailability:
		body.other, err = a.availability(ctx, e.Body)
		return status, body, err
	case carlink.ActionPlug, carlink.ActionUnplug:
		return a.plug(ctx, id.vehicle, action, e.Body)
	case carlink.ActionTrip:
		status = http.StatusCreated
		t, err = a.start(ctx, id, e.Body)
	case carlink.ActionDecision:
		t, err = a.decide(ctx, id.vehicle, e)
	case carlink.ActionCancel:
		body.until = a.ended()
		t, err = a.cancelTrip(ctx, id.vehicle, e)
	case carlink.ActionSwap:
		t, err = a.swap(ctx, id.vehicle, e)
	default:
		return 0, body, charging.Refuse(charging.CodeUnknownRoute, string(action)+" is not something a car can ask for")
	}
	if charging.CodeOf(err) == charging.CodeUnknownTrip && a.o.Elsewhere != nil {
		t, body.until, err = a.askElsewhere(ctx, id.vehicle, action, e, err)
	}
	body.trip = &t
	return status, body, err
}

func (a *API) plan(ctx context.Context, vehicle charging.VehicleID, body []byte) (any, error) {
	req, err := api.DecodePlan(body, a.o.Now())
	if err != nil {
		return nil, err
	}
	plans, err := a.o.Desk.Plan(ctx, req, "vehicle "+string(vehicle))
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
	from, err := charging.ParseInstant(in.From)
	if err != nil {
		return nil, charging.Invalid("from", err.Error())
	}
	to, err := charging.ParseInstant(in.To)
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

// plug answers 202 for an unplug that is kept until its plug has come: it has
// changed nothing yet.
func (a *API) plug(ctx context.Context, v charging.VehicleID, action carlink.Action, raw []byte) (status int, body answered, err error) {
	p, err := carlink.ParsePlug(raw)
	if err != nil {
		return 0, body, err
	}
	call := a.o.Desk.Plug
	if action == carlink.ActionUnplug {
		call = a.o.Desk.Unplug
	}
	r, err := call(ctx, v, p)
	if charging.CodeOf(err) == charging.CodeNoReservationHere && a.o.Elsewhere != nil {
		return a.plugElsewhere(ctx, v, action, p.EVSEID, raw, err)
	}
	if err != nil {
		return 0, body, err
	}
	status = http.StatusOK
	if action == carlink.ActionUnplug && r.State != charging.Fulfilled {
		status = http.StatusAccepted
	}
	return status, answered{other: api.ReservationOf(r)}, nil
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
