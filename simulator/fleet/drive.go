package fleet

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
)

// way is a drive between two halts, by the quickest road.
type way struct {
	km, kmh float64
	points  []geo.Point
	length  []float64 // great circle from the first to each, km
}

// wayOf finds it; where no road leads, it goes straight.
func wayOf(from, to geo.Point) way {
	w := way{km: 1.3 * geo.Distance(from, to), kmh: 60, points: []geo.Point{from, to}}
	if r, err := road.Default().Route(from, to); err == nil && r.Km > 0 {
		w.km, w.kmh, w.points = r.Km, r.Kmh(), r.Points
	}
	w.length = make([]float64, len(w.points))
	for i := 1; i < len(w.points); i++ {
		w.length[i] = w.length[i-1] + geo.Distance(w.points[i-1], w.points[i])
	}
	return w
}

// at is the point after some km.
func (w way) at(km float64) geo.Point {
	last := len(w.points) - 1
	if w.km <= 0 || km >= w.km {
		return w.points[last]
	}
	want := km / w.km * w.length[last]
	for i := 1; i <= last; i++ {
		if w.length[i] >= want && w.length[i] > w.length[i-1] {
			return geo.Between(w.points[i-1], w.points[i], (want-w.length[i-1])/(w.length[i]-w.length[i-1]))
		}
	}
	return w.points[last]
}

// pieceKm is how far a car drives between two looks at its battery.
const pieceKm = 5.0

// piece is a part of a drive in which nothing changes.
type piece struct {
	km, kmh, kWh float64
	discharge    carlink.Discharge
}

func (p piece) time() time.Duration { return time.Duration(p.km / p.kmh * float64(time.Hour)) }

// manner is how a car is driven now.
type manner struct {
	eco   bool // slowly, so that the battery lasts
	hurry bool // because the next window is near
	air   float64
}

// What driving slowly does, beside no more than the usual tendency, and what
// hurrying does: the share of the speed.
const ecoPace, hurryPace = 0.7, 1.1

// pieceOf is km of a way with a mean speed, of a stretch.
func pieceOf(v vehicle.Vehicle, km, kmh float64, s Stretch, m manner) piece {
	v.Conditions = &vehicle.Conditions{AirC: min(max(m.air, -30), 50)}
	p := piece{km: km, kmh: min(max(kmh*s.Pace, 15), 130), discharge: s.Discharge}
	if m.eco {
		p.kmh *= ecoPace
		if p.discharge == carlink.Fast {
			p.discharge = carlink.Normal
		}
	}
	if m.hurry && !m.eco {
		p.kmh = min(p.kmh*hurryPace, 130)
	}
	p.kWh = v.EnergyKWh(km, p.kmh) * factor(p.discharge) * s.Hill
	return p
}

// need is what a car expects that km of a way will take, in kWh, when it goes on
// with a tendency.
func need(v vehicle.Vehicle, km, kmh float64, d carlink.Discharge, m manner) float64 {
	return pieceOf(v, km, kmh, Stretch{Discharge: d, Pace: 1, Hill: 1}, m).kWh
}

// expectation is the car's figures as it tells them to the planner: with what its
// own meter says that it uses, and a little more.
func expectation(v vehicle.Vehicle, d carlink.Discharge, air float64) map[string]any {
	v.Conditions = &vehicle.Conditions{AirC: min(max(air, -30), 50)}
	use := v.KWhPer100Km(vehicle.RatedKmh) * max(factor(d), 1) * 1.03
	curve := v.DCCurve
	if len(curve) == 0 {
		curve = vehicle.DefaultCurve(v.DCKW)
	}
	out := map[string]any{
		"usable_battery_kwh": v.UsableBatteryKWh, "consumption_kwh_100km": round(use, 100), "dc_kw": v.DCKW, "dc_curve": curve,
	}
	if v.ACKW > 0 {
		out["ac_kw"] = v.ACKW
	}
	return out
}
