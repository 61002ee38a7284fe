package planner

import (
	"fmt"
	"slices"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// fitting is the catalogue as cars with some plugs see it: at each site the classes of EVSEs
// that they can be plugged in at. It does not change.
type fitting struct {
	plugs   charging.Plugs
	classes [][]class // by site
}

// fittingsKept is how many fittings are remembered: a federation of three standards has eight.
const fittingsKept = 16

// fitting is the catalogue for cars with some plugs. Cars that differ in plugs which no
// station has share one.
func (p *Planner) fitting(plugs charging.Plugs) *fitting {
	plugs &= p.plugs
	p.mu.Lock()
	defer p.mu.Unlock()
	if f, ok := p.fittings[plugs]; ok {
		return f
	}
	f := &fitting{plugs: plugs, classes: make([][]class, len(p.sites))}
	for i := range p.sites {
		f.classes[i] = classesOf(p.sites[i].loc, plugs)
	}
	if len(p.fittings) >= fittingsKept {
		for old := range p.fittings { // any: who asks for so many different ones pays for it
			delete(p.fittings, old)
			break
		}
	}
	p.fittings[plugs] = f
	return f
}

// classesOf groups the EVSEs of a location that are in order and have one of the plugs, by
// the connector that serves them best.
func classesOf(l charging.Location, plugs charging.Plugs) []class {
	var classes []class
	for _, e := range l.EVSEs {
		if e.Status == charging.StatusOutOfOrder {
			continue
		}
		c, ok := e.For(plugs)
		if !ok {
			continue
		}
		found := classOf(l, c)
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

// classOf is the class of a connector, without EVSEs.
func classOf(l charging.Location, c charging.Connector) class {
	found := class{kw: c.PowerKW, dc: c.DC()}
	for _, t := range l.Tariffs {
		if t.ID == c.TariffID {
			found.tariff = t
		}
	}
	return found
}

// evse is the EVSE at a place.
func (p *Planner) evse(at place) charging.EVSE { return p.sites[at.site].loc.EVSEs[at.evse] }

// connector is the one that serves a car best at a place. Where none fits it is the best of all:
// who has booked a stop there knows why.
func (p *Planner) connector(at place, plugs charging.Plugs) charging.Connector {
	c, ok := p.evse(at).For(plugs)
	if !ok {
		c, _ = p.evse(at).For(charging.AllPlugs())
	}
	return c
}

// class of the EVSEs of a site that are like the one at a place; that one alone where it is out of
// order, or fits no plug.
func (f *fitting) class(p *Planner, at place) class {
	id := p.evse(at).ID
	for _, k := range f.classes[at.site] {
		if slices.Contains(k.evses, id) {
			return k
		}
	}
	k := classOf(p.sites[at.site].loc, p.connector(at, f.plugs))
	k.evses = []charging.EVSEID{id}
	return k
}

// fits is true where a car with some plugs can be plugged in at a place.
func (p *Planner) fits(at place, plugs charging.Plugs) bool { return p.evse(at).Plugs()&plugs != 0 }

// misfit says that a car with some plugs cannot be plugged in at an EVSE.
func misfit(e charging.EVSE, plugs charging.Plugs) string {
	return fmt.Sprintf("%s has %s, but the car takes %s", e.ID, e.Plugs(), plugs)
}

// Misfit says why a car with some plugs cannot be plugged in at an EVSE of a location; not is
// false where it can.
func Misfit(l charging.Location, id charging.EVSEID, plugs charging.Plugs) (why string, not bool) {
	for _, e := range l.EVSEs {
		if e.ID == id && len(e.Connectors) > 0 && e.Plugs()&plugs == 0 {
			return fmt.Sprintf("%s: %s", nameOf(l), misfit(e, plugs)), true
		}
	}
	return "", false
}
