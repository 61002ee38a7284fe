package fleet

import (
	"fmt"
	"slices"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// auditTrip holds a journey's sessions against one of its trips as its company
// tells it after the end: each session is a FULFILLED stop with one bill, for what
// the meter counted, and each FULFILLED stop a session.
func (r Record) auditTrip(t trip.Trip) []Imbalance {
	var found []Imbalance
	wrong := func(format string, args ...any) {
		found = append(found, Imbalance{r.Vehicle, r.Journey, "company", fmt.Sprintf("trip %s: ", t.ID) + fmt.Sprintf(format, args...)})
	}
	for _, s := range r.Sessions {
		if s.TripID != t.ID {
			continue
		}
		k := slices.IndexFunc(t.Legs, func(l trip.Leg) bool { return l.ReservationID == s.ReservationID })
		switch {
		case k < 0:
			wrong("the car charged at %s, which is no stop of it", s.EVSE)
		case t.Legs[k].State != charging.Fulfilled:
			wrong("the car charged at %s and left, and the stop is %s", s.EVSE, t.Legs[k].State)
		case t.Legs[k].EVSEID != s.EVSE:
			wrong("the car charged at %s, and the stop is at %s", s.EVSE, t.Legs[k].EVSEID)
		default:
			s.auditBill(t.Legs[k], wrong)
		}
	}
	for _, l := range t.Legs {
		used := 0
		for _, s := range r.Sessions {
			if s.ReservationID == l.ReservationID {
				used++
			}
		}
		switch {
		case l.State == charging.Fulfilled && used == 0:
			wrong("stop %d at %s is FULFILLED, and the car was not there", l.Leg, l.EVSEID)
		case used > 1:
			wrong("the car charged %d times at stop %d, %s, for one bill", used, l.Leg, l.EVSEID)
		}
	}
	return found
}

// auditBill holds a session against the bill of its stop. What a car has never said
// is estimated: more than was planned may not be on it.
func (s Session) auditBill(l trip.Leg, wrong func(format string, args ...any)) {
	b := l.Session
	switch {
	case b == nil || b.Price == nil:
		wrong("the car charged %.3f kWh at %s, and there is no bill", s.MeterKWh, s.EVSE)
	case s.Silent && !b.Estimated:
		wrong("the car has never said what it charged at %s, and the bill of %.3f kWh is no estimate", s.EVSE, b.EnergyKWh)
	case s.Silent && b.EnergyKWh > l.EnergyKWh+energyTolerance:
		wrong("the estimate of %.3f kWh at %s is above the %.3f that were planned", b.EnergyKWh, s.EVSE, l.EnergyKWh)
	case s.Silent:
	case b.Estimated:
		wrong("the car has said that it charged %.3f kWh at %s, and the bill is still an estimate of %.3f", s.MeterKWh, s.EVSE, b.EnergyKWh)
	case off(b.EnergyKWh, s.MeterKWh, 0.01):
		wrong("the car charged %.3f kWh at %s, and the bill says %.3f", s.MeterKWh, s.EVSE, b.EnergyKWh)
	case s.Billed && off(b.Price.Total, s.Price, moneyTolerance):
		wrong("the car was told %.2f for %s, and the bill is %.2f", s.Price, s.EVSE, b.Price.Total)
	}
}
