package app

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/peerlink"
)

// openPeers listens to the peers' MQTT events.
func (a *App) openPeers(context.Context) error {
	trust, err := a.o.TLS.roots()
	if err != nil {
		return err
	}
	n := &nudges{pending: map[charging.CompanyID]bool{}, nudge: a.rooms.federation.Nudge}
	o := peerlink.Options{
		Self: a.o.Company, TLS: trust,
		OnEVSE:   func(peer charging.CompanyID, _ charging.EVSEID) { n.soon(peer) },
		OnStatus: func(peer charging.CompanyID, _ bool) { a.rooms.federation.Nudge(peer) },
	}
	for _, p := range a.o.Peers {
		o.Peers = append(o.Peers, peerlink.Peer{ID: p.ID, Token: p.Token, Address: a.brokerOf(p)})
	}
	link, err := peerlink.New(o)
	if err != nil {
		return err
	}
	link.Start()
	a.cleanups.add("peers' events", func(context.Context) error { link.Stop(); return nil })
	return nil
}

// brokerOf finds a peer's broker: as configured, or as the peer says.
func (a *App) brokerOf(p Peer) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		if p.MQTT != "" {
			return p.MQTT, nil
		}
		info, err := a.rooms.federation.Info(ctx, p.ID, time.Time{})
		if err == nil && info.MQTT == "" {
			err = errors.New("it does not say where its broker is")
		}
		return info.MQTT, err
	}
}

// nudgePause is how long changes of a peer's EVSEs are collected before its
// locations are read again.
const nudgePause = 2 * time.Second

// nudges makes one look at a peer of many changes.
type nudges struct {
	mu      sync.Mutex
	pending map[charging.CompanyID]bool
	nudge   func(charging.CompanyID)
}

func (n *nudges) soon(peer charging.CompanyID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.pending[peer] {
		return
	}
	n.pending[peer] = true
	time.AfterFunc(nudgePause, func() {
		n.mu.Lock()
		delete(n.pending, peer)
		n.mu.Unlock()
		n.nudge(peer)
	})
}
