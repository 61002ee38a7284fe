package everywhere

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/program"
	"github.com/eletrovia/eletrovia/services/e2e/redisrig"
)

// world is the processes with a trip of each company's: one that is CONFIRMED, and one
// that asks, because its second stop was lost to somebody else.
type world struct {
	*processes
	owner, other caller
	booked, asks map[charging.CompanyID]trip.Trip
	// ears of the owner, of the other vehicle and of the operator, at each server.
	own, others, operators map[charging.CompanyID]*ear
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		processes: launch(t, program.Racing(t)), booked: map[charging.CompanyID]trip.Trip{}, asks: map[charging.CompanyID]trip.Trip{},
		own: map[charging.CompanyID]*ear{}, others: map[charging.CompanyID]*ear{}, operators: map[charging.CompanyID]*ear{},
	}
	w.owner, w.other = w.registers("SER", "OWNER01"), w.registers("MAR", "OTHER01")
	for k, origin := range companies {
		at := tomorrow(4 * k)
		w.booked[origin] = w.books(origin, w.owner, trip.Confirmed,
			w.stop("MAR", 1, at, time.Hour), w.stop("SER", 1, at.Add(time.Hour), time.Hour), w.stop("CAJ", 1, at.Add(2*time.Hour), time.Hour))
		w.booked[origin] = w.sees(origin, w.owner, w.booked[origin].ID, "it is booked", func(trip.Trip) bool { return true })
		at = at.Add(24 * time.Hour)
		lost := w.stop(next(origin), 2, at.Add(time.Hour), time.Hour)
		w.books(origin, w.other, trip.Confirmed, lost)
		w.asks[origin] = w.books(origin, w.owner, trip.AwaitingDecision, w.stop(origin, 2, at, time.Hour), lost)
	}
	for _, at := range companies {
		w.own[at], w.others[at], w.operators[at] = w.listens(at, w.owner), w.listens(at, w.other), w.listens(at, w.operator(at))
	}
	return w
}

// deed is one operation on a trip, and what it answers its vehicle; act says that an
// operator may not.
type deed struct {
	method, path, body string
	status             int
	code               charging.Code
	act                bool
}

// deeds change nothing while the originator is up. The cancel is asked only while it is not.
var (
	deeds = []deed{
		{method: "GET", status: 200},
		{method: "GET", path: "/history", status: 200},
		{method: "POST", path: "/decision", body: `{"action":"wait"}`, status: 409, code: charging.CodeNotAwaitingDecision, act: true},
		{method: "POST", path: "/swap", body: `{"alternative_id":"none-of-these"}`, status: 404, code: charging.CodeUnknownAlternative, act: true},
	}
	cancels = deed{method: "DELETE", act: true}
)

// The originator of a trip is killed (SIGKILL): whoever asks elsewhere is told so, with
// what is booked there and since when it is silent; nobody learns more than before, and
// nothing is done. When it has started again all is as it was, by itself, and a question
// that was open is answered at a company where the trip did not begin. It fails where a
// server takes the dead one's trip for unknown, shows it to somebody else, answers from
// a copy, or does not find the way back.
func TestTheOriginatorIsKilled(t *testing.T) {
	w := newWorld(t)
	for _, at := range companies {
		for _, origin := range companies {
			w.everybody(at, origin)
		}
		w.lists(at, "")
	}
	for _, origin := range companies {
		if !t.Run(string(origin), func(t *testing.T) {
			processes := *w.processes
			processes.T = t
			w := *w
			w.processes = &processes
			w.killed(origin)
		}) {
			return // the next ones ask about what this one has left
		}
	}
}

// killed kills an originator, judges what is said of its trips, and starts it again.
func (w *world) killed(origin charging.CompanyID) {
	w.Helper()
	// A window that has begun when the originator is back.
	now := w.books(origin, w.owner, trip.Confirmed, w.stop(next(origin), 4, time.Now().Add(time.Minute).UTC().Truncate(time.Second), 30*time.Minute))
	newcomer := w.registers(origin, charging.VehicleID("NEW"+string(origin)))
	began := time.Now()
	w.kill(origin)
	died := time.Now()
	for _, at := range companies {
		if at == origin {
			continue
		}
		redisrig.Until(w.T, "the owner hears at "+string(at)+" that "+string(origin)+" is silent", w.own[at].hears(origin, false))
		for _, d := range append(slices.Clone(deeds), cancels) {
			w.silent(d, at, origin, began, died)
		}
		w.lists(at, origin)
		w.plugs(at, now, "plug", 503, charging.CodePeerUnavailable)
		w.streams(at, origin)
		w.others[at].never("of a trip of another vehicle", tells(w.owner.user))
		// Whom only the dead one can tell is not refused for good.
		if got := w.ask(at, newcomer, "GET", "/api/v1/trips", ""); got.status != 503 || got.code != charging.CodePeerUnavailable {
			w.Errorf("a vehicle of %s comes to %s for the first time: %d %s", origin, at, got.status, got.raw)
		}
	}
	w.up()
	for _, at := range companies {
		w.sees(at, w.owner, w.booked[origin].ID, "the trip is as it was", func(got trip.Trip) bool {
			return got.State == trip.Confirmed && sameLegs(got, w.booked[origin])
		})
		if at != origin {
			redisrig.Until(w.T, "the owner hears "+string(origin)+" at "+string(at), w.own[at].hears(origin, true))
		}
		w.everybody(at, origin)
		w.lists(at, "")
		redisrig.Until(w.T, "the vehicle that came for the first time is known at "+string(at), func() bool {
			return w.ask(at, newcomer, "GET", "/api/v1/trips", "").status == 200
		})
	}
	w.own[origin], w.others[origin], w.operators[origin] = w.listens(origin, w.owner), w.listens(origin, w.other), w.listens(origin, w.operator(origin))
	w.decides(next(origin), origin)
	third := next(next(origin))
	w.plugs(third, now, "plug", 200, "")
	w.plugs(next(origin), now, "unplug", 200, "")
	w.ends(third, origin)
}

// sameLegs reports whether two readings of a trip have the same stops, field by field.
func sameLegs(a, b trip.Trip) bool {
	one, err1 := json.Marshal(a.Legs)
	other, err2 := json.Marshal(b.Legs)
	return err1 == nil && err2 == nil && string(one) == string(other)
}

// everybody asks one server for what changes nothing.
func (w *world) everybody(at, origin charging.CompanyID) {
	w.Helper()
	for _, d := range deeds {
		for _, k := range w.identities(at, origin) {
			want, code := w.expects(k, d, at, origin)
			w.judge(at, origin, d, k, func(got reply) bool { return got.status == want && (code == "" || got.code == code) })
		}
	}
	w.streams(at, origin)
}

// identities are those who ask at one server for a trip of another one.
func (w *world) identities(at, origin charging.CompanyID) []caller {
	all := []caller{{who: "nobody"}, w.other, w.operator(at), w.owner}
	if at != origin {
		all = append(all, w.operator(origin))
	}
	return all
}

// expects is what one is answered while all companies are up; "" is any code.
func (w *world) expects(k caller, d deed, at, origin charging.CompanyID) (int, charging.Code) {
	switch {
	case k.user == "" || k.user == "operator" && k != w.operator(at):
		return 401, charging.CodeUnauthenticated
	case k == w.other:
		return 403, charging.CodeForbidden
	case k == w.owner:
		return d.status, d.code
	case at != origin:
		return 404, charging.CodeUnknownTrip
	case d.act:
		return 403, charging.CodeForbidden
	}
	return d.status, d.code
}

func (w *world) judge(at, origin charging.CompanyID, d deed, k caller, right func(reply) bool) {
	w.Helper()
	if got := w.ask(at, k, d.method, "/api/v1/trips/"+string(w.booked[origin].ID)+d.path, d.body); !right(got) {
		w.Errorf("%s %s of %s's trip at %s, as %s: %d %s %s", d.method, d.path, origin, at, k.who, got.status, got.code, got.raw)
	}
}

// silent asks one server about a trip whose originator was killed.
func (w *world) silent(d deed, at, origin charging.CompanyID, began, died time.Time) {
	w.Helper()
	for _, k := range w.identities(at, origin) {
		w.judge(at, origin, d, k, func(got reply) bool {
			away := got.status == 503 && got.code == charging.CodePeerUnavailable && got.header.Get("Retry-After") != "" && strings.Contains(string(got.raw), string(origin))
			switch k {
			case w.owner:
				return away && w.known(at, origin, got, began, died)
			case w.other: // it may still be remembered that the trip is another's
				return (away || got.status == 403) && !strings.Contains(string(got.raw), "known_here")
			}
			want, code := w.expects(k, d, at, origin)
			return got.status == want && got.code == code
		})
	}
}

// known compares what a company says that it holds with the leg of the trip there.
func (w *world) known(at, origin charging.CompanyID, got reply, began, died time.Time) bool {
	w.Helper()
	var told struct {
		KnownHere api.KnownHere `json:"known_here"`
	}
	got.into(w.processes, &told)
	var want []api.KnownHereLeg
	for _, l := range w.booked[origin].Legs {
		if l.CompanyID == at {
			want = append(want, api.KnownHereLeg{Leg: l.Leg, ReservationID: l.ReservationID, EVSEID: l.EVSEID, Start: l.Start.UTC(), End: l.End.UTC(), State: charging.Reserved})
		}
	}
	k := told.KnownHere
	if !reflect.DeepEqual(k.Legs, want) || k.TripID != w.booked[origin].ID || k.OriginCompany != origin {
		return false
	}
	// It was heard all the time, and not after its end.
	return k.SilentSince.After(began.Add(-time.Minute)) && k.SilentSince.Before(died.Add(time.Second))
}

// lists judges everybody's list at a server while a company, if any, is away.
func (w *world) lists(at, away charging.CompanyID) {
	w.Helper()
	for _, k := range []caller{w.owner, w.other, w.operator(at), {who: "nobody"}} {
		got := w.ask(at, k, "GET", "/api/v1/trips?limit=100", "")
		silent, total := got.header.Get(api.SilentHeader), got.header.Get("X-Total-Count")
		var list []trip.Trip
		if k.user == "" {
			if got.status != 401 {
				w.Errorf("the list at %s, as nobody: %d", at, got.status)
			}
			continue
		}
		got.into(w.processes, &list)
		from := map[charging.CompanyID]int{}
		for _, one := range list {
			from[one.Origin]++
			if k.user != "operator" && one.VehicleID != charging.VehicleID(k.user) {
				w.Errorf("the list at %s shows %s a trip of %s", at, k.who, one.VehicleID)
			}
		}
		for _, origin := range companies {
			seen := origin != away && (k.user != "operator" || origin == at)
			if (from[origin] > 0) != seen {
				w.Errorf("the list at %s has %d trips of %s for %s, while %q is away", at, from[origin], origin, k.who, away)
			}
		}
		partial := away != "" && k.user != "operator"
		if partial != (silent == string(away) && away != "") || partial != (total == "") {
			w.Errorf("the list at %s for %s, while %q is away: silent %q, total %q", at, k.who, away, silent, total)
		}
	}
}

// streams judges who may listen at a server.
func (w *world) streams(at, origin charging.CompanyID) {
	w.Helper()
	for _, k := range w.identities(at, origin) {
		want := http.StatusOK
		if k.user == "" || k.user == "operator" && k != w.operator(at) {
			want = http.StatusUnauthorized
		}
		if got := w.ask(at, k, "GET", "/api/v1/events", ""); got.status != want {
			w.Errorf("the stream at %s, as %s: %d, want %d", at, k.who, got.status, want)
		}
	}
}

// plugs says at a server that the owner's car is, or was, at the charger of a trip; and
// others try to.
func (w *world) plugs(at charging.CompanyID, now trip.Trip, act string, status int, code charging.Code) {
	w.Helper()
	raw, err := json.Marshal(map[string]any{"evse_id": now.Legs[0].EVSEID, "soc": 0.5})
	if err != nil {
		w.Fatal(err)
	}
	path := "/api/v1/vehicles/" + w.owner.user + "/" + act
	for _, k := range []struct {
		who    caller
		status int
		code   charging.Code
	}{
		{caller{who: "nobody"}, 401, charging.CodeUnauthenticated},
		{w.other, 403, charging.CodeForbidden},
		{w.operator(at), 403, charging.CodeForbidden},
		{w.owner, status, code},
	} {
		if got := w.ask(at, k.who, "POST", path, string(raw)); got.status != k.status || got.code != k.code {
			w.Errorf("%s of %s's trip at %s, as %s: %d %s", act, now.Origin, at, k.who.who, got.status, got.raw)
		}
	}
}

// decides answers a trip's question at another server; others may not.
func (w *world) decides(at, origin charging.CompanyID) {
	w.Helper()
	id := w.asks[origin].ID
	path := "/api/v1/trips/" + string(id)
	open := w.sees(at, w.owner, id, "it asks", func(got trip.Trip) bool {
		return got.State == trip.AwaitingDecision && got.Decision != nil && len(got.Decision.Alternatives) > 0
	})
	answer := `{"action":"continue","alternative_id":"` + open.Decision.Alternatives[0].ID + `"}`
	d := deed{path: "/decision", act: true}
	for _, k := range w.identities(at, origin) {
		want, code := w.expects(k, d, at, origin)
		if k == w.owner {
			continue
		}
		if got := w.ask(at, k, "POST", path+"/decision", answer); got.status != want || got.code != code {
			w.Errorf("%s decides at %s for %s's trip: %d %s", k.who, at, origin, got.status, got.raw)
		}
	}
	if got := w.ask(at, w.owner, "POST", path+"/decision", answer); got.status != 200 {
		w.Fatalf("the owner decides at %s for %s's trip: %d %s", at, origin, got.status, got.raw)
	}
	for _, c := range companies {
		w.sees(c, w.owner, id, "it is decided", func(got trip.Trip) bool {
			return got.State == trip.Confirmed && got.Decision == nil && got.Legs[1].State == charging.Reserved && got.Legs[1].EVSEID == open.Decision.Alternatives[0].EVSEID
		})
		w.own[c].waits("it is decided", over(id, trip.Confirmed))
		w.others[c].never("of a trip of another vehicle", tells(string(id)))
	}
}

// ends cancels a trip at another server, which all tell the owner, and nobody else.
func (w *world) ends(at, origin charging.CompanyID) {
	w.Helper()
	id := w.booked[origin].ID
	if got := w.ask(at, w.owner, "DELETE", "/api/v1/trips/"+string(id), ""); got.status != 200 {
		w.Errorf("canceled at %s: %d %s", at, got.status, got.raw)
	}
	for _, c := range companies {
		w.own[c].waits("it is canceled", over(id, trip.Canceled))
		w.others[c].never("of a trip of another vehicle", tells(string(id)))
	}
}

// over fits the event of a trip that has come to a state.
func over(id charging.TripID, state trip.State) func(trip.Event) bool {
	return func(e trip.Event) bool {
		var got trip.Trip
		return e.Type == trip.EventTrip && e.TripID == id && json.Unmarshal(e.Data, &got) == nil && got.State == state
	}
}
