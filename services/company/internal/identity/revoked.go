package identity

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Revocations are what companies have revoked of their vehicles' tokens, as far as has
// been heard. A name in a company's list is VEHICLE@SECONDS: nothing that was issued to
// that vehicle up to then counts; or the id of a token of an edition before.
type Revocations struct {
	mu sync.RWMutex
	of map[charging.CompanyID]*revokedBy
}

// revokedBy is what one company has revoked.
type revokedBy struct {
	tokens  map[string]struct{}
	through map[charging.VehicleID]int64 // seconds since 1970
}

func (b *revokedBy) size() int { return len(b.tokens) + len(b.through) }

const (
	// RevokedFor is how long it is published, and remembered at least, that a vehicle's
	// tokens have been revoked: by then no pass and no browser's session of before is
	// good any more, and at its issuer the vehicle's record tells.
	RevokedFor = 25 * time.Hour
	// maxRevoked bounds what one company can make us remember.
	maxRevoked = 100_000
	// maxByVehicles is how much of that vehicles may fill by themselves, one
	// entry each: anybody can register one. The rest is for operators.
	maxByVehicles = maxRevoked / 2
)

// Add takes what a company says that it has revoked, and reports whether any of
// it is news.
func (r *Revocations) Add(company charging.CompanyID, names ...string) (news bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.add(company, names)
}

// add needs r.mu.
func (r *Revocations) add(company charging.CompanyID, names []string) (news bool) {
	b := r.of[company]
	if b == nil {
		b = &revokedBy{tokens: map[string]struct{}{}, through: map[charging.VehicleID]int64{}}
	}
	for _, name := range names {
		if b.take(name) {
			news = true
		}
	}
	if news && r.of == nil {
		r.of = map[charging.CompanyID]*revokedBy{}
	}
	if news {
		r.of[company] = b
	}
	return news
}

func (b *revokedBy) take(name string) (news bool) {
	vehicle, seconds, byTime := parseRevoked(name)
	if byTime {
		was, known := b.through[vehicle]
		if known && was >= seconds || !known && b.size() >= maxRevoked {
			return false
		}
		b.through[vehicle] = seconds
		return true
	}
	if _, known := b.tokens[name]; known || b.size() >= maxRevoked {
		return false
	}
	b.tokens[name] = struct{}{}
	return true
}

// Take takes a company's whole list, and forgets what is on it no more and so old that
// nothing from before can count.
func (r *Revocations) Take(company charging.CompanyID, list []string, now time.Time) (news bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	news = r.add(company, list)
	b, old := r.of[company], now.Add(-RevokedFor).Unix()
	if b == nil || len(b.through) == 0 {
		return news
	}
	listed := map[charging.VehicleID]bool{}
	for _, name := range list {
		if vehicle, _, byTime := parseRevoked(name); byTime {
			listed[vehicle] = true
		}
	}
	for vehicle, through := range b.through {
		if through < old && !listed[vehicle] {
			delete(b.through, vehicle)
		}
	}
	return news
}

// Beyond gives what a company has revoked and a list of it does not have.
func (r *Revocations) Beyond(company charging.CompanyID, list []string) []string {
	var listed Revocations
	listed.add(company, list)
	r.mu.RLock()
	defer r.mu.RUnlock()
	b, known := r.of[company], listed.of[company]
	if b == nil {
		return nil
	}
	var lacking []string
	for name := range b.tokens {
		if known == nil || !known.token(name) {
			lacking = append(lacking, name)
		}
	}
	for vehicle, through := range b.through {
		if known == nil || !known.ended(vehicle, through) {
			lacking = append(lacking, issuedThrough(vehicle, through))
		}
	}
	return lacking
}

// count is how much a company has revoked.
func (r *Revocations) count(company charging.CompanyID) int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if b := r.of[company]; b != nil {
		return b.size()
	}
	return 0
}

// Revoked reports whether the token by which a vehicle is known has been revoked
// by its issuer. Only a vehicle has one.
func (r *Revocations) Revoked(c Caller) bool {
	if c.TokenID == "" {
		return false
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	b := r.of[c.Issuer]
	return b != nil && (b.token(c.TokenID) || b.ended(c.Vehicle, c.Issued))
}

func (b *revokedBy) token(id string) bool {
	_, ok := b.tokens[id]
	return ok
}

func (b *revokedBy) ended(vehicle charging.VehicleID, issued int64) bool {
	through, ok := b.through[vehicle]
	return ok && issued <= through
}

// issuedThrough names in a list all that was issued to a vehicle up to a second. An
// edition before means by it what was issued in that very second.
func issuedThrough(vehicle charging.VehicleID, seconds int64) string {
	return string(vehicle) + "@" + strconv.FormatInt(seconds, 10)
}

func parseRevoked(name string) (vehicle charging.VehicleID, seconds int64, ok bool) {
	id, text, found := strings.Cut(name, "@")
	seconds, err := strconv.ParseInt(text, 10, 64)
	vehicle = charging.VehicleID(id)
	return vehicle, seconds, found && err == nil && seconds >= 0 && vehicle.Validate() == nil
}

// Login names the token by which a vehicle is known, for StillGood; empty for
// whoever shows no token.
func (c Caller) Login() string {
	if c.TokenID == "" {
		return ""
	}
	return strings.Join([]string{string(c.Issuer), string(c.Vehicle), strconv.FormatInt(c.Issued, 10), c.TokenID}, " ")
}

// StillGood reports whether a Login has not been revoked.
func (r *Revocations) StillGood(login string) bool {
	part := strings.SplitN(login, " ", 4)
	if len(part) != 4 {
		return true
	}
	issued, _ := strconv.ParseInt(part[2], 10, 64) // Login wrote it
	return !r.Revoked(Caller{
		Kind: Vehicle, Issuer: charging.CompanyID(part[0]), Vehicle: charging.VehicleID(part[1]), Issued: issued, TokenID: part[3],
	})
}
