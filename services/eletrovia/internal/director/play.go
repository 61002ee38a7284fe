package director

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// play is one play of one scene: its companies, its drivers, and what has happened.
type play struct {
	scene   scene
	gate    *gate
	company map[charging.CompanyID]*company
	links   []*link
	drivers []*driver
	stops   []api.Stop // of the drive that the scene is about
	dir     string
	log     zerolog.Logger

	mu     sync.Mutex
	silent map[charging.CompanyID]bool
	losing match // the message whose answer is lost, and whose company is silent from then on
	copied match // the message of which the network keeps a copy
	again  func() answered
	late   api.StageStepped
	trips  map[charging.TripID]string
	evses  map[charging.ReservationID]charging.EVSEID
	places map[charging.EVSEID]api.Location
	seen   map[string]bool // what has been noted once
	began  time.Time       // when the first ticket was seen
}

// open starts the companies of a play. Whatever was started is closed where it fails.
func open(ctx context.Context, o Options, sc scene, g *gate) (p *play, err error) {
	p = &play{
		scene: sc, gate: g, log: o.Log, company: map[charging.CompanyID]*company{}, silent: map[charging.CompanyID]bool{},
		trips: map[charging.TripID]string{}, evses: map[charging.ReservationID]charging.EVSEID{},
		places: map[charging.EVSEID]api.Location{}, seen: map[string]bool{},
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if p.dir, err = os.MkdirTemp("", "eletrovia-stage-"); err != nil {
		return p, fmt.Errorf("stage: %w", err)
	}
	secret := make([]byte, 16)
	_, _ = rand.Read(secret) // never fails
	for _, id := range companies {
		if p.company[id], err = newCompany(ctx, o.Program, id, p.dir, o.Store, hex.EncodeToString(secret), o.Log); err != nil {
			delete(p.company, id)
			return p, err
		}
	}
	if err := p.connect(); err != nil {
		return p, err
	}
	if err := p.startAll(ctx); err != nil {
		return p, err
	}
	return p, p.cast(ctx)
}

// connect makes a link for each company to each other.
func (p *play) connect() error {
	for _, from := range companies {
		c := p.company[from]
		c.args = append(c.args, p.scene.timings.flags()...)
		for _, to := range companies {
			if from == to {
				continue
			}
			l, err := newLink(p, from, to)
			if err != nil {
				return err
			}
			p.links = append(p.links, l)
			c.args = append(c.args, "--peer", string(to)+"="+l.url())
		}
	}
	return nil
}

func (p *play) startAll(ctx context.Context) error {
	results := make(chan error, len(companies))
	for _, c := range p.company {
		go func() { results <- c.start(ctx) }()
	}
	var all []error
	for range companies {
		all = append(all, <-results)
	}
	return errors.Join(all...)
}

// close ends all processes and forgets their data.
func (p *play) close() error {
	for _, l := range p.links {
		l.close()
	}
	var all []error
	for _, c := range p.company {
		all = append(all, c.close())
	}
	return errors.Join(append(all, os.RemoveAll(p.dir))...)
}

// learn keeps whose trip and which EVSE's reservation a message is about, and answers
// what is known.
func (p *play) learn(t charging.TripID, v charging.VehicleID, r charging.ReservationID, e charging.EVSEID) (string, charging.EVSEID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range p.drivers {
		if v != "" && d.vehicle == v {
			p.trips[t] = d.name
		}
	}
	if e != "" {
		p.evses[r] = e
	}
	return p.trips[t], p.evses[r]
}

func (p *play) nameOf(t charging.TripID) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trips[t]
}

func (p *play) isSilent(id charging.CompanyID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.silent[id]
}

// overtakenAfter is how long a message that has no answer keeps the others waiting.
const overtakenAfter = 2 * time.Second

// travel carries a message whose turn it is, and records its answer; lost says that its
// sender is told nothing.
func (p *play) travel(m *message, carry func() answered) (a answered, lost bool) {
	slow := time.AfterFunc(overtakenAfter, func() { p.gate.overtake(m) })
	defer slow.Stop()
	s, a, lost := p.deliver(m.StageStepped, carry)
	p.gate.leave(m, s)
	return a, lost
}

// deliver carries a message to whom it is for, and says what came of it.
func (p *play) deliver(s api.StageStepped, carry func() answered) (told api.StageStepped, a answered, lost bool) {
	before := p.others(s)
	a = carry()
	s.Status, s.Answer = a.status, a.word()
	p.mu.Lock()
	if p.losing != nil && p.losing(s) {
		p.losing, lost = nil, true
		p.silent[charging.CompanyID(s.To)] = true
		s.Answer, s.Status = "lost", 0
	}
	if p.copied != nil && p.copied(s) {
		p.copied, p.again, p.late = nil, carry, s
	}
	p.mu.Unlock()
	s.Why, s.Other = why(s, before, p.gate)
	return s, a, lost
}

// act is a step that is no message between companies: what a driver asks, or what befalls
// a company. do answers in a word.
func (p *play) act(ctx context.Context, s api.StageStepped, do func(context.Context) (string, error)) error {
	m, err := p.gate.enter(ctx, s)
	if err != nil {
		return err
	}
	s.Why = s.What
	if s.Answer, err = do(ctx); err != nil {
		s.Answer = "failed"
	}
	p.gate.leave(m, s)
	return err
}

// kill ends a company's server as kill -9 does; restart starts it again.
func (p *play) kill(ctx context.Context, id charging.CompanyID) error {
	return p.act(ctx, api.StageStepped{From: string(id), What: "kill"}, func(context.Context) (string, error) {
		p.company[id].kill()
		return "down", nil
	})
}

func (p *play) restart(ctx context.Context, id charging.CompanyID) error {
	return p.act(ctx, api.StageStepped{From: string(id), What: "restart"}, func(ctx context.Context) (string, error) {
		return "up", p.company[id].start(ctx)
	})
}

// repeat delivers the copy that the network has kept.
func (p *play) repeat(ctx context.Context) error {
	p.mu.Lock()
	s, again := p.late, p.again
	p.mu.Unlock()
	if again == nil {
		return errors.New("the network has kept no copy")
	}
	s.Late, s.Answer, s.Status, s.Why, s.Other, s.N = true, "", 0, "", "", 0
	m, err := p.gate.enter(ctx, s)
	if err != nil {
		return err
	}
	a, _ := p.travel(m, again)
	return a.err
}

// once is true at the first call for each name.
func (p *play) once(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	had := p.seen[name]
	p.seen[name] = true
	return !had
}
