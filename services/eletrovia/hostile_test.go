package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/legible"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/app"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// hostileNames are what a company should not be called; nine of them.
var hostileNames = []string{
	`a\r\nSet-Cookie: session=1`, `a\u0000b`, `\u001b[31mred\u001b[0m`, `a\u202egnp.exe`, `<script>alert(1)</script>`,
	`a\u200d\u2066b`, `\u009b2J`, `\ud800`, strings.Repeat("x", 600_000),
}

// hostileSite is a location of SER as JSON, good but for what is replaced.
func hostileSite(n int, replace ...string) string {
	site := fmt.Sprintf(`{"location_id":"BR*SER*L%04d","company_id":"SER","name":"Posto %[1]d","city":"Natal","state":"RN","lat":-5.8,"lon":-35.2,
		"evses":[{"evse_id":"BR*SER*E%04[1]d*1","status":"AVAILABLE","connectors":[{"id":"1","standard":"IEC_62196_T2_COMBO","power_kw":60,"tariff_id":"T1"}]},
			{"evse_id":"BR*SER*E%04[1]d*2","status":"AVAILABLE","connectors":[{"id":"1","standard":"CHADEMO","power_kw":50,"tariff_id":"T1"}]}],
		"tariffs":[{"id":"T1","currency":"BRL","per_kwh":2,"per_session":1}],
		"booking_terms":{"noshow_timeout_seconds":900,"cancel_until_seconds":3600,"early_plug_seconds":600,"max_ahead_seconds":1209600}}`, n)
	return strings.NewReplacer(replace...).Replace(site)
}

// hostileCatalogue is SER's: locations 1 and 2 are good, but for one EVSE of 2.
func hostileCatalogue() string {
	list := []string{hostileSite(1), hostileSite(2, `"status":"AVAILABLE","connectors":[{"id":"1","standard":"CHADEMO"`,
		`"status":"\u001b[31mWEIRD","connectors":[{"id":"1","standard":"CHADEMO"`)}
	for i, name := range hostileNames {
		list = append(list, hostileSite(10+i, fmt.Sprintf("Posto %d", 10+i), name))
	}
	for i, lat := range []string{`"NaN"`, `1e999`, `-91`, `null,"lat":[1]`} {
		list = append(list, hostileSite(30+i, "-5.8", lat))
	}
	return "[" + strings.Join(list, ",") + "]"
}

// newHostile is a company SER that says what it should not.
func newHostile(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	answer := func(route, media string, status int, body func() string) {
		mux.HandleFunc(route, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", media)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body())
		})
	}
	answer("GET /federation/v1/company", "application/json", 200, func() string {
		return fmt.Sprintf(`{"company_id":"SER","name":"\u001b]0;Sert\u202e\u0007","mqtt_url":"tcp://user:\u001b@x:1","rest_url":"javascript://x",
			"versions":["1","\r\n"],"public_keys":{"keys":[]},"revoked_vehicles":["\u001b"],"time":"%d"}`, time.Now().UnixMicro())
	})
	catalogue := hostileCatalogue()
	answer("GET /federation/v1/locations", "application/json", 200, func() string { return catalogue })
	answer("POST /federation/v1/reservations/", "application/problem+json", 409, func() string {
		return `{"type":"/problems/EVSE_OUT_OF_SERVICE","title":"\u001b[2J","status":409,"code":"EVSE_OUT_OF_SERVICE",
			"detail":"\u001b[31mthe charger\u202e is off\r\n` + strings.Repeat(`\u0007x`, 2000) + `",
			"conflict":{"evse_id":"\u001b[31m","state":"\u202e"},"alternatives":[{"leg":1,"label":"\u001b[31mmine"}]}`
	})
	answer("/", "application/problem+json", 404, func() string {
		return `{"type":"/problems/UNKNOWN_ROUTE","title":"t","status":404,"code":"UNKNOWN_ROUTE","detail":"\u001b[31m\u202e"}`
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv
}

// beside starts MAR with SER as its only peer.
func beside(t *testing.T, ser string) *app.App {
	t.Helper()
	a, err := app.New(app.Options{
		Company: "MAR", OperatorSecret: app.DemoSecret, Store: app.Store{Kind: app.StoreMemory}, RateLimit: -1,
		Vehicles: map[charging.VehicleID]string{"EV-0001": app.DemoSecret},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.SetPeers([]app.Peer{{ID: "SER", URL: ser, Token: app.DemoToken("MAR"), Accept: app.DemoToken("SER")}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	t.Cleanup(func() {
		if err := a.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.AwaitPeers(ctx); err != nil {
		t.Fatal(err)
	}
	return a
}

// legibly is the body of a GET at a server, as its operator, and that all texts in
// it may be shown.
func legibly(t *testing.T, a *app.App, path string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("operator", app.DemoSecret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v", path, resp.Status, err)
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	for {
		token, err := dec.Token()
		if err != nil {
			return body
		}
		if s, ok := token.(string); ok && legible.Check(s, 1300) != nil {
			t.Errorf("GET %s: passed on %.200q", path, s)
		}
	}
}

// What a peer says that cannot be true, or may not be shown, reaches nobody: not
// the list of locations, not the trip that it refuses, not a terminal. What it
// says beside that is there, and its operator can read what was left out.
func TestAHostilePeer(t *testing.T) {
	a := beside(t, newHostile(t).URL)
	body := legibly(t, a, "/api/v1/locations?limit=500")
	var sites []api.Location
	if err := json.Unmarshal(body, &sites); err != nil {
		t.Fatal(err)
	}
	theirs := map[charging.LocationID]int{}
	for _, l := range sites {
		if l.CompanyID == "SER" {
			theirs[l.LocationID] = len(l.EVSEs)
		}
	}
	if len(theirs) != 2 || theirs["BR*SER*L0001"] != 2 || theirs["BR*SER*L0002"] != 1 {
		t.Errorf("SER's locations and how many EVSEs they have: %v; want the good ones", theirs)
	}
	if len(body) > 100_000 || bytes.Contains(body, []byte("script")) || bytes.Contains(body, []byte("WEIRD")) {
		t.Errorf("%d bytes of locations", len(body))
	}
	aTripThatItRefuses(t, a)
	itIsShown(t, a)
	theTerminalIsClean(t, a)
}

func aTripThatItRefuses(t *testing.T, a *app.App) {
	t.Helper()
	d, err := client.NewDriver(client.DriverOptions{BaseURL: a.URL(), User: "EV-0001", Secret: app.DemoSecret})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now().Add(2 * time.Hour).UTC().Truncate(time.Second)
	booked, err := d.CreateTrip(t.Context(), api.TripRequest{VehicleID: "EV-0001", OnConflict: trip.Abort, Stops: []api.Stop{
		{EVSEID: "BR*SER*E0001*1", Start: start, End: start.Add(time.Hour)},
	}}, "", 2*time.Second)
	if err != nil || booked.Problem == nil || !strings.Contains(booked.Problem.Detail, "the charger") {
		t.Fatalf("%+v, %v", booked, err)
	}
	legibly(t, a, "/api/v1/trips/"+string(booked.ID))
	legibly(t, a, "/api/v1/trips/"+string(booked.ID)+"/history")
}

func itIsShown(t *testing.T, a *app.App) {
	t.Helper()
	var peers []api.Peer
	if err := json.Unmarshal(legibly(t, a, "/api/v1/peers"), &peers); err != nil {
		t.Fatal(err)
	}
	if len(peers) != 1 || peers[0].Name != "" || peers[0].Locations != 2 || peers[0].EVSEs != 3 {
		t.Errorf("%+v", peers)
	}
	// Nine names, four latitudes, a status; of the company its name, two addresses, a
	// version and a revocation, at every probe.
	if d := peers[0].Dropped; d == nil || d.Count < 14+5 || d.Last.What == "" || d.Last.Why == "" || d.Last.At.IsZero() {
		t.Errorf("%+v", d)
	}
	resp, err := http.Get(a.URL() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if page, _ := io.ReadAll(resp.Body); !bytes.Contains(page, []byte(`eletrovia_peer_records_dropped_total{peer="SER"}`)) {
		t.Error("no metric of it")
	}
}

func theTerminalIsClean(t *testing.T, a *app.App) {
	t.Helper()
	for _, args := range [][]string{
		{"peers"}, {"doctor"}, {"trips"}, {"plan", "--from", "Natal", "--to", "Recife", "--soc", "0.3", "--model", "byd-dolphin"},
	} {
		for _, tty := range []bool{true, false} {
			var out, errs bytes.Buffer
			run(t.Context(), args, terminal.Shell{
				Out: &out, Err: &errs, Program: "eletrovia", OutIsTerminal: tty,
				Environ: []string{"ELETROVIA_SERVER=" + a.URL(), "TERM=xterm", "NO_COLOR=1"},
			})
			if out.Len() == 0 {
				t.Errorf("%v says nothing; %s", args, &errs)
			}
			for _, line := range strings.FieldsFunc(out.String()+errs.String(), func(r rune) bool { return r == '\n' || r == '\t' }) {
				if err := legible.Check(line, 2000); err != nil {
					t.Errorf("%v: %.200q %v", args, line, err)
				}
			}
		}
	}
}
