package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// driver talks REST to one company's server.
type driver struct {
	f    *federation
	user string
	base string
	head map[string]string
}

// as makes a driver with a vehicle's credentials; "" shows nothing.
func (f *federation) as(user charging.VehicleID) driver { return driver{f: f, user: string(user)} }

func (d driver) at(id charging.CompanyID) driver { d.base = d.f.url(id); return d }

func (d driver) with(key, value string) driver {
	head := map[string]string{key: value}
	for k, v := range d.head {
		head[k] = v
	}
	d.head = head
	return d
}

// problem is an RFC 9457 answer.
type problem struct {
	Code   charging.Code `json:"code"`
	Detail string        `json:"detail"`
	Status int           `json:"status"`
	Errors []struct {
		Field  string `json:"field"`
		Reason string `json:"reason"`
	} `json:"errors"`
	Conflict *struct {
		Settled bool `json:"settled"`
	} `json:"conflict"`
}

// send makes one request; body may be a string (sent as it is) or anything
// that has a JSON form.
func (d driver) send(method, path string, body, into any) (*http.Response, problem) {
	d.f.t.Helper()
	resp, p, err := d.try(method, path, body, into)
	if err != nil {
		d.f.t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp, p
}

func (d driver) try(method, path string, body, into any) (*http.Response, problem, error) {
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = bytes.NewReader([]byte(b))
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			return nil, problem{}, err
		}
		r = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, d.base+path, r)
	if err != nil {
		return nil, problem{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	if d.user != "" {
		req.SetBasicAuth(d.user, secret)
	}
	for k, v := range d.head {
		req.Header.Set(k, v)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, problem{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp, problem{}, err
	}
	var p problem
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json") {
		if err := json.Unmarshal(raw, &p); err != nil {
			return resp, p, fmt.Errorf("status %d with %q: %w", resp.StatusCode, raw, err)
		}
		return resp, p, nil
	}
	if into != nil && resp.StatusCode < 400 {
		return resp, p, json.Unmarshal(raw, into)
	}
	return resp, p, nil
}

func (d driver) get(path string, into any) {
	d.f.t.Helper()
	if resp, p := d.send(http.MethodGet, path, nil, into); resp.StatusCode != http.StatusOK {
		d.f.t.Fatalf("GET %s: %d %+v", path, resp.StatusCode, p)
	}
}

// stopAt is one stop of a request.
type stopAt struct {
	EVSE  charging.EVSEID `json:"evse_id"`
	Start time.Time       `json:"start"`
	End   time.Time       `json:"end"`
}

// hour is the k-th hour of a day in the near future.
func hour(k int) time.Time {
	return time.Now().UTC().Truncate(time.Hour).Add(24*time.Hour + time.Duration(k)*time.Hour)
}

func stop(evse charging.EVSEID, k int) stopAt { return stopAt{evse, hour(k), hour(k + 1)} }

// book asks for a trip with stops by hand and waits until it is settled.
func (d driver) book(policy trip.Policy, stops ...stopAt) (trip.Trip, problem) {
	d.f.t.Helper()
	var t trip.Trip
	resp, p := d.with("Prefer", "wait=20").send(http.MethodPost, "/api/v1/trips",
		map[string]any{"vehicle_id": d.user, "stops": stops, "on_conflict": policy}, &t)
	if p.Code == "" && resp.StatusCode != http.StatusCreated {
		d.f.t.Fatalf("POST trips: %d", resp.StatusCode)
	}
	return t, p
}

// settled polls a trip until it is.
func (d driver) settled(id charging.TripID, limit time.Duration) trip.Trip {
	d.f.t.Helper()
	var t trip.Trip
	d.f.until(limit, "the trip "+string(id)+" is settled", func() bool {
		d.get("/api/v1/trips/"+string(id), &t)
		return t.State.Settled()
	})
	return t
}
