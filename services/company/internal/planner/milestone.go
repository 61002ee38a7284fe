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

// Bounds of what a request holds.
const (
	MaxHeld = 8
	MaxVia  = 5
	// MaxStay is how long one may stay at a via.
	MaxStay = 24 * time.Hour
)

// Held is a stop that a plan makes: at an EVSE, or at any EVSE of a location, as Asked.Hold says,
// and as the rest of Asked wants it.
type Held struct {
	EVSE     charging.EVSEID
	Location charging.LocationID
	Asked    trip.Asked
}

// Via is a place that a plan passes, and for how long the car stands there, without charging.
type Via struct {
	Point geo.Point
	Stay  time.Duration
}

// Unheld says that a stop or a via cannot be part of any plan.
type Unheld struct {
	Held, Via int // of the request, from 0; −1: it is the other one
	Reason    string
}

// Error tells why.
func (e *Unheld) Error() string { return e.Reason }

// milestone is a held stop or a via as a search sees it.
type milestone struct {
	held, via int // of the request; −1: it is the other one
	site      int // −1 of a via
	spot      road.Spot
	row       []drive // to every site, and from it
	kinds     []kind
	start     int64   // not to begin before; 0: any time
	least     int64   // seconds of the window; of a via, of the stay
	depart    float64 // charge to leave with; 0: any
}

// stage is a journey from one milestone (or the origin) to the next one (or the destination).
type stage struct {
	from, to []drive // from its origin to every site, and from there to its end
	direct   drive
	// Sites that are its ends, or −1: they are no candidates of it.
	first, last int
	// Seconds and energy that the stages before it, and all others, take at least.
	before, beforeUse, otherSeconds, otherUse float64
	most                                      float64 // charge up to which a fuller label is a better one
	floor                                     float64 // of scores, by windows that are still to come
}

func (g *stage) begins(site int) bool { return site == g.first }
func (g *stage) ends(site int) bool   { return site == g.last }

// via is true for a milestone that is passed without charging.
func (c *candidate) via() bool { return c.mile != nil && c.mile.site < 0 }

// out is the stage that the hops from a candidate belong to.
func (c *candidate) out() int {
	if c.mile != nil {
		return c.stage + 1
	}
	return c.stage
}

// fuller is true where a charge is as much as another, and good for as much: a car that must
// leave a stop to come with an exact charge may arrive there too full.
func (c *candidate) fuller(soc, than float64) bool {
	return soc >= than && (soc <= c.most || soc <= than+2*socTolerance)
}

// overfull is true for a charge that is more than the one to leave a milestone with.
func (c *candidate) overfull(soc float64) bool {
	return c.mile != nil && c.mile.depart > 0 && soc > c.mile.depart
}

// stage lays the journey out by its milestones, and answers what it takes from the battery at
// least. The error is *Unheld, or INVALID_FIELD.
func (s *search) stage(from, to road.Spot) (use float64, err error) {
	held, vias, err := s.milestones()
	if err != nil {
		return 0, err
	}
	s.miles = s.inOrder(from, to, held, vias)
	row, here, first := s.p.drives(from), from, -1
	for k := range s.miles {
		m := &s.miles[k]
		direct := driveOf(s.p.net.From(here).To(m.spot))
		if direct.km < 0 {
			return 0, &Unheld{m.held, m.via, "no road leads there"}
		}
		s.stages = append(s.stages, stage{from: row, to: m.row, direct: direct, first: first, last: m.site, most: 1})
		row, here, first = m.row, m.spot, m.site
	}
	last := driveOf(s.p.net.From(here).To(to))
	if last.km < 0 {
		m := s.miles[len(s.miles)-1]
		return 0, &Unheld{m.held, m.via, "no road leads on from there"}
	}
	s.stages = append(s.stages, stage{from: row, to: s.p.drives(to), direct: last, first: first, last: -1, most: 1})
	return s.sum(), nil
}

// sum works out what each stage's others take, and answers what all take from the battery.
func (s *search) sum() (use float64) {
	seconds := 0.0
	for k := range s.stages {
		g := &s.stages[k]
		g.before, g.beforeUse = seconds, use
		seconds += float64(g.direct.second)
		use += s.use(g.direct)
		if k < len(s.miles) && s.miles[k].site < 0 {
			seconds += float64(s.miles[k].least)
		}
	}
	most := 1.0
	for k := len(s.stages) - 1; k >= 0; k-- {
		g := &s.stages[k]
		if k < len(s.miles) && s.miles[k].depart > 0 {
			most = s.miles[k].depart
		}
		g.most = most
		g.otherSeconds, g.otherUse = seconds-float64(g.direct.second), use-s.use(g.direct)
	}
	return use
}

// milestones are what the request holds, and passes.
func (s *search) milestones() (held, vias []milestone, err error) {
	for i, h := range s.r.Held {
		m, why := s.hold(h)
		if why != "" {
			return nil, nil, &Unheld{i, -1, why}
		}
		m.held, m.via = i, -1
		held = append(held, m)
	}
	for i, v := range s.r.Via {
		spot, err := s.p.net.Locate(v.Point)
		if err != nil {
			return nil, nil, &Unheld{-1, i, err.Error()}
		}
		vias = append(vias, milestone{held: -1, via: i, site: -1, spot: spot, row: s.p.drives(spot), least: int64(v.Stay / time.Second)})
	}
	return held, vias, nil
}

// hold finds a stop that the request holds, or says why it cannot be one.
func (s *search) hold(h Held) (m milestone, why string) {
	where, ok := s.p.siteOf(h)
	if !ok {
		return m, h.String() + " is not in the catalogue, or is out of order"
	}
	m = milestone{
		site: where, spot: s.p.sites[where].spot, row: s.p.row(where), depart: h.Asked.DepartSoC,
		least: int64(math.Ceil(60 * h.Asked.StayMinutes)),
	}
	if !h.Asked.Start.IsZero() {
		m.start = ceilSecond(h.Asked.Start)
		if h.Asked.DepartSoC == 0 {
			m.least = max(m.least, h.Asked.End.Unix()-m.start)
		}
	}
	for _, k := range s.usable(where) {
		if h.Asked.Hold == trip.HoldEVSE {
			k.evses = slices.DeleteFunc(slices.Clone(k.evses), func(id charging.EVSEID) bool { return id != h.EVSE })
		}
		if len(k.evses) > 0 {
			m.kinds = append(m.kinds, k)
		}
	}
	if len(m.kinds) == 0 {
		if at, ok := s.p.evses[h.EVSE]; ok && h.Asked.Hold == trip.HoldEVSE && !s.p.fits(at, s.fit.plugs) {
			return m, misfit(s.p.evse(at), s.r.Vehicle.Plugs())
		}
		return m, "no charger there suits the car, is in order, and may be used (see avoid and insist)"
	}
	return s.lasting(m)
}

// lasting leaves out the chargers where no window may be as long as it must. How long one may
// be is by the contract and the location's terms; an owner may be stricter.
func (s *search) lasting(m milestone) (milestone, string) {
	loc, longest := &s.p.sites[m.site].loc, time.Duration(0)
	m.kinds = slices.DeleteFunc(m.kinds, func(k kind) bool {
		e := slices.IndexFunc(loc.EVSEs, func(e charging.EVSE) bool { return e.ID == k.evses[0] })
		most := charging.DefaultLimits().Longest(loc.EVSEs[e], loc.Terms)
		longest = max(longest, most)
		return time.Duration(m.least)*time.Second > most
	})
	if len(m.kinds) == 0 {
		return m, fmt.Sprintf("a window there lasts %.0f minutes at most", longest.Minutes())
	}
	return m, ""
}

// siteOf is the site of a stop that is held, where it can be one.
func (p *Planner) siteOf(h Held) (int, bool) {
	if h.Asked.Hold == trip.HoldEVSE {
		at, ok := p.evses[h.EVSE]
		return at.site, ok && !at.closed
	}
	where := slices.IndexFunc(p.sites, func(o site) bool { return o.loc.ID == h.Location })
	return where, where >= 0
}

// Where is the place of a stop that is held; false where the catalogue does not know it.
func (p *Planner) Where(h Held) (geo.Point, bool) {
	site, ok := p.siteOf(h)
	if !ok {
		return geo.Point{}, false
	}
	return p.sites[site].loc.Point, true
}

// String is the id of what is held.
func (h Held) String() string {
	if h.Asked.Hold == trip.HoldEVSE {
		return string(h.EVSE)
	}
	return string(h.Location)
}
