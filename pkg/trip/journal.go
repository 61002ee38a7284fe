package trip

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Entry is one line of a saga's journal: a step, its attempt and its answer.
type Entry struct {
	// Seq orders the entries of one trip; given by the journal.
	Seq string    `json:"seq,omitempty"`
	At  time.Time `json:"at"`
	// Step names what was done: create, reserve, claim, renew, confirm,
	// compensate, decide, state…
	Step string `json:"step"`
	// State of the trip when the entry was written.
	State         State                  `json:"state,omitempty"`
	Leg           int                    `json:"leg,omitempty"`
	CompanyID     charging.CompanyID     `json:"company_id,omitempty"`
	EVSEID        charging.EVSEID        `json:"evse_id,omitempty"`
	ReservationID charging.ReservationID `json:"reservation_id,omitempty"`
	Attempt       int                    `json:"attempt,omitempty"`
	// Answer is "ok", a code of the contract, or "lost" when nobody knows.
	Answer string  `json:"answer"`
	Detail string  `json:"detail,omitempty"`
	Millis float64 `json:"ms,omitempty"`
	Epoch  int64   `json:"epoch"`
	Owner  string  `json:"owner,omitempty"`
}
