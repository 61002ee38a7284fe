package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/legible"
)

// Headers of what is asked for a vehicle at a company where it did not come itself
// (docs/adr/0020-every-server-knows-every-trip.md).
const (
	// VehicleHeader names the vehicle for which a company asks, and what shows that it
	// has asked that company: "BR-MAR-C7K2M9XQ4 eyJ…".
	VehicleHeader = "Eletrovia-Vehicle"
	// CompanyHeader names the company that has answered.
	CompanyHeader = "Eletrovia-Company"
	// SilentHeader names the companies whose part of a list is missing: "CAJ, SER".
	SilentHeader = "Eletrovia-Silent"
)

// KnownHere is what a company knows of a trip whose originator cannot be asked now: the
// stops at its own chargers.
type KnownHere struct {
	TripID        charging.TripID    `json:"trip_id"`
	OriginCompany charging.CompanyID `json:"origin_company"`
	// SilentSince is when the originator was last heard; absent where it never was.
	SilentSince time.Time      `json:"silent_since,omitzero"`
	Legs        []KnownHereLeg `json:"legs"`
}

// Away is a refusal because the company where a trip began cannot be asked, with what is
// known of the trip where it was asked for.
type Away struct {
	*charging.Refusal
	Known KnownHere
}

// Unwrap gives the refusal.
func (a *Away) Unwrap() error { return a.Refusal }

// KnownHereLeg is one stop, as its owner has it.
type KnownHereLeg struct {
	Leg           int                    `json:"leg"`
	ReservationID charging.ReservationID `json:"reservation_id"`
	EVSEID        charging.EVSEID        `json:"evse_id"`
	Start         time.Time              `json:"start"`
	End           time.Time              `json:"end"`
	State         charging.State         `json:"state"`
}

// Silence is the data of an event of type company: whether a company where a vehicle
// may have trips is heard.
type Silence struct {
	CompanyID charging.CompanyID `json:"company_id"`
	Heard     bool               `json:"heard"`
}

// maxTamed bounds one text of a tamed answer, in bytes: a road's line is long.
const maxTamed = 256 << 10

// TameJSON makes the texts of another company's JSON such that they may be shown
// (package legible); all else stays as it is.
func TameJSON(raw []byte) ([]byte, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the value")
	}
	return json.Marshal(tamed(v))
}

func tamed(v any) any {
	switch v := v.(type) {
	case string:
		return legible.Tame(v, maxTamed)
	case []any:
		for i := range v {
			v[i] = tamed(v[i])
		}
	case map[string]any:
		for k, inner := range v {
			if name := legible.Tame(k, 64); name != k {
				delete(v, k) // no field of the contract
				continue
			}
			v[k] = tamed(inner)
		}
	}
	return v
}
