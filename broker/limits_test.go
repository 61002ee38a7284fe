package broker_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/pkg/carlink"
)

// TestMessageRate: what is above a car's rate is told and dropped, on whichever
// of its connections it comes; another car is not concerned.
func TestMessageRate(t *testing.T) {
	var told atomic.Int64
	b, handled := start(t, func(o *broker.Options) {
		o.MessageRate, o.MessageBurst, o.Mailbox = 0.001, 3, 1000
		o.Overflow = func(c broker.Client, topic carlink.Topic, payload []byte) { told.Add(1) }
	})
	car := dial(t, b, "EV-0001")
	for i := range 3 {
		publish(t, car, carlink.RequestTopic("EV-0001", carlink.ActionPlan), fmt.Sprint(i))
		receive(t, handled, "a request within the rate")
	}
	second := connect(t, options(plainURL(b), "EV-0001", "s-EV-0001", "second"))
	second.Publish(carlink.RequestTopic("EV-0001", carlink.ActionPlan), 1, false, "too much")
	eventually(t, "the car is not told", func() bool { return told.Load() == 1 })
	publish(t, dial(t, b, "EV-0002"), carlink.TelemetryTopic("EV-0002"), "{}")
	if m := receive(t, handled, "another car's telemetry"); m.client.Vehicle != "EV-0002" {
		t.Errorf("%+v", m)
	}
	if s := b.Stats(); s.Refused[broker.PublishRate] != 1 || s.Received != 4 || s.RefusedPublishes != 1 {
		t.Errorf("%+v", s)
	}
}

// TestRefusingHasARateToo: a client that goes on sending what it may not is not
// read any faster than that; its broker stops at once all the same.
func TestRefusingHasARateToo(t *testing.T) {
	b, _ := start(t, func(o *broker.Options) { o.MessageRate, o.MessageBurst = 0.001, 100 })
	flood := dialRaw(t, b, "EV-0001", "flood", true)
	for range 50 {
		flood.send(t, 0x30, append(str("ev/EV-0002/telemetry"), "{}"...))
	}
	eventually(t, "the flood is not slowed down", func() bool { return b.Stats().Paused > 0 })
	if n := b.Stats().Refused[broker.PublishTopic]; n > 25 {
		t.Errorf("%d refused at once", n)
	}
}

// TestAcknowledgementsAreNotBounded: a client may acknowledge whatever it is
// sent; what acknowledges nothing counts.
func TestAcknowledgementsAreNotBounded(t *testing.T) {
	b, _ := start(t, func(o *broker.Options) { o.MessageRate, o.MessageBurst = 0.001, 1 })
	car := dialRaw(t, b, "EV-0001", "raw", true)
	subscribeRaw(t, car, 9, "ev/EV-0001/alerts")
	for i := range 50 {
		say(t, b, "ev/EV-0001/alerts", fmt.Sprint(i), false)
		kind, body := car.read(t)
		if kind != 0x32 {
			t.Fatalf("%x", kind)
		}
		n := 2 + int(body[0])<<8 + int(body[1])
		car.send(t, 0x40, body[n:n+2])
	}
	eventually(t, "something waits to be acknowledged", func() bool { return b.Stats().InFlight == 0 })
	if s := b.Stats(); s.Paused != 0 {
		t.Errorf("paused %d times for what it owed", s.Paused)
	}
	for range 20 {
		car.send(t, 0x40, []byte{1, 1})
	}
	eventually(t, "a flood of acknowledgements is not slowed down", func() bool { return b.Stats().Paused > 0 })
}

// TestPayloadTooLarge: it is acknowledged, told, and not handled; one beyond all
// reason ends the connection.
func TestPayloadTooLarge(t *testing.T) {
	told := make(chan int, 10)
	b, handled := start(t, func(o *broker.Options) {
		o.Overflow = func(_ broker.Client, _ carlink.Topic, payload []byte) { told <- len(payload) }
	})
	car := dial(t, b, "EV-0001")
	publish(t, car, carlink.RequestTopic("EV-0001", carlink.ActionPlan), strings.Repeat("x", carlink.MaxPayload+1))
	if n := receive(t, told, "word of the size"); n != carlink.MaxPayload+1 {
		t.Errorf("%d bytes", n)
	}
	publish(t, car, carlink.RequestTopic("EV-0001", carlink.ActionPlan), strings.Repeat("x", carlink.MaxPayload))
	if m := receive(t, handled, "the largest payload"); len(m.payload) != carlink.MaxPayload {
		t.Errorf("%d bytes arrived", len(m.payload))
	}
	if s := b.Stats(); s.Refused[broker.PublishSize] != 1 || s.Received != 1 {
		t.Errorf("%+v", s)
	}
	lost := make(chan error, 1)
	vast := connect(t, options(plainURL(b), "EV-0001", "s-EV-0001", "vast").
		SetConnectionLostHandler(func(_ paho.Client, err error) { lost <- err }))
	vast.Publish(carlink.TelemetryTopic("EV-0001"), 0, false, strings.Repeat("x", 3*carlink.MaxPayload))
	receive(t, lost, "the end of the connection")
}

// TestBacklogInBytes: what waits has a bound in bytes.
func TestBacklogInBytes(t *testing.T) {
	release := make(chan struct{})
	b, _ := start(t, func(o *broker.Options) {
		o.BacklogBytes, o.Workers = 1000, 1
		o.Handler = func(broker.Client, carlink.Topic, []byte) { <-release }
	})
	t.Cleanup(func() { close(release) })
	car := dial(t, b, "EV-0001")
	publish(t, car, carlink.RequestTopic("EV-0001", carlink.ActionPlan), "held")
	eventually(t, "the first is not being handled", func() bool { return b.Stats().Backlog == 0 })
	for range 3 {
		publish(t, car, carlink.RequestTopic("EV-0001", carlink.ActionPlan), strings.Repeat("x", 400))
	}
	if s := b.Stats(); s.Backlog != 2 || s.BacklogBytes != 800 || s.Refused[broker.Backlog] != 1 || s.Overflowed != 1 {
		t.Errorf("%+v", s)
	}
}

// TestLoginRate: a principal that logs in too often waits; others do not.
func TestLoginRate(t *testing.T) {
	b, _ := start(t, func(o *broker.Options) { o.LoginRate, o.LoginBurst = 0.001, 2 })
	login := func(user, secret string) error {
		c := paho.NewClient(options(plainURL(b), user, secret, "it"))
		defer c.Disconnect(0)
		token := c.Connect()
		if !token.WaitTimeout(patience) {
			t.Fatal("no answer")
		}
		return token.Error()
	}
	for i := range 3 {
		if err := login("EV-0001", "s-EV-0001"); (err == nil) != (i < 2) {
			t.Errorf("login %d: %v", i+1, err)
		}
	}
	if err := login("EV-0002", "s-EV-0002"); err != nil {
		t.Errorf("another car: %v", err)
	}
	if s := b.Stats(); s.Refused[broker.LoginRate] != 1 || s.RefusedLogins != 1 {
		t.Errorf("%+v", s)
	}
}

// TestGuessingSecrets: after 1,300 wrong logins from one host the right secret is let
// in at once, and one too many for a name is answered late. It fails where a host, or
// a name, that has failed too often is not listened to.
func TestGuessingSecrets(t *testing.T) {
	var told atomic.Int64
	b, _ := start(t, func(o *broker.Options) { o.WrongLogin = func(string, string) { told.Add(1) } })
	login := func(user, secret string) error {
		c := paho.NewClient(options(plainURL(b), user, secret, "it").SetConnectTimeout(patience))
		defer c.Disconnect(0)
		token := c.Connect()
		if !token.WaitTimeout(patience) {
			return errors.New("no answer")
		}
		return token.Error()
	}
	const guesses = 1300
	var guessing sync.WaitGroup
	for part := range 50 {
		guessing.Go(func() {
			for n := range guesses / 50 {
				user := fmt.Sprintf("EV-G%d-%d", part, n)
				if n == 0 {
					user = "EV-0001"
				}
				if login(user, "guess") == nil {
					t.Error("a guess was let in")
				}
			}
		})
	}
	guessing.Wait()
	began := time.Now()
	if err := login("EV-0001", "s-EV-0001"); err != nil {
		t.Errorf("the right secret: %v", err)
	}
	if took := time.Since(began); took > 900*time.Millisecond {
		t.Errorf("the right secret waited %s", took)
	}
	s := b.Stats()
	if told.Load() != guesses || s.Refused[broker.LoginSecret]+s.Refused[broker.LoginRate] != guesses || s.Refused[broker.LoginRate] < 40 {
		t.Errorf("%d told, %+v", told.Load(), s)
	}
}

// TestLastWill: the will of a car that is lost is handled as if it had said it,
// and those of its connections that listen hear it.
func TestLastWill(t *testing.T) {
	b, handled := start(t, nil)
	_, heard := subscribe(t, dial(t, b, "EV-0001"), carlink.VehicleFilter("EV-0001"))
	will := append(append(str("MQTT"), 4, 0xC6, 0, 60), str("lost")...)
	will = append(append(will, str("ev/EV-0001/telemetry")...), str(`{"gone":true}`)...)
	will = append(append(will, str("EV-0001")...), str("s-EV-0001")...)
	car := openRaw(t, b)
	car.send(t, 0x10, will)
	if kind, ack := car.read(t); kind != 0x20 || ack[1] != 0 {
		t.Fatalf("CONNACK %x %x", kind, ack)
	}
	car.Close()
	if m := receive(t, handled, "the will"); m.payload != `{"gone":true}` || m.client.ID != "lost" || m.topic.Kind != carlink.KindTelemetry {
		t.Errorf("%+v", m)
	}
	if m := receive(t, heard, "the will"); string(m.Payload()) != `{"gone":true}` || m.Retained() {
		t.Errorf("%s %s", m.Topic(), m.Payload())
	}
}

// TestOperatorReadsSys: and nothing else, and says nothing.
func TestOperatorReadsSys(t *testing.T) {
	b, _ := start(t, func(o *broker.Options) {
		o.Authenticate = func(user string, password []byte) (broker.Principal, bool) {
			if string(password) == "operator" {
				return broker.Principal{Operator: true}, true
			}
			return authenticate(user, password)
		}
	})
	operator := connect(t, options(plainURL(b), "ops", "operator", "it"))
	ok, messages := subscribe(t, operator, "$SYS/broker/clients/connected")
	if !ok {
		t.Fatal("refused")
	}
	if m := receive(t, messages, "the number of clients"); string(m.Payload()) != "0" {
		t.Errorf("%s", m.Payload()) // as of the start
	}
	for _, filter := range []string{"#", "ev/#", "company/#", "$share/g/$SYS/#"} {
		if ok, _ := subscribe(t, operator, filter); ok {
			t.Errorf("the operator reads %s", filter)
		}
	}
	publish(t, operator, "company/MAR/status", "offline")
	if s := b.Stats(); s.Refused[broker.PublishTopic] != 1 {
		t.Errorf("%+v", s)
	}
}

// TestFigures: what an operator watches adds up.
func TestFigures(t *testing.T) {
	b, handled := start(t, nil)
	car := dial(t, b, "EV-0001")
	subscribe(t, car, carlink.VehicleFilter("EV-0001"))
	for range 3 {
		publish(t, car, carlink.TelemetryTopic("EV-0001"), "{}")
		receive(t, handled, "the telemetry")
	}
	if err := b.Publish("ev/EV-0001/trips/01890a5d-ac96-774b-bcce-b302099a8057", []byte("{}"), 1, true); err != nil {
		t.Fatal(err)
	}
	s := b.Stats()
	if s.Connected != 1 || s.Sessions != 1 || s.Subscriptions != 1 || s.MessagesIn < 3 || s.Received != 3 || s.Retained < 2 {
		t.Errorf("%+v", s)
	}
	if s.Latency.Count != 3 || s.Latency.Sum <= 0 || s.Latency.Buckets[10] != 3 {
		t.Errorf("%+v", s.Latency)
	}
	names := map[string]bool{}
	for _, r := range broker.Reasons() {
		if _, counted := s.Refused[r]; !counted || names[r.String()] {
			t.Errorf("reason %s is not counted, or has another's name", r)
		}
		names[r.String()] = true
	}
}

// TestInflightIsBounded: who is away and comes back gets what had room.
func TestInflightIsBounded(t *testing.T) {
	b, _ := start(t, func(o *broker.Options) { o.MaxInflight = 3 })
	away := dialRaw(t, b, "EV-0001", "away", false)
	away.send(t, 0x82, append([]byte{0, 9}, append(str("ev/EV-0001/alerts"), 1)...))
	away.read(t)
	away.Close()
	eventually(t, "the connection does not end", func() bool { return b.Stats().Connected == 0 })
	for i := range 5 {
		if err := b.Publish("ev/EV-0001/alerts", fmt.Appendf(nil, "%d", i), 1, false); err != nil {
			t.Fatal(err)
		}
	}
	if s := b.Stats(); s.InFlight != 3 || s.Refused[broker.Inflight] != 2 || s.Sessions != 1 {
		t.Errorf("%+v", s)
	}
	back := dialRaw(t, b, "EV-0001", "away", false)
	for range 3 {
		if kind, _ := back.read(t); kind != 0x3a {
			t.Errorf("%x", kind)
		}
	}
}

// TestTooManyConnections: an entrance takes no more than it may, logged in or
// not.
func TestTooManyConnections(t *testing.T) {
	b, _ := start(t, func(o *broker.Options) { o.MaxClients = 1 })
	dial(t, b, "EV-0001")
	c := paho.NewClient(options(plainURL(b), "EV-0002", "s-EV-0002", "it").SetConnectTimeout(time.Second))
	if token := c.Connect(); !token.WaitTimeout(patience) || token.Error() == nil {
		t.Error("a second client")
	}
}
