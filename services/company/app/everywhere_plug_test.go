package app

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// neighbour is the company whose charger a trip of another one uses in these tests.
var neighbour = map[charging.CompanyID]charging.CompanyID{"MAR": "SER", "SER": "CAJ", "CAJ": "MAR"}

// bookNow books one stop that begins in a minute, by hand.
func (w *everywhere) bookNow(origin charging.CompanyID) trip.Trip {
	w.Helper()
	start := time.Now().Add(time.Minute).UTC().Truncate(time.Second)
	evse := w.apps[neighbour[origin]].rooms.desk.Locations(w.Context())[1].EVSEs[0].ID
	booked, err := w.driver(origin).CreateTrip(w.Context(), api.TripRequest{
		VehicleID: charging.VehicleID(w.owner.user), OnConflict: trip.Abort,
		Stops: []api.Stop{{EVSEID: evse, Start: start, End: start.Add(30 * time.Minute)}},
	}, "", 15*time.Second)
	if err != nil || booked.State != trip.Confirmed {
		w.Fatalf("at %s: %s, %v; problem %+v", origin, booked.State, err, booked.Problem)
	}
	return booked
}

// A car plugs in and leaves at a charger of one company, by a trip of another one, and
// says so to any server, over REST and MQTT. It fails where a server does not find the
// stop, where a repeat is another session, or where somebody else is let in.
func TestAPlugAtEveryServer(t *testing.T) {
	m := newMatrixOf(t, generous)
	w := &everywhere{
		matrix: m, apps: map[charging.CompanyID]*App{"MAR": m.mar, "SER": m.ser, "CAJ": m.caj},
		owner: caller{who: "owner", user: string(m.here.id), secret: m.here.secret},
	}
	cars := map[charging.CompanyID]*car{}
	for _, at := range three {
		cars[at] = w.dialCar(at)
	}
	for _, origin := range three {
		booked := w.bookNow(origin)
		evse := booked.Legs[0].EVSEID
		for _, at := range three {
			w.strangersPlug(at, evse)
			said := map[string]any{"evse_id": evse, "soc": 0.4}
			if got := w.plugs(at, "plug", said); got.status != 200 || got.state() != charging.Charging {
				t.Errorf("plug of %s's trip at %s: %d %v", origin, at, got.status, got.body)
			}
			if got := cars[at].asks(carlink.ActionPlug, said); got.status != 200 || got.state() != charging.Charging {
				t.Errorf("plug of %s's trip over MQTT at %s: %d %v", origin, at, got.status, got.body)
			}
		}
		for _, at := range three {
			said := map[string]any{"evse_id": evse, "soc": 0.8, "energy_kwh": 0.01}
			for _, got := range []reply{cars[at].asks(carlink.ActionUnplug, said), w.plugs(at, "unplug", said)} {
				if got.status != 200 || got.state() != charging.Fulfilled {
					t.Errorf("unplug of %s's trip at %s: %d %v", origin, at, got.status, got.body)
				}
			}
		}
	}
	nothing := map[string]any{"evse_id": "BR*MAR*E9999*1", "soc": 0.4}
	for _, at := range three {
		if got := w.plugs(at, "plug", nothing); got.code != charging.CodeNoReservationHere {
			t.Errorf("plug where nothing is booked, at %s: %d %v", at, got.status, got.body)
		}
	}
}

func (w *everywhere) plugs(at charging.CompanyID, act string, said map[string]any) reply {
	w.Helper()
	raw, err := json.Marshal(said)
	if err != nil {
		w.Fatal(err)
	}
	return w.ask(at, "POST", "/api/v1/vehicles/"+w.owner.user+"/"+act, w.owner, string(raw))
}

// strangersPlug has others say that they have plugged in at an EVSE: as the vehicle, and
// for themselves.
func (w *everywhere) strangersPlug(at charging.CompanyID, evse charging.EVSEID) {
	w.Helper()
	other := caller{user: string(w.there.id), secret: w.there.secret}
	body := fmt.Sprintf(`{"evse_id":%q,"soc":0.4}`, evse)
	for _, k := range []struct {
		who  caller
		as   string
		code charging.Code
	}{
		{other, w.owner.user, charging.CodeForbidden},
		{other, other.user, charging.CodeNoReservationHere},
		{caller{user: "operator", secret: w.apps[at].o.OperatorSecret}, w.owner.user, charging.CodeForbidden},
		{caller{}, w.owner.user, charging.CodeUnauthenticated},
	} {
		if got := w.ask(at, "POST", "/api/v1/vehicles/"+k.as+"/plug", k.who, body); got.code != k.code {
			w.Errorf("%s plugs in as %s at %s: %d %v, want %s", k.who.user, k.as, at, got.status, got.body, k.code)
		}
	}
}

func (r reply) state() charging.State {
	p, _ := r.body.(map[string]any)
	s, _ := p["state"].(string)
	return charging.State(s)
}

// car is the owner's connection to one company's broker.
type car struct {
	w       *everywhere
	client  paho.Client
	replies chan paho.Message
	sent    int
	at      charging.CompanyID
}

func (w *everywhere) dialCar(at charging.CompanyID) *car {
	w.Helper()
	c := &car{w: w, replies: make(chan paho.Message, 100), at: at}
	c.client = paho.NewClient(paho.NewClientOptions().AddBroker(w.apps[at].MQTTURL()).SetClientID("car").SetUsername(w.owner.user).SetPassword(w.owner.secret))
	if token := c.client.Connect(); !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		w.Fatalf("at %s: %v", at, token.Error())
	}
	w.Cleanup(func() { c.client.Disconnect(0) })
	token := c.client.Subscribe("ev/"+w.owner.user+"/reply/+", 1, func(_ paho.Client, m paho.Message) { c.replies <- m })
	if !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		w.Fatal(token.Error())
	}
	return c
}

// asks sends a request and waits for its reply.
func (c *car) asks(action carlink.Action, body map[string]any) reply {
	c.w.Helper()
	c.sent++
	sent := map[string]any{"request_id": fmt.Sprintf("r-%s-%d", c.at, c.sent)}
	for k, v := range body {
		sent[k] = v
	}
	raw, err := json.Marshal(sent)
	if err != nil {
		c.w.Fatal(err)
	}
	c.client.Publish("ev/"+c.w.owner.user+"/request/"+string(action), 1, false, raw)
	select {
	case m := <-c.replies:
		var r carlink.Reply
		got := reply{}
		err := json.Unmarshal(m.Payload(), &r)
		if err == nil {
			err = json.Unmarshal(r.Body, &got.body)
		}
		if err != nil {
			c.w.Fatalf("%s: %v", m.Payload(), err)
		}
		got.status = r.Status
		if p, ok := got.body.(map[string]any); ok {
			code, _ := p["code"].(string)
			got.code = charging.Code(code)
		}
		return got
	case <-time.After(20 * time.Second):
		c.w.Fatalf("no reply to %s at %s", raw, c.at)
		return reply{}
	}
}

// A car connected to any broker cancels, and is refused, as over REST. It fails where a
// car's request about a trip that began elsewhere ends at its broker's company.
func TestACarAsksAboutATripElsewhere(t *testing.T) {
	m := newMatrixOf(t, generous)
	w := newEverywhere(t, m, caller{who: "owner", user: string(m.here.id), secret: m.here.secret}, 1)
	for _, at := range three {
		c := w.dialCar(at)
		origin := neighbour[at]
		id := w.trips[origin].ID
		if got := c.asks(carlink.ActionDecision, map[string]any{"trip_id": id, "action": "wait"}); got.code != charging.CodeNotAwaitingDecision {
			t.Errorf("decision at %s: %v", at, got.body)
		}
		if got := c.asks(carlink.ActionSwap, map[string]any{"trip_id": id, "alternative_id": "none"}); got.code != charging.CodeUnknownAlternative {
			t.Errorf("swap at %s: %v", at, got.body)
		}
		if got := c.asks(carlink.ActionCancel, map[string]any{"trip_id": id}); got.status != 200 || got.state() != charging.State(trip.Canceled) {
			t.Errorf("cancel at %s: %v", at, got.body)
		}
		if got := c.asks(carlink.ActionCancel, map[string]any{"trip_id": unknownTrip}); got.code != charging.CodeUnknownTrip {
			t.Errorf("cancel of nothing at %s: %v", at, got.body)
		}
	}
}
