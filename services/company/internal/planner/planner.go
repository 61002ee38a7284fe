package planner

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/road"
)

// What a stop costs beside charging, and the defaults and bounds of a request.
const (
	// Overhead is leaving the road, plugging in, unplugging: part of the window.
	Overhead = 5 * time.Minute
	// DefaultMinArrivalSoC is the charge that is never gone below.
	DefaultMinArrivalSoC = 0.10
	// MaxWait is how long a car may wait for an EVSE to become free.
	MaxWait = 24 * time.Hour
	// MaxPlans is how many plans Plans gives at most.
	MaxPlans = 3
	// margin is added to "just enough", so that rounding never goes below the reserve.
	margin = 0.005
)

// Free tells when an EVSE is free: disjoint windows in order, in UTC. A nil Free
// means always.
type Free func(charging.EVSEID) []charging.Window

// Planner knows the stations of a catalogue. Drives between them are found when they are
// needed, and remembered; otherwise it does not change, and any number of goroutines may
// use it.
type Planner struct {
	net   *road.Network
	sites []site
	rows  []atomic.Pointer[[]drive] // drives from a site, found when first asked for
	evses map[charging.EVSEID]place
	rooms sync.Pool // of *room
}

// rowsKept is up to how many sites their drives to all others are remembered (8 MB for a
// thousand); beyond, each search asks for the few that it needs.
const rowsKept = 2048

type site struct {
	loc     charging.Location
	spot    road.Spot
	cell    cell
	town    string // of the location, to tell distinct plans from variations
	classes []class
	// closed are the classes of EVSEs out of order: a trip may have had one of
	// them, which must be understood, and none is ever chosen.
	closed []class
}

// class is a set of EVSEs of one site that differ in their calendars only.
type class struct {
	kw     float64
	dc     bool
	tariff charging.Tariff
	evses  []charging.EVSEID
}

// place is where an EVSE is found in a planner; class is one of the closed ones
// where the EVSE is out of order.
type place struct {
	site, class int
	closed      bool
}

// class of the EVSEs at a place.
func (p *Planner) class(at place) class {
	if at.closed {
		return p.sites[at.site].closed[at.class]
	}
	return p.sites[at.site].classes[at.class]
}

// New prepares a planner for a catalogue of any companies' locations. A location that
// no road reaches is left out; EVSEs out of order are known and never chosen.
func New(net *road.Network, locations []charging.Location) *Planner {
	p := &Planner{net: net, evses: map[charging.EVSEID]place{}}
	p.rooms.New = func() any { return new(room) }
	for _, l := range locations {
		spot, err := net.Locate(l.Point)
		if err != nil {
			continue
		}
		s := site{
			loc: l, spot: spot, cell: cellOf(l.Point), town: townOf(l),
			classes: classesOf(l, false), closed: classesOf(l, true),
		}
		p.place(s.classes, false)
		p.place(s.closed, true)
		p.sites = append(p.sites, s)
	}
	if len(p.sites) <= rowsKept {
		p.rows = make([]atomic.Pointer[[]drive], len(p.sites))
	}
	return p
}

// place notes where the EVSEs of the next site's classes are found.
func (p *Planner) place(classes []class, closed bool) {
	for c, class := range classes {
		for _, id := range class.evses {
			p.evses[id] = place{len(p.sites), c, closed}
		}
	}
}

func townOf(l charging.Location) string {
	if l.City == "" {
		return string(l.ID)
	}
	return l.City + ", " + l.State
}

// drives are the quickest drives from a spot to every site.
func (p *Planner) drives(from road.Spot) []drive {
	tree := p.net.From(from)
	all := make([]drive, len(p.sites))
	for j := range p.sites {
		all[j] = driveOf(tree.To(p.sites[j].spot))
	}
	return all
}

// row is drives from a site. Roads lead both ways, so it is the drives to it, too.
func (p *Planner) row(i int) []drive {
	if p.rows == nil {
		return p.drives(p.sites[i].spot)
	}
	if row := p.rows[i].Load(); row != nil {
		return *row
	}
	row := p.drives(p.sites[i].spot)
	p.rows[i].Store(&row)
	return row
}

// drive is one drive between two sites.
func (p *Planner) drive(i, j int) drive {
	if p.rows != nil {
		return p.row(i)[j]
	}
	return driveOf(p.net.From(p.sites[i].spot).To(p.sites[j].spot))
}

// classesOf groups the EVSEs of a location that are out of order, or the others.
func classesOf(l charging.Location, closed bool) []class {
	var classes []class
	for _, e := range l.EVSEs {
		if (e.Status == charging.StatusOutOfOrder) != closed {
			continue
		}
		c, ok := bestConnector(e)
		if !ok {
			continue
		}
		found := class{kw: c.PowerKW, dc: c.DC()}
		for _, t := range l.Tariffs {
			if t.ID == c.TariffID {
				found.tariff = t
			}
		}
		at := slices.IndexFunc(classes, func(o class) bool {
			return o.kw == found.kw && o.dc == found.dc && o.tariff == found.tariff
		})
		if at < 0 {
			classes = append(classes, found)
			at = len(classes) - 1
		}
		classes[at].evses = append(classes[at].evses, e.ID)
	}
	return classes
}

// bestConnector prefers CCS to CHAdeMO and direct to alternating current.
func bestConnector(e charging.EVSE) (charging.Connector, bool) {
	rank := map[string]int{"IEC_62196_T2_COMBO": 3, "CHADEMO": 2, "IEC_62196_T2": 1}
	best, ok := charging.Connector{}, false
	for _, c := range e.Connectors {
		if r := rank[c.Standard]; r > rank[best.Standard] || r > 0 && r == rank[best.Standard] && c.PowerKW > best.PowerKW {
			best, ok = c, true
		}
	}
	return best, ok
}
