package planner

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

const (
	// MaxAlternatives is how many Alternatives gives at most.
	MaxAlternatives = 8
	// promised is how many choices a driver is offered where they exist
	// (docs/protocol.md §4).
	promised = 3
	// MaxDetour is how much longer the drive may be with an alternative stop.
	MaxDetour = 45 * time.Minute
	// notice is how far in the future a new window starts at least.
	notice = 2 * time.Minute
	// perSite bounds how many of one site's EVSEs are offered.
	perSite = 2
)

// Alternatives are other choices for one stop of a trip (leg counts from 1), best first:
// the same EVSE at another time, and EVSEs of any company on the way. The stops before it
// stay; later ones keep their EVSE and move where they must (LaterStops).
//
// Where the trip remembers its journey, each alternative is feasible for the battery, up
// to the destination, and keeps to what the request avoids and insists on; those that
// arrive too late for it are given only where all do. Otherwise it only keeps the order, the length of the windows and a
// bounded detour. free tells the calendars, with the trip's own windows taken; none starts
// before now. The error is a refusal: UNKNOWN_EVSE where the catalogue does not know one
// of the stops, INVALID_FIELD for a leg or a journey that cannot be.
func (p *Planner) Alternatives(t trip.Trip, leg int, free Free, now time.Time) ([]trip.Alternative, error) {
	if leg < 1 || leg > len(t.Legs) {
		return nil, charging.Invalid("leg", fmt.Sprintf("is %d; the trip has %d", leg, len(t.Legs)))
	}
	c, err := p.newChain(t, leg-1, free, now)
	if err != nil {
		return nil, err
	}
	var all []option
	for id, at := range p.evses {
		if at.closed || !c.wanted(id, at) {
			continue
		}
		if o, ok := c.try(id, 0); ok {
			all = append(all, o)
		}
	}
	slices.SortFunc(all, better)
	all = c.inTime(c.laterTimes(all))
	return pick(all, t.Legs[leg-1].EVSEID), nil
}

// better orders options, the best first.
func better(a, b option) int {
	return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.alt.EVSEID, b.alt.EVSEID))
}

// laterTimes adds further times on the same EVSEs where there are fewer choices
// than a driver is promised.
func (c *chain) laterTimes(all []option) []option {
	for _, o := range all {
		for len(all) < promised {
			next, ok := c.try(o.alt.EVSEID, o.alt.End.Unix())
			if !ok {
				break
			}
			all, o = append(all, next), next
		}
	}
	slices.SortFunc(all, better)
	return all
}

// inTime leaves out what arrives too late, unless all does.
func (c *chain) inTime(all []option) []option {
	if c.car == nil || c.car.LatestArrival.IsZero() {
		return all
	}
	by := c.car.LatestArrival.Unix()
	if early := slices.DeleteFunc(slices.Clone(all), func(o option) bool { return o.end > by }); len(early) > 0 {
		return early
	}
	return all
}

// option is an alternative with what ranks it.
type option struct {
	alt  trip.Alternative
	rank float64 // minutes, with money and moved stops turned into minutes
	site int
	end  int64 // of the journey
}

// pick takes the best ones, but few of one site, and always the same EVSE at another
// time where that is possible.
func pick(all []option, lost charging.EVSEID) []trip.Alternative {
	picked := []trip.Alternative{}
	taken := map[int]int{}
	var rest []trip.Alternative
	same := slices.IndexFunc(all, func(o option) bool { return o.alt.EVSEID == lost })
	for i, o := range all {
		room := MaxAlternatives - len(picked)
		if i < same {
			room--
		}
		switch {
		case i == same || taken[o.site] < perSite && room > 0:
			taken[o.site]++
			picked = append(picked, o.alt)
		default:
			rest = append(rest, o.alt)
		}
	}
	for len(picked) < MaxAlternatives && len(rest) > 0 {
		picked, rest = append(picked, rest[0]), rest[1:]
	}
	return picked
}

// alternativeID is the same for the same choice, so that a repeated question gets the
// same ids.
func alternativeID(t charging.TripID, a trip.Alternative) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %s %d %d", t, a.Leg, a.EVSEID, a.Start.Unix(), a.End.Unix()))
	return hex.EncodeToString(sum[:10])
}
