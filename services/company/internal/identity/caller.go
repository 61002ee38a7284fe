package identity

import (
	"crypto/sha256"
	"crypto/subtle"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Kind of caller.
type Kind string

// The kinds of callers.
const (
	Anybody  Kind = "anybody"
	Vehicle  Kind = "vehicle"
	Operator Kind = "operator"
	Peer     Kind = "peer"
)

// OperatorName is the user name of a company's operator.
const OperatorName = "operator"

// Caller is who is calling.
type Caller struct {
	Kind Kind
	// Vehicle is set for Vehicle, Peer for Peer.
	Vehicle charging.VehicleID
	Peer    charging.CompanyID
	// Issuer, TokenID and time of issue (seconds since 1970) of a vehicle's
	// signed token; empty for one whose secret is in the configuration.
	Issuer  charging.CompanyID
	TokenID string
	Issued  int64
	// Proof is what shows another company that a vehicle has shown itself here; empty
	// where it is made when it is needed, or there is none.
	Proof string
	// Via is the company that asks for a vehicle; empty where it asks itself.
	Via charging.CompanyID
}

// May reports whether the caller may see and steer what belongs to a vehicle:
// the vehicle itself and the operator may.
func (c Caller) May(vehicle charging.VehicleID) bool {
	return c.Kind == Operator || c.Kind == Vehicle && vehicle != "" && c.Vehicle == vehicle
}

func unauthenticated(detail string) error {
	return charging.Refuse(charging.CodeUnauthenticated, detail)
}

// same compares two secrets in a time that tells nothing of either. An empty
// secret is nobody's.
func same(want, got string) bool {
	a, b := sha256.Sum256([]byte(want)), sha256.Sum256([]byte(got))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && want != ""
}
