package aftermath

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// car is a vehicle that speaks MQTT with one company's broker.
type car struct {
	f           *federation
	id, company string
	client      paho.Client

	mu    sync.Mutex
	heard []message
	asked int
}

// message is one that a car has heard; kept says that it had been retained.
type message struct {
	topic string
	body  json.RawMessage
	kept  bool
}

// car connects a vehicle and listens to all that is for it. Tests connect it
// before they book, unless it is what was retained that they look at.
func (f *federation) car(id, company string) *car {
	f.t.Helper()
	c := &car{f: f, id: id, company: company}
	c.client = paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + f.apps[company].MQTTAddr()).
		SetClientID(id).SetUsername(id).SetPassword(secret).SetProtocolVersion(4).SetAutoReconnect(false))
	c.done(c.client.Connect())
	f.t.Cleanup(c.leave)
	c.done(c.client.Subscribe("ev/"+id+"/#", 1, func(_ paho.Client, m paho.Message) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.heard = append(c.heard, message{m.Topic(), m.Payload(), m.Retained()})
	}))
	return c
}

func (c *car) leave() { c.client.Disconnect(0) }

func (c *car) done(token paho.Token) {
	c.f.t.Helper()
	if !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		c.f.t.Fatalf("%s: %v", c.id, token.Error())
	}
}

// on are the messages so far of topics below ev/{vehicle}/ that begin so.
func (c *car) on(topic string) []message {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []message
	for _, m := range c.heard {
		if strings.HasPrefix(m.topic, "ev/"+c.id+"/"+topic) {
			found = append(found, m)
		}
	}
	return found
}

// keeps reports whether something retained has come on a topic that begins so.
func (c *car) keeps(topic string) bool {
	return slices.ContainsFunc(c.on(topic), func(m message) bool { return m.kept })
}

// alerted reports whether an alert about a trip has come.
func (c *car) alerted(trip string, retained bool) bool {
	return slices.ContainsFunc(c.on("alerts"), func(m message) bool {
		return strings.Contains(string(m.body), trip) && (m.kept || !retained)
	})
}

// ask sends a request under an id of its own and waits for its reply.
func (c *car) ask(action string, body object) answer {
	c.f.t.Helper()
	c.asked++
	return c.askAs(action+"-"+strconv.Itoa(c.asked), action, body)
}

// askAs sends a request under an id that may have been used before, and waits
// for the next reply to it.
func (c *car) askAs(id, action string, body object) answer {
	c.f.t.Helper()
	before := len(c.on("reply/" + id))
	body["request_id"] = id
	raw, err := json.Marshal(body)
	if err != nil {
		c.f.t.Fatal(err)
	}
	c.done(c.client.Publish("ev/"+c.id+"/request/"+action, 1, false, raw))
	c.f.until(15*time.Second, "a reply to "+id, func() bool { return len(c.on("reply/"+id)) > before })
	var r struct {
		Status int             `json:"status"`
		Body   json.RawMessage `json:"body"`
	}
	if err := json.Unmarshal(c.on("reply/" + id)[before].body, &r); err != nil {
		c.f.t.Fatal(err)
	}
	return answer{r.Status, r.Body}
}

// plug plugs in.
func (c *car) plug(evse string) answer {
	c.f.t.Helper()
	return c.ask("plug", object{"evse_id": evse, "soc": 0.3})
}

// plugged plugs in where that must work.
func (c *car) plugged(evse string) {
	c.f.t.Helper()
	if a := c.plug(evse); a.Status != http.StatusOK {
		c.f.t.Fatalf("%s plugs in at %s: %s", c.id, evse, a)
	}
}

// unplug leaves with what the car's meter says.
func (c *car) unplug(evse string, kwh float64) answer {
	c.f.t.Helper()
	return c.ask("unplug", object{"evse_id": evse, "soc": 0.4, "energy_kwh": kwh})
}

// billed unplugs and gives the bill, which there must be.
func (c *car) billed(evse string, kwh float64) session {
	c.f.t.Helper()
	return c.bill(c.unplug(evse, kwh))
}

func (c *car) bill(a answer) session {
	c.f.t.Helper()
	r := as[reservationView](a)
	if a.Status != http.StatusOK || r.State != "FULFILLED" || r.Session == nil || r.Session.Price == nil {
		c.f.t.Fatalf("%s leaves without a bill: %s", c.id, a)
	}
	return *r.Session
}
