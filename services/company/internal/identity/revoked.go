package identity

import (
	"sync"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Revocations are the revoked vehicles' tokens of all companies, as last heard.
type Revocations struct {
	mu  sync.RWMutex
	ids map[charging.CompanyID]map[string]bool
}

// maxRevoked bounds what one company can make us remember.
const maxRevoked = 100_000

// Set replaces what a company has revoked.
func (r *Revocations) Set(company charging.CompanyID, tokenIDs []string) {
	ids := make(map[string]bool, len(tokenIDs))
	for _, id := range tokenIDs[:min(len(tokenIDs), maxRevoked)] {
		ids[id] = true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ids == nil {
		r.ids = map[charging.CompanyID]map[string]bool{}
	}
	r.ids[company] = ids
}

// Revoked reports whether a company has revoked a token.
func (r *Revocations) Revoked(company charging.CompanyID, tokenID string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.ids[company][tokenID]
}
