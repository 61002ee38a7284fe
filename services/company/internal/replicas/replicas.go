// Package replicas keeps the servers of one company that share a store in
// touch: who else is there, what has changed at one that the others' cars and
// screens should see, and which trip has a forwarded command.
//
// What it carries may be lost, and is then said to be missed: whoever shows
// something takes a snapshot. Nothing that must happen depends on it; the
// journal, its leases and the inbox of a trip do that (docs/adr/0009-several-servers.md).
package replicas

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Wire is what the servers share; the store has it.
type Wire interface {
	// Announce says that a server is there for a while (0: it goes), and
	// answers who else is.
	Announce(ctx context.Context, server string, life time.Duration) (others []string, err error)
	// Tell sends a message to every server of the company that listens.
	Tell(ctx context.Context, company charging.CompanyID, message []byte) error
	// Listen hears until the context ends; joined is called whenever it hears
	// from now on.
	Listen(ctx context.Context, company charging.CompanyID, joined func(), hear func([]byte))
}

// Kind of a message.
type Kind string

// The kinds of messages.
const (
	// Hello: a server has come, and wants to be told.
	Hello Kind = "hello"
	// Letter: a trip has one in its inbox.
	Letter Kind = "letter"
	// HandOver: a server that stops has given trips back.
	HandOver Kind = "hand-over"
	// Revoked: a vehicle's secret; the list is in the store.
	Revoked Kind = "revoked"
	// Suspended: the operator has said something about a peer; it is in the store.
	Suspended Kind = "suspended"
	// Trip, Reservation, Car: each has changed; Data is its public form.
	Trip        Kind = "trip"
	Reservation Kind = "reservation"
	Car         Kind = "car"
	// Steps: of a trip's saga, as they are in its journal.
	Steps Kind = "steps"
	// Outage: an EVSE is out of service, or back.
	Outage Kind = "outage"
	// Act: something that is in the audit.
	Act Kind = "act"
	// Said: a message for a driver.
	Said Kind = "said"
)

// urgent are told at once, and also by a server that believes to be alone.
func (k Kind) urgent() bool {
	return k == Hello || k == Letter || k == HandOver || k == Revoked || k == Suspended
}

// Message is one thing that a server tells the others.
type Message struct {
	Kind    Kind               `json:"kind"`
	At      time.Time          `json:"at,omitzero"`
	Vehicle charging.VehicleID `json:"vehicle,omitempty"`
	TripID  charging.TripID    `json:"trip_id,omitempty"`
	// Epoch of the trip's owner, with Trip.
	Epoch int64           `json:"epoch,omitempty"`
	Data  json.RawMessage `json:"data,omitempty"`
}

// batch is what travels: messages of one server, numbered.
type batch struct {
	From     string    `json:"from"`
	Seq      uint64    `json:"seq"`
	Lost     bool      `json:"lost,omitempty"` // there were more since the last batch
	Messages []Message `json:"messages"`
}

// Options of a Link. Zero durations and numbers take the defaults.
type Options struct {
	Company charging.CompanyID
	// Server names this server among the others, and its lives.
	Server string
	Wire   Wire
	// Hear is told what others tell, one at a time; it must not block.
	Hear func(Message)
	// Missed is told that something may have been told and not heard.
	Missed func()
	// Gone is told that a server is there no more; nil for nobody.
	Gone func()

	// Life is how long after its last sign a server counts as there; it gives
	// one every third of that. Default 3 s.
	Life time.Duration
	// Gather is how long messages are collected into one. Default 10 ms.
	Gather time.Duration
	// Queue is how many messages may wait to be told. Default 4096.
	Queue int
}

// Link is one server's end.
type Link struct {
	o      Options
	others atomic.Int64
	wake   chan struct{}
	hurry  chan struct{}

	mu      sync.Mutex
	pending []pending
	lost    bool
	seq     uint64

	heard map[string]uint64 // by server: the last batch; of the listener alone
}

type pending struct {
	Message
	data any
}

// New checks the options; nothing is told yet.
func New(o Options) (*Link, error) {
	if o.Company == "" || o.Server == "" || o.Wire == nil || o.Hear == nil || o.Missed == nil {
		return nil, errors.New("replicas: Company, Server, Wire, Hear and Missed are required")
	}
	o.Life = cmp.Or(o.Life, 3*time.Second)
	o.Gather = cmp.Or(o.Gather, 10*time.Millisecond)
	o.Queue = cmp.Or(o.Queue, 4096)
	if o.Gone == nil {
		o.Gone = func() {}
	}
	return &Link{o: o, wake: make(chan struct{}, 1), hurry: make(chan struct{}, 1), heard: map[string]uint64{}}, nil
}

// Others is how many other servers of the company are there.
func (l *Link) Others() int { return int(l.others.Load()) }

// Tell sends a message to the others, soon. data is its content, which must not
// change afterwards. It never blocks, and costs nothing while nobody else is
// there.
func (l *Link) Tell(m Message, data any) {
	if l.Others() == 0 && !m.Kind.urgent() {
		return
	}
	l.mu.Lock()
	if len(l.pending) >= l.o.Queue {
		l.pending, l.lost = l.pending[:0], true
	}
	l.pending = append(l.pending, pending{m, data})
	l.mu.Unlock()
	signal(l.wake)
	if m.Kind.urgent() {
		signal(l.hurry)
	}
}

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// Run announces this server, tells and hears until the context ends.
func (l *Link) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { l.announce(ctx) })
	wg.Go(func() { l.speak(ctx) })
	joins := 0
	l.o.Wire.Listen(ctx, l.o.Company, func() {
		if joins++; joins > 1 {
			l.o.Missed()
		}
		l.Tell(Message{Kind: Hello}, nil)
	}, l.hear)
	wg.Wait()
}

// announce keeps this server on the list, and counts the others.
func (l *Link) announce(ctx context.Context) {
	tick := time.NewTicker(l.o.Life / 3)
	defer tick.Stop()
	var there []string
	for {
		if others, err := l.o.Wire.Announce(ctx, l.o.Server, l.o.Life); err == nil {
			l.others.Store(int64(len(others)))
			if slices.ContainsFunc(there, func(s string) bool { return !slices.Contains(others, s) }) {
				l.o.Gone()
			}
			there = others
		}
		select {
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			_, _ = l.o.Wire.Announce(ctx, l.o.Server, 0) // it is taken for gone soon in any case
			return
		case <-tick.C:
		}
	}
}

// speak tells what waits, and the rest when the context ends.
func (l *Link) speak(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			l.flush(ctx)
			return
		case <-l.wake:
		}
		gather := time.NewTimer(l.o.Gather)
		select {
		case <-gather.C:
		case <-l.hurry:
		case <-ctx.Done():
		}
		gather.Stop()
		l.flush(context.WithoutCancel(ctx))
	}
}

// tellWithin bounds the telling of one batch.
const tellWithin = 2 * time.Second

func (l *Link) flush(ctx context.Context) {
	l.mu.Lock()
	waiting := l.pending
	b := batch{From: l.o.Server, Seq: l.seq + 1, Lost: l.lost}
	l.pending, l.lost = nil, false
	l.mu.Unlock()
	if len(waiting) == 0 && !b.Lost {
		return
	}
	for _, p := range waiting {
		if p.data != nil {
			raw, err := json.Marshal(p.data)
			if err != nil {
				continue // has no JSON form: nobody could show it
			}
			p.Data = raw
		}
		b.Messages = append(b.Messages, p.Message)
	}
	raw, err := json.Marshal(b)
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, tellWithin)
		err = l.o.Wire.Tell(ctx, l.o.Company, raw)
		cancel()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.lost = true
		return
	}
	l.seq++
}

// hear takes a batch of another server.
func (l *Link) hear(raw []byte) {
	var b batch
	if json.Unmarshal(raw, &b) != nil || b.From == l.o.Server {
		return
	}
	if l.Others() == 0 {
		l.others.Store(1) // the list says how many, soon
	}
	last, known := l.heard[b.From]
	if b.Lost || known && b.Seq != last+1 {
		l.o.Missed()
	}
	l.remember(b)
	for _, m := range b.Messages {
		if m.Kind != Hello {
			l.o.Hear(m)
		}
	}
}

// maxServers bounds how many servers' numbers are remembered; lives of servers
// come and go.
const maxServers = 64

func (l *Link) remember(b batch) {
	if _, known := l.heard[b.From]; !known && len(l.heard) >= maxServers {
		clear(l.heard)
	}
	l.heard[b.From] = b.Seq
}
