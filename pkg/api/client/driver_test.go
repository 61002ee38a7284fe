package client

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

func driver(t *testing.T, f http.HandlerFunc) *Driver {
	t.Helper()
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	d, err := NewDriver(DriverOptions{BaseURL: srv.URL, User: "EV-0001", Secret: "demo", Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDriverCalls(t *testing.T) {
	var last string
	var header http.Header
	d := driver(t, func(w http.ResponseWriter, r *http.Request) {
		last, header = r.Method+" "+r.RequestURI, r.Header
		switch path := r.URL.Path; {
		case strings.HasSuffix(path, "/plans"):
			answerJSON(w, 200, api.PlanResponse{Plans: []trip.Plan{{ID: "p"}}})
		case strings.HasSuffix(path, "/availability"):
			answerJSON(w, 200, api.Availability{EVSEID: "BR*MAR*E0001*1"})
		case strings.HasSuffix(path, "/overview"), strings.HasSuffix(path, "/broker"):
			answerJSON(w, 200, map[string]any{})
		case r.Method == http.MethodGet && !strings.HasSuffix(path, "/t1"):
			answerJSON(w, 200, []any{})
		default:
			answerJSON(w, 200, trip.Trip{ID: "t1"})
		}
	})
	ctx := t.Context()
	w := charging.NewWindow(now, now.Add(time.Hour))
	for want, do := range map[string]func() error{
		"POST /api/v1/plans":   func() error { _, err := d.Plan(ctx, api.PlanRequest{}); return err },
		"POST /api/v1/trips":   func() error { _, err := d.CreateTrip(ctx, api.TripRequest{}, "k", 1500*time.Millisecond); return err },
		"GET /api/v1/trips/t1": func() error { _, err := d.Trip(ctx, "t1", 0); return err },
		"GET /api/v1/trips?limit=5&state=ABORTED&stuck=true&vehicle_id=v": func() error {
			_, _, err := d.Trips(ctx, trip.Query{Limit: 5, State: trip.Aborted, VehicleID: "v", Stuck: true})
			return err
		},
		"DELETE /api/v1/trips/t1":                    func() error { _, err := d.Cancel(ctx, "t1"); return err },
		"POST /api/v1/trips/t1/decision":             func() error { _, err := d.Decide(ctx, "t1", api.DecisionRequest{}, 0); return err },
		"POST /api/v1/trips/t1/swap":                 func() error { _, err := d.Swap(ctx, "t1", api.SwapRequest{}); return err },
		"GET /api/v1/trips/t1/alternatives?leg=2":    func() error { _, err := d.Alternatives(ctx, "t1", 2); return err },
		"GET /api/v1/trips/t1/history?limit=500":     func() error { _, err := d.History(ctx, "t1"); return err },
		"GET /api/v1/locations?limit=500":            func() error { _, err := d.Locations(ctx); return err },
		"GET /api/v1/locks?limit=500":                func() error { _, err := d.Locks(ctx); return err },
		"GET /api/v1/overview":                       func() error { _, err := d.Overview(ctx); return err },
		"GET /api/v1/broker?limit=5&offset=10":       func() error { _, err := d.Broker(ctx, 5, 10); return err },
		"GET /api/v1/peers?limit=500":                func() error { _, err := d.Peers(ctx); return err },
		"POST /api/v1/trips/t1/retry":                func() error { _, err := d.Retry(ctx, "t1"); return err },
		"POST /api/v1/trips/t1/resolve":              func() error { _, err := d.Resolve(ctx, "t1", api.ResolveRequest{}); return err },
		"POST /api/v1/vehicles/EV-1/revoke":          func() error { _, err := d.Revoke(ctx, "EV-1", api.RevokeRequest{}); return err },
		"POST /api/v1/invites":                       func() error { _, err := d.Invite(ctx, api.InviteRequest{}); return err },
		"POST /api/v1/vehicles/EV-1/token":           func() error { _, err := d.Pass(ctx, "EV-1", api.PassRequest{}); return err },
		"POST /api/v1/vehicles":                      func() error { _, err := d.Register(ctx, api.RegisterRequest{}); return err },
		"PUT /api/v1/evses/BR%2AMAR%2AE1%2A1/status": func() error { return d.SetEVSEStatus(ctx, "BR*MAR*E1*1", api.EVSEStatusRequest{}) },
		"GET /api/v1/evses/BR%2AMAR%2AE1%2A1/availability?from=2026-11-23T12%3A00%3A00Z&to=2026-11-23T13%3A00%3A00Z": func() error {
			_, err := d.Availability(ctx, "BR*MAR*E1*1", w)
			return err
		},
	} {
		if err := do(); err != nil || last != want {
			t.Errorf("got %s, %v; want %s", last, err, want)
		}
		if u, p, _ := (&http.Request{Header: header}).BasicAuth(); u != "EV-0001" || p != "demo" {
			t.Errorf("%s: %s, %s", want, u, p)
		}
		if want == "POST /api/v1/trips" && (header.Get("Prefer") != "wait=2" || header.Get("Idempotency-Key") != "k") {
			t.Errorf("headers %v", header)
		}
	}
}

func TestAllPagesOfAList(t *testing.T) {
	d := driver(t, func(w http.ResponseWriter, r *http.Request) {
		offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		w.Header().Set("X-Total-Count", "1100")
		answerJSON(w, 200, make([]api.Location, min(500, 1100-offset)))
	})
	if all, err := d.Locations(t.Context()); err != nil || len(all) != 1100 {
		t.Errorf("%d, %v", len(all), err)
	}
}

func TestNotReadyIsAnAnswer(t *testing.T) {
	d := driver(t, func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, 503, api.Health{Status: "unavailable", Checks: map[string]string{"store": "no connection"}})
	})
	if h, err := d.Ready(t.Context()); err != nil || h.Checks["store"] == "" {
		t.Errorf("got %+v, %v", h, err)
	}
}

func TestEvents(t *testing.T) {
	d := driver(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Last-Event-ID") != "6" || r.Header.Get("Accept") != "text/event-stream" {
			t.Errorf("headers %v", r.Header)
		}
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, ": hello\n\nid: 7\nevent: trip\ndata: {\"id\":7,\"type\":\"trip\",\"data\":{\"trip_id\":\"t\"}}\n\n"+
			": heartbeat\n\nid: 8\nevent: car\ndata: {\"id\":8,\ndata: \"type\":\"car\",\"data\":1}\n\n")
	})
	var ids []uint64
	var end error
	for e, err := range d.Events(t.Context(), 6) {
		if err != nil {
			end = err
			break
		}
		ids = append(ids, e.ID)
	}
	if len(ids) != 2 || ids[0] != 7 || ids[1] != 8 || !errors.Is(end, io.EOF) {
		t.Errorf("got %v, %v", ids, end)
	}
}

func TestEventsRefusedOrRubbish(t *testing.T) {
	for name, c := range map[string]struct {
		f    http.HandlerFunc
		want error
	}{
		"refused": {func(w http.ResponseWriter, _ *http.Request) {
			_ = api.FromError(charging.CodeUnauthenticated).Write(w)
		}, charging.CodeUnauthenticated},
		"html": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, ErrRubbish},
		"no json": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "data: x\n\n")
		}, ErrRubbish},
	} {
		n := 0
		for _, err := range driver(t, c.f).Events(t.Context(), 0) {
			if n++; !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n != 1 {
			t.Errorf("%s: %d pairs", name, n)
		}
	}
}

// TestWhatIsOfferedInstead comes back with the refusal.
func TestWhatIsOfferedInstead(t *testing.T) {
	want := &trip.Offer{
		Refusal:      charging.Refuse(charging.CodeEVSEOccupied, "another car is there"),
		Alternatives: []trip.Alternative{{ID: "a1", Leg: 2}},
	}
	d := driver(t, func(w http.ResponseWriter, _ *http.Request) { _ = api.FromError(want).Write(w) })
	_, err := d.Swap(t.Context(), "t1", api.SwapRequest{})
	var got *trip.Offer
	if !errors.As(err, &got) || len(got.Alternatives) != 1 || got.Alternatives[0].ID != "a1" || !errors.Is(err, charging.CodeEVSEOccupied) {
		t.Errorf("got %v", err)
	}
}
