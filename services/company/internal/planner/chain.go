package planner

import (
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
)

// chain is a trip with one stop to replace.
type chain struct {
	p       *Planner
	t       trip.Trip
	lost    int // index of the leg
	cal     *calendar
	soonest int64
	at      []place // of the legs; the lost one's may be unknown
	known   bool    // whether the lost one's is known

	underway bool     // the car is on the way to the lost one, which it still holds
	near     bool     // and need not come farther than to this stop
	car      *Request // nil where the trip does not remember its journey
	fit      *fitting // for the car; without a journey for any
	before   state    // on leaving the stop before the lost one, or the origin
	// first is the stretch from the origin to any site, nil without a journey; from is the one to any
	// site in the lost one's place, which for the first leg is first.
	first, from *stretch
	// leads are the stretches to the legs, and behind them to the destination; nil to the first, to the lost one
	// where it is not known, and without a journey to the destination.
	leads   []*stretch
	lostRow []drive // from every site to the lost one; nil where it is not known
	old     []leg   // the legs from the lost one on, as they were
	oldEnd  int64
	oldCost float64
}

// state is a car somewhere on the chain. Without a journey soc is not used.
type state struct {
	at  int64
	soc float64
}

// leg is a stop of the chain, simulated.
type leg struct {
	evse       charging.EVSEID
	start, end int64
	arrive     float64 // soc
	depart     float64
	kWh        float64
}

func (p *Planner) newChain(t trip.Trip, lost int, free Free, now time.Time) (*chain, error) {
	return p.chainOf(t, lost, false, free, now)
}

func (p *Planner) newChainOnward(t trip.Trip, free Free, now time.Time) (*chain, error) {
	return p.chainOf(t, 0, true, free, now)
}

func (p *Planner) chainOf(t trip.Trip, lost int, underway bool, free Free, now time.Time) (*chain, error) {
	c := &chain{p: p, t: t, lost: lost, underway: underway, soonest: ceilSecond(now.Add(notice)), at: make([]place, len(t.Legs))}
	c.cal = newCalendar(c.ownWindows(free))
	for i, l := range t.Legs {
		at, ok := p.evses[l.EVSEID]
		if !ok && i != lost {
			return nil, &charging.Refusal{Code: charging.CodeUnknownEVSE, Detail: "no catalogue has " + string(l.EVSEID) + ", a stop of the trip"}
		}
		c.at[i] = at
		if i == lost {
			c.known = ok
		}
	}
	if t.Saga != nil && t.Saga.Journey != nil {
		r, err := FromJourney(*t.Saga.Journey)
		if err != nil {
			return nil, err
		}
		c.car = &r
	}
	c.fit = p.fitting(plugsOf(c.car))
	return c, c.prepare()
}

// plugsOf are the plugs of a journey's car. Where nobody knows the car it may have any.
func plugsOf(car *Request) charging.Plugs {
	if car == nil {
		return charging.AllPlugs()
	}
	return car.Vehicle.Plugs()
}

// FromJourney is the request that a trip remembers. The error is INVALID_FIELD.
func FromJourney(j trip.Journey) (Request, error) {
	v := vehicle.Vehicle{UsableBatteryKWh: j.UsableKWh, ConsumptionKWh100Km: j.KWhPer100, DCKW: j.DCKW, ACKW: j.ACKW}
	for _, point := range j.DCCurve {
		v.DCCurve = append(v.DCCurve, point)
	}
	if j.VehicleModel != "" {
		model, ok := vehicle.ByID(j.VehicleModel)
		if !ok {
			return Request{}, charging.Invalid("vehicle.model", "is not a known model: "+j.VehicleModel)
		}
		v = model
	}
	if len(j.Plugs) > 0 {
		v.Ports = j.Plugs
	}
	if j.Conditions != nil {
		given := vehicle.Conditions(*j.Conditions)
		v.Conditions = &given
	}
	r := Request{
		Origin: j.From, Destination: j.To, Vehicle: v, SoC: j.SoC,
		Departure: j.Departure, MinArrivalSoC: j.MinArrivalSoC, LatestArrival: j.LatestArrival,
		MinDestinationSoC: j.MinDestinationSoC, MaxChargeSoC: j.MaxChargeSoC,
		Avoid: Choice(j.Avoid), Insist: Choice(j.Insist),
	}
	return r, r.Validate()
}

// ownWindows frees the windows of the trip's later stops, which only this trip could take,
// and takes the lost one, whatever a stale calendar says.
func (c *chain) ownWindows(free Free) Free {
	if free == nil {
		far := time.Unix(c.soonest, 0).AddDate(1, 0, 0)
		free = func(charging.EVSEID) []charging.Window {
			return []charging.Window{{Start: time.Unix(0, 0), End: far}}
		}
	}
	return func(id charging.EVSEID) []charging.Window {
		windows := slices.Clone(free(id))
		for i, l := range c.t.Legs {
			if l.EVSEID != id || i < c.lost {
				continue
			}
			if i == c.lost && !c.underway {
				windows = without(windows, l.Window())
			} else {
				windows = with(windows, l.Window())
			}
		}
		return windows
	}
}

// prepare drives the trip as it was, up to its end.
func (c *chain) prepare() error {
	if err := c.stretches(); err != nil {
		return err
	}
	var here state
	if c.known {
		c.lostRow = c.p.row(c.at[c.lost].site)
	}
	if c.car != nil {
		here = state{ceilSecond(c.car.Departure), c.car.SoC}
	}
	for i, l := range c.t.Legs {
		if i == c.lost {
			c.before = here
		}
		if i == c.lost && !c.known {
			here = state{l.End.Unix(), here.soc}
			c.old = append(c.old, leg{evse: l.EVSEID, start: l.Start.Unix(), end: l.End.Unix()})
			continue
		}
		g := c.simulate(i, here)
		if i >= c.lost {
			c.old = append(c.old, g)
			c.oldCost += c.cost(g)
		}
		here = state{g.end, g.depart}
	}
	c.oldEnd = here.at
	if c.car != nil && (c.lost < len(c.t.Legs)-1 || c.known) {
		c.oldEnd += c.lead(len(c.t.Legs), c.at[len(c.at)-1].site).seconds()
	}
	return nil
}

// simulate arrives at a leg as it is booked, and charges: as much as was planned, or what
// its window gives.
func (c *chain) simulate(i int, here state) leg {
	l := c.t.Legs[i]
	g := leg{evse: l.EVSEID, start: l.Start.Unix(), end: l.End.Unix(), kWh: l.EnergyKWh}
	if c.car == nil {
		return g
	}
	drive := c.driveTo(i)
	g.arrive = max(here.soc-c.use(drive), 0)
	g.depart, g.kWh = charge(g.arrive, g.kWh, g.end-g.start, c.car.Vehicle, c.session(c.at[i]))
	return g
}

// charge is with how much a car leaves a stop at which it arrived with so much, and what it
// took there: as much as was planned (kWh), or where that is not known what its window gives.
func charge(arrive, kWh float64, seconds int64, car vehicle.Vehicle, session vehicle.Session) (depart, took float64) {
	if kWh > 0 {
		return min(arrive+kWh/car.UsableBatteryKWh, 1), kWh
	}
	low, high := arrive, 1.0
	for range 30 {
		mid := (low + high) / 2
		if windowSeconds(session.Time(arrive, mid)) <= seconds {
			low = mid
		} else {
			high = mid
		}
	}
	if !session.Possible() {
		low = arrive
	}
	return low, (low - arrive) * car.UsableBatteryKWh
}

// driveTo is the drive that leads to a leg, as the trip was.
func (c *chain) driveTo(i int) passage {
	switch {
	case i == 0:
		return c.first.with(c.p, c.at[0].site)
	case i-1 != c.lost || c.known:
		return c.lead(i, c.at[i-1].site)
	}
	return passage{}
}

func (c *chain) session(at place) vehicle.Session {
	k := c.p.connector(at, c.fit.plugs)
	return c.car.Vehicle.At(k.PowerKW, k.DC())
}

// reserve is what is to be left on arrival at a leg (from 0), or behind the last one at the
// destination.
func (c *chain) reserve(k int) float64 {
	if k >= len(c.t.Legs) {
		return c.car.atDestination()
	}
	return c.car.MinArrivalSoC
}

// use is the charge that a drive takes, by all that it passes.
func (c *chain) use(d passage) float64 {
	return c.car.Vehicle.SoCFor(float64(d.km), d.kmh()) + d.more
}

func (c *chain) cost(g leg) float64 {
	at, ok := c.p.evses[g.evse]
	if !ok || g.kWh <= 0 {
		return 0
	}
	return c.fit.class(c.p, at).tariff.Price(g.kWh)
}
