package fleet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/link"
)

// Companies of the federation, in the order in which they are named everywhere.
var Companies = []charging.CompanyID{"MAR", "SER", "CAJ"}

// OperatorSecret of every company.
const OperatorSecret = "chaos"

// Options of a fleet.
type Options struct {
	// Binary is the eletrovia program.
	Binary string
	// Dir keeps everything; it must exist, and its path must be short, because
	// the stores' sockets live there.
	Dir string
	// Servers of each company, on one store; 0 is 1.
	Servers map[charging.CompanyID]int
	// Skews of the stores' clocks against the machine's; the servers' civil
	// clocks are skewed alike.
	Skews map[charging.CompanyID]time.Duration
	// Seed of the links' draws.
	Seed uint64
	// Observe gives what sees the link from one company to another; may be nil.
	Observe func(from, to charging.CompanyID) link.Observer
	// Strangers are further peers of every company, that are none of the fleet's, by
	// their addresses.
	Strangers map[charging.CompanyID]string
	// Args are further flags of serve.
	Args []string
}

// Company is one company's processes and links.
type Company struct {
	ID      charging.CompanyID
	Store   *Store
	Servers []*Server
	// Front is the link from the drivers to the company.
	Front *link.Link
	// To are the links from this company to the others.
	To map[charging.CompanyID]*link.Link

	turn atomic.Uint64
}

// Fleet is a federation of real processes.
type Fleet struct {
	Company map[charging.CompanyID]*Company
	o       Options
}

// New prepares the processes and starts none.
func New(o Options) (*Fleet, error) {
	preload := ""
	for _, skew := range o.Skews {
		if skew != 0 && preload == "" {
			var err error
			if preload, err = buildSkew(o.Dir); err != nil {
				return nil, err
			}
		}
	}
	f := &Fleet{Company: map[charging.CompanyID]*Company{}, o: o}
	for _, id := range Companies {
		st, err := newStore(filepath.Join(o.Dir, string(id)), preload, o.Skews[id])
		if err != nil {
			return nil, err
		}
		f.Company[id] = &Company{ID: id, Store: st, To: map[charging.CompanyID]*link.Link{}}
	}
	for i, id := range Companies {
		if err := f.connect(f.Company[id], o.Seed+uint64(i)*16); err != nil {
			return nil, err
		}
		if err := f.addServers(f.Company[id]); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// connect makes the links that lead to a company, and those that lead from it.
func (f *Fleet) connect(c *Company, seed uint64) (err error) {
	if c.Front, err = link.New(seed, c.any, nil); err != nil {
		return err
	}
	for i, id := range Companies {
		if id == c.ID {
			continue
		}
		var observe link.Observer
		if f.o.Observe != nil {
			observe = f.o.Observe(c.ID, id)
		}
		if c.To[id], err = link.New(seed+1+uint64(i), f.Company[id].any, observe); err != nil {
			return err
		}
	}
	return nil
}

// any is the address of one of the company's servers, in turn, as a balancer
// chooses: one that seems to be well, or else one that is up.
func (c *Company) any() string {
	n := c.turn.Add(1)
	up := ""
	for k := range c.Servers {
		s := c.Servers[(n+uint64(k))%uint64(len(c.Servers))]
		if a := s.Addr(); a != "" {
			if s.seemsWell() {
				return a
			}
			up = a
		}
	}
	return up
}

// Broker is the MQTT address of one of the company's servers, in turn; empty
// while none is up. Unlike any it knows nothing of their health.
func (c *Company) Broker() string {
	n := c.turn.Add(1)
	for k := range c.Servers {
		if a := c.Servers[(n+uint64(k))%uint64(len(c.Servers))].mqtt.Load(); a != nil {
			return *a
		}
	}
	return ""
}

// SetLines changes the faults between the store and all servers.
func (c *Company) SetLines(faults link.Faults) {
	for _, s := range c.Servers {
		s.Line.Set(faults)
	}
}

func (f *Fleet) addServers(c *Company) error {
	for n := range max(f.o.Servers[c.ID], 1) {
		name := fmt.Sprintf("%s-%d", c.ID, n+1)
		dir := filepath.Join(f.o.Dir, name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("fleet: %w", err)
		}
		line, err := link.NewPipe(c.Store.socket())
		if err != nil {
			return err
		}
		s := &Server{Name: name, Line: line, bin: f.o.Binary, dir: dir}
		s.args = append([]string{
			"serve", "--json", "--log-level", "warn", "--company", string(c.ID), "--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0",
			"--store", "redis://" + line.Addr(), "--data", dir, "--key-file", filepath.Join(f.o.Dir, string(c.ID), "keys.json"),
			"--rate-limit", "-1", "--registration", "open", "--registrations", "5000",
			// A few vehicles make many trips, at several companies at the same hours.
			"--limits", "vehicle=none,new=none,new-trips=none",
		}, f.o.Args...)
		s.args = append(s.args, civil(f.o.Skews[c.ID])...)
		s.fixed = []string{"ELETROVIA_OPERATOR_SECRET=" + OperatorSecret}
		for _, id := range Companies {
			if id != c.ID {
				s.args = append(s.args, "--peer", string(id)+"="+c.To[id].URL())
			}
		}
		for id, url := range f.o.Strangers {
			s.args = append(s.args, "--peer", string(id)+"="+url)
		}
		c.Servers = append(c.Servers, s)
	}
	return nil
}

// civil skews a server's civil clock by the means that a demonstration has: a
// clock that has run a little fast, or slow, since long ago.
func civil(skew time.Duration) []string {
	if skew == 0 {
		return nil
	}
	const ago = 1000 * 24 * time.Hour
	return []string{
		"--clock-epoch", time.Now().Add(-ago).UTC().Format(time.RFC3339),
		"--speed", fmt.Sprintf("%.12f", 1+skew.Seconds()/ago.Seconds()),
	}
}

// Start starts all stores, then all servers at once.
func (f *Fleet) Start(ctx context.Context) error {
	for _, c := range f.Company {
		if err := c.Store.Start(ctx); err != nil {
			return err
		}
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var all []error
	f.EachServer(func(s *Server) {
		wg.Go(func() {
			err := s.Start(ctx)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, err)
		})
	})
	wg.Wait()
	return errors.Join(all...)
}

// EachServer calls f for every server.
func (f *Fleet) EachServer(do func(*Server)) {
	for _, id := range Companies {
		for _, s := range f.Company[id].Servers {
			do(s)
		}
	}
}

// EachLink calls f for every link between companies.
func (f *Fleet) EachLink(do func(from, to charging.CompanyID, l *link.Link)) {
	for _, a := range Companies {
		for _, b := range Companies {
			if l := f.Company[a].To[b]; l != nil {
				do(a, b, l)
			}
		}
	}
}

// Close kills everything.
func (f *Fleet) Close() {
	f.EachServer(func(s *Server) { s.Resume(); s.Kill(); s.Line.Close() })
	f.EachLink(func(_, _ charging.CompanyID, l *link.Link) { l.Close() })
	for _, c := range f.Company {
		c.Front.Close()
		c.Store.Resume()
		c.Store.Kill()
	}
}
