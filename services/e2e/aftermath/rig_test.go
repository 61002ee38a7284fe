package aftermath

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/app"
)

const secret = "demo"

var companies = []string{"MAR", "SER", "CAJ"}

// federation is three companies in this process, each with a store of its own
// that outlives a restart.
type federation struct {
	t       *testing.T
	clock   app.Clock
	apps    map[string]*app.App
	links   map[string]*link
	options map[string]app.Options
}

// hang is what else a rig has; in a file of its own, so that the rest compiles on an
// edition that knows no app.Options.Around.
var hang = func(*testing.T, *app.Options) {}

// start boots the federation in real time.
func start(t *testing.T, tune ...func(*app.Options)) *federation {
	t.Helper()
	return startAt(t, 1, tune...)
}

// startAt boots it with a civil clock that runs so many times as fast as real
// time, and waits until everybody knows everybody.
func startAt(t *testing.T, speed float64, tune ...func(*app.Options)) *federation {
	t.Helper()
	f := &federation{
		t: t, clock: app.Clock{Epoch: time.Now(), Speed: speed},
		apps: map[string]*app.App{}, links: map[string]*link{}, options: map[string]app.Options{},
	}
	for _, id := range companies {
		f.links[id] = newLink()
		server := httptest.NewServer(f.links[id])
		t.Cleanup(server.Close)
		f.links[id].url = server.URL
	}
	for _, id := range companies {
		o := f.defaults(id)
		hang(t, &o)
		for _, change := range tune {
			change(&o)
		}
		f.options[id] = o
		f.boot(id)
	}
	t.Cleanup(func() {
		for _, id := range companies {
			f.stop(id)
		}
	})
	f.ready()
	return f
}

func (f *federation) defaults(id string) app.Options {
	o := app.Options{
		Company: charging.CompanyID(id), HTTPAddr: "127.0.0.1:0", MQTTAddr: "127.0.0.1:0", AdvertiseHTTP: f.links[id].url,
		Store: app.Store{Dir: f.t.TempDir()}, DataDir: f.t.TempDir(), Clock: f.clock,
		Vehicles: map[charging.VehicleID]string{}, OperatorSecret: secret, Log: zerolog.Nop(), RateLimit: -1, Registrations: 5000,
		Timings: app.Timings{Refresh: time.Second},
		Limits:  &charging.Limits{}, // few vehicles have much booked, for long
	}
	for n := range 32 {
		o.Vehicles[charging.VehicleID(vehicle(n))] = secret
	}
	for _, p := range companies {
		if p != id {
			o.Peers = append(o.Peers, app.Peer{
				ID: charging.CompanyID(p), URL: f.links[p].url,
				Token: app.DemoToken(charging.CompanyID(id)), Accept: app.DemoToken(charging.CompanyID(p)),
			})
		}
	}
	return o
}

// boot starts a company's server with its options.
func (f *federation) boot(id string) {
	f.t.Helper()
	a, err := app.New(f.options[id])
	if err != nil {
		f.t.Fatalf("%s: %v", id, err)
	}
	if err := a.Start(context.Background()); err != nil {
		f.t.Fatalf("%s: %v", id, err)
	}
	f.apps[id] = a
	f.links[id].target.Store(&url.URL{Scheme: "http", Host: a.HTTPAddr()})
}

func (f *federation) stop(id string) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if a := f.apps[id]; a != nil {
		if err := a.Stop(ctx); err != nil {
			f.t.Errorf("%s: %v", id, err)
		}
	}
	delete(f.apps, id)
}

// restart stops a company's server and starts it again on the same store, with
// another inventory.
func (f *federation) restart(id, inventory string) {
	f.t.Helper()
	f.stop(id)
	o := f.options[id]
	o.Inventory = inventory
	f.options[id] = o
	f.boot(id)
	f.ready()
}

// ready waits until each server lists EVSEs of all three.
func (f *federation) ready() {
	f.t.Helper()
	f.until(20*time.Second, "every server knows every company's locations", func() bool {
		for _, id := range companies {
			seen := map[charging.CompanyID]bool{}
			for _, s := range f.sites(id) {
				for _, e := range s.EVSEs {
					seen[charging.EVSEID(e.ID).Company()] = true
				}
			}
			if len(seen) != len(companies) {
				return false
			}
		}
		return true
	})
}

// until polls a condition that no event announces.
func (f *federation) until(limit time.Duration, what string, ok func() bool) {
	f.t.Helper()
	if !f.within(limit, ok) {
		f.t.Fatalf("not within %s: %s", limit, what)
	}
}

func (f *federation) within(limit time.Duration, ok func() bool) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// in is the civil instant so far from now, in whole seconds.
func (f *federation) in(d time.Duration) time.Time {
	return f.clock.Now().UTC().Add(d).Truncate(time.Second)
}

// pass waits until the civil clock has reached an instant.
func (f *federation) pass(at time.Time) {
	f.t.Helper()
	f.until(18*time.Second, "the clock shows "+at.String(), func() bool { return !f.clock.Now().Before(at) })
}

var client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// with is the federation as a subtest uses it.
func (f *federation) with(t *testing.T) *federation {
	own := *f
	own.t = t
	return &own
}
