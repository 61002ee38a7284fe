package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/desk"
	"github.com/eletrovia/eletrovia/services/company/internal/events"
	"github.com/eletrovia/eletrovia/services/company/internal/frames"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
	"github.com/eletrovia/eletrovia/services/company/internal/overview"
	"github.com/eletrovia/eletrovia/services/company/internal/trips"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const (
	tripID  charging.TripID        = "0199a2b3-6c00-7abc-8def-0123456789ab"
	otherID charging.TripID        = "0199a2b3-6c00-7abc-8def-0123456789ff"
	rsvID   charging.ReservationID = "0199a2b3-6c00-7abc-8def-0123456789ac"
	evseID  charging.EVSEID        = "BR*MAR*E0001*1"
	car     charging.VehicleID     = "EV-0001"
	window                         = `"start":"2026-11-24T12:00:00Z","end":"2026-11-24T13:00:00Z"`
)

// Authorization headers of the callers that fakeIdentity knows.
const (
	asNobody   = ""
	asCar      = "car EV-0001"
	asOtherCar = "car EV-0002"
	asOperator = "operator"
	asPeer     = "Bearer SER"
	asWrong    = "wrong"
)

// fakeIdentity reads callers off their headers, and keeps sessions in memory.
type fakeIdentity struct {
	mu       sync.Mutex
	sessions map[string]identity.Caller
	err      error
}

func (f *fakeIdentity) Authenticate(_ context.Context, authorization, session string) (identity.Caller, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	kind, name, _ := strings.Cut(authorization, " ")
	switch {
	case f.err != nil:
		return identity.Caller{}, f.err
	case kind == "car":
		return identity.Caller{Kind: identity.Vehicle, Vehicle: charging.VehicleID(name)}, nil
	case kind == "operator":
		return identity.Caller{Kind: identity.Operator}, nil
	case kind == "Bearer" && name == "SER":
		return identity.Caller{Kind: identity.Peer, Peer: "SER"}, nil
	case authorization == "" && session == "":
		return identity.Caller{Kind: identity.Anybody}, nil
	}
	if who, ok := f.sessions[session]; ok && authorization == "" {
		return who, nil
	}
	return identity.Caller{}, charging.Refuse(charging.CodeUnauthenticated, "unknown")
}

func (f *fakeIdentity) Basic(_ context.Context, user, secret string) (identity.Caller, error) {
	if secret != "demo" {
		return identity.Caller{}, charging.Refuse(charging.CodeUnauthenticated, "the secret is wrong")
	}
	return identity.Caller{Kind: identity.Vehicle, Vehicle: charging.VehicleID(user)}, nil
}

func (f *fakeIdentity) OpenSession(_ context.Context, c identity.Caller) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := "session-of-" + string(c.Vehicle)
	f.sessions[id] = c
	return id, nil
}

func (f *fakeIdentity) CloseSession(_ context.Context, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.sessions, id)
	return nil
}

func (f *fakeIdentity) Sessions(_ context.Context, c identity.Caller) ([]identity.OpenedSession, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var open []identity.OpenedSession
	for cookie, who := range f.sessions {
		if who == c {
			open = append(open, identity.OpenedSession{ID: identity.SessionID(cookie), Opened: now, Until: now.Add(time.Hour)})
		}
	}
	return open, f.err
}

func (f *fakeIdentity) EndSession(_ context.Context, c identity.Caller, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for cookie, who := range f.sessions {
		if who == c && identity.SessionID(cookie) == id {
			delete(f.sessions, cookie)
		}
	}
	return f.err
}

func (f *fakeIdentity) SessionLife() time.Duration { return time.Hour }

func (f *fakeIdentity) Register(_ context.Context, q identity.Registration) (charging.VehicleID, string, error) {
	switch q.Wish {
	case "":
		return "EV-NEW", "s3cret", nil
	case car:
		return "", "", charging.Refuse(charging.CodeIDReused, "the id is taken")
	}
	return q.Wish, "s3cret", nil
}

func (f *fakeIdentity) Invite(_ context.Context, count, days int) ([]string, time.Time, error) {
	return slices.Repeat([]string{"c0de"}, count), now.AddDate(0, 0, days), nil
}

func (f *fakeIdentity) Pass(who identity.Caller, id charging.VehicleID, audience charging.CompanyID) (string, time.Time, error) {
	if who.Kind != identity.Vehicle || !who.May(id) {
		return "", time.Time{}, charging.Refuse(charging.CodeForbidden, "another vehicle's")
	}
	return "pass for " + string(audience), now.Add(time.Hour), nil
}

func (f *fakeIdentity) Exchange(_ context.Context, peer charging.CompanyID, _ charging.VehicleID, secret string) (string, time.Time, error) {
	if secret != "s3cret" {
		return "", time.Time{}, charging.Refuse(charging.CodeForbidden, "no vehicle has this id and secret")
	}
	return "pass for " + string(peer), now.Add(time.Hour), nil
}

func (f *fakeIdentity) OnBehalf(_ context.Context, peer charging.CompanyID, id charging.VehicleID, proof string) (identity.Caller, error) {
	if proof != "proof for "+string(peer) {
		return identity.Caller{}, charging.Refuse(charging.CodeUnauthenticated, "no proof")
	}
	return identity.Caller{Kind: identity.Vehicle, Vehicle: id, Via: peer}, nil
}

func (f *fakeIdentity) Revoke(_ context.Context, who identity.Caller, id charging.VehicleID) (string, error) {
	if !who.May(id) {
		return "", charging.Refuse(charging.CodeForbidden, "another vehicle's")
	}
	return "n3w", nil
}

// fakeFront is a front desk with one trip, of car. refuse, where it is set, is
// every answer.
type fakeFront struct {
	t      trip.Trip
	refuse error
	wait   func(context.Context) (trip.Trip, error)

	mu      sync.Mutex
	started api.TripRequest
	decided []api.DecisionAnswer
	key     string
	query   trip.Query
	traced  api.Trace
	notice  charging.Notice
	from    charging.CompanyID
	calls   []string
}

func (f *fakeFront) called(what string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, what)
	return f.refuse
}

func (f *fakeFront) Plan(ctx context.Context, _ api.PlanRequest, _ string) ([]trip.Plan, error) {
	f.mu.Lock()
	f.traced = api.TraceFrom(ctx)
	f.mu.Unlock()
	return nil, f.called("plan")
}

func (f *fakeFront) Start(_ context.Context, req api.TripRequest, key string) (trip.Trip, bool, error) {
	f.mu.Lock()
	again := key != "" && key == f.key
	f.started, f.key = req, key
	f.mu.Unlock()
	return f.t, again, f.called("start")
}

func (f *fakeFront) Wait(ctx context.Context, _ charging.TripID) (trip.Trip, error) {
	if f.wait != nil {
		return f.wait(ctx)
	}
	return f.t, f.called("wait")
}

func (f *fakeFront) Trip(_ context.Context, id charging.TripID) (trip.Trip, error) {
	if id != f.t.ID {
		return trip.Trip{}, charging.Refuse(charging.CodeUnknownTrip, "no trip "+string(id))
	}
	return f.t, nil
}

func (f *fakeFront) Page(_ context.Context, q trip.Query) ([]trip.Trip, string, error) {
	f.query = q
	return []trip.Trip{f.t}, "1795948286395.01a226dc-11b8-71da-b49b-2c289bc5304e", nil
}

func (f *fakeFront) List(_ context.Context, q trip.Query) ([]trip.Trip, int, error) {
	f.mu.Lock()
	f.query = q
	f.mu.Unlock()
	return []trip.Trip{f.t}, 7, f.called("list")
}

// somePlan has ends, and a road to each of its stops.
func somePlan(t trip.Trip) trip.Plan {
	home := &trip.Place{Name: "João Pessoa, PB"}
	p := trip.Plan{ID: "p-1", Origin: home, Destination: home, Line: "_p~iF~ps|U", Stops: make([]trip.PlanStop, len(t.Legs))}
	for k := range p.Stops {
		p.Stops[k].Line = p.Line
	}
	return p
}

func (f *fakeFront) WithPlan(_ context.Context, t trip.Trip) trip.Trip {
	return t.With(somePlan(t), true)
}

func (f *fakeFront) WithPlans(_ context.Context, ts []trip.Trip) {
	for i := range ts {
		ts[i] = ts[i].With(somePlan(ts[i]), false)
	}
}

func (f *fakeFront) Some(_ context.Context, ids []charging.TripID) ([]trip.Trip, error) {
	var some []trip.Trip
	for range ids {
		some = append(some, f.t.Public())
	}
	return some, f.refuse
}

func (f *fakeFront) History(context.Context, charging.TripID) ([]trip.Entry, error) {
	return []trip.Entry{{At: now, Step: "create", Answer: "ok"}, {At: now, Step: "reserve", Answer: "ok"}, {At: now, Step: "confirm", Answer: "lost"}}, f.called("history")
}

func (f *fakeFront) Decide(_ context.Context, _ charging.TripID, req api.DecisionRequest) (trip.Trip, error) {
	f.mu.Lock()
	f.decided = req.All()
	f.mu.Unlock()
	return f.t, f.called("decide")
}

func (f *fakeFront) Cancel(context.Context, charging.TripID) (trip.Trip, error) {
	return f.t, f.called("cancel")
}

func (f *fakeFront) Alternatives(context.Context, charging.TripID, int) ([]trip.Alternative, error) {
	return nil, f.called("alternatives")
}

func (f *fakeFront) Swap(context.Context, charging.TripID, api.SwapRequest) (trip.Trip, error) {
	return f.t, f.called("swap")
}

func (f *fakeFront) Plug(_ context.Context, v charging.VehicleID, p charging.Plug) (charging.Reservation, error) {
	return charging.Reservation{ID: "0199a2b3-6c00-7abc-8def-0123456789ac", TripID: tripID, Origin: "MAR", VehicleID: v, EVSEID: p.EVSEID, State: charging.Charging}, nil
}

func (f *fakeFront) Unplug(ctx context.Context, v charging.VehicleID, p charging.Plug) (charging.Reservation, error) {
	return f.Plug(ctx, v, p) // which has not left: its unplug is kept
}

func (f *fakeFront) Retry(context.Context, charging.TripID) (trip.Trip, error) {
	return f.t, f.called("retry")
}

func (f *fakeFront) Extend(_ context.Context, _ charging.TripID, id charging.ReservationID, by time.Duration) (trip.Trip, error) {
	f.calls = append(f.calls, fmt.Sprint("extend ", id, " ", by))
	return f.t.Public(), f.refuse
}

func (f *fakeFront) Rearrange(_ context.Context, from charging.CompanyID, id charging.TripID, q api.Rearrange) (api.Rearranged, error) {
	f.calls = append(f.calls, fmt.Sprint("rearrange ", from, " ", id))
	return api.Rearranged{Leg: 1, Rearrange: q}, f.refuse
}

func (f *fakeFront) Rebook(_ context.Context, _ charging.TripID, id charging.ReservationID, evse charging.EVSEID, _ charging.Window) (trip.Trip, error) {
	f.calls = append(f.calls, fmt.Sprint("move ", id, " ", evse))
	return f.t.Public(), f.refuse
}

func (f *fakeFront) Resolve(_ context.Context, _ charging.TripID, reason string) (trip.Trip, error) {
	return f.t, f.called("resolve: " + reason)
}

func (f *fakeFront) Locations(context.Context) ([]charging.Location, map[charging.CompanyID]time.Time) {
	return sites(), nil
}

func (f *fakeFront) Availability(_ context.Context, evse charging.EVSEID, w charging.Window) (charging.Free, error) {
	return charging.Free{EVSEID: evse, Windows: []charging.Window{w}}, f.called("availability")
}

func (f *fakeFront) Outcomes(_ context.Context, from charging.CompanyID, about []charging.Question) ([]charging.Outcome, error) {
	f.mu.Lock()
	f.from = from
	f.mu.Unlock()
	return slices.Repeat([]charging.Outcome{charging.OutcomeConfirmed}, len(about)), f.called("outcomes")
}

func (f *fakeFront) Forgotten() []trips.Forgotten {
	return []trips.Forgotten{{TripID: tripID, ReservationID: rsvID, Since: now, Last: now}}
}

func (f *fakeFront) Notice(_ context.Context, from charging.CompanyID, n charging.Notice) error {
	f.mu.Lock()
	f.from, f.notice = from, n
	f.mu.Unlock()
	return f.called("notice")
}

func (f *fakeFront) Promises(_ context.Context, at charging.CompanyID, after string) ([]charging.Promise, string, error) {
	if after != "" {
		return nil, "", f.called("promises after " + after)
	}
	return []charging.Promise{{
		Ref: charging.Ref{ID: rsvID, TripID: tripID, Origin: "MAR", EVSEID: charging.EVSEID("BR*" + string(at) + "*E0001*1"), End: now.Add(time.Hour), Epoch: 3, Owner: "one"},
		Leg: 1, Start: now, VehicleID: car, Fence: 7, Outcome: charging.OutcomeConfirmed,
	}}, "1.next", f.called("promises")
}

// starter looks at the context that a booking begins with.
type starter struct {
	*fakeFront
	look func(context.Context)
}

func (s starter) Start(ctx context.Context, req api.TripRequest, key string) (trip.Trip, bool, error) {
	s.look(ctx)
	return s.fakeFront.Start(ctx, req, key)
}

// fakeAudit keeps acts in memory, the last word about each.
type fakeAudit struct {
	mu   sync.Mutex
	acts []charging.Act
	down error
}

func (f *fakeAudit) Note(_ context.Context, a charging.Act) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down != nil {
		return f.down
	}
	if i := slices.IndexFunc(f.acts, func(o charging.Act) bool { return o.ID == a.ID }); i >= 0 {
		f.acts[i] = a
	} else {
		f.acts = append(f.acts, a)
	}
	return nil
}

func (f *fakeAudit) Acts(_ context.Context, q charging.ActQuery) ([]charging.Act, string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(f.acts), func(a charging.Act) bool { return !q.Wants(a) })
	slices.Reverse(list)
	if len(list) > q.Limit {
		return list[:q.Limit], "cursor", f.down
	}
	return list, "", f.down
}

// fakeDesk grants everything, once; a repeat is a replay.
type fakeDesk struct {
	acts   []string
	mu     sync.Mutex
	seen   map[charging.ReservationID]bool
	refuse error
	out    map[charging.EVSEID]string
	ttl    time.Duration
}

func (d *fakeDesk) hold(h charging.HoldRequest, s charging.State) (charging.Reservation, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := charging.Reservation{
		ID: h.ID, TripID: h.TripID, Origin: h.Origin, Leg: h.Leg, EVSEID: h.EVSEID, Window: h.Window(), VehicleID: h.VehicleID,
		State: s, Fence: 7, Epoch: h.Epoch, TTL: h.TTL, Replay: d.seen[h.ID],
	}
	d.seen[h.ID] = true
	return r, d.refuse
}

func (d *fakeDesk) act(ref charging.Ref, s charging.State) (charging.Reservation, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return charging.Reservation{
		ID: ref.ID, TripID: ref.TripID, Origin: ref.Origin, Leg: 1, EVSEID: ref.EVSEID, Window: charging.Window{Start: ref.End.Add(-time.Hour), End: ref.End},
		VehicleID: car, State: s, Fence: 7, Epoch: ref.Epoch, TTL: d.ttl,
	}, d.refuse
}

func (d *fakeDesk) Reserve(_ context.Context, h charging.HoldRequest) (charging.Reservation, error) {
	return d.hold(h, charging.Pending)
}

func (d *fakeDesk) Claim(_ context.Context, h charging.HoldRequest) (charging.Reservation, error) {
	return d.hold(h, h.ClaimedAs())
}

func (d *fakeDesk) Renew(_ context.Context, ref charging.Ref, ttl time.Duration) (charging.Reservation, error) {
	r, err := d.act(ref, charging.Pending)
	r.TTL = ttl
	return r, err
}

func (d *fakeDesk) Confirm(_ context.Context, ref charging.Ref) (charging.Reservation, error) {
	return d.act(ref, charging.Reserved)
}

func (d *fakeDesk) Compensate(_ context.Context, ref charging.Ref) (charging.Reservation, error) {
	return d.act(ref, charging.Canceled)
}

func (d *fakeDesk) Start(_ context.Context, ref charging.Ref, _ charging.Arrival) (charging.Reservation, error) {
	return d.act(ref, charging.Reserved)
}

func (d *fakeDesk) Move(_ context.Context, m charging.Move) (charging.Reservation, error) {
	return d.act(m.Ref, charging.Reserved)
}

// Contest is busy for one vehicle only.
func (d *fakeDesk) Contest(_ context.Context, k charging.Contest) (bool, error) {
	return k.VehicleID == car && k.StartedAt != "", d.refuse
}

func (d *fakeDesk) Complete(_ context.Context, ref charging.Ref, _ charging.Leaving) (charging.Reservation, error) {
	return d.act(ref, charging.Fulfilled)
}

func (d *fakeDesk) Reservation(_ context.Context, id charging.ReservationID, reader charging.CompanyID) (charging.Reservation, error) {
	if reader == "" { // the own company, which looks at a stop of a trip of its own
		return charging.Reservation{ID: id, TripID: tripID, Origin: "MAR", EVSEID: evseID, State: charging.Reserved}, d.refuse
	}
	if reader != "SER" {
		return charging.Reservation{}, charging.Refuse(charging.CodeForbidden, "not yours")
	}
	return d.act(charging.Ref{ID: id, TripID: tripID, Origin: reader, EVSEID: evseID, End: now, Epoch: 1}, charging.Reserved)
}

func (d *fakeDesk) Locations(context.Context) []charging.Location { return sites() }

func (d *fakeDesk) Availability(_ context.Context, evses []charging.EVSEID, w charging.Window) ([]charging.Free, error) {
	return []charging.Free{{EVSEID: evses[0], Windows: []charging.Window{w}}}, d.refuse
}

func (d *fakeDesk) Issued(_ context.Context, t charging.Ticket) (bool, error) {
	return t.GrantedAt == "17", nil
}

func (d *fakeDesk) Locks(context.Context) ([]charging.Lock, error) {
	return []charging.Lock{{Key: "lock:{BR*MAR*LJPA01}:" + string(evseID) + ":" + string(rsvID), LocationID: "BR*MAR*LJPA01", EVSEID: evseID, ReservationID: rsvID, TripID: tripID, Origin: "SER", Leg: 1, Start: now, End: now.Add(time.Hour), State: charging.Pending, TTLMillis: 5000}}, d.refuse
}

func (d *fakeDesk) Calendars(context.Context, charging.Window, charging.LocationID) ([]charging.Agenda, error) {
	return []charging.Agenda{{EVSEID: evseID, Location: "BR*MAR*LJPA01", Name: "João Pessoa", Entries: booked(), OutOfService: "BROKEN_CHARGER", OutSince: now}}, d.refuse
}

func (d *fakeDesk) Bookings(_ context.Context, q desk.BookingQuery) ([]charging.Reservation, bool, error) {
	return booked(), q.Limit == 1, d.refuse
}

// booked are a car at its plug and a hold.
func booked() []charging.Reservation {
	return []charging.Reservation{
		{
			ID: rsvID, TripID: tripID, Origin: "SER", Leg: 1, EVSEID: evseID, Window: charging.Window{Start: now, End: now.Add(time.Hour)}, VehicleID: "EV-0001",
			State: charging.Charging, Fence: 17, Settled: true, Started: now, Session: &charging.Session{StartedAt: now},
		},
		{
			ID: rsvID, TripID: otherID, Origin: "CAJ", Leg: 2, EVSEID: evseID, Window: charging.Window{Start: now.Add(time.Hour), End: now.Add(2 * time.Hour)}, VehicleID: "EV-0002",
			State: charging.Pending, Fence: 18, TTL: 20 * time.Second,
		},
	}
}

// fakeMessages has one that was sent, and takes any.
type fakeMessages struct{ refuse error }

func (f fakeMessages) Send(_ context.Context, _ charging.VehicleID, m charging.Message) (api.MessageSent, bool, error) {
	m.From = "MAR"
	return api.MessageSent{Message: m, Told: []api.MessageTold{{CompanyID: "SER", OK: true}, {CompanyID: "CAJ", Detail: "away"}}}, false, f.refuse
}

func (f fakeMessages) Receive(context.Context, charging.VehicleID, charging.Message) error {
	return f.refuse
}

func (f fakeMessages) Of(_ context.Context, v charging.VehicleID) ([]charging.Message, error) {
	if v != car {
		return []charging.Message{}, f.refuse
	}
	return []charging.Message{{ID: string(otherID), From: "SER", At: now, Text: "bay 2 is under water", TripID: tripID, ReservationID: rsvID}}, f.refuse
}

func (d *fakeDesk) History(context.Context, charging.ReservationID) (charging.Reservation, []charging.Step, error) {
	return booked()[0], []charging.Step{
		{Number: 1, At: now, Civil: now, Kind: charging.StepReserve, To: charging.Pending, By: "SER", RequestID: "SER-1"},
		{
			Number: 2, At: now, Civil: now, Kind: charging.StepMove, From: charging.Reserved, To: charging.Reserved, By: "SER",
			Window: charging.Window{Start: now, End: now.Add(time.Hour)},
		},
		{Number: 3, At: now, Civil: now, Kind: charging.StepStart, From: charging.Reserved, To: charging.Reserved, By: "SER", Code: charging.CodeTooEarly},
		{Number: 4, At: now, Civil: now, Kind: charging.StepPreempt, From: charging.Pending, To: charging.Preempted, By: "CAJ", YieldedTo: otherID, RequestID: "CAJ-1"},
		{Number: 5, At: now, Civil: now, Kind: charging.StepCancel, From: charging.Reserved, To: charging.Canceled, Operator: true, Reason: "the transformer"},
	}, d.refuse
}

func (d *fakeDesk) Cancel(_ context.Context, id charging.ReservationID, reason string, holdsAlone bool) (charging.Reservation, error) {
	if d.refuse == nil {
		d.acts = append(d.acts, fmt.Sprint("cancel ", id, " ", reason, " ", holdsAlone))
	}
	r := booked()[0]
	r.State, r.Reason = charging.Canceled, reason
	return r, d.refuse
}

func (d *fakeDesk) CancelVehicle(_ context.Context, v charging.VehicleID, reason string) (ended, kept []charging.Reservation, err error) {
	if d.refuse == nil {
		d.acts = append(d.acts, fmt.Sprint("cancel ", v, " ", reason))
	}
	return booked()[1:], booked()[:1], d.refuse
}

func (d *fakeDesk) WouldLose(context.Context, charging.EVSEID) ([]charging.Reservation, error) {
	return booked(), d.refuse
}

func (d *fakeDesk) Withdraw(_ context.Context, evse charging.EVSEID, reason string) ([]charging.OutboundNotice, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.out[evse] = reason
	return nil, d.refuse
}

func (d *fakeDesk) ReturnToService(_ context.Context, evse charging.EVSEID) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.out, evse)
	return d.refuse
}

func (d *fakeDesk) Recovery() desk.Recovery {
	return desk.Recovery{
		State: desk.Recovering, Durable: true, Since: now, Why: "its birth mark is gone",
		Waiting: []desk.Waiting{{Company: "SER", Attempts: 2, Detail: "does not answer"}},
	}
}

func (d *fakeDesk) Orphans() []desk.Orphan {
	return []desk.Orphan{{Since: now, Reservation: charging.Reservation{ID: rsvID, TripID: tripID, Origin: "SER", EVSEID: evseID, Window: charging.Window{Start: now, End: now.Add(time.Hour)}}}}
}

func (d *fakeDesk) AcceptLoss(context.Context) error { return d.refuse }

func sites() []charging.Location {
	site := func(id charging.LocationID, evse charging.EVSEID) charging.Location {
		return charging.Location{
			ID: id, Company: "MAR", Name: "A site", City: "João Pessoa", State: "PB", Point: geo.Point{Lat: -7.1, Lon: -34.8},
			EVSEs: []charging.EVSE{{ID: evse, Status: charging.StatusAvailable, Connectors: []charging.Connector{{ID: "1", Standard: "IEC_62196_T2_COMBO", PowerKW: 60, TariffID: "t"}}}},
		}
	}
	return []charging.Location{site("BR*MAR*LJPA01", evseID), site("BR*MAR*LJPA02", "BR*MAR*E0002*1"), site("BR*MAR*LJPA03", "BR*MAR*E0003*1")}
}

// world is a server over fakes.
type world struct {
	*Server
	front *fakeFront
	desk  *fakeDesk
	who   *fakeIdentity
	hub   *events.Hub
	audit *fakeAudit
	log   *syncBuffer

	traffic *frames.Traffic
	board   *overview.Board
}

type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newBoard(t *testing.T) *overview.Board {
	t.Helper()
	zero := func() int { return 0 }
	b, err := overview.New(overview.Options{
		Cars: zero, EVSEs: func() int { return 3 }, Streams: zero,
		Plugged: func(context.Context) ([]charging.ReservationID, error) { return nil, nil },
		Trips:   func(context.Context, func(trip.Trip)) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newWorld(t *testing.T, change ...func(*Options)) *world {
	t.Helper()
	w := &world{
		front: &fakeFront{t: trip.Trip{
			ID: tripID, State: trip.Confirmed, VehicleID: car, Origin: "MAR", OnConflict: trip.Abort, CreatedAt: now, UpdatedAt: now,
			Legs: []trip.Leg{{Leg: 1, ReservationID: rsvID, CompanyID: "MAR", EVSEID: evseID, Start: now, End: now.Add(time.Hour), State: charging.Reserved}},
			Saga: &trip.Saga{Epoch: 3, Owner: "one", Ticket: "a.secret.ticket", Stuck: &trip.Stuck{Leg: 1, Reason: "SER does not answer", Attempts: 4}},
		}},
		desk: &fakeDesk{seen: map[charging.ReservationID]bool{}, out: map[charging.EVSEID]string{}},
		who:  &fakeIdentity{sessions: map[string]identity.Caller{}},
		hub:  events.NewHub(0), audit: &fakeAudit{}, log: &syncBuffer{}, traffic: frames.New(),
	}
	w.board = newBoard(t)
	o := Options{
		Company: "MAR", Name: "Maré Volt", RESTURL: "http://mar.test", MQTTURL: "tcp://mar.test:1883",
		FrontDesk: w.front, Desk: w.desk, Identity: w.who, Events: w.hub, Audit: w.audit, Messages: fakeMessages{},
		Traffic: w.traffic, Overview: w.board, Stage: &fakeStage{},
		BrokerCars: func() []api.BrokerCar {
			return []api.BrokerCar{{VehicleID: car, HeardAt: &now, Last: &api.Sighting{At: now, SoC: 0.5, Lat: -7.1, Lon: -34.9}}, {VehicleID: "EV-0002"}}
		},
		Peers:      func() []api.Peer { return []api.Peer{{CompanyID: "SER", URL: "http://ser.test", Status: "up"}} },
		PublicKeys: func() json.RawMessage { return json.RawMessage(`{"keys":[]}`) },
		PeerToken: func(peer charging.CompanyID) (string, time.Time, error) {
			return "made for " + string(peer), time.Date(2026, 11, 24, 12, 2, 0, 0, time.UTC), nil
		},
		Suspend: func(_ context.Context, peer charging.CompanyID, reason string) (charging.Suspension, int, error) {
			return charging.Suspension{Company: peer, Number: 1, Since: now, Reason: reason}, len(reason), nil
		},
		Inventory:       func(context.Context) (api.Inventory, error) { return someInventory(), nil },
		ReloadInventory: func(context.Context) (api.Inventory, error) { return someInventory(), nil },
		StoreTime:       func(context.Context) (time.Time, error) { return now, nil },
		Ready:           map[string]Part{"store": {Check: func(context.Context) (string, error) { return "redis", nil }, For: []Use{Book}}},
		Log:             zerolog.New(w.log), Now: func() time.Time { return now }, RateLimit: -1,
	}
	for _, f := range change {
		f(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	w.Server = s
	return w
}

// ask makes one request in the process.
func (w *world) ask(method, target, as, body string, header ...string) *httptest.ResponseRecorder {
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req := httptest.NewRequest(method, target, r)
	if as != "" {
		req.Header.Set("Authorization", as)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if slices.Contains(header, "Content-Type") {
		req.Header.Del("Content-Type")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, req)
	return rec
}

// code is the code of a problem, or the status where the answer is none.
func code(rec *httptest.ResponseRecorder) string {
	var p struct{ Code string }
	if rec.Header().Get("Content-Type") != "application/problem+json" || json.Unmarshal(rec.Body.Bytes(), &p) != nil {
		return http.StatusText(rec.Code)
	}
	return p.Code
}

var errInside = errors.New("the inside broke")

func someInventory() api.Inventory {
	until := now.Add(time.Hour)
	return api.Inventory{
		CompanyID: "MAR", Locations: 1, EVSEs: 1, Left: []api.InventoryChange{},
		Moved: []api.InventoryChange{{EVSEID: evseID, Home: "BR*MAR*LOLD01", LocationID: "BR*MAR*LJPA01", Bookings: 2, Until: &until}},
	}
}
