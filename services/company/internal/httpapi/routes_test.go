package httpapi

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/apitest"
)

func loadSpec(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(api.Spec)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

var parameterRE = regexp.MustCompile(`:([a-z_]+)`)

func inSpec(path string) string { return parameterRE.ReplaceAllString(path, "{$1}") }

// ofTheApp are the web app's pages and files, which are no API.
func ofTheApp(path string) bool {
	return slices.Contains([]string{"/assets/*", "/trips", "/trips/:trip_id", "/ops", "/stage", "/ops/trips/:trip_id"}, path)
}

func TestTheRoutesAreThoseOfTheSpec(t *testing.T) {
	var spec, served []string
	for path, item := range loadSpec(t).Paths.Map() {
		for method := range item.Operations() {
			spec = append(spec, method+" "+path)
		}
	}
	for _, r := range newWorld(t).routes() {
		if !ofTheApp(r.path) {
			served = append(served, r.method+" "+inSpec(r.path))
		}
	}
	slices.Sort(spec)
	slices.Sort(served)
	if !slices.Equal(spec, served) {
		t.Errorf("spec:\n%s\nserved:\n%s", strings.Join(spec, "\n"), strings.Join(served, "\n"))
	}
}

// good is a request of each route that succeeds.
type good struct {
	method, path, as, body string
	status                 int
}

const (
	refBody  = `{"trip_id":"` + string(tripID) + `","origin":"SER","evse_id":"` + string(evseID) + `","end":"2026-11-24T13:00:00Z","epoch":1`
	holdBody = refBody + `,"leg":2,"start":"2026-11-24T12:00:00Z","vehicle_id":"EV-0001","ttl_seconds":30,"ticket":"a.b.c"}`
	tripBody = `{"vehicle_id":"EV-0001","stops":[{"evse_id":"BR*MAR*E0001*1",` + window + `}]}`
	planBody = `{"origin":{"city":"João Pessoa, PB"},"destination":{"lat":-12.2,"lon":-38.9},"vehicle":{"model":"byd-dolphin"}}`
)

func goodRequests() []good {
	trips, rsv, fed := "/api/v1/trips/"+string(tripID), "/federation/v1/reservations/"+string(rsvID), "/federation/v1/trips/"+string(tripID)
	return []good{
		{"POST", "/api/v1/plans", asNobody, planBody, 200},
		{"POST", "/api/v1/trips", asCar, tripBody, 201},
		{"GET", "/api/v1/trips", asCar, "", 200},
		{"GET", trips, asCar, "", 200},
		{"DELETE", trips, asCar, "", 200},
		{"POST", trips + "/decision", asCar, `{"action":"give_up"}`, 200},
		{"GET", trips + "/alternatives?leg=1", asCar, "", 200},
		{"POST", trips + "/swap", asCar, `{"alternative_id":"a1"}`, 200},
		{"GET", trips + "/history", asCar, "", 200},
		{"GET", "/api/v1/reservations/" + string(rsvID) + "/history", asCar, "", 200},
		{"GET", "/api/v1/locations", asNobody, "", 200},
		{"GET", "/api/v1/places?q=joao", asNobody, "", 200},
		{"GET", "/api/v1/places/near?lat=-7.1&lon=-34.9", asNobody, "", 200},
		{"GET", "/api/v1/models", asNobody, "", 200},
		{"GET", "/api/v1/vehicles/me", asCar, "", 200},
		{"GET", "/api/v1/evses/BR*MAR*E0001*1/availability?from=2026-11-24T12:00:00Z&to=2026-11-24T18:00:00Z", asNobody, "", 200},
		{"POST", "/api/v1/vehicles", asNobody, `{"model":"byd-dolphin"}`, 201},
		{"POST", "/api/v1/vehicles/EV-0001/revoke", asCar, `{"reason":"stolen"}`, 200},
		{"POST", "/api/v1/vehicles/EV-0001/plug", asCar, `{"evse_id":"BR*MAR*E0001*1","soc":0.4}`, 200},
		{"POST", "/api/v1/vehicles/EV-0001/unplug", asCar, `{"evse_id":"BR*MAR*E0001*1","soc":0.8,"energy_kwh":20}`, 202},
		{"POST", "/api/v1/vehicles/EV-0001/token", asCar, `{"audience":"SER"}`, 200},
		{"POST", "/federation/v1/vehicles/BR-MAR-X/token", asPeer, `{"secret":"s3cret"}`, 200},
		{"POST", "/api/v1/session", asNobody, `{"username":"EV-0001","password":"demo"}`, 200},
		{"GET", "/api/v1/session", asCar, "", 200},
		{"DELETE", "/api/v1/session", asNobody, "", 204},
		{"GET", "/api/v1/sessions", asCar, "", 200},
		{"DELETE", "/api/v1/sessions/0123456789abcdef", asCar, "", 204},
		{"GET", "/api/v1/stage", asNobody, "", 200},
		{"POST", "/api/v1/stage", asNobody, `{"action":"start","scene":"one_plug"}`, 200},
		{"POST", "/api/v1/invites", asOperator, `{"count":2,"days":3}`, 201},
		{"GET", "/api/v1/overview", asOperator, "", 200},
		{"GET", "/api/v1/broker?limit=1", asOperator, "", 200},
		{"GET", "/api/v1/locks", asOperator, "", 200},
		{"GET", "/api/v1/audit?who=operator&limit=5", asOperator, "", 200},
		{"GET", "/api/v1/calendars?from=2026-11-24T12:00:00Z&to=2026-11-24T18:00:00Z", asOperator, "", 200},
		{"GET", "/api/v1/bookings?state=RESERVED&limit=1", asOperator, "", 200},
		{"GET", "/api/v1/peers", asOperator, "", 200},
		{"POST", "/api/v1/peers/SER/token", asOperator, "", 200},
		{"POST", "/api/v1/peers/SER/suspend", asOperator, `{"reason":"stamps of 1970"}`, 200},
		{"POST", "/api/v1/peers/SER/resume", asOperator, "", 200},
		{"POST", trips + "/retry", asOperator, "", 200},
		{"POST", trips + "/resolve", asOperator, `{"reason":"SER is gone"}`, 200},
		{"PUT", "/api/v1/evses/BR*MAR*E0001*1/status", asOperator, `{"status":"OUTOFORDER"}`, 200},
		{"POST", "/api/v1/reservations/" + string(rsvID) + "/cancel", asOperator, `{"reason":"the transformer"}`, 200},
		{"POST", "/api/v1/reservations/" + string(rsvID) + "/release", asOperator, `{"reason":"the transformer"}`, 200},
		{"POST", "/api/v1/reservations/" + string(rsvID) + "/extend", asOperator, `{"reason":"slow","minutes":15}`, 200},
		{"POST", "/api/v1/reservations/" + string(rsvID) + "/move", asOperator, `{"reason":"crane",` + window + `}`, 200},
		{"POST", "/api/v1/vehicles/EV-0001/cancel", asOperator, `{"reason":"the transformer"}`, 200},
		{"POST", "/api/v1/vehicles/EV-0001/message", asOperator, `{"reason":"rain","text":"bay 2 is under water","trip_id":"` + string(tripID) + `"}`, 200},
		{"POST", "/federation/v1/vehicles/EV-0001/message", asPeer, `{"message_id":"0199a2b3-6c00-7abc-8def-0123456789aa","at":"2026-11-24T12:00:00Z","text":"bay 2"}`, 204},
		{"GET", "/api/v1/recovery", asOperator, "", 200},
		{"POST", "/api/v1/recovery/accept", asOperator, `{"reason":"SER is gone for good"}`, 200},
		{"GET", "/api/v1/inventory", asOperator, ``, 200},
		{"POST", "/api/v1/inventory/reload", asOperator, ``, 200},
		{"GET", "/federation/v1/company", asPeer, "", 200},
		{"GET", "/federation/v1/locations", asPeer, "", 200},
		{"POST", "/federation/v1/availability", asPeer, `{"evse_ids":["BR*MAR*E0001*1"],"from":"2026-11-24T12:00:00Z","to":"2026-11-24T18:00:00Z"}`, 200},
		{"POST", rsv + "/reserve", asPeer, holdBody, 201},
		{"POST", rsv + "/claim", asPeer, holdBody, 201},
		{"POST", rsv + "/renew", asPeer, refBody + `,"ttl_seconds":10}`, 200},
		{"POST", rsv + "/confirm", asPeer, refBody + "}", 200},
		{"POST", rsv + "/compensate", asPeer, refBody + "}", 200},
		{"POST", rsv + "/start", asPeer, refBody + "}", 200},
		{"POST", rsv + "/move", asPeer, refBody + `,"seq":1,"to":{` + window + `}}`, 200},
		{"POST", rsv + "/complete", asPeer, refBody + "}", 200},
		{"GET", rsv + "/ticket?trip_id=" + string(tripID) + "&origin=SER&granted_at=17", asPeer, "", 200},
		{"GET", rsv, asPeer, "", 200},
		{"GET", fed + "/outcome?reservation_id=" + string(rsvID), asPeer, "", 200},
		{"POST", fed + "/preempted", asPeer, `{"reservation_id":"` + string(rsvID) + `","leg":1,"by":"` + string(otherID) + `"}`, 204},
		{"POST", fed + "/changed", asPeer, `{"reservation_id":"` + string(rsvID) + `","leg":1,"state":"CANCELED","reason":"POWER_OUTAGE"}`, 204},
		{"POST", fed + "/rearrange", asPeer, `{"reservation_id":"` + string(rsvID) + `","evse_id":"` + string(evseID) + `",` + window + `}`, 200},
		{"POST", "/federation/v1/vehicles/EV-0001/contest", asPeer, `{"reservation_id":"` + string(rsvID) + `","evse_id":"BR*SER*E0001*1","started_at":"1795904776471614"}`, 200},
		{"POST", "/federation/v1/outcomes", asPeer, `{"questions":[{"trip_id":"` + string(tripID) + `","reservation_id":"` + string(rsvID) + `"}]}`, 200},
		{"GET", "/federation/v1/promises", asPeer, "", 200},
		{"GET", "/.well-known/jwks.json", asNobody, "", 200},
		{"GET", "/healthz", asNobody, "", 200},
		{"GET", "/readyz", asNobody, "", 200},
		{"GET", "/metrics", asNobody, "", 200},
		{"GET", "/openapi.yaml", asNobody, "", 200},
		{"GET", "/asyncapi.yaml", asNobody, "", 200},
		{"GET", "/docs", asNobody, "", 200},
		{"GET", "/problems", asNobody, "", 200},
		{"GET", "/problems/SLOT_TAKEN", asNobody, "", 200},
		{"GET", "/favicon.ico", asNobody, "", 200},
		{"GET", "/", asNobody, "", 200},
	}
}

func TestEveryRouteAnswersAsTheSpecSays(t *testing.T) {
	answered := map[string]bool{}
	for _, g := range goodRequests() {
		t.Run(g.method+" "+g.path, func(t *testing.T) {
			w := newWorld(t)
			rec := w.ask(g.method, g.path, g.as, g.body)
			if rec.Code != g.status {
				t.Fatalf("%d, want %d: %s", rec.Code, g.status, rec.Body)
			}
			answered[obeys(t, w, g, rec)] = true
			if g.as == asNobody || g.path == "/api/v1/session" {
				return
			}
			refused := w.ask(g.method, g.path, asNobody, g.body)
			if code(refused) != "UNAUTHENTICATED" || refused.Header().Get("WWW-Authenticate") == "" {
				t.Errorf("nobody: %d %s %v", refused.Code, refused.Body, refused.Header())
			}
			obeys(t, w, g, refused)
		})
	}
	for _, r := range newWorld(t).routes() {
		if name := r.method + " " + inSpec(r.path); !answered[name] && !ofTheApp(r.path) && r.path != "/api/v1/events" {
			t.Errorf("no request of this test reaches %s", name)
		}
	}
}

// obeys checks an answer against the schema of its operation, which it names.
func obeys(t *testing.T, w *world, g good, rec *httptest.ResponseRecorder) string {
	t.Helper()
	req := httptest.NewRequest(g.method, g.path, nil)
	if err := apitest.Load().Check(apitest.Answer{Method: g.method, URL: req.URL, Status: rec.Code, Header: rec.Header(), Body: rec.Body.Bytes()}); err != nil {
		t.Error(err)
	}
	c := w.echo.NewContext(req, rec)
	w.echo.Router().Find(g.method, req.URL.Path, c)
	return g.method + " " + inSpec(c.Path())
}

func TestWhoMayWhat(t *testing.T) {
	for _, g := range goodRequests() {
		federation, free := strings.HasPrefix(g.path, federationPrefix), g.as == asNobody
		for _, as := range []string{asCar, asOtherCar, asOperator, asPeer, asWrong} {
			want := http.StatusText(g.status)
			switch {
			case free || as == g.as || g.path == "/api/v1/session" && as != asWrong:
			case strings.HasPrefix(g.path, "/api/v1/sessions") && as != asWrong && as != asPeer: // one's own
			case federation || as == asWrong:
				want = "UNAUTHENTICATED"
			case as == asOperator && g.as == asCar && (readable(g) || strings.HasSuffix(g.path, "/revoke")):
			case as == asOtherCar && (g.path == "/api/v1/trips" && g.method == "GET" || g.path == "/api/v1/vehicles/me"):
			default:
				want = "FORBIDDEN"
			}
			if g.path == "/api/v1/session" && g.method == "POST" {
				continue // its own test
			}
			if got := code(newWorld(t).ask(g.method, g.path, as, g.body)); got != want {
				t.Errorf("%s %s as %q: %s, want %s", g.method, g.path, as, got, want)
			}
		}
	}
}

// readable are the vehicle's routes that the operator may read too.
func readable(g good) bool { return g.method == "GET" && g.path != "/api/v1/vehicles/me" }

func TestUnknownRoutesAndMethods(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/nothing", "/api/v1", "/api/v1/trips/", "/api/v1/trips/" + string(tripID) + "/nothing", "/federation/v2/company", "/problems/NOTHING", "/problems/", "/assets/", "/assets/../web.go", "/assets/nothing.js", "/federation/v1/reservations//reserve"} {
		method := "GET"
		if strings.HasSuffix(path, "reserve") {
			method = "POST"
		}
		rec := w.ask(method, path, asCar, "")
		if strings.HasPrefix(path, "/federation/v1/r") {
			rec = w.ask(method, path, asPeer, holdBody)
		}
		if rec.Code != 404 || code(rec) != "UNKNOWN_ROUTE" {
			t.Errorf("%s: %d %s", path, rec.Code, rec.Body)
		}
	}
	for _, r := range w.routes() {
		target := strings.ReplaceAll(r.path, "*", "style.css")
		rec := w.ask("PATCH", parameterRE.ReplaceAllString(target, "x"), asOperator, "")
		if rec.Code != 405 || code(rec) != "METHOD_NOT_ALLOWED" || !strings.Contains(rec.Header().Get("Allow"), r.method) {
			t.Errorf("PATCH %s: %d %q %s", target, rec.Code, rec.Header().Get("Allow"), rec.Body)
		}
	}
}

// Somebody who has opened an address that there is not gets the app's page, which leads
// home; programs, and what is asked for under an API's path, get the problem.
func TestAnUnknownAddressInABrowser(t *testing.T) {
	ask := newWorld(t).wire(t)
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	for _, c := range []struct {
		method, path, accept string
		page                 bool
	}{
		{"GET", "/nothing", browser, true},
		{"HEAD", "/nothing/at/all", browser, true},
		{"GET", "/problems/NOTHING", browser, true},
		{"GET", "/nothing", "application/json", false},
		{"POST", "/nothing", browser, false},
		{"GET", "/api/v1/nothing", browser, false},
		{"GET", "/federation/v1/nothing", browser, false},
		{"GET", "/assets/nothing.js", browser, false},
	} {
		got, body := ask(c.method, c.path, asNobody, "Accept", c.accept)
		page := strings.HasPrefix(got.Header.Get("Content-Type"), "text/html")
		policy := strings.HasPrefix(got.Header.Get("Content-Security-Policy"), "default-src 'self'")
		if got.StatusCode != 404 || page != c.page || policy != c.page || c.method == "GET" && strings.Contains(body, `id="app"`) != c.page {
			t.Errorf("%s %s for %s: %d, %s", c.method, c.path, c.accept, got.StatusCode, got.Header.Get("Content-Type"))
		}
	}
}
