package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/app"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/serving"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
	"github.com/eletrovia/eletrovia/simulator/fleet"
)

// troupe is the companies of a stage, of which one can be taken down and brought
// back under its addresses, as a scenario wants.
type troupe struct {
	stage stage
	clock app.Clock
	log   zerolog.Logger

	mu      sync.Mutex
	servers []*app.App
	places  []place // where they listen, once they do
}

// place is where a company is found.
type place struct{ http, mqtt, store string }

// start makes the companies and starts them.
func (t *troupe) start(ctx context.Context) error {
	servers, err := t.stage.companies(t.clock, t.log)
	if err != nil {
		return terminal.Usage(err)
	}
	t.servers = servers
	if err := StartTogether(ctx, servers); err != nil {
		return err
	}
	for _, a := range servers {
		t.places = append(t.places, place{a.HTTPAddr(), a.MQTTAddr(), a.StoreAddr()})
	}
	return nil
}

func (t *troupe) stop() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return serving.StopAll(t.servers...)
}

// act plays what a scenario does to companies.
func (t *troupe) act(o fleet.Options) func(context.Context, fleet.Event, bool) error {
	return func(ctx context.Context, e fleet.Event, begin bool) error {
		if e.Kind != fleet.Down {
			return o.PowerOutage(ctx, e, begin)
		}
		i := slices.Index(DemoCompanies, charging.CompanyID(e.Company))
		if i < 0 {
			return fmt.Errorf("there is no company %q; there are %v", e.Company, DemoCompanies)
		}
		if begin {
			return t.down(ctx, i)
		}
		return t.up(ctx, i)
	}
}

func (t *troupe) down(ctx context.Context, i int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return t.servers[i].Stop(ctx)
}

// up starts a company again, where it was, with what it had kept.
func (t *troupe) up(ctx context.Context, i int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.stage
	again, err := s.companies(t.clock, t.log)
	if err != nil {
		return err
	}
	o := s.options(i, t.clock, t.log)
	o.HTTPAddr, o.MQTTAddr, o.Store.Addr = t.places[i].http, t.places[i].mqtt, t.places[i].store
	again[i], err = app.New(o)
	if err != nil {
		return err
	}
	var peers []app.Peer
	for k, p := range t.places {
		if k != i {
			peers = append(peers, peerOf(DemoCompanies[i], DemoCompanies[k], "http://"+p.http))
		}
	}
	if err := errors.Join(again[i].Listen(ctx), again[i].SetPeers(peers)); err != nil {
		return err
	}
	t.servers[i] = again[i]
	return again[i].Start(ctx)
}
