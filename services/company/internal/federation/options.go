package federation

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Peer is another company, as the configuration names it.
type Peer struct {
	ID      charging.CompanyID
	BaseURL string
	// Token gives what this company shows there now.
	Token func() (string, error)
	// Dropped is told of what was left out of the peer's answers. New sets it, for Dial.
	Dropped func(api.Drop)
}

// Options of a Federation. Zero durations and numbers take the defaults.
type Options struct {
	Self  charging.CompanyID
	Peers []Peer
	// Dial makes the client of a peer; it sends nothing yet.
	Dial func(Peer) (Remote, error)

	// Now is the clock that peers' clocks are compared with, this company's
	// Redis TIME where it can be had; nil is time.Now.
	Now func() time.Time
	// Suspended is why nothing more is taken at a peer, empty where it is; nil is nobody.
	Suspended func(charging.CompanyID) string
	// OnPeer is told when a peer's state or skew changes. It must not block.
	OnPeer func(PeerView)
	// OnInfo is told what a peer says about itself, at every probe. It must
	// not block.
	OnInfo func(Info)
	// Log is told what an operator should know, with its cause or nil.
	Log func(message string, cause error)

	// CallTimeout bounds a call of a saga or a notice; ReadTimeout one for
	// locations, availability or a probe. Defaults 2 s, 3 s.
	CallTimeout, ReadTimeout time.Duration
	// InFlight is how many calls one peer is given at a time. Default 256.
	InFlight int
	// Forwards is how many requests of vehicles are passed on to one peer at a time.
	// Default 128.
	Forwards int
	// TripAfter failures in a row open a peer's breaker for OpenFor.
	// Defaults 5, 2 s.
	TripAfter uint32
	OpenFor   time.Duration
	// ProbeEvery is the pause between probes of a peer that is online;
	// RetryEvery of one that is not. Defaults 5 s, 1 s.
	ProbeEvery, RetryEvery time.Duration
	// RefreshEvery is the pause between looks at a peer's locations. Default 30 s.
	RefreshEvery time.Duration
	// AvailabilityLife is how old what a peer said of its free windows may be when a plan
	// is made on it. Default 15 s.
	AvailabilityLife time.Duration
	// MaxSkew is how far a peer's clock may be off. Default 2 s.
	MaxSkew time.Duration
}

func (o Options) withDefaults() Options {
	o.CallTimeout = cmp.Or(o.CallTimeout, 2*time.Second)
	o.ReadTimeout = cmp.Or(o.ReadTimeout, 3*time.Second)
	o.OpenFor = cmp.Or(o.OpenFor, 2*time.Second)
	o.ProbeEvery = cmp.Or(o.ProbeEvery, 5*time.Second)
	o.RetryEvery = cmp.Or(o.RetryEvery, time.Second)
	o.RefreshEvery = cmp.Or(o.RefreshEvery, 30*time.Second)
	o.AvailabilityLife = cmp.Or(o.AvailabilityLife, 15*time.Second)
	o.MaxSkew = cmp.Or(o.MaxSkew, 2*time.Second)
	o.InFlight = cmp.Or(o.InFlight, 256)
	o.Forwards = cmp.Or(o.Forwards, 128)
	o.TripAfter = cmp.Or(o.TripAfter, 5)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Suspended == nil {
		o.Suspended = func(charging.CompanyID) string { return "" }
	}
	if o.OnPeer == nil {
		o.OnPeer = func(PeerView) {}
	}
	if o.OnInfo == nil {
		o.OnInfo = func(Info) {}
	}
	if o.Log == nil {
		o.Log = func(string, error) {}
	}
	return o
}

// Validate refuses options that a federation cannot work with.
func (o Options) Validate() error {
	var errs []error
	if err := o.Self.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("federation: %w", err))
	}
	if o.Dial == nil && len(o.Peers) > 0 {
		errs = append(errs, errors.New("federation: Dial is required"))
	}
	if o.InFlight < 0 {
		errs = append(errs, errors.New("federation: InFlight must not be negative"))
	}
	seen := map[charging.CompanyID]bool{o.Self: true}
	for _, p := range o.Peers {
		if err := p.ID.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("federation: peer: %w", err))
		}
		if seen[p.ID] {
			errs = append(errs, fmt.Errorf("federation: %s is named twice, or is this company itself", p.ID))
		}
		seen[p.ID] = true
	}
	return errors.Join(errs...)
}
