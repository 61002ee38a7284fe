package planner

import (
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Course is how a trip comes to a stop, or to its destination, from anywhere before: by the
// places that lie between. Only the drive to Near depends on where the car is.
type Course struct {
	// Near is the first of these places, the end of the course where there is none.
	Near road.Spot
	// Beyond are the drives from there on, one for each place, the last one to the end.
	Beyond []road.Leg
	// Stay is how long the car stands at the places, all together.
	Stay time.Duration
}

// CourseTo is the course to a spot by some places, in this order. The error is INVALID_FIELD:
// no road leads there.
func CourseTo(net *road.Network, by []trip.Waypoint, to road.Spot) (Course, error) {
	c := Course{Near: to}
	for _, w := range slices.Backward(by) {
		spot, err := net.Locate(w.Point)
		if err != nil {
			return Course{}, charging.Invalid("via", err.Error())
		}
		leg, ok := net.From(c.Near).To(spot)
		if !ok {
			return Course{}, charging.Invalid("via", "no road leads on from "+w.Point.String())
		}
		c.Near, c.Beyond, c.Stay = spot, append(c.Beyond, leg), c.Stay+w.Stay()
	}
	slices.Reverse(c.Beyond)
	return c, nil
}

// From is the drive from a spot to the end of the course, stays left out; ok is false where no
// road leads.
func (c Course) From(net *road.Network, spot road.Spot) (drive road.Leg, ok bool) {
	drive, ok = net.From(c.Near).To(spot) // roads lead both ways
	for _, leg := range c.Beyond {
		drive.Km, drive.Drive = drive.Km+leg.Km, drive.Drive+leg.Drive
	}
	return drive, ok
}

// stretch is the drives between any site and a fixed end, by what the trip passes between them.
// Roads lead both ways, so it is those that come from the end, too, by the same places backwards.
type stretch struct {
	near    ways
	seconds int64   // of what lies beyond, with the stays
	soc     float64 // that it takes
}

// passage is one drive of a stretch: from a site to what is passed next, and beyond. Below
// 0 km: no road leads.
type passage struct {
	drive
	after int64
	more  float64
}

// seconds are those until the car is at the end of it, with its stays.
func (d passage) seconds() int64 { return d.drive.seconds() + d.after }

// stretch is the drives to a spot by some places, in this order, or from it by them backwards. direct are
// the drives between the spot and sites.
func (c *chain) stretch(by []trip.Waypoint, end road.Spot, direct func() ways) (*stretch, error) {
	if len(by) == 0 {
		return &stretch{near: direct()}, nil
	}
	course, err := CourseTo(c.p.net, by, end)
	if err != nil {
		return nil, err
	}
	s := &stretch{near: ways{row: c.p.drives(course.Near)}, seconds: int64(course.Stay / time.Second)}
	for _, leg := range course.Beyond {
		d := driveOf(leg, true)
		s.seconds += d.seconds()
		s.soc += c.car.Vehicle.SoCFor(float64(d.km), d.kmh())
	}
	return s, nil
}

// with is the drive between a site and the stretch's end.
func (s *stretch) with(p *Planner, site int) passage {
	return passage{s.near.to(p, site), s.seconds, s.soc}
}

// stretches finds the stretches of the trip.
func (c *chain) stretches() (err error) {
	legs := len(c.t.Legs)
	c.leads = make([]*stretch, legs+1)
	if c.car != nil {
		if c.first, err = c.fromEnd("origin", c.car.Origin, backwards(c.between(0))); err != nil {
			return err
		}
		if c.leads[legs], err = c.fromEnd("destination", c.car.Destination, c.between(legs)); err != nil {
			return err
		}
	}
	c.from = c.first
	if c.lost > 0 {
		site := c.at[c.lost-1].site
		every := func() ways { return ways{row: c.p.row(site)} }
		if c.from, err = c.stretch(backwards(c.between(c.lost)), c.p.sites[site].spot, every); err != nil {
			return err
		}
	}
	for k := 1; k < legs; k++ {
		if k == c.lost && !c.known {
			continue
		}
		site := c.at[k].site
		if c.leads[k], err = c.stretch(c.between(k), c.p.sites[site].spot, func() ways {
			if k == c.lost+1 {
				return ways{row: c.p.row(site)} // from wherever the lost stop is replaced
			}
			return c.p.waysFrom(site)
		}); err != nil {
			return err
		}
	}
	return nil
}

// fromEnd is the stretch between any site and an end of the journey.
func (c *chain) fromEnd(field string, at geo.Point, by []trip.Waypoint) (*stretch, error) {
	spot, err := c.p.net.Locate(at)
	if err != nil {
		return nil, charging.Invalid(field, err.Error())
	}
	return c.stretch(by, spot, func() ways { return ways{row: c.p.drives(spot)} })
}

// lead is the drive from a site to a leg (from 0), or behind the last one to the destination.
func (c *chain) lead(k, site int) passage { return c.leads[k].with(c.p, site) }

func backwards(by []trip.Waypoint) []trip.Waypoint {
	by = slices.Clone(by)
	slices.Reverse(by)
	return by
}

// between is what the trip passes before a leg. Without a journey nothing is known of that.
func (c *chain) between(k int) []trip.Waypoint {
	if c.car == nil {
		return nil
	}
	return c.t.Saga.Journey.Between(k)
}
