package fleet

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// wire is a server that speaks just enough MQTT: it lets one secret in, grants
// every subscription, acknowledges every publish, and hands it to the test.
type wire struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
	got   chan *packets.PublishPacket
}

func newWire(t *testing.T) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Listener: l, got: make(chan *packets.PublishPacket, 100)}
	t.Cleanup(func() { l.Close(); w.cut() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go w.serve(c)
		}
	}()
	return w
}

func (w *wire) serve(c net.Conn) {
	for {
		in, err := packets.ReadPacket(c)
		if err != nil {
			return
		}
		var out packets.ControlPacket
		switch p := in.(type) {
		case *packets.ConnectPacket:
			ack := packets.NewControlPacket(packets.Connack).(*packets.ConnackPacket)
			if string(p.Password) != "s" || p.Username != "EV-0001" {
				ack.ReturnCode = packets.ErrRefusedBadUsernameOrPassword
			}
			w.mu.Lock()
			w.conns = append(w.conns, c)
			w.mu.Unlock()
			out = ack
		case *packets.SubscribePacket:
			ack := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
			ack.MessageID, ack.ReturnCodes = p.MessageID, []byte{1}
			out = ack
		case *packets.PublishPacket:
			w.got <- p
			if p.Qos == 0 {
				continue
			}
			ack := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
			ack.MessageID = p.MessageID
			out = ack
		default:
			continue
		}
		w.write(c, out)
	}
}

func (w *wire) write(c net.Conn, p packets.ControlPacket) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = p.Write(c)
}

// say publishes to the newest client.
func (w *wire) say(topic, payload string) {
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.TopicName, p.Payload = topic, []byte(payload)
	w.mu.Lock()
	c := w.conns[len(w.conns)-1]
	w.mu.Unlock()
	w.write(c, p)
}

// cut ends every connection.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		c.Close()
	}
}

func (w *wire) next(t *testing.T) *packets.PublishPacket {
	t.Helper()
	select {
	case p := <-w.got:
		return p
	case <-time.After(10 * time.Second):
		t.Fatal("the car said nothing")
		return nil
	}
}

func dialWire(t *testing.T, w *wire, secret string) *mqttLink {
	t.Helper()
	l, err := DialMQTT(Server{MQTT: "tcp://" + w.Addr().String()}, Identity{"EV-0001", secret})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l.(*mqttLink)
}

// TestRequestOverMQTT loses the connection before the answer: the car comes
// back and repeats under the same request id, and a busy server is asked again.
func TestRequestOverMQTT(t *testing.T) {
	w := newWire(t)
	l := dialWire(t, w, "s")
	replies := make(chan carlink.Reply, 1)
	go func() {
		r, err := l.Request(t.Context(), carlink.ActionCancel, tripID, nil)
		if err != nil {
			t.Error(err)
		}
		replies <- r
	}()
	first := w.next(t)
	e, err := carlink.ParseEnvelope(carlink.ActionCancel, first.Payload)
	if err != nil || e.TripID != tripID || first.Qos != 1 || first.TopicName != carlink.RequestTopic("EV-0001", carlink.ActionCancel) {
		t.Fatalf("%s %s, %v", first.TopicName, first.Payload, err)
	}
	w.cut()
	again := w.next(t)
	if string(again.Payload) != string(first.Payload) {
		t.Errorf("repeated as %s", again.Payload)
	}
	topic := carlink.ReplyTopic("EV-0001", e.RequestID)
	w.say(topic, `{"status":429,"body":{}}`)
	if busy := w.next(t); string(busy.Payload) != string(first.Payload) {
		t.Errorf("after 429: %s", busy.Payload)
	}
	w.say("ev/EV-0001/reply/another", `{"status":500}`)
	w.say(topic, `no JSON`)
	w.say(topic, `{"status":200,"body":{"a":1}}`)
	w.say(topic, `{"status":200,"body":{"a":2}}`) // the answer to the repeat is no second answer
	if r := <-replies; r.Status != 200 || string(r.Body) != `{"a":1}` {
		t.Errorf("%+v", r)
	}
	if l.Lost() != 1 {
		t.Errorf("lost %d times", l.Lost())
	}
	w.say(topic, `{"status":200,"body":{"a":3}}`)
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) != 0 || len(replies) != 0 {
		t.Errorf("%d requests still wait, %d answers more", len(l.waiting), len(replies))
	}
}

func TestTripsAndTelemetryOverMQTT(t *testing.T) {
	w := newWire(t)
	l := dialWire(t, w, "s")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := l.send(ctx, carlink.TelemetryTopic("EV-0001"), nil); err != nil { // waits for the connection
		t.Fatal(err)
	}
	w.next(t)
	l.Telemetry(carlink.Telemetry{At: time.Now(), SoC: 0.5, Discharge: carlink.Slow})
	if p := w.next(t); p.Qos != 0 || !strings.Contains(string(p.Payload), `"soc":0.5`) {
		t.Errorf("QoS %d %s", p.Qos, p.Payload)
	}
	topic := carlink.TripTopic("EV-0001", tripID)
	trip := func(state, at string) string {
		return `{"trip_id":"` + string(tripID) + `","state":"` + state + `","updated_at":"2026-01-01T00:00:0` + at + `Z"}`
	}
	w.say(topic, trip("CONFIRMED", "2"))
	w.say(topic, trip("RESERVING", "1")) // older: ignored
	w.say(topic, "")                     // no longer retained
	w.say(carlink.TripTopic("EV-0001", "01890a5d-ac96-774b-bcce-b302099a8058"), trip("ABORTED", "3"))
	w.say(topic, "rubbish")
	w.say(carlink.TripTopic("EV-0001", other), `{"trip_id":"`+string(other)+`","state":"ABORTED"}`)
	for { // messages come in order
		if _, ok := l.Trip(other); ok {
			break
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			t.Fatal("the last trip was not heard")
		}
	}
	if got, ok := l.Trip(tripID); !ok || got.State != "CONFIRMED" {
		t.Errorf("%+v", got)
	}
	if _, ok := l.Trip("01890a5d-ac96-774b-bcce-b302099a8058"); ok {
		t.Error("a trip under another's topic was taken")
	}
}

const other = charging.TripID("01890a5d-ac96-774b-bcce-b302099a8059")

func TestWrongSecretNeverConnects(t *testing.T) {
	w := newWire(t)
	l := dialWire(t, w, "x")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := l.Request(ctx, carlink.ActionPlan, "", map[string]int{}); err == nil {
		t.Error("an answer without a login")
	}
	if l.Lost() != 0 {
		t.Errorf("lost %d connections that it never had", l.Lost())
	}
	if _, err := DialMQTT(Server{}, Identity{VehicleID: "#"}); err == nil {
		t.Error("a vehicle called # was taken")
	}
}

func TestBackoff(t *testing.T) {
	for n, most := range []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second} {
		for range 100 {
			if d := backoff(n); d < most/2 || d > most {
				t.Fatalf("backoff(%d) = %s", n, d)
			}
		}
	}
	if d := backoff(1000); d > 15*time.Second {
		t.Errorf("%s", d)
	}
}

// TestDeadZone: without a network the connection is lost at once and does not come
// back; with one the car comes back, and asks again for what was not answered.
func TestDeadZone(t *testing.T) {
	w := newWire(t)
	l := dialWire(t, w, "s")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	replies := make(chan carlink.Reply, 1)
	go func() {
		r, err := l.Request(ctx, carlink.ActionPlan, "", map[string]int{})
		if err != nil {
			t.Error(err)
		}
		replies <- r
	}()
	first := w.next(t)
	l.Cover(false)
	l.Cover(false) // told twice
	for l.Lost() == 0 {
		if err := pause(ctx, time.Millisecond); err != nil {
			t.Fatal("the connection is still there")
		}
	}
	l.Telemetry(carlink.Telemetry{At: time.Now(), Discharge: carlink.Slow}) // nobody hears it
	select {
	case p := <-w.got:
		t.Fatalf("from the dead zone came %s", p.Payload)
	case <-time.After(100 * time.Millisecond):
	}
	l.Cover(true)
	again := w.next(t)
	if string(again.Payload) != string(first.Payload) {
		t.Errorf("repeated as %s", again.Payload)
	}
	e, err := carlink.ParseEnvelope(carlink.ActionPlan, again.Payload)
	if err != nil {
		t.Fatal(err)
	}
	w.say(carlink.AlertsTopic("EV-0001"), `{"code":"BATTERY_LOW","detail":"soon empty","trip_id":"`+string(tripID)+`"}`)
	w.say(carlink.AlertsTopic("EV-0001"), "rubbish")
	w.say(carlink.ReplyTopic("EV-0001", e.RequestID), `{"status":200,"body":{}}`)
	if r := <-replies; r.Status != 200 {
		t.Errorf("%+v", r)
	}
	if a := l.Alerts(); len(a) != 1 || a[0].TripID != tripID || len(l.Alerts()) != 0 {
		t.Errorf("alerts %+v", a)
	}
}
