package planner

import (
	"math"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
)

const (
	// lineTolerance is how far a shown road may be from the network's, in kilometres.
	lineTolerance = 0.2
	// bends is how many points of a profile show how a charge slows down, and curveSteps among
	// how many they are chosen: with them no charge of the models is off by 1% of the battery.
	bends, curveSteps = 5, 40
)

// show completes a plan with what a person looks at: sites, roads and the battery.
func (p *Planner) show(plan *trip.Plan, r Request) {
	here := *p.spot(r.Origin)
	for i := range plan.Stops {
		st := &plan.Stops[i]
		p.describe(st, r.Vehicle.Plugs())
		to := p.sites[p.evses[st.EVSEID].site].spot
		st.Line = p.road(here, plan.ViaAfter(i), to)
		here = to
	}
	plan.Line = p.road(here, plan.ViaAfter(len(plan.Stops)), *p.spot(r.Destination))
	plan.Profile = p.profile(*plan, r)
}

// road is the road from a spot by some places to another, as text; empty where all are the same.
func (p *Planner) road(from road.Spot, vias []trip.Via, to road.Spot) string {
	var way []geo.Point
	for _, v := range vias {
		by := *p.spot(v.Point())
		way = append(way, p.net.From(from).Way(by)...)
		from = by
	}
	return line(append(way, p.net.From(from).Way(to)...))
}

// describe says of a stop what the catalogue knows of its EVSE, for a car with some plugs.
func (p *Planner) describe(st *trip.PlanStop, plugs charging.Plugs) {
	at := p.evses[st.EVSEID]
	l := &p.sites[at.site].loc
	st.LocationID, st.CancelUntil = l.ID, l.Terms.CancelableUntil(st.Start, time.Time{}).UTC()
	st.Site = trip.Site{LocationName: l.Name, City: l.City, UF: l.State, Lat: l.Point.Lat, Lon: l.Point.Lon}
	c := p.connector(at, plugs)
	st.PowerKW, st.Standard = c.PowerKW, c.Standard
}

// sessionAt is a car at the connector that a stop names.
func sessionAt(v vehicle.Vehicle, st trip.PlanStop) vehicle.Session {
	c := charging.Connector{Standard: st.Standard, PowerKW: st.PowerKW}
	return v.At(c.PowerKW, c.DC())
}

// line is a way as text; empty where it has no length.
func line(way []geo.Point) string {
	way = geo.Simplify(slices.Compact(way), lineTolerance)
	if len(way) < 2 {
		return ""
	}
	return geo.Polyline(way)
}

// profile is the battery along a plan. A charge begins half of the overhead after its window,
// unless that is too short for it.
func (p *Planner) profile(plan trip.Plan, r Request) trip.Profile {
	b := battery{start: plan.Departure, leave: plan.Departure, all: trip.Profile{{0, 0, roundSoC(r.SoC)}}}
	for i, st := range plan.Stops {
		b.pass(plan.ViaAfter(i))
		if !st.PassedBy {
			b.charge(st, sessionAt(r.Vehicle, st))
		}
	}
	b.pass(plan.ViaAfter(len(plan.Stops)))
	b.at(plan.DistanceKM, plan.Arrival, plan.ArriveSoC)
	return b.all
}

// battery follows a plan for its profile.
type battery struct {
	start, leave time.Time // of the plan, and of the last stop
	km           float64   // of the last stop
	stayed       time.Duration
	all          trip.Profile
}

func (b *battery) at(km float64, at time.Time, soc float64) {
	b.all = append(b.all, [3]float64{round(km, 10), round(at.Sub(b.start).Minutes(), 10), soc})
}

// pass stands at some places.
func (b *battery) pass(vias []trip.Via) {
	km := b.km
	for _, v := range vias {
		km += v.DistanceKM
		b.at(km, v.Arrival, v.ArriveSoC)
		if v.StayMinutes > 0 {
			b.at(km, v.Arrival.Add(v.Stay()), v.ArriveSoC)
		}
		b.stayed += v.Stay()
	}
}

// charge arrives at a stop, and charges there.
func (b *battery) charge(st trip.PlanStop, session vehicle.Session) {
	b.km = round(b.km+st.DistanceKM, 10)
	arrival := b.leave.Add(b.stayed + ofMinutes(st.DriveMinutes))
	if arrival.After(st.Start) {
		arrival = st.Start // by less than the rounding of the drive
	}
	b.at(b.km, arrival, st.ArriveSoC)
	begin := st.Start.Add(min(Overhead/2, st.End.Sub(st.Start)-session.Time(st.ArriveSoC, st.DepartSoC)))
	if begin.Before(st.Start) {
		begin = st.Start
	}
	for _, c := range chargeCurve(session, st.ArriveSoC, st.DepartSoC) {
		if at := begin.Add(c.after); at.Before(st.End) {
			b.at(b.km, at, roundSoC(c.soc))
		}
	}
	b.at(b.km, st.End, st.DepartSoC)
	b.leave, b.stayed = st.End, 0
}

// charged is a moment of a charge: so much after its begin.
type charged struct {
	after time.Duration
	soc   float64
}

// chargeCurve is how a battery fills: begin, end, and in between where the straight lines of
// the others are farthest off.
func chargeCurve(session vehicle.Session, from, to float64) []charged {
	all := make([]charged, curveSteps+1)
	for i := range all {
		soc := from + (to-from)*float64(i)/curveSteps
		all[i] = charged{session.Time(from, soc), soc}
	}
	chosen := []int{0, curveSteps}
	for range bends {
		chosen = append(chosen, farthest(all, chosen))
		slices.Sort(chosen)
	}
	curve := make([]charged, 0, len(chosen))
	for _, i := range slices.Compact(chosen) {
		curve = append(curve, all[i])
	}
	return curve
}

// farthest is which moment is farthest from the lines between the chosen ones.
func farthest(all []charged, chosen []int) (at int) {
	worst := 0.0
	for c := range chosen[1:] {
		a, b := all[chosen[c]], all[chosen[c+1]]
		for i := chosen[c] + 1; i < chosen[c+1]; i++ {
			line := a.soc + (b.soc-a.soc)*float64(all[i].after-a.after)/float64(b.after-a.after)
			if off := math.Abs(all[i].soc - line); off > worst {
				worst, at = off, i
			}
		}
	}
	return at
}
