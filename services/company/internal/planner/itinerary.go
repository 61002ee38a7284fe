package planner

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Itinerary is the plan of a trip as its stops are now, worked out from them and its journey;
// was is what its plan was before, the zero Plan where there was none. Stops before the
// first one that differs keep what was said of them. whole is false where a stop is
// at a location that neither the catalogue nor was knows: then drives and charges are told up to it
// alone. Without a journey nobody knows the ends and the battery, and nothing is said of them.
func (p *Planner) Itinerary(t trip.Trip, was trip.Plan) (plan trip.Plan, whole bool) {
	w := p.walk(t, was)
	for k := range t.Legs {
		w.stop(k)
	}
	w.arrive()
	return w.plan, w.whole
}

// walk follows a trip from stop to stop.
type walk struct {
	p     *Planner
	t     trip.Trip
	was   trip.Plan
	plan  trip.Plan
	whole bool
	// as is true as long as the stops are those of before.
	as  bool
	car *Request // nil where the trip does not remember its journey

	via   []trip.Via // that are still to pass
	here  *road.Spot // nil where it is not known
	soc   float64    // without a car not used
	at    time.Time  // zero where it is not known
	least float64    // charge on arrival, so far
}

func (p *Planner) walk(t trip.Trip, was trip.Plan) *walk {
	w := &walk{p: p, t: t, was: was, whole: true, as: true, least: 1}
	w.plan = trip.Plan{ID: was.ID, Origin: was.Origin, Destination: was.Destination, Currency: "BRL", Stops: []trip.PlanStop{}}
	if t.Saga == nil || t.Saga.Journey == nil {
		return w
	}
	r, err := FromJourney(*t.Saga.Journey)
	if err != nil {
		return w
	}
	w.car, w.soc, w.at, w.plan.Departure = &r, r.SoC, r.Departure, r.Departure
	w.here = p.spot(r.Origin)
	w.plan.Origin, w.plan.Destination = p.end(was.Origin, r.Origin), p.end(was.Destination, r.Destination)
	w.via = p.passed(t.Saga.Journey.Via, was.Via)
	return w
}

// passed are the places that a journey passes, with what was said of them where that is known.
func (p *Planner) passed(by []trip.Waypoint, was []trip.Via) []trip.Via {
	var all []trip.Via
	for i, at := range by {
		v := trip.Via{StayMinutes: at.StayMinutes, AfterLeg: at.AfterLeg}
		if i < len(was) && was[i].Point() == at.Point {
			v = was[i]
			v.AfterLeg = at.AfterLeg // by the stops as they were booked
		} else {
			v.Place = *PlaceOf(p.net, at.Point)
		}
		all = append(all, v)
	}
	return all
}

// end is an end of the journey, by its name where that is known.
func (p *Planner) end(was *trip.Place, at geo.Point) *trip.Place {
	if was != nil {
		return was
	}
	return PlaceOf(p.net, at)
}

// PlaceOf is how a point is called: by the municipality whose seat is nearest.
func PlaceOf(net *road.Network, at geo.Point) *trip.Place {
	town, km := net.PlaceNear(at)
	name := town.String()
	if km > 1 {
		name = "near " + name
	}
	return &trip.Place{Name: name, City: town.Name, State: town.State, Lat: at.Lat, Lon: at.Lon}
}

func (p *Planner) spot(at geo.Point) *road.Spot {
	spot, err := p.net.Locate(at)
	if err != nil {
		return nil
	}
	return &spot
}

// stop goes on to the next stop (from 0), and charges there.
func (w *walk) stop(k int) {
	l := w.t.Legs[k]
	st := trip.PlanStop{
		Leg: k + 1, CompanyID: l.CompanyID, EVSEID: l.EVSEID, Start: l.Start, End: l.End,
		EnergyKWh: l.EnergyKWh, Price: l.Price, PassedBy: w.t.LetGo(k),
	}
	spot := w.find(k, &st)
	switch {
	case st.PassedBy:
		w.as = false
		st.EnergyKWh, st.Price = 0, 0
		w.plan.Stops = append(w.plan.Stops, st)
		return
	case w.as && w.was.FitsStop(w.t, k):
		st = w.was.Stops[k]
		for len(w.via) > 0 && w.via[0].AfterLeg <= k {
			w.plan.Via, w.via = append(w.plan.Via, w.via[0]), w.via[1:]
		}
	default:
		w.as = false
		st.DistanceKM, st.DriveMinutes, st.Line = w.driveBy(k, spot)
		w.charge(&st)
	}
	w.done(st)
	w.here = spot
}

// done adds a stop to what the plan says of the whole way.
func (w *walk) done(st trip.PlanStop) {
	if len(w.plan.Stops) == 0 && w.car != nil {
		// Who must be there before the departure leaves in time.
		if leave := st.Start.Add(-ofMinutes(st.DriveMinutes) - w.t.Saga.Journey.StayBetween(0)).Truncate(time.Second); leave.Before(w.plan.Departure) {
			w.plan.Departure = leave
		}
	}
	w.at, w.soc, w.least = st.End, st.DepartSoC, min(w.least, st.ArriveSoC)
	w.plan.ChargeMinutes += st.End.Sub(st.Start).Minutes()
	w.plan.DistanceKM += st.DistanceKM
	w.plan.DriveMinutes += st.DriveMinutes
	w.plan.Price += st.Price
	w.plan.Stops = append(w.plan.Stops, st)
}

// arrive goes on to the destination, and sums up.
func (w *walk) arrive() {
	plan := &w.plan
	if w.car != nil {
		km, drive, way := w.driveBy(len(w.t.Legs), w.p.spot(w.car.Destination))
		plan.Line, plan.ArriveSoC = way, roundSoC(w.soc)
		plan.DistanceKM += km
		plan.DriveMinutes += drive
		plan.Arrival = w.at.Add(ofMinutes(drive)).Round(time.Second)
		plan.TotalMinutes = round(plan.Arrival.Sub(plan.Departure).Minutes(), 10)
		plan.MarginSoC = roundSoC(min(w.least-w.car.MinArrivalSoC, w.soc-w.car.atDestination()))
	}
	plan.DistanceKM, plan.DriveMinutes = round(plan.DistanceKM, 10), round(plan.DriveMinutes, 10)
	plan.ChargeMinutes, plan.Price = round(plan.ChargeMinutes, 10), round(plan.Price, 100)
	if w.car != nil && w.whole {
		plan.Profile = w.p.profile(*plan, *w.car)
	}
}

// find says what is known of a stop's site, and where it is; of before where the catalogue
// does not know it.
func (w *walk) find(k int, st *trip.PlanStop) *road.Spot {
	if at, ok := w.p.evses[st.EVSEID]; ok {
		w.p.describe(st, plugsOf(w.car))
		return &w.p.sites[at.site].spot
	}
	for _, old := range w.was.Stops {
		if old.EVSEID == st.EVSEID && old.LocationName != "" {
			st.LocationID, st.Site = old.LocationID, old.Site
			return w.p.spot(geo.Point{Lat: old.Lat, Lon: old.Lon})
		}
	}
	w.whole = false
	return nil
}

// driveBy drives to a spot, by the places that are to pass before the stop behind so many; the
// minutes are at the wheel, the time goes on by the stays, too.
func (w *walk) driveBy(stops int, to *road.Spot) (km, minutes float64, road string) {
	var all []geo.Point
	for len(w.via) > 0 && w.via[0].AfterLeg <= stops {
		v := w.via[0]
		by := w.p.spot(v.Point())
		some, took, way := w.drive(by)
		km, minutes, all = km+some, minutes+took, append(all, way...)
		v.DistanceKM, v.ArriveSoC, v.AfterLeg, v.Arrival = some, roundSoC(w.soc), stops, time.Time{}
		if !w.at.IsZero() {
			v.Arrival = w.at.Add(ofMinutes(minutes)).Round(time.Second)
			w.at = w.at.Add(v.Stay())
		}
		w.here, w.least = by, min(w.least, w.soc)
		w.plan.Via, w.via = append(w.plan.Via, v), w.via[1:]
	}
	some, took, way := w.drive(to)
	return round(km+some, 10), round(minutes+took, 10), line(append(all, way...))
}

// drive takes the road to a spot, and what that takes from the battery.
func (w *walk) drive(to *road.Spot) (km, minutes float64, way []geo.Point) {
	if w.here == nil || to == nil {
		return 0, 0, nil
	}
	tree := w.p.net.From(*w.here)
	d := driveOf(tree.To(*to))
	if d.km < 0 {
		return 0, 0, nil
	}
	if w.car != nil {
		w.soc = max(w.soc-w.car.Vehicle.SoCFor(float64(d.km), d.kmh()), 0)
	}
	return round(float64(d.km), 10), round(float64(d.seconds())/60, 10), tree.Way(*to)
}

// charge is as package planner judges alternatives: as much as was planned, or what the window
// gives.
func (w *walk) charge(st *trip.PlanStop) {
	at, ok := w.p.evses[st.EVSEID]
	if w.car != nil {
		st.ArriveSoC = roundSoC(w.soc)
		depart, kWh := charge(w.soc, st.EnergyKWh, st.End.Unix()-st.Start.Unix(), w.car.Vehicle, sessionAt(w.car.Vehicle, *st))
		st.DepartSoC, st.EnergyKWh = roundSoC(depart), round(kWh, 100)
	}
	if ok && st.Price == 0 && st.EnergyKWh > 0 {
		st.Price = round(classOf(w.p.sites[at.site].loc, w.p.connector(at, plugsOf(w.car))).tariff.Price(st.EnergyKWh), 100)
	}
}

func ofMinutes(m float64) time.Duration { return time.Duration(m * float64(time.Minute)) }
