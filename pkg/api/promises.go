package api

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Promise is a stop that a trip of the answering company holds at the asking one:
// an element of GET /federation/v1/promises.
type Promise struct {
	TripID        charging.TripID        `json:"trip_id"`
	ReservationID charging.ReservationID `json:"reservation_id"`
	Leg           int                    `json:"leg"`
	EVSEID        charging.EVSEID        `json:"evse_id"`
	Start         time.Time              `json:"start"`
	End           time.Time              `json:"end"`
	VehicleID     charging.VehicleID     `json:"vehicle_id"`
	Epoch         int64                  `json:"epoch"`
	Owner         string                 `json:"owner,omitempty"`
	Fence         int64                  `json:"fence,omitempty"`
	// Outcome is CONFIRMED or PENDING.
	Outcome charging.Outcome `json:"outcome"`
}

// PromiseOf is a promise in the form of the contract.
func PromiseOf(p charging.Promise) Promise {
	return Promise{
		TripID: p.TripID, ReservationID: p.ID, Leg: p.Leg, EVSEID: p.EVSEID, Start: p.Start.UTC(), End: p.End.UTC(),
		VehicleID: p.VehicleID, Epoch: p.Epoch, Owner: p.Owner, Fence: p.Fence, Outcome: p.Outcome,
	}
}

// Charging is the promise that the originator has given.
func (p Promise) Charging(origin charging.CompanyID) charging.Promise {
	return charging.Promise{
		Ref: charging.Ref{
			ID: p.ReservationID, TripID: p.TripID, Origin: origin, EVSEID: p.EVSEID, End: p.End, Epoch: max(p.Epoch, 1), Owner: p.Owner,
		},
		Leg: p.Leg, Start: p.Start, VehicleID: p.VehicleID, Fence: p.Fence, Outcome: p.Outcome,
	}
}

// Recovery is what an operator sees of a store that has lost its memory.
type Recovery struct {
	// State is "trusted", "recovering" (nothing is granted), or "accepted": the
	// operator has opened it while some had not answered.
	State string `json:"state"`
	// Durable says whether a loss would be noticed after a restart, too.
	Durable bool       `json:"durable"`
	Since   *time.Time `json:"since,omitempty"`
	Reason  string     `json:"reason,omitempty"`
	// Waiting are the originators that have not answered yet.
	Waiting []Witness `json:"waiting"`
	// Restored and Conflicts count stops of the last recovery: those that are
	// here again, and those that are lost.
	Restored  int `json:"restored"`
	Conflicts int `json:"conflicts"`
	// Orphans are RESERVED stops whose originator does not know their trip.
	Orphans []Orphan `json:"orphans"`
	// Forgotten are stops that companies keep for trips of this one that it
	// does not know: the other side of an orphan.
	Forgotten []Forgotten `json:"forgotten"`
}

// Forgotten is a stop whose company asks about a trip that is lost here.
type Forgotten struct {
	ReservationID charging.ReservationID `json:"reservation_id"`
	TripID        charging.TripID        `json:"trip_id"`
	Since         time.Time              `json:"since"`
	Last          time.Time              `json:"last"`
}

// Witness is an originator that is asked what it was promised.
type Witness struct {
	CompanyID charging.CompanyID `json:"company_id"`
	Attempts  int                `json:"attempts"`
	Detail    string             `json:"detail,omitempty"`
}

// Orphan is a RESERVED stop that is kept until no-show because its originator
// does not know the trip.
type Orphan struct {
	ReservationID charging.ReservationID `json:"reservation_id"`
	TripID        charging.TripID        `json:"trip_id"`
	Origin        charging.CompanyID     `json:"origin"`
	EVSEID        charging.EVSEID        `json:"evse_id"`
	Start         time.Time              `json:"start"`
	End           time.Time              `json:"end"`
	Since         time.Time              `json:"since"`
}

// AcceptRequest opens a store that has lost its memory by an operator's word.
type AcceptRequest struct {
	// Reason is kept for the audit.
	Reason string `json:"reason"`
}

// DecodeAccept reads the body of POST /api/v1/recovery/accept.
// MALFORMED_REQUEST, TOO_LARGE, INVALID_FIELD.
func DecodeAccept(body []byte) (AcceptRequest, error) {
	r, err := newReader(body, true)
	if err != nil {
		return AcceptRequest{}, err
	}
	r.require("reason")
	q := AcceptRequest{Reason: r.text("reason", 500)}
	r.done()
	return q, r.rep.err()
}
