package vehicle

import (
	"fmt"
	"math"
	"strings"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Vehicle is what the planner must know of a car. The JSON names are those of the
// driver API's explicit figures.
type Vehicle struct {
	ID   string `json:"id,omitempty"`   // "byd-dolphin"; empty for explicit figures
	Name string `json:"name,omitempty"` // "BYD Dolphin 60.5 kWh"
	// UsableBatteryKWh is the energy between 0 and 100%.
	UsableBatteryKWh float64 `json:"usable_battery_kwh"`
	// ConsumptionKWh100Km is the mean consumption, at a mean speed of RatedKmh.
	ConsumptionKWh100Km float64 `json:"consumption_kwh_100km"`
	// ACKW is the power of the charger on board; 0 where the car has none.
	ACKW float64 `json:"ac_kw,omitempty"`
	// DCKW is the highest power at a DC charger.
	DCKW float64 `json:"dc_kw"`
	// Ports are what the car can be plugged in with, as OCPI calls connectors' standards
	// (IEC_62196_T2, CHADEMO), by an inlet or an adapter that it carries. Nil: see Plugs.
	Ports []string `json:"ports,omitempty"`
	// DCCurve is the power that the battery takes at a state of charge, straight
	// between its points, never above DCKW. Empty: DefaultCurve.
	DCCurve []CurvePoint `json:"dc_curve,omitempty"`
	// Conditions of the drive; nil where they are those that consumption is stated for.
	Conditions *Conditions `json:"conditions,omitempty"`
}

// Plugs are what the car can be plugged in with: its Ports, and where nobody named them what new
// cars in Brazil have, Type 2 and, for one that takes direct current, CCS 2.
func (v Vehicle) Plugs() charging.Plugs {
	switch {
	case len(v.Ports) > 0:
		return charging.PlugsOf(v.Ports...)
	case v.DCKW > 0:
		return charging.PlugsOf(charging.StandardT2, charging.StandardCCS2)
	}
	return charging.PlugsOf(charging.StandardT2)
}

// CurvePoint is [percent, kW].
type CurvePoint [2]float64

// Percent is the state of charge of the point, 0 … 100.
func (p CurvePoint) Percent() float64 { return p[0] }

// KW is the power that the battery takes there.
func (p CurvePoint) KW() float64 { return p[1] }

// FieldError says which figure of a vehicle cannot be, and why.
type FieldError struct {
	Field  string // its JSON name, "dc_curve[2]" for a point
	Reason string
}

func (e *FieldError) Error() string { return e.Field + " " + e.Reason }

// The bounds of what is plausible for a road vehicle.
const (
	minBatteryKWh, maxBatteryKWh   = 5, 300
	minConsumption, maxConsumption = 5, 80 // kWh/100 km
	minDCKW, maxDCKW               = 3, 1000
	maxACKW                        = 50
	maxCurvePoints                 = 101
)

// Validate reports the first figure that is not finite, not positive or not
// plausible, as a *FieldError that names it.
func (v Vehicle) Validate() error {
	for _, f := range []struct {
		name             string
		value, low, high float64
		unit             string
	}{
		{"usable_battery_kwh", v.UsableBatteryKWh, minBatteryKWh, maxBatteryKWh, "kWh"},
		{"consumption_kwh_100km", v.ConsumptionKWh100Km, minConsumption, maxConsumption, "kWh/100 km"},
		{"dc_kw", v.DCKW, minDCKW, maxDCKW, "kW"},
		{"ac_kw", v.ACKW, 0, maxACKW, "kW"},
	} {
		if !(f.value >= f.low && f.value <= f.high) {
			return outOfRange(f.name, f.value, f.low, f.high, f.unit)
		}
	}
	if v.Conditions != nil {
		if err := v.Conditions.validate(); err != nil {
			return err
		}
	}
	for i, port := range v.Ports {
		if !charging.KnownStandard(port) {
			return &FieldError{fmt.Sprintf("plugs[%d]", i), fmt.Sprintf("is %q; want a ConnectorType of OCPI, such as IEC_62196_T2_COMBO or CHADEMO", port)}
		}
	}
	return v.validateCurve()
}

func outOfRange(field string, value, low, high float64, unit string) error {
	return &FieldError{field, strings.TrimSuffix(fmt.Sprintf("is %v; want %v to %v %s", value, low, high, unit), " ")}
}

func (v Vehicle) validateCurve() error {
	if len(v.DCCurve) == 0 {
		return nil
	}
	if n := len(v.DCCurve); n < 2 || n > maxCurvePoints {
		return &FieldError{"dc_curve", fmt.Sprintf("has %d points; want none, or 2 to %d", n, maxCurvePoints)}
	}
	if last := v.DCCurve[len(v.DCCurve)-1].Percent(); last > 0 && last <= 1 {
		return &FieldError{"dc_curve", fmt.Sprintf("ends at %v percent; these are fractions, want percent, 0 to 100", last)}
	}
	last := -1.0
	for i, p := range v.DCCurve {
		field := fmt.Sprintf("dc_curve[%d]", i)
		if !(p.Percent() >= 0 && p.Percent() <= 100) {
			return &FieldError{field, fmt.Sprintf("is at %v percent; want 0 to 100", p.Percent())}
		}
		if p.Percent() <= last {
			return &FieldError{field, fmt.Sprintf("is at %v percent; want more than the point before, %v", p.Percent(), last)}
		}
		if !(p.KW() >= 0.5 && p.KW() <= maxDCKW) {
			return &FieldError{field, fmt.Sprintf("has %v kW; want 0.5 to %v", p.KW(), maxDCKW)}
		}
		last = p.Percent()
	}
	return nil
}

// DefaultCurve is a typical charging curve for a battery that takes at most dcKW:
// full power up to half, then falling to 50% of it at 80% and to 15% when full. Of the
// shape that most models of Open EV Data without a measured curve have.
func DefaultCurve(dcKW float64) []CurvePoint {
	return []CurvePoint{{0, dcKW}, {50, dcKW}, {80, 0.5 * dcKW}, {100, 0.15 * dcKW}}
}

// RatedKmh is the mean speed that a model's consumption is stated for.
const RatedKmh = 75.0

// KWhPer100Km is the consumption at a mean speed in km/h, by the road-load equation
// (T. D. Gillespie, Fundamentals of Vehicle Dynamics, 1992, ch. 4): rolling resistance
// does not depend on speed, drag grows with its square, and what runs all the time
// (lights, cooling) costs less the faster one is. The shares at RatedKmh, 45%, 45%
// and 10%, are those of a compact car. Wind, load and temperature count where Conditions
// tells them; hills are ignored, and so are speeds outside 20 … 140 km/h.
func (v Vehicle) KWhPer100Km(kmh float64) float64 {
	kmh = min(max(kmh, 20), 140)
	if v.Conditions != nil {
		return v.Conditions.kWhPer100Km(v, kmh)
	}
	r := kmh / RatedKmh
	return v.ConsumptionKWh100Km * (rollingShare + dragShare*r*r + idleShare/r)
}

// The shares of consumption at RatedKmh.
const rollingShare, dragShare, idleShare = 0.45, 0.45, 0.10

// EnergyKWh is what a drive of km at a mean speed takes from the battery.
func (v Vehicle) EnergyKWh(km, kmh float64) float64 {
	if km <= 0 {
		return 0
	}
	return km / 100 * v.KWhPer100Km(kmh)
}

// SoCFor is the share of the battery that a drive of km at a mean speed takes.
func (v Vehicle) SoCFor(km, kmh float64) float64 { return v.EnergyKWh(km, kmh) / v.UsableBatteryKWh }

// RangeKm is how far the car gets with a share of its battery at a mean speed.
func (v Vehicle) RangeKm(soc, kmh float64) float64 {
	return math.Max(soc, 0) * v.UsableBatteryKWh / v.KWhPer100Km(kmh) * 100
}
