package carapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

const (
	car    = charging.VehicleID("EV-0001")
	tripID = charging.TripID("01890a5d-ac96-774b-bcce-b302099a8057")
	alien  = charging.TripID("01890a5d-ac96-774b-bcce-b302099a8058") // another car's
	evse   = "BR*MAR*E0001*1"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fakeDesk knows one trip, which settles when a test says so.
type fakeDesk struct {
	Desk  // what a test does not expect panics
	mu    sync.Mutex
	calls []string
	err   error
	state trip.State
	// settled is closed when the trip is.
	settled chan struct{}
	// canceling are what Cancel answers, one after the other.
	canceling []trip.Trip
	// left is the state that Unplug answers; FULFILLED where it is empty.
	left   charging.State
	list   map[trip.State][]trip.Trip
	listed func()
	// states of the trips that are known by their id, where a test says so.
	states map[charging.TripID]trip.State
}

func newDesk() *fakeDesk {
	return &fakeDesk{state: trip.Confirmed, settled: make(chan struct{})}
}

func (d *fakeDesk) say(call string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, call)
	return d.err
}

func (d *fakeDesk) asked() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.calls...)
}

func (d *fakeDesk) trip(state trip.State) trip.Trip {
	return trip.Trip{ID: tripID, State: state, VehicleID: car, Saga: &trip.Saga{Ticket: "secret"}}
}

func (d *fakeDesk) Plan(_ context.Context, r api.PlanRequest, _ string) ([]trip.Plan, error) {
	return []trip.Plan{{ID: "p1"}}, d.say("plan " + r.Origin.City)
}

func (d *fakeDesk) Start(_ context.Context, r api.TripRequest, key string) (trip.Trip, bool, error) {
	return d.trip(trip.Reserving), false, d.say("start " + r.PlanID + " key " + key)
}

func (d *fakeDesk) Trip(_ context.Context, id charging.TripID) (trip.Trip, error) {
	t := d.trip(trip.Confirmed)
	if d.states != nil {
		state, known := d.states[id]
		if !known {
			return t, charging.Refuse(charging.CodeUnknownTrip, "no such trip")
		}
		t.ID, t.State = id, state
	}
	if id == alien {
		t.ID, t.VehicleID = alien, "EV-0002"
	}
	return t, nil
}

func (d *fakeDesk) Wait(ctx context.Context, _ charging.TripID) (trip.Trip, error) {
	select {
	case <-d.settled:
		return d.trip(d.state), nil
	case <-ctx.Done():
		return d.trip(trip.Reserving), nil
	}
}

func (d *fakeDesk) Decide(_ context.Context, id charging.TripID, r api.DecisionRequest) (trip.Trip, error) {
	said := "decide " + string(id)
	for _, a := range r.All() {
		said += fmt.Sprintf(" %d:%s%s", a.Leg, a.Action, a.AlternativeID)
	}
	return d.trip(trip.Reserving), d.say(said)
}

// Cancel gives the states that a test has put there, then CANCELED.
func (d *fakeDesk) Cancel(_ context.Context, id charging.TripID) (trip.Trip, error) {
	err := d.say("cancel " + string(id))
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.canceling) == 0 {
		return d.trip(trip.Canceled), err
	}
	t := d.canceling[0]
	d.canceling = d.canceling[1:]
	return t, err
}

func (d *fakeDesk) Swap(_ context.Context, id charging.TripID, r api.SwapRequest) (trip.Trip, error) {
	return d.trip(trip.Confirmed), d.say("swap " + string(id) + " " + r.AlternativeID)
}

func (d *fakeDesk) Availability(_ context.Context, e charging.EVSEID, w charging.Window) (charging.Free, error) {
	return charging.Free{EVSEID: e, Windows: []charging.Window{w}}, d.say("availability " + string(e))
}

func (d *fakeDesk) Plug(_ context.Context, v charging.VehicleID, p charging.Plug) (charging.Reservation, error) {
	return charging.Reservation{EVSEID: p.EVSEID, State: charging.Charging}, d.say("plug " + string(v) + " " + string(p.EVSEID))
}

func (d *fakeDesk) Unplug(_ context.Context, v charging.VehicleID, p charging.Plug) (charging.Reservation, error) {
	state := charging.Fulfilled
	if d.left != "" {
		state = d.left
	}
	return charging.Reservation{EVSEID: p.EVSEID, State: state}, d.say("unplug " + string(v) + " " + string(p.EVSEID))
}

func (d *fakeDesk) List(_ context.Context, q trip.Query) ([]trip.Trip, int, error) {
	if d.listed != nil {
		d.listed()
	}
	all := d.list[q.State]
	if q.VehicleID != "" {
		all = slices.DeleteFunc(slices.Clone(all), func(t trip.Trip) bool { return t.VehicleID != q.VehicleID })
	}
	from := min(q.Offset, len(all))
	return all[from:min(from+q.Limit, len(all))], len(all), d.err
}

// fakeReplies keeps answers in memory.
type fakeReplies struct {
	mu   sync.Mutex
	kept map[string][]byte
	err  error
	// meanwhile runs before an answer is kept; may be nil.
	meanwhile func()
}

func (r *fakeReplies) SaveReply(_ context.Context, v charging.VehicleID, id string, body []byte, _ time.Duration) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.meanwhile != nil {
		r.meanwhile()
	}
	if _, ok := r.kept[string(v)+id]; !ok && r.err == nil {
		r.kept[string(v)+id] = body
	}
	return r.err
}

func (r *fakeReplies) LoadReply(_ context.Context, v charging.VehicleID, id string) ([]byte, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body, ok := r.kept[string(v)+id]
	return body, ok, r.err
}

// none is a broker that has forgotten what was retained.
func none(context.Context) ([]carlink.Topic, error) { return nil, nil }

// sent is a message that was published.
type sent struct {
	topic, payload string
	retained       bool
}

type fakePublisher chan sent

func (p fakePublisher) Publish(topic string, payload []byte, _ byte, retained bool) error {
	p <- sent{topic, string(payload), retained}
	return nil
}

type fixture struct {
	*API
	desk    *fakeDesk
	replies *fakeReplies
	out     fakePublisher
}

func start(t *testing.T, change func(*Options)) *fixture {
	t.Helper()
	f := &fixture{desk: newDesk(), replies: &fakeReplies{kept: map[string][]byte{}}, out: make(fakePublisher, 1000)}
	o := Options{Self: "MAR", Desk: f.desk, Replies: f.replies, Publisher: f.out, Now: func() time.Time { return noon }}
	if change != nil {
		change(&o)
	}
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Stop)
	f.API = a
	return f
}

func (f *fixture) send(action carlink.Action, payload string) {
	f.Handle(broker.Client{Principal: broker.Principal{Vehicle: car}}, carlink.Topic{Kind: carlink.KindRequest, Vehicle: car, Action: action}, []byte(payload))
}

func (f *fixture) next(t *testing.T) sent {
	t.Helper()
	select {
	case s := <-f.out:
		return s
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was published")
		return sent{}
	}
}

// nothing checks that nothing has been published so far.
func (f *fixture) nothing(t *testing.T, when string) {
	t.Helper()
	select {
	case s := <-f.out:
		t.Errorf("%s: published %+v", when, s)
	default:
	}
}

// reply reads the answer to request "r", with the code of a problem.
func (f *fixture) reply(t *testing.T) (carlink.Reply, charging.Code) {
	t.Helper()
	s := f.next(t)
	if s.topic != carlink.ReplyTopic(car, "r") || s.retained {
		t.Fatalf("published %+v", s)
	}
	r, err := carlink.ParseReply([]byte(s.payload))
	if err != nil {
		t.Fatal(err)
	}
	var p struct{ Code charging.Code }
	_ = json.Unmarshal(r.Body, &p) // an answer that is no object has no code
	return r, p.Code
}

var errBroken = errors.New("broken")
