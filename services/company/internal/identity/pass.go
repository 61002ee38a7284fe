package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

const (
	// passLife is how long a pass is good.
	passLife = time.Hour
	// wrongFor is how long a pair that its issuer does not know is not asked about
	// again.
	wrongFor = 30 * time.Second
)

// Exchange asks a vehicle's issuer for a pass for this company. FORBIDDEN is its
// verdict on the pair, UNKNOWN_ROUTE that of one of an edition without passes; any
// other error means that nobody knows now.
type Exchange func(ctx context.Context, issuer charging.CompanyID, id charging.VehicleID, secret string) (token string, err error)

// exchanges asks once for each pair at a time, and not again soon about a wrong one.
type exchanges struct {
	flight singleflight.Group
	wrong  *seen
}

// Pass makes what a vehicle shows to another company instead of its secret: good there
// alone, for an hour. FORBIDDEN (another vehicle's); INVALID_FIELD (no vehicle of this
// company's, or one of the configuration, or for no other company).
func (s *Service) Pass(who Caller, id charging.VehicleID, audience charging.CompanyID) (token string, expires time.Time, err error) {
	if who.Kind != Vehicle || !who.May(id) {
		return "", time.Time{}, charging.Refuse(charging.CodeForbidden, "a vehicle gets passes for itself only, by its secret")
	}
	if who.TokenID == "" {
		return "", time.Time{}, charging.Invalid("vehicle_id", string(id)+" has its secret from the configuration: it is known where it is configured, and has no passes")
	}
	if who.Issuer != s.o.Self {
		return "", time.Time{}, charging.Invalid("vehicle_id", fmt.Sprintf("%s registered at %s: only there does it get passes", id, who.Issuer))
	}
	if audience.Validate() != nil || audience == s.o.Self {
		return "", time.Time{}, charging.Invalid("audience", fmt.Sprintf("%.8q is no other company; here the vehicle shows its secret", audience))
	}
	return s.pass(who, audience, passLife)
}

// pass begins no earlier than the secret: what was issued up to a revocation ends with
// it, and a secret begins the second after. Its proof lives for proves.
func (s *Service) pass(who Caller, audience charging.CompanyID, proves time.Duration) (string, time.Time, error) {
	issued := max(s.o.Now().Unix(), who.Issued)
	expires := issued + int64(passLife/time.Second)
	proof, err := s.prove(who, audience, issued, proves)
	if err != nil {
		return "", time.Time{}, err
	}
	token, err := s.o.Keys.sign(vehicleClaims{
		Issuer: s.o.Self, Vehicle: who.Vehicle, Audience: audience, TokenID: who.TokenID, Issued: issued, Expires: expires, Type: vehicleType,
	}, jwsHeader{KeyID: s.o.Keys.KeyID(), Type: vehicleType, Proof: proof})
	return token, time.Unix(expires, 0).UTC(), err
}

// Exchange gives a peer, which was shown a vehicle's id and secret, a pass in their
// place. FORBIDDEN where they are not those of a vehicle of this company's;
// STORE_UNAVAILABLE.
func (s *Service) Exchange(ctx context.Context, peer charging.CompanyID, id charging.VehicleID, secret string) (token string, expires time.Time, err error) {
	wrong := charging.Refuse(charging.CodeForbidden, fmt.Sprintf("%s has no vehicle with this id and secret", s.o.Self))
	said, err := s.signedVehicle(ctx, id, secret)
	if err == nil && said.Issuer != s.o.Self {
		return "", time.Time{}, wrong // nobody else is asked about it
	}
	var who Caller
	if err == nil {
		who, err = s.vehicle(ctx, id, secret)
	}
	if charging.CodeOf(err) == charging.CodeUnauthenticated || err == nil && who.TokenID == "" {
		return "", time.Time{}, wrong
	}
	if err != nil {
		return "", time.Time{}, err
	}
	return s.pass(who, peer, proofOfSecret)
}

// passed judges a pass for this company.
func (s *Service) passed(c vehicleClaims, now time.Time) (Caller, time.Time, error) {
	issued, expires := time.Unix(c.Issued, 0), time.Unix(c.Expires, 0)
	switch {
	case expires.Sub(issued) > passLife:
		return Caller{}, time.Time{}, unauthenticated(fmt.Sprintf("this pass of %s is for %s; at most %s", c.Vehicle, expires.Sub(issued), passLife))
	case issued.After(now.Add(companyLeeway)):
		return Caller{}, time.Time{}, unauthenticated(fmt.Sprintf("this pass of %s is of %s from now: compare the clocks of %s and %s (NTP)", c.Vehicle, issued.Sub(now).Round(time.Second), c.Issuer, s.o.Self))
	case c.ended(now):
		return Caller{}, time.Time{}, unauthenticated(fmt.Sprintf("this pass of %s has ended; get another at %s", c.Vehicle, c.Issuer))
	}
	return c.caller(), expires, nil
}

// exchanged changes a secret, which says nothing here by itself, into a pass at its
// issuer. Whoever comes with the same pair meanwhile waits for the same answer.
func (s *Service) exchanged(ctx context.Context, c vehicleClaims, secret string, now time.Time) (Caller, time.Time, error) {
	if _, wrong := s.exchanges.wrong.get(c.Vehicle, secret, now); wrong {
		return Caller{}, time.Time{}, noVehicle()
	}
	if c.ended(now) {
		return Caller{}, time.Time{}, noVehicle()
	}
	key := digestOf(string(c.Vehicle), secret)
	answer := s.exchanges.flight.DoChan(string(key[:]), func() (any, error) {
		if v, ok := s.seen.sight(c.Vehicle, secret, now); ok {
			return v, nil // another's answer has come meanwhile
		}
		v, err := s.exchange(context.WithoutCancel(ctx), c, secret)
		if err == nil {
			s.seen.put(c.Vehicle, secret, v.who, v.until)
		}
		return v, err
	})
	select {
	case r := <-answer:
		v := r.Val.(sight)
		return v.who, v.until, r.Err
	case <-ctx.Done():
		return Caller{}, time.Time{}, issuerAway(ctx.Err())
	}
}

// exchange gives whom the pass is of, or the secret where its issuer is of an edition
// without passes: its signature is all there is.
func (s *Service) exchange(ctx context.Context, c vehicleClaims, secret string) (sight, error) {
	if s.o.Exchange == nil {
		return sight{}, issuerAway(errors.New("no way to ask"))
	}
	token, err := s.o.Exchange(ctx, c.Issuer, c.Vehicle, secret)
	switch code := charging.CodeOf(err); {
	case code == charging.CodeForbidden:
		s.exchanges.wrong.put(c.Vehicle, secret, Caller{}, s.o.Now().Add(wrongFor))
		return sight{}, noVehicle()
	case (code == charging.CodeUnknownRoute || code == charging.CodeMethodNotAllowed) && c.Audience == "":
		return sight{c.caller(), s.o.Now().Add(recheck)}, nil
	case err != nil:
		return sight{}, issuerAway(err)
	}
	p, err := s.signedVehicle(ctx, c.Vehicle, token)
	if err != nil {
		return sight{}, issuerAway(err)
	}
	if p.Issuer != c.Issuer || p.Audience != s.o.Self {
		return sight{}, issuerAway(errors.New("it answered with a pass for somebody else"))
	}
	who, until, err := s.passed(p, s.o.Now())
	return sight{who, until}, err
}
