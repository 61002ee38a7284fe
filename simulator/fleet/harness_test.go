package fleet

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// asked is a request that a car made.
type asked struct {
	action carlink.Action
	trip   charging.TripID
	body   map[string]any
}

// scripted is a Link whose answers a test writes.
type scripted struct {
	mu        sync.Mutex
	asked     []asked
	telemetry []carlink.Telemetry
	answers   map[carlink.Action][]carlink.Reply // the last one repeats
	heard     map[charging.TripID]trip.Trip
	lost      int
	closed    bool
}

func (s *scripted) dial(Server, Identity) (Link, error) { return s, nil }

func (s *scripted) Request(ctx context.Context, a carlink.Action, id charging.TripID, body any) (carlink.Reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	raw, err := json.Marshal(body)
	if err != nil {
		return carlink.Reply{}, err
	}
	var read map[string]any
	if err := json.Unmarshal(raw, &read); err != nil {
		return carlink.Reply{}, err
	}
	s.asked = append(s.asked, asked{a, id, read})
	list := s.answers[a]
	if len(list) == 0 {
		s.mu.Unlock()
		<-ctx.Done()
		s.mu.Lock()
		return carlink.Reply{}, ctx.Err()
	}
	if len(list) > 1 {
		s.answers[a] = list[1:]
	}
	return list[0], nil
}

func (s *scripted) Telemetry(t carlink.Telemetry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.telemetry = append(s.telemetry, t)
}

func (s *scripted) Trip(id charging.TripID) (trip.Trip, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.heard[id]
	return t, ok
}

func (s *scripted) Lost() int { return s.lost }

func (s *scripted) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

// actions in the order in which they were asked.
func (s *scripted) actions() []carlink.Action {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []carlink.Action
	for _, a := range s.asked {
		out = append(out, a.action)
	}
	return out
}

func good(status int, body any) carlink.Reply {
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return carlink.Reply{Status: status, Body: raw}
}

func bad(status int, code charging.Code) carlink.Reply {
	return good(status, map[string]any{"code": code, "detail": "so it is", "status": status})
}

const (
	tripID = charging.TripID("01890a5d-ac96-774b-bcce-b302099a8057")
	evse1  = charging.EVSEID("BR*MAR*E0001*1")
	evse2  = charging.EVSEID("BR*SER*E0001*1")
)

// planFrom is 200 km with a stop of half an hour in the middle, an hour of
// driving on either side.
func planFrom(at time.Time) trip.Plan {
	return trip.Plan{
		ID: "p1", Departure: at, Arrival: at.Add(150 * time.Minute), TotalMinutes: 150, DriveMinutes: 120, ChargeMinutes: 30,
		DistanceKM: 200,
		Stops: []trip.PlanStop{{
			Leg: 1, CompanyID: "MAR", EVSEID: evse1, Start: at.Add(time.Hour), End: at.Add(90 * time.Minute),
			EnergyKWh: 20, DistanceKM: 100, DriveMinutes: 60,
		}},
	}
}

func tripOf(p trip.Plan, state trip.State) trip.Trip {
	t := trip.Trip{ID: tripID, State: state, UpdatedAt: p.Departure}
	for _, s := range p.Stops {
		t.Legs = append(t.Legs, trip.Leg{Leg: s.Leg, CompanyID: s.CompanyID, EVSEID: s.EVSEID, Start: s.Start, End: s.End, EnergyKWh: s.EnergyKWh})
	}
	return t
}

// base are options of one car that makes one journey with the scripted link.
func base(s *scripted) Options {
	return Options{
		Cars: 1, Seed: 7, Servers: []Server{{MQTT: "scripted"}}, Journeys: 1, Speed: 60, Telemetry: time.Second, Patience: time.Minute,
		Credential: func(context.Context, Car, Server) (Identity, error) { return Identity{"EV-0001", "s"}, nil },
		Dial:       s.dial,
	}
}
