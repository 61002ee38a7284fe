package fleet

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Imbalance is something that does not add up in the books.
type Imbalance struct {
	Vehicle charging.VehicleID `json:"vehicle_id,omitempty"`
	Journey int                `json:"journey"`
	// What is energy, time, money, exclusive, manners or company.
	What   string `json:"what"`
	Detail string `json:"detail"`
}

// The tolerances of the audit: what is summed in floating point, and what is
// rounded to cents and seconds.
const (
	energyTolerance = 0.001 // kWh
	moneyTolerance  = 0.02  // each part of a bill is rounded to a cent
	timeTolerance   = 2 * time.Second
	slowest         = 5.0 // km/h that a drive can have on average
	quickest        = 140.0
)

// Audit checks every record by itself, that no EVSE was used by two cars at a time,
// and no car two of them. What it finds is in the order of the records.
func Audit(records []Record) []Imbalance {
	var found []Imbalance
	for _, r := range records {
		found = append(found, r.audit()...)
	}
	return append(found, exclusive(records)...)
}

func (r Record) audit() []Imbalance {
	var found []Imbalance
	wrong := func(what, format string, args ...any) {
		found = append(found, Imbalance{r.Vehicle, r.Journey, what, fmt.Sprintf(format, args...)})
	}
	if len(r.Phases) == 0 && len(r.Sessions) == 0 {
		return nil // it never left
	}
	r.auditEnergy(wrong)
	r.auditTime(wrong)
	r.auditMoney(wrong)
	for _, a := range r.Attempts {
		if a.Wrong != "" {
			wrong("manners", "%s at %s, %s: %s", a.Misdeed, a.EVSE, a.At.Format(time.RFC3339), a.Wrong)
		}
	}
	return found
}

func (r Record) auditEnergy(wrong func(what, format string, args ...any)) {
	charged := 0.0
	for _, s := range r.Sessions {
		charged += s.BatteryKWh
		if rise := (s.ToSoC - s.FromSoC) * r.BatteryKWh; off(rise, s.BatteryKWh, energyTolerance) {
			wrong("energy", "at %s the charge rose by %.3f kWh, and %.3f kWh are written", s.EVSE, rise, s.BatteryKWh)
		}
		if off(s.MeterKWh*s.Efficiency, s.BatteryKWh, energyTolerance) {
			wrong("energy", "the meter of %s counted %.3f kWh at %.0f%%, and the battery got %.3f kWh", s.EVSE, s.MeterKWh, 100*s.Efficiency, s.BatteryKWh)
		}
	}
	if sum := r.StartKWh + charged - r.ConsumedKWh; off(sum, r.EndKWh, energyTolerance) {
		wrong("energy", "%.3f at the start + %.3f charged − %.3f consumed = %.3f kWh, and the battery holds %.3f",
			r.StartKWh, charged, r.ConsumedKWh, sum, r.EndKWh)
	}
	if r.EndKWh < -energyTolerance || r.EndKWh > r.BatteryKWh+energyTolerance {
		wrong("energy", "the battery of %.1f kWh holds %.3f", r.BatteryKWh, r.EndKWh)
	}
}

func (r Record) auditTime(wrong func(what, format string, args ...any)) {
	at, km := r.Departure, 0.0
	for _, p := range r.Phases {
		if gap := p.From.Sub(at); gap.Abs() > timeTolerance {
			wrong("time", "%s between two phases before %s are not accounted for", gap, p.Kind)
		}
		km += p.Km
		if h := p.To.Sub(p.From).Hours(); p.Kind == PhaseDrive && h > 0.05 && (p.Km/h < slowest || p.Km/h > quickest) {
			wrong("time", "%.0f km were driven in %s", p.Km, p.To.Sub(p.From))
		} else if p.Kind != PhaseDrive && p.Km != 0 {
			wrong("time", "%.1f km were driven while the car was to %s", p.Km, p.Kind)
		}
		at = p.To
	}
	if gap := r.Arrival.Sub(at); gap.Abs() > timeTolerance {
		wrong("time", "departure and all phases end at %s, and the arrival is %s", at.Format(time.RFC3339), r.Arrival.Format(time.RFC3339))
	}
	if off(km, r.Km, 0.01) {
		wrong("time", "the phases have %.2f km, and the journey %.2f", km, r.Km)
	}
	for _, s := range r.Sessions {
		left := s.Unplugged
		if !s.Left.IsZero() {
			left = s.Left
		}
		if !slices.ContainsFunc(r.Phases, func(p Phase) bool {
			return p.Kind == PhaseCharge && !s.Plugged.Before(p.From.Add(-timeTolerance)) && !left.After(p.To.Add(timeTolerance))
		}) && left.After(s.Plugged) {
			wrong("time", "the session at %s from %s to %s is in no time spent at a plug", s.EVSE, s.Plugged.Format(time.RFC3339), left.Format(time.RFC3339))
		}
	}
}

func (r Record) auditMoney(wrong func(what, format string, args ...any)) {
	paid := 0.0
	for _, s := range r.Sessions {
		paid += s.Price
		if s.Silent {
			continue // its company knows no figure of it; see auditTrip
		}
		if sum := s.PerSession + s.PerKWh*s.MeterKWh + s.Overstay; off(sum, s.Price, moneyTolerance) {
			wrong("money", "%.2f a session + %.2f × %.3f kWh + %.2f for overstaying = %.2f, and %s charged %.2f",
				s.PerSession, s.PerKWh, s.MeterKWh, s.Overstay, sum, s.EVSE, s.Price)
		}
		if late := max(s.Unplugged.Sub(s.Window.End), 0); (late - s.Overstayed).Abs() > timeTolerance {
			wrong("money", "the car left %s %s after its window, and %s are written", s.EVSE, late, s.Overstayed)
		}
		if s.Billed && off(s.BilledKWh, s.MeterKWh, 0.01) {
			wrong("energy", "the meter of %s counted %.3f kWh, and the company billed %.3f", s.EVSE, s.MeterKWh, s.BilledKWh)
		}
		if s.Overstayed == 0 && s.Overstay != 0 {
			wrong("money", "%s charged %.2f for overstaying, and the car had left in time", s.EVSE, s.Overstay)
		}
	}
	if off(paid, r.Paid, moneyTolerance*float64(1+len(r.Sessions))) {
		wrong("money", "the sessions cost %.2f, and %.2f were paid", paid, r.Paid)
	}
}

func off(a, b, tolerance float64) bool { return !(math.Abs(a-b) <= tolerance) }

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
