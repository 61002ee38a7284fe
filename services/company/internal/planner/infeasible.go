package planner

import (
	"fmt"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
)

// Infeasible says that no plan makes the journey, how far one gets, and what is missing.
type Infeasible struct {
	// Booked is true where the chargers would do if they were free.
	Booked bool
	// ReachedKm of JourneyKm can be driven without going below the reserve.
	ReachedKm, JourneyKm float64
	// LastName is where the car can charge last; empty where it reaches no charger.
	LastName string
	// GapKm is the drive from there (or the origin) on, that RangeKm does not cover.
	GapKm, RangeKm float64
	// Near is the municipality where the battery would reach the reserve.
	Near string
	Stop geo.Point
}

// Error tells the driver where the battery would run out and what would help.
func (e *Infeasible) Error() string {
	if e.Booked {
		return "no charger on the way is free in time: leave at another time, or ask for other stops"
	}
	from, help := "the origin", "start fuller, or with a car of longer range"
	if e.LastName != "" {
		from, help = e.LastName, "it needs a charger in between, or a car of longer range"
	}
	return fmt.Sprintf(
		"the battery reaches its reserve after %.0f of %.0f km, near %s: from %s the car gets %.0f km far, the destination is %.0f km away and no other charger within reach leads on; %s",
		e.ReachedKm, e.JourneyKm, e.Near, from, e.RangeKm, e.GapKm, help,
	)
}

// Unwrap is the refusal with the code INFEASIBLE_TRIP that the edge renders.
func (e *Infeasible) Unwrap() error {
	return &charging.Refusal{Code: charging.CodeInfeasibleTrip, Detail: e.Error()}
}

// whyNot explains a search that found nothing.
func (s *search) whyNot() *Infeasible {
	if s.cal.free != nil {
		open := *s
		open.cal, open.labels, open.queue = newCalendar(nil), nil, nil
		if open.run() >= 0 {
			return &Infeasible{Booked: true, JourneyKm: round(s.direct.Km, 10)}
		}
		s = &open
	}
	from, soc, rest, name := s.r.Origin, s.r.SoC, s.direct, ""
	for i := range s.p.sites {
		if len(s.settled[i]) > 0 && s.canCharge(i) && s.toDest[i].Km >= 0 && s.toDest[i].Drive < rest.Drive {
			loc := s.p.sites[i].loc
			from, soc, rest = loc.Point, 1, s.toDest[i]
			name = fmt.Sprintf("%s (%s, %s)", loc.Name, loc.City, loc.Company)
		}
	}
	reach := min(s.r.Vehicle.RangeKm(soc-s.r.MinArrivalSoC, rest.Kmh()), rest.Km)
	stop := s.pointOnTheWay(from, reach)
	near, _ := s.p.net.PlaceNear(stop)
	return &Infeasible{
		ReachedKm: round(max(s.direct.Km-rest.Km, 0)+reach, 10), JourneyKm: round(s.direct.Km, 10),
		LastName: name, GapKm: round(rest.Km, 10), RangeKm: round(reach, 10), Near: near.String(), Stop: stop,
	}
}

func (s *search) canCharge(site int) bool {
	for _, c := range s.p.sites[site].classes {
		if s.sessions[sessionKey{c.kw, c.dc}].Possible() {
			return true
		}
	}
	return false
}

// pointOnTheWay is where a drive to the destination is after some kilometres.
func (s *search) pointOnTheWay(from geo.Point, km float64) geo.Point {
	way, err := s.p.net.Route(from, s.r.Destination)
	if err != nil {
		return from
	}
	return pointAt(way, km)
}

func pointAt(way road.Route, km float64) geo.Point {
	total := 0.0
	for i := 1; i < len(way.Points); i++ {
		total += geo.Distance(way.Points[i-1], way.Points[i])
	}
	left := 0.0
	if way.Km > 0 {
		left = km / way.Km * total
	}
	for i := 1; i < len(way.Points); i++ {
		piece := geo.Distance(way.Points[i-1], way.Points[i])
		if piece >= left && piece > 0 {
			return geo.Between(way.Points[i-1], way.Points[i], left/piece)
		}
		left -= piece
	}
	return way.Points[len(way.Points)-1]
}
