package identity

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// companyType is the JWS "typ" of what a company shows to a peer.
const companyType = "company"

const (
	// companyLife is how long a company's token lives at most, by what it says.
	companyLife = 2 * time.Minute
	// companyShown is how long one is shown before the next one is made.
	companyShown = time.Minute
	// companyLeeway is how far the clocks of two companies may be apart.
	companyLeeway = time.Minute
)

// companyClaims is exactly what a company's token says.
type companyClaims struct {
	Issuer   charging.CompanyID `json:"iss"`
	Audience charging.CompanyID `json:"aud"`
	Issued   int64              `json:"iat"` // seconds since 1970
	Expires  int64              `json:"exp"`
}

func (c companyClaims) issuer() charging.CompanyID { return c.Issuer }

// Credentials makes what a company shows to its peers: a token of its own for each,
// good for two minutes there and nowhere else. It is safe for use by many goroutines.
type Credentials struct {
	self charging.CompanyID
	keys *Keys
	now  func() time.Time

	mu    sync.Mutex
	shown map[charging.CompanyID]shown
}

type shown struct {
	text  string
	keyID string
	made  time.Time
}

// NewCredentials signs with the keys. now is real time; nil is time.Now.
func NewCredentials(self charging.CompanyID, keys *Keys, now func() time.Time) *Credentials {
	if now == nil {
		now = time.Now
	}
	return &Credentials{self: self, keys: keys, now: now, shown: map[charging.CompanyID]shown{}}
}

// For is what to show to a peer now: the same for a minute, while the key that
// signs is the same.
func (c *Credentials) For(peer charging.CompanyID) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, keyID := c.now(), c.keys.KeyID()
	if s, ok := c.shown[peer]; ok && s.keyID == keyID && now.Sub(s.made).Abs() < companyShown {
		return s.text, nil
	}
	text, err := c.sign(peer, now, keyID)
	if err == nil {
		c.shown[peer] = shown{text, keyID, now}
	}
	return text, err
}

// Fresh makes a new one, for a person who tries a peer by hand, and says when it
// ends.
func (c *Credentials) Fresh(peer charging.CompanyID) (token string, expires time.Time, err error) {
	now := c.now().Truncate(time.Second)
	token, err = c.sign(peer, now, c.keys.KeyID())
	return token, now.Add(companyLife).UTC(), err
}

func (c *Credentials) sign(peer charging.CompanyID, now time.Time, keyID string) (string, error) {
	return c.keys.sign(companyClaims{c.self, peer, now.Unix(), now.Add(companyLife).Unix()}, jwsHeader{KeyID: keyID, Type: companyType})
}

// peer tells which company a token is of: one that the company has signed for this
// one, or a secret of the configuration. UNAUTHENTICATED; PEER_UNAVAILABLE where
// that company's keys cannot be had now.
func (s *Service) peer(ctx context.Context, token string) (Caller, error) {
	if id := s.bySecret(token); id != "" {
		return Caller{Kind: Peer, Peer: id}, nil
	}
	now := s.o.Now()
	if id, ok := s.verified.get(token, now); ok {
		return Caller{Kind: Peer, Peer: id}, nil
	}
	c, err := s.verifyCompany(ctx, token, now)
	if err != nil {
		return Caller{}, err
	}
	s.verified.put(token, c)
	return Caller{Kind: Peer, Peer: c.Issuer}, nil
}

// bySecret compares with every secret, so that the time tells nothing.
func (s *Service) bySecret(token string) (found charging.CompanyID) {
	for id, want := range s.o.PeerTokens {
		if same(want, token) {
			found = id
		}
	}
	return found
}

func (s *Service) verifyCompany(ctx context.Context, token string, now time.Time) (companyClaims, error) {
	c, _, err := open(ctx, s.o.Ring, token, companyType, func(p []byte) (companyClaims, error) {
		c, err := companyOf(p)
		if err == nil && c.Issuer == s.o.Self {
			err = errors.New("a company is no peer of itself")
		}
		return c, err
	})
	switch {
	case err != nil && verdict(err):
		return companyClaims{}, unauthenticated("the token is no peer's: it must be signed by a company of the federation, for " + string(s.o.Self))
	case err != nil:
		return companyClaims{}, &charging.Refusal{
			Code: charging.CodePeerUnavailable, Detail: "the keys of the company that says it calls cannot be had now",
			RetryAfter: time.Second, Cause: err,
		}
	}
	return c, s.current(c, now)
}

// current refuses a token for somebody else, or one that is not of now.
func (s *Service) current(c companyClaims, now time.Time) error {
	issued, expires := time.Unix(c.Issued, 0), time.Unix(c.Expires, 0)
	switch {
	case c.Audience != s.o.Self:
		return unauthenticated(fmt.Sprintf("the token of %s is for %s, and this is %s", c.Issuer, c.Audience, s.o.Self))
	case expires.Sub(issued) > companyLife || expires.Before(issued):
		return unauthenticated(fmt.Sprintf("the token of %s is for %s; at most %s", c.Issuer, expires.Sub(issued), companyLife))
	case issued.After(now.Add(companyLeeway)):
		return unauthenticated(fmt.Sprintf("the token of %s is of %s from now: compare the clocks of both companies (NTP)", c.Issuer, issued.Sub(now).Round(time.Second)))
	case !now.Before(expires.Add(companyLeeway)):
		return unauthenticated(fmt.Sprintf("the token of %s ended %s ago: compare the clocks of both companies (NTP)", c.Issuer, now.Sub(expires).Round(time.Second)))
	}
	return nil
}

func companyOf(payload []byte) (companyClaims, error) {
	var c companyClaims
	if err := strictJSON(payload, &c); err != nil {
		return c, err
	}
	const latest = 1 << 40 // seconds; what is beyond is no date
	if c.Issued < 0 || c.Expires < 0 || c.Issued > latest || c.Expires > latest {
		return c, errors.New("no date")
	}
	return c, errors.Join(c.Issuer.Validate(), c.Audience.Validate())
}

// verified remembers companies' tokens until they end: each call shows the same one
// for a minute.
type verified struct{ recent[companyClaims] }

func newVerified() *verified { return &verified{recent[companyClaims]{generation: 1024}} }

func (v *verified) get(token string, now time.Time) (charging.CompanyID, bool) {
	c, ok := v.recent.get(digestOf(token))
	return c.Issuer, ok && now.Before(time.Unix(c.Expires, 0).Add(companyLeeway))
}

func (v *verified) put(token string, c companyClaims) { v.recent.put(digestOf(token), c) }
