package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

func TestDrawIsDeterministic(t *testing.T) {
	a, b := Draw(42, 200), Draw(42, 100)
	if !reflect.DeepEqual(a[:100], b) {
		t.Error("the same seed gives another fleet")
	}
	// What is drawn later is the same too.
	for i := range b {
		ja, jb := journey(a[i].rng, a[i].Journey.To), journey(b[i].rng, b[i].Journey.To)
		if ja != jb {
			t.Fatalf("car %d: %+v and %+v", i, ja, jb)
		}
	}
	if reflect.DeepEqual(Draw(1, 20), Draw(2, 20)) {
		t.Error("another seed gives the same fleet")
	}
	seen := map[carlink.Discharge]int{}
	for _, c := range a {
		seen[c.Discharge]++
		if d := geo.Distance(point(c.Journey.From), point(c.Journey.To)); d < minJourney {
			t.Errorf("%s → %s is %.0f km", c.Journey.From, c.Journey.To, d)
		}
		if c.SoC < 0.55 || c.SoC > 1 || !c.Journey.Policy.Valid() || c.Model.Validate() != nil {
			t.Errorf("%+v", c)
		}
	}
	if seen[carlink.Slow] == 0 || seen[carlink.Normal] == 0 || seen[carlink.Fast] == 0 {
		t.Errorf("tendencies %v", seen)
	}
}

func TestCitiesAndWays(t *testing.T) {
	for _, c := range Cities {
		point(c) // panics for one that is unknown
	}
	w := wayOf(Journey{From: "Natal, RN", To: "Salvador, BA"})
	if len(w.points) < 10 {
		t.Fatalf("%d points: no road from Natal to Salvador", len(w.points))
	}
	if got := w.at(0, 1000); got != w.points[0] {
		t.Errorf("begins at %v", got)
	}
	if got := w.at(2000, 1000); geo.Distance(got, point("Salvador, BA")) > 1 {
		t.Errorf("ends at %v", got)
	}
	last := 0.0
	for km := 0.0; km <= 1000; km += 50 {
		along := geo.Distance(point("Natal, RN"), w.at(km, 1000))
		if along+20 < last {
			t.Errorf("at %v km it goes back", km)
		}
		last = along
	}
}

// play runs one car in fake time and gives the summary and the events.
func play(t *testing.T, s *scripted, change func(*Options)) (Summary, []Event) {
	t.Helper()
	var events []Event
	o := base(s)
	o.Report = func(e Event) { events = append(events, e) }
	if change != nil {
		change(&o)
	}
	sum, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if !s.closed {
		t.Error("the link stays open")
	}
	return sum, events
}

func counts(t *testing.T, got Summary, want map[Outcome]int) {
	t.Helper()
	want[Connected] = 1
	if !reflect.DeepEqual(got.Counts, want) {
		t.Errorf("counts %v, want %v", got.Counts, want)
	}
}

func TestJourney(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFrom(time.Now().Add(10 * time.Minute))
		s := &scripted{answers: map[carlink.Action][]carlink.Reply{
			carlink.ActionPlan: {good(200, map[string]any{"plans": []trip.Plan{plan}})},
			carlink.ActionTrip: {good(201, tripOf(plan, trip.Confirmed))},
			carlink.ActionPlug: {good(200, map[string]any{})}, carlink.ActionUnplug: {good(200, map[string]any{})},
		}}
		sum, _ := play(t, s, nil)
		counts(t, sum, map[Outcome]int{Planned: 1, Reserved: 1, Driving: 1, Charging: 1, Done: 1})
		if sum.Km < 199.9 || sum.Km > 200.1 || sum.KWh < 1 || sum.KWh > 20.1 {
			t.Errorf("%.1f km, %.1f kWh", sum.Km, sum.KWh)
		}
		if got := s.actions(); !slices.Equal(got, []carlink.Action{carlink.ActionPlan, carlink.ActionTrip, carlink.ActionPlug, carlink.ActionUnplug}) {
			t.Errorf("asked %v", got)
		}
		if b := s.asked[1].body; b["plan_id"] != "p1" || b["vehicle_id"] != "EV-0001" {
			t.Errorf("asked for the trip %v", b)
		}
		if b := s.asked[2].body; b["evse_id"] != string(evse1) {
			t.Errorf("plugged in at %v", b)
		}
		checkTelemetry(t, s.telemetry)
	})
}

// checkTelemetry: valid reports, whose charge falls while driving and rises
// while charging.
func checkTelemetry(t *testing.T, reports []carlink.Telemetry) {
	t.Helper()
	fell, rose := 0, 0
	for i, r := range reports {
		if err := r.Validate(); err != nil {
			t.Fatalf("report %d: %v", i, err)
		}
		if i == 0 {
			continue
		}
		switch change := r.SoC - reports[i-1].SoC; {
		case r.PowerKW < 0 && change > 0:
			rose++
		case r.PowerKW >= 0 && change < 0:
			fell++
		case change > 0:
			t.Errorf("report %d: the charge rises on the road", i)
		}
	}
	if fell < 50 || rose < 10 {
		t.Errorf("the charge fell %d and rose %d times in %d reports", fell, rose, len(reports))
	}
}

func TestDecisionTakesTheBestAlternative(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFrom(time.Now().Add(10 * time.Minute))
		asking := tripOf(plan, trip.AwaitingDecision)
		asking.Decision = &trip.Decision{Leg: 1, Code: charging.CodePriorityLost, Alternatives: []trip.Alternative{{ID: "a1"}, {ID: "a2"}}}
		other := tripOf(plan, trip.Confirmed)
		other.Legs[0].EVSEID = evse2
		s := &scripted{answers: map[carlink.Action][]carlink.Reply{
			carlink.ActionPlan:     {good(200, map[string]any{"plans": []trip.Plan{plan}})},
			carlink.ActionTrip:     {good(201, asking)},
			carlink.ActionDecision: {good(200, other)},
			carlink.ActionPlug:     {good(200, map[string]any{})}, carlink.ActionUnplug: {good(200, map[string]any{})},
		}}
		sum, _ := play(t, s, nil)
		counts(t, sum, map[Outcome]int{Planned: 1, Decided: 1, Reserved: 1, Driving: 1, Charging: 1, Done: 1})
		if d := s.asked[2]; d.trip != tripID || d.body["alternative_id"] != "a1" || d.body["action"] != "continue" {
			t.Errorf("decided %+v", d)
		}
		if p := s.asked[3]; p.body["evse_id"] != string(evse2) {
			t.Errorf("plugged in at %v", p.body)
		}
	})
}

func TestAbortedIsPlannedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFrom(time.Now().Add(10 * time.Minute))
		aborted := tripOf(plan, trip.Aborted)
		aborted.Problem = &trip.Problem{Code: charging.CodeSlotTaken, Detail: "somebody was first"}
		hopeless := tripOf(plan, trip.AwaitingDecision)
		hopeless.Decision = &trip.Decision{Leg: 1}
		s := &scripted{answers: map[carlink.Action][]carlink.Reply{
			carlink.ActionPlan:     {good(200, map[string]any{"plans": []trip.Plan{plan}})},
			carlink.ActionTrip:     {good(201, aborted), bad(404, charging.CodeUnknownPlan), good(201, hopeless)},
			carlink.ActionDecision: {good(200, aborted)},
		}}
		sum, events := play(t, s, nil)
		counts(t, sum, map[Outcome]int{Planned: 3, Aborted: 3, Decided: 1})
		if s.asked[len(s.asked)-1].body["action"] != "give_up" {
			t.Errorf("decided %v where nothing is left", s.asked[len(s.asked)-1].body)
		}
		if !slices.ContainsFunc(events, func(e Event) bool {
			return e.What == Aborted && e.Car == "EV-0001" && strings.Contains(e.Detail, "SLOT_TAKEN: somebody was first")
		}) {
			t.Errorf("nobody is told why: %+v", events)
		}
	})
}

func TestInfeasible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{answers: map[carlink.Action][]carlink.Reply{carlink.ActionPlan: {bad(422, charging.CodeInfeasibleTrip)}}}
		sum, _ := play(t, s, nil)
		counts(t, sum, map[Outcome]int{Infeasible: 1})
	})
}

func TestStrandedCancelsWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFrom(time.Now().Add(10 * time.Minute))
		plan.Stops[0].DistanceKM, plan.DistanceKM = 3000, 3100
		s := &scripted{answers: map[carlink.Action][]carlink.Reply{
			carlink.ActionPlan:   {good(200, map[string]any{"plans": []trip.Plan{plan}}), bad(422, charging.CodeInfeasibleTrip)},
			carlink.ActionTrip:   {good(201, tripOf(plan, trip.Confirmed))},
			carlink.ActionCancel: {bad(409, charging.CodeCancelTooLate)},
		}}
		sum, events := play(t, s, func(o *Options) { o.Journeys = 2 })
		counts(t, sum, map[Outcome]int{Planned: 1, Reserved: 1, Driving: 1, Stranded: 1, Infeasible: 1})
		// What could not be canceled is still booked: another trip would overlap.
		if next := events[len(events)-1]; next.At.Before(plan.Stops[0].End) {
			t.Errorf("planned again at %s, booked until %s", next.At, plan.Stops[0].End)
		}
		if last := s.asked[len(s.asked)-2]; last.action != carlink.ActionCancel || last.trip != tripID {
			t.Errorf("at last it asked %+v", last)
		}
		if last := s.telemetry[len(s.telemetry)-1]; last.SoC != 0 {
			t.Errorf("stranded with %v", last.SoC)
		}
	})
}

// TestPunctual: reports are rare and the clock is fast, and the car plugs in
// when its window begins all the same.
func TestPunctual(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		civil := func() time.Time { return began.Add(600 * time.Since(began)) }
		plan := planFrom(began.Add(10 * time.Minute))
		s := &scripted{answers: map[carlink.Action][]carlink.Reply{
			carlink.ActionPlan: {good(200, map[string]any{"plans": []trip.Plan{plan}}), bad(422, charging.CodeInfeasibleTrip)},
			carlink.ActionTrip: {good(201, tripOf(plan, trip.Confirmed))},
			carlink.ActionPlug: {good(200, map[string]any{})}, carlink.ActionUnplug: {good(200, map[string]any{})},
		}}
		var plugged, again time.Time
		sum, _ := play(t, s, func(o *Options) {
			o.Speed, o.Now, o.Telemetry, o.Journeys = 600, civil, 5*time.Second, 2
			o.Report = func(e Event) {
				switch e.What {
				case Charging:
					plugged = e.At
				case Infeasible:
					again = e.At
				}
			}
		})
		if late := plugged.Sub(plan.Stops[0].Start); late < 0 || late > 10*time.Second {
			t.Errorf("plugged in %s after the window's start", late)
		}
		if again.IsZero() || sum.Counts[Done] != 1 {
			t.Errorf("%v", sum.Counts)
		}
	})
}

func TestRefusedAtThePlugDrivesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFrom(time.Now().Add(10 * time.Minute))
		plan.Stops[0].DistanceKM, plan.DistanceKM = 30, 60 // within the battery
		s := &scripted{answers: map[carlink.Action][]carlink.Reply{
			carlink.ActionPlan: {good(200, map[string]any{"plans": []trip.Plan{plan}})},
			carlink.ActionTrip: {good(201, tripOf(plan, trip.Confirmed))},
			carlink.ActionPlug: {bad(409, charging.CodeTooLate)},
		}}
		sum, _ := play(t, s, nil)
		counts(t, sum, map[Outcome]int{Planned: 1, Reserved: 1, Driving: 1, Refused: 1, Done: 1})
	})
}

// TestWithdrawnOnTheWay: the trip that is heard on the way asks for a decision.
func TestWithdrawnOnTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFrom(time.Now().Add(10 * time.Minute))
		heard := tripOf(plan, trip.Confirmed)
		heard.UpdatedAt = heard.UpdatedAt.Add(time.Minute)
		heard.Decision = &trip.Decision{Leg: 1, Alternatives: []trip.Alternative{{ID: "other"}}}
		moved := tripOf(plan, trip.Confirmed)
		moved.Legs[0].EVSEID = evse2
		s := &scripted{heard: map[charging.TripID]trip.Trip{tripID: heard}, lost: 2, answers: map[carlink.Action][]carlink.Reply{
			carlink.ActionPlan:     {good(200, map[string]any{"plans": []trip.Plan{plan}})},
			carlink.ActionTrip:     {good(201, tripOf(plan, trip.Confirmed))},
			carlink.ActionDecision: {good(200, moved)},
			carlink.ActionPlug:     {good(200, map[string]any{})}, carlink.ActionUnplug: {good(200, map[string]any{})},
		}}
		sum, _ := play(t, s, nil)
		counts(t, sum, map[Outcome]int{Planned: 1, Reserved: 1, Driving: 1, Decided: 1, Charging: 1, Done: 1, Disconnected: 2})
		if p := s.asked[3]; p.action != carlink.ActionPlug || p.body["evse_id"] != string(evse2) {
			t.Errorf("then it asked %+v", p)
		}
	})
}

func TestSilenceEndsTheJourney(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sum, _ := play(t, &scripted{}, nil)
		if sum.Counts[Unanswered] != 1 || len(sum.Counts) != 1 {
			t.Errorf("%v", sum.Counts)
		}
	})
}

// TestFleetUntilTheEnd: cars without a bound on their journeys drive until the
// context ends, shared out among the servers.
func TestFleetUntilTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour/60)
		defer cancel()
		sum, err := Run(ctx, Options{
			Cars: 3, Seed: 1, Servers: []Server{{MQTT: "a"}, {MQTT: "b"}}, Speed: 60, Report: func(Event) {},
			Credential: func(_ context.Context, c Car, s Server) (Identity, error) {
				if want := []string{"a", "b", "a"}[c.Index]; s.MQTT != want {
					t.Errorf("car %d at %s", c.Index, s.MQTT)
				}
				return Identity{charging.VehicleID(carName(c)), ""}, nil
			},
			Dial: func(Server, Identity) (Link, error) {
				plan := trip.Plan{ID: "p", Departure: time.Now(), DistanceKM: 160, DriveMinutes: 120}
				return &scripted{answers: map[carlink.Action][]carlink.Reply{
					carlink.ActionPlan: {good(200, map[string]any{"plans": []trip.Plan{plan}})},
				}}, nil
			},
		})
		if err != nil || sum.Counts[Done] < 9 || sum.Counts[Connected] != 3 {
			t.Errorf("%+v, %v", sum, err)
		}
	})
}

func TestOptionsRefused(t *testing.T) {
	for name, o := range map[string]Options{
		"no server":      {Cars: 1},
		"negative cars":  {Cars: -1, Servers: []Server{{MQTT: "x", HTTP: "y"}}},
		"no MQTT":        {Cars: 1, Servers: []Server{{HTTP: "y"}}},
		"no way to log":  {Cars: 1, Servers: []Server{{MQTT: "x"}}},
		"negative speed": {Cars: 1, Speed: -1, Servers: []Server{{MQTT: "x", HTTP: "y"}}},
	} {
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestSummaryJSON(t *testing.T) {
	raw, err := json.Marshal(Summary{Cars: 2, Seed: 9, Counts: map[Outcome]int{Done: 2}, Km: 12.345})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]float64
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if got["cars"] != 2 || got["done"] != 2 || got["km"] != 12.3 || len(got) != 4+len(Outcomes()) {
		t.Errorf("%s", raw)
	}
	for _, o := range []Outcome{Planned, Reserved, Aborted, Driving, Charging, Done, Stranded, Disconnected} {
		if _, ok := got[string(o)]; !ok {
			t.Errorf("no counter for %s", o)
		}
	}
}

func TestRegister(t *testing.T) {
	status := http.StatusCreated
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]string
		if json.NewDecoder(r.Body).Decode(&body) != nil || body["model"] == "" || r.URL.Path != "/api/v1/vehicles" || r.Method != http.MethodPost {
			t.Errorf("%s %s %v", r.Method, r.URL, body)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"vehicle_id":"EV-77","secret":"s3"}`))
	}))
	defer server.Close()
	id, err := Register(t.Context(), Draw(1, 1)[0], Server{HTTP: server.URL})
	if err != nil || id != (Identity{"EV-77", "s3"}) {
		t.Errorf("%+v, %v", id, err)
	}
	status = http.StatusTooManyRequests
	if _, err := Register(t.Context(), Draw(1, 1)[0], Server{HTTP: server.URL}); err == nil || !strings.Contains(err.Error(), "429") {
		t.Errorf("%v", err)
	}
}

func TestAnswerOfAProblem(t *testing.T) {
	if err := answer(bad(409, charging.CodeSlotTaken), nil); !errors.Is(err, charging.CodeSlotTaken) {
		t.Errorf("%v", err)
	}
	if err := answer(carlink.Reply{Status: 500}, nil); err == nil {
		t.Error("a 500 without a body is no success")
	}
}

func TestRoles(t *testing.T) {
	drawn, played := draw(3, 0), draw(3, 0)
	Role{}.play(&played)
	if !reflect.DeepEqual(drawn, played) {
		t.Error("an empty role changes what was drawn")
	}
	r := Role{
		Model: "byd-dolphin", Discharge: carlink.Fast, SoC: 0.4, From: "João Pessoa, PB", To: "Feira de Santana, BA",
		Objective: trip.Cheapest, Policy: trip.Wait, Wait: time.Minute,
	}
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	r.play(&played)
	if played.Model.ID != "byd-dolphin" || played.Discharge != carlink.Fast || played.SoC != 0.4 ||
		played.Journey != (Journey{From: r.From, To: r.To, Objective: trip.Cheapest, Policy: trip.Wait, Wait: time.Minute}) {
		t.Errorf("%+v", played)
	}
	for field, bad := range map[string]Role{
		"model": {Model: "tricycle"}, "from": {From: "Atlantis"}, "to": {To: "Atlantis"}, "discharge": {Discharge: "leaky"},
		"soc": {SoC: 2}, "on_conflict": {Policy: "cry"}, "objective": {Objective: "scenic"}, "wait": {Wait: -1},
	} {
		if err := bad.Validate(); err == nil || !strings.HasPrefix(err.Error(), field+":") {
			t.Errorf("%s: %v", field, err)
		}
	}
	there := draw(3, 0)
	Role{To: there.Journey.From}.play(&there)
	if there.Journey.From == there.Journey.To {
		t.Errorf("it is there already: %+v", there.Journey)
	}
	o := base(&scripted{})
	o.Cast = []Role{{SoC: 2}}
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "role 1") {
		t.Errorf("%v", err)
	}
}
