package vehicle

import (
	"math"
	"time"
)

// Session is a vehicle at a charger of a given power: how fast it charges. It does
// not change; any number of goroutines may use it.
type Session struct {
	pieces []piece
	rate   float64 // hours for a charge of 0 … 1 at 1 kW: the battery's kWh
	hours  float64 // of a charge from 0 to 1
}

// piece is a stretch of the curve on which power changes linearly.
type piece struct {
	from, to   float64 // states of charge, 0 … 1
	kw, slope  float64 // power at from, and its change per state of charge
	hoursSoFar float64 // from 0 to from
}

// minKW is what a charger must give to count as one.
const minKW = 0.1

// At is the vehicle at an EVSE's connector of evseKW; dc says whether that gives
// direct current. A session that can deliver nothing (no charger on board at an AC
// connector, no power) has Possible() false. The vehicle must be valid.
func (v Vehicle) At(evseKW float64, dc bool) Session {
	limit := min(evseKW, v.DCKW)
	curve := v.DCCurve
	if !dc {
		limit = min(evseKW, v.ACKW)
		curve = []CurvePoint{{0, limit}, {100, limit}}
	} else if len(curve) == 0 {
		curve = DefaultCurve(v.DCKW)
	}
	if !(limit >= minKW) {
		return Session{}
	}
	s := Session{rate: v.UsableBatteryKWh}
	s.add(0, curve[0].Percent()/100, curve[0].KW(), curve[0].KW(), limit)
	for i := 1; i < len(curve); i++ {
		a, b := curve[i-1], curve[i]
		s.add(a.Percent()/100, b.Percent()/100, a.KW(), b.KW(), limit)
	}
	last := curve[len(curve)-1]
	s.add(last.Percent()/100, 1, last.KW(), last.KW(), limit)
	return s
}

// add appends a stretch of the curve, cut where it crosses the limit.
func (s *Session) add(from, to, kw0, kw1, limit float64) {
	if to <= from {
		return
	}
	if (kw0 > limit) != (kw1 > limit) && kw0 != limit && kw1 != limit {
		cross := from + (to-from)*(limit-kw0)/(kw1-kw0)
		if cross > from && cross < to {
			s.add(from, cross, kw0, limit, limit)
			s.add(cross, to, limit, kw1, limit)
			return
		}
	}
	kw0, kw1 = min(kw0, limit), min(kw1, limit)
	p := piece{from: from, to: to, kw: kw0, slope: (kw1 - kw0) / (to - from), hoursSoFar: s.hours}
	s.pieces = append(s.pieces, p)
	s.hours += s.rate * p.integral(to)
}

// integral of 1/power over the state of charge, from the piece's start to soc.
func (p piece) integral(soc float64) float64 {
	d := soc - p.from
	if change := p.slope * d; math.Abs(change) > 1e-9*p.kw {
		return math.Log1p(change/p.kw) / p.slope
	}
	return d / p.kw
}

// Possible is false where the session can deliver nothing.
func (s Session) Possible() bool { return len(s.pieces) > 0 }

// Time is how long charging takes from one state of charge (0 … 1) to another, by
// integrating the curve against the charger's power: exact for a curve that is
// straight between its points. 0 where to is not above from, and for an impossible
// session.
func (s Session) Time(from, to float64) time.Duration {
	if !s.Possible() || !(to > from) {
		return 0
	}
	return time.Duration((s.until(to) - s.until(from)) * float64(time.Hour))
}

// until is the hours from empty to soc.
func (s Session) until(soc float64) float64 {
	soc = min(max(soc, 0), 1)
	for _, p := range s.pieces {
		if soc <= p.to {
			return p.hoursSoFar + s.rate*p.integral(soc)
		}
	}
	return s.hours
}

// ChargeTime is Time of a session that is used once.
func (v Vehicle) ChargeTime(from, to, evseKW float64, dc bool) time.Duration {
	return v.At(evseKW, dc).Time(from, to)
}
