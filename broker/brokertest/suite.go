// Package brokertest is the conformance suite of a company's broker: what cars
// and peers rely on, whichever broker carries it.
package brokertest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Broker is what a company's server needs of one.
type Broker interface {
	Start() error
	Stop(ctx context.Context) error
	Publish(topic string, payload []byte, qos byte, retained bool) error
	Retained(ctx context.Context) ([]carlink.Topic, error)
	Ready() error
	Stats() broker.Stats
}

var (
	_ Broker = (*broker.Broker)(nil)
	_ Broker = (*broker.Remote)(nil)
)

// Company is whose broker it is; Cars and Peers are who may log in, with the
// secrets that SecretOf gives.
const Company = charging.CompanyID("MAR")

// Users are who may log in, besides the company's servers.
func Users() []string { return []string{"EV-0001", "EV-0002", "SER"} }

// SecretOf is the password of a user.
func SecretOf(user string) string { return "secret of " + user }

// Wish is what a test asks of the broker that it is given.
type Wish struct {
	Handler  func(c broker.Client, topic carlink.Topic, payload []byte)
	Overflow func(c broker.Client, topic carlink.Topic, payload []byte)
	// MessageRate and MessageBurst of one car; zero for the default.
	MessageRate  float64
	MessageBurst int
}

// Setup makes a broker that is not started yet, and gives the URL at which
// clients reach it once it is.
type Setup func(t *testing.T, w Wish) (b Broker, url func() string)

// patience bounds what must happen.
const patience = 15 * time.Second

// Run runs the suite.
func Run(t *testing.T, setup Setup) {
	for name, test := range map[string]func(*testing.T, Setup){
		"a car speaks and is answered":             speaks,
		"a car's messages come in order":           order,
		"trips are retained while they last":       trips,
		"alerts are retained until they are ended": alerts,
		"the company's status":                     status,
		"a car's last will":                        lastWill,
		"a car's rate":                             rate,
		"nobody reads another's topics":            reading,
		"nobody writes on another's topics":        writing,
		"a wrong secret":                           secrets,
		"what is published before and after":       around,
	} {
		t.Run(name, func(t *testing.T) { test(t, setup) })
	}
}

func speaks(t *testing.T, setup Setup) {
	f := begin(t, setup, Wish{})
	car := f.connect(t, "EV-0001", "car")
	messages := listen(t, car, carlink.ReplyTopic("EV-0001", "r"))
	for _, action := range carlink.Actions() {
		done(t, car.Publish(carlink.RequestTopic("EV-0001", action), 1, false, `{"request_id":"r"}`))
		m := next(t, f.handled, "the request")
		if m.client.Vehicle != "EV-0001" || m.topic.Action != action || m.payload != `{"request_id":"r"}` {
			t.Errorf("%+v", m)
		}
	}
	done(t, car.Publish(carlink.TelemetryTopic("EV-0001"), 0, false, "{}"))
	if m := next(t, f.handled, "the telemetry"); m.topic.Kind != carlink.KindTelemetry {
		t.Errorf("%+v", m)
	}
	f.say(t, carlink.ReplyTopic("EV-0001", "r"), "answer", false)
	if m := next(t, messages, "the answer"); string(m.Payload()) != "answer" || m.Qos() != 1 {
		t.Errorf("%s QoS %d", m.Payload(), m.Qos())
	}
	if s := f.Stats(); s.Received != int64(len(carlink.Actions()))+1 || s.Latency.Count != uint64(s.Received) || s.Published < 1 {
		t.Errorf("%+v", s)
	}
}

func order(t *testing.T, setup Setup) {
	f := begin(t, setup, Wish{MessageRate: -1})
	car := f.connect(t, "EV-0001", "car")
	const n = 100
	for i := range n {
		done(t, car.Publish(carlink.RequestTopic("EV-0001", carlink.ActionPlan), 1, false, fmt.Sprint(i)))
	}
	for i := range n {
		if m := next(t, f.handled, "a request"); m.payload != fmt.Sprint(i) {
			t.Fatalf("%s came when %d was due", m.payload, i)
		}
	}
}

func trips(t *testing.T, setup Setup) {
	f := begin(t, setup, Wish{})
	const open, over = "01890a5d-ac96-774b-bcce-b302099a8057", "01890a5d-ac96-774b-bcce-b302099a8058"
	for _, id := range []charging.TripID{open, over} {
		f.say(t, carlink.TripTopic("EV-0001", id), "trip", true)
	}
	f.say(t, carlink.TripTopic("EV-0001", over), "", true)
	var topics []carlink.Topic
	Eventually(t, "the open trip alone is retained", func() bool {
		var err error
		topics, err = f.Retained(t.Context())
		return err == nil && len(topics) == 1
	})
	if topics[0].Trip != open || topics[0].Vehicle != "EV-0001" || topics[0].Kind != carlink.KindTrip {
		t.Errorf("%+v", topics)
	}
	messages := listen(t, f.connect(t, "EV-0001", "car"), carlink.VehicleFilter("EV-0001"))
	m := next(t, messages, "the retained trip")
	if m.Topic() != carlink.TripTopic("EV-0001", open) || !m.Retained() {
		t.Errorf("%s, retained %v", m.Topic(), m.Retained())
	}
}

// alerts: what a car is asked waits for it, and is listed for the server, until
// it is ended.
func alerts(t *testing.T, setup Setup) {
	f := begin(t, setup, Wish{})
	topic := carlink.AlertsTopic("EV-0001")
	f.say(t, topic, "asks", true)
	has := func(want bool) func() bool {
		return func() bool {
			all, err := f.Retained(t.Context())
			return err == nil && slices.Contains(all, carlink.Topic{Kind: carlink.KindAlerts, Vehicle: "EV-0001"}) == want
		}
	}
	Eventually(t, "the alert is retained", has(true))
	messages := listen(t, f.connect(t, "EV-0001", "car"), carlink.VehicleFilter("EV-0001"))
	if m := next(t, messages, "the retained alert"); m.Topic() != topic || !m.Retained() {
		t.Errorf("%s, retained %v", m.Topic(), m.Retained())
	}
	f.say(t, topic, "", true)
	Eventually(t, "the alert has ended", has(false))
}

func status(t *testing.T, setup Setup) {
	f := begin(t, setup, Wish{})
	messages := listen(t, f.connect(t, "SER", "peer"), carlink.PeerFilter)
	if m := next(t, messages, "the status"); string(m.Payload()) != carlink.Online || m.Topic() != carlink.StatusTopic(Company) {
		t.Errorf("%s %s", m.Topic(), m.Payload())
	}
	event := carlink.EVSETopic(Company, "BR*MAR*E0001*1")
	f.say(t, event, "{}", false)
	for { // the status may come twice
		m := next(t, messages, "the event")
		if m.Topic() == event {
			break
		}
	}
	f.stop(t)
	for string(next(t, messages, "that it is offline").Payload()) != carlink.Offline {
	}
}

func lastWill(t *testing.T, setup Setup) {
	f := begin(t, setup, Wish{})
	var conn net.Conn
	o := f.options("EV-0001", "car").SetWill(carlink.TelemetryTopic("EV-0001"), "gone", 1, true)
	o.SetCustomOpenConnectionFn(func(uri *url.URL, _ paho.ClientOptions) (net.Conn, error) {
		c, err := net.Dial("tcp", uri.Host)
		conn = c
		return c, err
	})
	c := paho.NewClient(o)
	done(t, c.Connect())
	t.Cleanup(func() { c.Disconnect(0) })
	_ = conn.Close() // without a word
	if m := next(t, f.handled, "the will"); m.payload != "gone" || m.client.Vehicle != "EV-0001" {
		t.Errorf("%+v", m)
	}
}

func rate(t *testing.T, setup Setup) {
	told := make(chan string, 100)
	f := begin(t, setup, Wish{MessageRate: 0.001, MessageBurst: 3, Overflow: func(c broker.Client, _ carlink.Topic, payload []byte) {
		told <- string(c.Vehicle) + " " + string(payload)
	}})
	car := f.connect(t, "EV-0001", "car")
	for i := range 4 {
		car.Publish(carlink.RequestTopic("EV-0001", carlink.ActionPlan), 1, false, fmt.Sprint(i))
	}
	for i := range 3 {
		if m := next(t, f.handled, "a request within the rate"); m.payload != fmt.Sprint(i) {
			t.Errorf("%+v", m)
		}
	}
	if s := next(t, told, "word of the one too many"); s != "EV-0001 3" {
		t.Errorf("told of %s", s)
	}
	done(t, f.connect(t, "EV-0002", "car").Publish(carlink.TelemetryTopic("EV-0002"), 1, false, "{}"))
	if m := next(t, f.handled, "another car's telemetry"); m.client.Vehicle != "EV-0002" {
		t.Errorf("%+v", m)
	}
	if s := f.Stats(); s.Refused[broker.PublishRate] != 1 {
		t.Errorf("%+v", s)
	}
}

// around: nothing is published by a broker that has not started or has stopped,
// and what is no topic is refused.
func around(t *testing.T, setup Setup) {
	b, _ := setup(t, Wish{Handler: func(broker.Client, carlink.Topic, []byte) {}})
	if err := b.Publish("ev/EV-0001/alerts", nil, 1, false); !errors.Is(err, broker.ErrStopped) {
		t.Errorf("before the start: %v", err)
	}
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	if err := b.Start(); err == nil {
		t.Error("started twice")
	}
	for _, topic := range []string{"", "ev/+/alerts", "ev/#", "a\x00"} {
		if err := b.Publish(topic, nil, 1, false); err == nil {
			t.Errorf("published on %q", topic)
		}
	}
	if err := b.Publish("company/MAR/status", nil, 2, false); err == nil {
		t.Error("published with QoS 2")
	}
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		if err := b.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
		cancel()
	}
	if err := b.Publish("ev/EV-0001/alerts", nil, 1, false); !errors.Is(err, broker.ErrStopped) {
		t.Errorf("after the stop: %v", err)
	}
	if err := b.Ready(); err == nil {
		t.Error("ready after the stop")
	}
}
