package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// DriverOptions of a Driver.
type DriverOptions struct {
	// BaseURL of any company's server.
	BaseURL string
	// User is a vehicle id or "operator", Secret what was given to it; empty
	// is anybody.
	User, Secret string
	HTTP         *http.Client
	// Timeout of a call whose context ends later, on top of what the server is
	// asked to wait; 0 is 10 s.
	Timeout time.Duration
}

// Driver is a company's server as a driver or an operator uses it. It is safe
// for use by many goroutines.
type Driver struct{ caller }

// NewDriver makes a driver's client; it calls nobody yet.
func NewDriver(o DriverOptions) (*Driver, error) {
	c, err := newCaller(o.BaseURL, func(r *http.Request) error {
		if o.User != "" {
			r.SetBasicAuth(o.User, o.Secret)
		}
		return nil
	}, o.HTTP, o.Timeout)
	return &Driver{c}, err
}

const (
	driverTrips = "/api/v1/trips"
	driverEVSEs = "/api/v1/evses/"
)

func tripOf(id charging.TripID, rest string) string {
	return driverTrips + "/" + url.PathEscape(string(id)) + rest
}

// get, post and the rest answer what the server said, as T.
func get[T any](ctx context.Context, d *Driver, path string) (T, http.Header, error) {
	var into T
	resp, err := d.do(ctx, call{method: http.MethodGet, path: path, into: &into, ok: []int{200}, limit: maxCatalogue})
	if err != nil {
		return into, nil, err
	}
	return into, resp.Header, nil
}

func send[T any](ctx context.Context, d *Driver, method, path string, body any, header http.Header, patience time.Duration) (T, error) {
	var into T
	_, err := d.do(ctx, call{
		method: method, path: path, body: body, into: &into, ok: []int{200, 201}, header: header, patience: patience,
	})
	return into, err
}

// Plan asks for plans, best first.
func (d *Driver) Plan(ctx context.Context, q api.PlanRequest) ([]trip.Plan, error) {
	r, err := send[api.PlanResponse](ctx, d, http.MethodPost, "/api/v1/plans", q, nil, 0)
	return r.Plans, err
}

// CreateTrip books a trip. key makes the request idempotent where it is not
// empty. With a wait, the answer comes when the trip is settled or needs a
// decision, at the latest after wait (whole seconds).
func (d *Driver) CreateTrip(ctx context.Context, q api.TripRequest, key string, wait time.Duration) (trip.Trip, error) {
	h := prefer(wait)
	if key != "" {
		h.Set("Idempotency-Key", key)
	}
	return send[trip.Trip](ctx, d, http.MethodPost, driverTrips, q, h, wait)
}

func prefer(wait time.Duration) http.Header {
	h := http.Header{}
	if wait > 0 {
		h.Set("Prefer", fmt.Sprintf("wait=%d", int((wait+time.Second-1)/time.Second)))
	}
	return h
}

// Trip reads a trip; with a wait, as soon as it is settled or needs a decision.
func (d *Driver) Trip(ctx context.Context, id charging.TripID, wait time.Duration) (trip.Trip, error) {
	var t trip.Trip
	_, err := d.do(ctx, call{
		method: http.MethodGet, path: tripOf(id, ""), into: &t, ok: []int{200}, header: prefer(wait), patience: wait,
	})
	return t, err
}

// Trips reads a page of trips, newest first, and how many there are in all.
func (d *Driver) Trips(ctx context.Context, q trip.Query) ([]trip.Trip, int, error) {
	return list[trip.Trip](ctx, d, driverTrips, valuesOf(q))
}

func page(limit, offset int) url.Values {
	v := url.Values{}
	if limit > 0 {
		v.Set("limit", strconv.Itoa(limit))
	}
	if offset > 0 {
		v.Set("offset", strconv.Itoa(offset))
	}
	return v
}

func list[T any](ctx context.Context, d *Driver, path string, v url.Values) ([]T, int, error) {
	if len(v) > 0 {
		path += "?" + v.Encode()
	}
	items, h, err := get[[]T](ctx, d, path)
	if err != nil {
		return nil, 0, err
	}
	total, err := strconv.Atoi(h.Get("X-Total-Count"))
	if err != nil {
		total = len(items)
	}
	return items, total, nil
}

// everything reads all pages of a list.
func everything[T any](ctx context.Context, d *Driver, path string) ([]T, error) {
	var all []T
	for {
		items, total, err := list[T](ctx, d, path, page(pageSize, len(all)))
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
		if len(items) == 0 || len(all) >= total || len(all) >= api.MaxLocations {
			return all, nil
		}
	}
}

// Cancel releases every stop of a trip.
func (d *Driver) Cancel(ctx context.Context, id charging.TripID) (trip.Trip, error) {
	return send[trip.Trip](ctx, d, http.MethodDelete, tripOf(id, ""), nil, nil, 0)
}

// Decide answers a trip that awaits a decision; wait is as for CreateTrip.
func (d *Driver) Decide(ctx context.Context, id charging.TripID, q api.DecisionRequest, wait time.Duration) (trip.Trip, error) {
	return send[trip.Trip](ctx, d, http.MethodPost, tripOf(id, "/decision"), q, prefer(wait), wait)
}

// Swap replaces a stop of a confirmed trip.
func (d *Driver) Swap(ctx context.Context, id charging.TripID, q api.SwapRequest) (trip.Trip, error) {
	return send[trip.Trip](ctx, d, http.MethodPost, tripOf(id, "/swap"), q, nil, 0)
}

// Alternatives are other choices for a leg, best first.
func (d *Driver) Alternatives(ctx context.Context, id charging.TripID, leg int) ([]trip.Alternative, error) {
	a, _, err := get[[]trip.Alternative](ctx, d, tripOf(id, "/alternatives?leg="+strconv.Itoa(leg)))
	return a, err
}

// History is the journal of a trip.
func (d *Driver) History(ctx context.Context, id charging.TripID) ([]trip.Entry, error) {
	return everything[trip.Entry](ctx, d, tripOf(id, "/history"))
}

// Locations are those of the whole federation.
func (d *Driver) Locations(ctx context.Context) ([]api.Location, error) {
	return everything[api.Location](ctx, d, "/api/v1/locations")
}

// Availability is the free time of one EVSE of any company.
func (d *Driver) Availability(ctx context.Context, evse charging.EVSEID, w charging.Window) (api.Availability, error) {
	v := url.Values{"from": {w.Start.UTC().Format(time.RFC3339)}, "to": {w.End.UTC().Format(time.RFC3339)}}
	a, _, err := get[api.Availability](ctx, d, driverEVSEs+url.PathEscape(string(evse))+"/availability?"+v.Encode())
	return a, err
}

// Register registers a vehicle; the secret is shown this once.
func (d *Driver) Register(ctx context.Context, q api.RegisterRequest) (api.RegisterResponse, error) {
	return send[api.RegisterResponse](ctx, d, http.MethodPost, "/api/v1/vehicles", q, nil, 0)
}

// Whoami tells who the server takes the caller for.
func (d *Driver) Whoami(ctx context.Context) (api.SessionResponse, error) {
	s, _, err := get[api.SessionResponse](ctx, d, "/api/v1/session")
	return s, err
}

// Ready is the server's readiness, part by part. A server that is not ready
// answers too: read Status.
func (d *Driver) Ready(ctx context.Context) (api.Health, error) {
	var h api.Health
	_, err := d.do(ctx, call{method: http.MethodGet, path: "/readyz", into: &h, ok: []int{200, 503}})
	return h, err
}
