package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/fleet"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

const (
	callTimeout = 4 * time.Second
	settleWait  = 4 * time.Second
	// patience is how long a driver looks after one trip.
	patience = 30 * time.Second
)

// driver is one client: it makes trips, one after the other, with vehicles of
// its own, until it is told to stop.
type driver struct {
	n      int
	r      *run
	rng    *rand.Rand
	cars   []*car
	nextID int
}

// car is a registered vehicle, and when it is on the road.
type car struct {
	home   charging.CompanyID
	id     charging.VehicleID
	secret string
	busy   map[int]bool
}

func newDriver(n int, r *run) *driver {
	return &driver{n: n, r: r, rng: rand.New(rand.NewPCG(r.o.Seed, uint64(1000+n)))}
}

// drive makes trips until the context ends; the one under way is looked after.
func (d *driver) drive(ctx context.Context) {
	for ctx.Err() == nil {
		if d.rng.IntN(5) == 0 {
			d.look()
		}
		d.oneTrip(ctx)
	}
}

// oneTrip creates a trip and looks after it until it is settled.
func (d *driver) oneTrip(ctx context.Context) {
	p := d.place()
	c := d.car(ctx, p.slot)
	if c == nil {
		return
	}
	c.busy[p.slot] = true
	t, ok := d.create(p, c)
	if !ok {
		return
	}
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		switch {
		case t.State == trip.AwaitingDecision:
			t = d.decide(p, c, t)
		case t.State == trip.Confirmed:
			d.lookBack(c, t)
			if p.kerb {
				d.park(p, c, t)
				d.lookBack(c, t)
				return
			}
			if !d.confirmed(p, c, t) {
				delete(c.busy, p.slot)
			}
			return
		case t.State.Settled():
			d.lookBack(c, t)
			delete(c.busy, p.slot)
			return
		}
		t = d.read(c, t)
	}
}

// place is where the next trip goes: now and then to a kerb.
func (d *driver) place() place {
	if d.r.o.Kerb || !d.r.o.Crowd && d.rng.IntN(4) == 0 {
		return d.r.course.kerb(time.Now())
	}
	return d.r.course.next()
}

// car is one that is free at a place in time, registered if need be.
func (d *driver) car(ctx context.Context, slot int) *car {
	for range len(d.cars) {
		c := d.cars[0]
		d.cars = append(d.cars[1:], c)
		if !c.busy[slot] {
			return c
		}
	}
	c := d.register(ctx, fleet.Companies[d.rng.IntN(len(fleet.Companies))])
	if c != nil {
		d.cars = append(d.cars, c)
	}
	return c
}

// register makes a new car at a company; nil when the context ends first.
func (d *driver) register(ctx context.Context, home charging.CompanyID) *car {
	c := &car{home: home, busy: map[int]bool{}}
	for ctx.Err() == nil {
		d.nextID++
		wish := charging.VehicleID(fmt.Sprintf("CH-%d-%d-%d", d.r.o.Seed%100000, d.n, d.nextID))
		callCtx, cancel := context.WithTimeout(ctx, callTimeout)
		got, err := d.r.as(c.home, "", "").Register(callCtx, api.RegisterRequest{Model: "byd-dolphin", VehicleID: wish})
		cancel()
		if err == nil {
			c.id, c.secret = got.VehicleID, got.Secret
			return c
		}
		d.r.pause(ctx, 50*time.Millisecond) // the id is burnt: the answer may have been lost
	}
	return nil
}

// api is the company's server as the car's driver sees it. All trips of a car
// are made at its home: only that company can keep it from being in two places.
func (d *driver) api(c *car) *client.Driver { return d.r.as(c.home, string(c.id), c.secret) }

// did runs one operation and records it.
func (d *driver) did(o history.Op, c *car, call func(ctx context.Context) (trip.Trip, error)) (trip.Trip, history.Op) {
	o.Client, o.Company, o.Vehicle, o.Call = d.n, c.home, c.id, d.r.rec.Now()
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout+settleWait)
	defer cancel()
	t, err := call(ctx)
	o.Answered, o.Code = answered(err)
	if err == nil {
		o.Trip, o.State, o.Legs = t.ID, t.State, t.Legs
		for _, q := range t.Decisions {
			o.Asked = append(o.Asked, q.Leg)
		}
	}
	d.r.rec.Add(o)
	return t, o
}

// answered takes an error apart: what the server said for sure, or nothing.
func answered(err error) (bool, charging.Code) {
	switch code := charging.CodeOf(err); code {
	case "", charging.CodeStoreUnavailable, charging.CodePeerUnavailable:
		return err == nil, ""
	default:
		return true, code
	}
}

// create asks for a trip, under one key, until there is an answer.
func (d *driver) create(p place, c *car) (trip.Trip, bool) {
	stops := p.stops(d.rng)
	q := api.TripRequest{
		VehicleID: c.id, OnConflict: []trip.Policy{trip.Ask, trip.Replan, trip.Wait, trip.Abort}[d.rng.IntN(4)],
		DecisionTimeoutSeconds: 2 + d.rng.IntN(3),
	}
	for _, s := range stops {
		q.Stops = append(q.Stops, api.Stop{EVSEID: s.EVSE, Start: s.Window.Start, End: s.Window.End})
	}
	o := history.Op{Kind: history.Create, Key: fmt.Sprintf("%d-%d", d.n, d.rng.Uint64()), Policy: q.OnConflict, Stops: stops}
	wait := time.Duration(d.rng.IntN(2)) * settleWait
	ask := func() (trip.Trip, history.Op) {
		return d.did(o, c, func(ctx context.Context) (trip.Trip, error) { return d.api(c).CreateTrip(ctx, q, o.Key, wait) })
	}
	if d.rng.IntN(10) == 0 { // the same request twice at once
		again := make(chan struct{})
		go func() { defer close(again); ask() }()
		defer func() { <-again }()
	}
	for deadline := time.Now().Add(patience); ; d.r.pause(context.Background(), 100*time.Millisecond) {
		t, did := ask()
		if did.Answered || time.Now().After(deadline) {
			if did.OK() && d.rng.IntN(5) == 0 { // the same request again, later
				if again, did := ask(); did.OK() {
					t = again
				}
			}
			return t, did.OK()
		}
	}
}

func (d *driver) read(c *car, t trip.Trip) trip.Trip {
	got, did := d.did(history.Op{Kind: history.Read, Trip: t.ID}, c, func(ctx context.Context) (trip.Trip, error) {
		return d.api(c).Trip(ctx, t.ID, settleWait)
	})
	if !did.OK() {
		d.r.pause(context.Background(), 50*time.Millisecond)
		return t
	}
	return got
}

// lookBack reads a settled trip again, now and then, as somebody does who asks
// another server of the company.
func (d *driver) lookBack(c *car, t trip.Trip) {
	for range d.rng.IntN(4) {
		_, _ = d.did(history.Op{Kind: history.Read, Trip: t.ID}, c, func(ctx context.Context) (trip.Trip, error) {
			return d.api(c).Trip(ctx, t.ID, 0)
		})
		d.r.pause(context.Background(), 20*time.Millisecond)
	}
}

// decide answers a question in one of the ways that there are, or not at all.
func (d *driver) decide(p place, c *car, t trip.Trip) trip.Trip {
	q := api.DecisionRequest{Action: api.ActionContinue}
	switch k := d.rng.IntN(20); {
	case k < 10 && t.Decision != nil && len(t.Decision.Alternatives) > 0:
		q.AlternativeID = t.Decision.Alternatives[d.rng.IntN(len(t.Decision.Alternatives))].ID
	case k < 13 && t.Decision != nil:
		l := t.Legs[t.Decision.Leg-1]
		q.Stop = &api.Stop{Leg: l.Leg, EVSEID: p.evse(d.rng), Start: l.Start, End: l.End}
	case k < 16:
		q.Action = api.ActionWait
	case k < 18:
		q.Action = api.ActionGiveUp
	default:
		d.r.pause(context.Background(), 500*time.Millisecond)
		return d.read(c, t) // the deadline may pass
	}
	got, did := d.did(history.Op{Kind: history.Decide, Trip: t.ID, Action: q.Action}, c, func(ctx context.Context) (trip.Trip, error) {
		return d.api(c).Decide(ctx, t.ID, q, settleWait)
	})
	if !did.OK() {
		return t
	}
	return got
}

// confirmed does what drivers do with a booked trip, and reports whether it keeps it.
func (d *driver) confirmed(p place, c *car, t trip.Trip) bool {
	if d.rng.IntN(5) == 0 {
		d.swap(c, t, t.Legs[d.rng.IntN(len(t.Legs))], p.evse(d.rng))
	}
	if d.rng.IntN(10) < p.kept {
		return true
	}
	did := d.cancel(c, t)
	return !did.OK()
}

// look asks any company for the free time of an EVSE.
func (d *driver) look() {
	p := d.r.course.here()
	o := history.Op{
		Kind: history.Availability, Client: d.n, EVSE: p.evse(d.rng),
		Company: fleet.Companies[d.rng.IntN(len(fleet.Companies))], Call: d.r.rec.Now(),
	}
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	got, err := d.r.as(o.Company, "", "").Availability(ctx, o.EVSE, charging.NewWindow(p.base, p.base.Add(windowsAPlace*windowLength)))
	o.Answered, o.Code = answered(err)
	o.Free = got.Windows
	d.r.rec.Add(o)
}

// as is a company's server for one caller.
func (r *run) as(id charging.CompanyID, user, secret string) *client.Driver {
	d, err := client.NewDriver(client.DriverOptions{
		BaseURL: r.fleet.Company[id].Front.URL(), User: user, Secret: secret, HTTP: r.http, Timeout: callTimeout,
	})
	if err != nil {
		panic(err) // the link's own address
	}
	return d
}

// newHTTP keeps a connection for each driver.
func (o Options) newHTTP() *http.Client {
	c := client.NewHTTP(nil)
	if o.Around != nil {
		c.Transport = o.Around(c.Transport)
	}
	return c
}
