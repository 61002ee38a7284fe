package identity

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// vehicleType is the JWS "typ" and the claim of a vehicle's token.
const vehicleType = "vehicle"

// secretLife is how long a vehicle's secret is good.
const secretLife = 400 * 24 * time.Hour

// vehicleClaims is what a vehicle's secret says, and a pass.
type vehicleClaims struct {
	Issuer  charging.CompanyID `json:"iss"`
	Vehicle charging.VehicleID `json:"sub"`
	// Audience is the issuer in a secret, another company in a pass; empty in a secret
	// of an older edition, which says no end either.
	Audience charging.CompanyID `json:"aud,omitempty"`
	// TokenID is the secret's, in a pass as well.
	TokenID string `json:"jti"`
	Issued  int64  `json:"iat"` // seconds since 1970, as Expires
	Expires int64  `json:"exp,omitempty"`
	Type    string `json:"typ"`

	// proof is what a pass carries in its header.
	proof string
}

func (c vehicleClaims) issuer() charging.CompanyID { return c.Issuer }

// ended reports whether the end that the claims say has come.
func (c vehicleClaims) ended(now time.Time) bool {
	return c.Expires != 0 && !now.Before(time.Unix(c.Expires, 0))
}

func (c vehicleClaims) caller() Caller {
	return Caller{Kind: Vehicle, Vehicle: c.Vehicle, Issuer: c.Issuer, TokenID: c.TokenID, Issued: c.Issued, Proof: c.proof}
}

// vehicleRecord is what is kept of a vehicle that registered here.
type vehicleRecord struct {
	Model string `json:"model"`
	// At is when it registered.
	At time.Time `json:"at"`
	// TokenID of its present secret; empty in a record of an edition that did
	// not keep it.
	TokenID string `json:"token_id,omitempty"`
	// Issued is when that was, in seconds since 1970; 0 in a record of an edition
	// whose secrets had no end.
	Issued int64 `json:"issued,omitempty"`
	// Own counts how often the vehicle itself has revoked its secret since OwnSince.
	Own      int       `json:"own,omitempty"`
	OwnSince time.Time `json:"own_since,omitzero"`
}

// ModelOf is the model that a vehicle has registered with here; false where that is
// not known, also while the store is away.
func (s *Service) ModelOf(ctx context.Context, id charging.VehicleID) (string, bool) {
	raw, ok, err := s.o.Registry.Vehicle(ctx, id)
	if err != nil || !ok {
		return "", false
	}
	var r vehicleRecord
	if err := json.Unmarshal(raw, &r); err != nil {
		return "", false
	}
	return r.Model, r.Model != ""
}

// issue makes a new secret for a vehicle, of the second that its record says, and the
// record that goes with it.
func (s *Service) issue(id charging.VehicleID, r vehicleRecord) (record []byte, secret string, err error) {
	r.TokenID = rand.Text()
	if record, err = json.Marshal(r); err != nil {
		return nil, "", fmt.Errorf("identity: vehicle %s: %w", id, err)
	}
	secret, err = s.o.Keys.sign(vehicleClaims{
		Issuer: s.o.Self, Vehicle: id, Audience: s.o.Self, TokenID: r.TokenID,
		Issued: r.Issued, Expires: r.Issued + int64(secretLife/time.Second), Type: vehicleType,
	}, jwsHeader{KeyID: s.o.Keys.KeyID(), Type: vehicleType})
	return record, secret, err
}

// vehicle tells whether a secret, or a pass, is that of a vehicle.
func (s *Service) vehicle(ctx context.Context, id charging.VehicleID, secret string) (Caller, error) {
	if id.Validate() != nil || reserved(id) != nil || len(secret) > maxToken {
		return Caller{}, noVehicle()
	}
	if want, static := s.o.Vehicles[id]; static {
		if !same(want, secret) {
			return Caller{}, noVehicle()
		}
		return Caller{Kind: Vehicle, Vehicle: id}, nil
	}
	now := s.o.Now()
	c, ok := s.seen.get(id, secret, now)
	if !ok {
		claims, err := s.signedVehicle(ctx, id, secret)
		if err != nil {
			return Caller{}, err
		}
		var until time.Time
		if c, until, err = s.believed(ctx, claims, secret, now); err != nil {
			return Caller{}, err
		}
		s.seen.put(id, secret, c, until)
	}
	if s.o.Revoked.Revoked(c) {
		return Caller{}, revoked(c)
	}
	return c, nil
}

func noVehicle() error { return unauthenticated("no vehicle has this id and secret") }

func revoked(c Caller) error {
	return unauthenticated(fmt.Sprintf("this secret of %s has been revoked; use the one that replaced it, or ask the operator of %s for another", c.Vehicle, c.Issuer))
}

// believed judges what a company has signed for a vehicle of its own, and says until
// when that need not be done again.
func (s *Service) believed(ctx context.Context, c vehicleClaims, token string, now time.Time) (Caller, time.Time, error) {
	switch {
	case c.Issuer == s.o.Self:
		return s.atHome(ctx, c, now)
	case c.Audience == s.o.Self:
		return s.passed(c, now)
	case c.Audience == "" || c.Audience == c.Issuer:
		return s.exchanged(ctx, c, token, now)
	}
	return Caller{}, time.Time{}, unauthenticated(fmt.Sprintf("this token of %s is for %s, and this is %s", c.Vehicle, c.Audience, s.o.Self))
}

// recheck is how long a secret that was good at its issuer is not looked up again.
const recheck = 10 * time.Minute

// atHome judges a vehicle's secret at its issuer: the record tells which one counts. A
// record that the store has lost does not lock the vehicle out.
func (s *Service) atHome(ctx context.Context, c vehicleClaims, now time.Time) (Caller, time.Time, error) {
	if c.Audience != "" && c.Audience != s.o.Self {
		return Caller{}, time.Time{}, unauthenticated(fmt.Sprintf("this token of %s is for %s; here the vehicle shows its secret", c.Vehicle, c.Audience))
	}
	if c.ended(now) {
		return Caller{}, time.Time{}, unauthenticated(fmt.Sprintf("this secret of %s has come to its end; the operator of %s gives another", c.Vehicle, s.o.Self))
	}
	raw, ok, err := s.o.Registry.UseVehicle(ctx, c.Vehicle, usedLife)
	if err != nil {
		return Caller{}, time.Time{}, err
	}
	if ok {
		var r vehicleRecord
		if err := json.Unmarshal(raw, &r); err != nil {
			return Caller{}, time.Time{}, fmt.Errorf("identity: vehicle %s is not readable: %w", c.Vehicle, err)
		}
		if r.TokenID != "" && r.TokenID != c.TokenID {
			return Caller{}, time.Time{}, revoked(c.caller())
		}
	}
	return c.caller(), now.Add(recheck), nil
}

// signedVehicle reads what the company in a vehicle's name has signed for it.
// UNAUTHENTICATED, PEER_UNAVAILABLE, STORE_UNAVAILABLE.
func (s *Service) signedVehicle(ctx context.Context, id charging.VehicleID, token string) (vehicleClaims, error) {
	c, head, err := open(ctx, s.o.Ring, token, vehicleType, vehicleOf)
	switch {
	case err != nil && verdict(err):
		return vehicleClaims{}, noVehicle()
	case err != nil:
		return vehicleClaims{}, issuerAway(err)
	}
	if c.Vehicle != id {
		return vehicleClaims{}, noVehicle()
	}
	c.proof = head.Proof
	return c, s.vouched(ctx, id, c.Issuer)
}

func issuerAway(cause error) error {
	return &charging.Refusal{
		Code: charging.CodePeerUnavailable, Detail: "the company where the vehicle registered cannot be asked now",
		RetryAfter: time.Second, Cause: cause,
	}
}

// vouched refuses a company's token for a vehicle that is not its own. A vehicle that
// registered before names said whose it is counts where this store has known it
// since; nothing is learnt from what is shown.
func (s *Service) vouched(ctx context.Context, id charging.VehicleID, by charging.CompanyID) error {
	issuer := id.Issuer()
	if issuer == "" {
		var err error
		if issuer, err = s.o.Registry.Issuer(ctx, id); err != nil {
			return err
		}
	}
	switch issuer {
	case by:
		return nil
	case "":
		return unauthenticated(fmt.Sprintf("%s has known no vehicle %s since before vehicles' names said whose they are; register it again", s.o.Self, id))
	}
	return unauthenticated(fmt.Sprintf("%s is a vehicle of %s; %s cannot vouch for it", id, issuer, by))
}

func vehicleOf(payload []byte) (vehicleClaims, error) { return claimsOf(payload, vehicleType) }

// claimsOf reads claims of a type: these and no others, each in its form.
func claimsOf(payload []byte, typ string) (vehicleClaims, error) {
	var c vehicleClaims
	if err := strictJSON(payload, &c); err != nil {
		return c, err
	}
	const latest = 1 << 40 // seconds; what is beyond is no date
	switch {
	case c.Type != typ || c.TokenID == "" || len(c.TokenID) > 128:
		return c, errors.New("no vehicle's token")
	case c.Issued < 0 || c.Issued > latest || c.Expires < 0 || c.Expires > latest || (c.Audience == "") != (c.Expires == 0):
		return c, errors.New("no end, or no date")
	case c.Audience != "" && c.Audience.Validate() != nil:
		return c, errors.New("for nobody")
	}
	return c, errors.Join(c.Issuer.Validate(), c.Vehicle.Validate())
}
