package identity

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// ErrUnknownCompany is what a KeySource answers about a company that is not of
// the federation.
var ErrUnknownCompany = errors.New("no company of the federation")

// KeySource fetches the JWK set that another company publishes. An error that
// is not ErrUnknownCompany means that the keys cannot be had now.
type KeySource interface {
	PublicKeys(ctx context.Context, company charging.CompanyID) (json.RawMessage, error)
}

const (
	// ringLife is how long fetched keys are used without asking again.
	ringLife = 10 * time.Minute
	// ringPause is the least time between two questions to one company, so
	// that forged key ids cause no flood.
	ringPause = 2 * time.Second
	maxKeys   = 32
	maxJWKS   = 64 << 10
)

// Ring knows the public keys of all companies.
type Ring struct {
	self   charging.CompanyID
	own    *Keys
	pins   map[charging.CompanyID][]string
	source KeySource
	now    func() time.Time

	mu     sync.Mutex
	sets   map[charging.CompanyID]*keySet
	reread time.Time // when the own keys' file was, for a key that was not known
}

type keySet struct {
	mu    sync.Mutex
	keys  map[string]ed25519.PublicKey
	at    time.Time // of the last good answer
	asked time.Time
	err   error
}

// NewRing makes a ring of this company's own keys and those that source finds.
// pins names, for companies that have some, the thumbprints of the only keys that
// count, whatever is published; may be nil. now is real time; nil is time.Now.
func NewRing(self charging.CompanyID, own *Keys, source KeySource, pins map[charging.CompanyID][]string, now func() time.Time) *Ring {
	if now == nil {
		now = time.Now
	}
	return &Ring{self: self, own: own, source: source, pins: pins, now: now, sets: map[charging.CompanyID]*keySet{}}
}

// errNoKey says that a company has no key of that id: the signature is forged
// or very old.
var errNoKey = errors.New("the company has no such key")

// key finds a company's key. ErrUnknownCompany and errNoKey are verdicts; any
// other error means that nobody knows now.
func (r *Ring) key(ctx context.Context, company charging.CompanyID, keyID string) (ed25519.PublicKey, error) {
	if company == r.self {
		return r.ownKey(keyID)
	}
	if company.Validate() != nil || r.source == nil {
		return nil, ErrUnknownCompany
	}
	s := r.set(company)
	s.mu.Lock() // one question at a time to one company
	defer s.mu.Unlock()
	now := r.now()
	k, ok := s.keys[keyID]
	if ok && now.Sub(s.at) < ringLife {
		return k, nil
	}
	if now.Sub(s.asked) >= ringPause || s.asked.IsZero() {
		r.ask(ctx, company, s, now)
		if errors.Is(s.err, ErrUnknownCompany) {
			r.forget(company)
		}
	}
	// Keys that were good once stay good while their company cannot be asked.
	if k, ok = s.keys[keyID]; ok {
		return k, nil
	}
	if s.err != nil {
		return nil, s.err
	}
	return nil, errNoKey
}

// ownKey finds a key of this company. One that is not known may be what another of its
// servers has begun to sign with: the file is read again, no more often than a
// peer is asked.
func (r *Ring) ownKey(keyID string) (ed25519.PublicKey, error) {
	k, ok := r.own.public(keyID)
	if ok {
		return k, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.now(); now.Sub(r.reread) >= ringPause {
		r.reread = now
		_, _ = r.own.Reload() // whoever watches the file says what is wrong with it
		k, ok = r.own.public(keyID)
	}
	if !ok {
		return nil, errNoKey
	}
	return k, nil
}

func (r *Ring) set(company charging.CompanyID) *keySet {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.sets[company]
	if !ok {
		s = &keySet{}
		r.sets[company] = s
	}
	return s
}

// forget keeps strangers' made-up companies from filling the ring.
func (r *Ring) forget(company charging.CompanyID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.sets, company)
}

// ask needs s.mu.
func (r *Ring) ask(ctx context.Context, company charging.CompanyID, s *keySet, now time.Time) {
	raw, err := r.source.PublicKeys(ctx, company)
	if err == nil {
		var keys map[string]ed25519.PublicKey
		if keys, err = publicKeys(raw, r.pins[company]); err == nil {
			s.keys, s.at = keys, now
		}
	}
	s.err = err
	if ctx.Err() == nil { // a caller who gave up has not asked
		s.asked = now
	}
}

// publicKeys reads what another company publishes. Keys of other kinds, and where
// some are pinned all others, are passed over: they sign nothing here.
func publicKeys(raw json.RawMessage, pins []string) (map[string]ed25519.PublicKey, error) {
	if len(raw) > maxJWKS {
		return nil, fmt.Errorf("identity: a key set of %d bytes", len(raw))
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, fmt.Errorf("identity: key set: %w", err)
	}
	keys := map[string]ed25519.PublicKey{}
	for _, one := range set.Keys {
		var k jose.JSONWebKey
		if json.Unmarshal(one, &k) != nil || len(keys) >= maxKeys {
			continue
		}
		if public, ok := k.Key.(ed25519.PublicKey); ok && k.KeyID != "" && len(k.KeyID) <= 128 && pinned(k, pins) {
			keys[k.KeyID] = public
		}
	}
	if len(keys) == 0 && len(pins) > 0 {
		return nil, fmt.Errorf("identity: a key set without a key that is pinned (%s)", strings.Join(pins, ", "))
	}
	if len(keys) == 0 {
		return nil, errors.New("identity: a key set without an Ed25519 key")
	}
	return keys, nil
}

// pinned reports whether a key may count. The name that it is published under is no
// proof: its thumbprint is.
func pinned(k jose.JSONWebKey, pins []string) bool {
	if len(pins) == 0 {
		return true
	}
	id, err := thumbprint(k)
	return err == nil && slices.Contains(pins, id)
}
