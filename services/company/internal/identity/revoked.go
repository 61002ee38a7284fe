package identity

import (
	"strconv"
	"strings"
	"sync"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Revocations are the revoked vehicles' tokens of all companies, as far as they
// have been heard of. What is revoked stays so: nothing is ever taken back.
type Revocations struct {
	mu  sync.RWMutex
	ids map[charging.CompanyID]map[string]struct{}
}

const (
	// maxRevoked bounds what one company can make us remember.
	maxRevoked = 100_000
	// maxByVehicles is how much of that vehicles may fill by themselves:
	// anybody can register one. The rest is for operators.
	maxByVehicles = maxRevoked / 2
)

// Add takes what a company says that it has revoked, and reports whether any of
// it is news.
func (r *Revocations) Add(company charging.CompanyID, names ...string) (news bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.ids[company]
	for _, name := range names {
		if _, old := known[name]; old || len(known) >= maxRevoked {
			continue
		}
		if known == nil {
			if r.ids == nil {
				r.ids = map[charging.CompanyID]map[string]struct{}{}
			}
			known = map[string]struct{}{}
			r.ids[company] = known
		}
		known[name], news = struct{}{}, true
	}
	return news
}

// Beyond gives what a company has revoked and a list of it does not have.
func (r *Revocations) Beyond(company charging.CompanyID, list []string) []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	all := r.ids[company]
	listed := make(map[string]struct{}, len(list))
	for _, name := range list {
		listed[name] = struct{}{}
	}
	var lacking []string
	for name := range all {
		if _, ok := listed[name]; !ok {
			lacking = append(lacking, name)
		}
	}
	return lacking
}

// count is how much a company has revoked.
func (r *Revocations) count(company charging.CompanyID) int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.ids[company])
}

// Revoked reports whether the token by which a vehicle is known has been revoked
// by its issuer. Only a vehicle has one.
func (r *Revocations) Revoked(c Caller) bool {
	if c.TokenID == "" {
		return false
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	of := r.ids[c.Issuer]
	if len(of) == 0 {
		return false
	}
	_, byID := of[c.TokenID]
	_, byTime := of[issuedAt(c.Vehicle, c.Issued)]
	return byID || byTime
}

// issuedAt names a token in a list of revoked ones whose id was not kept: its
// vehicle had no other, and it was issued in the second of its registration.
func issuedAt(vehicle charging.VehicleID, seconds int64) string {
	return string(vehicle) + "@" + strconv.FormatInt(seconds, 10)
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
