package identity

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Admission says who may register vehicles.
type Admission string

// The admissions.
const (
	// Open is anybody, within the limit of an address.
	Open Admission = "open"
	// ByInvite is who has a code from the operator, within that limit.
	ByInvite Admission = "invite"
	// Closed is nobody.
	Closed Admission = "closed"
)

// Validate reports whether it is one of the three.
func (a Admission) Validate() error {
	if a != Open && a != ByInvite && a != Closed {
		return fmt.Errorf("registration is open, invite or closed, not %q", string(a))
	}
	return nil
}

const (
	// DefaultRegistrations is how many vehicles one address may register in a day.
	DefaultRegistrations = 50
	registrationsWithin  = 24 * time.Hour
	// unusedLife is how long a vehicle is known that never logs in, usedLife how
	// long after it did last.
	unusedLife = 24 * time.Hour
	usedLife   = secretLife

	maxInvites    = 100
	maxInviteDays = 90
)

// Registration is who wants to register.
type Registration struct {
	// Wish for the last part of the id; may be empty.
	Wish  charging.VehicleID
	Model string
	// Invite is a code of the operator's, where registration asks for one.
	Invite string
	// From is the address that is counted; empty is not.
	From string
}

// Register makes a vehicle known and gives its id and its secret, which is kept nowhere.
// FORBIDDEN (registration is closed); INVALID_FIELD, also for a wrong invite;
// RATE_LIMITED; ID_REUSED (the id is taken, and an invite is not used up);
// STORE_UNAVAILABLE.
func (s *Service) Register(ctx context.Context, q Registration) (charging.VehicleID, string, error) {
	if s.o.Admission == Closed {
		return "", "", charging.Refuse(charging.CodeForbidden, string(s.o.Self)+" registers no vehicles; register at another company, or ask its operator")
	}
	id, err := s.name(q.Wish)
	if err != nil {
		return "", "", err
	}
	if err := s.countRegistration(ctx, q.From); err != nil {
		return "", "", err
	}
	if err := s.free(ctx, id); err != nil {
		return "", "", err
	}
	if err := s.invited(ctx, q.Invite); err != nil {
		return "", "", err
	}
	now := s.o.Now()
	raw, secret, err := s.issue(id, vehicleRecord{Model: q.Model, At: now.UTC(), Issued: now.Unix()})
	if err != nil {
		return "", "", err
	}
	created, err := s.o.Registry.RegisterVehicle(ctx, id, raw, unusedLife)
	if err != nil {
		return "", "", err
	}
	if !created {
		return "", "", taken(id)
	}
	return id, secret, nil
}

func taken(id charging.VehicleID) error {
	return charging.Refuse(charging.CodeIDReused, "the vehicle id "+string(id)+" is taken; choose another or leave it out")
}

// free refuses an id that is taken before an invite is used up for it.
func (s *Service) free(ctx context.Context, id charging.VehicleID) error {
	_, known, err := s.o.Registry.Vehicle(ctx, id)
	if err == nil && known {
		err = taken(id)
	}
	return err
}

func (s *Service) countRegistration(ctx context.Context, from string) error {
	if from == "" || s.o.Registrations < 0 {
		return nil
	}
	wait, err := s.o.Registry.CountRegistration(ctx, from, s.o.Registrations, registrationsWithin)
	if err != nil || wait <= 0 {
		return err
	}
	return &charging.Refusal{
		Code: charging.CodeRateLimited, RetryAfter: wait,
		Detail: fmt.Sprintf("this address has registered vehicles %d times within a day, which is the limit of %s; again from %s on",
			s.o.Registrations, s.o.Self, s.o.Now().Add(wait).UTC().Format(time.RFC3339)),
	}
}

// invited uses an invitation up, where one is asked for.
func (s *Service) invited(ctx context.Context, code string) error {
	if s.o.Admission != ByInvite {
		return nil
	}
	if code == "" {
		return charging.Invalid("invite", string(s.o.Self)+" registers vehicles by invitation: ask its operator for a code")
	}
	ok, err := s.o.Registry.TakeInvite(ctx, sessionHash(code))
	if err == nil && !ok {
		err = charging.Invalid("invite", "this code is not known, has been used, or has ended: ask the operator for another")
	}
	return err
}

// Invite makes codes, each good to register one vehicle, for some days; they are kept
// hashed. INVALID_FIELD (1 to 100 codes, 1 to 90 days), STORE_UNAVAILABLE.
func (s *Service) Invite(ctx context.Context, count, days int) (codes []string, expires time.Time, err error) {
	if count < 1 || count > maxInvites {
		return nil, time.Time{}, charging.Invalid("count", fmt.Sprintf("1 to %d, not %d", maxInvites, count))
	}
	if days < 1 || days > maxInviteDays {
		return nil, time.Time{}, charging.Invalid("days", fmt.Sprintf("1 to %d, not %d", maxInviteDays, days))
	}
	life := time.Duration(days) * 24 * time.Hour
	hashes := make([]string, count)
	for n := range hashes {
		code := rand.Text()
		codes, hashes[n] = append(codes, code), sessionHash(code)
	}
	expires = s.o.Now().Add(life).UTC().Truncate(time.Second)
	return codes, expires, s.o.Registry.SaveInvites(ctx, hashes, life)
}
