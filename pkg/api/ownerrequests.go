package api

import (
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/legible"
)

// OwnerRequest is what the owner of an EVSE asks about a booking there; each route takes
// a part of it, and all a reason, which is kept for the audit.
type OwnerRequest struct {
	// Reason is told to the trip's company, and so to its driver, where a stop is lost.
	Reason string `json:"reason"`
	// Minutes more, of an extension.
	Minutes int `json:"minutes,omitempty"`
	// EVSEID, Start and End of a move; the EVSE is the present one where it is left out.
	EVSEID charging.EVSEID `json:"evse_id,omitempty"`
	Start  time.Time       `json:"start,omitzero"`
	End    time.Time       `json:"end,omitzero"`
}

// Ended answers the cancellation of all bookings of a vehicle: what was ended, and what
// was kept because its car is at the plug.
type Ended struct {
	VehicleID charging.VehicleID `json:"vehicle_id"`
	Canceled  []Booking          `json:"canceled"`
	Kept      []Booking          `json:"kept"`
}

// maxExtension of a stay, in minutes.
const maxExtension = 12 * 60

// DecodeOwnerReason reads the body of an owner's cancel or release. MALFORMED_REQUEST,
// TOO_LARGE, INVALID_FIELD.
func DecodeOwnerReason(body []byte) (OwnerRequest, error) {
	return decodeOwner(body, func(*reader, *OwnerRequest) {})
}

// DecodeExtend reads the body of POST …/reservations/{reservation_id}/extend. It refuses
// like DecodeOwnerReason.
func DecodeExtend(body []byte) (OwnerRequest, error) {
	return decodeOwner(body, func(r *reader, q *OwnerRequest) {
		r.require("minutes")
		q.Minutes = int(r.integer("minutes", 1, maxExtension, 0))
	})
}

// DecodeRebook reads the body of POST …/reservations/{reservation_id}/move. It refuses
// like DecodeOwnerReason.
func DecodeRebook(body []byte) (OwnerRequest, error) {
	return decodeOwner(body, func(r *reader, q *OwnerRequest) {
		q.EVSEID = id[charging.EVSEID](r, "evse_id", 64, false)
		r.require("start")
		r.require("end")
		q.Start, q.End = r.instant("start"), r.instant("end")
	})
}

func decodeOwner(body []byte, more func(*reader, *OwnerRequest)) (OwnerRequest, error) {
	r, err := newReader(body, true)
	if err != nil {
		return OwnerRequest{}, err
	}
	r.require("reason")
	q := OwnerRequest{Reason: strings.TrimSpace(r.text("reason", 200))}
	more(r, &q)
	if r.done(); r.rep.err() == nil && (q.Reason == "" || legible.Check(q.Reason, 200) != nil) {
		return q, charging.Invalid("reason", "must say something, on one line")
	}
	return q, r.rep.err()
}
