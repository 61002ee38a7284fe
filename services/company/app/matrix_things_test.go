package app

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// books makes a trip of the vehicle that is registered at SER.
func (m *matrix) books() trip.Trip {
	m.Helper()
	d, err := client.NewDriver(client.DriverOptions{BaseURL: m.ser.URL(), User: string(m.here.id), Secret: m.here.secret})
	if err != nil {
		m.Fatal(err)
	}
	plans, err := d.Plan(m.Context(), journey())
	if err != nil || len(plans) == 0 {
		m.Fatalf("%d plans, %v", len(plans), err)
	}
	booked, err := d.CreateTrip(m.Context(), api.TripRequest{VehicleID: m.here.id, PlanID: plans[0].ID, OnConflict: trip.Abort}, "", 15*time.Second)
	if err != nil || booked.State != trip.Confirmed {
		m.Fatalf("%s, %v; problem %+v", booked.State, err, booked.Problem)
	}
	return booked
}

func (m *matrix) company(id charging.CompanyID, signs *App) *client.Client {
	m.Helper()
	c, err := client.New(client.Options{BaseURL: m.ser.URL(), Token: client.Fixed(m.shows(id, signs, "SER", time.Now())), Self: id, Peer: "SER"})
	if err != nil {
		m.Fatal(err)
	}
	return c
}

// reserves makes MAR have a reservation at SER, which is RESERVED.
func (m *matrix) reserves() charging.HoldRequest {
	m.Helper()
	h := wish(m.T, m.ser, 20)
	h.Origin = "MAR"
	mar := m.company("MAR", m.mar)
	if _, err := mar.Reserve(m.Context(), h); err != nil {
		m.Fatal(err)
	}
	if _, err := mar.Confirm(m.Context(), h.Ref); err != nil {
		m.Fatal(err)
	}
	return h
}

// acts are the bodies of the actions on a reservation, that say who its origin is.
func acts(m *matrix, h charging.HoldRequest, origin charging.CompanyID) map[string]string {
	m.Helper()
	body := func(more map[string]any) string {
		b := map[string]any{"trip_id": h.TripID, "origin": origin, "evse_id": h.EVSEID, "end": h.End, "epoch": h.Epoch}
		maps.Copy(b, more)
		raw, err := json.Marshal(b)
		if err != nil {
			m.Fatal(err)
		}
		return string(raw)
	}
	hold := map[string]any{"leg": h.Leg, "start": h.Start, "vehicle_id": h.VehicleID, "ttl_seconds": 30, "ticket": "a.b.c"}
	claim := body(hold)
	delete(hold, "ticket")
	return map[string]string{
		"reserve": body(hold), "claim": claim, "renew": body(map[string]any{"ttl_seconds": 10}), "confirm": body(nil), "compensate": body(nil),
		"start": body(nil), "complete": body(nil),
		"move": body(map[string]any{"seq": 1, "to": map[string]any{"start": h.Start.Add(time.Hour), "end": h.End.Add(time.Hour)}}),
	}
}

// thing is a request about what is somebody's, and who of the columns may make it.
type thing struct{ method, path, body, may string }

// things are about a trip of a vehicle of SER's, and a reservation of MAR's. A new one is
// one line; what really acts comes after what does not.
func things(m *matrix, booked trip.Trip, held charging.HoldRequest) []thing {
	trips, own, reservation := "/api/v1/trips/"+string(booked.ID), "/api/v1/vehicles/"+string(m.here.id), "/federation/v1/reservations/"+string(held.ID)
	of := map[charging.CompanyID]trip.Leg{}
	for _, l := range booked.Legs {
		of[l.CompanyID] = l
	}
	notices, about := "/federation/v1/trips/"+string(booked.ID), `{"reservation_id":"`+string(of["MAR"].ReservationID)+`","leg":1,`
	list := []thing{
		{"GET", trips, "", "owner operator"},
		{"GET", trips + "/alternatives?leg=1", "", "owner operator"},
		{"GET", trips + "/history", "", "owner operator"},
		{"GET", "/api/v1/trips?vehicle_id=" + string(m.here.id), "", "owner operator"},
		{"POST", "/api/v1/trips", `{"vehicle_id":"` + string(m.here.id) + `","plan_id":"` + unknownTrip + `"}`, "owner"},
		{"POST", trips + "/decision", `{"action":"give_up"}`, "owner"},
		{"POST", trips + "/swap", `{"alternative_id":"a1"}`, "owner"},
		{"DELETE", trips, "", "owner"},
		{"POST", notices + "/changed", about + `"state":"CANCELED","reason":"POWER_OUTAGE"}`, "MAR"},
		{"POST", notices + "/preempted", about + `"by":"` + unknownTrip + `"}`, "MAR"},
		{"POST", "/federation/v1/vehicles/EV-0001/contest", `{"reservation_id":"` + string(held.ID) + `","evse_id":"BR*MAR*E0001*1","started_at":"1795904776471614"}`, "MAR"},
		{"GET", reservation, "", "MAR"},
		{"POST", own + "/token", `{"audience":"MAR"}`, "owner"},
		{"POST", own + "/revoke", `{"reason":"the matrix"}`, "owner operator"},
	}
	for act, body := range acts(m, held, "MAR") {
		if act != "compensate" {
			list = append(list, thing{"POST", reservation + "/" + act, body, "MAR"})
		}
	}
	return append(list, thing{"POST", reservation + "/compensate", acts(m, held, "MAR")["compensate"], "MAR"})
}

// Every request about something that is somebody's × who is known at SER. It fails where
// a trip, a vehicle or a reservation answers another than its own, or not its own.
func TestMatrixOfOthersThings(t *testing.T) {
	m := newMatrix(t)
	booked, held := m.books(), m.reserves()
	now := time.Now()
	columns := []caller{ // in this order: who may ask last, and the owner before the operator
		{who: "EV-0001", is: asVehicle, user: "EV-0001", secret: DemoSecret},
		{who: "a pass", is: asVehicle, user: string(m.there.id), secret: m.pass(m.there, "SER")},
		{who: "CAJ", is: asPeer, token: m.shows("CAJ", m.caj, "SER", now)},
		{who: "MAR", is: asPeer, token: m.shows("MAR", m.mar, "SER", now)},
		{who: "owner", is: asVehicle, user: string(m.here.id), secret: m.here.secret},
		{who: "operator", is: asOperator, user: "operator", secret: m.ser.o.OperatorSecret},
	}
	m.lies(held)
	for _, th := range things(m, booked, held) {
		for _, may := range []bool{false, true} {
			for _, c := range columns {
				if may != strings.Contains(th.may, c.who) {
					continue
				}
				want := 403
				if c.is != asPeer && strings.HasPrefix(th.path, "/federation") {
					want = 401
				}
				got := m.knock(th.method, m.ser.URL()+th.path, c.authorization(), th.body).StatusCode
				if in := got != 401 && got != 403; got >= 500 || in != may || !in && got != want {
					t.Errorf("%s %s as %s: %d, may %v", th.method, th.path, c.who, got, may)
				}
			}
		}
	}
}

// lies are requests of who is let in, about what is not its own under its own name: they
// are refused, and what they are about stays as it is.
func (m *matrix) lies(held charging.HoldRequest) {
	m.Helper()
	operator := caller{user: "operator", secret: m.ser.o.OperatorSecret}
	if got := m.knock("PUT", m.ser.URL()+"/api/v1/evses/BR*MAR*E0001*1/status", operator.authorization(), `{"status":"OUTOFORDER"}`).StatusCode; got < 400 || got >= 500 {
		m.Errorf("the operator takes another company's EVSE out of order: %d", got)
	}
	caj := caller{token: m.shows("CAJ", m.caj, "SER", time.Now())}
	for act, body := range acts(m, held, "CAJ") {
		got := m.knock("POST", m.ser.URL()+"/federation/v1/reservations/"+string(held.ID)+"/"+act, caj.authorization(), body).StatusCode
		if got < 400 || got >= 500 {
			m.Errorf("CAJ, as its origin, %ss what is MAR's: %d", act, got)
		}
	}
	if r, err := m.company("MAR", m.mar).Reservation(m.Context(), held.ID); err != nil || r.State != charging.Reserved {
		m.Errorf("MAR's reservation is %s, %v", r.State, err)
	}
}

// What a suspended peer may do about its own: what it has is brought to its end, nothing
// is begun. It fails where a suspension keeps out too little or too much.
func TestMatrixOfASuspendedPeer(t *testing.T) {
	m := newMatrix(t)
	h := wish(t, m.ser, 20)
	h.Origin = "CAJ"
	caj := m.company("CAJ", m.caj)
	if _, err := caj.Reserve(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if _, err := caj.Confirm(t.Context(), h.Ref); err != nil {
		t.Fatal(err)
	}
	m.suspend()
	kept := map[string]bool{"confirm": true, "start": true, "complete": true, "compensate": true}
	bodies := acts(m, h, "CAJ")
	for act, body := range bodies {
		got := m.knock("POST", m.ser.URL()+"/federation/v1/reservations/"+string(h.ID)+"/"+act, caller{token: m.shows("CAJ", m.caj, "SER", time.Now())}.authorization(), body).StatusCode
		if (got == 403) == kept[act] || got == 401 || got >= 500 {
			t.Errorf("%s: %d, goes on %v", act, got, kept[act])
		}
	}
	if _, err := caj.Reservation(t.Context(), h.ID); err != nil {
		t.Errorf("it reads its own: %v", err)
	}
}
