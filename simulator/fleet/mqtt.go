package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/uuid"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// repeatAfter is how long an answer may take before the request is repeated
// under its id. A booking that needs longer answers the repeat all the same.
const repeatAfter = 20 * time.Second

// mqttLink is a Link over MQTT 3.1.1 with a clean session: what was missed is
// read again from the retained trips after every connect.
type mqttLink struct {
	id     Identity
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	client  paho.Client   // nil while there is no connection
	up      chan struct{} // closed when there is one again
	gone    chan struct{} // of the present connection: closed when it is lost
	waiting map[carlink.RequestID]chan carlink.Reply
	trips   map[charging.TripID]trip.Trip
	lost    int
	alerts  []carlink.Alert
	covered chan struct{} // closed while there is a network
	dark    chan struct{} // closed while there is none
}

var (
	_ Radio  = (*mqttLink)(nil)
	_ Teller = (*mqttLink)(nil)
)

// DialMQTT makes a link that connects, and comes back, by itself.
func DialMQTT(s Server, id Identity) (Link, error) {
	if err := id.VehicleID.Validate(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &mqttLink{
		id: id, cancel: cancel, done: make(chan struct{}), up: make(chan struct{}),
		waiting: map[carlink.RequestID]chan carlink.Reply{}, trips: map[charging.TripID]trip.Trip{},
		covered: make(chan struct{}), dark: make(chan struct{}),
	}
	close(l.covered)
	go l.keep(ctx, s.MQTT)
	return l, nil
}

// keep connects, waits for the loss, and connects again after a pause that
// grows with each failure in a row.
func (l *mqttLink) keep(ctx context.Context, address string) {
	defer close(l.done)
	for failures := 0; ctx.Err() == nil; {
		covered, _ := l.radio()
		select {
		case <-covered:
		case <-ctx.Done():
			return
		}
		_, dark := l.radio()
		gone := make(chan struct{})
		client, err := l.connect(ctx, address, gone)
		if err == nil {
			failures = 0
			select {
			case <-gone:
			case <-dark:
			case <-ctx.Done():
			}
			l.down(ctx)
			client.Disconnect(100)
			if closed(dark) {
				continue // it is back as soon as there is a network
			}
		}
		if pause(ctx, backoff(failures)) != nil {
			return
		}
		failures++
	}
}

// radio is the present coverage: one of the two is closed.
func (l *mqttLink) radio() (covered, dark <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.covered, l.dark
}

// Cover says whether there is a network.
func (l *mqttLink) Cover(ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case ok && !closed(l.covered):
		close(l.covered)
		l.dark = make(chan struct{})
	case !ok && closed(l.covered):
		close(l.dark)
		l.covered = make(chan struct{})
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// connectWithin bounds a login and its subscription: a broker that takes the
// connection and then says nothing must not keep the car for ever.
const connectWithin = 20 * time.Second

func (l *mqttLink) connect(ctx context.Context, address string, gone chan struct{}) (paho.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	var once sync.Once
	o := paho.NewClientOptions().AddBroker(address).
		SetClientID("car-" + string(l.id.VehicleID)).SetUsername(string(l.id.VehicleID)).SetPassword(l.id.Secret).
		SetProtocolVersion(4).SetCleanSession(true).SetAutoReconnect(false).SetKeepAlive(30 * time.Second).
		SetConnectTimeout(10 * time.Second).SetWriteTimeout(10 * time.Second).
		SetConnectionLostHandler(func(paho.Client, error) { once.Do(func() { close(gone) }) })
	client := paho.NewClient(o)
	if err := wait(ctx, client.Connect()); err != nil {
		client.Disconnect(0)
		return nil, err
	}
	token := client.Subscribe(carlink.VehicleFilter(l.id.VehicleID), 1, func(_ paho.Client, m paho.Message) { l.hear(m.Topic(), m.Payload()) })
	if err := wait(ctx, token); err != nil {
		client.Disconnect(0)
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.client, l.gone = client, make(chan struct{})
	close(l.up)
	return client, nil
}

func wait(ctx context.Context, t paho.Token) error {
	select {
	case <-t.Done():
		return t.Error()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// down notes that the connection is gone; one that was closed is not lost.
func (l *mqttLink) down(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.client, l.up = nil, make(chan struct{})
	close(l.gone)
	if ctx.Err() == nil {
		l.lost++
	}
}

// hear takes a message of the server; what it cannot read, it ignores.
func (l *mqttLink) hear(topic string, payload []byte) {
	t, err := carlink.ParseTopic(topic)
	if err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch t.Kind {
	case carlink.KindReply:
		reply, err := carlink.ParseReply(payload)
		if answers := l.waiting[t.Request]; err == nil && answers != nil {
			select {
			case answers <- reply:
			default: // the answer to a repeat
			}
		}
	case carlink.KindAlerts:
		var a carlink.Alert
		if json.Unmarshal(payload, &a) == nil {
			l.alerts = append(l.alerts, a)
		}
	case carlink.KindTrip:
		var heard trip.Trip
		if len(payload) == 0 {
			return // no longer open; the last one stays known
		}
		if json.Unmarshal(payload, &heard) == nil && heard.ID == t.Trip && !heard.UpdatedAt.Before(l.trips[t.Trip].UpdatedAt) {
			l.trips[t.Trip] = heard
		}
	}
}

// Request repeats under one request id until it has an answer: at once after a
// reconnect, after repeatAfter in silence, and later when the server is busy.
func (l *mqttLink) Request(ctx context.Context, a carlink.Action, id charging.TripID, body any) (carlink.Reply, error) {
	raw := []byte("{}")
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return carlink.Reply{}, err
		}
	}
	request := carlink.RequestID(uuid.NewString())
	payload, err := carlink.Envelope{RequestID: request, TripID: id, Body: raw}.Encode()
	if err != nil {
		return carlink.Reply{}, err
	}
	answers := make(chan carlink.Reply, 1)
	l.mu.Lock()
	l.waiting[request] = answers
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.waiting, request)
	}()
	for busy := 0; ; {
		gone, err := l.send(ctx, carlink.RequestTopic(l.id.VehicleID, a), payload)
		if err != nil {
			return carlink.Reply{}, err
		}
		select {
		case reply := <-answers:
			if reply.Status != 429 && reply.Status != 503 {
				return reply, nil
			}
			if err := pause(ctx, backoff(busy+2)); err != nil {
				return carlink.Reply{}, err
			}
			busy++
		case <-gone:
		case <-time.After(repeatAfter):
		case <-ctx.Done():
			return carlink.Reply{}, fmt.Errorf("%s: %w", a, ctx.Err())
		}
	}
}

// send publishes once there is a connection. The channel closes when that
// connection is gone.
func (l *mqttLink) send(ctx context.Context, topic string, payload []byte) (<-chan struct{}, error) {
	for {
		l.mu.Lock()
		client, up, gone := l.client, l.up, l.gone
		l.mu.Unlock()
		if client != nil {
			client.Publish(topic, 1, false, payload) // a failure shows as a lost connection
			return gone, nil
		}
		select {
		case <-up:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Telemetry is sent with QoS 0; without a connection it is forgotten.
func (l *mqttLink) Telemetry(t carlink.Telemetry) {
	l.mu.Lock()
	client := l.client
	l.mu.Unlock()
	if client == nil {
		return
	}
	if raw, err := json.Marshal(t); err == nil {
		client.Publish(carlink.TelemetryTopic(l.id.VehicleID), 0, false, raw)
	}
}

// Trip is the newest that was heard of a trip.
func (l *mqttLink) Trip(id charging.TripID) (trip.Trip, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t, ok := l.trips[id]
	return t, ok
}

// Alerts gives what the server has told since it was asked last.
func (l *mqttLink) Alerts() []carlink.Alert {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.alerts
	l.alerts = nil
	return out
}

// Lost counts the connections that were lost.
func (l *mqttLink) Lost() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// Close ends the connection and waits until it has ended.
func (l *mqttLink) Close() {
	l.cancel()
	<-l.done
}
