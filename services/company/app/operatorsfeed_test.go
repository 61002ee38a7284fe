package app

import (
	"bufio"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// tap is one reader of a stream, whoever it is and whatever it chose.
type tap struct {
	name string
	at   charging.CompanyID

	mu    sync.Mutex
	heard []trip.Event
}

// taps opens a stream, and reads it until the test ends.
func (w *everywhere) taps(at charging.CompanyID, query string, who caller, shown string) *tap {
	w.Helper()
	resp := w.opens(at, query, who, shown)
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		w.Fatalf("the stream %s at %s, as %s: %d", query, at, who.who, resp.StatusCode)
	}
	p := &tap{name: who.who + " with " + query + " at " + string(at), at: at}
	go func() {
		defer func() { _ = resp.Body.Close() }()
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var e trip.Event
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && json.Unmarshal([]byte(data), &e) == nil {
				p.mu.Lock()
				p.heard = append(p.heard, e)
				p.mu.Unlock()
			}
		}
	}()
	return p
}

func (w *everywhere) opens(at charging.CompanyID, query string, who caller, shown string) *http.Response {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), "GET", w.apps[at].URL()+"/api/v1/events"+query, nil)
	if err != nil {
		w.Fatal(err)
	}
	if a := who.authorization(); a != "" {
		req.Header.Set("Authorization", a)
	}
	if shown != "" {
		req.Header.Set(api.VehicleHeader, shown)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.Fatal(err)
	}
	return resp
}

func (p *tap) all() []trip.Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.heard)
}

func (p *tap) waits(t *testing.T, what string, fits func(trip.Event) bool) {
	t.Helper()
	until(t, p.name+": "+what, func() bool { return slices.ContainsFunc(p.all(), fits) })
}

// onBehalf is what a company shows when it asks another one for a vehicle.
func (w *everywhere) onBehalf(from, at charging.CompanyID, v caller) (caller, string) {
	w.Helper()
	vehicle, err := w.apps[from].rooms.identity.Basic(w.Context(), v.user, v.secret)
	if err != nil {
		w.Fatal(err)
	}
	proof, err := w.apps[from].rooms.identity.Vouch(vehicle, at)
	if err != nil {
		w.Fatal(err)
	}
	token, err := identity.NewCredentials(from, w.apps[from].rooms.keys, time.Now).For(at)
	if err != nil {
		w.Fatal(err)
	}
	return caller{who: string(from) + " for " + v.who, token: token}, v.user + " " + proof
}

// Changes of calendars and acts of the audit reach the operator of their own company, in
// a stream of either kind, and nobody else who listens at the same time: no vehicle, not
// the one that they are about, no company that listens for it, no operator of another
// company. It fails where such an event has a vehicle's name on it, where a stream that
// chose nothing is given it, or one that may not choose it is opened.
func TestCalendarsAndAuditAreTheOperatorsOwn(t *testing.T) {
	m := newMatrixOf(t, generous)
	w := newEverywhere(t, m, caller{who: "owner", user: string(m.here.id), secret: m.here.secret}, 1)
	vehicles := []caller{
		w.owner,
		{who: "another vehicle", user: string(m.there.id), secret: m.there.secret},
		{who: "a configured vehicle", user: "EV-0001", secret: DemoSecret},
	}
	operators, theirs, others := map[charging.CompanyID][]*tap{}, map[string][]*tap{}, []*tap{}
	for _, at := range three {
		for _, query := range []string{"", "?types=calendar,audit"} {
			operators[at] = append(operators[at], w.taps(at, query, w.operatorOf(at), ""))
		}
		for _, v := range vehicles {
			for _, query := range []string{"", "?types=trip,reservation,history"} {
				p := w.taps(at, query, v, "")
				theirs[v.user], others = append(theirs[v.user], p), append(others, p)
			}
			w.mayNot(at, v, "", 403)
			for _, from := range three {
				if from == at {
					continue
				}
				company, shown := w.onBehalf(from, at, v)
				p := w.taps(at, "", company, shown)
				theirs[v.user], others = append(theirs[v.user], p), append(others, p)
				w.mayNot(at, company, shown, 403)
				w.mayNot(at, company, "", 403)
			}
		}
		for _, of := range three {
			if of != at {
				w.mayNot(at, w.operatorOf(of), "", 401)
			}
		}
	}
	for _, at := range three {
		w.acts(at)
		for _, p := range operators[at] {
			w.heardAll(p)
		}
	}
	// What comes last to a vehicle comes after all that it might have been told.
	for n, v := range vehicles {
		w.owner = v
		last := w.book("SER", 20+n)
		if got := w.ask("SER", "DELETE", "/api/v1/trips/"+string(last.ID), v, ""); got.status != 200 {
			t.Fatalf("%d %v", got.status, got.body)
		}
		for _, p := range theirs[v.user] {
			p.waits(t, "its stop is canceled", func(e trip.Event) bool {
				return e.TripID == last.ID && strings.Contains(string(e.Data), `"CANCELED"`)
			})
		}
	}
	for _, p := range others {
		for _, e := range p.all() {
			if e.Type == trip.EventCalendar || e.Type == trip.EventAudit {
				t.Errorf("%s is told: %s %s", p.name, e.Type, e.Data)
			}
		}
	}
	for _, at := range three {
		for _, p := range operators[at] {
			w.ownOnly(p)
		}
	}
}

// mayNot judges that a stream which chooses what is the operator's is refused.
func (w *everywhere) mayNot(at charging.CompanyID, who caller, shown string, status int) {
	w.Helper()
	for _, query := range []string{"?types=calendar", "?types=trip,audit"} {
		resp := w.opens(at, query, who, shown)
		if _ = resp.Body.Close(); resp.StatusCode != status {
			w.Errorf("the stream %s at %s, as %s: %d, want %d", query, at, who.who, resp.StatusCode, status)
		}
	}
}

// acts has a company's operator cancel a booking, which another company's vehicle has,
// and take an EVSE out of service.
func (w *everywhere) acts(at charging.CompanyID) {
	w.Helper()
	leg := w.trips[at].Legs[slices.IndexFunc(w.trips[at].Legs, func(l trip.Leg) bool { return l.CompanyID == at })]
	spare := w.apps[at].rooms.desk.Locations(w.Context())[2].EVSEs[0].ID
	for _, d := range []struct{ method, path, body string }{
		{"POST", "/api/v1/reservations/" + string(leg.ReservationID) + "/cancel", `{"reason":"the road is closed"}`},
		{"PUT", "/api/v1/evses/" + string(spare) + "/status", `{"status":"OUTOFORDER","reason":"POWER_OUTAGE"}`},
		{"PUT", "/api/v1/evses/" + string(spare) + "/status", `{"status":"AVAILABLE"}`},
	} {
		if got := w.ask(at, d.method, d.path, w.operatorOf(at), d.body); got.status != 200 {
			w.Fatalf("%s %s at %s: %d %v", d.method, d.path, at, got.status, got.body)
		}
	}
}

// heardAll wants an operator to have been told of all that it has done.
func (w *everywhere) heardAll(p *tap) {
	w.Helper()
	says := func(kind trip.EventType, text string) func(trip.Event) bool {
		return func(e trip.Event) bool { return e.Type == kind && strings.Contains(string(e.Data), text) }
	}
	for _, text := range []string{`"state":"CANCELED"`, `"reason":"POWER_OUTAGE"`, `"out_of_service":[]`} {
		p.waits(w.T, "a calendar with "+text, says(trip.EventCalendar, text))
	}
	for _, text := range []string{`"what":"cancel a booking"`, `"reason":"the road is closed"`, `"answer":"ok"`, `"what":"set an EVSE AVAILABLE"`} {
		p.waits(w.T, "an act with "+text, says(trip.EventAudit, text))
	}
}

// ownOnly judges that an operator was told of its own company's EVSEs and acts alone.
func (w *everywhere) ownOnly(p *tap) {
	w.Helper()
	for _, e := range p.all() {
		var said struct {
			EVSEID charging.EVSEID `json:"evse_id"`
			Of     string          `json:"of"`
		}
		if e.Type != trip.EventCalendar && e.Type != trip.EventAudit {
			continue
		}
		if err := json.Unmarshal(e.Data, &said); err != nil {
			w.Fatal(err)
		}
		own := e.Type == trip.EventCalendar && said.EVSEID.Company() == p.at
		if e.Type == trip.EventAudit {
			leg := slices.IndexFunc(w.trips[p.at].Legs, func(l trip.Leg) bool { return string(l.ReservationID) == said.Of })
			own = leg >= 0 || charging.EVSEID(said.Of).Company() == p.at
		}
		if !own || e.VehicleID != "" {
			w.Errorf("%s is told: %+v %s", p.name, e, e.Data)
		}
	}
}
