package api

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Endpoint is where a journey begins or ends: a city ("João Pessoa, PB") or a
// point in degrees.
type Endpoint struct {
	City string   `json:"city,omitempty"`
	Lat  *float64 `json:"lat,omitempty"`
	Lon  *float64 `json:"lon,omitempty"`
}

// Vehicle is a model of the catalogue or explicit figures.
type Vehicle struct {
	Model             string       `json:"model,omitempty"`
	UsableBatteryKWh  float64      `json:"usable_battery_kwh,omitempty"`
	ConsumptionKWh100 float64      `json:"consumption_kwh_100km,omitempty"`
	DCKW              float64      `json:"dc_kw,omitempty"`
	ACKW              float64      `json:"ac_kw,omitempty"`
	DCCurve           [][2]float64 `json:"dc_curve,omitempty"`
	// Plugs are the standards that the car can be plugged in with, by adapters that it carries,
	// too, for a model as for figures; nil: those of the model, Type 2 and CCS 2 for figures.
	Plugs []string `json:"plugs,omitempty"`
	// Conditions of the drive, for a model as for figures.
	Conditions *trip.Conditions `json:"conditions,omitempty"`
}

// PlanRequest asks for plans. SoC and MinArrivalSoC are fractions 0…1.
// Nil SoC is 0.9, nil MinArrivalSoC 0.1; a zero Departure is now. With LatestArrival the
// way that leaves as late as possible, not before Departure, and arrives by then is asked
// for. No stop is where Avoid says; Insist names the only companies, and locations and EVSEs
// each of which is a stop; Via the places to pass, in order.
//
// With BasePlanID it asks for that plan anew with Changes, and with other places to pass where
// Via is not nil; the rest is zero then.
type PlanRequest struct {
	BasePlanID    string    `json:"base_plan_id,omitempty"`
	Changes       []Change  `json:"changes,omitempty"`
	Via           *[]Via    `json:"via,omitempty"`
	Origin        Endpoint  `json:"origin,omitzero"`
	Destination   Endpoint  `json:"destination,omitzero"`
	Vehicle       Vehicle   `json:"vehicle,omitzero"`
	SoC           *float64  `json:"soc,omitempty"`
	Departure     time.Time `json:"departure,omitzero"`
	MinArrivalSoC *float64  `json:"min_arrival_soc,omitempty"`
	// MinDestinationSoC is to be left at the destination; nil: MinArrivalSoC. MaxChargeSoC is
	// the charge that no stop goes above; nil: 1.
	MinDestinationSoC *float64       `json:"min_destination_soc,omitempty"`
	MaxChargeSoC      *float64       `json:"max_charge_soc,omitempty"`
	Objective         trip.Objective `json:"objective,omitempty"`
	LatestArrival     time.Time      `json:"latest_arrival,omitzero"`
	Avoid             trip.Choice    `json:"avoid,omitzero"`
	Insist            trip.Choice    `json:"insist,omitzero"`
}

// PlanResponse lists plans, best first.
type PlanResponse struct {
	Plans []trip.Plan `json:"plans"`
}

// Stop is one stop given by hand.
type Stop struct {
	Leg       int             `json:"leg,omitempty"`
	EVSEID    charging.EVSEID `json:"evse_id"`
	Start     time.Time       `json:"start"`
	End       time.Time       `json:"end"`
	EnergyKWh float64         `json:"energy_kwh,omitempty"`
}

// TripRequest asks for a trip: a plan by its id, or stops by hand.
type TripRequest struct {
	VehicleID  charging.VehicleID `json:"vehicle_id"`
	PlanID     string             `json:"plan_id,omitempty"`
	Stops      []Stop             `json:"stops,omitempty"`
	OnConflict trip.Policy        `json:"on_conflict,omitempty"`
	// DecisionTimeoutSeconds is 1…600; 0 is the default, 120.
	DecisionTimeoutSeconds int `json:"decision_timeout_seconds,omitempty"`
	// SoC, where known, lets alternatives be judged for the battery.
	SoC *float64 `json:"soc,omitempty"`
	// Plugs are the standards that the car of stops by hand takes, with its adapters; nil: those
	// of the model that the vehicle is registered with, and where none is known any.
	Plugs []string `json:"plugs,omitempty"`
}

// Actions of a DecisionRequest.
const (
	ActionContinue = "continue"
	ActionWait     = "wait"
	ActionGiveUp   = "give_up"
)

// DecisionRequest is a driver's answer to what a trip asks: one answer, or
// Answers to several questions at once.
type DecisionRequest struct {
	Leg           int              `json:"leg,omitempty"`
	Action        string           `json:"action,omitempty"`
	AlternativeID string           `json:"alternative_id,omitempty"`
	Stop          *Stop            `json:"stop,omitempty"`
	Answers       []DecisionAnswer `json:"answers,omitempty"`
}

// All lists the answers, one for each question.
func (d DecisionRequest) All() []DecisionAnswer {
	if len(d.Answers) > 0 {
		return d.Answers
	}
	return []DecisionAnswer{{d.Leg, d.Action, d.AlternativeID, d.Stop}}
}

// DecisionAnswer is the answer to one question. Leg 0 is the first question;
// with the action give_up it is the whole trip.
type DecisionAnswer struct {
	Leg           int    `json:"leg,omitempty"`
	Action        string `json:"action,omitempty"`
	AlternativeID string `json:"alternative_id,omitempty"`
	Stop          *Stop  `json:"stop,omitempty"`
}

// SwapRequest replaces one stop of a CONFIRMED trip.
type SwapRequest struct {
	AlternativeID string `json:"alternative_id,omitempty"`
	Stop          *Stop  `json:"stop,omitempty"`
}
