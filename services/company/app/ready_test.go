package app

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/redisrig"
)

// readyFor asks /readyz as a load balancer does: the status counts.
func readyFor(t *testing.T, a *App, use string) (int, api.Health) {
	t.Helper()
	address := a.URL() + "/readyz"
	if use != "" {
		address += "?for=" + use
	}
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var h api.Health
	if err := json.NewDecoder(resp.Body).Decode(&h); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, h
}

// marOn boots three companies of which MAR's store is on a redis-server that the
// test may spoil.
func marOn(t *testing.T, r *redisrig.Server) map[charging.CompanyID]*App {
	t.Helper()
	return boot(t, func(o *Options) {
		if o.Company == "MAR" {
			o.Store = Store{URL: "redis://" + r.Addr}
		}
	})
}

// A store that answers and takes no writes books nothing: /readyz says so within
// three seconds, with what to do, and is well again when the store is. It was 200
// for ever, with every check "ok".
func TestReadyMeansThatItCanBook(t *testing.T) {
	r := redisrig.Start(t)
	apps := marOn(t, r)
	mar := apps["MAR"]
	d := driverOf(t, mar, "EV-0001")
	plans, err := d.Plan(t.Context(), journey())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spoil, mend []any
		want        string
	}{
		"full memory": {[]any{"CONFIG", "SET", "maxmemory", "1"}, []any{"CONFIG", "SET", "maxmemory", "0"}, "raise maxmemory"},
		"a replica":   {[]any{"REPLICAOF", "127.0.0.1", "1"}, []any{"REPLICAOF", "NO", "ONE"}, "REPLICAOF NO ONE"},
	} {
		until(t, name+": ready before it", func() bool { code, _ := readyFor(t, mar, ""); return code == http.StatusOK })
		r.Do(c.spoil...)
		began := time.Now()
		until(t, name+": not ready", func() bool { code, _ := readyFor(t, mar, ""); return code == http.StatusServiceUnavailable })
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("%s: said after %s", name, took)
		}
		code, h := readyFor(t, mar, "book")
		if store := h.Checks["store"]; code != http.StatusServiceUnavailable || !strings.Contains(store, c.want) || !strings.Contains(store, "what still works: reading") {
			t.Errorf("%s: %d %+v", name, code, h)
		}
		if code, h := readyFor(t, mar, "drive"); code != http.StatusOK {
			t.Errorf("%s: cars are heard all the same: %d %+v", name, code, h)
		}
		if _, err := d.CreateTrip(t.Context(), api.TripRequest{VehicleID: "EV-0001", PlanID: plans[0].ID}, "", time.Second); charging.CodeOf(err) != charging.CodeStoreUnavailable {
			t.Errorf("%s: a trip: %v", name, err)
		}
		r.Do(c.mend...)
	}
	until(t, "ready again", func() bool { code, _ := readyFor(t, mar, ""); return code == http.StatusOK })
	book(t, mar)
}

// A peer that is away is not ready for its trips, and this server is for its own.
func TestReadyForPeers(t *testing.T) {
	apps := boot(t, nil)
	if code, h := readyFor(t, apps["MAR"], "peers"); code != http.StatusOK {
		t.Fatalf("%d %+v", code, h)
	}
	stop(t, apps["CAJ"])
	until(t, "CAJ is missed", func() bool {
		code, _ := readyFor(t, apps["MAR"], "peers")
		return code == http.StatusServiceUnavailable
	})
	code, h := readyFor(t, apps["MAR"], "")
	if peers := h.Checks["peers"]; code != http.StatusOK || !strings.Contains(peers, "CAJ does not answer") || strings.Contains(peers, "SER") {
		t.Errorf("%d %+v", code, h)
	}
}

// logLines is a log that a test can read while it is written.
type logLines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logLines) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), what)
}

// An eviction policy that is set under a running server is seen, with what to do,
// logged once, and gone when it is set back. Nobody noticed.
func TestSettingsAreLookedAtAgain(t *testing.T) {
	r := redisrig.Start(t)
	log := &logLines{}
	o := good()
	o.Peers, o.Store, o.Log = nil, Store{URL: "redis://" + r.Addr}, zerolog.New(log)
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, a) })
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	impaired := func() bool { _, h := readyFor(t, a, ""); return slices.Contains(h.Impaired, "settings") }
	if impaired() {
		t.Fatal("before anything has changed")
	}
	r.Do("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
	until(t, "the policy is seen", impaired)
	a.health.lookAtSettings(t.Context())
	code, h := readyFor(t, a, "")
	if code != http.StatusOK || !strings.Contains(h.Checks["settings"], "CONFIG SET maxmemory-policy noeviction") {
		t.Errorf("%d %+v", code, h)
	}
	r.Do("CONFIG", "SET", "maxmemory-policy", "noeviction")
	a.health.lookAtSettings(t.Context())
	if impaired() || log.count("changed for the worse") != 1 || log.count("again as good as") != 1 {
		t.Errorf("logged: %s", log.b.String())
	}
}

// Two companies that show each other wrong tokens say so on both sides, in the list
// of peers and in the log. Both were "up", with no word.
func TestWrongTokensAreSeenOnBothSides(t *testing.T) {
	apps, logs := map[charging.CompanyID]*App{}, map[charging.CompanyID]*logLines{}
	for _, id := range []charging.CompanyID{"MAR", "SER"} {
		logs[id] = &logLines{}
		a, err := New(Options{Company: id, OperatorSecret: DemoSecret, Store: Store{Kind: StoreMemory}, RateLimit: -1, Log: zerolog.New(logs[id])})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Listen(t.Context()); err != nil {
			t.Fatal(err)
		}
		apps[id] = a
	}
	for id, other := range map[charging.CompanyID]charging.CompanyID{"MAR": "SER", "SER": "MAR"} {
		a := apps[id]
		t.Cleanup(func() { stop(t, a) })
		err := a.SetPeers([]Peer{{ID: other, URL: apps[other].URL(), MQTT: "tcp://127.0.0.1:1", Token: "demo-wrong-" + string(id), Accept: DemoToken(other)}})
		if err == nil {
			err = a.Start(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for id, other := range map[charging.CompanyID]charging.CompanyID{"MAR": "SER", "SER": "MAR"} {
		until(t, string(id)+" shows both", func() bool {
			peers, err := driverOf(t, apps[id], "operator").Peers(t.Context())
			return err == nil && peers[0].Status == "refused" && strings.Contains(peers[0].Detail, "our token is refused there (401)") &&
				strings.Contains(peers[0].Detail, "somebody who calls itself "+string(other)+" shows a wrong token here")
		})
		if code, h := readyFor(t, apps[id], "peers"); code != http.StatusServiceUnavailable || !strings.Contains(h.Checks["peers"], string(other)+" refuses our token") {
			t.Errorf("%d %+v", code, h)
		}
		if logs[id].count("our token is refused at "+string(other)) != 1 || logs[id].count("somebody who calls itself "+string(other)) != 1 {
			t.Errorf("%s: %s", id, logs[id].b.String())
		}
	}
}

// One line a minute for each who it may be, and a count that begins anew when it
// was quiet.
func TestRefusalsAreCounted(t *testing.T) {
	var r refusals
	now := time.Now()
	lines := 0
	for i := range 180 {
		if r.note("SER", now.Add(time.Duration(i)*time.Second)) {
			lines++
		}
	}
	now = now.Add(3 * time.Minute)
	if !r.note("", now) || lines != 3 || r.all() != 181 {
		t.Errorf("%d lines, %d", lines, r.all())
	}
	if s := r.summary(now); !strings.Contains(s, "SER shows a wrong token here (180 times)") || !strings.Contains(s, "does not say who it is shows wrong peer tokens (once)") {
		t.Error(s)
	}
	if s := r.summary(now.Add(2 * time.Minute)); s != "" {
		t.Errorf("still: %s", s)
	}
}

// A company whose own clock is off says that it is its own; the others name it. It
// said of all others that theirs were off.
func TestOwnClockIsSaid(t *testing.T) {
	off := miniredis.RunT(t)
	off.SetTime(time.Now().Add(time.Minute))
	apps := boot(t, func(o *Options) {
		if o.Company == "MAR" {
			o.Store = Store{URL: "redis://" + off.Addr()}
		}
	})
	peersOf := func(id charging.CompanyID) []api.Peer {
		peers, err := driverOf(t, apps[id], "operator").Peers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return peers
	}
	for _, p := range peersOf("MAR") {
		if p.Status != "skewed" || !strings.Contains(p.Detail, "this server's clock is probably") || !strings.Contains(p.Detail, "s ahead") {
			t.Errorf("%+v", p)
		}
	}
	for _, p := range peersOf("SER") {
		if strings.Contains(p.Detail, "this server's clock") || (p.Status == "skewed") != (p.CompanyID == "MAR") {
			t.Errorf("%+v", p)
		}
	}
	if code, h := readyFor(t, apps["MAR"], ""); code != http.StatusOK || !strings.Contains(h.Checks["peers"], "this server's clock is probably") {
		t.Errorf("%d %+v", code, h)
	}
}

// Doctor says the same before a server starts: its peers' clocks are all an hour ahead.
func TestCheckOwnClock(t *testing.T) {
	ahead := miniredis.RunT(t)
	ahead.SetTime(time.Now().Add(time.Hour))
	apps := boot(t, func(o *Options) { o.Store = Store{URL: "redis://" + ahead.Addr(), Prefix: string(o.Company) + ":"} })
	o := good()
	o.Store.Kind = StoreMemory
	o.Peers = nil
	for _, id := range []charging.CompanyID{"SER", "CAJ"} {
		o.Peers = append(o.Peers, Peer{ID: id, URL: apps[id].URL(), Token: DemoToken("MAR"), Accept: DemoToken(id)})
	}
	for _, f := range Check(t.Context(), o) {
		if f.What == "clock" && !f.OK && strings.Contains(f.Detail, "s behind") {
			return
		}
	}
	t.Error("no word about the own clock")
}
