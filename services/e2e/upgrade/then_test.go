package upgrade

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/upgrade/fixture"
)

// now is a trip as its driver sees it.
func (f *federation) now(t *testing.T, r fixture.Trip) trip.Trip {
	t.Helper()
	got, err := f.driver(r).Trip(t.Context(), charging.TripID(r.TripID), 0)
	must(t, err)
	return got
}

// repeated sends the recorded request once more, with its windows of old, and
// wants the first answer; with anything else in it, the key is refused.
func repeated(t *testing.T, f *federation, r fixture.Trip) {
	status, head, body := f.post(t, r, r.Request)
	var got trip.Trip
	if err := json.Unmarshal(body, &got); err != nil || status != http.StatusCreated || string(got.ID) != r.TripID || head.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%d %s, %v", status, body, err)
	}
	other := bytes.Replace(r.Request, []byte("600"), []byte("599"), 1)
	if status, _, body := f.post(t, r, other); !strings.Contains(string(body), string(charging.CodeIDReused)) {
		t.Errorf("another request under the key: %d %s", status, body)
	}
}

func (f *federation) post(t *testing.T, r fixture.Trip, body []byte) (int, http.Header, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.apps[r.Company].URL()+"/api/v1/trips", bytes.NewReader(body))
	must(t, err)
	req.SetBasicAuth(r.VehicleID, r.Secret)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", r.Key)
	resp, err := f.http.Do(req)
	must(t, err)
	defer resp.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(resp.Body)
	must(t, err)
	return resp.StatusCode, resp.Header, b.Bytes()
}

func canceled(t *testing.T, f *federation, r fixture.Trip) {
	_, err := f.driver(r).Cancel(t.Context(), charging.TripID(r.TripID))
	must(t, err)
}

// accepted takes the first stop that a recorded proposal offers.
func accepted(t *testing.T, f *federation, r fixture.Trip) {
	p := f.now(t, r).Proposal
	if p == nil || p.Leg != 1 || len(p.Alternatives) == 0 {
		t.Fatalf("the proposal is %+v", p)
	}
	got, err := f.driver(r).Swap(t.Context(), charging.TripID(r.TripID), api.SwapRequest{AlternativeID: p.Alternatives[0].ID})
	if err != nil || got.Proposal != nil || got.Legs[0].EVSEID != p.Alternatives[0].EVSEID {
		t.Errorf("%+v, %v", got, err)
	}
}

// continued takes the first stop that a recorded question offers.
func continued(t *testing.T, f *federation, r fixture.Trip) {
	d := f.now(t, r).Decision
	if d == nil || len(d.Alternatives) == 0 {
		t.Fatalf("the decision is %+v", d)
	}
	_, err := f.driver(r).Decide(t.Context(), charging.TripID(r.TripID),
		api.DecisionRequest{Action: api.ActionContinue, AlternativeID: d.Alternatives[0].ID}, 20*time.Second)
	must(t, err)
	if got := f.now(t, r); got.Decision != nil || got.Legs[d.Leg-1].State != charging.Reserved {
		t.Errorf("leg %d is %+v, the decision %+v", d.Leg, got.Legs[d.Leg-1], got.Decision)
	}
}

func givenUp(t *testing.T, f *federation, r fixture.Trip) {
	_, err := f.driver(r).Decide(t.Context(), charging.TripID(r.TripID), api.DecisionRequest{Action: api.ActionGiveUp}, 20*time.Second)
	must(t, err)
}

// billed wants a session of old to have kept its figures.
func billed(t *testing.T, f *federation, r fixture.Trip) {
	s := f.now(t, r).Legs[0].Session
	if s == nil || !s.Over() || s.Price == nil || s.EnergyKWh != 2.5 || s.Price.Total <= 0 {
		t.Errorf("the session is %+v", s)
	}
}

// unplugs ends a session that began under the servers of old, over MQTT. The
// request by which it began is repeated first, and has its first answer: the
// charge that it names now is not heard.
func unplugs(plug carlink.RequestID) func(*testing.T, *federation, fixture.Trip) {
	return func(t *testing.T, f *federation, r fixture.Trip) { unplug(t, f, r, string(plug)) }
}

func unplug(t *testing.T, f *federation, r fixture.Trip, plug string) {
	c := f.car(t, r)
	evse := r.Legs[0].EVSEID
	if status, body := c.ask(carlink.ActionPlug, plug, map[string]any{"evse_id": evse, "soc": 0.9}); status != http.StatusOK {
		t.Errorf("the plug of old once more: %d %s", status, body)
	}
	status, body := c.ask(carlink.ActionUnplug, "unplug-1", map[string]any{"evse_id": evse, "soc": 0.5, "energy_kwh": 1.5})
	var got struct {
		State   charging.State    `json:"state"`
		Session *charging.Session `json:"session"`
	}
	must(t, json.Unmarshal(body, &got))
	if status != http.StatusOK || got.State != charging.Fulfilled || got.Session == nil || got.Session.Price == nil || got.Session.EnergyKWh != 1.5 {
		t.Fatalf("unplug: %d %s", status, body)
	}
	if l := f.now(t, r).Legs[0]; l.State != charging.Fulfilled || l.Session == nil || !l.Session.Over() || l.Session.StartSoC == 0.9 {
		t.Errorf("leg 1 is %+v, its session %+v", l, l.Session)
	}
}

// car is a vehicle at its company's broker.
type car struct {
	t       *testing.T
	id      charging.VehicleID
	client  paho.Client
	replies chan paho.Message
}

func (f *federation) car(t *testing.T, r fixture.Trip) *car {
	t.Helper()
	c := &car{t: t, id: charging.VehicleID(r.VehicleID), replies: make(chan paho.Message, 16)}
	c.client = paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + f.apps[r.Company].MQTTAddr()).
		SetClientID(r.VehicleID).SetUsername(r.VehicleID).SetPassword(r.Secret).SetProtocolVersion(4))
	c.done(c.client.Connect())
	t.Cleanup(func() { c.client.Disconnect(0) })
	c.done(c.client.Subscribe("ev/"+r.VehicleID+"/reply/+", 1, func(_ paho.Client, m paho.Message) { c.replies <- m }))
	return c
}

func (c *car) done(token paho.Token) {
	c.t.Helper()
	if !token.WaitTimeout(20*time.Second) || token.Error() != nil {
		c.t.Fatalf("%s: %v", c.id, token.Error())
	}
}

func (c *car) ask(action carlink.Action, id string, body map[string]any) (int, json.RawMessage) {
	c.t.Helper()
	body["request_id"] = id
	raw, err := json.Marshal(body)
	must(c.t, err)
	c.done(c.client.Publish(carlink.RequestTopic(c.id, action), 1, false, raw))
	select {
	case m := <-c.replies:
		var r carlink.Reply
		must(c.t, json.Unmarshal(m.Payload(), &r))
		if !strings.HasSuffix(m.Topic(), "/"+id) {
			c.t.Fatalf("a reply on %s to %s", m.Topic(), id)
		}
		return r.Status, r.Body
	case <-time.After(20 * time.Second):
		c.t.Fatalf("no reply to %s", id)
		return 0, nil
	}
}
