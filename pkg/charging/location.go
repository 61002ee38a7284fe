package charging

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/geo"
)

// Location is a charging site of one company.
type Location struct {
	ID      LocationID
	Company CompanyID
	Name    string
	// City and State (two capitals) of the municipality.
	City, State string
	Point       geo.Point
	EVSEs       []EVSE
	// Tariffs of this location's connectors, by id.
	Tariffs []Tariff
	Terms   Terms
}

// EVSEStatus is OCPI's status, as far as this system knows it.
type EVSEStatus string

// The statuses of an EVSE.
const (
	StatusAvailable EVSEStatus = "AVAILABLE"
	StatusCharging  EVSEStatus = "CHARGING"
	// StatusReserved is nobody at the plug in a window that is booked.
	StatusReserved   EVSEStatus = "RESERVED"
	StatusOutOfOrder EVSEStatus = "OUTOFORDER"
	StatusUnknown    EVSEStatus = "UNKNOWN"
)

// EVSEStatuses lists the statuses.
func EVSEStatuses() []EVSEStatus {
	return []EVSEStatus{StatusAvailable, StatusReserved, StatusCharging, StatusOutOfOrder, StatusUnknown}
}

// EVSE is the unit that one car can use at a time, hence the unit reserved.
type EVSE struct {
	ID     EVSEID
	Status EVSEStatus
	// Since is since when it has that status, in civil time, where that is known;
	// Reason says why it is OUTOFORDER.
	Since      time.Time
	Reason     string
	Connectors []Connector
}

// MaxPowerKW is the power of the strongest connector.
func (e EVSE) MaxPowerKW() float64 {
	best := 0.0
	for _, c := range e.Connectors {
		best = max(best, c.PowerKW)
	}
	return best
}

// Connector is one plug of an EVSE.
type Connector struct {
	ID string
	// Standard is one of Standards, in OCPI's terms: IEC_62196_T2_COMBO.
	Standard string
	PowerKW  float64
	TariffID string
}

// Tariff is what charging costs: a fee per session, a price per kWh, and one per
// minute that a car stays beyond its window and a grace, all in Currency (ISO 4217).
type Tariff struct {
	ID         string
	Currency   string
	PerKWh     float64
	PerSession float64
	// IdlePerMinute is charged from IdleGraceMinutes after the window's end on
	// (OCPI's PARKING_TIME); zero charges nothing.
	IdlePerMinute    float64
	IdleGraceMinutes float64
}

// Price of a session that delivers kWh.
func (t Tariff) Price(kWh float64) float64 { return t.PerSession + t.PerKWh*kWh }

// Terms are OCPI's booking terms.
type Terms struct {
	// NoShowTimeout after the window's start without a plug makes it NO_SHOW.
	NoShowTimeout time.Duration
	// CancelUntil before the window's start a driver may still cancel.
	CancelUntil time.Duration
	// CancelGrace after booking a driver may cancel whatever CancelUntil says.
	CancelGrace time.Duration
	// EarlyPlug is how long before the window's start a car may plug in.
	EarlyPlug time.Duration
	// MaxAhead is how far ahead a window may start.
	MaxAhead time.Duration
	// LongestWindow bounds a window here beside the company's Limits; zero does not.
	LongestWindow time.Duration
}

// CancelableUntil is the last instant at which a stop that starts at start and
// was booked at booked may be canceled: start less CancelUntil, or the end of the
// grace after booking where that is later, never after the start.
func (t Terms) CancelableUntil(start, booked time.Time) time.Time {
	until := start.Add(-t.CancelUntil)
	if grace := booked.Add(t.CancelGrace); !booked.IsZero() && grace.After(until) {
		until = grace
	}
	if until.After(start) {
		until = start
	}
	return until
}

// Free is the free time of one EVSE within what was asked, as disjoint windows
// in order.
type Free struct {
	EVSEID  EVSEID
	Windows []Window
}
