package trip

import (
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
)

// Policy says what a trip does when a stop is refused.
type Policy string

// The policies of on_conflict.
const (
	Ask    Policy = "ask"
	Replan Policy = "replan"
	Wait   Policy = "wait"
	Abort  Policy = "abort"
)

// Valid reports whether p is one of the four policies.
func (p Policy) Valid() bool { return p == Ask || p == Replan || p == Wait || p == Abort }

// Trip is an ordered list of stops, booked whole or not at all. Its JSON form
// is the contract's; Saga is the originator's own and never leaves it.
type Trip struct {
	ID        charging.TripID    `json:"trip_id"`
	State     State              `json:"state"`
	VehicleID charging.VehicleID `json:"vehicle_id"`
	// Origin is the company whose server received the trip, its owner.
	Origin     charging.CompanyID `json:"origin_company"`
	OnConflict Policy             `json:"on_conflict"`
	Legs       []Leg              `json:"legs"`
	Ticket     *TicketView        `json:"ticket,omitempty"`
	// Decisions are what the trip asks of its driver, one per stop; Decision is the
	// first of them. Only Ask and Answered change them.
	Decisions []Decision `json:"decisions,omitempty"`
	Decision  *Decision  `json:"decision,omitempty"`
	// Kept are, in the answer to a cancel, the stops that it could not release.
	Kept []Kept `json:"kept,omitempty"`
	// Proposal is a change that a CONFIRMED trip needs as its car drives now:
	// the stop that it will miss, why, and what may be taken instead (by swap,
	// or by the decision continue). Nothing happens when it expires.
	Proposal *Decision `json:"proposal,omitempty"`
	// Problem is why the trip was ABORTED or waits, in the words of the
	// refusal that decided it.
	Problem   *Problem  `json:"problem,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	// StuckSince and NextRetryAt are, of a trip that is shown, from when on a stop of it
	// could not be released, and when that is tried again; of a record they are its saga's.
	StuckSince  time.Time `json:"stuck_since,omitzero"`
	NextRetryAt time.Time `json:"next_retry_at,omitzero"`
	Saga        *Saga     `json:"saga,omitempty"`
	// Plan is what the trip's plan says beside its stops, for who reads the trip; records
	// do not have it.
	Plan *Outline `json:"plan,omitempty"`
	// Planned is the plan itself, with which the trip is created (docs/adr/0019-a-trip-keeps-its-plan.md).
	Planned *Plan `json:"-"`
	// foreign is what the trip's record had and this version does not know.
	foreign *foreign
}

// LegPlanned is a leg's state before its company has answered anything.
const LegPlanned charging.State = "PLANNED"

// Leg is one stop of a trip.
type Leg struct {
	// Leg counts from 1 in travel order.
	Leg           int                    `json:"leg"`
	ReservationID charging.ReservationID `json:"reservation_id"`
	CompanyID     charging.CompanyID     `json:"company_id"`
	EVSEID        charging.EVSEID        `json:"evse_id"`
	Start         time.Time              `json:"start"`
	End           time.Time              `json:"end"`
	// State is LegPlanned or the reservation's state as last heard.
	State charging.State `json:"state"`
	Fence int64          `json:"fence,omitempty"`
	// ExpiresAt is when a CLAIMED or PENDING hold lapses, by this server's
	// clock.
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	// Attempts counts the remote calls made for this reservation id.
	Attempts  int      `json:"attempts"`
	Problem   *Problem `json:"problem,omitempty"`
	EnergyKWh float64  `json:"energy_kwh,omitempty"`
	Price     float64  `json:"price,omitempty"`
	// DriveMinutes of the drive that leads to the stop, from the plan; 0 where it
	// is not known.
	DriveMinutes float64 `json:"drive_minutes,omitempty"`
	// BookedAt is when the stop became RESERVED, civil time: the grace to cancel
	// it counts from there.
	BookedAt time.Time `json:"booked_at,omitzero"`
	// MoveSeq numbers the moves of this reservation's window.
	MoveSeq int64 `json:"moves,omitempty"`
	// Session of the car that has plugged in here, billed once it has left.
	Session *charging.Session `json:"session,omitempty"`
	// LegPlan is what the trip's plan says of the stop, for who reads the trip; records do
	// not have it.
	*LegPlan
}

// Window of the leg.
func (l Leg) Window() charging.Window { return charging.Window{Start: l.Start, End: l.End} }

// Problem is a refusal as a trip remembers it. Without a Code nobody has refused: the
// driver has canceled.
type Problem struct {
	Code   charging.Code `json:"code,omitempty"`
	Detail string        `json:"detail"`
}

// TicketView is what a driver sees of the trip's ticket.
type TicketView struct {
	Issuer    charging.CompanyID `json:"issuer"`
	GrantedAt string             `json:"granted_at"`
	ExpiresAt time.Time          `json:"expires_at"`
}

// Decision is what a trip asks of its driver: the stop it lost, why, and what
// is left to choose from until ExpiresAt.
type Decision struct {
	Leg          int           `json:"leg"`
	Code         charging.Code `json:"code"`
	Detail       string        `json:"detail"`
	ExpiresAt    time.Time     `json:"expires_at"`
	Alternatives []Alternative `json:"alternatives"`
}

// Kept is a stop that a cancel could not release: why, and until when it could
// have been (zero where that is no question of time).
type Kept struct {
	Leg   int           `json:"leg"`
	Code  charging.Code `json:"code"`
	Until time.Time     `json:"until,omitzero"`
}

// Alternative is another choice for one stop.
type Alternative struct {
	ID           string             `json:"alternative_id"`
	Leg          int                `json:"leg"`
	CompanyID    charging.CompanyID `json:"company_id"`
	EVSEID       charging.EVSEID    `json:"evse_id"`
	Start        time.Time          `json:"start"`
	End          time.Time          `json:"end"`
	DeltaMinutes float64            `json:"delta_minutes"`
	DeltaPrice   float64            `json:"delta_price"`
	// LocationID is the EVSE's site; empty of a stop given by hand.
	LocationID charging.LocationID `json:"location_id,omitempty"`
	// ArriveSoC is the charge on arrival, 0…1, and EnergyKWh what the car charges there; nil
	// and 0 where the battery is not known.
	ArriveSoC *float64 `json:"arrive_soc,omitempty"`
	EnergyKWh float64  `json:"energy_kwh,omitempty"`
	// LaterStops are the later legs whose windows move with it.
	LaterStops []MovedStop `json:"later_stops"`
}

// MovedStop is a later leg with its new window.
type MovedStop struct {
	Leg       int                `json:"leg"`
	CompanyID charging.CompanyID `json:"company_id"`
	EVSEID    charging.EVSEID    `json:"evse_id"`
	Start     time.Time          `json:"start"`
	End       time.Time          `json:"end"`
	EnergyKWh float64            `json:"energy_kwh,omitempty"`
}

// Saga is what the originator remembers beside the public trip, in the same
// journal record.
type Saga struct {
	// Epoch numbers the owners of the trip; Owner is the present one.
	Epoch int64  `json:"epoch"`
	Owner string `json:"owner"`
	// Ticket is the compact JWS, presented with claims.
	Ticket string `json:"ticket,omitempty"`
	// EnteredConfirming is true from the first CONFIRMING on: from then a
	// stop counts as released only when its company has said so.
	EnteredConfirming bool `json:"entered_confirming,omitempty"`
	// Abandoned are earlier reservation ids that still must be compensated.
	Abandoned []Abandoned `json:"abandoned,omitempty"`
	// Former are reservation ids that were replaced and have been released.
	Former []charging.ReservationID `json:"former,omitempty"`
	// FormerAt are the companies that know them; editions before kept the ids alone.
	FormerAt []Former `json:"former_at,omitempty"`
	// DecisionTimeout bounds decisions and waits.
	DecisionTimeout time.Duration `json:"decision_timeout"`
	// Shift is a change of several windows in progress.
	Shift *Shift `json:"shift,omitempty"`
	// Swap0 is read from records of version 0 only; see Decode.
	Swap0 *Swap0 `json:"swap,omitempty"`
	// Journey is what alternatives need to judge the battery; nil for stops
	// given by hand without it.
	Journey *Journey `json:"journey,omitempty"`
	// Restarts counts how often a refused confirm sent the trip back to
	// RESERVING.
	Restarts int `json:"restarts,omitempty"`
	// LapsesBy is when every hold that was ever asked for has certainly run
	// out, by the server's clock; set with COMPENSATING, which asks for none.
	LapsesBy *time.Time `json:"lapses_by,omitempty"`
	// Stuck says why a stop cannot be released, while that is so.
	Stuck *Stuck `json:"stuck,omitempty"`
	// CancelAsked is true once the driver has asked for the end of a trip that is
	// not booked yet: journaled before it is answered.
	CancelAsked bool `json:"cancel_asked,omitempty"`
	// Plugging is a plug that has been passed on to the stop's company, and whose
	// answer is not journaled yet.
	Plugging *Plugging `json:"plugging,omitempty"`
	// Unplugs are unplugs that came before their plug, and are kept for it.
	Unplugs []Unplug `json:"unplugs,omitempty"`
	// Missed counts the stops that nobody came to and that the policy replan has
	// replaced since the car plugged in last.
	Missed int `json:"missed,omitempty"`
	// AttemptEnds bounds the present wait.
	AttemptEnds *time.Time `json:"attempt_ends,omitempty"`
	// Done are the ids of the last commands that were carried out, so that one
	// which is delivered again, after a take-over, is not.
	Done []string `json:"done,omitempty"`
}

// Abandoned is a reservation id that is no longer current and still must be
// released at its company.
type Abandoned struct {
	Leg           int                    `json:"leg"`
	ReservationID charging.ReservationID `json:"reservation_id"`
	CompanyID     charging.CompanyID     `json:"company_id"`
	EVSEID        charging.EVSEID        `json:"evse_id"`
	End           time.Time              `json:"end"`
}

// Plugging names the stop at whose plug a car has just arrived.
type Plugging struct {
	Leg           int                    `json:"leg"`
	ReservationID charging.ReservationID `json:"reservation_id"`
	Plug          charging.Plug          `json:"plug"`
}

// Unplug is a word that a car has left which has overtaken the one that it came.
type Unplug struct {
	ReservationID charging.ReservationID `json:"reservation_id"`
	Plug          charging.Plug          `json:"plug"`
	// UsableKWh is the car's battery, for one whose meter says nothing; zero where
	// it is not known.
	UsableKWh float64 `json:"usable_kwh,omitempty"`
}

// Stuck says why a trip cannot come to its end.
type Stuck struct {
	Leg       int       `json:"leg"`
	Reason    string    `json:"reason"`
	Attempts  int       `json:"attempts"`
	NextRetry time.Time `json:"next_retry"`
	Since     time.Time `json:"since"`
}

// Journey is the drive behind a trip: what the planner needs to judge another
// stop.
type Journey struct {
	From          geo.Point `json:"from"`
	To            geo.Point `json:"to"`
	Departure     time.Time `json:"departure"`
	SoC           float64   `json:"soc"`
	MinArrivalSoC float64   `json:"min_arrival_soc"`
	// MinDestinationSoC is to be left at the destination; nil: MinArrivalSoC there, too.
	MinDestinationSoC *float64 `json:"min_destination_soc,omitempty"`
	// MaxChargeSoC is the charge that no stop goes above; 0: full.
	MaxChargeSoC float64 `json:"max_charge_soc,omitempty"`
	// VehicleModel is an id of pkg/vehicle, or empty with explicit Vehicle
	// figures as JSON of the request.
	VehicleModel string `json:"vehicle_model,omitempty"`
	// UsableKWh, KWhPer100, DCKW and ACKW are the explicit figures.
	UsableKWh float64      `json:"usable_kwh,omitempty"`
	KWhPer100 float64      `json:"kwh_per_100km,omitempty"`
	DCKW      float64      `json:"dc_kw,omitempty"`
	ACKW      float64      `json:"ac_kw,omitempty"`
	DCCurve   [][2]float64 `json:"dc_curve,omitempty"`
	// Plugs are the standards that the car can be plugged in with, where they were named; else
	// those of the model, or of package vehicle's guess for figures.
	Plugs []string `json:"plugs,omitempty"`
	// Conditions of the drive; nil where they are those that consumption is stated for.
	Conditions *Conditions `json:"conditions,omitempty"`
	// LatestArrival is when the driver must be there; zero where that is open.
	LatestArrival time.Time `json:"latest_arrival,omitzero"`
	// Avoid and Insist name what no stop, and what only or certainly a stop, may use.
	Avoid  Choice `json:"avoid,omitzero"`
	Insist Choice `json:"insist,omitzero"`
	// Objective of the plan; empty: fastest.
	Objective Objective `json:"objective,omitempty"`
	// Earliest is the departure that was asked for, where LatestArrival has made it later.
	Earliest time.Time `json:"earliest,omitzero"`
	// Via are the places that the trip passes, in travel order; see Between.
	Via []Waypoint `json:"via,omitempty"`
}

// AtDestination is the charge that is to be left at the destination.
func (j Journey) AtDestination() float64 {
	if j.MinDestinationSoC != nil {
		return *j.MinDestinationSoC
	}
	return j.MinArrivalSoC
}

// Conditions are what changes a car's consumption beside its speed.
type Conditions struct {
	// AirC is the temperature outside in °C.
	AirC float64 `json:"air_c"`
	// LoadKg is what is carried beside the driver.
	LoadKg float64 `json:"load_kg"`
	// HeadwindKmh is the mean wind against the car, negative from behind.
	HeadwindKmh float64 `json:"headwind_kmh"`
}

// RatedAirC is the temperature, in °C, that consumption is stated for.
const RatedAirC = 23.0

// Choice names companies, locations and EVSEs.
type Choice struct {
	Companies []charging.CompanyID  `json:"companies,omitempty"`
	Locations []charging.LocationID `json:"locations,omitempty"`
	EVSEs     []charging.EVSEID     `json:"evses,omitempty"`
}

// IsZero is true where it names nothing.
func (c Choice) IsZero() bool { return len(c.Companies)+len(c.Locations)+len(c.EVSEs) == 0 }

// Public is the trip as its driver sees it: without Saga, all instants in UTC, and with
// since when it is stuck.
func (t Trip) Public() Trip {
	if t.Saga != nil && t.Saga.Stuck != nil {
		t.StuckSince, t.NextRetryAt = t.Saga.Stuck.Since.UTC(), t.Saga.Stuck.NextRetry.UTC()
	}
	t.Saga, t.foreign, t.Planned = nil, nil, nil
	return t
}

// Former is a reservation that was replaced, and the company whose it was.
type Former struct {
	ReservationID charging.ReservationID `json:"reservation_id"`
	CompanyID     charging.CompanyID     `json:"company_id"`
}

// Left remembers a stop whose reservation is replaced. What was read before does not change.
func (s *Saga) Left(l Leg) {
	s.Former = append(slices.Clone(s.Former), l.ReservationID)
	s.FormerAt = append(slices.Clone(s.FormerAt), Former{l.ReservationID, l.CompanyID})
}

// Knew reports whether a company may know a reservation that was replaced: it is its own.
// Of those that editions before have replaced only the id is kept, which nobody knows but
// its company and this one.
func (s *Saga) Knew(who charging.CompanyID, id charging.ReservationID) bool {
	k := slices.IndexFunc(s.FormerAt, func(f Former) bool { return f.ReservationID == id })
	return slices.Contains(s.Former, id) && (k < 0 || s.FormerAt[k].CompanyID == who)
}

// Clone is a deep enough copy for another goroutine to read.
func (t Trip) Clone() Trip {
	t.Legs = slices.Clone(t.Legs)
	t.Decisions = slices.Clone(t.Decisions)
	if t.Saga != nil {
		s := *t.Saga
		s.Abandoned = slices.Clone(s.Abandoned)
		s.Former, s.FormerAt = slices.Clone(s.Former), slices.Clone(s.FormerAt)
		s.Unplugs = slices.Clone(s.Unplugs)
		if s.Shift != nil {
			s.Shift = &Shift{Phase: s.Shift.Phase, Takes: slices.Clone(s.Shift.Takes)}
		}
		t.Saga = &s
	}
	return t
}

// Span is the time from the first window's start to the last one's end.
func (t Trip) Span() charging.Window {
	if len(t.Legs) == 0 {
		return charging.Window{}
	}
	return charging.Window{Start: t.Legs[0].Start, End: t.Legs[len(t.Legs)-1].End}
}

// Ref of the k-th leg (from 0) under the trip's present epoch and owner.
func (t Trip) Ref(k int) charging.Ref {
	l := t.Legs[k]
	return t.ref(l.ReservationID, l.EVSEID, l.End)
}

// RefOf an abandoned reservation under the trip's present epoch and owner.
func (t Trip) RefOf(a Abandoned) charging.Ref { return t.ref(a.ReservationID, a.EVSEID, a.End) }

func (t Trip) ref(id charging.ReservationID, evse charging.EVSEID, end time.Time) charging.Ref {
	return charging.Ref{
		ID: id, TripID: t.ID, Origin: t.Origin, EVSEID: evse, End: end,
		Epoch: t.Saga.Epoch, Owner: t.Saga.Owner,
	}
}
