package requests

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/app"
)

const secret = "demo"

// The cars of the test; the last two are there to be revoked.
var cars = []charging.VehicleID{"EV-0001", "EV-0002", "EV-0008", "EV-0009"}

// world is three companies; the requests go to MAR.
type world struct {
	t    *testing.T
	urls map[charging.CompanyID]string
	http *http.Client
	// jwt is what SER shows MAR, made again before it ends.
	jwt   string
	since time.Time
}

func start(t *testing.T) *world {
	w := &world{t: t, urls: map[charging.CompanyID]string{}, http: &http.Client{Timeout: 40 * time.Second}}
	ids := []charging.CompanyID{"MAR", "SER", "CAJ"}
	targets := map[charging.CompanyID]*atomic.Pointer[url.URL]{}
	for _, id := range ids {
		target := &atomic.Pointer[url.URL]{}
		target.Store(&url.URL{Scheme: "http", Host: "127.0.0.1:1"})
		proxy := httptest.NewServer(&httputil.ReverseProxy{
			Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(target.Load()) },
			ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		})
		t.Cleanup(proxy.Close)
		targets[id], w.urls[id] = target, proxy.URL
	}
	for _, id := range ids {
		a := w.boot(id, ids)
		targets[id].Store(&url.URL{Scheme: "http", Host: a.HTTPAddr()})
		w.urls[id] = "http://" + a.HTTPAddr()
	}
	w.knowsAll()
	w.believesSER()
	return w
}

// believesSER polls until MAR has SER's keys: it may have asked for them while SER was not
// there yet, and asks again two seconds later.
func (w *world) believesSER() {
	for deadline := time.Now().Add(30 * time.Second); ; <-time.After(50 * time.Millisecond) {
		req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.urls["MAR"]+"/federation/v1/reservations/01a228f1-ca69-77c6-8811-cf6ba4164e67", nil)
		if err != nil {
			w.t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+w.peer())
		resp, err := w.http.Do(req)
		if err != nil {
			w.t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusNotFound {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("MAR answers SER %d", resp.StatusCode)
		}
	}
}

func (w *world) boot(id charging.CompanyID, ids []charging.CompanyID) *app.App {
	vehicles := map[charging.VehicleID]string{}
	for _, c := range cars {
		vehicles[c] = secret
	}
	o := app.Options{
		Company: id, HTTPAddr: "127.0.0.1:0", MQTTAddr: "127.0.0.1:0", AdvertiseHTTP: w.urls[id],
		Store: app.Store{Dir: w.t.TempDir(), Kind: app.StoreRedis}, Vehicles: vehicles, OperatorSecret: secret,
		DemoTokens: true, Log: zerolog.Nop(), RateLimit: -1, Limits: &charging.Limits{}, Timings: app.Timings{Refresh: time.Second},
	}
	for _, p := range ids {
		if p != id {
			o.Peers = append(o.Peers, app.Peer{ID: p, URL: w.urls[p]})
		}
	}
	a, err := app.New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := a.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := a.Stop(ctx); err != nil {
			w.t.Errorf("%s: %v", id, err)
		}
	})
	return a
}

// knowsAll polls, since no event announces it, until MAR lists everybody's chargers.
func (w *world) knowsAll() {
	for deadline := time.Now().Add(30 * time.Second); ; <-time.After(50 * time.Millisecond) {
		_, raw := w.ask("MAR", http.MethodGet, "/api/v1/locations?limit=500", "", "")
		if bytes.Contains(raw, []byte("BR*SER*E")) && bytes.Contains(raw, []byte("BR*CAJ*E")) {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("MAR does not know all chargers: %.300s", raw)
		}
	}
}

// ask makes a plain request of the set-up; user "" shows nothing.
func (w *world) ask(at charging.CompanyID, method, path, user, body string) (int, []byte) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.urls[at]+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Prefer", "wait=10")
	if user != "" {
		req.SetBasicAuth(user, secret)
	}
	resp, err := w.http.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, raw
}

// peer is SER's token for MAR, at most a minute old.
func (w *world) peer() string {
	if time.Since(w.since) > time.Minute {
		var p struct{ Token string }
		status, raw := w.ask("SER", http.MethodPost, "/api/v1/peers/MAR/token", "operator", "")
		if err := json.Unmarshal(raw, &p); err != nil || p.Token == "" {
			w.t.Fatalf("no token: %d %s", status, raw)
		}
		w.jwt, w.since = p.Token, time.Now()
	}
	return w.jwt
}

// chargers are MAR's own, but those that the requests may take out of service.
func (w *world) chargers() []string {
	_, raw := w.ask("MAR", http.MethodGet, "/api/v1/locations?limit=500", "", "")
	var locations []struct {
		EVSEs []struct {
			ID string `json:"evse_id"`
		}
	}
	if err := json.Unmarshal(raw, &locations); err != nil {
		w.t.Fatal(err)
	}
	var own []string
	for _, l := range locations {
		for _, e := range l.EVSEs {
			if strings.HasPrefix(e.ID, "BR*MAR*") && e.ID != "BR*MAR*E0002*1" {
				own = append(own, e.ID)
			}
		}
	}
	return own
}

// real makes trips in several states, and returns their ids, their reservations' and a plan's.
func (w *world) real() map[string][]string {
	ids := map[string][]string{}
	day := time.Now().UTC().Truncate(time.Hour).Add(24 * time.Hour)
	book := func(car, evse string, k int, policy, want string) string {
		body, _ := json.Marshal(map[string]any{"vehicle_id": car, "on_conflict": policy, "stops": []any{map[string]any{
			"evse_id": evse, "start": day.Add(time.Duration(k) * time.Hour), "end": day.Add(time.Duration(k+1) * time.Hour),
		}}})
		status, raw := w.ask("MAR", http.MethodPost, "/api/v1/trips", car, string(body))
		var t struct {
			ID    string `json:"trip_id"`
			State string
			Legs  []struct {
				Reservation string `json:"reservation_id"`
			}
		}
		if err := json.Unmarshal(raw, &t); err != nil || t.State != want {
			w.t.Fatalf("no trip that is %s: %d %s", want, status, raw)
		}
		ids["trip_id"] = append(ids["trip_id"], t.ID)
		for _, l := range t.Legs {
			ids["reservation_id"] = append(ids["reservation_id"], l.Reservation)
		}
		return t.ID
	}
	book("EV-0001", "BR*MAR*E0001*1", 0, "abort", "CONFIRMED")
	book("EV-0002", "BR*MAR*E0001*1", 0, "abort", "ABORTED")
	book("EV-0002", "BR*MAR*E0001*1", 0, "ask", "AWAITING_DECISION")
	book("EV-0001", "BR*SER*E0001*1", 2, "abort", "CONFIRMED")
	w.ask("MAR", http.MethodDelete, "/api/v1/trips/"+book("EV-0001", "BR*MAR*E0001*1", 4, "abort", "CONFIRMED"), "EV-0001", "")
	_, raw := w.ask("MAR", http.MethodPost, "/api/v1/plans", "",
		`{"origin":{"city":"João Pessoa, PB"},"destination":{"city":"Salvador, BA"},"vehicle":{"model":"byd-dolphin"}}`)
	var p struct {
		Plans []struct {
			ID string `json:"plan_id"`
		}
	}
	if err := json.Unmarshal(raw, &p); err == nil {
		for _, x := range p.Plans {
			ids["plan_id"] = append(ids["plan_id"], x.ID)
		}
	}
	return ids
}
