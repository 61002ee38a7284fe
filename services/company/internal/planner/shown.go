package planner

import (
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

const (
	// lineTolerance is how far a shown road may be from the network's, in kilometres.
	lineTolerance = 0.2
	// bends is how many points of a profile show how a charge slows down.
	bends = 5
)

// show completes a plan with what a person looks at: sites, roads and the battery.
func (p *Planner) show(plan *trip.Plan, r Request) {
	here := p.spot(r.Origin)
	for i := range plan.Stops {
		st := &plan.Stops[i]
		p.describe(st)
		to := p.sites[p.evses[st.EVSEID].site].spot
		st.Line = lineOf(p.net.From(*here), to)
		here = &to
	}
	plan.Line = lineOf(p.net.From(*here), *p.spot(r.Destination))
	plan.Profile = p.profile(*plan, r)
}

// describe says of a stop what the catalogue knows of its EVSE.
func (p *Planner) describe(st *trip.PlanStop) {
	l := &p.sites[p.evses[st.EVSEID].site].loc
	st.LocationID, st.CancelUntil = l.ID, l.Terms.CancelableUntil(st.Start, time.Time{}).UTC()
	st.Site = trip.Site{LocationName: l.Name, City: l.City, UF: l.State, Lat: l.Point.Lat, Lon: l.Point.Lon}
	k := slices.IndexFunc(l.EVSEs, func(e charging.EVSE) bool { return e.ID == st.EVSEID })
	if c, ok := bestConnector(l.EVSEs[k]); ok {
		st.PowerKW, st.Standard = c.PowerKW, c.Standard
	}
}

// lineOf is the road from a tree's spot to another, as text; empty where it is the same.
func lineOf(tree *road.Tree, to road.Spot) string {
	way := geo.Simplify(slices.Compact(tree.Way(to)), lineTolerance)
	if len(way) < 2 {
		return ""
	}
	return geo.Polyline(way)
}

// profile is the battery along a plan. A charge begins half of the overhead after its window,
// unless that is too short for it.
func (p *Planner) profile(plan trip.Plan, r Request) trip.Profile {
	all := trip.Profile{{0, 0, roundSoC(r.SoC)}}
	km, leave := 0.0, plan.Departure
	since := func(at time.Time) float64 { return round(at.Sub(plan.Departure).Minutes(), 10) }
	for _, st := range plan.Stops {
		if st.PassedBy {
			continue
		}
		km = round(km+st.DistanceKM, 10)
		arrival := leave.Add(ofMinutes(st.DriveMinutes))
		if arrival.After(st.Start) {
			arrival = st.Start // by less than the rounding of the drive
		}
		all = append(all, [3]float64{km, since(arrival), st.ArriveSoC})
		session := r.Vehicle.At(st.PowerKW, charging.Connector{Standard: st.Standard}.DC())
		begin := st.Start.Add(min(Overhead/2, st.End.Sub(st.Start)-session.Time(st.ArriveSoC, st.DepartSoC)))
		if begin.Before(st.Start) {
			begin = st.Start
		}
		for i := range bends + 1 {
			soc := st.ArriveSoC + (st.DepartSoC-st.ArriveSoC)*float64(i)/(bends+1)
			if at := begin.Add(session.Time(st.ArriveSoC, soc)); at.Before(st.End) {
				all = append(all, [3]float64{km, since(at), roundSoC(soc)})
			}
		}
		all = append(all, [3]float64{km, since(st.End), st.DepartSoC})
		leave = st.End
	}
	return append(all, [3]float64{plan.DistanceKM, since(plan.Arrival), plan.ArriveSoC})
}
