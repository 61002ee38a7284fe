package broker_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

func TestCarSpeaksAndIsAnswered(t *testing.T) {
	b, handled := start(t, nil)
	car := dial(t, b, "EV-0001")
	ok, messages := subscribe(t, car, carlink.VehicleFilter("EV-0001"))
	if !ok {
		t.Fatal("a car may not subscribe to its own topics")
	}
	publish(t, car, carlink.RequestTopic("EV-0001", carlink.ActionPlan), `{"request_id":"r"}`)
	m := receive(t, handled, "the request")
	if m.client.Vehicle != "EV-0001" || m.client.ID != "it" || m.topic.Action != carlink.ActionPlan || m.payload != `{"request_id":"r"}` {
		t.Errorf("%+v", m)
	}
	if err := b.Publish(carlink.ReplyTopic("EV-0001", "r"), []byte(`{"status":200}`), 1, false); err != nil {
		t.Fatal(err)
	}
	for {
		if r := receive(t, messages, "the reply"); strings.HasSuffix(r.Topic(), "/reply/r") {
			if string(r.Payload()) != `{"status":200}` || r.Qos() != 1 {
				t.Errorf("%s QoS %d", r.Payload(), r.Qos())
			}
			return
		}
	}
}

func TestRetainedTrip(t *testing.T) {
	b, _ := start(t, nil)
	topic := carlink.TripTopic("EV-0001", "01890a5d-ac96-774b-bcce-b302099a8057")
	if err := b.Publish(topic, []byte(`1`), 1, true); err != nil {
		t.Fatal(err)
	}
	_, messages := subscribe(t, dial(t, b, "EV-0001"), carlink.VehicleFilter("EV-0001"))
	if m := receive(t, messages, "the retained trip"); !m.Retained() || string(m.Payload()) != "1" {
		t.Errorf("%s, retained %v", m.Payload(), m.Retained())
	}
	if err := b.Publish(topic, nil, 1, true); err != nil {
		t.Fatal(err)
	}
	// The end of the first is seen by the one who is there; a second client
	// gets the marker first, hence nothing retained.
	if m := receive(t, messages, "the end of the trip"); len(m.Payload()) != 0 {
		t.Errorf("%s", m.Payload())
	}
	later := connect(t, options(plainURL(b), "EV-0001", "s-EV-0001", "later"))
	_, rest := subscribe(t, later, carlink.VehicleFilter("EV-0001"))
	if err := b.Publish(carlink.AlertsTopic("EV-0001"), []byte("marker"), 1, false); err != nil {
		t.Fatal(err)
	}
	if m := receive(t, rest, "the marker"); string(m.Payload()) != "marker" {
		t.Errorf("%s is still retained: %s", m.Topic(), m.Payload())
	}
}

func TestStatusOfTheCompany(t *testing.T) {
	b, _ := start(t, nil)
	peer := dial(t, b, "SER")
	ok, messages := subscribe(t, peer, carlink.PeerFilter)
	if !ok {
		t.Fatal("a peer may not subscribe to company/#")
	}
	if m := receive(t, messages, "online"); m.Topic() != "company/MAR/status" || string(m.Payload()) != "online" || !m.Retained() {
		t.Errorf("%s %s", m.Topic(), m.Payload())
	}
	if err := b.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if m := receive(t, messages, "offline"); string(m.Payload()) != "offline" {
		t.Errorf("%s", m.Payload())
	}
	if err := b.Publish("company/MAR/status", nil, 1, true); !errors.Is(err, broker.ErrStopped) {
		t.Errorf("publishing after the stop: %v", err)
	}
	if err := b.Start(); err == nil {
		t.Error("a stopped broker started again")
	}
}

func TestEntrances(t *testing.T) {
	server, client := certificate(t)
	for _, secure := range []bool{false, true} {
		b, handled := start(t, func(o *broker.Options) {
			o.ListenTLS, o.ListenWebSocket, o.WebSocketTLS, o.TLS = "127.0.0.1:0", "127.0.0.1:0", secure, server
		})
		scheme := "ws"
		if secure {
			scheme = "wss"
		}
		for _, url := range []string{plainURL(b), "ssl://" + b.TLSAddr().String(), scheme + "://" + b.WebSocketAddr().String() + "/mqtt"} {
			car := connect(t, options(url, "EV-0001", "s-EV-0001", url[:3]).SetTLSConfig(client))
			_, messages := subscribe(t, car, carlink.VehicleFilter("EV-0001"))
			big := strings.Repeat("x", 100_000)
			publish(t, car, carlink.RequestTopic("EV-0001", carlink.ActionTrip), big)
			if m := receive(t, handled, url); m.payload != big {
				t.Errorf("%s: %d bytes arrived", url, len(m.payload))
			}
			if m := receive(t, messages, url); string(m.Payload()) != big {
				t.Errorf("%s: %d bytes came back", url, len(m.Payload()))
			}
			car.Disconnect(0)
		}
	}
}

func TestTLSIsRequiredWhereAsked(t *testing.T) {
	server, _ := certificate(t)
	b, _ := start(t, func(o *broker.Options) { o.Listen, o.ListenTLS, o.TLS = "", "127.0.0.1:0", server })
	if b.Addr() != nil {
		t.Errorf("plain MQTT on %v", b.Addr())
	}
	c := paho.NewClient(options("tcp://"+b.TLSAddr().String(), "EV-0001", "s-EV-0001", "x"))
	if token := c.Connect(); !token.WaitTimeout(patience) || token.Error() == nil {
		t.Error("plain MQTT on the TLS port")
	}
}

func TestOptionsRefused(t *testing.T) {
	good := func() broker.Options {
		return broker.Options{
			Company: "MAR", Listen: ":0", Authenticate: authenticate,
			Handler: func(broker.Client, carlink.Topic, []byte) {},
		}
	}
	if err := good().Validate(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*broker.Options){
		"company_id":   func(o *broker.Options) { o.Company = "mar" },
		"Authenticate": func(o *broker.Options) { o.Authenticate = nil },
		"Handler":      func(o *broker.Options) { o.Handler = nil },
		"address":      func(o *broker.Options) { o.Listen = "" },
		"certificate":  func(o *broker.Options) { o.ListenTLS = ":0" },
		"limit":        func(o *broker.Options) { o.Workers = -1 },
		"duration":     func(o *broker.Options) { o.SessionExpiry = -1 },
	} {
		o := good()
		change(&o)
		if _, err := broker.New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestAddressInUse(t *testing.T) {
	b, _ := start(t, nil)
	other, err := broker.New(broker.Options{
		Company: "SER", Listen: b.Addr().String(), Authenticate: authenticate,
		Handler: func(broker.Client, carlink.Topic, []byte) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err == nil || !strings.Contains(err.Error(), b.Addr().String()) {
		t.Errorf("the error does not name the address: %v", err)
	}
	if err := other.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestPublishRefusesWhatIsNoTopic(t *testing.T) {
	b, _ := start(t, nil)
	for _, topic := range []string{"", "ev/+/alerts", "ev/#", "a\x00"} {
		if err := b.Publish(topic, nil, 1, false); err == nil {
			t.Errorf("published on %q", topic)
		}
	}
	if err := b.Publish("company/MAR/status", nil, 2, false); err == nil {
		t.Error("published with QoS 2")
	}
}

func TestHandlerPanics(t *testing.T) {
	handled := make(chan string, 10)
	b, _ := start(t, func(o *broker.Options) {
		o.Handler = func(_ broker.Client, _ carlink.Topic, payload []byte) {
			if string(payload) == "0" {
				panic("no")
			}
			handled <- string(payload)
		}
	})
	car := dial(t, b, "EV-0001")
	for i := range 2 {
		publish(t, car, carlink.RequestTopic("EV-0001", carlink.ActionPlan), fmt.Sprint(i))
	}
	receive(t, handled, "the message after the panic")
	if s := b.Stats(); s.Panics != 1 || s.Received != 2 {
		t.Errorf("%+v", s)
	}
}

// TestRecheck: of one car's connections, those end that were opened with a secret
// that is no longer good, and their wills are not heard.
func TestRecheck(t *testing.T) {
	var revoked atomic.Bool
	b, handled := start(t, func(o *broker.Options) {
		o.Authenticate = func(user string, password []byte) (broker.Principal, bool) {
			return broker.Principal{Vehicle: charging.VehicleID(user), Login: string(password)}, true
		}
		o.StillGood = func(login string) bool { return login != "old" || !revoked.Load() }
	})
	lost := make(chan string, 2)
	stolen := func(id string) {
		connect(t, options(plainURL(b), "EV-0001", "old", id).
			SetWill(carlink.RequestTopic("EV-0001", carlink.ActionCancel), "last word", 1, false).
			SetConnectionLostHandler(func(paho.Client, error) { lost <- id }))
	}
	stolen("one")
	stolen("two")
	same := connect(t, options(plainURL(b), "EV-0001", "new", "three"))
	nameless := connect(t, options(plainURL(b), "EV-0001", "", "four"))
	_, wills := subscribe(t, same, "ev/EV-0001/#")
	b.Recheck()
	publish(t, same, carlink.TelemetryTopic("EV-0001"), "nothing is revoked")
	receive(t, handled, "a message before")
	select {
	case id := <-lost:
		t.Fatalf("%s was cut, and nothing is revoked", id)
	default:
	}
	revoked.Store(true)
	for range 2 {
		b.Recheck()
	}
	receive(t, lost, "the end of one connection")
	receive(t, lost, "the end of the other")
	eventually(t, "the connections are still counted", func() bool { return b.Stats().Connected == 2 })
	for _, c := range []paho.Client{same, nameless} { // are still there
		publish(t, c, carlink.TelemetryTopic("EV-0001"), "alive")
		if g := receive(t, handled, "a message of the good secret"); g.payload != "alive" || g.client.Login != "" {
			t.Errorf("heard %+v", g)
		}
	}
	for len(wills) > 0 {
		if m := <-wills; string(m.Payload()) == "last word" {
			t.Error("the will of a revoked secret was published")
		}
	}
	if b.Stats().Refused[broker.LoginRevoked] == 0 {
		t.Error("not counted")
	}
}
