package charging

import (
	"errors"
	"time"
)

// Refusal is an answer that says no: what happened (Code), to what (Detail),
// and what is in the way (Conflict) or wrong (Fields). It is made where the
// decision falls, carried unchanged through every room, rendered once at the
// edge, and parsed back to the same value by the calling company.
type Refusal struct {
	Code   Code
	Detail string
	// Conflict describes the reservation in the way (SLOT_TAKEN, PRIORITY_LOST).
	Conflict *Conflict
	// Fields names the fields of the request that are wrong.
	Fields []FieldError
	// SeenEpoch is the highest epoch known for the trip (STALE_OWNER).
	SeenEpoch int64
	// RetryAfter says when to come again (429, 503); zero where it does not apply.
	RetryAfter time.Duration
	// Cause is kept for logs and never shown to a caller.
	Cause error
}

// FieldError names one wrong field and why, e.g. {"stops[0].end", "must be after start"}.
type FieldError struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
}

// Conflict is what stands in the way of a hold. It names no vehicle: a driver
// learns that somebody was first, not who.
type Conflict struct {
	EVSEID EVSEID `json:"evse_id,omitempty"`
	// State of the reservation in the way.
	State State `json:"state,omitempty"`
	// Window of the reservation in the way.
	Window Window `json:"window,omitzero"`
	// Settled is true when the reservation in the way is booked for good.
	// False with SLOT_TAKEN means that its trip is still confirming: retry soon.
	Settled bool `json:"settled"`
	// Own is true when the request's own trip holds the overlapping window
	// under another reservation id. Never waited for.
	Own bool `json:"own,omitempty"`
	// GrantedAt is the ticket time of the trip ahead, in microseconds since
	// 1970 (PRIORITY_LOST); empty when it has no ticket.
	GrantedAt string `json:"granted_at,omitempty"`
	// TripID, ReservationID and Origin name what is in the way; shown to
	// companies, for the audit and for asking the originator.
	TripID        TripID        `json:"trip_id,omitempty"`
	ReservationID ReservationID `json:"reservation_id,omitempty"`
	Origin        CompanyID     `json:"origin,omitempty"`
}

// Error is one line: code and detail.
func (r *Refusal) Error() string {
	if r.Detail == "" {
		return string(r.Code)
	}
	return string(r.Code) + ": " + r.Detail
}

// Is makes errors.Is(err, CodeX) true for a refusal with that code.
func (r *Refusal) Is(target error) bool {
	c, ok := target.(Code)
	return ok && c == r.Code
}

// Unwrap gives the cause, for logs.
func (r *Refusal) Unwrap() error { return r.Cause }

// Refuse makes a refusal from a code and a sentence.
func Refuse(code Code, detail string) *Refusal { return &Refusal{Code: code, Detail: detail} }

// Invalid is an INVALID_FIELD that names the field.
func Invalid(field, reason string) *Refusal {
	return &Refusal{
		Code: CodeInvalidField, Detail: field + ": " + reason,
		Fields: []FieldError{{Field: field, Reason: reason}},
	}
}

// OfVehicle reports whether a refusal says that the vehicle has taken as much as it
// may: no other stop at that company helps its trip.
func OfVehicle(err error) bool {
	var r *Refusal
	return errors.As(err, &r) && r.Code == CodeQuotaExceeded && len(r.Fields) > 0 && r.Fields[0].Field == "vehicle_id"
}

// ErrNotSent is in the chain of an error about a call that certainly never
// reached its company: no connection, or none tried. Nothing can have been
// executed, so nothing has to be released.
var ErrNotSent = errors.New("nothing was sent")

// CodeOf is the code of a refusal anywhere in err's chain, or "" when err is
// none: then nobody knows whether the action was executed (a lost answer).
func CodeOf(err error) Code {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}
