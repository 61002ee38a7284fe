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
	before   state    // on leaving the stop before the lost one, or the origin
	from     []drive
	to       []drive // from every site to the destination; nil without a journey
	next     []drive // from every site to the stop after the lost one; nil where that is the last
	lostRow  []drive // from every site to the lost one; nil where it is not known
	old      []leg   // the legs from the lost one on, as they were
	oldEnd   int64
	oldCost  float64
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
	return c, c.prepare()
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
	r := Request{
		Origin: j.From, Destination: j.To, Vehicle: v, SoC: j.SoC,
		Departure: j.Departure, MinArrivalSoC: j.MinArrivalSoC,
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
	p := c.p
	var here state
	if c.lost < len(c.t.Legs)-1 {
		c.next = p.row(c.at[c.lost+1].site)
	}
	if c.known {
		c.lostRow = p.row(c.at[c.lost].site)
	}
	if c.car != nil {
		from, err := p.net.Locate(c.car.Origin)
		if err != nil {
			return charging.Invalid("origin", err.Error())
		}
		to, err := p.net.Locate(c.car.Destination)
		if err != nil {
			return charging.Invalid("destination", err.Error())
		}
		c.from, c.to = p.drives(from), p.drives(to)
		here = state{ceilSecond(c.car.Departure), c.car.SoC}
	}
	for i, l := range c.t.Legs {
		if i == c.lost {
			c.before = here
			if i > 0 {
				c.from = p.row(c.at[i-1].site)
			}
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
	if c.to != nil && (c.lost < len(c.t.Legs)-1 || c.known) {
		c.oldEnd += c.to[c.at[len(c.at)-1].site].seconds()
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
	if g.kWh > 0 {
		g.depart = min(g.arrive+g.kWh/c.car.Vehicle.UsableBatteryKWh, 1)
		return g
	}
	session := c.session(c.at[i])
	low, high := g.arrive, 1.0
	for range 30 {
		mid := (low + high) / 2
		if windowSeconds(session.Time(g.arrive, mid)) <= g.end-g.start {
			low = mid
		} else {
			high = mid
		}
	}
	if !session.Possible() {
		low = g.arrive
	}
	g.depart, g.kWh = low, (low-g.arrive)*c.car.Vehicle.UsableBatteryKWh
	return g
}

// driveTo is the drive that leads to a leg, as the trip was.
func (c *chain) driveTo(i int) drive {
	switch {
	case i > 0 && (i-1 != c.lost || c.known):
		return c.p.drive(c.at[i-1].site, c.at[i].site)
	case i == 0:
		return c.from[c.at[0].site]
	}
	return drive{}
}

func (c *chain) session(at place) vehicle.Session {
	k := c.p.class(at)
	return c.car.Vehicle.At(k.kw, k.dc)
}

func (c *chain) use(drive drive) float64 { return c.car.Vehicle.SoCFor(float64(drive.km), drive.kmh()) }

func (c *chain) cost(g leg) float64 {
	at, ok := c.p.evses[g.evse]
	if !ok || g.kWh <= 0 {
		return 0
	}
	return c.p.class(at).tariff.Price(g.kWh)
}

// try puts an EVSE in the lost stop's place, from soonest on, and drives the
// rest of the trip.
func (c *chain) try(id charging.EVSEID, soonest int64) (option, bool) {
	at := c.p.evses[id]
	straight, around := c.detour(at)
	arrival, ok := c.reach(at)
	if !ok {
		return option{}, false
	}
	arrival.at = max(arrival.at, soonest)
	stop, ok := c.stopAt(id, at, arrival)
	if !ok {
		return option{}, false
	}
	alt := trip.Alternative{
		Leg: c.lost + 1, CompanyID: c.p.sites[at.site].loc.Company, EVSEID: id,
		Start: time.Unix(stop.start, 0).UTC(), End: time.Unix(stop.end, 0).UTC(), LaterStops: []trip.MovedStop{},
	}
	here, cost, site := state{stop.end, stop.depart}, c.cost(stop), at.site
	for i := c.lost + 1; i < len(c.t.Legs); i++ {
		g, ok := c.later(i, here, site)
		if !ok {
			return option{}, false
		}
		if was := c.old[i-c.lost]; g.start != was.start || g.end != was.end || g.evse != was.evse {
			alt.LaterStops = append(alt.LaterStops, trip.MovedStop{
				Leg: i + 1, CompanyID: g.evse.Company(), EVSEID: g.evse,
				Start: time.Unix(g.start, 0).UTC(), End: time.Unix(g.end, 0).UTC(),
			})
		}
		here, cost, site = state{g.end, g.depart}, cost+c.cost(g), c.at[i].site
	}
	end, ok := c.finish(here, site)
	if !ok {
		return option{}, false
	}
	alt.DeltaMinutes = round(float64(end-c.oldEnd)/60, 10)
	alt.DeltaPrice = round(cost-c.oldCost, 100)
	alt.ID = alternativeID(c.t.ID, alt)
	// A real is worth a fifth of a minute; a moved stop, which may be refused too, two. Of
	// equals the one with the shorter drive comes first.
	rank := alt.DeltaMinutes + 0.2*alt.DeltaPrice + 2*float64(len(alt.LaterStops))
	return option{alt, rank + float64(max(around-max(straight, 0), 0))/6000, at.site}, true
}

// reach drives to a site, if that is no great detour and the charge allows it.
func (c *chain) reach(at place) (state, bool) {
	straight, around := c.detour(at)
	if around < 0 || straight >= 0 && around-straight > int64(MaxDetour/time.Second) {
		return state{}, false
	}
	planned := c.t.Legs[c.lost].Start.Unix()
	if c.lost == 0 && c.car == nil {
		return state{at: max(planned, c.soonest)}, true
	}
	here, drive := c.before, c.from[at.site]
	if c.car == nil && c.known {
		// Whatever else the driver means to do on the way to the lost stop takes its time.
		here.at = max(here.at, planned-c.from[c.at[c.lost].site].seconds())
	}
	if drive.km < 0 {
		return state{}, false
	}
	here.at = max(here.at+drive.seconds(), c.soonest)
	if c.car != nil {
		here.soc -= c.use(drive)
		return here, here.soc >= c.car.MinArrivalSoC
	}
	return here, true
}

// detour compares the drive from the stop before to the next one with that by the site,
// in seconds; −1 is "not known" for the first, "no way" for the second. At the end of a
// trip without a journey it compares with the lost site.
func (c *chain) detour(at place) (straight, around int64) {
	var before, after []drive // to and from each site
	if c.lost > 0 || c.car != nil {
		before = c.from
	}
	last := c.lost == len(c.t.Legs)-1
	if !last {
		after = c.next
	} else if c.car != nil {
		after = c.to
	}
	was := int64(0)
	for _, legs := range [][]drive{before, after} {
		if legs == nil {
			continue
		}
		if legs[at.site].km < 0 {
			return 0, -1
		}
		around += legs[at.site].seconds()
		if c.known {
			was += legs[c.at[c.lost].site].seconds()
		}
	}
	switch {
	case !c.known:
		return -1, around
	case before == nil || after == nil:
		away := c.lostRow[at.site]
		if away.km < 0 {
			return 0, -1
		}
		return 0, away.seconds()
	}
	return was, around
}

// stopAt finds a window at an EVSE, long enough to come to the next stop with the charge
// that was planned there, if the battery holds that much.
func (c *chain) stopAt(id charging.EVSEID, at place, here state) (leg, bool) {
	was := c.old[0]
	g := leg{evse: id, arrive: here.soc, kWh: was.kWh}
	length := was.end - was.start
	if c.car != nil {
		session := c.session(at)
		drive, planned := c.onward(at.site)
		need := c.car.MinArrivalSoC + margin + c.use(drive)
		if c.near {
			need = min(need, max(fullEnough, here.soc))
		}
		if drive.km < 0 || need > 1 || !session.Possible() {
			return leg{}, false
		}
		g.depart = max(min(planned+c.use(drive), 1), need, min(here.soc+leastCharge, 1))
		if c.near {
			g.depart = min(g.depart, max(need, here.soc+leastCharge))
		}
		length = windowSeconds(session.Time(here.soc, g.depart))
		g.kWh = (g.depart - here.soc) * c.car.Vehicle.UsableBatteryKWh
	}
	if length > int64(charging.MaxWindow/time.Second) {
		return leg{}, false
	}
	start, ok := c.cal.earliest(id, here.at, length)
	g.start, g.end = start, start+length
	return g, ok
}

// onward is the drive from a site to the stop after the lost one, or to the destination,
// and the charge with which the trip was to arrive there.
func (c *chain) onward(site int) (drive, float64) {
	if c.lost < len(c.t.Legs)-1 {
		return c.next[site], max(c.old[1].arrive, c.car.MinArrivalSoC)
	}
	return c.to[site], c.car.MinArrivalSoC + margin
}

// later arrives at a later stop from a site: in its window if there is time and charge
// enough, else in another window of that EVSE or of its like.
func (c *chain) later(i int, here state, site int) (leg, bool) {
	drive := c.p.drive(c.at[i].site, site)
	if drive.km < 0 {
		return leg{}, false
	}
	g := c.old[i-c.lost]
	length := g.end - g.start
	arrival := here.at + drive.seconds()
	if c.car != nil {
		g.arrive = here.soc - c.use(drive)
		if c.near {
			g.arrive = max(g.arrive, c.car.MinArrivalSoC)
		}
		if g.arrive < c.car.MinArrivalSoC {
			return leg{}, false
		}
		g.depart = max(g.depart, g.arrive)
		if c.underway {
			g.depart = max(g.depart, c.enough(i))
		}
		length = max(length, windowSeconds(c.session(c.at[i]).Time(g.arrive, g.depart)))
		g.kWh = (g.depart - g.arrive) * c.car.Vehicle.UsableBatteryKWh
	}
	if arrival <= g.start && length == g.end-g.start {
		return g, true
	}
	start, ok := c.cal.earliest(g.evse, arrival, length)
	if !ok {
		k := c.p.class(c.at[i])
		g.evse, start, ok = c.cal.first(k, arrival, length)
	}
	g.start, g.end = start, start+length
	return g, ok && length <= int64(charging.MaxWindow/time.Second)
}

// finish drives to the destination, where there is one.
func (c *chain) finish(here state, site int) (int64, bool) {
	if c.to == nil {
		return here.at, true
	}
	drive := c.to[site]
	if c.near && drive.km >= 0 {
		return here.at + drive.seconds(), true
	}
	if drive.km < 0 || here.soc-c.use(drive) < c.car.MinArrivalSoC {
		return 0, false
	}
	return here.at + drive.seconds(), true
}
