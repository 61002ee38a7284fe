package planner

import (
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// try puts an EVSE in the lost stop's place, if that is no great detour, from soonest on,
// and drives the rest of the trip.
func (c *chain) try(id charging.EVSEID, soonest int64) (option, bool) {
	at := c.p.evses[id]
	straight, around := c.detour(at)
	if around < 0 || straight >= 0 && around-straight > int64(MaxDetour/time.Second) {
		return option{}, false
	}
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
		Leg: c.lost + 1, CompanyID: c.p.sites[at.site].loc.Company, LocationID: c.p.sites[at.site].loc.ID, EVSEID: id,
		Start: time.Unix(stop.start, 0).UTC(), End: time.Unix(stop.end, 0).UTC(), LaterStops: []trip.MovedStop{},
	}
	if c.car != nil {
		soc := roundSoC(stop.arrive)
		alt.ArriveSoC, alt.EnergyKWh = &soc, round(stop.kWh, 100)
	}
	here, cost, site := state{stop.end, stop.depart}, c.cost(stop), at.site
	for i := c.lost + 1; i < len(c.t.Legs); i++ {
		g, ok := c.later(i, here, site)
		if !ok {
			return option{}, false
		}
		if was := c.old[i-c.lost]; g.start != was.start || g.end != was.end || g.evse != was.evse {
			moved := trip.MovedStop{
				Leg: i + 1, CompanyID: g.evse.Company(), EVSEID: g.evse,
				Start: time.Unix(g.start, 0).UTC(), End: time.Unix(g.end, 0).UTC(),
			}
			if c.car != nil {
				moved.EnergyKWh = round(g.kWh, 100)
			}
			alt.LaterStops = append(alt.LaterStops, moved)
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
	rank += float64(max(around-max(straight, 0), 0)) / 6000
	if c.car == nil && c.known {
		rank += c.away(at.site, alt.Start)
	}
	return option{alt, rank, at.site, end}, true
}

// away is how far an alternative is from the lost stop, in minutes of driving and tenths of
// minutes of its start. It ranks those of a trip given by hand, whose battery nobody
// knows: what lies near the stop that the driver chose is what the car can reach and go on
// from, and of what ends at the same time all else is equal.
func (c *chain) away(site int, start time.Time) float64 {
	drive := c.lostRow[site]
	if drive.km < 0 {
		return MaxDetour.Minutes()
	}
	moved := start.Sub(c.t.Legs[c.lost].Start).Abs().Minutes()
	return float64(drive.seconds())/60 + moved/10
}

// wanted is true for an EVSE that the journey's request allows in the lost one's place: the car
// can be plugged in there, it is none to be avoided, it is of a company that is insisted on, and where a stop at the
// lost location or EVSE is insisted on and no other leg makes it, it makes that stop.
func (c *chain) wanted(id charging.EVSEID, at place) bool {
	if c.car == nil {
		return true
	}
	if !c.p.fits(at, c.fit.plugs) {
		return false
	}
	l := c.p.sites[at.site].loc
	insist := c.car.Insist
	if c.car.Avoid.has(l, id) || len(insist.Companies) > 0 && !slices.Contains(insist.Companies, l.Company) {
		return false
	}
	if !c.known {
		return true
	}
	lost := c.t.Legs[c.lost].EVSEID
	lostAt := c.p.sites[c.at[c.lost].site].loc.ID
	if slices.Contains(insist.EVSEs, lost) && id != lost && !c.elsewhere(func(i int) bool { return c.t.Legs[i].EVSEID == lost }) {
		return false
	}
	return !slices.Contains(insist.Locations, lostAt) || l.ID == lostAt ||
		c.elsewhere(func(i int) bool { return c.p.sites[c.at[i].site].loc.ID == lostAt })
}

// elsewhere is true where a leg other than the lost one is so.
func (c *chain) elsewhere(is func(leg int) bool) bool {
	for i := range c.t.Legs {
		if i != c.lost && is(i) {
			return true
		}
	}
	return false
}

// reach drives to a site, if the charge allows it.
func (c *chain) reach(at place) (state, bool) {
	planned := c.t.Legs[c.lost].Start.Unix()
	if c.lost == 0 && c.car == nil {
		return state{at: max(planned, c.soonest)}, true
	}
	here, drive := c.before, c.from.with(c.p, at.site)
	if c.car == nil && c.known {
		// Whatever else the driver means to do on the way to the lost stop takes its time.
		here.at = max(here.at, planned-c.from.with(c.p, c.at[c.lost].site).seconds())
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
	before, after := c.from, c.leads[c.lost+1] // to and from each site
	was := int64(0)
	for _, s := range []*stretch{before, after} {
		if s == nil {
			continue
		}
		there := s.with(c.p, at.site)
		if there.km < 0 {
			return 0, -1
		}
		around += there.seconds()
		if c.known {
			was += s.with(c.p, c.at[c.lost].site).seconds()
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
		need, most := c.reserve(c.lost+1)+margin+c.use(drive), c.car.fullest()
		if c.near {
			need = min(need, max(min(fullEnough, most), here.soc))
		}
		if drive.km < 0 || need > most || here.soc > most || !session.Possible() {
			return leg{}, false
		}
		g.depart = max(min(planned+c.use(drive), most), need, min(here.soc+leastCharge, most))
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
func (c *chain) onward(site int) (passage, float64) {
	planned := c.reserve(c.lost+1) + margin
	if c.lost < len(c.t.Legs)-1 {
		planned = max(c.old[1].arrive, c.car.MinArrivalSoC)
	}
	return c.lead(c.lost+1, site), planned
}

// later arrives at a later stop from a site: in its window if there is time and charge
// enough, else in another window of that EVSE or of its like.
func (c *chain) later(i int, here state, site int) (leg, bool) {
	drive := c.lead(i, site)
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
		if g.depart > max(c.car.fullest(), g.arrive, c.old[i-c.lost].depart) {
			return leg{}, false
		}
		length = max(length, windowSeconds(c.session(c.at[i]).Time(g.arrive, g.depart)))
		g.kWh = (g.depart - g.arrive) * c.car.Vehicle.UsableBatteryKWh
	}
	if arrival <= g.start && length == g.end-g.start {
		return g, true
	}
	start, ok := c.cal.earliest(g.evse, arrival, length)
	if !ok {
		k := c.fit.class(c.p, c.at[i])
		k.evses = slices.DeleteFunc(slices.Clone(k.evses), func(id charging.EVSEID) bool { return !c.mayMove(g.evse, id, c.at[i]) })
		g.evse, start, ok = c.cal.first(k, arrival, length)
	}
	g.start, g.end = start, start+length
	return g, ok && length <= int64(charging.MaxWindow/time.Second)
}

// mayMove is true where the request allows a later stop to go to another EVSE of its kind.
func (c *chain) mayMove(from, to charging.EVSEID, at place) bool {
	return from == to || c.car == nil ||
		!slices.Contains(c.car.Insist.EVSEs, from) && !c.car.Avoid.has(c.p.sites[at.site].loc, to)
}

// finish drives to the destination, where there is one.
func (c *chain) finish(here state, site int) (int64, bool) {
	if c.car == nil {
		return here.at, true
	}
	drive := c.lead(len(c.t.Legs), site)
	if c.near && drive.km >= 0 {
		return here.at + drive.seconds(), true
	}
	if drive.km < 0 || here.soc-c.use(drive) < c.car.atDestination() {
		return 0, false
	}
	return here.at + drive.seconds(), true
}
