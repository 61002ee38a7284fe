package planner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Infeasible says that no plan makes the journey, how far one gets, and what is missing.
type Infeasible struct {
	// Booked is true where the chargers would do if they were free.
	Booked bool
	// By is true where it is the stops and places that the plan is to make and pass that no
	// way leads by; nothing else is said then.
	By bool
	// Late is true where a way exists, but arrives after the latest arrival, at Earliest.
	Late     bool
	Earliest time.Time
	// StartSoC is the charge at departure with which the journey could be made; 0 where
	// starting fuller does not help.
	StartSoC float64
	// ReachedKm of JourneyKm can be driven without going below the reserve.
	ReachedKm, JourneyKm float64
	// LastName is where the car can charge last, to Fullest at most; empty where it reaches no
	// charger.
	LastName string
	Fullest  float64
	// GapKm is the drive from there (or the origin) on, that RangeKm does not cover.
	GapKm, RangeKm float64
	// NextName is the charger behind the gap, NextKm from LastName; empty where it is the
	// destination.
	NextName string
	NextKm   float64
	// Takes are the car's plugs. Adapter is one more with which the journey could be made, empty
	// where none would do alone; AdapterAt are the stops, in travel order, that have no other.
	Takes     charging.Plugs
	Adapter   string
	AdapterAt []string
	// Thinner are plans with thinner reserves, where the request allows that (Request.Thinner).
	Thinner []trip.ThinnerPlan
	// Near is the municipality where the battery would reach the reserve.
	Near string
	Stop geo.Point
}

// Error tells the driver where the battery would run out and what would help.
func (e *Infeasible) Error() string {
	if e.Late {
		return fmt.Sprintf("the earliest arrival is %s: leave earlier, or ask for a later arrival", e.Earliest.Format(time.RFC3339))
	}
	if e.By {
		return "no way leads by all stops that are held and all places that are passed"
	}
	if e.Booked {
		return "no charger on the way is free in time: leave at another time, or ask for other stops"
	}
	from, full := "the origin", "with what it has"
	if e.LastName != "" {
		from, full = e.LastName, "full"
		if e.Fullest < 1 {
			full = fmt.Sprintf("charged to %.0f%%", 100*e.Fullest)
		}
	}
	to, away, between := "the destination", e.GapKm, " and no charger in between is within reach"
	if e.NextName != "" {
		to, away, between = e.NextName, e.NextKm, ", and nothing nearer leads on"
	}
	return fmt.Sprintf(
		"the battery reaches its reserve after %.0f of %.0f km, near %s: from %s the car gets %.0f km far (%s), but %s is %.0f km away%s; %s%s%s",
		e.ReachedKm, e.JourneyKm, e.Near, from, e.RangeKm, full, to, away, between, e.help(from, to, away), e.adapter(), e.thin(),
	)
}

// adapter tells which plug is missing, and where.
func (e *Infeasible) adapter() string {
	if e.Adapter == "" {
		return ""
	}
	return fmt.Sprintf("; the car takes %s only: with a plug for %s it could charge at %s", e.Takes, e.Adapter, strings.Join(e.AdapterAt, ", then at "))
}

// help is what would make the journey possible.
func (e *Infeasible) help(from, to string, away float64) string {
	if e.StartSoC > 0 {
		return fmt.Sprintf("start fuller: %.0f%% would do", 100*e.StartSoC)
	}
	needs := fmt.Sprintf("it needs a charger between %s and %s, or a car that gets %.0f km far", from, to, away)
	if e.LastName == "" {
		return "to start fuller would not do: " + needs
	}
	return needs
}

// Unwrap is the refusal with the code INFEASIBLE_TRIP that the edge renders.
func (e *Infeasible) Unwrap() error {
	return &charging.Refusal{Code: charging.CodeInfeasibleTrip, Detail: e.Error()}
}

// whyNot explains a search that found nothing.
func (s *search) whyNot() *Infeasible {
	if s.cal.free != nil {
		s.cal = newCalendar(nil)
		if _, ok := s.runRough(); ok {
			return &Infeasible{Booked: true, JourneyKm: round(float64(s.direct.km), 10)}
		}
	}
	from, soc, rest, name := s.r.Origin, s.r.SoC, s.direct, ""
	last, all := -1, s.reached()
	for i, reached := range all {
		c := &s.cands[i]
		if reached && c.to.second < rest.second {
			loc := s.p.sites[c.site].loc
			from, soc, rest, last = loc.Point, s.r.fullest(), c.to, i
			name = nameOf(loc)
		}
	}
	next, nextKm := s.behind(last, all, rest)
	reserve := s.r.MinArrivalSoC
	if next == "" {
		reserve = s.r.atDestination()
	}
	reach := min(s.r.Vehicle.RangeKm(soc-reserve, rest.kmh()), float64(rest.km))
	stop := s.pointOnTheWay(from, reach)
	near, _ := s.p.net.PlaceNear(stop)
	return &Infeasible{
		NextName: next, NextKm: round(nextKm, 10),
		ReachedKm: round(max(float64(s.direct.km)-float64(rest.km), 0)+reach, 10), JourneyKm: round(float64(s.direct.km), 10),
		LastName: name, Fullest: s.r.fullest(), GapKm: round(float64(rest.km), 10), RangeKm: round(reach, 10), Near: near.String(), Stop: stop,
		StartSoC: s.enough(),
	}
}

// adaptersTried bounds how many standards are tried to find the one that is missing.
const adaptersTried = 4

// lack notes the plug with which the journey could be made: of those that the car does not take
// the one that most locations have.
func (p *Planner) lack(no *Infeasible, r Request, free Free) {
	no.Takes = r.Vehicle.Plugs()
	has := map[string]int{}
	for _, s := range p.sites {
		var here charging.Plugs
		for _, e := range s.loc.EVSEs {
			here |= e.Plugs()
		}
		for _, standard := range (here &^ no.Takes).Names() {
			has[standard]++
		}
	}
	others := (p.plugs &^ no.Takes).Names()
	slices.SortStableFunc(others, func(a, b string) int { return cmp.Compare(has[b], has[a]) })
	for _, standard := range others[:min(len(others), adaptersTried)] {
		r.Vehicle.Ports = append(no.Takes.Names(), standard)
		s, err := p.newSearch(r, free)
		if err != nil {
			return
		}
		with, ok := s.runRough()
		p.rooms.Put(s.room)
		if !ok {
			continue
		}
		no.Adapter = standard
		for _, st := range with.plan.Stops {
			if at := p.evses[st.EVSEID]; !p.fits(at, no.Takes) {
				no.AdapterAt = append(no.AdapterAt, nameOf(p.sites[at.site].loc))
			}
		}
		return
	}
}

// behind is the nearest charger, to the last one that is reached (or the origin: −1), that
// is not reached and is nearer to the destination, if it is nearer than that.
func (s *search) behind(last int, reached []bool, rest drive) (name string, km float64) {
	best := rest
	for i := range s.cands {
		c := &s.cands[i]
		if reached[i] || c.to.second >= rest.second {
			continue
		}
		leg := c.from
		if last >= 0 {
			leg = s.p.drive(s.cands[last].site, c.site)
		}
		if leg.km >= 0 && leg.km < best.km {
			best, name = leg, nameOf(s.p.sites[c.site].loc)
		}
	}
	return name, float64(best.km)
}

func nameOf(l charging.Location) string {
	return fmt.Sprintf("%s (%s, %s)", l.Name, l.City, l.Company)
}

// reached tells, by candidate, whether the car gets there, charging full on the way.
func (s *search) reached() []bool {
	reached := make([]bool, len(s.cands))
	var next []int32
	for i := range s.cands {
		if h := s.hop(int32(i), s.cands[i].from); s.r.SoC-h.soc >= s.r.MinArrivalSoC {
			reached[i], next = true, append(next, int32(i))
		}
	}
	for len(next) > 0 {
		from := next[len(next)-1]
		next = next[:len(next)-1]
		for _, h := range s.cands[from].hops {
			if h.to != dest && !reached[h.to] && h.need <= s.r.fullest() {
				reached[h.to], next = true, append(next, h.to)
			}
		}
	}
	return reached
}

// enough is the least charge, in steps of 5%, with which the journey can be made; 0 where
// there is none.
func (s *search) enough() float64 {
	var least float64
	for low, high := int(s.r.SoC*20)+1, 20; low <= high; {
		try := high
		if least > 0 {
			try = (low + high) / 2
		}
		s.r.SoC = float64(try) / 20
		if _, ok := s.runRough(); ok {
			least, high = s.r.SoC, try-1
		} else if least == 0 {
			return 0
		} else {
			low = try + 1
		}
	}
	return least
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
