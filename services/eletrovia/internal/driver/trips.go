package driver

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

// Plan asks for plans, best first.
func (c *Client) Plan(ctx context.Context, r api.PlanRequest) ([]trip.Plan, error) {
	var out api.PlanResponse
	_, err := c.do(ctx, call{method: http.MethodPost, path: "/api/v1/plans", body: r, into: &out})
	return out.Plans, err
}

// Book asks for a trip. With wait > 0 the answer comes when the trip is
// settled, needs a decision, or wait has passed. key makes repeats safe.
func (c *Client) Book(ctx context.Context, r api.TripRequest, key string, wait time.Duration) (trip.Trip, error) {
	header := map[string]string{}
	if key != "" {
		header["Idempotency-Key"] = key
	}
	if wait > 0 {
		header["Prefer"] = fmt.Sprintf("wait=%d", seconds(wait))
	}
	var t trip.Trip
	_, err := c.do(ctx, call{method: http.MethodPost, path: "/api/v1/trips", header: header, body: r, into: &t})
	return t, err
}

// Trip reads one trip.
func (c *Client) Trip(ctx context.Context, id charging.TripID) (trip.Trip, error) {
	var t trip.Trip
	_, err := c.do(ctx, call{method: http.MethodGet, path: tripPath(id, ""), into: &t})
	return t, err
}

// Trips reads one page of trips, newest first, and how many match in all.
func (c *Client) Trips(ctx context.Context, q trip.Query) ([]trip.Trip, int, error) {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("state", string(q.State))
	set("vehicle_id", string(q.VehicleID))
	if q.Stuck {
		set("stuck", "true")
	}
	set("limit", strconv.Itoa(q.Limit))
	set("offset", strconv.Itoa(q.Offset))
	var ts []trip.Trip
	h, err := c.do(ctx, call{method: http.MethodGet, path: "/api/v1/trips?" + v.Encode(), into: &ts})
	total, convErr := strconv.Atoi(h.Get("X-Total-Count"))
	if convErr != nil {
		total = len(ts)
	}
	return ts, total, err
}

// Decide answers a trip that is AWAITING_DECISION.
func (c *Client) Decide(ctx context.Context, id charging.TripID, r api.DecisionRequest) (trip.Trip, error) {
	var t trip.Trip
	_, err := c.do(ctx, call{method: http.MethodPost, path: tripPath(id, "/decision"), body: r, into: &t})
	return t, err
}

// Cancel releases every stop of a trip.
func (c *Client) Cancel(ctx context.Context, id charging.TripID) (trip.Trip, error) {
	var t trip.Trip
	_, err := c.do(ctx, call{method: http.MethodDelete, path: tripPath(id, ""), into: &t})
	return t, err
}

// History reads the journal of a trip's saga.
func (c *Client) History(ctx context.Context, id charging.TripID) ([]trip.Entry, error) {
	var es []trip.Entry
	_, err := c.do(ctx, call{method: http.MethodGet, path: tripPath(id, "/history"), into: &es})
	return es, err
}

// Retry asks for another attempt at a stuck trip; operators only.
func (c *Client) Retry(ctx context.Context, id charging.TripID) (trip.Trip, error) {
	var t trip.Trip
	_, err := c.do(ctx, call{method: http.MethodPost, path: tripPath(id, "/retry"), into: &t})
	return t, err
}

// pollEvery is how often Settle looks at a trip.
const pollEvery = 150 * time.Millisecond

// Settle follows a trip until it is settled, needs a decision, or the context
// ends; seen is told every state of it that was read.
func (c *Client) Settle(ctx context.Context, t trip.Trip, seen func(trip.Trip)) (trip.Trip, error) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		seen(t)
		if t.State.Settled() || t.State == trip.AwaitingDecision {
			return t, nil
		}
		select {
		case <-ctx.Done():
			return t, nil
		case <-tick.C:
		}
		next, err := c.Trip(ctx, t.ID)
		if err != nil {
			return t, err
		}
		t = next
	}
}

func tripPath(id charging.TripID, rest string) string {
	return "/api/v1/trips/" + url.PathEscape(string(id)) + rest
}
