package broker_test

import (
	"fmt"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/pkg/carlink"
)

func TestLogins(t *testing.T) {
	b, _ := start(t, nil)
	for name, c := range map[string]struct {
		o  *paho.ClientOptions
		ok bool
	}{
		"a car":               {options(plainURL(b), "EV-0001", "s-EV-0001", "a"), true},
		"a peer":              {options(plainURL(b), "SER", "t-SER", "a"), true},
		"no client id":        {options(plainURL(b), "EV-0001", "s-EV-0001", ""), true},
		"MQTT 3.1":            {options(plainURL(b), "EV-0001", "s-EV-0001", "b").SetProtocolVersion(3), true},
		"wrong secret":        {options(plainURL(b), "EV-0001", "s-EV-0002", "a"), false},
		"nobody":              {options(plainURL(b), "", "", "a"), false},
		"somebody without":    {options(plainURL(b), "ops", "operator", "a"), false},
		"long client id":      {options(plainURL(b), "EV-0001", "s-EV-0001", fmt.Sprintf("%0129d", 1)), false},
		"own will":            {options(plainURL(b), "EV-0001", "s-EV-0001", "w").SetWill("ev/EV-0001/telemetry", "gone", 1, true), true},
		"will of another car": {options(plainURL(b), "EV-0001", "s-EV-0001", "a").SetWill("ev/EV-0002/telemetry", "x", 1, false), false},
		"will as the company": {options(plainURL(b), "EV-0001", "s-EV-0001", "a").SetWill("company/MAR/status", "offline", 1, true), false},
		"will of a peer":      {options(plainURL(b), "SER", "t-SER", "a").SetWill("company/SER/status", "offline", 1, true), false},
	} {
		client := paho.NewClient(c.o.SetConnectRetry(false))
		token := client.Connect()
		if !token.WaitTimeout(patience) {
			t.Fatalf("%s: no answer", name)
		}
		if (token.Error() == nil) != c.ok {
			t.Errorf("%s: %v", name, token.Error())
		}
		client.Disconnect(0)
	}
	if s := b.Stats(); s.RefusedLogins < 7 {
		t.Errorf("%+v", s)
	}
}

// TestWhoMayRead subscribes, and publishes below each refused filter to see
// that nothing comes.
func TestWhoMayRead(t *testing.T) {
	b, _ := start(t, nil)
	for _, c := range []struct {
		who, filter string
		ok          bool
	}{
		{"EV-0001", "ev/EV-0001/#", true},
		{"EV-0001", "ev/EV-0001/reply/+", true},
		{"EV-0001", "ev/EV-0001/+/x", true},
		{"EV-0001", "ev/EV-0001/trips/01890a5d-ac96-774b-bcce-b302099a8057", true},
		{"EV-0001", "ev/EV-0001x/#", false},
		{"EV-0001", "ev/EV-0002/#", false},
		{"EV-0001", "ev/EV-0002/telemetry", false},
		{"EV-0001", "ev/+/telemetry", false},
		{"EV-0001", "ev/#", false},
		{"EV-0001", "ev/EV-0001", false},
		{"EV-0001", "+/EV-0001/#", false},
		{"EV-0001", "#", false},
		{"EV-0001", "+/+/+", false},
		{"EV-0001", "company/#", false},
		{"EV-0001", "company/MAR/status", false},
		{"EV-0001", "$SYS/#", false},
		{"EV-0001", "$SYS/broker/version", false},
		{"EV-0001", "$share/g/ev/EV-0001/#", false},
		{"EV-0001", "$share/g/ev/EV-0002/#", false},
		{"EV-0001", "/ev/EV-0001/#", false},
		{"SER", "company/#", true},
		{"SER", "company/MAR/evses/+", true},
		{"SER", "#", false},
		{"SER", "ev/#", false},
		{"SER", "ev/EV-0001/telemetry", false},
		{"SER", "+/MAR/status", false},
		{"SER", "$SYS/#", false},
		{"SER", "$share/g/company/#", false},
	} {
		if ok, _ := subscribe(t, dial(t, b, c.who), c.filter); ok != c.ok {
			t.Errorf("%s subscribes to %s: granted %v, want %v", c.who, c.filter, ok, c.ok)
		}
	}
	if s := b.Stats(); s.RefusedSubscriptions != 22 {
		t.Errorf("%+v", s)
	}
}

// TestWhoMayWrite publishes everything with QoS 1: each must be acknowledged,
// or the client would send it for ever, and only the right ones handled.
func TestWhoMayWrite(t *testing.T) {
	b, handled := start(t, nil)
	victim := dial(t, b, "EV-0002")
	_, overheard := subscribe(t, victim, "ev/EV-0002/#")
	watcher := dial(t, b, "CAJ")
	_, events := subscribe(t, watcher, carlink.PeerFilter)
	receive(t, events, "the status")
	refused := int64(0)
	for _, c := range []struct {
		who, topic string
		ok         bool
	}{
		{"EV-0001", "ev/EV-0001/telemetry", true},
		{"EV-0001", "ev/EV-0001/request/plan", true},
		{"EV-0001", "ev/EV-0001/request/unplug", true},
		{"EV-0001", "ev/EV-0001/request/fly", false},
		{"EV-0001", "ev/EV-0001/request/plan/x", false},
		{"EV-0001", "ev/EV-0001/reply/r", false},
		{"EV-0001", "ev/EV-0001/alerts", false},
		{"EV-0001", "ev/EV-0001/trips/01890a5d-ac96-774b-bcce-b302099a8057", false},
		{"EV-0001", "ev/EV-0002/telemetry", false},
		{"EV-0001", "ev/EV-0002/request/cancel", false},
		{"EV-0001", "ev/EV-0002/alerts", false},
		{"EV-0001", "company/MAR/status", false},
		{"EV-0001", "company/MAR/evses/BR*MAR*E0001*1", false},
		{"EV-0001", "$SYS/broker/version", false},
		{"EV-0001", "elsewhere", false},
		{"SER", "company/SER/status", false},
		{"SER", "company/MAR/status", false},
		{"SER", "ev/EV-0002/alerts", false},
		{"SER", "ev/EV-0002/telemetry", false},
	} {
		for _, retained := range []bool{false, true} {
			token := dial(t, b, c.who).Publish(c.topic, 1, retained, "x")
			if !token.WaitTimeout(patience) || token.Error() != nil {
				t.Fatalf("%s on %s: not acknowledged: %v", c.who, c.topic, token.Error())
			}
			if c.ok {
				if m := receive(t, handled, c.topic); m.topic.String() != c.topic {
					t.Errorf("%s arrived as %s", c.topic, m.topic)
				}
				continue
			}
			refused++
		}
	}
	if s := b.Stats(); s.RefusedPublishes != refused || s.Received != 6 {
		t.Errorf("%+v, want %d refused", s, refused)
	}
	// A marker after all that is the first that the others hear of.
	for topic, messages := range map[string]<-chan paho.Message{"ev/EV-0002/alerts": overheard, "company/MAR/status": events} {
		if err := b.Publish(topic, []byte("marker"), 1, false); err != nil {
			t.Fatal(err)
		}
		if m := receive(t, messages, "the marker"); string(m.Payload()) != "marker" {
			t.Errorf("%s got through: %s", m.Topic(), m.Payload())
		}
	}
	// Nothing that a client marked as retained was kept.
	_, kept := subscribe(t, dial(t, b, "EV-0001"), "ev/EV-0001/#")
	if err := b.Publish("ev/EV-0001/alerts", []byte("marker"), 1, false); err != nil {
		t.Fatal(err)
	}
	if m := receive(t, kept, "the marker"); string(m.Payload()) != "marker" {
		t.Errorf("%s is retained", m.Topic())
	}
}

// TestSessionsAreNotStolen: a car that calls itself like another car's client,
// or like the server's own, neither ends nor inherits anything.
func TestSessionsAreNotStolen(t *testing.T) {
	b, _ := start(t, nil)
	lost := make(chan error, 1)
	victim := connect(t, options(plainURL(b), "EV-0002", "s-EV-0002", "same").SetCleanSession(false).
		SetConnectionLostHandler(func(_ paho.Client, err error) { lost <- err }))
	if ok, _ := subscribe(t, victim, "ev/EV-0002/#"); !ok {
		t.Fatal("refused")
	}
	stolen := make(chan paho.Message, 10)
	for _, id := range []string{"same", "inline", "ev/EV-0002/same", "local"} {
		thief := connect(t, options(plainURL(b), "EV-0001", "s-EV-0001", id).SetCleanSession(false).
			SetDefaultPublishHandler(func(_ paho.Client, m paho.Message) { stolen <- m }))
		if err := b.Publish("ev/EV-0002/alerts", []byte("secret"), 1, false); err != nil {
			t.Fatalf("after a client called %s: %v", id, err)
		}
		publish(t, thief, carlink.TelemetryTopic("EV-0001"), "{}")
	}
	publish(t, victim, carlink.TelemetryTopic("EV-0002"), "{}")
	select {
	case m := <-stolen:
		t.Errorf("another car got %s", m.Payload())
	case err := <-lost:
		t.Errorf("the victim was cut off: %v", err)
	default:
	}
}

func TestLimitOfConnections(t *testing.T) {
	b, _ := start(t, func(o *broker.Options) { o.MaxSessions, o.LoginRate = 2, -1 })
	try := func(user, id string) paho.Client {
		c := paho.NewClient(options(plainURL(b), user, "s-"+user, id))
		if token := c.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
			return nil
		}
		t.Cleanup(func() { c.Disconnect(0) })
		return c
	}
	one, two := try("EV-0001", "1"), try("EV-0001", "2")
	if one == nil || two == nil {
		t.Fatal("refused below the limit")
	}
	if try("EV-0001", "3") != nil {
		t.Error("a third connection of the same car")
	}
	if try("EV-0002", "3") == nil {
		t.Error("another car was refused")
	}
	if try("EV-0001", "2") == nil {
		t.Error("taking over an own session was refused")
	}
	one.Disconnect(0)
	eventually(t, "room is not given back", func() bool { return try("EV-0001", "4") != nil })
}

func TestLimitOfKeptSessionsAndTheirExpiry(t *testing.T) {
	b, _ := start(t, func(o *broker.Options) { o.MaxSessions, o.SessionExpiry, o.LoginRate = 1, time.Nanosecond, -1 })
	keep := func(id string) bool {
		c := paho.NewClient(options(plainURL(b), "EV-0001", "s-EV-0001", id).SetCleanSession(false))
		token := c.Connect()
		ok := token.WaitTimeout(patience) && token.Error() == nil
		c.Disconnect(0)
		return ok
	}
	if !keep("a") {
		t.Fatal("refused")
	}
	eventually(t, "the connection does not end", func() bool { return b.Stats().Connected == 0 })
	if keep("b") {
		t.Error("a second kept session")
	}
	eventually(t, "the kept session cannot be resumed", func() bool { return keep("a") })
	eventually(t, "the session does not expire", func() bool { return keep("b") })
}

func TestTooManySubscriptions(t *testing.T) {
	b, _ := start(t, nil)
	car := dial(t, b, "EV-0001")
	granted := 0
	for i := range 70 {
		if ok, _ := subscribe(t, car, fmt.Sprintf("ev/EV-0001/reply/%d", i)); ok {
			granted++
		}
	}
	if granted != 64 {
		t.Errorf("%d subscriptions", granted)
	}
}
