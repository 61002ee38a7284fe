package app

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/store/embedded"
)

// everywhere is three companies, and a trip that began at each, of a vehicle that is
// registered at SER or of one that is configured at all three.
type everywhere struct {
	*matrix
	apps  map[charging.CompanyID]*App
	owner caller
	trips map[charging.CompanyID]trip.Trip
}

// newEverywhere books the trips, each on a day of its own.
func newEverywhere(t *testing.T, m *matrix, owner caller, day int) *everywhere {
	t.Helper()
	w := &everywhere{
		matrix: m, apps: map[charging.CompanyID]*App{"MAR": m.mar, "SER": m.ser, "CAJ": m.caj},
		owner: owner, trips: map[charging.CompanyID]trip.Trip{},
	}
	w.T = t
	for i, origin := range three {
		w.trips[origin] = w.book(origin, day+i)
	}
	return w
}

func (w *everywhere) driver(at charging.CompanyID) *client.Driver {
	w.Helper()
	d, err := client.NewDriver(client.DriverOptions{BaseURL: w.apps[at].URL(), User: w.owner.user, Secret: w.owner.secret})
	if err != nil {
		w.Fatal(err)
	}
	return d
}

func (w *everywhere) book(origin charging.CompanyID, day int) trip.Trip {
	w.Helper()
	// At its own company the vehicle shows its secret, a pass is for one company.
	d, q := w.driver(origin), journey()
	q.Departure = time.Now().Add(time.Duration(day) * 24 * time.Hour).UTC().Truncate(time.Minute)
	plans, err := d.Plan(w.Context(), q)
	if err != nil || len(plans) == 0 {
		w.Fatalf("%d plans, %v", len(plans), err)
	}
	booked, err := d.CreateTrip(w.Context(), api.TripRequest{
		VehicleID: charging.VehicleID(w.owner.user), PlanID: plans[0].ID, OnConflict: trip.Abort,
	}, "", 15*time.Second)
	if err != nil || booked.State != trip.Confirmed {
		w.Fatalf("at %s: %s, %v; problem %+v", origin, booked.State, err, booked.Problem)
	}
	return booked
}

// reply is an answer, read.
type reply struct {
	status int
	code   charging.Code
	body   any
	header http.Header
}

func (w *everywhere) ask(at charging.CompanyID, method, path string, who caller, body string) reply {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), method, w.apps[at].URL()+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if a := who.authorization(); a != "" {
		req.Header.Set("Authorization", a)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	r := reply{status: resp.StatusCode, header: resp.Header}
	if err := json.Unmarshal(raw, &r.body); err != nil {
		w.Fatalf("%s %s at %s: %s", method, path, at, raw)
	}
	if p, ok := r.body.(map[string]any); ok && resp.StatusCode >= 400 {
		code, _ := p["code"].(string)
		r.code = charging.Code(code)
	}
	return r
}

// deed is one operation on a trip, and what it answers its vehicle; act says that an
// operator may not.
type deed struct {
	method, path, body string
	status             int
	code               charging.Code
	act                bool
}

// deeds are the operations; the cancel comes last.
var deeds = []deed{
	{method: "GET", status: 200},
	{method: "GET", path: "/history", status: 200},
	{method: "GET", path: "/alternatives?leg=1", status: 200},
	{method: "POST", path: "/decision", body: `{"action":"wait"}`, status: 409, code: charging.CodeNotAwaitingDecision, act: true},
	{method: "POST", path: "/decision", body: `{"action":"dance"}`, status: 422, code: charging.CodeInvalidField, act: true},
	{method: "POST", path: "/swap", body: `{"alternative_id":"none-of-these"}`, status: 404, code: charging.CodeUnknownAlternative, act: true},
	{method: "DELETE", status: 200, act: true},
}

// Each operation × three servers × three originators × who asks: the trip's vehicle has
// the same answer everywhere, nobody else has more than at the originator. It fails
// where a server does not find the originator, adds or loses something on the way, or
// answers for somebody whom the trip is not of.
func TestATripAtEveryServer(t *testing.T) {
	m := newMatrixOf(t, generous)
	for name, c := range map[string]struct {
		owner caller
		day   int
	}{
		"registered at SER": {caller{who: "owner", user: string(m.here.id), secret: m.here.secret}, 1},
		"configured":        {caller{who: "owner", user: "EV-0001", secret: DemoSecret}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			w := newEverywhere(t, m, c.owner, c.day)
			for _, origin := range three {
				for _, at := range three {
					w.swaps(at, origin)
				}
			}
			for _, d := range deeds {
				for _, origin := range three {
					for _, at := range three {
						w.judge(d, at, origin)
					}
				}
			}
		})
	}
}

// swaps takes another stop by a server: an alternative that it gives.
func (w *everywhere) swaps(at, origin charging.CompanyID) {
	w.Helper()
	d := w.driver(at)
	id := w.trips[origin].ID
	choices, err := d.Alternatives(w.Context(), id, 1)
	if err != nil || len(choices) == 0 {
		w.Fatalf("alternatives of %s's trip at %s: %d, %v", origin, at, len(choices), err)
	}
	took, err := d.Swap(w.Context(), id, api.SwapRequest{AlternativeID: choices[0].ID})
	if err != nil {
		w.Fatalf("swap of %s's trip at %s for %+v: %v", origin, at, choices[0], err)
	}
	if took.Legs[0].EVSEID != choices[0].EVSEID || took.State != trip.Confirmed {
		w.Errorf("swap of %s's trip at %s for %+v: %+v", origin, at, choices[0], took)
	}
	if now, err := w.driver(origin).Trip(w.Context(), id, 0); err != nil || now.Legs[0].ReservationID != took.Legs[0].ReservationID {
		w.Errorf("%s has another stop than %s told: %v", origin, at, err)
	}
}

// judge asks one server for one operation, as everybody.
func (w *everywhere) judge(d deed, at, origin charging.CompanyID) {
	w.Helper()
	path := "/api/v1/trips/" + string(w.trips[origin].ID) + d.path
	operator := func(of charging.CompanyID) caller {
		return caller{who: "operator of " + string(of), user: "operator", secret: w.apps[of].o.OperatorSecret}
	}
	other := caller{who: "another vehicle", user: string(w.there.id), secret: w.there.secret}
	for _, k := range []struct {
		who    caller
		status int
		code   charging.Code
	}{
		{other, 403, charging.CodeForbidden},
		{caller{who: "EV-0002", user: "EV-0002", secret: DemoSecret}, 403, charging.CodeForbidden},
		{caller{who: "nobody"}, 401, charging.CodeUnauthenticated},
		{operator(at), w.operatorsStatus(d, at, origin), ""},
		{w.owner, d.status, d.code},
	} {
		got := w.ask(at, d.method, path, k.who, d.body)
		if got.status != k.status || k.code != "" && got.code != k.code {
			w.Errorf("%s %s of %s's trip at %s, as %s: %d %s, want %d %s: %v", d.method, d.path, origin, at, k.who.who, got.status, got.code, k.status, k.code, got.body)
		}
	}
	if of := operator(origin); at != origin {
		if got := w.ask(at, d.method, path, of, d.body); got.status != 401 {
			w.Errorf("%s %s at %s, as %s: %d", d.method, d.path, at, of.who, got.status)
		}
	}
	if d.method != "GET" || d.path == "/alternatives?leg=1" { // their ids are new each time
		return
	}
	here, there := w.ask(at, d.method, path, w.owner, ""), w.ask(origin, d.method, path, w.owner, "")
	if !reflect.DeepEqual(here.body, there.body) || here.header.Get(api.CompanyHeader) != string(origin) {
		w.Errorf("%s of %s's trip at %s, answered by %q:\n%v\nat %s:\n%v", d.path, origin, at, here.header.Get(api.CompanyHeader), here.body, origin, there.body)
	}
}

// operatorsStatus is what the operator of a server is answered: its own company's trips
// are all that it sees.
func (w *everywhere) operatorsStatus(d deed, at, origin charging.CompanyID) int {
	switch {
	case at != origin:
		return 404
	case d.act:
		return 403
	}
	return d.status
}

// A list at each server has the trips of all, newest first, whole and by pages; with one
// company away it says so and counts nothing. It fails where a company's part is missing
// without a word, or pages repeat or miss a trip.
func TestAListOfAllCompanies(t *testing.T) {
	m := newMatrixOf(t, generous)
	w := newEverywhere(t, m, caller{who: "owner", user: string(m.here.id), secret: m.here.secret}, 1)
	all := "/api/v1/trips"
	want := []charging.TripID{w.trips["CAJ"].ID, w.trips["SER"].ID, w.trips["MAR"].ID} // newest first
	for _, at := range three {
		whole := w.ask(at, "GET", all, w.owner, "")
		if got := idsOf(whole.body); !slices.Equal(got, want) || whole.header.Get("X-Total-Count") != "3" || whole.header.Get(api.SilentHeader) != "" {
			t.Errorf("at %s: %v, %v; want %v", at, got, whole.header, want)
		}
		if got := w.pages(at, all+"?limit=1&state=CONFIRMED"); !slices.Equal(got, want) {
			t.Errorf("by pages at %s: %v, want %v", at, got, want)
		}
		if got := w.pages(at, all+"?limit=1&company_id="+string(at)+"&cursor="); len(got) == 0 || len(got) > len(want) {
			t.Errorf("with a stop at %s, by cursor: %v", at, got)
		}
		if got := idsOf(w.ask(at, "GET", all+"?limit=1&offset=1", w.owner, "").body); !slices.Equal(got, want[1:2]) {
			t.Errorf("the second at %s: %v", at, got)
		}
		other := caller{user: string(m.there.id), secret: m.there.secret}
		if got := w.ask(at, "GET", all, other, ""); len(idsOf(got.body)) != 0 {
			t.Errorf("another vehicle at %s: %v", at, got.body)
		}
		if got := w.ask(at, "GET", all+"?vehicle_id="+string(m.here.id), other, ""); got.status != 403 {
			t.Errorf("another vehicle asks for it at %s: %d", at, got.status)
		}
		operator := caller{user: "operator", secret: w.apps[at].o.OperatorSecret}
		if got := w.ask(at, "GET", all, operator, ""); !slices.Equal(idsOf(got.body), []charging.TripID{w.trips[at].ID}) || got.header.Get("X-Total-Count") != "1" {
			t.Errorf("its operator at %s: %v", at, got.body)
		}
	}
	for name, query := range map[string]string{"cursor": "?cursor=nonsense", "offset": "?offset=1000", "state": "?state=LOST"} {
		if got := w.ask("MAR", "GET", all+query, w.owner, ""); got.status != 422 {
			t.Errorf("%s: %d %v", name, got.status, got.body)
		}
	}
	first := w.ask("MAR", "GET", all+"?limit=1", w.owner, "")
	added := w.book("CAJ", 12) // which every later page has to pass over
	if got := append(idsOf(first.body), w.pages("MAR", nextPage.FindStringSubmatch(first.header.Get("Link"))[1])...); !slices.Equal(got, want) {
		t.Errorf("while a trip is added: %v, want %v", got, want)
	}
	want = append([]charging.TripID{added.ID}, want...)
	if got := w.pages("MAR", all+"?limit=3&cursor="); !slices.Equal(got, want) {
		t.Errorf("by cursor: %v, want %v", got, want)
	}
	stop(t, w.apps["CAJ"])
	part := w.ask("MAR", "GET", all, w.owner, "")
	if got := idsOf(part.body); !slices.Equal(got, want[2:]) || part.header.Get(api.SilentHeader) != "CAJ" || part.header.Get("X-Total-Count") != "" {
		t.Errorf("without CAJ: %v, %v", got, part.header)
	}
}

// listen reads a stream until the test ends.
func (w *everywhere) listen(at charging.CompanyID, who caller) <-chan trip.Event {
	w.Helper()
	d, err := client.NewDriver(client.DriverOptions{BaseURL: w.apps[at].URL(), User: who.user, Secret: who.secret})
	if err != nil {
		w.Fatal(err)
	}
	heard := make(chan trip.Event, 1000)
	go func() {
		defer close(heard)
		for e, err := range d.Events(w.Context(), 0) {
			if err != nil {
				return
			}
			heard <- e
		}
	}()
	return heard
}

// await takes events until one fits, and gives all that came before it as well.
func (w *everywhere) await(what string, heard <-chan trip.Event, fits func(trip.Event) bool) (all []trip.Event) {
	w.Helper()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	for {
		select {
		case e, open := <-heard:
			if !open {
				w.Fatalf("the stream has ended before %s: %v", what, all)
			}
			if all = append(all, e); fits(e) {
				return all
			}
		case <-limit.C:
			w.Fatalf("nothing came of %s: %v", what, all)
		}
	}
}

// hears fits the event that says whether a company is heard.
func hears(c charging.CompanyID, heard bool) func(trip.Event) bool {
	return func(e trip.Event) bool {
		var s api.Silence
		return e.Type == trip.EventCompany && json.Unmarshal(e.Data, &s) == nil && s == api.Silence{CompanyID: c, Heard: heard}
	}
}

// A stream at each server tells a vehicle of its trips wherever they began, once each;
// nobody else is told there. It fails where a company's events do not come, come twice,
// or reach another vehicle or an operator of another company.
func TestAStreamOfAllCompanies(t *testing.T) {
	m := newMatrixOf(t, generous)
	for name, owner := range map[string]caller{
		"registered": {who: "owner", user: string(m.here.id), secret: m.here.secret},
		"configured": {who: "owner", user: "EV-0001", secret: DemoSecret},
	} {
		t.Run(name, func(t *testing.T) {
			w := newEverywhere(t, m, owner, 1+4*len(name)%3)
			other := caller{user: string(m.there.id), secret: m.there.secret}
			own, others, operators := map[charging.CompanyID]<-chan trip.Event{}, map[charging.CompanyID]<-chan trip.Event{}, map[charging.CompanyID]<-chan trip.Event{}
			for _, at := range three {
				own[at], others[at] = w.listen(at, owner), w.listen(at, other)
				operators[at] = w.listen(at, caller{user: "operator", secret: w.apps[at].o.OperatorSecret})
				for _, c := range three {
					if c != at {
						w.await(string(c)+" is heard at "+string(at), w.listen(at, owner), hears(c, true))
						w.await(string(c)+" is heard at "+string(at), w.listen(at, other), hears(c, true))
					}
				}
			}
			told := map[charging.CompanyID][]trip.Event{}
			for _, origin := range three {
				id := w.trips[origin].ID
				if got := w.ask(origin, "DELETE", "/api/v1/trips/"+string(id), owner, ""); got.status != 200 {
					t.Fatalf("%d %v", got.status, got.body)
				}
				for _, at := range three {
					told[at] = append(told[at], w.await(string(origin)+"'s trip is canceled, at "+string(at), own[at], over(id))...)
				}
			}
			// The operators' own events are in order behind what they might have been told.
			for _, at := range three {
				for _, origin := range three {
					if origin == at {
						w.await("the operator's own", operators[at], over(w.trips[origin].ID))
					}
				}
				w.once(at, told[at], own[at])
				w.quiet(at, others[at], operators[at])
			}
		})
	}
}

// over fits the event of a trip that has been canceled.
func over(id charging.TripID) func(trip.Event) bool {
	return func(e trip.Event) bool {
		var got trip.Trip
		return e.Type == trip.EventTrip && e.TripID == id && json.Unmarshal(e.Data, &got) == nil && got.State == trip.Canceled
	}
}

// once judges that an event came once, by what it is about and when it was.
func (w *everywhere) once(at charging.CompanyID, told []trip.Event, more <-chan trip.Event) {
	w.Helper()
	for range len(more) {
		told = append(told, <-more)
	}
	seen := map[string]bool{}
	for _, e := range told {
		k := string(e.Type) + " " + string(e.TripID) + " " + e.At.Format(time.RFC3339Nano) + " " + string(e.Data)
		if e.Type != trip.EventCompany && seen[k] {
			w.Errorf("%s tells twice: %s", at, k)
		}
		seen[k] = true
	}
}

// quiet judges what has come to those whose trips these are not.
func (w *everywhere) quiet(at charging.CompanyID, others, operators <-chan trip.Event) {
	w.Helper()
	for range len(others) {
		if e := <-others; e.VehicleID != w.there.id {
			w.Errorf("%s tells another vehicle %+v", at, e)
		}
	}
	for range len(operators) {
		if e := <-operators; e.Type == trip.EventTrip && e.TripID != w.trips[at].ID || e.Type == trip.EventCompany {
			w.Errorf("%s tells its operator %+v", at, e)
		}
	}
}

func idsOf(body any) []charging.TripID {
	list, _ := body.([]any)
	ids := []charging.TripID{}
	for _, one := range list {
		id, _ := one.(map[string]any)["trip_id"].(string)
		ids = append(ids, charging.TripID(id))
	}
	return ids
}

var nextPage = regexp.MustCompile(`<([^>]*)>; rel="next"`)

// pages reads a list as far as its links go.
func (w *everywhere) pages(at charging.CompanyID, path string) (ids []charging.TripID) {
	w.Helper()
	for range 10 {
		r := w.ask(at, "GET", path, w.owner, "")
		ids = append(ids, idsOf(r.body)...)
		next := nextPage.FindStringSubmatch(r.header.Get("Link"))
		if next == nil {
			return ids
		}
		path = next[1]
	}
	w.Fatal("the pages have no end")
	return nil
}

// The originator is away: whoever asks elsewhere is told so, with what is booked there,
// and nothing is done; when it is back all is as before, without anybody's doing. It
// fails where a missing originator is an unknown trip, or is never asked again.
func TestATripsOriginatorIsAway(t *testing.T) {
	redisServer, err := embedded.Open(t.Context(), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = redisServer.Close(context.Background()) })
	keys := filepath.Join(t.TempDir(), "keys.pem")
	var ofMAR Options
	m := newMatrixOf(t, func(o *Options) {
		generous(o)
		if o.Company == "MAR" {
			o.Store, o.KeyFile = Store{URL: "redis://" + redisServer.Addr()}, keys
			ofMAR = *o
		}
	})
	w := newEverywhere(t, m, caller{who: "owner", user: string(m.here.id), secret: m.here.secret}, 1)
	booked := w.trips["MAR"]
	path := "/api/v1/trips/" + string(booked.ID)
	ofMAR.HTTPAddr, ofMAR.Peers = m.mar.HTTPAddr(), m.mar.o.Peers
	stream := w.listen("SER", w.owner)
	w.await("MAR is heard", stream, hears("MAR", true))
	stop(t, m.mar)
	w.await("MAR is silent", stream, hears("MAR", false))
	for _, at := range []charging.CompanyID{"SER", "CAJ"} {
		for _, d := range []deed{{method: "GET"}, {method: "GET", path: "/history"}, {method: "DELETE"}, {method: "POST", path: "/swap", body: `{"alternative_id":"a1"}`}} {
			got := w.ask(at, d.method, path+d.path, w.owner, d.body)
			if got.status != 503 || got.code != charging.CodePeerUnavailable || got.header.Get("Retry-After") == "" {
				t.Errorf("%s %s at %s: %d %v", d.method, d.path, at, got.status, got.body)
			}
			var told struct {
				KnownHere api.KnownHere `json:"known_here"`
			}
			remarshal(t, got.body, &told)
			w.wantKnown(at, booked, told.KnownHere)
		}
		// What somebody may not see is not told while the originator is away.
		got := w.ask(at, "GET", path, caller{user: string(m.there.id), secret: m.there.secret}, "")
		if p, _ := got.body.(map[string]any); got.status != 503 || p["known_here"] != nil {
			t.Errorf("another vehicle at %s: %d %v", at, got.status, got.body)
		}
	}
	again, err := New(ofMAR)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, again) })
	if err := again.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.apps["MAR"] = again
	for _, at := range three {
		until(t, "the trip is known again at "+string(at), func() bool {
			got := w.ask(at, "GET", path, w.owner, "")
			p, _ := got.body.(map[string]any)
			return got.status == 200 && p["state"] == string(trip.Confirmed)
		})
	}
	w.await("MAR is heard again", stream, hears("MAR", true))
	if got := w.ask("CAJ", "DELETE", path, w.owner, ""); got.status != 200 {
		t.Errorf("canceled at CAJ: %d %v", got.status, got.body)
	}
	w.await("the trip is canceled", stream, over(booked.ID))
}

// wantKnown compares what a company says that it holds with the legs of the trip there.
func (w *everywhere) wantKnown(at charging.CompanyID, booked trip.Trip, known api.KnownHere) {
	w.Helper()
	var want []api.KnownHereLeg
	for _, l := range booked.Legs {
		if l.CompanyID == at {
			want = append(want, api.KnownHereLeg{Leg: l.Leg, ReservationID: l.ReservationID, EVSEID: l.EVSEID, Start: l.Start.UTC(), End: l.End.UTC(), State: charging.Reserved})
		}
	}
	if !reflect.DeepEqual(known.Legs, want) || known.TripID != booked.ID || known.OriginCompany != "MAR" || known.SilentSince.IsZero() {
		w.Errorf("known at %s: %+v, want the legs %+v", at, known, want)
	}
}

func remarshal(t *testing.T, from, into any) {
	t.Helper()
	raw, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// generous lets one vehicle book all that these tests book.
func generous(o *Options) {
	limits := charging.DefaultLimits()
	limits.NewHours, limits.NewTrips, limits.VehicleHours = 400*time.Hour, 40, 400*time.Hour
	o.Limits = &limits
}

// Who asks for a vehicle: a company with its own token and the vehicle's proof, nobody
// else, and not what the vehicle has not asked. It fails where one of the two is enough,
// where a proof is shown by another company, or a suspended one is answered.
func TestWhoAsksForAVehicle(t *testing.T) {
	m := newMatrixOf(t, generous)
	w := &everywhere{matrix: m, apps: map[charging.CompanyID]*App{"MAR": m.mar, "SER": m.ser, "CAJ": m.caj}, owner: caller{user: string(m.here.id), secret: m.here.secret}}
	booked := w.book("SER", 1)
	atMAR, err := m.mar.rooms.identity.Basic(t.Context(), w.owner.user, w.owner.secret)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := m.mar.rooms.identity.Vouch(atMAR, "SER")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for name, c := range map[string]struct {
		authorization, shown string
		status               int
	}{
		"both":                     {"Bearer " + m.shows("MAR", m.mar, "SER", now), w.owner.user + " " + proof, 200},
		"another company":          {"Bearer " + m.shows("CAJ", m.caj, "SER", now), w.owner.user + " " + proof, 401},
		"another vehicle":          {"Bearer " + m.shows("MAR", m.mar, "SER", now), string(m.there.id) + " " + proof, 401},
		"no proof":                 {"Bearer " + m.shows("MAR", m.mar, "SER", now), w.owner.user, 401},
		"nothing":                  {"Bearer " + m.shows("MAR", m.mar, "SER", now), "", 401},
		"no company":               {"", w.owner.user + " " + proof, 401},
		"the vehicle itself":       {w.owner.authorization(), w.owner.user + " " + proof, 401},
		"the operator":             {caller{user: "operator", secret: m.ser.o.OperatorSecret}.authorization(), w.owner.user + " " + proof, 401},
		"a company without either": {"Bearer " + m.shows("MAR", m.mar, "SER", now), "-", 403},
	} {
		for _, path := range []string{"/api/v1/trips/" + string(booked.ID), "/api/v1/trips", "/api/v1/events"} {
			req, err := http.NewRequestWithContext(t.Context(), "GET", m.ser.URL()+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", c.authorization)
			if c.shown != "-" {
				req.Header.Set(api.VehicleHeader, c.shown)
			}
			if got := w.statusOf(req); got != c.status {
				t.Errorf("%s: GET %s: %d, want %d", name, path, got, c.status)
			}
		}
	}
	// CAJ, suspended by SER, is answered for no vehicle; itself it goes on answering.
	m.suspend()
	if got := w.ask("CAJ", "GET", "/api/v1/trips/"+string(booked.ID), w.owner, ""); got.status != 503 {
		t.Errorf("asked at CAJ, which SER has suspended: %d %v", got.status, got.body)
	}
	if got := w.ask("MAR", "GET", "/api/v1/trips/"+string(booked.ID), w.owner, ""); got.status != 200 {
		t.Errorf("asked at MAR: %d %v", got.status, got.body)
	}
	m.revoke(m.ser, m.here)
	if got := w.ask("MAR", "GET", "/api/v1/trips/"+string(booked.ID), w.owner, ""); got.status != 401 && got.status != 503 {
		t.Errorf("asked at MAR by a revoked vehicle: %d %v", got.status, got.body)
	}
}

// statusOf asks and closes: a stream has no end.
func (w *everywhere) statusOf(req *http.Request) int {
	w.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.Fatal(err)
	}
	_ = resp.Body.Close() // the status is all that is asked
	return resp.StatusCode
}
