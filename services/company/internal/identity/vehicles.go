package identity

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
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

// reserved refuses vehicle ids that could be taken for somebody else: a peer
// logs in to MQTT with its party id, the operator with its name.
func reserved(id charging.VehicleID) error {
	if charging.CompanyID(id).Validate() == nil || strings.EqualFold(string(id), OperatorName) {
		return charging.Invalid("vehicle_id", fmt.Sprintf("%q is a company's or the operator's name; choose another", id))
	}
	return nil
}

// Register makes a vehicle known and gives its secret, which is kept nowhere.
// An empty id is made up. INVALID_FIELD, ID_REUSED (the id is taken),
// STORE_UNAVAILABLE.
func (s *Service) Register(ctx context.Context, id charging.VehicleID, model string) (charging.VehicleID, string, error) {
	if id == "" {
		id = charging.VehicleID("EV-" + rand.Text()[:10])
	}
	if err := id.Validate(); err != nil {
		return "", "", err
	}
	if err := reserved(id); err != nil {
		return "", "", err
	}
	taken := charging.Refuse(charging.CodeIDReused, "the vehicle id "+string(id)+" is taken; choose another or leave it out")
	if _, static := s.o.Vehicles[id]; static {
		return "", "", taken
	}
	issuer, err := s.o.Registry.Bind(ctx, id, s.o.Self)
	if err != nil {
		return "", "", err
	}
	if issuer != s.o.Self {
		return "", "", taken
	}
	now := s.o.Now()
	created, err := s.o.Registry.RegisterVehicle(ctx, id, model, now)
	if err != nil {
		return "", "", err
	}
	if !created {
		return "", "", taken
	}
	secret, err := s.o.Keys.sign(vehicleClaims{s.o.Self, id, rand.Text(), now.Unix(), vehicleType}, s.o.Keys.KeyID(), vehicleType)
	return id, secret, err
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
	if s.o.Revoked(c.Issuer, c.TokenID) {
		return Caller{}, unauthenticated("the vehicle's secret has been revoked; register again")
	}
	return c, nil
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
	first, err := s.o.Registry.Bind(ctx, id, c.Issuer)
	if err != nil {
		return Caller{}, err
	}
	if first != c.Issuer {
		return Caller{}, unauthenticated(fmt.Sprintf("%s is known here as a vehicle of %s; %s is not asked about it", id, first, c.Issuer))
	}
	return Caller{Kind: Vehicle, Vehicle: id, Issuer: c.Issuer, TokenID: c.TokenID}, nil
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
