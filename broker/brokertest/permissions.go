package brokertest

import (
	"fmt"
	"net"
	"net/url"
	"testing"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/eletrovia/eletrovia/pkg/carlink"
)

// reading: a car asks for everything that is not its own, and for guesses at the
// group of the servers; then the company speaks with the others, and the car
// hears its own alone. A peer alike.
func reading(t *testing.T, setup Setup) {
	f := begin(t, setup, Wish{})
	f.say(t, carlink.TripTopic("EV-0002", "01890a5d-ac96-774b-bcce-b302099a8057"), "retained secret", true)
	thief := f.connect(t, "EV-0001", "thief")
	got := listen(
		t, thief, "ev/EV-0002/#", "ev/EV-0002/trips/+", "ev/+/trips/+", "ev/+/reply/+", "ev/+/#", "ev/#", "+/+/+/+", "+/#", "#",
		"company/#", "company/MAR/status", "$SYS/#", "$SYS/broker/clients/connected",
		"$share/g/ev/EV-0002/#", "$share/g/#", "$share/eletrovia-MAR/ev/+/request/+", "$share/eletrovia-MAR/ev/+/telemetry",
		"ev/EV-0001/alerts",
	)
	peer := f.connect(t, "SER", "peer")
	overheard := listen(t, peer, "ev/#", "+/EV-0002/#", "#", "$SYS/#", "$share/g/ev/#", "company/MAR/evses/+")
	victim := f.connect(t, "EV-0002", "victim")
	for range 4 { // in turn, should somebody have joined the servers
		done(t, victim.Publish(carlink.RequestTopic("EV-0002", carlink.ActionPlan), 1, false, "secret"))
		done(t, victim.Publish(carlink.TelemetryTopic("EV-0002"), 1, false, "secret"))
		for range 2 {
			if m := next(t, f.handled, "all that the victim says"); m.payload != "secret" {
				t.Errorf("%+v", m)
			}
		}
	}
	f.say(t, carlink.ReplyTopic("EV-0002", "r"), "secret", false)
	f.say(t, carlink.AlertsTopic("EV-0002"), "secret", false)
	f.say(t, carlink.AlertsTopic("EV-0001"), "marker", false)
	f.say(t, carlink.EVSETopic(Company, "BR*MAR*E0001*1"), "marker", false)
	if m := next(t, got, "the car's own"); string(m.Payload()) != "marker" {
		t.Errorf("a car read %s: %s", m.Topic(), m.Payload())
	}
	for { // a peer may read the company's events, by # too where the broker lets it ask for that
		m := next(t, overheard, "the peer's own")
		if string(m.Payload()) == "marker" {
			break
		}
		if topic, err := carlink.ParseTopic(m.Topic()); err != nil || topic.Company != Company {
			t.Errorf("a peer read %s: %s", m.Topic(), m.Payload())
		}
	}
}

// writing: what a car says on topics that are not its own to write, retained or
// not, or leaves as its will, is heard by nobody and kept nowhere.
func writing(t *testing.T, setup Setup) {
	f := begin(t, setup, Wish{})
	victim := listen(t, f.connect(t, "EV-0002", "victim"), carlink.VehicleFilter("EV-0002"))
	watcher := listen(t, f.connect(t, "SER", "watcher"), carlink.PeerFilter)
	next(t, watcher, "the status")
	const trip = "01890a5d-ac96-774b-bcce-b302099a8057"
	topics := []string{
		carlink.TelemetryTopic("EV-0002"), carlink.RequestTopic("EV-0002", carlink.ActionCancel), carlink.AlertsTopic("EV-0002"),
		carlink.ReplyTopic("EV-0002", "r"), carlink.TripTopic("EV-0002", trip), carlink.StatusTopic(Company),
		carlink.EVSETopic(Company, "BR*MAR*E0001*1"), carlink.TripTopic("EV-0001", trip), carlink.ReplyTopic("EV-0001", "r"),
		"$SYS/broker/version", "$share/g/ev/EV-0002/alerts", "elsewhere",
	}
	for i, topic := range topics {
		for j, retained := range []bool{false, true} {
			for _, who := range []string{"EV-0001", "SER"} {
				c := f.connect(t, who, fmt.Sprint("thief", i, j))
				token := c.Publish(topic, 1, retained, "forged") // refused, or acknowledged and dropped
				if !token.WaitTimeout(patience) {
					t.Fatalf("%s on %s: nothing came back", who, topic)
				}
				c.Disconnect(0)
				f.leaveWill(t, who, topic, retained)
			}
		}
	}
	own := f.connect(t, "EV-0001", "own")
	mine := listen(t, own, carlink.VehicleFilter("EV-0001"))
	done(t, own.Publish(carlink.RequestTopic("EV-0001", carlink.ActionPlan), 1, false, "marker"))
	for topic, messages := range map[string]<-chan paho.Message{
		carlink.AlertsTopic("EV-0002"): victim, carlink.EVSETopic(Company, "BR*MAR*E0001*2"): watcher, carlink.AlertsTopic("EV-0001"): mine,
	} {
		f.say(t, topic, "marker", false)
		m := next(t, messages, "the marker")
		for m.Topic() == carlink.StatusTopic(Company) && string(m.Payload()) == carlink.Online { // may come twice
			m = next(t, messages, "the marker")
		}
		if string(m.Payload()) != "marker" && m.Topic() != carlink.RequestTopic("EV-0001", carlink.ActionPlan) {
			t.Errorf("%s was heard: %s", m.Topic(), m.Payload())
		}
	}
	if m := next(t, f.handled, "the marker"); m.payload != "marker" {
		t.Errorf("%s was handled: %s", m.topic, m.payload)
	}
	if topics, err := f.Retained(t.Context()); err != nil || len(topics) != 0 {
		t.Errorf("retained %v, %v", topics, err)
	}
}

// leaveWill logs in with a will and is lost; a broker may refuse that at once.
func (f *fixture) leaveWill(t *testing.T, who, topic string, retained bool) {
	t.Helper()
	var conn net.Conn
	o := f.options(who, "will").SetWill(topic, "forged", 1, retained)
	o.SetCustomOpenConnectionFn(func(uri *url.URL, _ paho.ClientOptions) (net.Conn, error) {
		c, err := net.Dial("tcp", uri.Host)
		conn = c
		return c, err
	})
	c := paho.NewClient(o)
	if token := c.Connect(); !token.WaitTimeout(patience) {
		t.Fatal("nothing came back")
	}
	if conn != nil {
		_ = conn.Close()
	}
	c.Disconnect(0)
}

func secrets(t *testing.T, setup Setup) {
	f := begin(t, setup, Wish{})
	for _, c := range [][2]string{{"EV-0001", "guess"}, {"EV-0001", SecretOf("EV-0002")}, {"", ""}, {"SER", ""}, {"nobody", SecretOf("nobody")}} {
		client := paho.NewClient(f.options(c[0], "it").SetPassword(c[1]))
		if token := client.Connect(); !token.WaitTimeout(patience) || token.Error() == nil {
			t.Errorf("%q with %q was let in", c[0], c[1])
			client.Disconnect(0)
		}
	}
}
