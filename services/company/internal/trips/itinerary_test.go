package trips

import (
	"errors"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// read is a trip as one reads it.
func read(t *testing.T, s *Service, id charging.TripID) trip.Trip {
	t.Helper()
	got, err := s.Trip(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return s.WithPlan(t.Context(), got)
}

// drives is a booked trip of three stops that remembers its journey, and whose plan nobody has read yet.
func drives(t *testing.T) (*Service, *sagas, trip.Trip) {
	t.Helper()
	s, g, _ := counter(t)
	g.models = map[charging.VehicleID]string{"EV-0001": "byd-seal"}
	soc := 0.9
	r := request(at("MAR", 2), at("SER", 6), at("CAJ", 11))
	r.SoC = &soc
	for i := range r.Stops {
		r.Stops[i].EnergyKWh = 20
	}
	got, _, err := s.Start(t.Context(), r, "")
	if err != nil {
		t.Fatal(err)
	}
	return s, g, got
}

// TestAPlanIsWorkedOutOnce: of stops that were given by hand as of a record of before, when it is first
// read. Shows a plan that is worked out for each reader, and one that is kept although a stop's company is
// not known.
func TestAPlanIsWorkedOutOnce(t *testing.T) {
	s, g, tr := drives(t)
	first := read(t, s, tr.ID)
	if first.Plan == nil || len(first.Plan.Profile) < 8 || first.Plan.DistanceKM < 400 || first.Legs[1].LocationName != "Maceió, AL" {
		t.Fatalf("%+v, leg 2 %+v", first.Plan, first.Legs[1].LegPlan)
	}
	if again := read(t, s, tr.ID); g.r.keeps != 1 || again.Plan.DistanceKM != first.Plan.DistanceKM || again.Legs[2].Line != first.Legs[2].Line {
		t.Errorf("kept %d times; read again it is %+v", g.r.keeps, again.Plan)
	}
	far := g.r.trips[tr.ID]
	far.Legs[1].EVSEID = "BR*FAR*E0001*1"
	for range 2 {
		if got := read(t, s, tr.ID); got.Plan == nil || got.Plan.Profile != nil || got.Legs[1].LocationName != "" || got.Legs[0].LocationName == "" || got.Legs[1].ArriveSoC != nil {
			t.Errorf("where a company is not known: %+v, %+v", got.Plan, got.Legs[1].LegPlan)
		}
	}
	if g.r.keeps != 1 {
		t.Errorf("what is not whole was kept")
	}
}

// TestAPlanFollowsItsStops: another window, another place, and a stop that is let go. Shows a plan that is shown for
// other stops than it was made for, and a stop that is lost and still charges the car.
func TestAPlanFollowsItsStops(t *testing.T) {
	s, g, tr := drives(t)
	before := read(t, s, tr.ID)
	l := &g.r.trips[tr.ID].Legs[2]
	l.Start, l.End = l.Start.Add(time.Hour), l.End.Add(time.Hour)
	if got := read(t, s, tr.ID); got.Plan.Arrival.Sub(before.Plan.Arrival) != time.Hour || got.Plan.DistanceKM != before.Plan.DistanceKM {
		t.Errorf("an hour later it arrives %s, was %s", got.Plan.Arrival, before.Plan.Arrival)
	}
	l = &g.r.trips[tr.ID].Legs[1]
	l.State = charging.Canceled
	rec := g.r.trips[tr.ID]
	rec.Ask(trip.Decision{Leg: 2})
	g.r.trips[tr.ID] = rec
	if got := read(t, s, tr.ID); got.Legs[1].ArriveSoC == nil || got.Plan.Price != before.Plan.Price {
		t.Errorf("while it asks: %+v", got.Legs[1].LegPlan)
	}
	rec.Answered()
	g.r.trips[tr.ID] = rec
	got := read(t, s, tr.ID)
	if got.Legs[1].ArriveSoC != nil || got.Legs[1].LocationName == "" || *got.Legs[2].ArriveSoC >= *before.Legs[2].ArriveSoC || got.Plan.Price != before.Plan.Price-40 {
		t.Errorf("let go: %+v, then %v, was %v; it costs %v", got.Legs[1].LegPlan, *got.Legs[2].ArriveSoC, *before.Legs[2].ArriveSoC, got.Plan.Price)
	}
	if got.Legs[2].DistanceKM <= before.Legs[2].DistanceKM {
		t.Errorf("let go, stop 3 is %v km away, was %v", got.Legs[2].DistanceKM, before.Legs[2].DistanceKM)
	}
}

// TestAPlanOfStopsWithoutACharge: what is known is shown, and nothing else.
func TestAPlanOfStopsWithoutACharge(t *testing.T) {
	s, _, _ := counter(t)
	tr := booked(t, s)
	got := read(t, s, tr.ID)
	p, l := got.Plan, got.Legs[1]
	if p == nil || p.Origin != nil || p.ArriveSoC != nil || p.Profile != nil || !p.Arrival.IsZero() || p.DistanceKM == 0 {
		t.Errorf("%+v", p)
	}
	if l.LocationName == "" || l.PowerKW != 100 || l.DistanceKM == 0 || l.Line == "" || l.ArriveSoC != nil || got.Legs[0].DistanceKM != 0 {
		t.Errorf("%+v", l.LegPlan)
	}
}

// TestATripIsReadWithoutItsPlan: a store that does not give it stops nobody from reading the trip.
func TestATripIsReadWithoutItsPlan(t *testing.T) {
	s, g, tr := drives(t)
	g.r.away = errors.New("away")
	if got := read(t, s, tr.ID); got.Plan != nil || got.State != trip.Confirmed {
		t.Errorf("%s with %+v", got.State, got.Plan)
	}
}

// TestAPlanIsKeptWithItsTrip: what the plan said is there before anybody reads it; one of an older server,
// without the battery, is not taken for it.
func TestAPlanIsKeptWithItsTrip(t *testing.T) {
	s, g, _ := counter(t)
	plans, err := s.Plan(t.Context(), api.PlanRequest{
		Origin: api.Endpoint{City: "Recife, PE"}, Destination: api.Endpoint{City: "Salvador, BA"}, Vehicle: api.Vehicle{Model: "byd-dolphin"},
	}, "somebody")
	if err != nil {
		t.Fatal(err)
	}
	for _, old := range []bool{false, true} {
		if old {
			p := g.r.plans[plans[0].ID]
			p.Profile = nil
			g.r.plans[p.ID] = p
		}
		if _, _, err := s.Start(t.Context(), api.TripRequest{VehicleID: "EV-0001", PlanID: plans[0].ID}, ""); err != nil {
			t.Fatal(err)
		}
		if kept := g.started[len(g.started)-1].Planned; old != (kept == nil) || !old && !kept.Fits(g.started[0]) {
			t.Errorf("older: %v, kept %+v", old, kept)
		}
	}
	if got := g.started[0].Public(); got.Planned != nil {
		t.Error("a driver sees what the store keeps")
	}
}
