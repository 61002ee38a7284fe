package chaos

import (
	"context"
	"encoding/json"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/uuid"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/problem"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

const (
	// replyWait is how long a car waits for one reply before it asks another server.
	replyWait = 3 * time.Second
	// cablePatience is how long it repeats a plug or an unplug.
	cablePatience = 20 * time.Second
)

// word is one plug or unplug of a car, said until it is answered.
type word struct {
	kind history.Kind
	trip charging.TripID
	plug charging.Plug
}

// say sends a word over MQTT, under one request id, until there is an answer that
// is none of a server in trouble, and records it.
func (r *run) say(client int, c *car, w word) history.Op {
	o := history.Op{
		Client: client, Kind: w.kind, Company: c.home, Vehicle: c.id, Trip: w.trip, EVSE: w.plug.EVSEID,
		Request: uuid.NewString(), Call: r.rec.Now(),
	}
	if w.plug.EnergyKWh != nil {
		o.Told = *w.plug.EnergyKWh
	}
	for deadline := time.Now().Add(cablePatience); time.Now().Before(deadline); r.pause(context.Background(), 100*time.Millisecond) {
		reply, ok := r.ask(c, w, o.Request)
		if ok && reply.Status < 500 && reply.Status != 429 {
			hear(&o, reply)
			break
		}
	}
	r.rec.Add(o)
	r.noteSession(o)
	return o
}

// hear reads an answer.
func hear(o *history.Op, reply carlink.Reply) {
	o.Answered, o.Status = true, reply.Status
	if reply.Status >= 400 {
		var p problem.Problem
		if json.Unmarshal(reply.Body, &p) == nil {
			o.Code = charging.Code(p.Code)
		}
		if o.Code == "" {
			o.Code = "UNREADABLE"
		}
		return
	}
	var stop history.Stop
	if json.Unmarshal(reply.Body, &stop) == nil && stop.ReservationID != "" {
		o.Stop = &stop
	}
}

// ask sends a word once, to one server of the car's company.
func (r *run) ask(c *car, w word, request string) (carlink.Reply, bool) {
	broker := r.fleet.Company[c.home].Broker()
	if broker == "" {
		return carlink.Reply{}, false
	}
	client := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + broker).SetClientID(uuid.NewString()).
		SetUsername(string(c.id)).SetPassword(c.secret).SetAutoReconnect(false).SetConnectTimeout(replyWait).SetWriteTimeout(replyWait))
	if !came(client.Connect()) {
		return carlink.Reply{}, false
	}
	defer client.Disconnect(0)
	replies := make(chan carlink.Reply, 8)
	listen := client.Subscribe(carlink.ReplyTopic(c.id, carlink.RequestID(request)), 1, func(_ paho.Client, m paho.Message) {
		if reply, err := carlink.ParseReply(m.Payload()); err == nil {
			select {
			case replies <- reply:
			default: // a repeat of what was heard
			}
		}
	})
	body, err := json.Marshal(w.plug)
	if err != nil || !came(listen) {
		return carlink.Reply{}, false
	}
	payload, err := carlink.Envelope{RequestID: carlink.RequestID(request), Body: body}.Encode()
	action := carlink.ActionPlug
	if w.kind == history.Unplug {
		action = carlink.ActionUnplug
	}
	if err != nil || !came(client.Publish(carlink.RequestTopic(c.id, action), 1, false, payload)) {
		return carlink.Reply{}, false
	}
	select {
	case reply := <-replies:
		return reply, true
	case <-time.After(replyWait):
		return carlink.Reply{}, false
	}
}

// came reports whether the broker has acknowledged.
func came(t paho.Token) bool { return t.WaitTimeout(replyWait) && t.Error() == nil }

// noteSession remembers where cars are at plugs, for the operator.
func (r *run) noteSession(o history.Op) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case o.Kind == history.Plug && o.OK() && o.Stop != nil && o.Stop.State == charging.Charging:
		if r.fleet.Company[o.EVSE.Company()] != nil { // not at the company that cheats: it has no operator here
			r.atPlugs[o.EVSE]++
		}
	case o.Kind == history.Unplug && o.OK() && o.Status != history.Kept:
		delete(r.atPlugs, o.EVSE)
	}
}
