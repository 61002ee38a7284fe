package carapi

import (
	"context"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

func (f *fixture) eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatal(what)
		}
		time.Sleep(time.Millisecond)
	}
}

// TestOverARealBroker: a car logs in, books over MQTT, gets its answer and sees
// its trip change.
func TestOverARealBroker(t *testing.T) {
	var a *API
	b, err := broker.New(broker.Options{
		Company: "MAR", Listen: "127.0.0.1:0",
		Authenticate: func(user string, password []byte) (broker.Principal, bool) {
			return broker.Principal{Vehicle: charging.VehicleID(user)}, string(password) == "s"
		},
		Handler:  func(c broker.Client, topic carlink.Topic, payload []byte) { a.Handle(c, topic, payload) },
		Overflow: func(c broker.Client, topic carlink.Topic, payload []byte) { a.Overflow(c, topic, payload) },
	})
	if err != nil {
		t.Fatal(err)
	}
	desk := newDesk()
	a, err = New(Options{Self: "MAR", Desk: desk, Replies: &fakeReplies{kept: map[string][]byte{}}, Publisher: b})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := b.Stop(ctx); err != nil {
			t.Error(err)
		}
		a.Stop()
	})
	a.Changed(desk.trip(trip.Reserving))
	client := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + b.Addr().String()).SetUsername("EV-0001").SetPassword("s").SetClientID("car"))
	wait := func(token paho.Token) {
		t.Helper()
		if !token.WaitTimeout(10*time.Second) || token.Error() != nil {
			t.Fatal(token.Error())
		}
	}
	wait(client.Connect())
	defer client.Disconnect(0)
	messages := make(chan paho.Message, 100)
	for _, filter := range []string{"ev/EV-0001/reply/+", "ev/EV-0001/trips/+"} {
		wait(client.Subscribe(filter, 1, func(_ paho.Client, m paho.Message) { messages <- m }))
	}
	next := func(topic, content string) {
		t.Helper()
		for {
			select {
			case m := <-messages:
				if m.Topic() == topic && strings.Contains(string(m.Payload()), content) {
					return
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("%s with %s did not come", topic, content)
			}
		}
	}
	next(carlink.TripTopic(car, tripID), "RESERVING")
	wait(client.Publish(carlink.RequestTopic(car, carlink.ActionTrip), 1, false, `{"request_id":"r","vehicle_id":"EV-0001","plan_id":"p1"}`))
	f := &fixture{API: a, desk: desk}
	f.eventually(t, "the trip is not started", func() bool { return len(desk.asked()) == 1 })
	a.Changed(desk.trip(trip.Confirmed))
	close(desk.settled)
	next(carlink.TripTopic(car, tripID), "CONFIRMED")
	wait(client.Publish(carlink.RequestTopic(car, carlink.ActionTrip), 1, false, `{"request_id":"r","vehicle_id":"EV-0001","plan_id":"p1"}`))
	next(carlink.ReplyTopic(car, "r"), `"status":201`)
}
