package api

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// ReservationHistory answers GET /api/v1/reservations/{reservation_id}/history.
type ReservationHistory struct {
	// Reservation is as it is now; a hold that has lapsed is EXPIRED before its step says so.
	Reservation Booking           `json:"reservation"`
	Steps       []ReservationStep `json:"steps"`
}

// ReservationStep is one line of what the owner of an EVSE has seen of a reservation.
type ReservationStep struct {
	Seq int64 `json:"seq"`
	// At is real time, CivilAt the time in which windows lie.
	At      time.Time         `json:"at"`
	CivilAt time.Time         `json:"civil_at"`
	Step    charging.StepKind `json:"step"`
	From    charging.State    `json:"from,omitempty"`
	State   charging.State    `json:"state"`
	By      string            `json:"by,omitempty"`
	Code    charging.Code     `json:"code,omitempty"`
	Start   time.Time         `json:"start,omitzero"`
	End     time.Time         `json:"end,omitzero"`
	TripID  charging.TripID   `json:"yielded_to,omitempty"`
	Outcome charging.Outcome  `json:"outcome,omitempty"`
	Reason  string            `json:"reason,omitempty"`
	Request string            `json:"request_id,omitempty"`
}

// ByOperator is a step's By where the owner's operator has done it.
const ByOperator = "operator"

// ReservationHistoryOf shows what is kept of a reservation; now is real time.
func ReservationHistoryOf(r charging.Reservation, steps []charging.Step, now time.Time) ReservationHistory {
	h := ReservationHistory{Reservation: BookingOf(r, "", now), Steps: make([]ReservationStep, len(steps))}
	for i, s := range steps {
		h.Steps[i] = ReservationStep{
			Seq: s.Number, At: s.At, CivilAt: s.Civil, Step: s.Kind, From: s.From, State: s.To, By: string(s.By), Code: s.Code,
			Start: s.Window.Start, End: s.Window.End, TripID: s.YieldedTo, Outcome: s.Heard, Reason: s.Reason, Request: s.RequestID,
		}
		if s.Operator {
			h.Steps[i].By = ByOperator
		}
	}
	return h
}
