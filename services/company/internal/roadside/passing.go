package roadside

import (
	"math"
	"time"

	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
)

const (
	// there is how near to a place, in road kilometres, a car stands at it: a town has
	// a width, and the network's lines are simpler than its roads.
	there = 3.0
	// turned is how many kilometres farther away than it has ever come a car has given a
	// place up that it was not near to.
	turned = 20.0
	// quiet is the silence after which it is asked whether a place was passed in it.
	quiet = 5 * time.Minute
	// hurried is the part of the model's driving time in which a drive may have been made.
	hurried = 0.7
)

// passing knows which of the places that a trip passes its car has behind it. They are
// passed in their order, and what is behind stays there.
//
// A place is behind once the car moves away from it: by a few kilometres where it was near, by
// more where it never came near, as it may then only have begun with a bend. In a silence it was
// passed where the drive by it is hardly longer than the direct one, or explains better what
// the battery has lost, in a time in which it can be driven.
type passing struct {
	net *road.Network
	v   vehicle.Vehicle
	by  []trip.Waypoint
	// starts is when the trip begins: what the car does before is no part of it.
	starts time.Time
	// use is the car's consumption as a multiple of the model's.
	use float64

	behind  int
	made    int // stops that were made when the car has set out the last time; −1: it has not
	last    sight
	nearest float64   // that the car has come to the first place that is ahead
	since   time.Time // that it is there; zero: it is not
	now     time.Time // of the newest report
}

// sight is where a car was; soc is below 0 where it is not known.
type sight struct {
	spot road.Spot
	at   time.Time
	soc  float64
}

func newPassing(net *road.Network, v vehicle.Vehicle, j trip.Journey) *passing {
	return &passing{net: net, v: v, by: j.Via, starts: j.Departure.Add(-trip.SetsOut), use: 1, made: -1}
}

// setsOut says that so many stops were made, and where the car was then.
func (p *passing) setsOut(made int, from sight) {
	for p.behind < len(p.by) && p.by[p.behind].AfterLeg < made {
		p.behind++
	}
	p.made, p.last = made, from
	p.afresh()
}

func (p *passing) afresh() { p.nearest, p.since = math.Inf(1), time.Time{} }

// next is the first place that is ahead of the car on its way to stop k (from 0).
func (p *passing) next(k int) (w trip.Waypoint, ok bool) {
	if p.behind >= len(p.by) || p.by[p.behind].AfterLeg > k {
		return w, false
	}
	return p.by[p.behind], true
}

// ahead are the places before stop k that the car still passes, with the stays that were left at
// the newest report.
func (p *passing) ahead(k int) []trip.Waypoint {
	var left []trip.Waypoint
	for _, w := range p.by[p.behind:] {
		if w.AfterLeg > k {
			break
		}
		left = append(left, w)
	}
	if len(left) > 0 && !p.since.IsZero() {
		left[0].StayMinutes = max(left[0].StayMinutes-p.now.Sub(p.since).Minutes(), 0)
	}
	return left
}

// sees takes a report of the car on its way to stop k, and says whether a place is behind it
// by that.
func (p *passing) sees(k int, point geo.Point, at time.Time, soc float64) bool {
	w, ok := p.next(k)
	if !ok || at.Before(p.starts) {
		return false
	}
	spot, err := p.net.Locate(point)
	if err != nil {
		return false
	}
	s, was := sight{spot, at, soc}, p.behind
	p.now = at
	for ; ok; w, ok = p.next(k) {
		place, err := p.net.Locate(w.Point)
		if err == nil && !p.passed(w, place, s) {
			break
		}
		p.behind++
		p.afresh()
	}
	p.last = s
	return p.behind > was
}

// passed reports whether the first place ahead is behind the car by a report; where it is not,
// it notes how near the car has come.
func (p *passing) passed(w trip.Waypoint, place road.Spot, s sight) bool {
	tree := p.net.From(place)
	before, ok1 := tree.To(p.last.spot)
	here, ok2 := tree.To(s.spot)
	if !ok1 || !ok2 {
		return true // nobody drives there
	}
	nearest := min(p.nearest, before.Km)
	if here.Km >= nearest+max(there, min(nearest, turned)) || p.inSilence(w, before, here, s) {
		return true
	}
	p.nearest = min(nearest, here.Km)
	if here.Km <= there && p.since.IsZero() {
		p.since = s.at
	}
	return false
}

// inSilence reports whether the car was at a place since it was last seen, by the drives
// from there to the place and from the place to here.
func (p *passing) inSilence(w trip.Waypoint, before, here road.Leg, s sight) bool {
	took := s.at.Sub(p.last.at)
	if took < quiet || here.Km <= there {
		return false
	}
	direct, ok := p.net.From(p.last.spot).To(s.spot)
	by := road.Leg{Km: before.Km + here.Km, Drive: before.Drive + here.Drive}
	switch {
	case !ok || took < time.Duration(hurried*float64(by.Drive)):
		return false
	case by.Km-direct.Km <= 2*there:
		return true
	case p.last.soc < 0:
		return took >= by.Drive+w.Stay()
	}
	lost := (p.last.soc - s.soc) / p.use
	return lost >= (p.v.SoCFor(direct.Km, direct.Kmh())+p.v.SoCFor(by.Km, by.Kmh()))/2
}
