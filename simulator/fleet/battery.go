package fleet

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
)

// How much of what an EVSE's meter counts, at its connector, reaches the battery:
// the battery's own resistance and cooling take the rest of direct current, and the
// charger on board more of alternating. Assumptions of this project: what is lost is
// commonly measured as a few percent of direct, and about a tenth of alternating.
const (
	efficiencyDC = 0.97
	efficiencyAC = 0.90
)

// outlet is where a car plugs in: the connector that it uses at an EVSE.
type outlet struct {
	kW         float64
	dc         bool
	efficiency float64
	tariff     charging.Tariff
}

// outletOf is the connector that a car with some plugs uses there, chosen as the planner does;
// ok is false where it has none.
func outletOf(l api.Location, id charging.EVSEID, plugs charging.Plugs) (o outlet, ok bool) {
	var best charging.Connector
	site := l.Charging()
	for _, e := range site.EVSEs {
		if e.ID == id {
			best, ok = e.For(plugs)
		}
	}
	o = outlet{kW: best.PowerKW, dc: best.DC(), efficiency: efficiencyAC}
	if o.dc {
		o.efficiency = efficiencyDC
	}
	for _, t := range site.Tariffs {
		if t.ID == best.TariffID {
			o.tariff = t
		}
	}
	return o, ok
}

// charge is one charging session as the battery sees it.
type charge struct {
	session vehicle.Session
	from    float64
}

// charge begins a session. The EVSE and the charger on board bound what the meter
// counts, the battery's curve what arrives.
func (o outlet) charge(v vehicle.Vehicle, from float64) charge {
	v.ACKW *= o.efficiency
	return charge{v.At(o.kW*o.efficiency, o.dc), from}
}

// after is the charge after some time at the plug, 0 … 1: the inverse of
// vehicle.Session.Time, to 10⁻⁷.
func (c charge) after(d time.Duration) float64 {
	if !c.session.Possible() || d <= 0 {
		return c.from
	}
	low, high := c.from, 1.0
	if c.session.Time(low, high) <= d {
		return high
	}
	for high-low > 1e-7 {
		middle := (low + high) / 2
		if c.session.Time(c.from, middle) <= d {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// until is how long it takes to reach a charge.
func (c charge) until(to float64) time.Duration { return c.session.Time(c.from, min(to, 1)) }
