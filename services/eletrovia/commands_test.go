package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/problem"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/app"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

const tripID = "01970000-0000-7000-8000-000000000001"

func asking() trip.Trip {
	low := 0.14
	t := aTrip(trip.AwaitingDecision, charging.Pending)
	t.Decision = &trip.Decision{
		Leg: 3, Code: charging.CodePriorityLost, Detail: "an older trip is ahead", ExpiresAt: day.Add(2 * time.Minute),
		Alternatives: []trip.Alternative{
			{ID: "a1", Leg: 3, CompanyID: "CAJ", LocationID: "CAJ-1", EVSEID: evse("CAJ"), Start: day, End: day.Add(time.Hour), ArriveSoC: &low, DeltaMinutes: 12, DeltaPrice: -3.5},
			{ID: "a2", Leg: 3, CompanyID: "SER", EVSEID: evse("SER"), Start: day, End: day.Add(time.Hour), DeltaMinutes: -4, DeltaPrice: 8},
		},
	}
	return t
}

// losing is a booked trip whose car charges at the first stop and which asks about
// the other two.
func losing() trip.Trip {
	t := aTrip(trip.Confirmed, charging.Canceled)
	t.Legs[0].State, t.Legs[0].Session = charging.Charging, &charging.Session{StartedAt: day.Add(2 * time.Hour)}
	t.Ask(trip.Decision{
		Leg: 2, Code: charging.CodeEVSEOutOfService, Detail: "the charger is broken", ExpiresAt: day.Add(3 * time.Hour),
		Alternatives: []trip.Alternative{{ID: "b1", Leg: 2, CompanyID: "SER", EVSEID: evse("SER"), Start: day, End: day.Add(time.Hour), DeltaMinutes: 12, DeltaPrice: 1}},
	})
	t.Ask(trip.Decision{Leg: 3, Code: charging.CodeEVSEOutOfService, Detail: "the charger is broken", ExpiresAt: day.Add(4 * time.Hour)})
	return t
}

// keeping is a trip of which a cancel has kept two stops.
func keeping() trip.Trip {
	t := aTrip(trip.Confirmed, charging.Canceled)
	t.Legs[0].State = charging.Charging
	t.Legs[1].State, t.Legs[1].BookedAt = charging.Reserved, day.Add(290*time.Minute)
	t.Legs[2].Session = &charging.Session{
		StartedAt: day, EndedAt: day.Add(20 * time.Minute), Minutes: 20, EnergyKWh: 11.25, Estimated: true,
		Price: &charging.Price{Currency: "BRL", Total: 24.3},
	}
	t.Kept = []trip.Kept{{Leg: 1, Code: charging.CodeSessionOpen}, {Leg: 2, Code: charging.CodeCancelTooLate, Until: day.Add(290 * time.Minute)}}
	return t
}

func aborted() trip.Trip {
	t := aTrip(trip.Aborted, charging.Canceled)
	t.Problem = &trip.Problem{Code: charging.CodeSlotTaken, Detail: "stop 3 is booked by another trip"}
	return t
}

// recovering is a store that waits for CAJ; accepted is what the operator makes of it.
func recovering() api.Recovery {
	return api.Recovery{
		State: "recovering", Durable: true, Since: &day, Reason: "BR*MAR*LJPA01: its birth mark is gone",
		Waiting: []api.Witness{{CompanyID: "CAJ", Attempts: 12, Detail: "connection refused"}}, Orphans: []api.Orphan{}, Forgotten: []api.Forgotten{},
	}
}

func accepted() api.Recovery {
	r := recovering()
	r.State, r.Durable, r.Restored, r.Conflicts = "accepted", false, 41, 1
	r.Orphans = []api.Orphan{{ReservationID: tripID, TripID: tripID, Origin: "SER", EVSEID: evse("MAR"), Start: day, End: day.Add(time.Hour), Since: day}}
	r.Forgotten = []api.Forgotten{{ReservationID: tripID, TripID: tripID, Since: day, Last: day.Add(time.Hour)}}
	return r
}

// changedInventory has an EVSE whose location was renamed and one that has left.
func changedInventory() api.Inventory {
	until := day.Add(time.Hour)
	return api.Inventory{
		CompanyID: "MAR", Locations: 2, EVSEs: 7,
		Moved: []api.InventoryChange{{EVSEID: evse("MAR"), Home: "BR*MAR*LOLD01", LocationID: "BR*MAR*LNEW01", Bookings: 2, Until: &until}},
		Left:  []api.InventoryChange{{EVSEID: "BR*MAR*E0002*1", Home: "BR*MAR*LOLD01", Bookings: 1, Until: &until}},
	}
}

// somePlaces are found by name, or with their distances.
func somePlaces(near bool) []api.FoundPlace {
	found := []api.FoundPlace{
		{Name: "Feira de Santana, BA", City: "Feira de Santana", State: "BA", Lat: -12.2664, Lon: -38.9663},
		{Name: "Olho d'Água \x1b[31m, AL", City: "Olho d'Água", State: "AL", Lat: -9.5, Lon: -36.25},
	}
	for i := range found {
		if km := 0.5 + 10*float64(i); near {
			found[i].DistanceKM = &km
		}
	}
	return found
}

// inventory check needs a file and a store, reads both, and fails where bookings
// are touched.
func TestInventoryCheck(t *testing.T) {
	f := newFake(t)
	if got := f.typed(t, false, "inventory", "check"); got.code != terminal.ExitUsage || !strings.Contains(got.err, "--against") {
		t.Errorf("%+v", got)
	}
	if got := f.typed(t, false, "inventory", "check", "--inventory", "no-such-file.yaml", "--against", "redis://127.0.0.1:1"); got.code != terminal.ExitFailure ||
		!strings.Contains(got.err, "no-such-file.yaml") {
		t.Errorf("%+v", got)
	}
	file := filepath.Join(t.TempDir(), "mar.yaml")
	mar, err := os.ReadFile("../company/internal/inventory/mar.yaml")
	if err != nil {
		t.Fatal(err)
	}
	store := "redis://" + booked(t)
	check := func(text string) result {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return f.typed(t, false, "inventory", "check", "--inventory", file, "--against", store)
	}
	if got := check(string(mar)); got.code != 0 || !strings.Contains(got.out, "nothing has moved or left") {
		t.Errorf("the same inventory: %+v", got)
	}
	if got := check(strings.ReplaceAll(string(mar), "BR*MAR*LNAT01", "BR*MAR*LNAT99")); got.code != terminal.ExitFailure ||
		!strings.Contains(got.out, "BR*MAR*LNAT99") || !strings.Contains(got.err, "bookings of 1 EVSE are touched") {
		t.Errorf("a renamed location: %+v", got)
	}
}

// booked is the address of the store of a server of MAR, with one booking at
// BR*MAR*E0001*1.
func booked(t *testing.T) string {
	t.Helper()
	a, err := app.New(app.Options{Company: "MAR", OperatorSecret: app.DemoSecret, Store: app.Store{Kind: app.StoreMemory}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Stop(context.Background()) })
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	redis, err := net.Dial("tcp", a.StoreAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer redis.Close()
	words := []string{"ZADD", "cal:{BR*MAR*LNAT01}:BR*MAR*E0001*1", "4102441200", "R|4102444800|" + tripID}
	fmt.Fprintf(redis, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(redis, "$%d\r\n%s\r\n", len(w), w)
	}
	if answer, err := bufio.NewReader(redis).ReadString('\n'); err != nil || answer != ":1\r\n" {
		t.Fatal(answer, err)
	}
	return a.StoreAddr()
}

// Each command, plain, as JSON, and on a terminal without colour.
func TestOutputs(t *testing.T) {
	drive := []string{"--from", "João Pessoa, PB", "--to", "Feira de Santana, BA"}
	withDrive := func(args ...string) []string { return append(args, drive...) }
	cases := []struct {
		name   string
		args   []string
		answer map[string]any
		code   int
	}{
		{"plan", withDrive("plan"), map[string]any{"POST /api/v1/plans": api.PlanResponse{Plans: []trip.Plan{plan(), plan()}}}, 0},
		{
			"plan-edited",
			[]string{"plan", "--base", "p-91c2", "--fix", "1", "--depart", "2=80", "--stay", "2=45", "--avoid", "CAJ", "--via", "Recife, PE:30"},
			map[string]any{"POST /api/v1/plans": api.PlanResponse{Plans: []trip.Plan{editedPlan()}}},
			0,
		},
		{"places", []string{"places", "feira"}, map[string]any{"GET /api/v1/places": somePlaces(false)}, 0},
		{"places-near", []string{"places", "--near", "-12.27,-38.97"}, map[string]any{"GET /api/v1/places/near": somePlaces(true)}, 0},
		{"no-places", []string{"places", "xyz"}, map[string]any{"GET /api/v1/places": []api.FoundPlace{}}, 0},
		{"models", []string{"models"}, map[string]any{"GET /api/v1/models": []api.Model{{
			ID: "nissan-leaf", Name: "Nissan Leaf 40 kWh", UsableBatteryKWh: 38, ConsumptionKWh100Km: 16.4, DCKW: 45, ACKW: 6.6,
			Ports: []string{"IEC_62196_T2", "CHADEMO"}, DCCurve: [][2]float64{{0, 41}, {62, 45}},
		}}}, 0},
		{"reserve", withDrive("reserve", "--vehicle", "EV-0001"), map[string]any{
			"POST /api/v1/plans": api.PlanResponse{Plans: []trip.Plan{plan()}},
			"POST /api/v1/trips": aTrip(trip.Confirmed, charging.Reserved),
		}, 0},
		{
			"reserve-aborted",
			[]string{"reserve", "--vehicle", "EV-0001", "--plan", "p1", "--on-conflict", "abort"},
			map[string]any{"POST /api/v1/trips": aborted()},
			3,
		},
		{"reserve-asks", []string{"reserve", "--vehicle", "EV-0001", "--plan", "p1"}, map[string]any{"POST /api/v1/trips": asking()}, 3},
		{"decide", []string{"decide", tripID, "--take", "2", "--vehicle", "EV-0001"}, map[string]any{
			"GET /api/v1/trips/" + tripID:                asking(),
			"POST /api/v1/trips/" + tripID + "/decision": aTrip(trip.Confirmed, charging.Reserved),
		}, 0},
		{
			"cancel",
			[]string{"cancel", tripID, "--vehicle", "EV-0001"},
			map[string]any{"DELETE /api/v1/trips/" + tripID: aTrip(trip.Canceled, charging.Canceled)},
			0,
		},
		{
			"cancel-kept",
			[]string{"cancel", tripID, "--vehicle", "EV-0001"},
			map[string]any{"DELETE /api/v1/trips/" + tripID: keeping()},
			3,
		},
		{"trip-asks", []string{"trips", tripID}, map[string]any{"GET /api/v1/trips/" + tripID: losing()}, 0},
		{"trips", []string{"trips"}, map[string]any{"GET /api/v1/trips": []trip.Trip{aTrip(trip.Confirmed, charging.Reserved), aborted()}}, 0},
		{"trip", []string{"trips", tripID}, map[string]any{"GET /api/v1/trips/" + tripID: planned(aTrip(trip.Confirmed, charging.Reserved))}, 0},
		{"history", []string{"trips", tripID, "--history"}, map[string]any{"GET /api/v1/trips/" + tripID + "/history": []trip.Entry{
			{At: day, Step: "create", State: trip.Reserving, Answer: "ok", Epoch: 1},
			{At: day, Step: "reserve", State: trip.Reserving, Leg: 1, CompanyID: "MAR", Attempt: 1, Answer: "PENDING", Millis: 1.25, Epoch: 1},
		}}, 0},
		{"locks", []string{"locks"}, map[string]any{"GET /api/v1/locks": []charging.Lock{{
			Key: "lock:x", EVSEID: evse("MAR"), TripID: tripID, Origin: "SER", Leg: 2, Start: day, End: day.Add(time.Hour),
			State: charging.Pending, Fence: 17, TTLMillis: 18_250,
		}}}, 0},
		{"overview", []string{"overview"}, map[string]any{"GET /api/v1/overview": someOverview()}, 0},
		{"broker", []string{"broker", "--limit", "2"}, map[string]any{"GET /api/v1/broker": someBroker()}, 0},
		{"calendar", []string{"calendar"}, map[string]any{"GET /api/v1/calendars": someCalendars()}, 0},
		{"bookings", []string{"bookings", "--state", "RESERVED"}, map[string]any{"GET /api/v1/bookings": someCalendars().Calendars[0].Entries}, 0},
		{"no-bookings", []string{"bookings", "--of", "EV-0001"}, map[string]any{"GET /api/v1/bookings": []api.Booking{}}, 0},
		{"bookings-cancel", []string{"bookings", "cancel", tripID, "--reason", "the transformer"}, map[string]any{
			"POST /api/v1/reservations/" + tripID + "/cancel": someCalendars().Calendars[0].Entries[0],
		}, 0},
		{"evses-dry-run", []string{"evses", "out", "BR*MAR*E0001*1", "--dry-run"}, map[string]any{"PUT /api/v1/evses/BR*MAR*E0001*1/status": api.DryRun{
			EVSEStatusRequest: api.EVSEStatusRequest{Status: charging.StatusOutOfOrder, Reason: api.ReasonBrokenCharger}, Bookings: someCalendars().Calendars[0].Entries,
		}}, 0},
		{"evses-out", []string{"evses", "out", "BR*MAR*E0001*1", "--reason", "POWER_OUTAGE"}, map[string]any{"PUT /api/v1/evses/BR*MAR*E0001*1/status": api.EVSEStatusRequest{}}, 0},
		{"evses-back", []string{"evses", "back", "BR*MAR*E0001*1"}, map[string]any{"PUT /api/v1/evses/BR*MAR*E0001*1/status": api.EVSEStatusRequest{}}, 0},
		{"trips-silent", []string{"trips", "--vehicle", "EV-0001"}, map[string]any{"GET /api/v1/trips": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set(api.SilentHeader, "CAJ, SER")
			_ = json.NewEncoder(w).Encode([]trip.Trip{aTrip(trip.Confirmed, charging.Reserved)})
		})}, 0},
		{"trip-known-here", []string{"trips", tripID, "--vehicle", "EV-0001"}, map[string]any{"GET /api/v1/trips/" + tripID: away()}, 1},
		{"vehicles-cancel", []string{"vehicles", "cancel", "EV-0001", "--reason", "stolen"}, map[string]any{"POST /api/v1/vehicles/EV-0001/cancel": api.Ended{
			VehicleID: "EV-0001", Canceled: someCalendars().Calendars[0].Entries[:1], Kept: someCalendars().Calendars[0].Entries[1:],
		}}, 3},
		{"vehicles-message", []string{"vehicles", "message", "EV-0001", "--text", "bay 2 is under water", "--reason", "rain"}, map[string]any{
			"POST /api/v1/vehicles/EV-0001/message": api.MessageSent{Message: someMessage(), Told: []api.MessageTold{{CompanyID: "MAR", OK: true}, {CompanyID: "CAJ", Detail: "away"}}},
		}, 0},
		{"vehicles-messages", []string{"vehicles", "messages", "--vehicle", "EV-0001"}, map[string]any{
			"GET /api/v1/vehicles/me": api.Me{VehicleID: "EV-0001", Messages: []charging.Message{someMessage()}},
		}, 0},
		{"bookings-history", []string{"bookings", "history", tripID}, map[string]any{"GET /api/v1/reservations/" + tripID + "/history": someSteps()}, 0},
		{"bookings-extend", []string{"bookings", "extend", tripID, "--minutes", "20", "--reason", "slow"}, map[string]any{
			"POST /api/v1/reservations/" + tripID + "/extend": aTrip(trip.Confirmed, charging.Reserved),
		}, 0},
		{"audit", []string{"audit"}, map[string]any{"GET /api/v1/audit": []charging.Act{
			{ID: tripID, At: day, Who: "operator", What: "cancel a booking", Of: tripID, Reason: "the transformer", RequestID: "MAR-1", Answer: "ok", EndedAt: day},
			{ID: tripID, At: day, Who: "operator", What: "set an EVSE OUTOFORDER", Of: "BR*MAR*E0001*1"},
		}}, 0},
		{"no-locks", []string{"locks"}, map[string]any{"GET /api/v1/locks": []charging.Lock{}}, 0},
		{"peers", []string{"peers"}, map[string]any{"GET /api/v1/peers": []api.Peer{
			{CompanyID: "SER", Name: "Sertão Energia", Auth: "key", URL: "http://10.0.0.2:8080", Status: "up", LastSeen: day, RTTMillis: 1.5, SkewMillis: -3, Locations: 12, EVSEs: 25, MQTT: &api.PeerLink{Online: true, Since: day, Connects: 1}, Breaker: "closed", RequestsPerMinute: 40, FailuresPerMinute: 2, LastFailure: &api.Failure{At: day, Detail: "connection refused"}, Versions: []string{"v1"}, Keys: []api.PeerKey{{ID: "k1", Since: day}}, Dropped: &api.PeerDrops{
				Count: 3, Last: api.PeerDrop{What: "EVSEs of location BR*SER*LREC01: number 2", Why: "status \"WEIRD\" is none of the four", At: day},
			}},
			{CompanyID: "CAJ", Auth: "token", URL: "http://10.0.0.3:8080", Status: "down", Suspended: &api.PeerSuspended{Since: day, Reason: "stamps of 1970", By: "operator"}, Caught: &api.PeerCaught{
				Count: 224, What: "the ticket of trip " + tripID + " is dated 495000h0m0s ago", At: day,
			}, Detail: "connection refused", MQTT: &api.PeerLink{Connects: 2, Problem: "connection refused"}},
		}}, 0},
		{"suspend", []string{"peers", "suspend", "CAJ", "--reason", "stamps of 1970"}, map[string]any{
			"POST /api/v1/peers/CAJ/suspend": api.Suspension{CompanyID: "CAJ", Suspended: true, Since: day, Reason: "stamps of 1970", Released: 224},
		}, 0},
		{"resume", []string{"peers", "resume", "CAJ"}, map[string]any{
			"POST /api/v1/peers/CAJ/resume": api.Suspension{CompanyID: "CAJ", Since: day},
		}, 0},
		{"revoke", []string{"vehicles", "revoke", "EV-77", "--reason", "stolen"}, map[string]any{
			"POST /api/v1/vehicles/EV-77/revoke": api.RegisterResponse{VehicleID: "EV-77", Secret: "n3w"},
		}, 0},
		{"invite", []string{"vehicles", "invite", "--count", "2"}, map[string]any{
			"POST /api/v1/invites": api.Invites{Invites: []string{"C0DE1", "C0DE2"}, ExpiresAt: day},
		}, 0},
		{"recovery", []string{"recovery"}, map[string]any{"GET /api/v1/recovery": recovering()}, 0},
		{"inventory", []string{"inventory"}, map[string]any{"GET /api/v1/inventory": changedInventory()}, 0},
		{"inventory-reload", []string{"inventory", "reload"}, map[string]any{"POST /api/v1/inventory/reload": api.Inventory{CompanyID: "MAR", Locations: 1, EVSEs: 2}}, 0},
		{"recovery-accept", []string{"recovery", "accept", "--reason", "CAJ is gone"}, map[string]any{"POST /api/v1/recovery/accept": accepted()}, 0},
	}
	for _, c := range cases {
		for mode, extra := range map[string][]string{"plain": nil, "json": {"--json"}, "terminal": nil} {
			t.Run(c.name+"/"+mode, func(t *testing.T) {
				f := newFake(t)
				for route, answer := range c.answer {
					f.answers[route] = answer
				}
				got := f.typed(t, mode == "terminal", append(c.args, extra...)...)
				if got.code != c.code {
					t.Fatalf("exit %d, want %d; %s", got.code, c.code, got.err)
				}
				if mode == "json" && !json.Valid([]byte(got.out)) {
					t.Errorf("no JSON: %s", got.out)
				}
				if mode != "terminal" && strings.ContainsRune(got.out, '\x1b') {
					t.Errorf("escape codes where nobody asked for them: %q", got.out)
				}
				golden(t, c.name+"-"+mode, got.out)
			})
		}
	}
}

func TestExitCodes(t *testing.T) {
	stop := "BR*MAR*E0001*1,2026-11-24T08:00:00Z,2026-11-24T08:30:00Z"
	cases := []struct {
		name   string
		answer any
		args   []string
		code   int
		says   string
	}{
		{"infeasible", problem.New("INFEASIBLE_TRIP", "the battery ends near Maceió"), nil, 4, "near Maceió"},
		{"infeasible but for a margin", problem.Problem{
			Status: 422, Title: "x", Code: "INFEASIBLE_TRIP", Detail: "short",
			ThinnerPlans: json.RawMessage(`[{"needs":{"min_arrival_soc":0.06,"min_destination_soc":0.1},"plan_id":"p-thin","arrive_soc":0.1,"stops":[{"leg":1,"evse_id":"BR*MAR*E0001*1","location_name":"Porto","arrive_soc":0.062,"depart_soc":0.8}]}]`),
		}, nil, 4, "with 6% left on the way and 10% at the destination: 1 stop"},
		{"taken", problem.New("SLOT_TAKEN", "booked"), nil, 3, "next: eletrovia plan"},
		{"another vehicle's secret", problem.New("FORBIDDEN", "no"), nil, 1, "FORBIDDEN"},
		{"store away", problem.New("STORE_UNAVAILABLE", "redis"), nil, 1, "next: eletrovia doctor"},
		{"field", problem.Problem{
			Status: 422, Title: "x", Code: "INVALID_FIELD", Detail: "bad",
			Errors: []problem.FieldError{{Field: "stops[0].evse_id", Reason: "is no EVSE"}},
		}, nil, 2, "stops[0].evse_id: is no EVSE"},
		{"no vehicle", nil, []string{"reserve", "--stop", stop}, 2, "--vehicle"},
		{"bad stop", nil, []string{"reserve", "--vehicle", "EV-0001", "--stop", "x"}, 2, "EVSE,START,END"},
		{"bad policy", nil, []string{"reserve", "--vehicle", "EV-0001", "--stop", stop, "--on-conflict", "pray"}, 2, "ask, replan, wait or abort"},
		{"nowhere", nil, []string{"reserve", "--vehicle", "EV-0001"}, 2, "--from"},
		{"soc in percent", nil, []string{"plan", "--from", "a", "--to", "b", "--soc", "90"}, 2, "fraction"},
		{"fix without a plan", nil, []string{"plan", "--from", "a", "--to", "b", "--fix", "1"}, 2, "--base PLAN"},
		{"base and a drive", nil, []string{"plan", "--base", "p1", "--fix", "1", "--soc", "0.5"}, 2, "--soc beside --base"},
		{"base and nothing", nil, []string{"plan", "--base", "p1"}, 2, "say what to change"},
		{"depart with a word", nil, []string{"plan", "--base", "p1", "--depart", "2=full"}, 2, "2=80"},
		{"stay nowhere", nil, []string{"plan", "--base", "p1", "--stay", "45"}, 2, "2=45"},
		{"replace by a town", nil, []string{"plan", "--base", "p1", "--replace", "2=Recife"}, 2, "a location"},
		{"via for a while", nil, []string{"plan", "--base", "p1", "--via", "Recife, PE:a while"}, 2, "minutes to stay"},
		{"via and none", nil, []string{"plan", "--base", "p1", "--via", "Recife, PE", "--no-via"}, 2, "contradict"},
		{"places without a name", nil, []string{"places"}, 2, "--near"},
		{"places by both", nil, []string{"places", "feira", "--near", "1,2"}, 2, "--near"},
		{"places near nowhere", nil, []string{"places", "--near", "1;2"}, 2, "lat,lon"},
		{"too many places", nil, []string{"places", "feira", "--limit", "51"}, 2, "1 to 50"},
		{"bad departure", nil, []string{"plan", "--from", "a", "--to", "b", "--departure", "tomorrow"}, 2, "+2h"},
		{"unknown flag", nil, []string{"trips", "--colour"}, 2, "unknown flag"},
		{"unknown command", nil, []string{"fly"}, 2, "unknown command"},
		{"missing argument", nil, []string{"cancel"}, 2, "usage: eletrovia cancel TRIP"},
		{"too many arguments", nil, []string{"locks", "x"}, 2, "usage: eletrovia locks"},
		{"suspend whom", nil, []string{"peers", "suspend", "--reason", "x"}, 2, "usage: eletrovia peers suspend COMPANY"},
		{"suspend nobody", nil, []string{"peers", "suspend", "caj", "--reason", "x"}, 2, "caj"},
		{"suspend why", nil, []string{"peers", "suspend", "CAJ"}, 2, "--reason"},
		{"revoke what", nil, []string{"vehicles"}, 2, "revoke VEHICLE --reason TEXT"},
		{"revoke whom", nil, []string{"vehicles", "revoke", "--reason", "x"}, 2, "usage: eletrovia vehicles revoke VEHICLE"},
		{"revoke why", nil, []string{"vehicles", "revoke", "EV-77"}, 2, "--reason"},
		{"two decisions", nil, []string{"decide", tripID, "--wait", "--give-up", "--vehicle", "EV-0001"}, 2, "say one of"},
		{"no server", nil, []string{"trips", "--server", "gopher://x"}, 2, "http://host:port"},
		{"no secret beyond loopback", nil, []string{"trips", "--server", "http://192.0.2.1:1"}, 2, "operator's secret"},
		{"bad state", nil, []string{"trips", "--state", "LOST"}, 2, "want one of"},
		{"bad log level", nil, []string{"demo", "--log-level", "loud"}, 2, "debug, info, warn or error"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			f.answers["POST /api/v1/trips"] = c.answer
			args := c.args
			if args == nil {
				args = []string{"reserve", "--vehicle", "EV-0001", "--stop", stop}
			}
			got := f.typed(t, false, args...)
			if got.code != c.code || !strings.Contains(got.err, c.says) {
				t.Errorf("exit %d, want %d; says %q, want %q in it", got.code, c.code, got.err, c.says)
			}
			if got.out != "" {
				t.Errorf("an error writes on standard output: %q", got.out)
			}
		})
	}
}

func TestReserveSendsWhatWasAsked(t *testing.T) {
	f := newFake(t)
	f.answers["POST /api/v1/trips"] = aTrip(trip.Confirmed, charging.Reserved)
	got := f.typed(t, false, "reserve", "--vehicle", "EV-0002", "--secret", "s3cret", "--on-conflict", "wait", "--decision-timeout", "90s",
		"--wait", "7s", "--key", "once", "--stop", "BR*MAR*E0001*1,2026-11-24T05:00:00-03:00,2026-11-24T08:30:00Z")
	if got.code != 0 {
		t.Fatal(got.err)
	}
	h := f.last(t, "POST /api/v1/trips")
	if h.user != "EV-0002" || h.secret != "s3cret" || h.prefer != "wait=7" || h.key != "once" {
		t.Errorf("asked as %+v", h)
	}
	req, err := api.DecodeTrip([]byte(h.body), time.Time{})
	if err != nil {
		t.Fatalf("the server would refuse %s: %v", h.body, err)
	}
	if req.OnConflict != trip.Wait || req.DecisionTimeoutSeconds != 90 || len(req.Stops) != 1 || !req.Stops[0].Start.Equal(day) {
		t.Errorf("asked for %+v", req)
	}
}

// A booking without --key gets a key of its own, so that a repeat of the
// request on the way books nothing twice.
func TestReserveMakesAKey(t *testing.T) {
	f := newFake(t)
	f.answers["POST /api/v1/trips"] = aTrip(trip.Confirmed, charging.Reserved)
	keys := map[string]bool{}
	for range 2 {
		if got := f.typed(t, false, "reserve", "--vehicle", "EV-0001", "--plan", "p1"); got.code != 0 {
			t.Fatal(got.err)
		}
		keys[f.last(t, "POST /api/v1/trips").key] = true
	}
	if len(keys) != 2 || keys[""] {
		t.Errorf("keys %v", keys)
	}
}

func TestDecideSendsTheAlternative(t *testing.T) {
	f := newFake(t)
	f.answers["GET /api/v1/trips/"+tripID] = asking()
	f.answers["POST /api/v1/trips/"+tripID+"/decision"] = aTrip(trip.Confirmed, charging.Reserved)
	for _, c := range []struct {
		flags []string
		want  string
	}{
		{[]string{"--take", "2"}, `{"action":"continue","alternative_id":"a2"}`},
		{[]string{"--take", "a1"}, `{"action":"continue","alternative_id":"a1"}`},
		{[]string{"--wait"}, `{"action":"wait"}`},
		{[]string{"--give-up"}, `{"action":"give_up"}`},
		{[]string{"--alternative", "a1"}, `{"action":"continue","alternative_id":"a1"}`},
		{[]string{"--leg", "3", "--give-up"}, `{"leg":3,"action":"give_up"}`},
		{[]string{"--leg", "3", "--take", "1"}, `{"leg":3,"action":"continue","alternative_id":"a1"}`},
		{
			[]string{"--leg", "3", "--stop", "BR*MAR*E0001*1,2026-11-24T08:00:00Z,2026-11-24T08:30:00Z"},
			`{"leg":3,"action":"continue","stop":{"leg":3,"evse_id":"BR*MAR*E0001*1","start":"2026-11-24T08:00:00Z","end":"2026-11-24T08:30:00Z"}}`,
		},
		{
			[]string{"--answer", "3=2", "--answer", "1=give_up", "--answer", "2=x9"},
			`{"answers":[{"leg":3,"action":"continue","alternative_id":"a2"},{"leg":1,"action":"give_up"},{"leg":2,"action":"continue","alternative_id":"x9"}]}`,
		},
	} {
		if got := f.typed(t, false, append([]string{"decide", tripID, "--vehicle", "EV-0001"}, c.flags...)...); got.code != 0 {
			t.Fatalf("%v: %s", c.flags, got.err)
		}
		if body := f.last(t, "POST /api/v1/trips/"+tripID+"/decision").body; body != c.want {
			t.Errorf("%v sends %s, want %s", c.flags, body, c.want)
		}
	}
	for flags, code := range map[string]int{
		"--take 3": 2, "--leg 2 --take 1": 3, "--answer 2=1": 3, "--answer 2": 2, "--answer x=1": 2, "--answer 3=": 2,
		"--answer 3=wait --give-up": 2, "--leg 3 --answer 3=wait": 2, "--leg 3": 2, "--answer 3=a,b": 2,
	} {
		if got := f.typed(t, false, append([]string{"decide", tripID, "--vehicle", "EV-0001"}, strings.Fields(flags)...)...); got.code != code {
			t.Errorf("decide %s: exit %d, want %d: %s", flags, got.code, code, got.err)
		}
	}
}

func TestWatchPiped(t *testing.T) {
	f := newFake(t)
	f.answers["GET /api/v1/events"] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		confirmed, _ := json.Marshal(aTrip(trip.Confirmed, charging.Reserved))
		event, _ := json.Marshal(trip.Event{ID: 2, Type: trip.EventTrip, At: day, TripID: tripID, Data: confirmed})
		_, _ = w.Write([]byte(": hello\n\nid: 1\nevent: car\ndata: {\"id\":1,\"type\":\"car\"}\n\nid: 2\nevent: trip\ndata: " + string(event) + "\n\n"))
	})
	got := f.typed(t, false, "trips", "--watch")
	if got.code != 1 || strings.Count(got.out, "\n") != 1 || !strings.Contains(got.out, tripID+"\tCONFIRMED") {
		t.Errorf("exit %d, out %q, err %q", got.code, got.out, got.err)
	}
}

func TestSagasListsEachOnce(t *testing.T) {
	f := newFake(t)
	f.answers["GET /api/v1/trips"] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ts := []trip.Trip{}
		stuck := aTrip(trip.Compensating, charging.Reserved)
		if r.URL.Query().Get("stuck") == "true" {
			stuck.Saga = &trip.Saga{Stuck: &trip.Stuck{Leg: 2, Reason: "SER does not answer", Attempts: 9, NextRetry: day}}
			ts = append(ts, stuck)
		} else if r.URL.Query().Get("state") == string(trip.Compensating) {
			ts = append(ts, stuck)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(ts)
	})
	got := f.typed(t, false, "sagas")
	if got.code != 0 || strings.Count(got.out, tripID+"\t") != 1 || !strings.Contains(got.out, "leg 2, 9 attempts: SER does not answer") {
		t.Errorf("exit %d: %s %s", got.code, got.out, got.err)
	}
}

func TestRetryAndResolveASaga(t *testing.T) {
	f := newFake(t)
	f.answers["POST /api/v1/trips/"+tripID+"/retry"] = aTrip(trip.Compensating, charging.Reserved)
	f.answers["POST /api/v1/trips/"+tripID+"/resolve"] = aTrip(trip.Aborted, charging.Canceled)
	f.answers["GET /api/v1/trips"] = []trip.Trip{}
	for line, c := range map[string]struct {
		code int
		says string
	}{
		"sagas --stuck":                              {0, "no saga is stuck"},
		"sagas retry " + tripID:                      {0, "is tried again now"},
		"sagas resolve " + tripID + " --reason gone": {0, "is resolved by your word"},
		"sagas resolve " + tripID:                    {2, "for the audit"},
	} {
		got := f.typed(t, false, strings.Fields(line)...)
		if got.code != c.code || !strings.Contains(got.out+got.err, c.says) {
			t.Errorf("%s: exit %d: %s %s", line, got.code, got.out, got.err)
		}
	}
}

func TestHealthcheck(t *testing.T) {
	f := newFake(t)
	f.answers["GET /readyz"] = api.Health{}
	if got := f.typed(t, false, "healthcheck"); got.code != 0 || got.out != "ready\n" {
		t.Errorf("%+v", got)
	}
	f.answers["GET /readyz"] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_ = json.NewEncoder(w).Encode(api.Health{Status: "unavailable", Checks: map[string]string{"store": "redis is away"}})
	})
	if got := f.typed(t, false, "healthcheck"); got.code != 1 || !strings.Contains(got.err, "redis is away") {
		t.Errorf("%+v", got)
	}
	asked := ""
	f.answers["GET /readyz"] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked = r.URL.RawQuery; asked != "for=drive" {
			w.WriteHeader(http.StatusUnprocessableEntity)
		}
		_ = json.NewEncoder(w).Encode(api.Health{})
	})
	if got := f.typed(t, false, "healthcheck", "--for", "drive"); got.code != 0 {
		t.Errorf("asked %q: %+v", asked, got)
	}
	if got := f.typed(t, false, "healthcheck", "--for", "fun"); got.code != terminal.ExitUsage || !strings.Contains(got.err, "book, drive or peers") {
		t.Errorf("%+v", got)
	}
}

func TestColour(t *testing.T) {
	f := newFake(t)
	f.answers["GET /api/v1/trips"] = []trip.Trip{aborted()}
	for environ, coloured := range map[string]bool{"NO_COLOR=1": false, "NO_COLOR=": true, "TERM=dumb": false} {
		var out strings.Builder
		code := run(t.Context(), []string{"trips"}, terminal.Shell{
			Out: &out, Err: &out, Program: "eletrovia", OutIsTerminal: true, Environ: []string{"ELETROVIA_SERVER=" + f.URL, environ},
		})
		if code != 0 || strings.ContainsRune(out.String(), '\x1b') != coloured {
			t.Errorf("%s: exit %d, %q", environ, code, out.String())
		}
	}
}

func someOverview() api.Overview {
	p95 := 18.5
	return api.Overview{
		At: day, Since: day.Add(-time.Hour), Cars: 7, PlugsInUse: 2, EVSEs: 12, Holds: 3, Streams: 1,
		Sagas: map[trip.State]int{trip.Confirmed: 5, trip.Reserving: 1}, ReserveP95: &p95, ConflictsHour: 4, CompensationsHour: 2, StepSeconds: 10,
		History: api.History{
			Cars: []int{5, 6, 7}, PlugsInUse: []int{1, 1, 2}, Holds: []int{0, 9, 3}, Sagas: []int{4, 5, 6},
			ReserveP95: []*float64{nil, &p95, &p95}, Conflicts: []int{0, 4, 0}, Compensations: []int{0, 2, 0},
		},
	}
}

func someBroker() api.Broker {
	on, off := true, false
	return api.Broker{
		At: day, Clients: 2, Sessions: 3, Subscriptions: 6, Retained: 5, InPerSecond: 2.5, OutPerSecond: 4, Dropped: 9, LetGo: 1,
		Refused: map[string]int64{"login_secret": 3}, CarsTotal: 3,
		SlowReaders: []api.SlowReader{{Who: "EV-0002", ClientID: "car", PendingBytes: 4096, InFlight: 2}},
		Cars: []api.BrokerCar{
			{VehicleID: "EV-0001", Connected: &on, HeardAt: &day, Last: &api.Sighting{At: day, SoC: 0.54, Lat: -7.1, Lon: -34.9}},
			{VehicleID: "EV-0002", Connected: &off},
		},
	}
}

// someCalendars are an EVSE with a booking and a hold, and one that is broken.
func someCalendars() api.Calendars {
	return api.Calendars{Now: day, CivilNow: day, From: day, To: day.Add(24 * time.Hour), Calendars: []api.Calendar{
		{EVSEID: evse("MAR"), LocationID: "BR*MAR*LJPA01", LocationName: "João Pessoa", Status: charging.StatusReserved, StatusSince: day, Entries: []api.Booking{
			{ReservationID: tripID, EVSEID: evse("MAR"), State: charging.Reserved, Start: day, End: day.Add(time.Hour), TripID: tripID, Origin: "SER", Leg: 2, VehicleID: "EV-0001", Settled: true, Fence: 17},
			{ReservationID: tripID, EVSEID: evse("MAR"), State: charging.Pending, Start: day.Add(time.Hour), End: day.Add(2 * time.Hour), TripID: tripID, Origin: "CAJ", Leg: 1, VehicleID: "EV-0002", TTLMillis: 18_250, ExpiresAt: day.Add(18250 * time.Millisecond), Fence: 18},
		}, OutOfService: []api.Outage{}},
		{EVSEID: "BR*MAR*E0009*1", LocationID: "BR*MAR*LJPA01", LocationName: "João Pessoa", Status: charging.StatusOutOfOrder, StatusReason: "BROKEN_CHARGER", Entries: []api.Booking{}, OutOfService: []api.Outage{{Start: day, Reason: "BROKEN_CHARGER"}}},
	}}
}

func someSteps() api.ReservationHistory {
	return api.ReservationHistory{Reservation: someCalendars().Calendars[0].Entries[0], Steps: []api.ReservationStep{
		{Seq: 1, At: day, CivilAt: day, Step: charging.StepReserve, State: charging.Pending, By: "SER", Request: "SER-1x-4"},
		{Seq: 2, At: day, CivilAt: day, Step: charging.StepMove, From: charging.Reserved, State: charging.Reserved, By: "SER", Start: day, End: day.Add(time.Hour)},
		{Seq: 3, At: day, CivilAt: day, Step: charging.StepStart, From: charging.Reserved, State: charging.Reserved, By: "SER", Code: charging.CodeTooEarly},
		{Seq: 4, At: day, CivilAt: day, Step: charging.StepCancel, From: charging.Reserved, State: charging.Canceled, By: api.ByOperator, Reason: "the transformer"},
	}}
}

func someMessage() charging.Message {
	return charging.Message{ID: tripID, From: "SER", At: day, Text: "bay 2 is under water", TripID: tripID}
}

// away is the answer about a trip whose own company does not answer.
func away() problem.Problem {
	p := problem.New(string(charging.CodePeerUnavailable), "MAR is away; ask again soon")
	p.KnownHere, _ = json.Marshal(api.KnownHere{TripID: tripID, OriginCompany: "MAR", SilentSince: day, Legs: []api.KnownHereLeg{
		{Leg: 2, ReservationID: tripID, EVSEID: evse("SER"), Start: day, End: day.Add(time.Hour), State: charging.Reserved},
	}})
	return p
}
