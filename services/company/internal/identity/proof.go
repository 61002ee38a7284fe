package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// A proof says that a vehicle has shown itself to a company. That company shows it to
// another one beside its own token; it is no credential by itself (docs/adr/0020-every-server-knows-every-trip.md).

const (
	// proofType is the JWS "typ" and the claim of a proof.
	proofType = "vehicle-at"
	// proofOfSecret is the life of a proof that came for a secret: that of a pass,
	// and then of a browser's session.
	proofOfSecret = passLife + 12*time.Hour
	// proofShown is the life of what a company makes when it is needed.
	proofShown = 2 * time.Minute
)

// ErrNoProof says that nothing shows another company that a vehicle asks: its pass is of
// an issuer of an edition without proofs, or it has ended.
var ErrNoProof = errors.New("there is no proof that the vehicle asks")

// prove signs that a vehicle of this company has shown itself to at.
func (s *Service) prove(who Caller, at charging.CompanyID, issued int64, life time.Duration) (string, error) {
	return s.o.Keys.sign(vehicleClaims{
		Issuer: s.o.Self, Vehicle: who.Vehicle, Audience: at, TokenID: who.TokenID,
		Issued: issued, Expires: issued + int64(life/time.Second), Type: proofType,
	}, jwsHeader{KeyID: s.o.Keys.KeyID(), Type: proofType})
}

// Vouch gives what this company shows to a peer, beside its own token, for a vehicle
// that asks here. ErrNoProof, also for who is no vehicle, and for one for whom
// another company asks: what was forwarded once is not forwarded again.
func (s *Service) Vouch(who Caller, to charging.CompanyID) (string, error) {
	now := s.o.Now()
	switch {
	case who.Kind != Vehicle || who.Via != "":
		return "", ErrNoProof
	case who.TokenID == "":
		return s.configured(who.Vehicle, s.o.Self, to, now.Unix())
	case who.Issuer == s.o.Self:
		return s.prove(who, s.o.Self, max(now.Unix(), who.Issued), proofShown)
	case who.Proof == "":
		return "", ErrNoProof
	}
	return who.Proof, nil
}

// OnBehalf judges what a peer shows for a vehicle: that this vehicle has shown itself
// to that peer, and is still good. UNAUTHENTICATED, PEER_UNAVAILABLE,
// STORE_UNAVAILABLE.
func (s *Service) OnBehalf(ctx context.Context, peer charging.CompanyID, id charging.VehicleID, proof string) (Caller, error) {
	if id.Validate() != nil || reserved(id) != nil || len(proof) > maxToken {
		return Caller{}, unproved(peer)
	}
	if s.o.Vehicles[id] != "" {
		return s.configuredFor(peer, id, proof)
	}
	c, _, err := open(ctx, s.o.Ring, proof, proofType, func(p []byte) (vehicleClaims, error) { return claimsOf(p, proofType) })
	switch {
	case err != nil && verdict(err):
		return Caller{}, unproved(peer)
	case err != nil:
		return Caller{}, issuerAway(err)
	}
	if c.Vehicle != id || c.Audience != peer {
		return Caller{}, unproved(peer)
	}
	if err := s.dated(c); err != nil {
		return Caller{}, err
	}
	if err := s.vouched(ctx, id, c.Issuer); err != nil {
		return Caller{}, err
	}
	who := c.caller()
	if s.o.Revoked.Revoked(who) {
		return Caller{}, revoked(who)
	}
	who.Via = peer
	return who, nil
}

// dated refuses a proof that is not of now, or is for too long.
func (s *Service) dated(c vehicleClaims) error {
	issued, expires := time.Unix(c.Issued, 0), time.Unix(c.Expires, 0)
	now := s.o.Now()
	if expires.Sub(issued) > proofOfSecret || issued.After(now.Add(companyLeeway)) || !now.Before(expires) {
		return unauthenticated(fmt.Sprintf("what shows that %s asks has ended, or is not of now: the vehicle shows itself to %s anew (or compare the clocks)", c.Vehicle, c.Audience))
	}
	return nil
}

func unproved(peer charging.CompanyID) error {
	return unauthenticated("nothing shows that this vehicle has asked " + string(peer))
}

// configured is the proof of a vehicle of the configuration, which no company has
// registered: who makes it knows its secret. seconds are since 1970.
func (s *Service) configured(id charging.VehicleID, from, to charging.CompanyID, seconds int64) (string, error) {
	secret := s.o.Vehicles[id]
	if secret == "" {
		return "", ErrNoProof
	}
	at := strconv.FormatInt(seconds, 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(strings.Join([]string{"eletrovia " + proofType, string(id), string(from), string(to), at}, "\n")))
	return at + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}

// configuredFor judges a proof of a vehicle that is configured here.
func (s *Service) configuredFor(peer charging.CompanyID, id charging.VehicleID, proof string) (Caller, error) {
	text, _, _ := strings.Cut(proof, ".")
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || s.o.Now().Sub(time.Unix(seconds, 0)).Abs() > proofShown {
		return Caller{}, unproved(peer)
	}
	want, err := s.configured(id, peer, s.o.Self, seconds)
	if err != nil || !same(want, proof) {
		return Caller{}, unproved(peer)
	}
	return Caller{Kind: Vehicle, Vehicle: id, Via: peer}, nil
}
