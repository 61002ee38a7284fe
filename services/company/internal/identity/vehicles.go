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

type vehicleClaims struct {
	Issuer  charging.CompanyID `json:"iss"`
	Vehicle charging.VehicleID `json:"sub"`
	TokenID string             `json:"jti"`
	Issued  int64              `json:"iat"` // seconds since 1970
	Type    string             `json:"typ"`
}

// Register makes a vehicle known and gives its id and its secret, which is kept nowhere.
// The wish becomes the last part of the id; an empty one is made up. INVALID_FIELD,
// ID_REUSED (the id is taken), STORE_UNAVAILABLE.
func (s *Service) Register(ctx context.Context, wish charging.VehicleID, model string) (charging.VehicleID, string, error) {
	id, err := s.name(wish)
	if err != nil {
		return "", "", err
	}
	now := s.o.Now()
	raw, secret, err := s.issue(id, vehicleRecord{Model: model, At: now.UTC()}, now)
	if err != nil {
		return "", "", err
	}
	created, err := s.o.Registry.RegisterVehicle(ctx, id, raw)
	if err != nil {
		return "", "", err
	}
	if !created {
		return "", "", charging.Refuse(charging.CodeIDReused, "the vehicle id "+string(id)+" is taken; choose another or leave it out")
	}
	return id, secret, nil
}

// vehicleRecord is what is kept of a vehicle that registered here.
type vehicleRecord struct {
	Model string `json:"model"`
	// At is when it registered.
	At time.Time `json:"at"`
	// TokenID of its present secret; empty in a record of an edition that did
	// not keep it.
	TokenID string `json:"token_id,omitempty"`
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

// present names the present secret in a list of revoked ones.
func (r vehicleRecord) present(id charging.VehicleID) string {
	if r.TokenID == "" {
		return issuedAt(id, r.At.Unix())
	}
	return r.TokenID
}

// issue makes a new secret for a vehicle, and the record that goes with it.
func (s *Service) issue(id charging.VehicleID, r vehicleRecord, now time.Time) (record []byte, secret string, err error) {
	r.TokenID = rand.Text()
	if record, err = json.Marshal(r); err != nil {
		return nil, "", fmt.Errorf("identity: vehicle %s: %w", id, err)
	}
	secret, err = s.o.Keys.sign(vehicleClaims{s.o.Self, id, r.TokenID, now.Unix(), vehicleType}, s.o.Keys.KeyID(), vehicleType)
	return record, secret, err
}

// vehicle tells whether a secret is that of a vehicle.
func (s *Service) vehicle(ctx context.Context, id charging.VehicleID, secret string) (Caller, error) {
	wrong := unauthenticated("no vehicle has this id and secret")
	if id.Validate() != nil || reserved(id) != nil || len(secret) > maxToken {
		return Caller{}, wrong
	}
	if want, static := s.o.Vehicles[id]; static {
		if !same(want, secret) {
			return Caller{}, wrong
		}
		return Caller{Kind: Vehicle, Vehicle: id}, nil
	}
	c, ok := s.seen.get(id, secret)
	if !ok {
		var err error
		if c, err = s.verifyVehicle(ctx, id, secret); err != nil {
			return Caller{}, err
		}
		s.seen.put(id, secret, c)
	}
	if s.o.Revoked.Revoked(c) {
		return Caller{}, revoked(c)
	}
	return c, nil
}

func revoked(c Caller) error {
	return unauthenticated(fmt.Sprintf("this secret of %s has been revoked; use the one that replaced it, or ask the operator of %s for another", c.Vehicle, c.Issuer))
}

func (s *Service) verifyVehicle(ctx context.Context, id charging.VehicleID, token string) (Caller, error) {
	wrong := unauthenticated("no vehicle has this id and secret")
	payload, err := s.o.Ring.open(ctx, token, vehicleType, func(p []byte) (charging.CompanyID, error) {
		c, err := vehicleOf(p)
		return c.Issuer, err
	})
	switch {
	case err != nil && verdict(err):
		return Caller{}, wrong
	case err != nil:
		return Caller{}, &charging.Refusal{
			Code: charging.CodePeerUnavailable, Detail: "the company where the vehicle registered cannot be asked now",
			RetryAfter: time.Second, Cause: err,
		}
	}
	c, err := vehicleOf(payload)
	if err != nil || c.Vehicle != id {
		return Caller{}, wrong
	}
	if err := s.vouched(ctx, id, c.Issuer); err != nil {
		return Caller{}, err
	}
	return Caller{Kind: Vehicle, Vehicle: id, Issuer: c.Issuer, TokenID: c.TokenID, Issued: c.Issued}, nil
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

func vehicleOf(payload []byte) (vehicleClaims, error) {
	var c vehicleClaims
	if err := strictJSON(payload, &c); err != nil {
		return c, err
	}
	if c.Type != vehicleType || c.TokenID == "" || len(c.TokenID) > 128 {
		return c, errors.New("no vehicle's token")
	}
	return c, errors.Join(c.Issuer.Validate(), c.Vehicle.Validate())
}
