package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// car is a vehicle at its company's broker.
type car struct {
	r       *recorder
	m       *made
	client  paho.Client
	replies chan paho.Message
}

func newCar(r *recorder, m *made) *car {
	c := &car{r: r, m: m, replies: make(chan paho.Message, 16)}
	c.client = paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + r.company[m.Company].mqtt).
		SetClientID(m.VehicleID).SetUsername(m.VehicleID).SetPassword(m.Secret).SetProtocolVersion(4))
	c.done(c.client.Connect())
	c.done(c.client.Subscribe("ev/"+m.VehicleID+"/reply/+", 1, func(_ paho.Client, got paho.Message) { c.replies <- got }))
	return c
}

func (c *car) done(t paho.Token) {
	if !t.WaitTimeout(20 * time.Second) {
		check(fmt.Errorf("%s: the broker does not answer", c.m.VehicleID))
	}
	check(t.Error())
}

// plug plugs in at a leg of the car's trip.
func (c *car) plug(id string, leg int, soc float64) {
	c.ask("plug", id, map[string]any{"evse_id": c.r.see(c.m).Legs[leg].EVSE, "soc": soc})
	c.r.await(c.m, "has plugged in", func(s shown) bool { return len(s.Legs[leg].Session) > 0 })
}

// unplug leaves it.
func (c *car) unplug(id string, leg int, soc, kWh float64) {
	c.ask("unplug", id, map[string]any{"evse_id": c.r.see(c.m).Legs[leg].EVSE, "soc": soc, "energy_kwh": kWh})
}

// ask makes a request that must be answered 200.
func (c *car) ask(action, id string, body map[string]any) {
	body["request_id"] = id
	raw, err := json.Marshal(body)
	check(err)
	c.done(c.client.Publish("ev/"+c.m.VehicleID+"/request/"+action, 1, false, raw))
	select {
	case got := <-c.replies:
		var reply struct {
			Status int             `json:"status"`
			Body   json.RawMessage `json:"body"`
		}
		check(json.Unmarshal(got.Payload(), &reply))
		if !strings.HasSuffix(got.Topic(), "/"+id) || reply.Status != 200 {
			check(fmt.Errorf("%s %s: %d %s", c.m.VehicleID, action, reply.Status, reply.Body))
		}
	case <-time.After(20 * time.Second):
		check(fmt.Errorf("%s: no answer to %s", c.m.VehicleID, action))
	}
}

// crawls reports, until the recording ends, that the car stands in João Pessoa
// with an almost empty battery.
func (c *car) crawls() {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		raw, err := json.Marshal(map[string]any{
			"at": time.Now().UTC(), "lat": -7.115, "lon": -34.863, "soc": 0.25, "speed_kmh": 30, "power_kw": 10, "discharge": "fast",
		})
		if err != nil || !c.client.IsConnected() {
			return
		}
		c.client.Publish("ev/"+c.m.VehicleID+"/telemetry", 0, false, raw)
		select {
		case <-c.r.ctx.Done():
			return
		case <-tick.C:
		}
	}
}
