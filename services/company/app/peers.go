package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/federation"
	"github.com/eletrovia/eletrovia/services/company/internal/peerlink"
)

// neighbours are the other companies as they are seen from here.
type neighbours struct {
	*core
	trust *trust
}

// openPeers listens to the peers' MQTT events.
func (a *App) openPeers(context.Context) error {
	trust, err := a.o.TLS.roots()
	if err != nil {
		return err
	}
	n := &nudges{pending: map[charging.CompanyID]bool{}, nudge: a.rooms.federation.Nudge}
	o := peerlink.Options{
		Self: a.o.Company, TLS: trust,
		OnEVSE: func(peer charging.CompanyID, evse charging.EVSEID) {
			a.rooms.federation.Changed(evse)
			n.soon(peer)
		},
		OnStatus: func(peer charging.CompanyID, online bool) {
			a.rooms.federation.Hear(peer, online)
			a.rooms.federation.Nudge(peer)
			for _, v := range a.rooms.federation.Peers() {
				if v.ID == peer {
					a.neighbours.showPeer(v)
				}
			}
		},
	}
	for _, p := range a.o.Peers {
		o.Peers = append(o.Peers, peerlink.Peer{ID: p.ID, Token: a.trust.shows(p), Address: a.neighbours.brokerOf(p)})
	}
	link, err := peerlink.New(o)
	if err != nil {
		return err
	}
	a.rooms.link.Store(link)
	link.Start()
	a.cleanups.add("peers' events", func(context.Context) error { link.Stop(); return nil })
	return nil
}

// linkTo is the link to a peer's broker; nil before there is one.
func (n *neighbours) linkTo(id charging.CompanyID) *api.PeerLink {
	link := n.rooms.link.Load()
	if link == nil {
		return nil
	}
	for _, s := range link.Status() {
		if s.Peer == id {
			return &api.PeerLink{Online: s.Online, Since: s.Since, Connects: s.Connects, Problem: s.Problem}
		}
	}
	return nil
}

// peerOf is a peer in the form of the REST contract.
func (n *neighbours) peerOf(v federation.PeerView) api.Peer {
	p := api.Peer{
		CompanyID: v.ID, Name: v.Name, URL: v.URL, Status: "unknown", Detail: v.LastError,
		RTTMillis: v.LatencyMs, SkewMillis: v.SkewMs, Auth: n.trust.authOf(v.ID),
	}
	switch {
	case v.State == federation.Offline:
		p.Status = "down"
	case v.Refused != "":
		p.Status, p.Detail = "refused", "our token is refused there (401): "+refusedBecause(p.Auth)
	case v.Skewed:
		p.Status, p.Detail = "skewed", fmt.Sprintf("its clock is off by %.0f ms: its tickets do not count here", v.SkewMs)
		if own := n.ownClock(); own != "" {
			p.Detail += "; " + own
		}
	case v.State == federation.Online:
		p.Status, p.Detail = "up", ""
	}
	if said := n.rooms.refusals.of(v.ID, time.Now()); said != "" {
		p.Detail = strings.TrimPrefix(p.Detail+"; "+said, "; ")
	}
	if v.LastSeen != nil {
		p.LastSeen = *v.LastSeen
	}
	if d := v.Dropped; d.Count > 0 {
		p.Dropped = &api.PeerDrops{Count: d.Count, Last: api.PeerDrop{What: d.What, Why: d.Why, At: d.At}}
	}
	if w := n.rooms.suspensions.of(v.ID); w.InForce() {
		p.Suspended = &api.PeerSuspended{Since: w.Since, Reason: w.Reason, By: "operator"}
	}
	if k := v.Caught; k.Count > 0 {
		p.Caught = &api.PeerCaught{Count: k.Count, What: k.What, At: k.At}
	}
	return withCalls(p, v)
}

// withCalls adds how calls to a peer go, and what it says of itself.
func withCalls(p api.Peer, v federation.PeerView) api.Peer {
	p.Breaker, p.RetryAt, p.Versions = v.Breaker, v.RetryAt, v.Versions
	p.RequestsPerMinute, p.FailuresPerMinute = v.Calls, v.Failed
	if !v.FailedAt.IsZero() {
		p.LastFailure = &api.Failure{At: v.FailedAt, Detail: v.LastError}
	}
	for _, id := range slices.Sorted(maps.Keys(v.Keys)) {
		p.Keys = append(p.Keys, api.PeerKey{ID: id, Since: v.Keys[id]})
	}
	return p
}

// refusedBecause says what to compare where a peer refuses what this company shows.
func refusedBecause(auth string) string {
	if auth == "token" {
		return "what we present and what it accepts from us have to be the same"
	}
	return "compare our thumbprint (eletrovia keys show) with the one that is pinned there, and the clocks"
}

// showPeer tells the live view how a peer is.
func (n *neighbours) showPeer(v federation.PeerView) {
	p := n.peerOf(v)
	p.MQTT = n.linkTo(v.ID)
	n.rooms.hub.Publish(trip.EventPeer, time.Now(), "", "", p)
}

// brokerOf finds a peer's broker: as configured, or as the peer says, if that is at
// the host where the peer itself is: what is shown there goes nowhere else.
func (n *neighbours) brokerOf(p Peer) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		if p.MQTT != "" {
			return p.MQTT, nil
		}
		info, err := n.rooms.federation.Info(ctx, p.ID, time.Time{})
		if err != nil {
			return "", err
		}
		if info.MQTT == "" {
			return "", errors.New("it does not say where its broker is")
		}
		return info.MQTT, sameHost(p.URL, info.MQTT)
	}
}

// sameHost refuses a broker at another host than a peer's own.
func sameHost(peer, broker string) error {
	p, err := url.Parse(peer)
	if err != nil {
		return err
	}
	if b, err := url.Parse(broker); err != nil || !strings.EqualFold(b.Hostname(), p.Hostname()) {
		return fmt.Errorf("it says that its broker is %.100q, at another host than %s: where that is right, configure the broker's address", broker, p.Hostname())
	}
	return nil
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
