package api

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Rearrange is what the owner of an EVSE asks of the company whose trip has a stop there:
// another window, or another EVSE of the owner's.
type Rearrange struct {
	ReservationID charging.ReservationID `json:"reservation_id"`
	EVSEID        charging.EVSEID        `json:"evse_id"`
	Start         time.Time              `json:"start"`
	End           time.Time              `json:"end"`
}

// Rearranged is the stop as the trip has it then; its reservation may be another one.
type Rearranged struct {
	Leg int `json:"leg"`
	Rearrange
}

// DecodeRearrange reads the body of POST …/trips/{trip_id}/rearrange. MALFORMED_REQUEST,
// INVALID_FIELD.
func DecodeRearrange(body []byte) (Rearrange, error) {
	r, err := newReader(body, false)
	if err != nil {
		return Rearrange{}, err
	}
	r.require("start")
	r.require("end")
	q := Rearrange{
		ReservationID: id[charging.ReservationID](r, "reservation_id", 64, true), EVSEID: id[charging.EVSEID](r, "evse_id", 64, true),
		Start: r.instant("start"), End: r.instant("end"),
	}
	r.done()
	return q, r.rep.err()
}
