package app

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/booking"
	"github.com/eletrovia/eletrovia/services/company/internal/httpapi"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// DemoSecret is what the demo gives its vehicles and its operator. A server
// that listens beyond loopback refuses it.
const DemoSecret = "demo"

// DemoToken is the peer token of a company in the demo, refused likewise.
func DemoToken(id charging.CompanyID) string { return "demo-" + string(id) }

// Options of one company's server. Zero values take the defaults that are
// named; Validate says what is wrong before anything happens.
type Options struct {
	// Company is who this is: MAR.
	Company charging.CompanyID
	// Name for people; the inventory's when empty.
	Name string
	// Inventory is the YAML file of the company's locations; empty takes the
	// demo's for MAR, SER and CAJ.
	Inventory string

	// HTTPAddr, MQTTAddr and WebSocketAddr are what to listen on, host:port;
	// port 0 picks a free one. Defaults: 127.0.0.1:0, 127.0.0.1:0, none.
	HTTPAddr, MQTTAddr, WebSocketAddr string
	// AdminAddr is where /readyz, /metrics, peers and the operator are served, and at
	// HTTPAddr no more; empty serves all there.
	AdminAddr string
	// AdvertiseHTTP (http://host:port) and AdvertiseMQTT (tcp://host:port) are
	// what peers are told; by default what is listened on.
	AdvertiseHTTP, AdvertiseMQTT string

	// MQTTBroker is a broker elsewhere, tcp://user@host:port (or ssl, ws, wss),
	// instead of one of the server's own; MQTTPassword is its password. Several
	// servers of a company may share it.
	MQTTBroker, MQTTPassword string
	// MQTTRate is how many messages a second one car may send, MQTTClients how
	// many cars and peers the own broker takes; 0 takes the broker's defaults, a
	// rate below 0 is no limit.
	MQTTRate    float64
	MQTTClients int

	Store Store
	// DataDir keeps what the server itself must not forget: its signing key, and
	// what its broker keeps; empty for what lives as long as the process.
	DataDir string
	// KeyFile is the signing key; default DataDir/keys.json.
	KeyFile string

	Peers []Peer
	// Vehicles with fixed secrets, for the demo; others register.
	Vehicles       map[charging.VehicleID]string
	OperatorSecret string
	// DemoTokens accepts DemoToken(PEER) as that peer, so that a person can play
	// one. On loopback only.
	DemoTokens bool
	TLS        TLS

	// Clock is civil time; the zero value is real time.
	Clock Clock
	Log   zerolog.Logger
	// RateLimit is how many requests a second one address may make; 0 is 100,
	// less than 0 no limit.
	RateLimit float64
	// Connections are how many there may be at a time, REST and MQTT together, and
	// AddressConnections how many of one address that has shown no secret; 0 takes
	// the door's defaults, less than 0 is no limit but that of the descriptors.
	Connections, AddressConnections int
	// Streams is how many event streams the server keeps open; 0 is 256.
	Streams int
	// WebDir is a directory with a built web app, read anew for each request; empty is the
	// one in the program.
	WebDir string
	// AllowOrigins are the origins whose pages may call, as browsers write them
	// (https://app.example); those of "*", all, may read.
	AllowOrigins []string
	// TrustedProxies tell by X-Forwarded-For or a PROXY header who calls.
	TrustedProxies []netip.Prefix
	// Around, where it is not nil, is what the REST server's handler is wrapped in.
	Around  func(http.Handler) http.Handler
	Timings Timings
	// AcceptedTicketLife is how long ago anybody's ticket may have been granted to count
	// here; 0 is charging.TicketLife, for which this company's own live.
	AcceptedTicketLife time.Duration
	// Limits of what one may take of this company's EVSEs; nil is charging.DefaultLimits.
	Limits *charging.Limits
	// Registration says who may register vehicles: open (the default), invite or
	// closed; Registrations how many one address may in a day, 0 the identity room's
	// default, less than 0 no limit.
	Registration  string
	Registrations int
	// Stage is the play of a demo, which everybody who reaches the server may watch and
	// steer: on loopback only. Nil is none.
	Stage Stage
	// SkipClaims leaves the claims out: only to measure what priority costs.
	SkipClaims bool
}

// Stage is the play of a demo (docs/adr/0026-the-stage.md).
type Stage = httpapi.Stage

// Store says where the company's Redis is: a URL, or an embedded one.
type Store struct {
	// URL of a Redis (redis://, rediss://, redis+sentinel://,
	// redis+cluster://); empty starts an embedded store.
	URL string
	// Prefix before all keys, where companies share a Redis.
	Prefix string
	// Addr, Dir and Fsync (everysec, always) of an embedded store. Defaults:
	// 127.0.0.1:0, a temporary directory, everysec.
	Addr, Dir, Fsync string
	// Password has an embedded store ask for a random password, which lies in
	// Dir/password; without it every local user may read and write the store.
	Password bool
	// Replicas that must have a promise before it is given. 0: one behind
	// Sentinel, else none; less than 0: none.
	Replicas int
	// Kind of embedded store: auto (default), redis-server or memory.
	Kind string
}

// Kinds of embedded store.
const (
	StoreAuto   = "auto"
	StoreRedis  = "redis-server"
	StoreMemory = "memory"
)

// Peer is another company of the federation.
type Peer struct {
	ID charging.CompanyID
	// URL of its REST server.
	URL string
	// MQTT is its broker (tcp://host:port); empty takes what it advertises.
	MQTT string
	// Keys are the thumbprints (RFC 7638) of the only keys that count as its; empty
	// takes those that it publishes at URL.
	Keys []string
	// Token and Accept are for a peer of an edition that knows no keys: what this
	// company shows to it, and what it shows here. Both or none.
	Token, Accept string
}

// byToken reports whether the peer is met with a secret instead of a key.
func (p Peer) byToken() bool { return p.Token != "" }

// TLS names certificate files (PEM). A listener without a certificate is plain.
type TLS struct {
	HTTPCert, HTTPKey string
	MQTTCert, MQTTKey string
	// CA signs the peers' certificates; empty trusts the system's.
	CA string
}

// Timings of the saga and its holds; zero takes the saga's defaults.
type Timings struct {
	HoldTTL, CallTimeout, StepBudget, ConfirmBudget, UnsettledBudget time.Duration
	Lease, Poll                                                      time.Duration
	// Notice is how long a server that stops is not ready and still works, where
	// the company has others; default 1 s.
	Notice time.Duration
	// Drain is how long Stop waits for trips in flight; default 5 s.
	Drain time.Duration
	// Refresh is how often the peers' catalogues are read; default the federation's.
	Refresh time.Duration
}

func (o Options) withDefaults() Options {
	def := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	def(&o.HTTPAddr, "127.0.0.1:0")
	def(&o.MQTTAddr, "127.0.0.1:0")
	def(&o.Store.Kind, StoreAuto)
	if o.Timings.Notice == 0 {
		o.Timings.Notice = time.Second
	}
	if o.Timings.Drain == 0 {
		o.Timings.Drain = 5 * time.Second
	}
	if o.Limits == nil {
		l := charging.DefaultLimits()
		o.Limits = &l
	}
	if o.RateLimit == 0 {
		o.RateLimit = 100
	}
	return o
}

// Validate reports all that is wrong or unsafe, one line each.
func (o Options) Validate() error {
	o = o.withDefaults()
	errs := []error{o.Company.Validate(), o.checkAddresses(), o.checkShown(), o.checkBroker(), o.checkStore(), o.checkPeers(), o.checkTLS(), o.checkOrigins(), o.Clock.validate()}
	if life := o.AcceptedTicketLife; life != 0 && life < charging.TicketLife {
		errs = append(errs, fmt.Errorf("accepted ticket life %s: at least the %s of this company's own tickets", life, charging.TicketLife))
	}
	if o.Registration != "" {
		errs = append(errs, identity.Admission(o.Registration).Validate())
	}
	return errors.Join(append(errs, o.checkSecrets(), o.sagaOptions().Validate())...)
}

func (o Options) checkAddresses() error {
	var errs []error
	for name, addr := range map[string]string{"REST": o.HTTPAddr, "MQTT": o.MQTTAddr, "WebSocket": o.WebSocketAddr, "admin": o.AdminAddr} {
		if addr == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(addr); err != nil {
			errs = append(errs, fmt.Errorf("%s address %q: want host:port", name, addr))
		}
	}
	for name, addr := range map[string]string{"REST": o.AdvertiseHTTP, "MQTT": o.AdvertiseMQTT} {
		if u, err := url.Parse(addr); addr != "" && (err != nil || u.Host == "") {
			errs = append(errs, fmt.Errorf("advertised %s address %q: want scheme://host:port", name, addr))
		}
	}
	return errors.Join(errs...)
}

// checkShown refuses what peers would drop of what this company tells about itself.
func (o Options) checkShown() error {
	var errs []error
	api.NewBorder(o.Company, func(d api.Drop) {
		errs = append(errs, fmt.Errorf("peers would drop of this company its %s", d.Why))
	}).Company(api.CompanyInfo{Name: o.Name, RESTURL: o.AdvertiseHTTP, MQTTURL: o.AdvertiseMQTT})
	return errors.Join(errs...)
}

func (o Options) checkOrigins() error {
	var errs []error
	if o.Streams < 0 {
		errs = append(errs, fmt.Errorf("%d event streams: want a number, or 0 for the default", o.Streams))
	}
	for _, origin := range o.AllowOrigins {
		if err := api.CheckOrigin(origin); err != nil {
			errs = append(errs, fmt.Errorf("allowed origin: %w", err))
		}
	}
	return errors.Join(errs...)
}

func (o Options) checkBroker() error {
	if o.MQTTBroker == "" {
		return nil
	}
	address, user, password, err := o.remoteBroker()
	if err != nil {
		return err
	}
	scheme, _, _ := strings.Cut(address, "://")
	switch {
	case !slices.Contains([]string{"tcp", "ssl", "ws", "wss"}, scheme):
		return fmt.Errorf("the broker elsewhere: %q is none of tcp, ssl, ws, wss", scheme)
	case o.WebSocketAddr != "" || o.TLS.MQTTCert != "":
		return errors.New("with a broker elsewhere, WebSocket and TLS for MQTT are that broker's: leave their settings out")
	case user == "" || password == "":
		return errors.New("the broker elsewhere needs a user name and a password of this company's servers")
	}
	return nil
}

func (o Options) checkStore() error {
	switch o.Store.Kind {
	case StoreAuto, StoreRedis, StoreMemory:
	default:
		return fmt.Errorf("store %q: want auto, redis-server or memory", o.Store.Kind)
	}
	if o.Store.URL != "" && (o.Store.Dir != "" || o.Store.Addr != "") {
		return errors.New("store: a URL and an embedded store exclude each other")
	}
	return nil
}

func (o Options) checkPeers() error {
	var errs []error
	seen := map[charging.CompanyID]bool{o.Company: true}
	for _, p := range o.Peers {
		if err := p.ID.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("peer: %w", err))
		}
		if seen[p.ID] {
			errs = append(errs, fmt.Errorf("peer %s is this company, or is named twice", p.ID))
		}
		seen[p.ID] = true
		if u, err := url.Parse(p.URL); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			errs = append(errs, fmt.Errorf("peer %s: address %q: want http://host:port", p.ID, p.URL))
		}
		if (p.Token == "") != (p.Accept == "") {
			errs = append(errs, fmt.Errorf("peer %s needs two tokens, or better none: what we show to it, and what it shows here", p.ID))
		}
		for _, k := range p.Keys {
			if raw, err := base64.RawURLEncoding.DecodeString(k); err != nil || len(raw) != sha256.Size {
				errs = append(errs, fmt.Errorf("peer %s: key %q is no thumbprint: `eletrovia keys show` at that company prints it", p.ID, k))
			}
		}
	}
	return errors.Join(errs...)
}

func (o Options) checkTLS() error {
	var errs []error
	for name, pair := range map[string][2]string{"REST": {o.TLS.HTTPCert, o.TLS.HTTPKey}, "MQTT": {o.TLS.MQTTCert, o.TLS.MQTTKey}} {
		if (pair[0] == "") != (pair[1] == "") {
			errs = append(errs, fmt.Errorf("TLS for %s needs both files: certificate and key", name))
		}
	}
	return errors.Join(errs...)
}

// beyondLoopback reports whether anybody but this machine can reach the server.
func (o Options) beyondLoopback() bool {
	addresses := []string{o.HTTPAddr, o.AdminAddr, o.MQTTAddr, o.WebSocketAddr}
	if o.MQTTBroker != "" {
		addresses = addresses[:2]
	}
	for _, addr := range addresses {
		if beyondLoopback(addr) {
			return true
		}
	}
	return false
}

// beyondLoopback reports whether an address to listen on, if there is one, is open to
// other machines.
func beyondLoopback(addr string) bool {
	if addr == "" {
		return false
	}
	host, _, _ := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	return host != "localhost" && (ip == nil || !ip.IsLoopback())
}

// checkSecrets refuses what everybody knows, once anybody can try it.
func (o Options) checkSecrets() error {
	secrets := []identity.Secret{{Name: "the operator's secret", Value: o.OperatorSecret}}
	for id, secret := range o.Vehicles {
		secrets = append(secrets, identity.Secret{Name: "the secret of vehicle " + string(id), Value: secret})
	}
	for _, p := range o.Peers {
		if p.byToken() {
			secrets = append(secrets,
				identity.Secret{Name: "the token that we show to " + string(p.ID), Value: p.Token},
				identity.Secret{Name: "the token that we accept from " + string(p.ID), Value: p.Accept})
		}
	}
	if o.DemoTokens && o.beyondLoopback() {
		return errors.New("the demo's tokens are known to everybody: they are for a server on loopback")
	}
	if o.Stage != nil && o.beyondLoopback() {
		return errors.New("everybody may steer the stage of a demo: it is for a server on loopback")
	}
	return identity.CheckSecrets(!o.beyondLoopback(), secrets...)
}

// sagaOptions is the part of the saga's options that comes from these, with
// stand-ins for what is wired later, so that Validate can judge the timings.
func (o Options) sagaOptions() booking.Options {
	t := o.Timings
	return booking.Options{
		Engine: booking.Engine{
			Owner: "unnamed", Journal: struct{ booking.Journal }{},
			CallTimeout: t.CallTimeout, Lease: t.Lease, Poll: t.Poll,
		},
		Self: o.Company, Companies: struct{ booking.Companies }{}, Until: o.Clock.Until,
		HoldTTL: t.HoldTTL, StepBudget: t.StepBudget, ConfirmBudget: t.ConfirmBudget,
		UnsettledBudget: t.UnsettledBudget, SkipClaims: o.SkipClaims,
	}
}
