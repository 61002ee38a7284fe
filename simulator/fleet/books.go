package fleet

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
)

// Ending is how a journey ended.
type Ending string

// The endings.
const (
	Arrived    Ending = "arrived"
	Impossible Ending = "impossible" // no plan leads there
	Lost       Ending = "lost"       // other cars got the stops
	GaveUp     Ending = "gave_up"    // the driver, when a stop was lost
	Withdrawn  Ending = "canceled"   // by the driver, before the departure
	NeverCame  Ending = "no_show"    // booked, and never left
	Broken     Ending = "broken_down"
	Empty      Ending = "stranded"   // no charge left, or none to reach a charger
	Unheard    Ending = "unanswered" // the company did not answer
	Erred      Ending = "failed"     // a refusal that is none of the above
	Unfinished Ending = "unfinished" // the fleet was ended before
)

// Endings lists them all.
func Endings() []Ending {
	return []Ending{Arrived, Impossible, Lost, GaveUp, Withdrawn, NeverCame, Broken, Empty, Unheard, Erred, Unfinished}
}

// PhaseKind is what a car does with its time between departure and arrival.
type PhaseKind string

// The kinds of phases.
const (
	PhaseDrive  PhaseKind = "drive"
	PhaseWait   PhaseKind = "wait"
	PhaseCharge PhaseKind = "charge" // at the plug
)

// Phase of a journey, in civil time. Km is what was driven in it.
type Phase struct {
	Kind PhaseKind `json:"kind"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Km   float64   `json:"km,omitempty"`
}

// Session is one time at a plug. Charges are fractions 0 … 1, instants civil.
type Session struct {
	ReservationID charging.ReservationID `json:"reservation_id"`
	TripID        charging.TripID        `json:"trip_id"`
	Company       charging.CompanyID     `json:"company_id"`
	EVSE          charging.EVSEID        `json:"evse_id"`
	Window        charging.Window        `json:"window"`
	Lat           float64                `json:"lat"`
	Lon           float64                `json:"lon"`
	// Asked is when the car said that it has plugged in, Plugged when it was let
	// in; Released when it said that it leaves, or its company ended the session
	// by itself: between Plugged and Released nobody else may have this plug, nor
	// this car another. Unplugged is when it had left by the company's word.
	Asked     time.Time `json:"asked"`
	Plugged   time.Time `json:"plugged"`
	Released  time.Time `json:"released"`
	Unplugged time.Time `json:"unplugged"`
	// Left is when it drove off without a word, zero where it did not; Silent is
	// true where it has never said so, and the company's bill is an estimate.
	Left    time.Time `json:"left,omitzero"`
	Silent  bool      `json:"silent,omitempty"`
	FromSoC float64   `json:"from_soc"`
	ToSoC   float64   `json:"to_soc"`
	// BatteryKWh reached the battery, MeterKWh is what the EVSE's meter counted.
	BatteryKWh float64 `json:"battery_kwh"`
	Efficiency float64 `json:"efficiency"`
	MeterKWh   float64 `json:"meter_kwh"`
	// Price is PerSession + PerKWh × MeterKWh + Overstay, in the tariff's currency.
	PerKWh     float64 `json:"per_kwh"`
	PerSession float64 `json:"per_session"`
	Price      float64 `json:"price"`
	// Overstayed is how long after the window's end the car unplugged, Overstay
	// what the company charged for it.
	Overstayed time.Duration `json:"overstayed,omitempty"`
	Overstay   float64       `json:"overstay,omitempty"`
	// Billed is true where the company has metered and priced the session, at
	// BilledKWh; else the price is what its tariff says.
	Billed    bool    `json:"billed,omitempty"`
	BilledKWh float64 `json:"billed_kwh,omitempty"`
}

// Record is what became of one journey: the car's books.
type Record struct {
	Car     int                `json:"car"`
	Vehicle charging.VehicleID `json:"vehicle_id"`
	Server  int                `json:"server"`
	Journey int                `json:"journey"`
	From    string             `json:"from"`
	To      string             `json:"to"`
	Ending  Ending             `json:"ending"`
	Reason  string             `json:"reason,omitempty"`
	// Wished is when the car began to ask, Departure when it left, Arrival when
	// the journey ended.
	Wished    time.Time `json:"wished"`
	Departure time.Time `json:"departure,omitzero"`
	Arrival   time.Time `json:"arrival,omitzero"`
	Phases    []Phase   `json:"phases,omitempty"`
	Sessions  []Session `json:"sessions,omitempty"`
	// BatteryKWh is the whole battery. What it held at the departure and at the
	// end, and what the drives took.
	BatteryKWh  float64 `json:"usable_battery_kwh"`
	StartKWh    float64 `json:"start_kwh"`
	EndKWh      float64 `json:"end_kwh"`
	ConsumedKWh float64 `json:"consumed_kwh"`
	// Km driven, Paid for charging, Planned by the first plan for it.
	Km      float64 `json:"km"`
	Paid    float64 `json:"paid"`
	Planned float64 `json:"planned,omitempty"`
	// Trips that were booked, Replans how often on the way.
	Trips   []charging.TripID `json:"trips,omitempty"`
	Replans int               `json:"replans,omitempty"`
	// OffPlan is what the driver did that cost charge and no plan knew of: detour,
	// careless, bad manners.
	OffPlan []string `json:"off_plan,omitempty"`
	// Attempts are the misdeeds that were tried.
	Attempts []Attempt `json:"attempts,omitempty"`
	// Path is where the car has been, every few km.
	Path []geo.Point `json:"-"`
}

// phase adds to the time that was spent; neighbours of a kind become one.
func (r *Record) phase(kind PhaseKind, from, to time.Time, km float64) {
	if n := len(r.Phases); n > 0 && r.Phases[n-1].Kind == kind && r.Phases[n-1].To.Equal(from) {
		r.Phases[n-1].To, r.Phases[n-1].Km = to, r.Phases[n-1].Km+km
		return
	}
	if to.After(from) {
		r.Phases = append(r.Phases, Phase{kind, from, to, km})
	}
}

// FollowedPlan is true where nothing that the driver did cost charge that no plan
// knew of.
func (r Record) FollowedPlan() bool { return len(r.OffPlan) == 0 }
