package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/problem"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

var update = flag.Bool("update", false, "write the golden files anew")

var day = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)

// fake is a server that answers what a test put there and keeps what it heard.
type fake struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string]any // "METHOD path" → value, or problem.Problem
	heard   []heard
}

type heard struct {
	route, user, secret, prefer, key string
	body                             string
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{answers: map[string]any{"GET /api/v1/locations": locations()}}
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	return f
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	_, _ = body.ReadFrom(r.Body)
	h := heard{
		route: r.Method + " " + r.URL.Path, prefer: r.Header.Get("Prefer"), key: r.Header.Get("Idempotency-Key"),
		body: body.String(),
	}
	h.user, h.secret, _ = r.BasicAuth()
	f.mu.Lock()
	f.heard = append(f.heard, h)
	answer, ok := f.answers[h.route]
	f.mu.Unlock()
	switch a := answer.(type) {
	case problem.Problem:
		_ = a.Write(w)
	case http.HandlerFunc:
		a(w, r)
	default:
		if !ok {
			_ = problem.New("UNKNOWN_ROUTE", h.route).Write(w)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(a)
	}
}

// last is what came last on a route.
func (f *fake) last(t *testing.T, route string) heard {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := len(f.heard) - 1; i >= 0; i-- {
		if f.heard[i].route == route {
			return f.heard[i]
		}
	}
	t.Fatalf("nobody asked %s", route)
	return heard{}
}

// result of one command line.
type result struct {
	code     int
	out, err string
}

// typed runs a command line against the fake server. Its address, which changes
// from run to run, is shown as SERVER.
func (f *fake) typed(t *testing.T, tty bool, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), args, terminal.Shell{
		Out: &out, Err: &errs, Program: "eletrovia", OutIsTerminal: tty,
		Environ: []string{"ELETROVIA_SERVER=" + f.URL, "TERM=xterm", "NO_COLOR=1"},
	})
	plain := strings.NewReplacer(f.URL, "SERVER")
	return result{code, plain.Replace(out.String()), plain.Replace(errs.String())}
}

// golden compares with testdata/NAME.golden.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

func evse(company string) charging.EVSEID {
	return charging.EVSEID("BR*" + company + "*E0001*1")
}

func locations() []api.Location {
	site := func(company, name, city, state string) api.Location {
		return api.Location{
			LocationID: charging.LocationID("BR*" + company + "*L1"), CompanyID: charging.CompanyID(company),
			Name: name, City: city, State: state, EVSEs: []api.EVSE{{EVSEID: evse(company)}},
			Terms: api.BookingTerms{CancelUntil: 1800, CancelGraceMinutes: 5},
		}
	}
	return []api.Location{
		site("MAR", "Posto Maré", "Recife", "PE"), site("SER", "Estação Sertão", "Maceió", "AL"),
		site("CAJ", "Caju \x1b[31mAracaju", "Aracaju", "SE"),
	}
}

func plan() trip.Plan {
	p := trip.Plan{
		ID: "p-91c2", Departure: day, Arrival: day.Add(13 * time.Hour), TotalMinutes: 780, DriveMinutes: 700,
		ChargeMinutes: 80, DistanceKM: 1034.2, Price: 247.32, Currency: "BRL", ArriveSoC: 0.23,
		MarginSoC: 0.02, AsOf: map[charging.CompanyID]time.Time{"MAR": day, "SER": day.Add(-3 * time.Second)}, Silent: []charging.CompanyID{"CAJ"},
	}
	for i, company := range []string{"MAR", "SER", "CAJ"} {
		start := day.Add(time.Duration(3*i+2) * time.Hour)
		p.Stops = append(p.Stops, trip.PlanStop{
			Leg: i + 1, CompanyID: charging.CompanyID(company), EVSEID: evse(company), Start: start,
			End: start.Add(30 * time.Minute), ArriveSoC: 0.12, DepartSoC: 0.72, Price: 82.44, Backups: 3 - i,
			CancelUntil: start.Add(-30 * time.Minute),
			BackupStops: []trip.Backup{{
				CompanyID: "SER", LocationID: "SER-9", LocationName: "Posto \x07Reserva", EVSEID: evse("SER"), Start: start.Add(5 * time.Minute),
				End: start.Add(35 * time.Minute), DistanceKM: 4.2, ArriveSoC: 0.11, DeltaPrice: -1.5,
			}},
		})
	}
	return p
}

// editedPlan is the plan, edited.
func editedPlan() trip.Plan {
	p := plan()
	p.ID = "p-a003"
	p.Origin = &trip.Place{Name: "João Pessoa, PB", City: "João Pessoa", State: "PB"}
	p.Destination = &trip.Place{Name: "Feira de Santana, BA", City: "Feira de Santana", State: "BA"}
	p.Stops[0].Asked = &trip.Asked{Hold: trip.HoldEVSE, Start: p.Stops[0].Start, End: p.Stops[0].End}
	p.Stops[1].Asked = &trip.Asked{Hold: trip.HoldLocation, DepartSoC: 0.8, StayMinutes: 45}
	p.Via = []trip.Via{{
		Place: trip.Place{Name: "Recife \x1b[31m, PE", City: "Recife", State: "PE"}, StayMinutes: 30, AfterLeg: 0, Arrival: day.Add(time.Hour), ArriveSoC: 0.6,
	}}
	return p
}

// planned is a trip as one reads it, with its plan.
func planned(t trip.Trip) trip.Trip {
	p := plan()
	p.Origin = &trip.Place{Name: "João Pessoa, PB", City: "João Pessoa", State: "PB", Lat: -7.115, Lon: -34.863}
	p.Destination = &trip.Place{Name: "near Feira de \x1b[31mSantana, BA", City: "Feira de Santana", State: "BA", Lat: -12.27, Lon: -38.95}
	p.Line, p.Profile = "_p~iF~ps|U", trip.Profile{{0, 0, 0.9}, {1034.2, 780, 0.23}}
	for i, name := range []string{"Maré Recife \x07Sul", "Estação Sertão", "Caju Aracaju"} {
		p.Stops[i].Site = trip.Site{LocationName: name, City: []string{"Recife", "Maceió", "Aracaju"}[i], UF: []string{"PE", "AL", "SE"}[i], PowerKW: 60, Standard: "IEC_62196_T2_COMBO"}
	}
	t = t.With(p, true)
	t.Plan.Driven = trip.Profile{{0, -2, 0.9}, {103.4, 80.5, 0.81}}
	return t
}

func aTrip(state trip.State, legs charging.State) trip.Trip {
	t := trip.Trip{
		ID: "01970000-0000-7000-8000-000000000001", State: state, VehicleID: "EV-0001", Origin: "MAR",
		OnConflict: trip.Ask, CreatedAt: day, UpdatedAt: day,
	}
	for i, s := range plan().Stops {
		t.Legs = append(t.Legs, trip.Leg{
			Leg: s.Leg, ReservationID: charging.ReservationID(fmt.Sprintf("01970000-0000-7000-8000-00000000010%d", i)),
			CompanyID: s.CompanyID, EVSEID: s.EVSEID, Start: s.Start, End: s.End, State: legs, Attempts: 2, Price: s.Price,
		})
	}
	return t
}
