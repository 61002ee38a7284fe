package director

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// driver is one who plays, with a vehicle that is registered at his company.
type driver struct {
	name    string
	company *company
	vehicle charging.VehicleID
	secret  string

	mu   sync.Mutex
	trip trip.Trip
}

// names of the drivers in the order in which they ask; at says whom each asks.
var (
	names = []string{"Ana", "Bruno", "Carla", "Davi", "Elisa"}
	at    = []charging.CompanyID{"MAR", "SER", "MAR", "SER", "MAR"}
)

func (d *driver) seen() trip.Trip {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.trip
}

// look reads the driver's trip, where there is one.
func (d *driver) look(ctx context.Context) (trip.Trip, error) {
	id := d.seen().ID
	if id == "" {
		return trip.Trip{}, nil
	}
	c, err := d.company.as(string(d.vehicle), d.secret)
	if err != nil {
		return d.seen(), err
	}
	t, err := c.Trip(ctx, id, 0)
	if err != nil {
		return d.seen(), err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.trip = t
	return t, nil
}

// cast waits until the companies know each other, plans the drive that the scene is about,
// and registers the drivers.
func (p *play) cast(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startWithin, errors.New("the companies do not come to know each other"))
	defer cancel()
	if err := p.meet(ctx); err != nil {
		return err
	}
	for i := range p.scene.drivers {
		d := &driver{name: names[i], company: p.company[p.scene.companyOf(i)]}
		guest, err := d.company.as("", "")
		if err != nil {
			return err
		}
		r, err := guest.Register(ctx, api.RegisterRequest{Model: "byd-dolphin"})
		if err != nil {
			return fmt.Errorf("stage: registering %s: %w", d.name, err)
		}
		d.vehicle, d.secret = r.VehicleID, r.Secret
		p.drivers = append(p.drivers, d)
	}
	return p.planDrive(ctx)
}

// meet waits until each company knows the chargers of the two others.
func (p *play) meet(ctx context.Context) error {
	for _, id := range companies {
		for {
			c, err := p.company[id].operator()
			if err != nil {
				return err
			}
			peers, err := c.Peers(ctx)
			ready := err == nil && len(peers) == len(companies)-1 && !slices.ContainsFunc(peers, func(q api.Peer) bool { return q.Status != "up" || q.EVSEs == 0 })
			if ready {
				break
			}
			if err := pause(ctx, 50*time.Millisecond); err != nil {
				return err
			}
		}
	}
	return nil
}

// planDrive plans the drive of tomorrow morning: a stop at each company.
func (p *play) planDrive(ctx context.Context) error {
	c, err := p.company["MAR"].as("", "")
	if err != nil {
		return err
	}
	locations, err := c.Locations(ctx)
	if err != nil {
		return err
	}
	for _, l := range locations {
		for _, e := range l.EVSEs {
			p.places[e.EVSEID] = l
		}
	}
	soc := 0.9
	plans, err := c.Plan(ctx, api.PlanRequest{
		Origin: api.Endpoint{City: "João Pessoa, PB"}, Destination: api.Endpoint{City: "Feira de Santana, BA"},
		Vehicle: api.Vehicle{Model: "byd-dolphin"}, SoC: &soc, Departure: morning(time.Now()), Objective: trip.Fastest,
	})
	if err != nil {
		return fmt.Errorf("stage: planning the drive: %w", err)
	}
	for _, plan := range plans {
		if stops := onePerCompany(plan); stops != nil {
			p.stops = stops
			return nil
		}
	}
	return errors.New("stage: no plan of the drive has a stop at each of the three companies")
}

// morning is 8 o'clock of the next day in the north-east of Brazil, UTC−3.
func morning(now time.Time) time.Time {
	return now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1).Add(11 * time.Hour)
}

// onePerCompany are a plan's stops where there is one at MAR, then SER, then CAJ.
func onePerCompany(plan trip.Plan) []api.Stop {
	if len(plan.Stops) != len(companies) {
		return nil
	}
	var stops []api.Stop
	for i, s := range plan.Stops {
		if s.EVSEID.Company() != companies[i] {
			return nil
		}
		stops = append(stops, api.Stop{EVSEID: s.EVSEID, Start: s.Start, End: s.End})
	}
	return stops
}

// beside is the n-th charger of a company that the drive does not need, at the time of a
// stop; those at the same place first.
func (p *play) beside(s api.Stop, of charging.CompanyID, n int) api.Stop {
	var all []charging.EVSEID
	for e := range p.places {
		if e.Company() == of && !slices.ContainsFunc(p.stops, func(t api.Stop) bool { return t.EVSEID == e }) {
			all = append(all, e)
		}
	}
	here := p.places[s.EVSEID].LocationID
	slices.SortFunc(all, func(a, b charging.EVSEID) int {
		if x, y := p.places[a].LocationID == here, p.places[b].LocationID == here; x != y {
			if x {
				return -1
			}
			return 1
		}
		if a < b {
			return -1
		}
		return 1
	})
	return api.Stop{EVSEID: all[n], Start: s.Start, End: s.End}
}

// books asks the driver's company for a trip.
func (p *play) books(ctx context.Context, d *driver, policy trip.Policy, stops ...api.Stop) error {
	s := api.StageStepped{From: d.name, To: string(d.company.id), What: "book", Driver: d.name}
	return p.act(ctx, s, func(ctx context.Context) (string, error) {
		c, err := d.company.as(string(d.vehicle), d.secret)
		if err != nil {
			return "", err
		}
		q := api.TripRequest{VehicleID: d.vehicle, OnConflict: policy, Stops: stops}
		if policy == trip.Ask {
			q.DecisionTimeoutSeconds = 600
		}
		t, err := c.CreateTrip(ctx, q, "", 0)
		if err != nil {
			return "", fmt.Errorf("%s's request: %w", d.name, err)
		}
		d.mu.Lock()
		d.trip = t
		d.mu.Unlock()
		p.learn(t.ID, d.vehicle, "", "")
		return string(t.State), nil
	})
}

// takesFirst answers what the driver is asked with the first of the alternatives.
func (p *play) takesFirst(ctx context.Context, d *driver) error {
	question := d.seen().Decision
	if question == nil || len(question.Alternatives) == 0 {
		return fmt.Errorf("%s has nothing to choose from", d.name)
	}
	a := question.Alternatives[0]
	s := api.StageStepped{From: d.name, To: string(d.company.id), What: "decide", Driver: d.name, EVSEID: a.EVSEID}
	return p.act(ctx, s, func(ctx context.Context) (string, error) {
		c, err := d.company.as(string(d.vehicle), d.secret)
		if err != nil {
			return "", err
		}
		t, err := c.Decide(ctx, d.seen().ID, api.DecisionRequest{Leg: question.Leg, Action: api.ActionContinue, AlternativeID: a.ID}, 0)
		return string(t.State), err
	})
}

// cancels gives the driver's trip back.
func (p *play) cancels(ctx context.Context, d *driver) error {
	s := api.StageStepped{From: d.name, To: string(d.company.id), What: "cancel", Driver: d.name}
	return p.act(ctx, s, func(ctx context.Context) (string, error) {
		go func() { // its answer comes when all stops are released, which are steps of their own
			if c, err := d.company.as(string(d.vehicle), d.secret); err == nil {
				_, _ = c.Cancel(ctx, d.seen().ID)
			}
		}()
		return "ok", nil
	})
}

// until waits for what a driver's trip comes to. It fails where the trip has ended
// otherwise, and where nothing happens any more.
func (p *play) until(ctx context.Context, d *driver, what string, good func(trip.Trip) bool) error {
	for {
		t, err := d.look(ctx)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil && good(t):
			return nil
		case err == nil && !t.State.Open():
			return fmt.Errorf("the trip of %s is %s: it should be %s", d.name, t.State, what)
		case p.gate.idle() > patience:
			return fmt.Errorf("the trip of %s is %s, and nothing happens any more: it should be %s", d.name, t.State, what)
		}
		if err := pause(ctx, 40*time.Millisecond); err != nil {
			return err
		}
	}
}

func (p *play) untilState(ctx context.Context, d *driver, s trip.State) error {
	return p.until(ctx, d, string(s), func(t trip.Trip) bool { return t.State == s })
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
