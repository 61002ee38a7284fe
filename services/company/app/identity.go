package app

import (
	"context"
	"encoding/json"
	"path/filepath"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/federation"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// revocationsEvery is how often the lists of revoked tokens are read.
const revocationsEvery = 5 * time.Second

// openIdentity reads or makes the signing key. Keys of other companies are
// found through the federation, which is wired later.
func (a *App) openIdentity(context.Context) error {
	keys, err := a.keys()
	if err != nil {
		return err
	}
	r := &a.rooms
	r.keys, r.revoked = keys, &identity.Revocations{}
	r.ring = identity.NewRing(a.o.Company, keys, peerKeys{&a.rooms}, nil)
	r.tickets = identity.NewTickets(keys, r.ring)
	tokens := map[charging.CompanyID]string{}
	for _, p := range a.o.Peers {
		tokens[p.ID] = p.Accept
	}
	r.identity, err = identity.New(identity.Options{
		Self: a.o.Company, Keys: keys, Ring: r.ring, Registry: r.store, Revoked: r.revoked.Revoked,
		Vehicles: a.o.Vehicles, OperatorSecret: a.o.OperatorSecret, PeerTokens: tokens,
	})
	return err
}

// keys come from KeyFile or DataDir; without either they live as long as the
// process, and vehicles have to register again after it.
func (a *App) keys() (*identity.Keys, error) {
	path := a.o.KeyFile
	if path == "" && a.o.DataDir != "" {
		path = filepath.Join(a.o.DataDir, "keys.pem")
	}
	if path == "" {
		return identity.NewKeys()
	}
	return identity.LoadKeys(path)
}

// watchRevocations keeps the lists of revoked tokens, ours and the peers'.
func (a *App) watchRevocations(ctx context.Context) {
	tick := time.NewTicker(revocationsEvery)
	defer tick.Stop()
	for {
		if ids, err := a.rooms.store.Revoked(ctx); err == nil {
			a.rooms.revoked.Set(a.o.Company, ids)
		}
		for _, p := range a.o.Peers {
			if info, err := a.rooms.federation.Info(ctx, p.ID, time.Time{}); err == nil {
				a.rooms.revoked.Set(p.ID, info.Revoked)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
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
