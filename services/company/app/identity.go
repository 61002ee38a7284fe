package app

import (
	"context"
	"encoding/json"
	"path/filepath"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/federation"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
	"github.com/eletrovia/eletrovia/services/company/internal/replicas"
)

// revocationsEvery is how often the company's list of revoked tokens is read, for
// what another of its servers has not told; peers say theirs at every probe.
const revocationsEvery = 5 * time.Second

// openIdentity reads or makes the signing key. Keys of other companies are
// found through the federation, which is wired later.
func (a *App) openIdentity(ctx context.Context) error {
	keys, err := a.keys()
	if err != nil {
		return err
	}
	r := &a.rooms
	r.keys, r.revoked, r.recheck = keys, &identity.Revocations{}, make(chan struct{}, 1)
	if names, err := r.store.Revoked(ctx); err == nil { // else the watch hears of them
		r.revoked.Add(a.o.Company, names...)
	}
	r.ring = identity.NewRing(a.o.Company, keys, peerKeys{&a.rooms}, nil)
	r.tickets = identity.NewTickets(keys, r.ring)
	tokens := map[charging.CompanyID]string{}
	for _, p := range a.o.Peers {
		tokens[p.ID] = p.Accept
	}
	r.identity, err = identity.New(identity.Options{
		Self: a.o.Company, Keys: keys, Ring: r.ring, Registry: r.store, Revoked: r.revoked, OnRevoke: a.revokedHere,
		Vehicles: a.o.Vehicles, OperatorSecret: a.o.OperatorSecret, PeerTokens: tokens,
	})
	return err
}

// keys come from KeyFile or DataDir; without either they live as long as the
// process, and vehicles have to register again after it.
func (a *App) keys() (*identity.Keys, error) {
	path := a.o.keyFile()
	if path == "" {
		return identity.NewKeys()
	}
	return identity.LoadKeys(path)
}

// keyFile is where the keys are; empty when they live as long as the process.
func (o Options) keyFile() string {
	if o.KeyFile == "" && o.DataDir != "" {
		return filepath.Join(o.DataDir, "keys.pem")
	}
	return o.KeyFile
}

// watchRevocations keeps the company's list of revoked tokens, and ends the
// connections of cars that logged in with one: at once when there is news, and
// at every tick for a car that was just logging in.
func (a *App) watchRevocations(ctx context.Context) {
	tick := time.NewTicker(revocationsEvery)
	defer tick.Stop()
	for {
		a.rooms.broker.Recheck()
		a.readRevocations(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-a.rooms.recheck:
		}
	}
}

// readRevocations takes the company's list from the store, and tells the store
// again what it has lost of it.
func (a *App) readRevocations(ctx context.Context) {
	names, err := a.rooms.store.Revoked(ctx)
	if err != nil {
		return // the store's own watch says so; the next tick tries again
	}
	if a.rooms.revoked.Add(a.o.Company, names...) {
		a.rooms.broker.Recheck()
	}
	lost := a.rooms.revoked.Beyond(a.o.Company, names)
	if len(lost) == 0 {
		return
	}
	if err := a.rooms.store.Revoke(ctx, "", lost...); err != nil {
		a.tell("identity")("the store has lost revoked secrets of vehicles, and does not take them again yet", err)
	}
}

// revokedHere makes a revocation at this server count here and at the company's
// other servers at once.
func (a *App) revokedHere() {
	a.recheckLogins()
	a.rooms.replicas.Tell(replicas.Message{Kind: replicas.Revoked}, nil)
}

// revokedAt takes what a peer says at every probe.
func (a *App) revokedAt(info federation.Info) {
	if a.rooms.revoked.Add(info.ID, info.Revoked...) {
		a.recheckLogins()
	}
}

func (a *App) recheckLogins() {
	select {
	case a.rooms.recheck <- struct{}{}:
	default: // it is under way
	}
}

// peerKeys finds other companies' public keys.
type peerKeys struct{ rooms *rooms }

// PublicKeys asks the company, unless it has said so a moment ago.
func (k peerKeys) PublicKeys(ctx context.Context, id charging.CompanyID) (json.RawMessage, error) {
	info, err := k.federation().Info(ctx, id, time.Now().Add(-time.Second))
	if charging.CodeOf(err) == charging.CodeUnknownEVSE {
		return nil, identity.ErrUnknownCompany
	}
	return info.Keys, err
}

func (k peerKeys) federation() *federation.Federation { return k.rooms.federation }
