package identity

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Registry is what a company remembers of vehicles and browsers; the store has it.
type Registry interface {
	// Issuer is the company that an older edition has tied a vehicle's id to, empty for
	// none.
	Issuer(ctx context.Context, vehicle charging.VehicleID) (charging.CompanyID, error)
	// CountRegistration counts one of an address; wait is in how long there may be one
	// more, where it is one too many.
	CountRegistration(ctx context.Context, from string, limit int, within time.Duration) (wait time.Duration, err error)
	// SaveInvites keeps invitations by their hashes, TakeInvite uses one up.
	SaveInvites(ctx context.Context, hashes []string, life time.Duration) error
	TakeInvite(ctx context.Context, hash string) (bool, error)
	// RegisterVehicle stores a new vehicle for life; created is false when the id is
	// taken.
	RegisterVehicle(ctx context.Context, id charging.VehicleID, record []byte, life time.Duration) (created bool, err error)
	// UseVehicle is Vehicle, and keeps the record for life from now on.
	UseVehicle(ctx context.Context, id charging.VehicleID, life time.Duration) (record []byte, ok bool, err error)
	// Vehicle gives the record of a vehicle that registered here.
	Vehicle(ctx context.Context, id charging.VehicleID) (record []byte, ok bool, err error)
	// ReplaceVehicle stores a vehicle's record where the present one is old (nil
	// for none), for life; replaced is false where it is another.
	ReplaceVehicle(ctx context.Context, id charging.VehicleID, old, record []byte, life time.Duration) (replaced bool, err error)
	// Revoke ends tokens, by the names that are published.
	Revoke(ctx context.Context, names ...string) error
	// SaveSession, LoadSession and DropSession keep browsers' sessions under
	// a hash of their id: of each whom they are of, the newest most.
	SaveSession(ctx context.Context, of string, most int, idHash string, data []byte, life time.Duration) error
	LoadSession(ctx context.Context, idHash string) (data []byte, ok bool, err error)
	DropSession(ctx context.Context, of, idHash string) error
	// ListedSessions gives the data of those that one has, by the hashes of their ids.
	ListedSessions(ctx context.Context, of string) (map[string][]byte, error)
}

// Options of a Service.
type Options struct {
	Self     charging.CompanyID
	Keys     *Keys
	Ring     *Ring
	Registry Registry
	// Revoked are the vehicles' tokens that their issuers have revoked; nil is
	// a list of its own, which Revoke alone fills.
	Revoked *Revocations
	// OnRevoke is told that Revoke has ended a token of this company.
	OnRevoke func()
	// Exchange changes secrets of other companies' vehicles into passes; nil is no way
	// to.
	Exchange Exchange
	// Admission says who may register; empty is Open.
	Admission Admission
	// Registrations is how many vehicles one address may register in a day; 0 is
	// DefaultRegistrations, less than 0 no limit.
	Registrations int
	// Vehicles whose secrets are in the configuration (the demo's).
	Vehicles map[charging.VehicleID]string
	// OperatorSecret; empty is no operator.
	OperatorSecret string
	// PeerTokens are secrets that count as a peer's beside what it signs: those of
	// peers of an older edition, and the demo's.
	PeerTokens map[charging.CompanyID]string
	// SessionLife of a browser's session; default 12 h.
	SessionLife time.Duration
	// Now is real time; nil is time.Now.
	Now func() time.Time
}

// Service authenticates. It is safe for use by many goroutines.
type Service struct {
	o Options
	*sessions
	seen      *seen
	verified  *verified
	exchanges exchanges
}

// New checks and completes the options.
func New(o Options) (*Service, error) {
	if o.Self.Validate() != nil || o.Keys == nil || o.Ring == nil || o.Registry == nil {
		return nil, errors.New("identity: Self, Keys, Ring and Registry are required")
	}
	for id := range o.Vehicles {
		if err := errors.Join(id.Validate(), reserved(id)); err != nil {
			return nil, fmt.Errorf("identity: vehicle %q: %w", id, err)
		}
	}
	byToken := map[string]charging.CompanyID{}
	for id, token := range o.PeerTokens {
		if other, twice := byToken[token]; twice {
			return nil, fmt.Errorf("identity: peers %s and %s have the same token", id, other)
		}
		byToken[token] = id
	}
	if o.Revoked == nil {
		o.Revoked = &Revocations{}
	}
	if o.OnRevoke == nil {
		o.OnRevoke = func() {}
	}
	o.Admission = cmp.Or(o.Admission, Open)
	if err := o.Admission.Validate(); err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	o.Registrations = cmp.Or(o.Registrations, DefaultRegistrations)
	o.SessionLife = cmp.Or(o.SessionLife, 12*time.Hour)
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Service{o: o, sessions: &sessions{o}, seen: newSeen(), verified: newVerified(), exchanges: exchanges{wrong: newSeen()}}, nil
}

// Authenticate tells who calls, by an Authorization header (Basic or Bearer),
// or where there is none by a session's id. Nothing shown is Anybody.
// UNAUTHENTICATED, STORE_UNAVAILABLE.
func (s *Service) Authenticate(ctx context.Context, authorization, session string) (Caller, error) {
	if authorization == "" {
		if session == "" {
			return Caller{Kind: Anybody}, nil
		}
		return s.Session(ctx, session)
	}
	scheme, rest, _ := strings.Cut(authorization, " ")
	rest = strings.TrimSpace(rest)
	switch {
	case len(authorization) > 2*maxToken:
	case strings.EqualFold(scheme, "Bearer"):
		return s.peer(ctx, rest)
	case strings.EqualFold(scheme, "Basic"):
		raw, err := base64.StdEncoding.DecodeString(rest)
		user, secret, ok := strings.Cut(string(raw), ":")
		if err != nil || !ok {
			return Caller{}, unauthenticated("the Basic credentials are not readable")
		}
		return s.Basic(ctx, user, secret)
	}
	return Caller{}, unauthenticated("show Basic credentials, or a peer's Bearer token")
}

// Basic tells who a pair of name and secret is: the operator or a vehicle.
// UNAUTHENTICATED, STORE_UNAVAILABLE.
func (s *Service) Basic(ctx context.Context, user, secret string) (Caller, error) {
	if user == OperatorName {
		if !same(s.o.OperatorSecret, secret) {
			return Caller{}, unauthenticated("the operator's secret is wrong")
		}
		return Caller{Kind: Operator}, nil
	}
	return s.vehicle(ctx, charging.VehicleID(user), secret)
}

// AuthenticateMQTT tells who a user name and password are: a vehicle, or a peer
// by its party id and token, or the operator, who may read a broker's own figures
// there and nothing else.
func (s *Service) AuthenticateMQTT(ctx context.Context, user, password string) (Caller, error) {
	if user == OperatorName {
		return s.Basic(ctx, user, password)
	}
	if charging.CompanyID(user).Validate() == nil {
		c, err := s.peer(ctx, password)
		if charging.CodeOf(err) == charging.CodePeerUnavailable {
			return Caller{}, err
		}
		if err != nil || c.Peer != charging.CompanyID(user) {
			return Caller{}, unauthenticated("the token is not that of " + user)
		}
		return c, nil
	}
	return s.vehicle(ctx, charging.VehicleID(user), password)
}
