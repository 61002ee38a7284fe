package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

func decode[T any](t *testing.T, rec *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(rec.Body.Bytes(), &v); err != nil {
		t.Fatalf("%d %s: %v", rec.Code, rec.Body, err)
	}
	return v
}

func TestCreateTrip(t *testing.T) {
	w := newWorld(t)
	first := w.ask("POST", "/api/v1/trips", asCar, tripBody, "Idempotency-Key", "k 1")
	if first.Code != 201 || first.Header().Get("Location") != "/api/v1/trips/"+string(tripID) || first.Header().Get("Idempotent-Replayed") != "" {
		t.Errorf("%d %v", first.Code, first.Header())
	}
	if w.front.key != "k 1" || w.front.started.VehicleID != car || len(w.front.started.Stops) != 1 {
		t.Errorf("started %+v with key %q", w.front.started, w.front.key)
	}
	again := w.ask("POST", "/api/v1/trips", asCar, tripBody, "Idempotency-Key", "k 1")
	if again.Code != 201 || again.Header().Get("Idempotent-Replayed") != "true" {
		t.Errorf("again: %d %v", again.Code, again.Header())
	}
	if strings.Contains(again.Body.String(), "secret") {
		t.Error("the saga's own part has left the company")
	}
}

// The front desk remembers the answer to a key whose windows have begun since.
func TestARepeatIsNotJudgedByTheClock(t *testing.T) {
	past := stops(stop("2026-11-22T12:00:00Z", "2026-11-22T13:00:00Z"))
	if rec := newWorld(t).ask("POST", "/api/v1/trips", asCar, past, "Idempotency-Key", "k"); rec.Code != 201 {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

func TestIdempotencyKeys(t *testing.T) {
	for _, header := range [][]string{
		{"Idempotency-Key", ""},
		{"Idempotency-Key", strings.Repeat("k", 129)},
		{"Idempotency-Key", "ação"},
		{"Idempotency-Key", "a", "Idempotency-Key", "b"},
	} {
		rec := newWorld(t).ask("POST", "/api/v1/trips", asCar, tripBody, header...)
		if code(rec) != "INVALID_FIELD" || fields(rec) != "Idempotency-Key" {
			t.Errorf("%q: %d %s", header, rec.Code, rec.Body)
		}
	}
}

func TestPreferWait(t *testing.T) {
	blocked := func(ctx context.Context) (trip.Trip, error) { <-ctx.Done(); return trip.Trip{}, ctx.Err() }
	settled := func(context.Context) (trip.Trip, error) {
		return trip.Trip{ID: tripID, VehicleID: car, State: trip.Aborted}, nil
	}
	for name, c := range map[string]struct {
		prefer, applied string
		wait            func(context.Context) (trip.Trip, error)
		state           trip.State
		took            time.Duration
	}{
		"settled":        {"wait=30", "wait=30", settled, trip.Aborted, 0},
		"patience ends":  {"respond-async, wait=3", "wait=3", blocked, trip.Reserving, 3 * time.Second},
		"quoted":         {`wait="2"; x=y`, "wait=2", blocked, trip.Reserving, 2 * time.Second},
		"at most 120 s":  {"wait=99999", "wait=120", blocked, trip.Reserving, MaxWait},
		"zero":           {"wait=0", "wait=0", settled, trip.Reserving, 0},
		"none":           {"", "", settled, trip.Reserving, 0},
		"not readable":   {"wait=long", "", settled, trip.Reserving, 0},
		"less than none": {"wait=-3", "", settled, trip.Reserving, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.front.t.State, w.front.wait = trip.Reserving, c.wait
				for _, g := range []good{
					{"POST", "/api/v1/trips", asCar, tripBody, 201},
					{"GET", "/api/v1/trips/" + string(tripID), asCar, "", 200},
					{"POST", "/api/v1/trips/" + string(tripID) + "/decision", asCar, `{"action":"wait"}`, 200},
				} {
					began := time.Now()
					rec := w.ask(g.method, g.path, g.as, g.body, "Prefer", c.prefer)
					got := decode[trip.Trip](t, rec)
					if rec.Code != g.status || got.State != c.state || time.Since(began) != c.took || rec.Header().Get("Preference-Applied") != c.applied {
						t.Errorf("%s: %d %s after %s, %q", g.path, rec.Code, got.State, time.Since(began), rec.Header().Get("Preference-Applied"))
					}
				}
			})
		})
	}
}

func TestCloseEndsWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.front.t.State = trip.Reserving
		w.front.wait = func(ctx context.Context) (trip.Trip, error) { <-ctx.Done(); return w.front.t, nil }
		time.AfterFunc(time.Second, w.Close)
		began := time.Now()
		rec := w.ask("GET", "/api/v1/trips/"+string(tripID), asCar, "", "Prefer", "wait=100")
		if rec.Code != 200 || time.Since(began) != time.Second {
			t.Errorf("%d after %s", rec.Code, time.Since(began))
		}
	})
}

func TestAWaitThatFailsIsSaid(t *testing.T) {
	w := newWorld(t)
	w.front.t.State = trip.Reserving
	w.front.wait = func(context.Context) (trip.Trip, error) {
		return trip.Trip{}, fmt.Errorf("journal: %w", charging.CodeStoreUnavailable)
	}
	rec := w.ask("GET", "/api/v1/trips/"+string(tripID), asCar, "", "Prefer", "wait=5")
	if code(rec) != "STORE_UNAVAILABLE" || rec.Header().Get("Retry-After") == "" {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// A caller that has gone stops no action that has begun.
func TestALostConnectionCancelsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	asked, during := false, error(nil)
	w := newWorld(t, func(o *Options) {
		o.FrontDesk = starter{o.FrontDesk.(*fakeFront), func(ctx context.Context) { asked, during = true, ctx.Err() }}
	})
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/api/v1/trips", strings.NewReader(tripBody))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", asCar)
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, req)
	if rec.Code != 201 || !asked || during != nil {
		t.Errorf("%d, asked %t, and the booking's context: %v", rec.Code, asked, during)
	}
}

func TestListTrips(t *testing.T) {
	for name, c := range map[string]struct {
		as, query, code string
		want            trip.Query
	}{
		"a vehicle's own":     {asCar, "", "OK", trip.Query{VehicleID: car, Limit: 100}},
		"said so":             {asCar, "?vehicle_id=EV-0001&state=ABORTED&limit=5&offset=10", "OK", trip.Query{VehicleID: car, State: trip.Aborted, Limit: 5, Offset: 10}},
		"another's":           {asCar, "?vehicle_id=EV-0002", "FORBIDDEN", trip.Query{}},
		"a vehicle, stuck":    {asCar, "?stuck=true", "FORBIDDEN", trip.Query{}},
		"the operator's view": {asOperator, "", "OK", trip.Query{Limit: 100}},
		"one vehicle's":       {asOperator, "?vehicle_id=EV-0002&limit=500&stuck=false", "OK", trip.Query{VehicleID: "EV-0002", Limit: 500}},
		"stuck":               {asOperator, "?stuck=true", "OK", trip.Query{Stuck: true, Limit: 100}},
	} {
		w := newWorld(t)
		rec := w.ask("GET", "/api/v1/trips"+c.query, c.as, "")
		if code(rec) != c.code || w.front.query != c.want {
			t.Errorf("%s: %s with %+v", name, code(rec), w.front.query)
		}
		if rec.Code == 200 && (rec.Header().Get("X-Total-Count") != "7" || strings.Contains(rec.Body.String(), "a.secret.ticket")) {
			t.Errorf("%s: %v %s", name, rec.Header(), rec.Body)
		}
		if stuck := strings.Contains(rec.Body.String(), "SER does not answer"); stuck != c.want.Stuck {
			t.Errorf("%s: %s", name, rec.Body)
		}
	}
}

func TestLinks(t *testing.T) {
	w := newWorld(t) // whose list has 7 in all
	for query, want := range map[string][]string{
		"?limit=2&offset=2&state=CONFIRMED": {
			`</api/v1/trips?limit=2&offset=0&state=CONFIRMED>; rel="first"`, `offset=6&state=CONFIRMED>; rel="last"`,
			`offset=0&state=CONFIRMED>; rel="prev"`, `offset=4&state=CONFIRMED>; rel="next"`,
		},
		"?limit=7":           {`offset=0>; rel="first"`, `offset=0>; rel="last"`},
		"?limit=5&offset=5":  {`offset=0>; rel="prev"`, `offset=5>; rel="last"`},
		"?limit=5&offset=99": {`offset=94>; rel="prev"`},
	} {
		link := w.ask("GET", "/api/v1/trips"+query, asCar, "").Header().Get("Link")
		for _, l := range want {
			if !strings.Contains(link, l) {
				t.Errorf("%s: %s lacks %s", query, link, l)
			}
		}
		if last := !strings.Contains(link, `rel="next"`); last != (query != "?limit=2&offset=2&state=CONFIRMED") {
			t.Errorf("%s: %s", query, link)
		}
	}
	for query, n := range map[string]int{"": 3, "?limit=2": 2, "?offset=2": 1, "?offset=99": 0} {
		rec := w.ask("GET", "/api/v1/trips/"+string(tripID)+"/history"+query, asCar, "")
		if got := decode[[]trip.Entry](t, rec); len(got) != n || got == nil || rec.Header().Get("X-Total-Count") != "3" {
			t.Errorf("%s: %d entries, %v", query, len(got), rec.Header())
		}
	}
}

func TestAnUnknownTrip(t *testing.T) {
	for _, path := range []string{"", "/history", "/alternatives?leg=1"} {
		if rec := newWorld(t).ask("GET", "/api/v1/trips/"+string(otherID)+path, asCar, ""); code(rec) != "UNKNOWN_TRIP" {
			t.Errorf("%s: %d %s", path, rec.Code, rec.Body)
		}
	}
}

// A refusal of the front desk reaches the driver without whose trip is ahead.
func TestRefusalsAreRendered(t *testing.T) {
	w := newWorld(t)
	w.front.refuse = &charging.Refusal{Code: charging.CodeSlotTaken, Detail: "taken", Conflict: &charging.Conflict{EVSEID: evseID, TripID: otherID}}
	rec := w.ask("POST", "/api/v1/trips/"+string(tripID)+"/swap", asCar, `{"alternative_id":"a"}`)
	if code(rec) != "SLOT_TAKEN" || !strings.Contains(rec.Body.String(), string(evseID)) || strings.Contains(rec.Body.String(), string(otherID)) {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	w.desk.refuse = w.front.refuse
	rec = w.ask("POST", "/federation/v1/reservations/"+string(rsvID)+"/reserve", asPeer, holdBody)
	if code(rec) != "SLOT_TAKEN" || !strings.Contains(rec.Body.String(), string(otherID)) {
		t.Errorf("a peer must learn whom to ask: %d %s", rec.Code, rec.Body)
	}
}

// What may be taken instead of an occupied plug is in the problem.
func TestAnOfferIsRendered(t *testing.T) {
	w := newWorld(t)
	w.front.refuse = &trip.Offer{
		Refusal:      charging.Refuse(charging.CodeEVSEOccupied, "another car is there"),
		Alternatives: []trip.Alternative{{ID: "a1", Leg: 2}},
	}
	rec := w.ask("POST", "/api/v1/trips/"+string(tripID)+"/swap", asCar, `{"alternative_id":"a"}`)
	if code(rec) != "EVSE_OCCUPIED" || rec.Code != 409 || !strings.Contains(rec.Body.String(), `"alternatives":[{"alternative_id":"a1"`) {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// Answers to several questions reach the front desk as they were given.
func TestAnswers(t *testing.T) {
	w := newWorld(t)
	path := "/api/v1/trips/" + string(tripID) + "/decision"
	rec := w.ask("POST", path, asCar, `{"answers":[{"leg":3,"action":"give_up"},{"leg":2,"action":"continue","alternative_id":"a"}]}`)
	want := []api.DecisionAnswer{{Leg: 3, Action: api.ActionGiveUp}, {Leg: 2, Action: api.ActionContinue, AlternativeID: "a"}}
	if rec.Code != 200 || !slices.Equal(w.front.decided, want) {
		t.Errorf("%d %s: %+v", rec.Code, rec.Body, w.front.decided)
	}
	rec = w.ask("POST", path, asCar, `{"answers":[{"leg":3,"action":"give_up"}],"action":"wait"}`)
	if code(rec) != "INVALID_FIELD" || rec.Code != 422 {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// A cancel says what it could not release.
func TestWhatACancelKept(t *testing.T) {
	w := newWorld(t)
	w.front.t.Kept = []trip.Kept{{Leg: 2, Code: charging.CodeSessionOpen}}
	rec := w.ask("DELETE", "/api/v1/trips/"+string(tripID), asCar, "")
	if rec.Code != 200 || !strings.Contains(rec.Body.String(), `"kept":[{"leg":2,"code":"SESSION_OPEN"}]`) {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// What a driver has canceled has no code: an empty one is none of the contract's.
func TestACanceledTripObeysTheSpec(t *testing.T) {
	w := newWorld(t)
	w.front.t.State, w.front.t.Problem = trip.Canceled, &trip.Problem{Detail: "the driver has canceled the trip"}
	w.front.t.Legs[0].State, w.front.t.Legs[0].Problem = charging.Canceled, &trip.Problem{Detail: "canceled by the driver"}
	g := good{"GET", "/api/v1/trips/" + string(tripID), asCar, "", 200}
	obeys(t, w, g, w.ask(g.method, g.path, g.as, ""))
}
