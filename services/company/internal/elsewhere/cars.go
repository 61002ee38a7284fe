package elsewhere

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// cameFor is how long it is remembered who has logged in to MQTT: no proof lives longer.
const cameFor = 13 * time.Hour

// Came notes a vehicle that has logged in to MQTT: its messages say no more than its
// name.
func (t *Trips) Came(who identity.Caller) {
	if who.Kind == identity.Vehicle {
		t.came.put(who.Vehicle, who, t.o.Now().Add(cameFor))
	}
}

// Car is what a car asks over MQTT about a trip that is not this company's. ok is false
// where nothing shows that the car asks.
func (t *Trips) Car(ctx context.Context, v charging.VehicleID, action carlink.Action, id charging.TripID, body []byte) (found trip.Trip, ok bool, err error) {
	q := Request{Method: http.MethodPost, Path: tripPath(id), Header: http.Header{"Content-Type": {"application/json"}}, Body: body}
	switch action {
	case carlink.ActionDecision:
		q.Path += "/decision"
	case carlink.ActionSwap:
		q.Path += "/swap"
	case carlink.ActionCancel:
		q = Request{Method: http.MethodDelete, Path: q.Path}
	default:
		return trip.Trip{}, false, nil
	}
	return t.car(ctx, v, id, q)
}

// CarsTrip reads a trip of a car, as soon as it is settled or asks, or after wait.
func (t *Trips) CarsTrip(ctx context.Context, v charging.VehicleID, id charging.TripID, wait time.Duration) (trip.Trip, error) {
	found, ok, err := t.car(ctx, v, id, Request{
		Method: http.MethodGet, Path: tripPath(id), Wait: wait,
		Header: http.Header{"Prefer": {"wait=" + strconv.Itoa(int(wait/time.Second))}},
	})
	if err == nil && !ok {
		err = unknown(id)
	}
	return found, err
}

func tripPath(id charging.TripID) string { return "/api/v1/trips/" + url.PathEscape(string(id)) }

func (t *Trips) car(ctx context.Context, v charging.VehicleID, id charging.TripID, q Request) (found trip.Trip, ok bool, err error) {
	who, ok := t.came.get(v, t.o.Now())
	if !ok {
		return found, false, nil
	}
	a, err := t.Ask(ctx, who, id, q)
	if errors.Is(err, identity.ErrNoProof) {
		return found, false, nil
	}
	if err == nil {
		err = json.Unmarshal(a.Body, &found)
	}
	return found, true, err
}

// CarsPlug is Plug for what a car says over MQTT. ErrNoStop, also where nothing shows
// that the car asks.
func (t *Trips) CarsPlug(ctx context.Context, v charging.VehicleID, action carlink.Action, evse charging.EVSEID, body []byte) (client.ForwardedAnswer, error) {
	who, ok := t.came.get(v, t.o.Now())
	if !ok {
		return client.ForwardedAnswer{}, ErrNoStop
	}
	a, err := t.Plug(ctx, who, string(action), evse, body)
	if errors.Is(err, identity.ErrNoProof) {
		err = ErrNoStop
	}
	return a, err
}
