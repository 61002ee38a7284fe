package app

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/federation"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
	"github.com/eletrovia/eletrovia/services/company/internal/replicas"
)

// trust is who is believed: this company's keys and those of others, logins, and what was
// revoked.
type trust struct{ *core }

// revocationsEvery is how often the company's list of revoked tokens is read, for
// what another of its servers has not told; peers say theirs at every probe.
const revocationsEvery = 5 * time.Second

// openIdentity reads or makes the signing key. Keys of other companies are
// found through the federation, which is wired later.
func (a *App) openIdentity(ctx context.Context) error {
	keys, err := a.trust.keys()
	if err != nil {
		return err
	}
	r := &a.rooms
	r.keys, r.revoked, r.recheck = keys, &identity.Revocations{}, make(chan struct{}, 1)
	if names, err := a.trust.revokedNames(ctx); err == nil { // else the watch hears of them
		r.revoked.Add(a.o.Company, names...)
	}
	trust, err := a.o.TLS.roots()
	if err != nil {
		return err
	}
	r.credentials = identity.NewCredentials(a.o.Company, keys, nil)
	r.ring = identity.NewRing(a.o.Company, keys, a.trust.peerKeys(client.NewHTTP(trust)), a.o.pins(), nil)
	r.tickets = identity.NewTickets(keys, r.ring)
	r.identity, err = identity.New(identity.Options{
		Self: a.o.Company, Keys: keys, Ring: r.ring, Registry: r.store, Revoked: r.revoked, OnRevoke: a.trust.revokedHere,
		Exchange: a.trust.exchange, Admission: identity.Admission(a.o.Registration), Registrations: a.o.Registrations,
		Vehicles: a.o.Vehicles, OperatorSecret: a.o.OperatorSecret, PeerTokens: a.o.peerSecrets(),
	})
	return err
}

// keys come from KeyFile or DataDir; without either they live as long as the
// process, and vehicles have to register again after it.
func (t *trust) keys() (*identity.Keys, error) {
	path := t.o.keyFile()
	if path == "" {
		return identity.NewKeys()
	}
	return identity.LoadKeys(path)
}

// keyFile is where the keys are; empty when they live as long as the process.
func (o Options) keyFile() string {
	if o.KeyFile == "" && o.DataDir != "" {
		return KeyFile(o.DataDir)
	}
	return o.KeyFile
}

// watchRevocations keeps the company's list of revoked tokens, and ends the
// connections of cars that logged in with one: at once when there is news, and
// at every tick for a car that was just logging in.
func (t *trust) watchRevocations(ctx context.Context) {
	tick := time.NewTicker(revocationsEvery)
	defer tick.Stop()
	for {
		t.rooms.broker.Recheck()
		t.readRevocations(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-t.rooms.recheck:
		}
	}
}

// readRevocations takes the company's list from the store, and tells the store
// again what it has lost of it.
func (t *trust) readRevocations(ctx context.Context) {
	names, err := t.revokedNames(ctx)
	if err != nil {
		return // the store's own watch says so; the next tick tries again
	}
	if t.rooms.revoked.Take(t.o.Company, names, time.Now()) {
		t.rooms.broker.Recheck()
	}
	lost := t.rooms.revoked.Beyond(t.o.Company, names)
	if len(lost) == 0 {
		return
	}
	if err := t.rooms.store.Revoke(ctx, lost...); err != nil {
		t.tell("identity")("the store has lost revoked secrets of vehicles, and does not take them again yet", err)
	}
}

// revokedNames is the company's list as it is published.
func (t *trust) revokedNames(ctx context.Context) ([]string, error) {
	return t.rooms.store.Revoked(ctx, time.Now().Add(-identity.RevokedFor))
}

// exchange asks a vehicle's issuer for a pass for this company.
func (t *trust) exchange(ctx context.Context, issuer charging.CompanyID, id charging.VehicleID, secret string) (string, error) {
	return t.rooms.federation.Exchange(ctx, issuer, id, secret)
}

// revokedHere makes a revocation at this server count here and at the company's
// other servers at once.
func (t *trust) revokedHere() {
	t.recheckLogins()
	t.rooms.replicas.Tell(replicas.Message{Kind: replicas.Revoked}, nil)
}

// revokedAt takes what a peer says at every probe.
func (t *trust) revokedAt(info federation.Info) {
	if t.rooms.revoked.Take(info.ID, info.Revoked, time.Now()) {
		t.recheckLogins()
	}
}

func (t *trust) recheckLogins() {
	select {
	case t.rooms.recheck <- struct{}{}:
	default: // it is under way
	}
}

// pins are the peers' thumbprints of the configuration.
func (o Options) pins() map[charging.CompanyID][]string {
	pins := map[charging.CompanyID][]string{}
	for _, p := range o.Peers {
		if len(p.Keys) > 0 {
			pins[p.ID] = p.Keys
		}
	}
	return pins
}

// peerSecrets are those that count beside what peers sign.
func (o Options) peerSecrets() map[charging.CompanyID]string {
	secrets := map[charging.CompanyID]string{}
	for _, p := range o.Peers {
		if p.byToken() {
			secrets[p.ID] = p.Accept
		} else if o.DemoTokens {
			secrets[p.ID] = DemoToken(p.ID)
		}
	}
	return secrets
}

// shows gives what is shown to a peer.
func (t *trust) shows(p Peer) func() (string, error) {
	if p.byToken() {
		return client.Fixed(p.Token)
	}
	return func() (string, error) { return t.rooms.credentials.For(p.ID) }
}

// authOf is how a peer and this company prove themselves to each other.
func (t *trust) authOf(id charging.CompanyID) string {
	for _, p := range t.o.Peers {
		if p.ID == id && p.byToken() {
			return "token"
		}
	}
	return "key"
}

// warnOfTokens says which peers are still met with a secret.
func (t *trust) warnOfTokens() {
	for _, p := range t.o.Peers {
		if p.byToken() {
			t.log.Warn().Str("peer", string(p.ID)).Msg("this peer is met with a token that it could show to others: once it has been upgraded, take its auth and token settings out")
		}
	}
}

// warnOfPlain says what others can read on the way.
func (t *trust) warnOfPlain() {
	for _, l := range []struct{ what, addr, cert, setting string }{
		{"REST", t.o.HTTPAddr, t.o.TLS.HTTPCert, "tls-http-cert"},
		{"MQTT", t.o.MQTTAddr, t.o.TLS.MQTTCert, "tls-mqtt-cert"},
		{"MQTT over WebSocket", t.o.WebSocketAddr, t.o.TLS.MQTTCert, "tls-mqtt-cert"},
	} {
		if beyondLoopback(l.addr) && l.cert == "" {
			t.log.Warn().Str("addr", l.addr).Msg(l.what + " listens beyond this machine without TLS: whoever is on the way reads names, secrets and trips. Set " +
				l.setting + ", or let a proxy on this machine end TLS and listen on loopback (docs/security.md)")
		}
	}
}

// keysEvery is how often the key file is looked at.
const keysEvery = 10 * time.Second

// watchKeys takes over what is done to the key file (eletrovia keys), and shows the
// keys to the company's other servers as they are then.
func (t *trust) watchKeys(ctx context.Context) {
	shown := t.rooms.keys.KeyIDs()
	every(ctx, keysEvery, func(ctx context.Context) { shown = t.lookAtKeys(ctx, shown) })
}

// lookAtKeys gives what the other servers have been shown.
func (t *trust) lookAtKeys(ctx context.Context, shown []string) []string {
	if _, err := t.rooms.keys.Reload(); err != nil {
		t.tell("identity")("the key file cannot be read; the keys stay as they are", err)
	}
	now := t.rooms.keys.KeyIDs()
	if slices.Equal(now, shown) {
		return shown
	}
	if _, err := t.rooms.store.ShowKeys(ctx, t.rooms.server, now); err != nil {
		return shown // a store that is away says so itself; the next look tries again
	}
	t.log.Info().Strs("keys", now).Msg("the key file has changed: the first key signs")
	return now
}

// peerKeys finds other companies' public keys.
type peerKeys struct {
	rooms *rooms
	urls  map[charging.CompanyID]string
	http  *http.Client
}

func (t *trust) peerKeys(h *http.Client) peerKeys {
	urls := map[charging.CompanyID]string{}
	for _, p := range t.o.Peers {
		urls[p.ID] = p.URL
	}
	return peerKeys{&t.rooms, urls, h}
}

// keysWithin bounds the question for a company's keys: a caller waits for it.
const keysWithin = 3 * time.Second

// PublicKeys asks the company's address; one of an edition that publishes no keys
// there has told them with the rest about itself.
func (k peerKeys) PublicKeys(ctx context.Context, id charging.CompanyID) (json.RawMessage, error) {
	address, ok := k.urls[id]
	if !ok {
		return nil, identity.ErrUnknownCompany
	}
	set, err := client.JWKS(ctx, address, k.http, keysWithin)
	if code := charging.CodeOf(err); code != charging.CodeUnknownRoute {
		return set, err
	}
	info, err := k.rooms.federation.Info(ctx, id, time.Now().Add(-time.Second))
	return info.Keys, err
}
