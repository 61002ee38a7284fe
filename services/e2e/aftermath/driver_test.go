package aftermath

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/app"
)

// Everything that the servers say is read by shapes of this package, so that the
// tests compile whatever the server's own types have.
type (
	tripView struct {
		ID        string     `json:"trip_id"`
		State     string     `json:"state"`
		Legs      []legView  `json:"legs"`
		Decision  *question  `json:"decision"`
		Decisions []question `json:"decisions"`
		Kept      []kept     `json:"kept"`
		Problem   *problem   `json:"problem"`
	}
	legView struct {
		Leg         int       `json:"leg"`
		Reservation string    `json:"reservation_id"`
		Company     string    `json:"company_id"`
		EVSE        string    `json:"evse_id"`
		Start       time.Time `json:"start"`
		End         time.Time `json:"end"`
		State       string    `json:"state"`
		Price       float64   `json:"price"`
		Session     *session  `json:"session"`
		Problem     *problem  `json:"problem"`
	}
	session struct {
		StartedAt time.Time  `json:"started_at"`
		EndedAt   *time.Time `json:"ended_at"`
		EnergyKWh float64    `json:"energy_kwh"`
		Estimated bool       `json:"estimated"`
		Price     *struct {
			Total float64 `json:"total"`
		} `json:"price"`
	}
	question struct {
		Leg          int           `json:"leg"`
		Code         string        `json:"code"`
		Detail       string        `json:"detail"`
		ExpiresAt    time.Time     `json:"expires_at"`
		Alternatives []alternative `json:"alternatives"`
	}
	alternative struct {
		ID         string    `json:"alternative_id"`
		Leg        int       `json:"leg"`
		Company    string    `json:"company_id"`
		EVSE       string    `json:"evse_id"`
		Start      time.Time `json:"start"`
		End        time.Time `json:"end"`
		DeltaPrice float64   `json:"delta_price"`
		LaterStops []struct {
			Leg     int    `json:"leg"`
			Company string `json:"company_id"`
		} `json:"later_stops"`
	}
	kept struct {
		Leg   int       `json:"leg"`
		Code  string    `json:"code"`
		Until time.Time `json:"until"`
	}
	problem struct {
		Code         string        `json:"code"`
		Detail       string        `json:"detail"`
		Alternatives []alternative `json:"alternatives"`
	}
	site struct {
		ID    string  `json:"location_id"`
		Lat   float64 `json:"lat"`
		Lon   float64 `json:"lon"`
		EVSEs []struct {
			ID string `json:"evse_id"`
		} `json:"evses"`
	}
	// reservationView is a reservation, as a peer or a car at the plug sees it.
	reservationView struct {
		ID      string   `json:"reservation_id"`
		State   string   `json:"state"`
		Session *session `json:"session"`
	}
)

// stop is one stop of a request.
type stop struct {
	Leg    int       `json:"leg,omitempty"`
	EVSE   string    `json:"evse_id"`
	Start  time.Time `json:"start"`
	End    time.Time `json:"end"`
	Energy float64   `json:"energy_kwh,omitempty"`
}

// object is a JSON object.
type object = map[string]any

func vehicle(n int) string { return fmt.Sprintf("EV-%04d", n) }

// answer is what came back, over REST or MQTT.
type answer struct {
	Status int
	Body   json.RawMessage
}

func (a answer) String() string { return fmt.Sprintf("%d %.700s", a.Status, a.Body) }

// code is that of a problem; empty for anything else.
func (a answer) code() string { return as[problem](a).Code }

// is reports whether the answer is a refusal with this status and code.
func (a answer) is(status int, code string) bool { return a.Status == status && a.code() == code }

// as reads an answer; what is not there is zero.
func as[T any](a answer) T {
	var v T
	_ = json.Unmarshal(a.Body, &v)
	return v
}

// driver talks REST to one company's server.
type driver struct {
	f             *federation
	user, secret  string
	company, wait string
}

func (f *federation) driver(user, company string) driver {
	return driver{f: f, user: user, secret: secret, company: company}
}

func (d driver) send(method, path string, body any) answer {
	d.f.t.Helper()
	req := d.f.request(method, d.company, path, body)
	if d.user != "" {
		req.SetBasicAuth(d.user, d.secret)
	}
	if d.wait != "" {
		req.Header.Set("Prefer", "wait="+d.wait)
	}
	return d.f.send(req)
}

// peer is a call of one company to another.
func (f *federation) peer(from, to, method, path string, body any) answer {
	f.t.Helper()
	req := f.request(method, to, "/federation/v1"+path, body)
	req.Header.Set("Authorization", "Bearer "+app.DemoToken(charging.CompanyID(from)))
	return f.send(req)
}

func (f *federation) request(method, company, path string, body any) *http.Request {
	f.t.Helper()
	var r io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			f.t.Fatal(err)
		}
		r = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, "http://"+f.apps[company].HTTPAddr()+path, r)
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	return req
}

func (f *federation) send(req *http.Request) answer {
	f.t.Helper()
	resp, err := client.Do(req)
	if err != nil {
		f.t.Fatalf("%s %s: %v", req.Method, req.URL.Path, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatalf("%s %s: %v", req.Method, req.URL.Path, err)
	}
	return answer{resp.StatusCode, raw}
}

// sites lists the federation's locations, as a company's server knows them.
func (f *federation) sites(company string) []site {
	f.t.Helper()
	return as[[]site](f.driver("", company).send(http.MethodGet, "/api/v1/locations?limit=500", nil))
}

// asks sends a request for a trip and waits until it is settled or asks.
func (d driver) asks(policy string, more object, stops ...stop) answer {
	d.f.t.Helper()
	body := object{"vehicle_id": d.user, "on_conflict": policy}
	if len(stops) > 0 {
		body["stops"] = stops
	}
	for k, v := range more {
		body[k] = v
	}
	d.wait = "10"
	return d.send(http.MethodPost, "/api/v1/trips", body)
}

// book books a trip that nothing is in the way of.
func (d driver) book(stops ...stop) tripView {
	d.f.t.Helper()
	return d.booked(d.asks("ask", nil, stops...))
}

func (d driver) booked(a answer) tripView {
	d.f.t.Helper()
	t := as[tripView](a)
	if a.Status != http.StatusCreated || t.State != "CONFIRMED" {
		d.f.t.Fatalf("a trip for %s at %s: %s", d.user, d.company, a)
	}
	return t
}

func (d driver) trip(id string) tripView {
	d.f.t.Helper()
	a := d.send(http.MethodGet, "/api/v1/trips/"+id, nil)
	if a.Status != http.StatusOK {
		d.f.t.Fatalf("trip %s: %s", id, a)
	}
	return as[tripView](a)
}

// sees waits until the trip is as it should be, and says what it was last.
func (d driver) sees(id, what string, ok func(tripView) bool) tripView {
	d.f.t.Helper()
	var t tripView
	if !d.f.within(8*time.Second, func() bool { t = d.trip(id); return ok(t) }) {
		d.f.t.Fatalf("not so: %s; the trip is %+v", what, t)
	}
	return t
}

func (d driver) swap(id string, body object) answer {
	d.f.t.Helper()
	return d.send(http.MethodPost, "/api/v1/trips/"+id+"/swap", body)
}

func (d driver) decide(id string, body object) answer {
	d.f.t.Helper()
	return d.send(http.MethodPost, "/api/v1/trips/"+id+"/decision", body)
}

func (d driver) cancel(id string) answer {
	d.f.t.Helper()
	return d.send(http.MethodDelete, "/api/v1/trips/"+id, nil)
}

func (d driver) alternatives(id string, leg int) []alternative {
	d.f.t.Helper()
	return as[[]alternative](d.send(http.MethodGet, fmt.Sprintf("/api/v1/trips/%s/alternatives?leg=%d", id, leg), nil))
}

// withdraw takes an EVSE out of service, as its operator does.
func (f *federation) withdraw(evse string) {
	f.t.Helper()
	a := f.driver("operator", string(charging.EVSEID(evse).Company())).send(http.MethodPut, "/api/v1/evses/"+evse+"/status",
		object{"status": "OUTOFORDER", "reason": "BROKEN_CHARGER"})
	if a.Status != http.StatusOK {
		f.t.Fatalf("%s out of service: %s", evse, a)
	}
}

// stateAt is the state of a leg's reservation at its company, asked by the
// trip's originator.
func (f *federation) stateAt(origin string, l legView) reservationView {
	f.t.Helper()
	return as[reservationView](f.peer(origin, l.Company, http.MethodGet, "/reservations/"+l.Reservation, nil))
}

// ref is what every action on a leg's reservation carries.
func ref(origin, trip string, l legView, epoch int) object {
	return object{"trip_id": trip, "origin": origin, "evse_id": l.EVSE, "end": l.End, "epoch": epoch}
}
