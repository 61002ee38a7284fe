package api

import (
	"fmt"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/legible"
)

// RegisterRequest registers a vehicle.
type RegisterRequest struct {
	Model string `json:"model"`
	// VehicleID is a wish for the last part of the id, see charging.RegisteredAt; empty
	// is made up. The answer says what the vehicle is called.
	VehicleID charging.VehicleID `json:"vehicle_id,omitempty"`
	// Invite is a code of the operator's, where the company asks for one.
	Invite string `json:"invite,omitempty"`
}

// InviteRequest asks for codes with which vehicles are registered.
type InviteRequest struct {
	Count int `json:"count,omitempty"` // default 1
	Days  int `json:"days,omitempty"`  // default 7
}

// Invites are codes, each good for one registration until they end.
type Invites struct {
	Invites   []string  `json:"invites"`
	ExpiresAt time.Time `json:"expires_at"`
}

// RevokeRequest ends a vehicle's secret; the answer is a RegisterResponse with
// the new one.
type RevokeRequest struct {
	// Reason is kept for the audit.
	Reason string `json:"reason"`
}

// RegisterResponse carries the secret, which is shown this once.
type RegisterResponse struct {
	VehicleID charging.VehicleID `json:"vehicle_id"`
	Secret    string             `json:"secret"`
}

// PassRequest asks for what a vehicle shows to another company instead of its secret.
type PassRequest struct {
	Audience charging.CompanyID `json:"audience"`
}

// ExchangeRequest is how a company that was shown a vehicle's secret asks the
// vehicle's own for a pass.
type ExchangeRequest struct {
	Secret string `json:"secret"`
}

// Pass is good in place of the secret at one company alone, until it ends.
type Pass struct {
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expires_at"`
}

// SessionRequest opens a browser's session where no Authorization header does.
type SessionRequest struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// SessionResponse says who the caller is: "vehicle", "operator", "peer" or
// "anybody".
type SessionResponse struct {
	Kind      string             `json:"kind"`
	VehicleID charging.VehicleID `json:"vehicle_id,omitempty"`
	CompanyID charging.CompanyID `json:"company_id"`
	// May is what the caller may do: MayPlan and the other words.
	May []string `json:"may"`
	// Companies of the federation that this server knows, its own first.
	Companies []CompanyName `json:"companies"`
}

// CompanyName is a company as people call it.
type CompanyName struct {
	CompanyID charging.CompanyID `json:"company_id"`
	// Name is as the company calls itself; empty while this server has not heard that.
	Name string `json:"name,omitempty"`
}

// ResolveRequest ends a stuck stop by an operator's word.
type ResolveRequest struct {
	// Leg that is stuck; 0 is whichever is.
	Leg int `json:"leg,omitempty"`
	// Reason is kept for the audit.
	Reason string `json:"reason"`
}

// EVSEStatusRequest takes an EVSE out of service (OUTOFORDER) or back (AVAILABLE).
type EVSEStatusRequest struct {
	Status charging.EVSEStatus `json:"status"`
	// Reason of OUTOFORDER: BROKEN_CHARGER (the default) or POWER_OUTAGE.
	Reason string `json:"reason,omitempty"`
}

// Reasons for taking an EVSE out of service, OCPI's words.
const (
	ReasonBrokenCharger = "BROKEN_CHARGER"
	ReasonPowerOutage   = "POWER_OUTAGE"
)

// DecodeRegister reads the body of POST /api/v1/vehicles. MALFORMED_REQUEST,
// TOO_LARGE, INVALID_FIELD.
func DecodeRegister(body []byte) (RegisterRequest, error) {
	r, err := newReader(body, true)
	if err != nil {
		return RegisterRequest{}, err
	}
	q := RegisterRequest{Model: r.model(true), VehicleID: charging.VehicleID(r.text("vehicle_id", 64)), Invite: r.text("invite", 64)}
	r.done()
	return q, r.rep.err()
}

// DecodeRevoke reads the body of POST /api/v1/vehicles/{vehicle_id}/revoke.
// MALFORMED_REQUEST, TOO_LARGE, INVALID_FIELD.
func DecodeRevoke(body []byte) (RevokeRequest, error) {
	r, err := newReader(body, true)
	if err != nil {
		return RevokeRequest{}, err
	}
	r.require("reason")
	q := RevokeRequest{Reason: r.text("reason", 500)}
	r.done()
	return q, r.rep.err()
}

// SuspendRequest suspends a peer.
type SuspendRequest struct {
	// Reason is kept for the audit, and the peer is told it.
	Reason string `json:"reason"`
}

// DecodeSuspend reads the body of POST /api/v1/peers/{company_id}/suspend.
// MALFORMED_REQUEST, TOO_LARGE, INVALID_FIELD.
func DecodeSuspend(body []byte) (SuspendRequest, error) {
	r, err := newReader(body, true)
	if err != nil {
		return SuspendRequest{}, err
	}
	r.require("reason")
	q := SuspendRequest{Reason: strings.TrimSpace(r.text("reason", 200))}
	if r.done(); r.rep.err() == nil && (q.Reason == "" || legible.Check(q.Reason, 200) != nil) {
		return q, charging.Invalid("reason", "must say something, on one line")
	}
	return q, r.rep.err()
}

// DecodeInvite reads the body of POST /api/v1/invites. MALFORMED_REQUEST, TOO_LARGE,
// INVALID_FIELD.
func DecodeInvite(body []byte) (InviteRequest, error) {
	r, err := newReader(body, true)
	if err != nil {
		return InviteRequest{}, err
	}
	q := InviteRequest{Count: int(r.integer("count", 1, 100, 1)), Days: int(r.integer("days", 1, 90, 7))}
	r.done()
	return q, r.rep.err()
}

// DecodePass reads the body of POST /api/v1/vehicles/{vehicle_id}/token.
// MALFORMED_REQUEST, TOO_LARGE, INVALID_FIELD.
func DecodePass(body []byte) (PassRequest, error) {
	r, err := newReader(body, true)
	if err != nil {
		return PassRequest{}, err
	}
	q := PassRequest{Audience: id[charging.CompanyID](r, "audience", 8, true)}
	r.done()
	return q, r.rep.err()
}

// DecodeExchange reads the body of POST /federation/v1/vehicles/{vehicle_id}/token.
// MALFORMED_REQUEST, TOO_LARGE, INVALID_FIELD.
func DecodeExchange(body []byte) (ExchangeRequest, error) {
	r, err := newReader(body, false)
	if err != nil {
		return ExchangeRequest{}, err
	}
	r.require("secret")
	q := ExchangeRequest{Secret: r.text("secret", maxSecret)}
	return q, r.rep.err()
}

// maxSecret bounds a vehicle's secret, in bytes.
const maxSecret = 4096

// DecodeSession reads the body of POST /api/v1/session. MALFORMED_REQUEST,
// TOO_LARGE, INVALID_FIELD.
func DecodeSession(body []byte) (SessionRequest, error) {
	r, err := newReader(body, true)
	if err != nil {
		return SessionRequest{}, err
	}
	r.require("username")
	r.require("password")
	q := SessionRequest{Username: r.text("username", 64), Password: r.text("password", 4096)}
	r.done()
	return q, r.rep.err()
}

// DecodeResolve reads the body of POST …/resolve. MALFORMED_REQUEST, TOO_LARGE,
// INVALID_FIELD.
func DecodeResolve(body []byte) (ResolveRequest, error) {
	r, err := newReader(body, true)
	if err != nil {
		return ResolveRequest{}, err
	}
	r.require("reason")
	q := ResolveRequest{Leg: int(r.integer("leg", 1, MaxStops, 0)), Reason: r.text("reason", 500)}
	r.done()
	return q, r.rep.err()
}

// DecodeEVSEStatus reads the body of PUT /api/v1/evses/{evse_id}/status.
// MALFORMED_REQUEST, TOO_LARGE, INVALID_FIELD.
func DecodeEVSEStatus(body []byte) (EVSEStatusRequest, error) {
	r, err := newReader(body, true)
	if err != nil {
		return EVSEStatusRequest{}, err
	}
	r.require("status")
	q := EVSEStatusRequest{Status: charging.EVSEStatus(r.text("status", 32)), Reason: r.text("reason", 64)}
	switch {
	case len(r.rep.wrong) > 0:
	case q.Status == charging.StatusAvailable && q.Reason != "":
		r.invalid("reason", "belongs to OUTOFORDER only")
	case q.Status == charging.StatusAvailable:
	case q.Status != charging.StatusOutOfOrder:
		r.invalid("status", fmt.Sprintf("%q is none of AVAILABLE, OUTOFORDER", brief(string(q.Status))))
	case q.Reason == "":
		q.Reason = ReasonBrokenCharger
	case q.Reason != ReasonBrokenCharger && q.Reason != ReasonPowerOutage:
		r.invalid("reason", fmt.Sprintf("%q is none of BROKEN_CHARGER, POWER_OUTAGE", brief(q.Reason)))
	}
	r.done()
	return q, r.rep.err()
}

// Health answers /healthz and /readyz: "ok" or "unavailable", and for each part
// what it is, or what is wrong with it and what still works.
type Health struct {
	Status string            `json:"status"`
	Checks map[string]string `json:"checks,omitempty"`
	// Impaired names the checks that say what is wrong. Status is "ok" all the same
	// where what was asked for works without them.
	Impaired []string `json:"impaired,omitempty"`
}
