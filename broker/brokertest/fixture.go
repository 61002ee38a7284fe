package brokertest

import (
	"context"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/pkg/carlink"
)

type heard struct {
	client  broker.Client
	topic   carlink.Topic
	payload string
}

type fixture struct {
	Broker
	url     func() string
	handled chan heard
}

func begin(t *testing.T, setup Setup, w Wish) *fixture {
	t.Helper()
	f := &fixture{handled: make(chan heard, 1000)}
	if w.Handler == nil {
		w.Handler = func(c broker.Client, topic carlink.Topic, payload []byte) {
			f.handled <- heard{c, topic, string(payload)}
		}
	}
	f.Broker, f.url = setup(t, w)
	if err := f.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.stop(t) })
	Eventually(t, "the broker is not ready", func() bool { return f.Ready() == nil })
	return f
}

func (f *fixture) stop(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := f.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// Eventually polls what no channel tells.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); {
		if time.Now().After(end) {
			t.Fatal(what)
		}
		time.Sleep(time.Millisecond)
	}
}

// options of a client that gives up rather than repeat.
func (f *fixture) options(user, id string) *paho.ClientOptions {
	return paho.NewClientOptions().AddBroker(f.url()).SetUsername(user).SetPassword(SecretOf(user)).SetClientID(id).
		SetAutoReconnect(false).SetConnectRetry(false).SetConnectTimeout(patience).SetProtocolVersion(4)
}

func (f *fixture) connect(t *testing.T, user, id string) paho.Client {
	t.Helper()
	c := paho.NewClient(f.options(user, id))
	done(t, c.Connect())
	t.Cleanup(func() { c.Disconnect(0) })
	return c
}

func done(t *testing.T, token paho.Token) {
	t.Helper()
	if !token.WaitTimeout(patience) {
		t.Fatal("nothing came back")
	}
	if err := token.Error(); err != nil {
		t.Fatal(err)
	}
}

// listen subscribes, whether that is granted or not, and gives what comes.
func listen(t *testing.T, c paho.Client, filters ...string) <-chan paho.Message {
	t.Helper()
	messages := make(chan paho.Message, 1000)
	for _, filter := range filters {
		token := c.Subscribe(filter, 1, func(_ paho.Client, m paho.Message) { messages <- m })
		if !token.WaitTimeout(patience) {
			t.Fatalf("subscribing to %s: nothing came back", filter)
		}
	}
	return messages
}

func next[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("%s did not come", what)
		panic("unreachable")
	}
}

func (f *fixture) say(t *testing.T, topic, payload string, retained bool) {
	t.Helper()
	if err := f.Publish(topic, []byte(payload), 1, retained); err != nil {
		t.Fatal(err)
	}
}
