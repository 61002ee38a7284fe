package planner

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Here is a car on the way to its next stop.
type Here struct {
	Point geo.Point
	At    time.Time
	SoC   float64 // 0 … 1
	// Use and Pace are multiples of the model's consumption and driving time.
	Use, Pace float64
	// Early asks for earlier windows too.
	Early bool
	// Ahead is what the car still passes before its next stop, with the stays that are left;
	// only who follows it knows what is behind it.
	Ahead []trip.Waypoint
}

// Onward are other choices for the next stop of a trip whose car is somewhere else, or
// in another state, than was planned: the stop itself, earlier, later or for longer, and
// EVSEs of any company on the way from here. It judges like Alternatives, by the car's
// own consumption and pace; stops before leg are not looked at. What the trip has booked
// for leg counts as free, because it can be moved. Where no choice leads to the
// destination by the stops that remain, those are given that lead on the farthest: what
// comes after is for the next question, from there. The trip must remember its journey
// (INVALID_FIELD).
func (p *Planner) Onward(t trip.Trip, leg int, here Here, free Free, now time.Time) ([]trip.Alternative, error) {
	if leg < 1 || leg > len(t.Legs) || t.Saga == nil || t.Saga.Journey == nil {
		return nil, charging.Invalid("leg", fmt.Sprintf("is %d; the trip has %d, or does not know its journey", leg, len(t.Legs)))
	}
	rest, err := p.rest(t, leg, here)
	if err != nil {
		return nil, err
	}
	for _, last := range []bool{false, true} {
		j := *rest.Saga.Journey
		if last { // where nothing keeps the reserves, they are there to be used now
			atDestination := min(j.AtDestination(), lastReserve)
			j.MinArrivalSoC, j.MinDestinationSoC, j.MaxChargeSoC = min(j.MinArrivalSoC, lastReserve), &atDestination, 0
		}
		rest.Saga = &trip.Saga{Journey: &j}
		for _, far := range []bool{true, false} {
			all, err := p.onward(rest, here, far, free, now)
			if err != nil || len(all) > 0 {
				return renumbered(all, t.ID, leg-1), err
			}
		}
	}
	return []trip.Alternative{}, nil
}

// lastReserve is what must be left on arrival when no stop can be reached with more.
const lastReserve = 0.03

// rest is the part of a trip that is still to be driven, as a journey from here.
func (p *Planner) rest(t trip.Trip, leg int, here Here) (trip.Trip, error) {
	r, err := FromJourney(*t.Saga.Journey)
	if err != nil {
		return t, err
	}
	j := trip.Journey{
		From: here.Point, To: t.Saga.Journey.To, Departure: here.At, SoC: min(max(here.SoC, 0.01), 1),
		MinArrivalSoC: t.Saga.Journey.MinArrivalSoC, UsableKWh: r.Vehicle.UsableBatteryKWh,
		KWhPer100: min(max(r.Vehicle.ConsumptionKWh100Km*here.Use, 5), 80), DCKW: r.Vehicle.DCKW, ACKW: r.Vehicle.ACKW,
		Plugs: r.Vehicle.Plugs().Names(), MinDestinationSoC: t.Saga.Journey.MinDestinationSoC, MaxChargeSoC: t.Saga.Journey.MaxChargeSoC,
		Avoid: t.Saga.Journey.Avoid, Insist: t.Saga.Journey.Insist, // that it may come late is no reason to stop here
	}
	for _, point := range r.Vehicle.DCCurve {
		j.DCCurve = append(j.DCCurve, point)
	}
	j.Via = ahead(*t.Saga.Journey, leg-1, here)
	if at, ok := p.evses[t.Legs[leg-1].EVSEID]; ok && here.Pace > 1 {
		wheel, err := p.wheel(here, p.sites[at.site].spot)
		if err != nil {
			return t, err
		}
		j.Departure = j.Departure.Add(time.Duration(float64(wheel) * (here.Pace - 1)))
	}
	out := t
	out.Legs = slices.Clone(t.Legs[leg-1:])
	for k := range out.Legs {
		out.Legs[k].Leg = k + 1
	}
	out.Saga = &trip.Saga{Journey: &j}
	return out, nil
}

// ahead is what is still passed, by the numbers of the stops that remain behind so many.
func ahead(j trip.Journey, before int, here Here) []trip.Waypoint {
	var left []trip.Waypoint
	for _, w := range here.Ahead {
		w.AfterLeg = 0
		left = append(left, w)
	}
	for _, w := range j.Via {
		if w.AfterLeg -= before; w.AfterLeg > 0 {
			left = append(left, w)
		}
	}
	return left
}

// wheel is how long a car drives to a spot by what is ahead of it, without its stays; 0 where
// no road leads.
func (p *Planner) wheel(here Here, to road.Spot) (time.Duration, error) {
	course, err := CourseTo(p.net, here.Ahead, to)
	if err != nil {
		return 0, err
	}
	spot, err := p.net.Locate(here.Point)
	if err != nil {
		return 0, charging.Invalid("origin", err.Error())
	}
	drive, ok := course.From(p.net, spot)
	if !ok {
		return 0, nil
	}
	return drive.Drive, nil
}

// onward judges up to the destination (far), or up to the stop alone.
func (p *Planner) onward(rest trip.Trip, here Here, far bool, free Free, now time.Time) ([]trip.Alternative, error) {
	c, err := p.newChainOnward(rest, free, now)
	if err != nil {
		return nil, err
	}
	c.near = !far
	var all []option
	for id, at := range p.evses {
		if at.closed || id != rest.Legs[0].EVSEID && !c.wanted(id, at) {
			continue
		}
		soonest, own := int64(0), id == rest.Legs[0].EVSEID
		if own && !here.Early {
			soonest = rest.Legs[0].Start.Unix() // who comes in time keeps the start
		}
		o, ok := c.try(id, soonest)
		if !ok || own && o.alt.Start.Equal(rest.Legs[0].Start) && o.alt.End.Equal(rest.Legs[0].End) {
			continue
		}
		if own {
			o.rank -= stay
		}
		if c.near {
			o.rank += c.missing(at)
		}
		all = append(all, o)
	}
	slices.SortFunc(all, better)
	return pick(all, rest.Legs[0].EVSEID), nil
}

// missing is what a full battery lacks from a site to what comes next, as minutes: the
// stop that leads on the farthest comes first.
func (c *chain) missing(at place) float64 {
	drive, _ := c.onward(at.site)
	return 1000 * math.Max(0, c.reserve(c.lost+1)+c.use(drive)-fullEnough)
}

// fullEnough is the charge that a car takes where it cannot have enough: the rest takes
// too long.
const fullEnough = 0.9

// stay is by how many minutes the booked EVSE may be worse than another one.
const stay = 10

// renumbered gives the legs their numbers in the whole trip.
func renumbered(all []trip.Alternative, id charging.TripID, before int) []trip.Alternative {
	for i := range all {
		all[i].Leg += before
		for k := range all[i].LaterStops {
			all[i].LaterStops[k].Leg += before
		}
		all[i].ID = alternativeID(id, all[i])
	}
	return all
}

// enough is the charge with which a later stop must be left for the next one, or the
// destination, by the car's own consumption.
func (c *chain) enough(i int) float64 {
	drive := c.lead(i+1, c.at[i].site)
	if drive.km < 0 {
		return 0
	}
	return math.Min(c.reserve(i+1)+margin+c.use(drive), 1)
}
