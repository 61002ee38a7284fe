package peerlink

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Peer is another company, and how to log in at its broker.
type Peer struct {
	ID charging.CompanyID
	// Address gives the broker's address (tcp://host:port, ssl://…), asked for
	// before each connection: a peer may move, and says in GET /company where
	// it is.
	Address func(ctx context.Context) (string, error)
	// Token gives what this company shows to the peer, asked for at each log-in.
	Token func() (string, error)
}

// Options of a Link.
type Options struct {
	// Self is this company: its party id is the user name.
	Self  charging.CompanyID
	Peers []Peer
	// OnEVSE is told that the calendar or status of a peer's EVSE has changed.
	OnEVSE func(peer charging.CompanyID, evse charging.EVSEID)
	// OnStatus is told when a peer comes and goes. What was changed while it
	// was away has not been told.
	OnStatus func(peer charging.CompanyID, online bool)
	// TLS for brokers that are reached by ssl:// or wss://.
	TLS *tls.Config
}

// Status of one peer, for operators.
type Status struct {
	Peer   charging.CompanyID `json:"company_id"`
	Online bool               `json:"online"`
	// Since is when Online last changed; zero before the first change.
	Since time.Time `json:"since,omitzero"`
	// Connects counts connections.
	Connects int `json:"connects"`
	// Problem is why it is not connected, as far as known.
	Problem string `json:"problem,omitempty"`
}

// Link listens to all peers. The callbacks run one at a time for each peer, and
// must not block.
type Link struct {
	o      Options
	id     string
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu     sync.Mutex
	status map[charging.CompanyID]Status
}

// New checks the options; nothing is connected.
func New(o Options) (*Link, error) {
	if err := o.Self.Validate(); err != nil {
		return nil, fmt.Errorf("peerlink: %w", err)
	}
	if o.OnEVSE == nil || o.OnStatus == nil {
		return nil, errors.New("peerlink: OnEVSE and OnStatus are required")
	}
	l := &Link{o: o, id: "peerlink-" + rand.Text(), status: map[charging.CompanyID]Status{}}
	for _, p := range o.Peers {
		if err := p.ID.Validate(); err != nil {
			return nil, fmt.Errorf("peerlink: %w", err)
		}
		if _, twice := l.status[p.ID]; twice || p.ID == o.Self || p.Address == nil {
			return nil, fmt.Errorf("peerlink: peer %s is named twice, is this company, or has no address", p.ID)
		}
		l.status[p.ID] = Status{Peer: p.ID}
	}
	return l, nil
}

// Start begins to listen, and returns at once. A Link starts once.
func (l *Link) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	for _, p := range l.o.Peers {
		l.work.Go(func() { l.keep(ctx, p) })
	}
}

// Stop ends every connection and waits until they have ended. Peers that were
// online are told of as gone. Without a Start it does nothing.
func (l *Link) Stop() {
	if l.cancel == nil {
		return
	}
	l.cancel()
	l.work.Wait()
}

// Status of every peer, in the order of the options.
func (l *Link) Status() []Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Status, 0, len(l.o.Peers))
	for _, p := range l.o.Peers {
		out = append(out, l.status[p.ID])
	}
	return out
}

// keep listens to one peer, and comes back after each loss.
func (l *Link) keep(ctx context.Context, p Peer) {
	for failures := 0; ctx.Err() == nil; failures++ {
		joined, err := l.listen(ctx, p)
		if joined {
			failures = 0
		}
		l.set(p.ID, false, err)
		select {
		case <-ctx.Done():
		case <-time.After(backoff(failures)):
		}
	}
}

// backoff doubles from 250 ms to 15 s, less up to half by chance, so that peers
// do not come back all at once.
func backoff(failures int) time.Duration {
	d := min(250*time.Millisecond<<min(failures, 10), 15*time.Second)
	return d/2 + mathrand.N(d/2+1)
}

// set notes whether a peer is online, and tells when that changes.
func (l *Link) set(peer charging.CompanyID, online bool, problem error) {
	l.mu.Lock()
	s := l.status[peer]
	changed := s.Online != online
	if changed {
		s.Online, s.Since = online, time.Now().UTC()
	}
	s.Problem = ""
	if problem != nil {
		s.Problem = problem.Error()
	}
	l.status[peer] = s
	l.mu.Unlock()
	if changed {
		l.o.OnStatus(peer, online)
	}
}

func (l *Link) joined(peer charging.CompanyID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.status[peer]
	s.Connects++
	s.Problem = ""
	l.status[peer] = s
}

// hear takes an event of a peer. What it says of others, or in another form
// than the contract's, is ignored.
func (l *Link) hear(peer charging.CompanyID, topic string, payload []byte) {
	t, err := carlink.ParseTopic(topic)
	if err != nil || t.Company != peer {
		return
	}
	switch t.Kind {
	case carlink.KindStatus:
		switch string(payload) {
		case carlink.Online:
			l.set(peer, true, nil)
		case carlink.Offline:
			l.set(peer, false, errOffline)
		}
	case carlink.KindEVSE:
		l.o.OnEVSE(peer, t.EVSE)
	}
}

var errOffline = errors.New("it said that it is going offline")
