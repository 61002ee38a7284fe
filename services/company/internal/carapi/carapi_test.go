package carapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

const goodPlan = `{"request_id":"r","origin":{"city":"João Pessoa, PB"},"destination":{"city":"Natal, RN"},"vehicle":{"model":"byd-dolphin"}}`

func TestRequests(t *testing.T) {
	withTrip := func(rest string) string { return `{"request_id":"r","trip_id":"` + string(tripID) + `"` + rest + `}` }
	for _, c := range []struct {
		action  carlink.Action
		payload string
		call    string
		status  int
		body    string
	}{
		{carlink.ActionPlan, goodPlan, "plan João Pessoa, PB", 200, `"plans":[{"plan_id":"p1"`},
		{carlink.ActionTrip, `{"request_id":"r","vehicle_id":"EV-0001","plan_id":"p1"}`, "start p1 key r", 201, `"state":"CONFIRMED"`},
		{carlink.ActionDecision, withTrip(`,"action":"give_up"`), "decide " + string(tripID) + " 0:give_up", 200, `"state":"CONFIRMED"`},
		{carlink.ActionCancel, withTrip(``), "cancel " + string(tripID), 200, `"state":"CANCELED"`},
		{carlink.ActionSwap, withTrip(`,"alternative_id":"a1"`), "swap " + string(tripID) + " a1", 200, `"state":"CONFIRMED"`},
		{carlink.ActionAvailability, `{"request_id":"r","evse_id":"` + evse + `","from":"2026-03-01T12:00:00Z","to":"2026-03-01T13:00:00Z"}`, "availability " + evse, 200, `"windows":[{"start":"2026-03-01T12:00:00Z"`},
		{carlink.ActionPlug, `{"request_id":"r","evse_id":"` + evse + `","soc":0.5}`, "plug EV-0001 " + evse, 200, `"state":"CHARGING"`},
		{carlink.ActionUnplug, `{"request_id":"r","evse_id":"` + evse + `","soc":0.5}`, "unplug EV-0001 " + evse, 200, `"state":"FULFILLED"`},
	} {
		t.Run(string(c.action), func(t *testing.T) {
			f := start(t, nil)
			close(f.desk.settled)
			f.send(c.action, c.payload)
			first, _ := f.reply(t)
			if first.Status != c.status || !strings.Contains(string(first.Body), c.body) {
				t.Errorf("%d %s", first.Status, first.Body)
			}
			if strings.Contains(string(first.Body), "secret") {
				t.Error("the saga's own part leaves the server")
			}
			f.eventually(t, "the request stays under way", func() bool { return f.free(call{car, "r"}) })
			f.send(c.action, c.payload)
			if again, _ := f.reply(t); again.Status != first.Status || string(again.Body) != string(first.Body) {
				t.Errorf("repeated: %d %s", again.Status, again.Body)
			}
			if got := f.desk.asked(); !slices.Equal(got, []string{c.call}) {
				t.Errorf("the desk was asked %q, want once %q", got, c.call)
			}
		})
	}
}

func (f *fixture) free(id call) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, busy := f.busy[id]
	return !busy
}

func TestRefusedRequests(t *testing.T) {
	for name, c := range map[string]struct {
		action  carlink.Action
		payload string
		status  int
		code    charging.Code
	}{
		"unknown field":       {carlink.ActionPlan, strings.Replace(goodPlan, `{`, `{"colour":1,`, 1), 422, charging.CodeInvalidField},
		"empty body":          {carlink.ActionTrip, `{"request_id":"r"}`, 422, charging.CodeInvalidField},
		"another car's trip":  {carlink.ActionTrip, `{"request_id":"r","vehicle_id":"EV-0002","plan_id":"p"}`, 403, charging.CodeForbidden},
		"decision of another": {carlink.ActionDecision, `{"request_id":"r","trip_id":"` + string(alien) + `","action":"give_up"}`, 403, charging.CodeForbidden},
		"cancel of another":   {carlink.ActionCancel, `{"request_id":"r","trip_id":"` + string(alien) + `"}`, 403, charging.CodeForbidden},
		"swap of another":     {carlink.ActionSwap, `{"request_id":"r","trip_id":"` + string(alien) + `","alternative_id":"a"}`, 403, charging.CodeForbidden},
		"no trip":             {carlink.ActionCancel, `{"request_id":"r"}`, 422, charging.CodeInvalidField},
		"cancel with a body":  {carlink.ActionCancel, `{"request_id":"r","trip_id":"` + string(tripID) + `","why":1}`, 422, charging.CodeInvalidField},
		"wrong decision":      {carlink.ActionDecision, `{"request_id":"r","trip_id":"` + string(tripID) + `","action":"fly"}`, 422, charging.CodeInvalidField},
		"window backwards":    {carlink.ActionAvailability, `{"request_id":"r","evse_id":"` + evse + `","from":"2026-03-01T13:00:00Z","to":"2026-03-01T12:00:00Z"}`, 422, charging.CodeInvalidWindow},
		"no instant":          {carlink.ActionAvailability, `{"request_id":"r","evse_id":"` + evse + `","from":"now","to":"2026-03-01T12:00:00Z"}`, 422, charging.CodeInvalidField},
		"bad EVSE":            {carlink.ActionAvailability, `{"request_id":"r","evse_id":"+"}`, 422, charging.CodeInvalidField},
		"plug without charge": {carlink.ActionPlug, `{"request_id":"r","evse_id":"` + evse + `"}`, 422, charging.CodeInvalidField},
		"unknown action":      {"fly", `{"request_id":"r"}`, 404, charging.CodeUnknownRoute},
	} {
		f := start(t, nil)
		f.send(c.action, c.payload)
		if r, code := f.reply(t); r.Status != c.status || code != c.code {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
		if got := f.desk.asked(); len(got) > 0 {
			t.Errorf("%s: the desk was asked %q", name, got)
		}
	}
}

func TestRefusalsOfTheDesk(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		code   charging.Code
		kept   bool
	}{
		{charging.Refuse(charging.CodeUnknownPlan, "no"), 404, charging.CodeUnknownPlan, true},
		{charging.Refuse(charging.CodeRateLimited, "busy"), 429, charging.CodeRateLimited, false},
		{charging.Refuse(charging.CodeStoreUnavailable, "away"), 503, charging.CodeStoreUnavailable, false},
		{errBroken, 500, "", false},
		{charging.Refuse(charging.CodeTooEarly, "not yet"), 409, charging.CodeTooEarly, false},
		{charging.Refuse(charging.CodeNoReservationHere, "not plugged in"), 409, charging.CodeNoReservationHere, false},
		{charging.Refuse(charging.CodeVehicleBusy, "elsewhere"), 409, charging.CodeVehicleBusy, false},
		{&trip.Offer{Refusal: charging.Refuse(charging.CodeEVSEOccupied, "occupied")}, 409, charging.CodeEVSEOccupied, false},
		{charging.Refuse(charging.CodeTooLate, "free for others"), 409, charging.CodeTooLate, true},
		{charging.Refuse(charging.CodeSessionOpen, "charging"), 409, charging.CodeSessionOpen, true},
	} {
		f := start(t, nil)
		f.desk.err = c.err
		f.send(carlink.ActionPlan, goodPlan)
		r, code := f.reply(t)
		if r.Status != c.status || code != c.code || strings.Contains(string(r.Body), "broken") {
			t.Errorf("%v: %d %s", c.err, r.Status, r.Body)
		}
		if _, kept, _ := f.replies.LoadReply(t.Context(), car, "r"); kept != c.kept {
			t.Errorf("%v: kept %v", c.err, kept)
		}
	}
}

func TestWithoutARequestIDAnAlert(t *testing.T) {
	f := start(t, nil)
	for _, payload := range []string{``, `{}`, `[]`, `{"request_id":"a/b"}`} {
		f.send(carlink.ActionPlan, payload)
		if s := f.next(t); s.topic != carlink.AlertsTopic(car) || !strings.Contains(s.payload, `"code":"`) {
			t.Errorf("%s: %+v", payload, s)
		}
	}
	if s := f.Stats(); s.Bad != 4 || s.Requests != 0 {
		t.Errorf("%+v", s)
	}
}

func TestTelemetry(t *testing.T) {
	var heard []carlink.Telemetry
	f := start(t, func(o *Options) {
		o.Telemetry = func(v charging.VehicleID, r carlink.Telemetry) {
			if v == car {
				heard = append(heard, r)
			}
		}
	})
	topic := carlink.Topic{Kind: carlink.KindTelemetry, Vehicle: car}
	c := broker.Client{Principal: broker.Principal{Vehicle: car}}
	f.Handle(c, topic, []byte(`{"at":"2026-03-01T12:00:00Z","lat":-7,"lon":-34,"soc":0.5,"speed_kmh":1,"power_kw":1,"discharge":"fast"}`))
	f.Handle(c, topic, []byte(`{"soc":7}`))
	if len(heard) != 1 || heard[0].SoC != 0.5 {
		t.Errorf("%+v", heard)
	}
	if s := f.next(t); s.topic != carlink.AlertsTopic(car) || !strings.Contains(s.payload, "INVALID_FIELD") {
		t.Errorf("%+v", s)
	}
	if s := f.Stats(); s.Telemetry != 1 || s.Bad != 1 {
		t.Errorf("%+v", s)
	}
}

func TestOverflow(t *testing.T) {
	f := start(t, nil)
	topic := carlink.Topic{Kind: carlink.KindRequest, Vehicle: car, Action: carlink.ActionPlan}
	c := broker.Client{Principal: broker.Principal{Vehicle: car}}
	f.Overflow(c, topic, []byte(`{}`))
	f.nothing(t, "a request without an id")
	f.Overflow(c, topic, []byte(strings.Repeat(" ", carlink.MaxPayload+1)))
	if s := f.next(t); s.topic != carlink.AlertsTopic(car) || !strings.Contains(s.payload, string(charging.CodeTooLarge)) {
		t.Errorf("a payload that is too large: %+v", s)
	}
	f.Overflow(c, topic, []byte(goodPlan))
	if r, code := f.reply(t); r.Status != 429 || code != charging.CodeRateLimited || !strings.Contains(string(r.Body), `"retry_after":1`) {
		t.Errorf("%d %s", r.Status, r.Body)
	}
}

// TestRepeatWhileUnderWay: the booking takes long, the car repeats. There is
// one trip and one answer.
func TestRepeatWhileUnderWay(t *testing.T) {
	f := start(t, nil)
	payload := `{"request_id":"r","vehicle_id":"EV-0001","plan_id":"p1"}`
	for range 3 {
		f.send(carlink.ActionTrip, payload)
	}
	f.nothing(t, "before the trip is settled")
	f.send(carlink.ActionPlan, strings.Replace(goodPlan, `"r"`, `"other"`, 1))
	if s := f.next(t); s.topic != carlink.ReplyTopic(car, "other") {
		t.Errorf("another request waits: %+v", s)
	}
	close(f.desk.settled)
	if r, _ := f.reply(t); r.Status != 201 {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	f.eventually(t, "the wait does not end", func() bool { return f.Stats().Waiting == 0 })
	f.nothing(t, "after the answer")
	if got := f.desk.asked(); len(got) != 2 {
		t.Errorf("the desk was asked %q", got)
	}
}

func TestTooManyWaits(t *testing.T) {
	f := start(t, func(o *Options) { o.MaxWaits = 1 })
	f.send(carlink.ActionTrip, `{"request_id":"first","vehicle_id":"EV-0001","plan_id":"p1"}`)
	f.send(carlink.ActionTrip, `{"request_id":"r","vehicle_id":"EV-0001","plan_id":"p1"}`)
	if r, code := f.reply(t); r.Status != 429 || code != charging.CodeRateLimited {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	close(f.desk.settled)
	if s := f.next(t); s.topic != carlink.ReplyTopic(car, "first") {
		t.Errorf("%+v", s)
	}
	f.eventually(t, "the wait does not end", func() bool { return f.Stats().Waiting == 0 })
	f.send(carlink.ActionTrip, `{"request_id":"r","vehicle_id":"EV-0001","plan_id":"p1"}`)
	if r, _ := f.reply(t); r.Status != 201 {
		t.Errorf("the repeat: %d %s", r.Status, r.Body)
	}
}

func TestStopCutsWaitsOffWithoutAnAnswer(t *testing.T) {
	f := start(t, nil)
	f.send(carlink.ActionTrip, `{"request_id":"r","vehicle_id":"EV-0001","plan_id":"p1"}`)
	f.Stop()
	f.nothing(t, "after the stop")
	if len(f.replies.kept) != 0 {
		t.Errorf("kept %v", f.replies.kept)
	}
	f.send(carlink.ActionTrip, `{"request_id":"r2","vehicle_id":"EV-0001","plan_id":"p1"}`)
	f.nothing(t, "a request after the stop")
}

func TestStoreAway(t *testing.T) {
	f := start(t, nil)
	f.replies.err = charging.Refuse(charging.CodeStoreUnavailable, "away")
	f.send(carlink.ActionPlan, goodPlan)
	if r, code := f.reply(t); r.Status != 503 || code != charging.CodeStoreUnavailable {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	if got := f.desk.asked(); len(got) != 0 {
		t.Errorf("asked %v although nobody knows whether it was answered before", got)
	}
}

func TestTripsAreRetainedWhileOpen(t *testing.T) {
	f := start(t, nil)
	topic := carlink.TripTopic(car, tripID)
	f.Changed(f.desk.trip(trip.Confirmed))
	if s := f.next(t); s.topic != topic || !s.retained || !strings.Contains(s.payload, `"CONFIRMED"`) || strings.Contains(s.payload, "secret") {
		t.Errorf("%+v", s)
	}
	f.Changed(f.desk.trip(trip.Completed))
	if s := f.next(t); s.topic != topic || !s.retained || s.payload != "" {
		t.Errorf("%+v", s)
	}
	if s := f.next(t); s.topic != topic || s.retained || !strings.Contains(s.payload, `"COMPLETED"`) {
		t.Errorf("%+v", s)
	}
}

// TestQuickChanges: nobody reads; the newest of each trip is what comes.
func TestQuickChanges(t *testing.T) {
	var b retainedQueue
	b.init()
	second := trip.Trip{ID: alien, State: trip.Reserving}
	for i, s := range []trip.State{trip.Reserving, trip.Confirming, trip.Confirmed} {
		b.put(trip.Trip{ID: tripID, State: s})
		if i == 0 {
			b.put(second)
		}
	}
	b.close()
	b.put(trip.Trip{ID: "late"})
	for _, want := range []trip.Trip{{ID: tripID, State: trip.Confirmed}, second} {
		if got, ok := b.take(); !ok || got.ID != want.ID || got.State != want.State {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if got, ok := b.take(); ok {
		t.Errorf("%+v after the end", got)
	}
}

// TestSteps: a step of a saga on its way comes with the next round, unless what it led to
// has come before; nothing else waits.
func TestSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b retainedQueue
		b.init()
		began := time.Now()
		b.put(trip.Trip{ID: tripID, State: trip.Reserving})
		b.put(trip.Trip{ID: alien, State: trip.Reserving})
		b.put(trip.Trip{ID: alien, State: trip.Confirmed})
		for _, want := range []struct {
			id    charging.TripID
			state trip.State
			after time.Duration
		}{{alien, trip.Confirmed, 0}, {tripID, trip.Reserving, stepsEvery}} {
			got, _ := b.take()
			if after := time.Since(began); got.ID != want.id || got.State != want.state || after != want.after {
				t.Errorf("%s %s after %v, want %+v", got.ID, got.State, after, want)
			}
		}
		b.put(trip.Trip{ID: alien, State: trip.Compensating})
		time.Sleep(stepsEvery)
		if got, _ := b.take(); got.ID != alien || len(b.steps)+len(b.newest)+len(b.queued) != 0 {
			t.Errorf("%+v, left %v %v %v", got, b.steps, b.newest, b.queued)
		}
	})
}

func TestRestore(t *testing.T) {
	f := start(t, nil)
	var many []trip.Trip
	for i := range restorePage + 1 {
		many = append(many, trip.Trip{ID: charging.TripID(fmt.Sprint(i)), VehicleID: car, State: trip.Confirmed})
	}
	f.desk.list = map[trip.State][]trip.Trip{trip.Confirmed: many, trip.Completed: {{ID: "over"}}}
	var once bool
	f.desk.listed = func() { // a trip ends while the list is read
		if !once {
			once = true
			f.Changed(trip.Trip{ID: "0", VehicleID: car, State: trip.Canceled})
		}
	}
	if err := f.Restore(t.Context(), none); err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for range restorePage + 2 { // one of them in two messages
		s := f.next(t)
		seen[s.topic] = s.payload
	}
	if len(seen) != restorePage+1 {
		t.Errorf("%d trips", len(seen))
	}
	if s := seen["ev/EV-0001/trips/0"]; !strings.Contains(s, "CANCELED") {
		t.Errorf("the list hid the newer state: %s", s)
	}
	f.nothing(t, "after all trips")
	f.desk.err = errBroken
	if err := f.Restore(t.Context(), none); !errors.Is(err, errBroken) {
		t.Errorf("%v", err)
	}
}

// TestRestoreEndsWhatIsOver: a broker that remembers has trips from before a
// crash. Those that are over, or unknown, end; open ones stay.
func TestRestoreEndsWhatIsOver(t *testing.T) {
	f := start(t, nil)
	topic := func(id string) carlink.Topic {
		return carlink.Topic{Kind: carlink.KindTrip, Vehicle: car, Trip: charging.TripID(id)}
	}
	f.desk.states = map[charging.TripID]trip.State{"open": trip.Confirmed, "missed": trip.Confirmed, "over": trip.Completed}
	f.desk.list = map[trip.State][]trip.Trip{trip.Confirmed: {{ID: "open", VehicleID: car, State: trip.Confirmed}}}
	err := f.Restore(t.Context(), func(context.Context) ([]carlink.Topic, error) {
		return []carlink.Topic{topic("open"), topic("missed"), topic("over"), topic("unknown")}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for range 3 {
		s := f.next(t)
		if !s.retained {
			t.Errorf("%+v", s)
		}
		seen[s.topic+" "+fmt.Sprint(s.payload == "")] = true
	}
	f.nothing(t, "after all trips")
	for _, want := range []string{"ev/EV-0001/trips/open false", "ev/EV-0001/trips/over true", "ev/EV-0001/trips/unknown true"} {
		if !seen[want] {
			t.Errorf("%s is not among %v", want, seen)
		}
	}
	err = f.Restore(t.Context(), func(context.Context) ([]carlink.Topic, error) { return nil, errBroken })
	if !errors.Is(err, errBroken) {
		t.Errorf("%v", err)
	}
}

// TestSharedAnswer: where other servers answer the same cars, what is published
// is the answer that was kept first.
func TestSharedAnswer(t *testing.T) {
	for _, shared := range []bool{false, true} {
		f := start(t, func(o *Options) { o.Shared = shared })
		other := `{"status":200,"body":{"of":"another server"}}`
		f.replies.meanwhile = func() { f.replies.kept[string(car)+"r"] = []byte(other) }
		f.send(carlink.ActionPlan, goodPlan)
		if s := f.next(t); (s.payload == other) != shared {
			t.Errorf("shared %v: %s", shared, s.payload)
		}
	}
}

func TestEVSEChanged(t *testing.T) {
	f := start(t, nil)
	f.EVSEChanged(carlink.Change{EVSEID: evse, State: charging.Reserved})
	s := f.next(t)
	if s.topic != "company/MAR/evses/"+evse || s.retained {
		t.Errorf("%+v", s)
	}
	if c, err := carlink.ParseChange([]byte(s.payload)); err != nil || c.State != charging.Reserved || !c.At.Equal(noon) {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestOptionsRefused(t *testing.T) {
	if _, err := New(Options{Self: "MAR"}); err == nil {
		t.Error("an API without a desk")
	}
	if _, err := New(Options{Self: "x", Desk: newDesk(), Replies: &fakeReplies{}, Publisher: make(fakePublisher)}); err == nil {
		t.Error("an API of a company called x")
	}
}
