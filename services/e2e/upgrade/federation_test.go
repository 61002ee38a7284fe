package upgrade

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/pkg/api/apitest"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/app"
	"github.com/eletrovia/eletrovia/services/e2e/redisrig"
	"github.com/eletrovia/eletrovia/services/e2e/upgrade/fixture"
)

const operatorSecret = "of these tests"

// federation is the three companies of a recording, in this process.
type federation struct {
	t *testing.T
	*fixture.Play
	apps map[string]*app.App
	rdb  map[string]*redis.Client
	http *http.Client // of all who call
	// around holds every answer against openapi.yaml.
	around func(http.Handler) http.Handler
}

// resume loads a recording as if it had ended just now, and starts its servers.
func resume(t *testing.T, name string) *federation {
	t.Helper()
	rec, err := fixture.Read(name)
	must(t, err)
	f := &federation{t: t, apps: map[string]*app.App{}, rdb: map[string]*redis.Client{}, http: client.NewHTTP(nil), around: apitest.Hold(t)}
	t.Cleanup(f.http.CloseIdleConnections)
	stores := map[string]string{}
	for _, id := range fixture.Companies {
		stores[id] = redisrig.Start(t).Addr
		f.rdb[id] = redis.NewClient(&redis.Options{Addr: stores[id]})
		t.Cleanup(func() { _ = f.rdb[id].Close() })
	}
	f.Play, err = rec.At(time.Now())
	must(t, err)
	for _, id := range fixture.Companies {
		must(t, f.Load(t.Context(), id, f.rdb[id]))
		f.boot(id, "redis://"+stores[id])
	}
	f.meet()
	return f
}

// boot makes a company's server with the data directory of the recording.
func (f *federation) boot(id, store string) {
	f.t.Helper()
	dir := f.t.TempDir()
	must(f.t, f.Data(id, dir))
	a, err := app.New(app.Options{
		Company: charging.CompanyID(id), Inventory: dir + "/" + fixture.InventoryFile, DataDir: dir, OperatorSecret: operatorSecret,
		Log: zerolog.Nop(), RateLimit: -1, Registrations: 5000, Store: app.Store{URL: store}, Timings: app.Timings{Refresh: time.Second}, Around: f.around,
	})
	must(f.t, err)
	must(f.t, a.Listen(f.t.Context()))
	f.apps[id] = a
}

// meet introduces the servers to each other and starts them.
func (f *federation) meet() {
	f.t.Helper()
	for _, id := range fixture.Companies {
		var peers []app.Peer
		for _, other := range fixture.Companies {
			if other != id {
				peers = append(peers, app.Peer{
					ID: charging.CompanyID(other), URL: f.apps[other].URL(), Token: app.DemoToken(charging.CompanyID(id)), Accept: app.DemoToken(charging.CompanyID(other)),
				})
			}
		}
		must(f.t, f.apps[id].SetPeers(peers))
		f.t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			if err := f.apps[id].Stop(ctx); err != nil {
				f.t.Errorf("%s: %v", id, err)
			}
		})
		must(f.t, f.apps[id].Start(f.t.Context()))
	}
	ctx, cancel := context.WithTimeout(f.t.Context(), 30*time.Second)
	defer cancel()
	for _, id := range fixture.Companies {
		must(f.t, f.apps[id].AwaitPeers(ctx))
	}
}

// as is a driver, or the operator, at a company.
func (f *federation) as(company, user, secret string) *client.Driver {
	f.t.Helper()
	d, err := client.NewDriver(client.DriverOptions{BaseURL: f.apps[company].URL(), User: user, Secret: secret, Timeout: 20 * time.Second, HTTP: f.http})
	must(f.t, err)
	return d
}

func (f *federation) driver(t fixture.Trip) *client.Driver {
	return f.as(t.Company, t.VehicleID, t.Secret)
}

func (f *federation) operator(company string) *client.Driver {
	return f.as(company, "operator", operatorSecret)
}

// peer is a company as another one calls it.
func (f *federation) peer(from, to string) *client.Client {
	f.t.Helper()
	c, err := client.New(client.Options{
		BaseURL: f.apps[to].URL(), Token: client.Fixed(app.DemoToken(charging.CompanyID(from))), Self: charging.CompanyID(from), Peer: charging.CompanyID(to), HTTP: f.http,
	})
	must(f.t, err)
	return c
}

// trip of the recording by its name.
func (f *federation) trip(t *testing.T, name string) fixture.Trip {
	t.Helper()
	got, err := f.Trip(name)
	must(t, err)
	return got
}

func (f *federation) other(t *testing.T, name string) fixture.Other {
	t.Helper()
	got, err := f.Other(name)
	must(t, err)
	return got
}

// ready wants every server to trust its store: what it remembers is what the
// recording's server knew.
func (f *federation) ready(t *testing.T) {
	t.Helper()
	for _, id := range fixture.Companies {
		r, err := f.operator(id).Recovery(t.Context())
		must(t, err)
		if r.State != "trusted" {
			t.Errorf("%s does not trust its store: %+v", id, r)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
