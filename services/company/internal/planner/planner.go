package planner

import (
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
	plugs charging.Plugs // of all connectors
	rooms sync.Pool      // of *room

	mu       sync.Mutex
	fittings map[charging.Plugs]*fitting // found when first asked for
}

// rowsKept is up to how many sites their drives to all others are remembered (8 MB for a
// thousand); beyond, each search asks for the few that it needs.
const rowsKept = 2048

type site struct {
	loc  charging.Location
	spot road.Spot
	cell cell
	town string // of the location, to tell distinct plans from variations
}

// class is a set of EVSEs of one site that differ in their calendars only.
type class struct {
	kw     float64
	dc     bool
	tariff charging.Tariff
	evses  []charging.EVSEID
}

// place is where an EVSE is found in a planner: its site, and which of its EVSEs it is. One that is
// closed is out of order: a trip may have had it, which must be understood, and it is never
// chosen.
type place struct {
	site, evse int
	closed     bool
}

// New prepares a planner for a catalogue of any companies' locations. A location that
// no road reaches is left out; EVSEs out of order are known and never chosen.
func New(net *road.Network, locations []charging.Location) *Planner {
	p := &Planner{net: net, evses: map[charging.EVSEID]place{}, fittings: map[charging.Plugs]*fitting{}}
	p.rooms.New = func() any { return new(room) }
	for _, l := range locations {
		spot, err := net.Locate(l.Point)
		if err != nil {
			continue
		}
		for k, e := range l.EVSEs {
			if plugs := e.Plugs(); plugs != 0 {
				p.plugs |= plugs
				p.evses[e.ID] = place{len(p.sites), k, e.Status == charging.StatusOutOfOrder}
			}
		}
		p.sites = append(p.sites, site{loc: l, spot: spot, cell: cellOf(l.Point), town: townOf(l)})
	}
	if len(p.sites) <= rowsKept {
		p.rows = make([]atomic.Pointer[[]drive], len(p.sites))
	}
	return p
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
