package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

const (
	// replaceTries bounds how often others may be quicker to replace a secret.
	replaceTries = 8
	// ownRevokes is how often a vehicle may revoke its secret itself in ownWithin.
	ownRevokes = 5
	ownWithin  = 24 * time.Hour
)

// Revoke ends the present secret of a vehicle that registered here, for good,
// and gives a new one, which is kept nowhere. Each call gives another and ends
// the one before, also one whose answer was lost. who is the operator or the
// vehicle itself; passes of the old secret end with it. FORBIDDEN; INVALID_FIELD (no vehicle of this company's, or one
// whose secret is in the configuration); RATE_LIMITED (the vehicle has done so five
// times within a day, or the list is full: the operator always may, until that);
// STORE_UNAVAILABLE: the old secret may have ended, and repeating gives the new one.
func (s *Service) Revoke(ctx context.Context, who Caller, id charging.VehicleID) (secret string, err error) {
	if err := s.mayRevoke(who, id); err != nil {
		return "", err
	}
	for range replaceTries {
		old, r, err := s.record(ctx, who, id)
		if err != nil {
			return "", err
		}
		fresh, err := s.renewed(who, id, r)
		if err != nil {
			return "", err
		}
		record, secret, err := s.issue(id, fresh)
		if err != nil {
			return "", err
		}
		// First the old one ends: if this server dies in between, a repeat goes on
		// from the same record.
		if err := s.end(ctx, id, r, fresh.Issued-1); err != nil {
			return "", err
		}
		replaced, err := s.o.Registry.ReplaceVehicle(ctx, id, old, record, usedLife)
		if err != nil {
			return "", err
		}
		if replaced {
			return secret, nil
		}
	}
	return "", &charging.Refusal{
		Code: charging.CodeStoreUnavailable, Detail: "others are replacing the secret of " + string(id) + " at the same time; ask again", RetryAfter: time.Second,
	}
}

func (s *Service) mayRevoke(who Caller, id charging.VehicleID) error {
	if !who.May(id) {
		return charging.Refuse(charging.CodeForbidden, "a vehicle may revoke its own secret only; the operator of the company where it registered may, too")
	}
	if _, static := s.o.Vehicles[id]; static {
		return charging.Invalid("vehicle_id", string(id)+" has its secret from the configuration of the server: it is changed there, at every company, and cannot be revoked")
	}
	if who.Kind == Vehicle && who.Issuer != s.o.Self {
		return elsewhere(id, who.Issuer)
	}
	if n := s.o.Revoked.count(s.o.Self); n >= maxRevoked || who.Kind == Vehicle && n >= maxByVehicles {
		return &charging.Refusal{
			Code: charging.CodeRateLimited, RetryAfter: time.Hour,
			Detail: fmt.Sprintf("%s has revoked %d secrets, which is its bound for vehicles (%d) or for everybody (%d): ask its operator, who may replace the signing key and so end all secrets", s.o.Self, n, maxByVehicles, maxRevoked),
		}
	}
	return nil
}

func elsewhere(id charging.VehicleID, issuer charging.CompanyID) error {
	return charging.Invalid("vehicle_id", fmt.Sprintf("%s registered at %s: only there can its secret be revoked, by the operator of %s or the vehicle itself", id, issuer, issuer))
}

// record reads a vehicle's record; old is nil where the store has lost it and the
// vehicle itself asks, whose token says that it is ours.
func (s *Service) record(ctx context.Context, who Caller, id charging.VehicleID) (old []byte, r vehicleRecord, err error) {
	old, ok, err := s.o.Registry.Vehicle(ctx, id)
	if err != nil {
		return nil, r, err
	}
	if ok {
		if err := json.Unmarshal(old, &r); err != nil {
			return nil, r, fmt.Errorf("identity: vehicle %s is not readable: %w", id, err)
		}
		return old, r, nil
	}
	if who.Kind == Vehicle {
		return nil, vehicleRecord{At: s.o.Now().UTC()}, nil
	}
	issuer := id.Issuer()
	if issuer == "" {
		issuer, err = s.o.Registry.Issuer(ctx, id)
	}
	switch {
	case err != nil:
		return nil, r, err
	case issuer == "":
		return nil, r, charging.Invalid("vehicle_id", fmt.Sprintf("%s knows no vehicle %s", s.o.Self, id))
	case issuer != s.o.Self:
		return nil, r, elsewhere(id, issuer)
	}
	return nil, r, charging.Invalid("vehicle_id", fmt.Sprintf("the store has no record of %s; the vehicle itself can still revoke its secret by showing it", id))
}

// renewed is a vehicle's record for its next secret. What was issued up to the second
// before that is revoked: a second tells no more, so a secret may be of the next one.
func (s *Service) renewed(who Caller, id charging.VehicleID, r vehicleRecord) (vehicleRecord, error) {
	now := s.o.Now()
	r.Issued = 1 + max(now.Unix(), r.Issued, who.Issued)
	if who.Kind != Vehicle {
		r.Own, r.OwnSince = 0, time.Time{}
		return r, nil
	}
	if now.Sub(r.OwnSince) >= ownWithin {
		r.Own, r.OwnSince = 0, now.UTC()
	}
	if r.Own >= ownRevokes {
		until := r.OwnSince.Add(ownWithin)
		return r, &charging.Refusal{
			Code: charging.CodeRateLimited, RetryAfter: until.Sub(now),
			Detail: fmt.Sprintf("%s has revoked its secret %d times since %s, as often as a vehicle may in a day; again from %s on, or ask the operator of %s",
				id, r.Own, r.OwnSince.Format(time.RFC3339), until.Format(time.RFC3339), s.o.Self),
		}
	}
	r.Own++
	return r, nil
}

// end revokes all that was issued to a vehicle up to a second. A secret of an edition
// before is named, too, for companies that still are of that.
func (s *Service) end(ctx context.Context, id charging.VehicleID, r vehicleRecord, through int64) error {
	names := []string{issuedThrough(id, through)}
	if r.Issued == 0 && r.TokenID != "" {
		names = append(names, r.TokenID)
	}
	if err := s.o.Registry.Revoke(ctx, names...); err != nil {
		return err
	}
	s.o.Revoked.Add(s.o.Self, names...)
	s.o.OnRevoke()
	return nil
}
