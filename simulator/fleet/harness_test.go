package fleet

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
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
	alerts    []carlink.Alert
	dark      []bool // what Cover was told
}

var (
	_ Radio  = (*scripted)(nil)
	_ Teller = (*scripted)(nil)
)

func (s *scripted) Cover(ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dark = append(s.dark, !ok)
}

func (s *scripted) Alerts() []carlink.Alert {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.alerts
	s.alerts = nil
	return out
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

// The scripted world: a road of 260 km from Recife to Maceió, with two EVSEs of
// two companies in Palmares, halfway.
const from, to, halfway = "Recife, PE", "Maceió, AL", "Palmares, PE"

func sites(context.Context) ([]api.Location, error) {
	p := point(halfway)
	site := func(company charging.CompanyID, evse charging.EVSEID) api.Location {
		return api.Location{
			LocationID: charging.LocationID("BR*" + string(company) + "*L1"), CompanyID: company, Lat: p.Lat, Lon: p.Lon,
			EVSEs: []api.EVSE{{EVSEID: evse, Connectors: []api.Connector{
				{ID: "1", Standard: "CHADEMO", PowerKW: 100, TariffID: "no"}, {ID: "2", Standard: "IEC_62196_T2_COMBO", PowerKW: 60, TariffID: "dc"},
			}}},
			Tariffs: []api.Tariff{{ID: "dc", Currency: "BRL", PerKWh: 2, PerSession: 1}},
			Terms:   api.BookingTerms{NoShowTimeout: 900, CancelUntil: 1800},
		}
	}
	return []api.Location{site("MAR", evse1), site("SER", evse2)}, nil
}

// planFrom has a stop of 40 minutes halfway, two hours after the departure.
func planFrom(at time.Time) trip.Plan {
	at = at.UTC().Truncate(time.Second)
	return trip.Plan{
		ID: "p1", Departure: at, DistanceKM: 260, Price: 40,
		Stops: []trip.PlanStop{{
			Leg: 1, CompanyID: "MAR", EVSEID: evse1, Start: at.Add(2 * time.Hour), End: at.Add(160 * time.Minute),
			EnergyKWh: 20, DepartSoC: 0.8,
		}},
	}
}

const rid = charging.ReservationID("01890a5d-ac96-774b-bcce-b302099a8000")

func tripOf(p trip.Plan, state trip.State) trip.Trip {
	t := trip.Trip{ID: tripID, State: state, UpdatedAt: p.Departure}
	for _, s := range p.Stops {
		t.Legs = append(t.Legs, trip.Leg{
			Leg: s.Leg, ReservationID: rid, CompanyID: s.CompanyID, EVSEID: s.EVSEID, Start: s.Start, End: s.End, EnergyKWh: s.EnergyKWh,
			State: charging.Reserved,
		})
	}
	return t
}

// direct is a plan that needs no stop.
func direct(at time.Time) trip.Plan { return trip.Plan{ID: "p0", Departure: at, DistanceKM: 260} }

// answers are those of companies where all goes well, for a plan.
func answers(p trip.Plan) map[carlink.Action][]carlink.Reply {
	return map[carlink.Action][]carlink.Reply{
		carlink.ActionPlan: {good(200, map[string]any{"plans": []trip.Plan{p}})},
		carlink.ActionTrip: {good(201, tripOf(p, trip.Confirmed))},
		carlink.ActionPlug: {good(200, map[string]any{})}, carlink.ActionUnplug: {good(200, map[string]any{})},
		carlink.ActionCancel: {good(200, tripOf(p, trip.Canceled))},
	}
}

// base are options of one car that makes one journey with the scripted link, and
// to which nothing happens.
func base(s *scripted) Options {
	return Options{
		Cars: 1, Seed: 7, Servers: []Server{{MQTT: "scripted"}}, Journeys: 1, Speed: 60, Telemetry: time.Second, Patience: time.Minute,
		Odds: &Odds{}, Locations: sites, Head: time.Millisecond,
		Cast:       []Role{{Model: "byd-dolphin", Discharge: carlink.Normal, SoC: 0.9, From: from, To: to, Policy: trip.Ask, Wait: time.Minute}},
		Credential: func(context.Context, Car, Server) (Identity, error) { return Identity{"EV-0001", "s"}, nil },
		Dial:       s.dial,
	}
}
