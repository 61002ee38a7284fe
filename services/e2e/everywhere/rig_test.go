package everywhere

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/apitest"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/fleet"
	"github.com/eletrovia/eletrovia/services/e2e/program"
	"github.com/eletrovia/eletrovia/services/e2e/redisrig"
)

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

// companies, each the neighbour of the one before it.
var companies = fleet.Companies

func next(id charging.CompanyID) charging.CompanyID {
	return companies[(slices.Index(companies, id)+1)%len(companies)]
}

// processes are three companies, each with an operator of its own.
type processes struct {
	*fleet.Fleet
	*testing.T
	bin  string
	http *http.Client
	// life is the whole test's, for what outlives one of its parts.
	life context.Context
}

func launch(t *testing.T, bin string) *processes {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("needs redis-server")
	}
	dir, err := os.MkdirTemp("", "everywhere") // short: the stores' sockets live there
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	f, err := fleet.New(fleet.Options{Binary: bin, Dir: dir, Seed: 13})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	p := &processes{Fleet: f, T: t, bin: bin, life: t.Context(), http: &http.Client{Transport: apitest.Watch(t, nil)}}
	for _, id := range companies {
		p.starts(id, bin)
	}
	p.up()
	return p
}

// starts says with what program, and what more variables, a company starts next.
func (p *processes) starts(id charging.CompanyID, bin string, env ...string) {
	p.Company[id].Servers[0].Use(bin, append(env, "ELETROVIA_OPERATOR_SECRET="+p.operator(id).secret)...)
}

// up starts what is down, and waits until each server knows the others.
func (p *processes) up() {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.Context(), time.Minute)
	defer cancel()
	if err := p.Start(ctx); err != nil {
		p.Fatal(err)
	}
	for _, id := range companies {
		redisrig.Until(p.T, string(id)+" knows its peers", func() bool {
			peers, err := p.driver(id, p.operator(id)).Peers(p.Context())
			return err == nil && len(peers) == 2 && !slices.ContainsFunc(peers, func(x api.Peer) bool { return x.Locations == 0 })
		})
	}
}

func (p *processes) kill(id charging.CompanyID) { p.Company[id].Servers[0].Kill() }

// caller is who asks; the zero one is nobody.
type caller struct{ who, user, secret string }

func (p *processes) operator(of charging.CompanyID) caller {
	return caller{"operator of " + string(of), "operator", "the operator's own of " + string(of)}
}

// registers makes a vehicle of a company's.
func (p *processes) registers(at charging.CompanyID, wish charging.VehicleID) caller {
	p.Helper()
	got, err := p.driver(at, caller{}).Register(p.Context(), api.RegisterRequest{Model: "byd-dolphin", VehicleID: wish})
	if err != nil {
		p.Fatal(err)
	}
	return caller{string(wish), string(got.VehicleID), got.Secret}
}

func (p *processes) url(at charging.CompanyID) string {
	addr := p.Company[at].Servers[0].Addr()
	if addr == "" {
		addr = "127.0.0.1:1" // down: nobody is there
	}
	return "http://" + addr
}

func (p *processes) driver(at charging.CompanyID, who caller) *client.Driver {
	p.Helper()
	d, err := client.NewDriver(client.DriverOptions{BaseURL: p.url(at), User: who.user, Secret: who.secret, HTTP: p.http})
	if err != nil {
		p.Fatal(err)
	}
	return d
}

// reply is an answer, read.
type reply struct {
	status int
	code   charging.Code
	raw    []byte
	header http.Header
}

// ask makes one request; a stream is closed as soon as its status is there.
func (p *processes) ask(at charging.CompanyID, who caller, method, path, body string) reply {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.Context(), 40*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, p.url(at)+path, bytes.NewReader([]byte(body)))
	if err != nil {
		p.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if who.user != "" {
		req.SetBasicAuth(who.user, who.secret)
	}
	resp, err := p.http.Do(req)
	if err != nil {
		p.Fatalf("%s %s at %s: %v", method, path, at, err)
	}
	defer func() { _ = resp.Body.Close() }()
	r := reply{status: resp.StatusCode, header: resp.Header}
	if resp.Header.Get("Content-Type") == "text/event-stream" {
		return r
	}
	if r.raw, err = io.ReadAll(resp.Body); err != nil {
		p.Fatalf("%s %s at %s: %v", method, path, at, err)
	}
	var problem struct {
		Code charging.Code `json:"code"`
	}
	if r.status >= 400 {
		r.into(p, &problem)
	}
	r.code = problem.Code
	return r
}

func (r reply) into(p *processes, v any) {
	p.Helper()
	if err := json.Unmarshal(r.raw, v); err != nil {
		p.Fatalf("%s: %v", r.raw, err)
	}
}

// stop is a window at one of a company's first chargers, which have numbers.
func (p *processes) stop(at charging.CompanyID, n int, start time.Time, d time.Duration) api.Stop {
	p.Helper()
	evse := charging.EVSEID("BR*" + string(at) + "*E000" + string(rune('0'+n)) + "*1")
	return api.Stop{EVSEID: evse, Start: start, End: start.Add(d)}
}

// tomorrow is the k-th hour of tomorrow.
func tomorrow(k int) time.Time {
	return time.Now().UTC().Truncate(time.Hour).Add(24*time.Hour + time.Duration(k)*time.Hour)
}

// books makes a trip, and wants it in a state.
func (p *processes) books(at charging.CompanyID, who caller, want trip.State, stops ...api.Stop) trip.Trip {
	p.Helper()
	q := api.TripRequest{VehicleID: charging.VehicleID(who.user), OnConflict: trip.Ask, DecisionTimeoutSeconds: 600, Stops: stops}
	got, err := p.driver(at, who).CreateTrip(p.Context(), q, "", 20*time.Second)
	if err != nil || got.State != want {
		p.Fatalf("a trip at %s: %s, want %s; %+v, %v", at, got.State, want, got.Problem, err)
	}
	return got
}

// sees waits until a trip is so, asked at a server as a vehicle.
func (p *processes) sees(at charging.CompanyID, who caller, id charging.TripID, what string, so func(trip.Trip) bool) trip.Trip {
	p.Helper()
	for deadline := time.Now().Add(time.Minute); ; <-time.After(20 * time.Millisecond) {
		last := p.ask(at, who, "GET", "/api/v1/trips/"+string(id), "")
		if last.status == http.StatusOK {
			var got trip.Trip
			if last.into(p, &got); so(got) {
				return got
			}
		}
		if time.Now().After(deadline) {
			p.Fatalf("never: %s, at %s: %d %s", what, at, last.status, last.raw)
		}
	}
}
