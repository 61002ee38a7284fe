package httpapi

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/problem"
)

// fields are the names of the wrong fields in a problem.
func fields(rec *httptest.ResponseRecorder) string {
	var p problem.Problem
	_ = json.Unmarshal(rec.Body.Bytes(), &p)
	var names []string
	for _, e := range p.Errors {
		names = append(names, e.Field)
	}
	return strings.Join(names, " ")
}

func stops(list ...string) string {
	return `{"vehicle_id":"EV-0001","stops":[` + strings.Join(list, ",") + `]}`
}

func stop(start, end string) string {
	return `{"evse_id":"BR*MAR*E0001*1","start":"` + start + `","end":"` + end + `"}`
}

func TestBadInput(t *testing.T) {
	const trips, one = "/api/v1/trips", "/api/v1/trips/" + string(tripID)
	fed, evse := "/federation/v1/reservations/"+string(rsvID), "/api/v1/evses/"+string(evseID)
	first := stop("2026-11-24T12:00:00Z", "2026-11-24T13:00:00Z")
	for name, b := range map[string]struct{ method, path, as, body, code, field string }{
		"broken JSON":        {"POST", trips, asCar, `{"vehicle_id"`, "MALFORMED_REQUEST", ""},
		"no body":            {"POST", trips, asCar, "", "MALFORMED_REQUEST", ""},
		"a list":             {"POST", "/api/v1/plans", asNobody, "[]", "MALFORMED_REQUEST", ""},
		"not UTF-8":          {"POST", trips, asCar, "{\"plan_id\":\"\xff\"}", "MALFORMED_REQUEST", ""},
		"unknown field":      {"POST", trips, asCar, `{"vehicle_id":"EV-0001","plan_id":"p","x":1}`, "INVALID_FIELD", "x"},
		"wrong type":         {"POST", trips, asCar, stops(`{"evse_id":7,` + window + `}`), "INVALID_FIELD", "stops[0].evse_id"},
		"end before start":   {"POST", trips, asCar, stops(stop("2026-11-24T13:00:00Z", "2026-11-24T12:00:00Z")), "INVALID_WINDOW", "stops[0].end"},
		"zero window":        {"POST", trips, asCar, stops(stop("2026-11-24T13:00:00Z", "2026-11-24T13:00:00Z")), "INVALID_WINDOW", "stops[0].end"},
		"a window of years":  {"POST", trips, asCar, stops(stop("2026-11-24T13:00:00Z", "2029-11-24T13:00:00Z")), "INVALID_WINDOW", "stops[0].end"},
		"duplicate stops":    {"POST", trips, asCar, stops(first, first), "INVALID_WINDOW", "stops[1]"},
		"stops out of order": {"POST", trips, asCar, stops(first, stop("2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z")), "INVALID_WINDOW", "stops[1].start"},
		"id with a hash":     {"POST", trips, asCar, `{"vehicle_id":"EV#1","plan_id":"p"}`, "INVALID_FIELD", "vehicle_id"},
		"id with a newline":  {"POST", trips, asCar, `{"vehicle_id":"EV-0001\n","plan_id":"p"}`, "INVALID_FIELD", "vehicle_id"},
		"id of 10,000":       {"POST", trips, asCar, `{"vehicle_id":"` + strings.Repeat("E", 10_000) + `","plan_id":"p"}`, "INVALID_FIELD", "vehicle_id"},
		"another's trip":     {"POST", trips, asOtherCar, tripBody, "FORBIDDEN", ""},
		"10 MB":              {"POST", trips, asCar, strings.Repeat("x", 10<<20), "TOO_LARGE", ""},
		"10 MB of a peer":    {"POST", fed + "/reserve", asPeer, strings.Repeat("x", 10<<20), "TOO_LARGE", ""},

		"decision in the past":   {"POST", one + "/decision", asCar, `{"action":"continue","stop":` + stop("2026-11-23T11:00:00Z", "2026-11-23T13:00:00Z") + `}`, "INVALID_WINDOW", "stop.start"},
		"swap without a leg":     {"POST", one + "/swap", asCar, `{"stop":` + first + `}`, "INVALID_FIELD", "stop.leg"},
		"no leg":                 {"GET", one + "/alternatives", asCar, "", "INVALID_FIELD", "leg"},
		"leg x":                  {"GET", one + "/alternatives?leg=x", asCar, "", "INVALID_FIELD", "leg"},
		"limit 501":              {"GET", trips + "?limit=501", asCar, "", "INVALID_FIELD", "limit"},
		"limit 0":                {"GET", "/api/v1/locations?limit=0", asNobody, "", "INVALID_FIELD", "limit"},
		"offset -1":              {"GET", "/api/v1/locks?offset=-1", asOperator, "", "INVALID_FIELD", "offset"},
		"offset overflows":       {"GET", trips + "?offset=99999999999999999999", asCar, "", "INVALID_FIELD", "offset"},
		"state":                  {"GET", trips + "?state=LOST", asCar, "", "INVALID_FIELD", "state"},
		"vehicle":                {"GET", trips + "?vehicle_id=a%23b", asOperator, "", "INVALID_FIELD", "vehicle_id"},
		"stuck":                  {"GET", trips + "?stuck=1", asOperator, "", "INVALID_FIELD", "stuck"},
		"no from":                {"GET", evse + "/availability?to=2026-11-24T12:00:00Z", asNobody, "", "INVALID_FIELD", "from"},
		"to never":               {"GET", evse + "/availability?from=2026-11-24T12:00:00Z&to=never", asNobody, "", "INVALID_FIELD", "to"},
		"to before from":         {"GET", evse + "/availability?from=2026-11-24T12:00:00Z&to=2026-11-24T11:00:00Z", asNobody, "", "INVALID_WINDOW", "to"},
		"years of free time":     {"GET", evse + "/availability?from=2026-11-24T12:00:00Z&to=2036-11-24T11:00:00Z", asNobody, "", "INVALID_WINDOW", "to"},
		"a day before 10000":     {"GET", "/api/v1/calendars?from=9999-12-31T23:59:59Z", asOperator, "", "INVALID_FIELD", "from"},
		"10000, of another zone": {"GET", evse + "/availability?from=2026-11-24T12:00:00Z&to=9999-12-31T23:59:59-01:00", asNobody, "", "INVALID_FIELD", "to"},
		"unknown model":          {"POST", "/api/v1/vehicles", asNobody, `{"model":"delorean"}`, "INVALID_FIELD", "model"},
		"a vehicle's id taken":   {"POST", "/api/v1/vehicles", asNobody, `{"model":"byd-dolphin","vehicle_id":"EV-0001"}`, "ID_REUSED", ""},
		"half a login":           {"POST", "/api/v1/session", asNobody, `{"username":"EV-0001"}`, "INVALID_FIELD", "password"},
		"EVSE status":            {"PUT", evse + "/status", asOperator, `{"status":"FULL"}`, "INVALID_FIELD", "status"},
		"no reason":              {"POST", one + "/resolve", asOperator, `{}`, "INVALID_FIELD", "reason"},
		"resolve leg 9":          {"POST", one + "/resolve", asOperator, `{"reason":"r","leg":9}`, "INVALID_FIELD", "leg"},
		"claim, no ticket":       {"POST", fed + "/claim", asPeer, strings.Replace(holdBody, `,"ticket":"a.b.c"`, "", 1), "INVALID_FIELD", "ticket"},
		"another's origin":       {"POST", fed + "/reserve", asPeer, strings.Replace(holdBody, `"SER"`, `"CAJ"`, 1), "FORBIDDEN", ""},
		"another's confirm":      {"POST", fed + "/confirm", asPeer, strings.Replace(refBody, `"SER"`, `"CAJ"`, 1) + "}", "FORBIDDEN", ""},
		"another's renew":        {"POST", fed + "/renew", asPeer, strings.Replace(refBody, `"SER"`, `"CAJ"`, 1) + `,"ttl_seconds":9}`, "FORBIDDEN", ""},
		"endless hold":           {"POST", fed + "/renew", asPeer, refBody + `,"ttl_seconds":-1}`, "INVALID_FIELD", "ttl_seconds"},
		"outcome of a stop":      {"GET", "/federation/v1/trips/" + string(tripID) + "/outcome?reservation_id=x", asPeer, "", "INVALID_FIELD", "reservation_id"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			rec := w.ask(b.method, b.path, b.as, b.body)
			if code(rec) != b.code || fields(rec) != b.field {
				t.Errorf("%d %s, want %s of %q", rec.Code, rec.Body, b.code, b.field)
			}
			if len(w.front.calls) > 0 || len(w.desk.seen) > 0 {
				t.Errorf("it reached %v %v", w.front.calls, w.desk.seen)
			}
		})
	}
}

// idRoutes are the routes with an id in their path, written where %s stands.
var idRoutes = []struct{ method, path, as, body, field string }{
	{"GET", "/api/v1/trips/%s", asCar, "", "trip_id"},
	{"POST", "/api/v1/trips/%s/retry", asOperator, "", "trip_id"},
	{"GET", "/api/v1/evses/%s/availability?from=2026-11-24T12:00:00Z&to=2026-11-24T18:00:00Z", asNobody, "", "evse_id"},
	{"PUT", "/api/v1/evses/%s/status", asOperator, `{"status":"AVAILABLE"}`, "evse_id"},
	{"POST", "/federation/v1/reservations/%s/reserve", asPeer, holdBody, "reservation_id"},
	{"GET", "/federation/v1/reservations/%s", asPeer, "", "reservation_id"},
	{"GET", "/federation/v1/trips/%s/outcome", asPeer, "", "trip_id"},
}

func TestBadIDsInThePath(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{
		"+", "#", "a/b", "{x}", "x\ny", strings.Repeat("9", 10_000), "%", "é", " ", "\x00", "\xff", string(tripID) + " ",
		string(tripID) + "\n", strings.ToUpper(string(tripID)), string(evseID) + "/", "BR*MAR*E0001*#",
	} {
		for _, r := range idRoutes {
			rec := w.ask(r.method, strings.Replace(r.path, "%s", url.PathEscape(id), 1), r.as, r.body)
			if code(rec) != "INVALID_FIELD" || fields(rec) != r.field || rec.Body.Len() > 2000 {
				t.Errorf("%s %s of %.40q: %d %.300s", r.method, r.path, id, rec.Code, rec.Body)
			}
		}
	}
}

func TestPathsAreUnescapedOnce(t *testing.T) {
	w := newWorld(t)
	for id, want := range map[string]int{
		"BR*MAR*E0001*1": 200, "BR%2AMAR%2AE0001%2A1": 200, "%42R*MAR*E0001*1": 200,
		"BR%252AMAR*E0001*1": 422, "%2542R*MAR*E0001*1": 422, "BR%252AMAR%252AE0001%252A1": 422,
	} {
		rec := w.ask("GET", strings.Replace(idRoutes[2].path, "%s", id, 1), asNobody, "")
		if rec.Code != want {
			t.Errorf("%s: %d %s", id, rec.Code, rec.Body)
		}
	}
}

// FuzzPathIDs sends any text as an id: it is refused, or it is an id.
func FuzzPathIDs(f *testing.F) {
	for _, id := range []string{string(tripID), string(evseID), "+", "#", "{a}", "a\nb", "%2F", "..", "%", "%252A", "*", "\xff", ""} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		w := newWorld(t)
		for i, r := range idRoutes {
			rec := w.ask(r.method, strings.Replace(r.path, "%s", url.PathEscape(id), 1), r.as, r.body)
			valid := charging.TripID(id).Validate() == nil
			if i == 2 || i == 3 {
				valid = charging.EVSEID(id).Validate() == nil
			}
			if rec.Code >= 500 || (rec.Code < 300) && !valid || code(rec) == "INVALID_FIELD" && valid {
				t.Errorf("%s %s of %q: %d %s", r.method, r.path, id, rec.Code, rec.Body)
			}
		}
	})
}

// endless is a body that counts how much of it is read.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	return len(p), nil
}

func TestLargeBodiesAreNotRead(t *testing.T) {
	for length, most := range map[int64]int{10 << 20: 0, -1: 2 * api.MaxBody} {
		body := &endless{}
		req := httptest.NewRequest("POST", "/api/v1/plans", body)
		req.ContentLength = length
		req.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		newWorld(t).ServeHTTP(rec, req)
		if code(rec) != "TOO_LARGE" || body.read > most {
			t.Errorf("announced as %d: %d after %d bytes", length, rec.Code, body.read)
		}
	}
}

// Without a length the body is bounded while it is read; with one, before.
func TestLargeBodiesOverAConnection(t *testing.T) {
	srv := httptest.NewServer(newWorld(t))
	defer srv.Close()
	for name, body := range map[string]func() (*http.Request, error){
		"announced": func() (*http.Request, error) {
			return http.NewRequest("POST", srv.URL+"/api/v1/plans", strings.NewReader(strings.Repeat(" ", 10<<20)))
		},
		"chunked": func() (*http.Request, error) {
			r, err := http.NewRequest("POST", srv.URL+"/api/v1/plans", strings.NewReader(strings.Repeat(" ", api.MaxBody+1)))
			r.ContentLength = -1
			return r, err
		},
	} {
		req, err := body()
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := srv.Client().Do(req)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		p, err := problem.Parse(resp)
		_ = resp.Body.Close()
		if err != nil || p.Code != "TOO_LARGE" {
			t.Errorf("%s: %v %v", name, p, err)
		}
	}
}

func TestABodyThatEndsTooSoon(t *testing.T) {
	srv := httptest.NewServer(newWorld(t))
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = conn.Write([]byte("POST /api/v1/plans HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"))
	_ = conn.(*net.TCPConn).CloseWrite()
	answer := make([]byte, 12)
	if _, err := conn.Read(answer); err != nil || string(answer) != "HTTP/1.1 400" {
		t.Errorf("%q %v", answer, err)
	}
}
