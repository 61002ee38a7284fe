// Package settings turns what serve is told, flags first and then ELETROVIA_
// variables, into the options of one company's server. It reads no environment
// by itself.
package settings

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/app"
)

// EnvPrefix begins every variable that is ours.
const EnvPrefix = "ELETROVIA_"

// client are the variables of the other commands.
var client = []string{"ELETROVIA_SERVER", "ELETROVIA_VEHICLE", "ELETROVIA_SECRET", "ELETROVIA_OPERATOR_SECRET", "ELETROVIA_CA"}

// secret are the variables of serve that have no flag: a command line is read by everybody.
var secret = []string{"ELETROVIA_MQTT_PASSWORD"}

// perCompany are variables that end in a company's id: ELETROVIA_URL_SER.
var perCompany = regexp.MustCompile(`^ELETROVIA_(URL|MQTT|KEY|AUTH|TOKEN|PEER_TOKEN|ACCEPT_TOKEN)_([A-Z]{3})$`)

// Settings are the flags of serve.
type Settings struct {
	company, name, config                    string
	http, mqtt, ws, mqttPasswordFile         string
	admin                                    string
	proxies                                  list
	store, storeAddr, fsync, prefix          string
	replicas                                 string
	data, keyFile, operatorSecretFile        string
	advertiseHTTP, advertiseMQTT             string
	peers                                    []string
	tls                                      app.TLS
	rateLimit, speed, mqttRate               float64
	mqttClients, registrations               int
	registration                             string
	streams, connections, addressConnections int
	clockEpoch, limits, origins, web         string
	timings                                  app.Timings
	acceptedLife                             time.Duration
	// LogLevel of the server's log on standard error.
	LogLevel string

	env map[string]string
}

// Define adds the flags, with the environment's values as their defaults.
// environ is as os.Environ gives it.
func (s *Settings) Define(f *pflag.FlagSet, environ []string) {
	s.env = ours(environ)
	text := func(p *string, name, variable, value, use string) {
		if v, ok := s.env[variable]; ok {
			value = v
		}
		f.StringVar(p, name, value, use+" ("+variable+")")
	}
	text(&s.company, "company", "ELETROVIA_COMPANY", "", "who this is: MAR, SER, CAJ, or the company of --config")
	text(&s.name, "name", "ELETROVIA_NAME", "", "the company's name for people; the inventory's by default")
	text(&s.config, "config", "ELETROVIA_CONFIG", "", "YAML file of the company's locations; the demo's by default")
	text(&s.http, "http", "ELETROVIA_HTTP", "127.0.0.1:8080", "REST: address to listen on")
	text(&s.admin, "admin-listen", "ELETROVIA_ADMIN_LISTEN", "", "REST: address of its own for /readyz, /metrics, peers and the operator, who are not served at --http then; none by default")
	text(&s.mqtt, "mqtt", "ELETROVIA_MQTT", "127.0.0.1:1883", "MQTT: address to listen on, or a broker elsewhere: external://user@host:port, external+ssl://, external+ws://, external+wss://")
	text(&s.mqttPasswordFile, "mqtt-password-file", "ELETROVIA_MQTT_PASSWORD_FILE", "", "a broker elsewhere: file with the password of this company's servers; or give ELETROVIA_MQTT_PASSWORD")
	text(&s.ws, "ws", "ELETROVIA_WS", "", "MQTT over WebSocket: address to listen on; none by default")
	text(&s.store, "store", "ELETROVIA_REDIS", "embedded",
		"redis://…, rediss://…, redis+sentinel://…, redis+cluster://…; or embedded, redis-server, memory")
	text(&s.storeAddr, "store-addr", "ELETROVIA_STORE_ADDR", "", "embedded store: loopback address to listen on; a free port by default")
	text(&s.fsync, "fsync", "ELETROVIA_FSYNC", "", "embedded store: everysec (default) or always")
	text(&s.prefix, "redis-prefix", "ELETROVIA_REDIS_PREFIX", "", "before all keys, where companies share a Redis")
	text(&s.replicas, "store-replicas", "ELETROVIA_REDIS_REPLICAS", "auto",
		"replicas of the store that must have a promise before it is given; auto: 1 behind Sentinel, else 0")
	text(&s.data, "data", "ELETROVIA_DATA", "", "directory for the signing key, the broker's sessions, what is known of the store (to notice that it has lost its memory) and an embedded store's data; without one all are lost at the end")
	text(&s.keyFile, "key-file", "ELETROVIA_KEY_FILE", "", "the signing key's file; by default in --data")
	text(&s.operatorSecretFile, "operator-secret-file", "ELETROVIA_OPERATOR_SECRET_FILE", "",
		"file with the operator's secret; or give ELETROVIA_OPERATOR_SECRET")
	text(&s.advertiseHTTP, "advertise-http", "ELETROVIA_ADVERTISE_HTTP", "",
		"REST address that others reach us at, http://host:8080; ELETROVIA_URL_ and our own id does the same")
	text(&s.advertiseMQTT, "advertise-mqtt", "ELETROVIA_ADVERTISE_MQTT", "",
		"MQTT address that others reach us at, tcp://host:1883; ELETROVIA_MQTT_ and our own id does the same")
	text(&s.tls.HTTPCert, "tls-http-cert", "ELETROVIA_TLS_HTTP_CERT", "", "REST: certificate file (PEM)")
	text(&s.tls.HTTPKey, "tls-http-key", "ELETROVIA_TLS_HTTP_KEY", "", "REST: key file (PEM)")
	text(&s.tls.MQTTCert, "tls-mqtt-cert", "ELETROVIA_TLS_MQTT_CERT", "", "MQTT: certificate file (PEM)")
	text(&s.tls.MQTTKey, "tls-mqtt-key", "ELETROVIA_TLS_MQTT_KEY", "", "MQTT: key file (PEM)")
	text(&s.tls.CA, "tls-ca", "ELETROVIA_TLS_CA", "", "file with the authority of the peers' certificates; the system's by default")
	text(&s.web, "web", "ELETROVIA_WEB", "", "REST: directory with a built web app, as services/web/dist, read anew for each request; by default the one in the program")
	text(&s.origins, "allow-origin", "ELETROVIA_ALLOW_ORIGIN", "",
		"REST: origins whose pages may call, apart by commas, https://app.example; those of *, all, may read, without sessions; none by default")
	text(&s.clockEpoch, "clock-epoch", "ELETROVIA_CLOCK_EPOCH", "", "with --speed: instant at which civil and real time were equal, the same for all companies")
	text(&s.limits, "limits", "ELETROVIA_LIMITS", "",
		"what one may take of our EVSEs, KEY=VALUE,…: dc=4h,ac=12h,vehicle=48h,new=12h,new-trips=2,no-show=168h,share=25%,trip-claims=24,claims=400 are the defaults; none lifts one")
	text(&s.LogLevel, "log-level", "ELETROVIA_LOG_LEVEL", "info", "debug, info, warn or error")
	f.StringArrayVar(&s.peers, "peer", nil, "another company, SER=http://host:8080, repeatable (ELETROVIA_URL_SER); ELETROVIA_KEY_SER has "+
		"the thumbprints of the only keys that count as its, one or two; while it runs an edition that knows no keys ELETROVIA_AUTH_SER=token, with "+
		"ELETROVIA_PEER_TOKEN_SER, what we show to SER, and ELETROVIA_ACCEPT_TOKEN_SER, what SER shows here")
	s.proxies.text = s.env["ELETROVIA_TRUSTED_PROXY"]
	f.Var(&s.proxies, "trusted-proxy", "network of proxies that tell who calls (X-Forwarded-For, PROXY), 10.0.0.0/8, repeatable; nobody by default (ELETROVIA_TRUSTED_PROXY)")
	f.Float64Var(&s.mqttRate, "mqtt-rate", 0, "messages a second that one car may send; below 0 no limit, the broker's default when 0")
	f.IntVar(&s.mqttClients, "mqtt-clients", 0, "cars and peers that the own broker takes at a time; the broker's default when 0")
	f.Float64Var(&s.rateLimit, "rate-limit", 100, "requests a second that one vehicle, the operator, or an address that shows no secret may make; below 0 no limit")
	f.IntVar(&s.streams, "event-streams", 0, "event streams at a time, a sixteenth of them kept for the operator; the server's default when 0")
	f.IntVar(&s.connections, "connections", 0, "connections at a time, REST and MQTT together, at most what the descriptors leave; the server's default when 0")
	f.IntVar(&s.addressConnections, "address-connections", 0, "connections of one address that have shown no secret; below 0 no limit, the server's default when 0")
	text(&s.registration, "registration", "ELETROVIA_REGISTRATION", "invite",
		"who may register vehicles: open, invite (who has a code of \"eletrovia vehicles invite\") or closed")
	f.IntVar(&s.registrations, "registrations", 0, "vehicles that one address may register in a day; 50 when 0, below 0 no limit")
	f.Float64Var(&s.speed, "speed", 1, "how fast the civil clock runs (for demonstrations)")
	f.DurationVar(&s.timings.HoldTTL, "hold-ttl", 0, "how long a hold lives without renewal; the server's default when 0")
	f.DurationVar(&s.acceptedLife, "accepted-ticket-life", charging.TicketLife, "how long ago a ticket may have been granted to count here, whatever its issuer says of its end")
	f.DurationVar(&s.timings.Lease, "lease", 0, "how long a trip's server may be silent before another takes over")
	f.DurationVar(&s.timings.CallTimeout, "call-timeout", 0, "how long one call to a company may take")
	f.DurationVar(&s.timings.StepBudget, "step-budget", 0, "how long a call to a company whose answer is unknown is repeated")
	f.DurationVar(&s.timings.ConfirmBudget, "confirm-budget", 0, "how long confirming all stops of a trip may take")
	f.DurationVar(&s.timings.Notice, "notice", 0, "how long a stop only says so in /readyz, where the company has other servers on the store")
	f.DurationVar(&s.timings.Drain, "drain", 0, "how long a stop waits for trips in flight")
}

// ours picks the variables that begin with EnvPrefix; empty ones are as good
// as absent, because compose files make them so.
func ours(environ []string) map[string]string {
	env := map[string]string{}
	for _, kv := range environ {
		if k, v, ok := strings.Cut(kv, "="); ok && strings.HasPrefix(k, EnvPrefix) && v != "" {
			env[k] = v
		}
	}
	return env
}

// Options are the server's options, or all that is wrong with the settings.
// defined is the flag set that Define was given: it knows the variables.
func (s *Settings) Options(defined *pflag.FlagSet) (app.Options, error) {
	errs := []error{s.checkNames(defined), checkCommandLine(defined)}
	o := app.Options{
		Company: charging.CompanyID(s.company), Name: s.name, Inventory: s.config,
		HTTPAddr: anyHost(s.http), MQTTAddr: anyHost(s.mqtt), WebSocketAddr: anyHost(s.ws),
		AdvertiseHTTP: orElse(s.advertiseHTTP, s.env["ELETROVIA_URL_"+s.company]),
		AdvertiseMQTT: orElse(s.advertiseMQTT, s.env["ELETROVIA_MQTT_"+s.company]),
		DataDir:       s.data, KeyFile: s.keyFile, TLS: s.tls, RateLimit: s.rateLimit, Timings: s.timings,
		Registration: s.registration, Registrations: s.registrations,
		MQTTRate: s.mqttRate, MQTTClients: s.mqttClients, AcceptedTicketLife: s.acceptedLife,
		AdminAddr: anyHost(s.admin), Connections: s.connections, AddressConnections: s.addressConnections,
		Clock: app.Clock{Speed: s.speed}, AllowOrigins: listed(s.origins), WebDir: s.web, Streams: s.streams,
	}
	var err error
	if elsewhere, ok := external(s.mqtt); ok {
		o.MQTTAddr, o.MQTTBroker = "", elsewhere
		o.MQTTPassword, err = s.secretOf("the broker's password", s.mqttPasswordFile, "ELETROVIA_MQTT_PASSWORD")
		errs = append(errs, err)
	}
	o.TrustedProxies, err = s.trusted()
	errs = append(errs, err)
	o.Store, err = s.storeOptions()
	errs = append(errs, err)
	o.Peers, err = s.peerOptions()
	errs = append(errs, err)
	o.OperatorSecret, err = s.secretOf("the operator's secret", s.operatorSecretFile, "ELETROVIA_OPERATOR_SECRET")
	errs = append(errs, err)
	o.Limits, err = limitsOf(s.limits)
	errs = append(errs, err)
	if s.clockEpoch != "" {
		o.Clock.Epoch, err = time.Parse(time.RFC3339, s.clockEpoch)
		errs = append(errs, err)
	}
	return o, errors.Join(errs...)
}

// listed are the parts of a list apart by commas; none of an empty one.
func listed(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// Company is who the settings are about: its id, or the file that says so;
// empty when they are about nobody.
func (s *Settings) Company() string { return orElse(s.company, s.config) }

// checkNames refuses a variable that nobody reads: a typing error would
// otherwise leave a default in force.
func (s *Settings) checkNames(defined *pflag.FlagSet) error {
	known := slices.Concat(client, secret)
	defined.VisitAll(func(f *pflag.Flag) {
		if _, name, ok := strings.Cut(f.Usage, "("+EnvPrefix); ok {
			name, _, _ = strings.Cut(name, ")")
			known = append(known, EnvPrefix+name)
		}
	})
	var errs []error
	for name := range s.env {
		if !slices.Contains(known, name) && !perCompany.MatchString(name) {
			errs = append(errs, fmt.Errorf("the environment has %s, which nothing here reads; see serve --help", name))
		}
	}
	return errors.Join(errs...)
}

// list is a flag that may be given again: a text with commas. The first replaces the
// environment's.
type list struct {
	text string
	set  bool
}

func (l *list) String() string { return l.text }

// Type is what the help calls a value.
func (l *list) Type() string { return "network" }

// Set adds a value.
func (l *list) Set(v string) error {
	if l.set {
		v = l.text + "," + v
	}
	l.text, l.set = v, true
	return nil
}

// trusted reads the networks of proxies.
func (s *Settings) trusted() ([]netip.Prefix, error) {
	var all []netip.Prefix
	for text := range strings.SplitSeq(s.proxies.text, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("trusted-proxy %q: want a network such as 10.0.0.0/8 or 192.0.2.7/32", text)
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

func (s *Settings) storeOptions() (app.Store, error) {
	st := app.Store{Prefix: s.prefix, Addr: s.storeAddr, Fsync: s.fsync, Password: true}
	if s.replicas != "auto" {
		n, err := strconv.Atoi(s.replicas)
		if err != nil || n < 0 || n > 10 {
			return st, fmt.Errorf("store-replicas %q: want auto or a number from 0 to 10", s.replicas)
		}
		if st.Replicas = n; n == 0 {
			st.Replicas = -1
		}
	}
	switch {
	case strings.Contains(s.store, "://"):
		st.URL = s.store
		return st, nil
	case s.store == "embedded" || s.store == app.StoreAuto:
		st.Kind = app.StoreAuto
	case s.store == app.StoreRedis || s.store == app.StoreMemory:
		st.Kind = s.store
	default:
		return st, fmt.Errorf("store %q: want redis://…, embedded, redis-server or memory", s.store)
	}
	if s.data != "" {
		st.Dir = filepath.Join(s.data, "store")
	}
	return st, nil
}

// peerOptions joins --peer and ELETROVIA_URL_XXX, the flag first.
func (s *Settings) peerOptions() ([]app.Peer, error) {
	urls := map[string]string{}
	for name, value := range s.env {
		if m := perCompany.FindStringSubmatch(name); m != nil && m[1] == "URL" && m[2] != s.company {
			urls[m[2]] = value
		}
	}
	for _, p := range s.peers {
		id, address, ok := strings.Cut(p, "=")
		if !ok {
			return nil, fmt.Errorf("peer %q: want SER=http://host:8080", p)
		}
		urls[id] = address
	}
	var peers []app.Peer
	for id, address := range urls {
		p := app.Peer{ID: charging.CompanyID(id), URL: address, MQTT: s.env["ELETROVIA_MQTT_"+id]}
		if err := s.authOf(&p, id); err != nil {
			return nil, err
		}
		peers = append(peers, p)
	}
	if own := "ELETROVIA_TOKEN_" + s.company; s.env[own] != "" && !slices.ContainsFunc(peers, func(p app.Peer) bool { return p.Token != "" }) {
		return nil, fmt.Errorf("the environment has %s, which is shown to nobody: a company proves itself by its key; take it out", own)
	}
	slices.SortFunc(peers, func(a, b app.Peer) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return peers, nil
}

// authOf is how a peer is met: by its key, or for one edition by tokens. Tokens that
// nothing reads would look as if they did something.
func (s *Settings) authOf(p *app.Peer, id string) error {
	own := s.env["ELETROVIA_TOKEN_"+s.company]
	token := orElse(s.env["ELETROVIA_PEER_TOKEN_"+id], own)
	accept := orElse(s.env["ELETROVIA_ACCEPT_TOKEN_"+id], s.env["ELETROVIA_TOKEN_"+id])
	switch auth := s.env["ELETROVIA_AUTH_"+id]; {
	case auth != "" && auth != "key" && auth != "token":
		return fmt.Errorf("ELETROVIA_AUTH_%s=%s: want key or token", id, auth)
	case auth == "token" && (token == "" || accept == ""):
		return fmt.Errorf("ELETROVIA_AUTH_%s=token needs what we show to it (ELETROVIA_PEER_TOKEN_%s) and what it shows here (ELETROVIA_ACCEPT_TOKEN_%s)", id, id, id)
	case auth == "token":
		p.Token, p.Accept = token, accept
	case accept != "" || s.env["ELETROVIA_PEER_TOKEN_"+id] != "":
		return fmt.Errorf("the environment has a token of %s, which proves itself by its key: take the token out, or say ELETROVIA_AUTH_%s=token while that company runs an older edition", id, id)
	}
	for _, k := range strings.Split(s.env["ELETROVIA_KEY_"+id], ",") {
		if k = strings.TrimSpace(k); k != "" {
			p.Keys = append(p.Keys, k)
		}
	}
	return nil
}

// secretOf reads a secret from its file, or where none is named from its variable.
func (s *Settings) secretOf(what, file, variable string) (string, error) {
	if file == "" {
		return s.env[variable], nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	return strings.TrimSpace(string(raw)), nil
}

// checkCommandLine refuses an address with a password among the arguments, where every
// user of the machine can read it.
func checkCommandLine(defined *pflag.FlagSet) error {
	var errs []error
	defined.Visit(func(f *pflag.Flag) {
		for v := range strings.SplitSeq(f.Value.String(), ",") {
			_, rest, _ := strings.Cut(v, "://")
			host, _, _ := strings.Cut(rest, "/")
			at := strings.LastIndexByte(host, '@')
			if at < 0 || !strings.Contains(host[:at], ":") {
				continue
			}
			_, variable, _ := strings.Cut(f.Usage, "("+EnvPrefix)
			variable, _, _ = strings.Cut(variable, ")")
			errs = append(errs, fmt.Errorf("--%s has a password, and every user of this machine can read a command line: give it as %s", f.Name, EnvPrefix+variable))
		}
	})
	return errors.Join(errs...)
}

// external takes the address of a broker elsewhere out of what --mqtt says; ok is
// false for an address to listen on.
func external(mqtt string) (address string, ok bool) {
	rest, ok := strings.CutPrefix(mqtt, "external")
	if !ok {
		return "", false
	}
	if scheme, plus := strings.CutPrefix(rest, "+"); plus {
		return scheme, true
	}
	return "tcp" + rest, strings.HasPrefix(rest, "://")
}

// anyHost makes ":8080" the address that it means: every interface.
func anyHost(addr string) string {
	if strings.HasPrefix(addr, ":") {
		return "0.0.0.0" + addr
	}
	return addr
}

func orElse(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}
