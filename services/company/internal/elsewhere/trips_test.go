package elsewhere

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

const (
	tripID  = charging.TripID("0199a2b3-6c00-7abc-8def-0123456789ab")
	vehicle = charging.VehicleID("EV-0001")
)

var (
	owner   = identity.Caller{Kind: identity.Vehicle, Vehicle: vehicle}
	get     = Request{Method: http.MethodGet, Path: tripPath(tripID)}
	cancel  = Request{Method: http.MethodDelete, Path: tripPath(tripID)}
	onlySER = map[charging.CompanyID]url.Values{"SER": {}}
	ofTrip1 = fmt.Sprintf(`{"trip_id":%q,"vehicle_id":%q,"origin_company":"SER","state":"CONFIRMED"}`, tripID, vehicle)
)

// world is the peers SER and CAJ, and this company's own chargers.
type world struct {
	mu      sync.Mutex
	says    map[charging.CompanyID]func(client.Forwarded) (string, error)
	asked   map[charging.CompanyID][]client.Forwarded
	held    []charging.Reservation
	streams map[charging.CompanyID]func(after uint64) (func() (trip.Event, error), error)
	told    []trip.Event
}

func newWorld(t *testing.T) (*world, *Trips) {
	t.Helper()
	w := &world{
		says:    map[charging.CompanyID]func(client.Forwarded) (string, error){"SER": unknownThere, "CAJ": unknownThere},
		asked:   map[charging.CompanyID][]client.Forwarded{},
		streams: map[charging.CompanyID]func(uint64) (func() (trip.Event, error), error){},
	}
	trips, err := New(Options{
		Peers: w, Sink: w, Held: w.holds,
		Vouch: func(who identity.Caller, to charging.CompanyID) (string, error) {
			if who.Kind != identity.Vehicle || who.Via != "" {
				return "", identity.ErrNoProof
			}
			return "proof for " + string(to), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(trips.Close)
	return w, trips
}

func unknownThere(client.Forwarded) (string, error) {
	return "", charging.Refuse(charging.CodeUnknownTrip, "no such trip")
}

func says(body string) func(client.Forwarded) (string, error) {
	return func(client.Forwarded) (string, error) { return body, nil }
}

func fails(err error) func(client.Forwarded) (string, error) {
	return func(client.Forwarded) (string, error) { return "", err }
}

func (w *world) Others() []charging.CompanyID { return []charging.CompanyID{"CAJ", "SER"} }

func (w *world) Forward(_ context.Context, to charging.CompanyID, f client.Forwarded) (client.ForwardedAnswer, error) {
	w.mu.Lock()
	w.asked[to] = append(w.asked[to], f)
	say := w.says[to]
	w.mu.Unlock()
	body, err := say(f)
	return client.ForwardedAnswer{Status: 200, Header: http.Header{"X-Total-Count": {"1"}}, Body: []byte(body)}, err
}

func (w *world) Follow(_ context.Context, to charging.CompanyID, _ client.Forwarded, after uint64) (func() (trip.Event, error), error) {
	return w.streams[to](after)
}

func (w *world) Heard(charging.CompanyID) time.Time {
	return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
}

func (w *world) holds(_ context.Context, v charging.VehicleID, id charging.TripID) (list []charging.Reservation, err error) {
	for _, r := range w.held {
		if r.VehicleID == v && r.TripID == id {
			list = append(list, r)
		}
	}
	return list, nil
}

func (w *world) Import(e trip.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, e)
}

func (w *world) Last() uint64 { return 7 }

func (w *world) calls(of charging.CompanyID) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.asked[of])
}

// An act goes to the originator once, with what shows who asks, and to nobody else. It
// fails where a search acts, or an act is sent twice.
func TestAnActIsSentOnce(t *testing.T) {
	w, trips := newWorld(t)
	w.says["SER"] = says(ofTrip1)
	if _, err := trips.Ask(t.Context(), owner, tripID, cancel); err != nil {
		t.Fatal(err)
	}
	for of, all := range w.asked {
		for _, f := range all {
			if f.Proof != "proof for "+string(of) || f.Vehicle != vehicle || f.Method == http.MethodDelete && of != "SER" {
				t.Errorf("%s was asked %+v", of, f)
			}
		}
	}
	last := w.asked["SER"][len(w.asked["SER"])-1]
	if n := w.calls("SER"); n != 2 || last.Method != http.MethodDelete {
		t.Errorf("%d calls, the last %+v", n, last)
	}
	if _, err := trips.Ask(t.Context(), owner, tripID, get); err != nil || w.calls("CAJ") > 1 {
		t.Errorf("%v; CAJ was asked %d times, where the originator is known", err, w.calls("CAJ"))
	}
}

// What is booked here names the originator: nobody is searched.
func TestWhatIsHeldNamesTheOriginator(t *testing.T) {
	w, trips := newWorld(t)
	w.held = []charging.Reservation{{ID: "r", TripID: tripID, VehicleID: vehicle, Origin: "SER", Leg: 2, State: charging.Reserved}}
	w.says["SER"] = says(ofTrip1)
	if _, err := trips.Ask(t.Context(), owner, tripID, get); err != nil || w.calls("CAJ") != 0 || w.calls("SER") != 1 {
		t.Errorf("%v, CAJ %d, SER %d", err, w.calls("CAJ"), w.calls("SER"))
	}
	for name, c := range map[string]struct {
		err  error
		q    Request
		lost bool
	}{
		"a read":                         {io.ErrUnexpectedEOF, get, false},
		"an act whose answer is lost":    {io.ErrUnexpectedEOF, cancel, true},
		"an act that was not sent":       {&charging.Refusal{Code: charging.CodePeerUnavailable, Cause: charging.ErrNotSent}, cancel, false},
		"an act at an older edition":     {client.ErrOlder, cancel, false},
		"an act that it refuses to hear": {charging.Refuse(charging.CodeUnauthenticated, "who are you"), cancel, false},
	} {
		w.says["SER"] = fails(c.err)
		_, err := trips.Ask(t.Context(), owner, tripID, c.q)
		var away *Away
		if !errors.As(err, &away) || away.Known == nil || len(away.Known.Legs) != 1 || away.Known.OriginCompany != "SER" || charging.CodeOf(err) != charging.CodePeerUnavailable {
			t.Fatalf("%s: %v, %+v", name, err, away)
		}
		if got := strings.Contains(away.Detail, "nobody knows"); got != c.lost {
			t.Errorf("%s: %q", name, away.Detail)
		}
	}
	w.says["SER"] = says(ofTrip1)
	if _, err := trips.Ask(t.Context(), owner, tripID, get); err != nil {
		t.Errorf("it is back: %v", err)
	}
}

// Everybody says that there is no such trip: that is remembered for a moment. Where
// somebody is silent nobody knows, and each request asks again.
func TestNobodyKnowsATrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, trips := newWorld(t)
		for range 3 {
			if _, err := trips.Ask(t.Context(), owner, tripID, get); charging.CodeOf(err) != charging.CodeUnknownTrip {
				t.Fatal(err)
			}
		}
		if w.calls("SER") != 1 || w.calls("CAJ") != 1 {
			t.Errorf("asked %d and %d times", w.calls("SER"), w.calls("CAJ"))
		}
		other := identity.Caller{Kind: identity.Vehicle, Vehicle: "EV-0002"}
		if _, err := trips.Ask(t.Context(), other, tripID, get); charging.CodeOf(err) != charging.CodeUnknownTrip || w.calls("SER") != 2 {
			t.Errorf("what one may not see is taken for another's: %v", err)
		}
		time.Sleep(refusedFor)
		w.says["SER"] = fails(io.ErrUnexpectedEOF)
		for n := range 2 {
			_, err := trips.Ask(t.Context(), owner, tripID, get)
			var away *Away
			if !errors.As(err, &away) || away.Known != nil || !strings.Contains(away.Detail, "SER") || w.calls("SER") != 3+n {
				t.Errorf("SER is silent: %v", err)
			}
		}
		w.says["SER"] = says(ofTrip1)
		if _, err := trips.Ask(t.Context(), owner, tripID, get); err != nil {
			t.Errorf("SER is back: %v", err)
		}
	})
}

// Random ids make no flood: a vehicle has ten searches at once and one a second, and
// who cannot be vouched for has none.
func TestSearchesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, trips := newWorld(t)
		ask := func(who identity.Caller, n int) error {
			id := charging.TripID(fmt.Sprintf("0199a2b3-6c00-7abc-8def-%012d", n))
			_, err := trips.Ask(t.Context(), who, id, Request{Method: http.MethodGet, Path: tripPath(id)})
			return err
		}
		var limited *charging.Refusal
		for n := range 12 {
			err := ask(owner, n)
			if want := n >= 10; (charging.CodeOf(err) == charging.CodeRateLimited) != want || want && (!errors.As(err, &limited) || limited.RetryAfter <= 0) {
				t.Errorf("search %d: %v", n, err)
			}
		}
		if w.calls("SER") != 10 {
			t.Errorf("asked %d times", w.calls("SER"))
		}
		time.Sleep(time.Second)
		if err := ask(owner, 20); charging.CodeOf(err) != charging.CodeUnknownTrip {
			t.Errorf("a second later: %v", err)
		}
		for _, who := range []identity.Caller{{Kind: identity.Operator}, {Kind: identity.Vehicle, Vehicle: vehicle, Via: "CAJ"}} {
			if err := ask(who, 30); !errors.Is(err, identity.ErrNoProof) {
				t.Errorf("%+v: %v", who, err)
			}
		}
	})
}

// One vehicle keeps so many requests under way, and no more.
func TestOneVehicleWaitsForSoMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, trips := newWorld(t)
		w.held = []charging.Reservation{{TripID: tripID, VehicleID: vehicle, Origin: "SER"}}
		hold := make(chan struct{})
		w.says["SER"] = func(client.Forwarded) (string, error) { <-hold; return ofTrip1, nil }
		var asks sync.WaitGroup
		for range 16 {
			asks.Go(func() { _, _ = trips.Ask(t.Context(), owner, tripID, get) })
		}
		synctest.Wait()
		if _, err := trips.Ask(t.Context(), owner, tripID, get); charging.CodeOf(err) != charging.CodeRateLimited {
			t.Errorf("one more: %v", err)
		}
		close(hold)
		asks.Wait()
		if _, err := trips.Ask(t.Context(), owner, tripID, get); err != nil {
			t.Errorf("when they have ended: %v", err)
		}
	})
}

// A company that answers about another trip, another vehicle's, or with no trip is not
// believed, in a list neither.
func TestAnAnswerIsAboutWhatWasAsked(t *testing.T) {
	w, trips := newWorld(t)
	w.held = []charging.Reservation{{TripID: tripID, VehicleID: vehicle, Origin: "SER"}}
	for name, body := range map[string]string{
		"another trip":    strings.Replace(ofTrip1, "0199a2b3", "0199a2b4", 1),
		"another vehicle": strings.Replace(ofTrip1, "EV-0001", "EV-0002", 1),
		"no state":        strings.Replace(ofTrip1, "CONFIRMED", "LOVELY", 1),
		"no trip":         `[]`,
	} {
		w.says["SER"] = says(body)
		if _, err := trips.Ask(t.Context(), owner, tripID, get); !errors.Is(err, client.ErrRubbish) {
			t.Errorf("%s: %v", name, err)
		}
		w.says["SER"] = says("[" + body + "]")
		parts, err := trips.List(t.Context(), owner, onlySER)
		if name != "another trip" && (err != nil || len(parts) != 0) {
			t.Errorf("%s in a list: %+v, %v", name, parts, err)
		}
	}
	w.says["SER"] = says("[" + strings.Replace(ofTrip1, `"SER"`, `"CAJ"`, 1) + "]")
	if parts, err := trips.List(t.Context(), owner, onlySER); err != nil || len(parts) != 0 {
		t.Errorf("another company's trip in a list: %+v, %v", parts, err)
	}
}

// A feed tells of each company, resumes where it was, and takes nothing that is not its
// vehicle's; it ends when nobody has listened for a while.
func TestAFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, trips := newWorld(t)
		var from []uint64
		var up atomic.Bool
		w.streams["CAJ"] = func(uint64) (func() (trip.Event, error), error) { return nil, io.ErrUnexpectedEOF }
		w.streams["SER"] = func(after uint64) (func() (trip.Event, error), error) {
			if !up.Load() {
				return nil, io.ErrUnexpectedEOF
			}
			w.mu.Lock()
			from = append(from, after)
			w.mu.Unlock()
			events := []trip.Event{
				{ID: after + 1, Type: trip.EventTrip, VehicleID: vehicle, TripID: tripID},
				{ID: after + 2, Type: trip.EventTrip, VehicleID: "EV-0002"},
				{ID: after + 3, Type: trip.EventPeer, VehicleID: vehicle},
				{Type: trip.EventReset},
			}
			return func() (trip.Event, error) {
				if len(events) == 0 {
					time.Sleep(10 * time.Minute)
					return trip.Event{}, io.EOF
				}
				e := events[0]
				events = events[1:]
				return e, nil
			}, nil
		}
		l, stop, ok := trips.Listen(owner)
		if !ok || l.Since != 7 || len(l.Heard) != 0 {
			t.Fatalf("%+v, %v", l, ok)
		}
		synctest.Wait()
		w.wants(t, "company CAJ false", "company SER false")
		up.Store(true)
		time.Sleep(soonest)
		synctest.Wait()
		w.wants(t, "company SER true", "trip", "company SER true")
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		w.wants(t, "trip", "company SER true") // resumed, and no silence
		if from := w.copied(from); len(from) != 2 || from[0] != 0 || from[1] != 3 {
			t.Errorf("resumed from %v", from)
		}
		again, stopAgain, _ := trips.Listen(owner)
		if len(again.Heard) != 2 {
			t.Errorf("the second reader learns %+v", again)
		}
		stop()
		stopAgain()
		time.Sleep(lingers)
		synctest.Wait()
		if len(trips.feeds) != 0 {
			t.Error("a feed that nobody reads goes on")
		}
		if _, _, ok := trips.Listen(identity.Caller{Kind: identity.Operator}); ok {
			t.Error("an operator listens elsewhere")
		}
		time.Sleep(10 * time.Minute) // the stream that was open ends with its feed
	})
}

func (w *world) copied(ids []uint64) []uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(ids)
}

// wants compares what was told since the last look, in the order of its names.
func (w *world) wants(t *testing.T, want ...string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	var got []string
	for _, e := range w.told {
		name := string(e.Type)
		if e.Type == trip.EventCompany {
			var s api.Silence
			if err := json.Unmarshal(e.Data, &s); err != nil {
				t.Fatal(err)
			}
			name += fmt.Sprintf(" %s %v", s.CompanyID, s.Heard)
		}
		got = append(got, name)
	}
	w.told = nil
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}
