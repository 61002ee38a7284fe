package broker_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/broker/brokertest"
	"github.com/eletrovia/eletrovia/pkg/carlink"
)

// place starts a company's server at a broker elsewhere; what it handles arrives
// as text.
func place(t *testing.T, o broker.RemoteOptions) (*broker.Remote, <-chan string) {
	t.Helper()
	handled := make(chan string, 10_000)
	o.Handler = func(_ broker.Client, _ carlink.Topic, payload []byte) { handled <- string(payload) }
	r, err := broker.NewRemote(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { leave(t, r) })
	return r, handled
}

func leave(t *testing.T, r *broker.Remote) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if err := r.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

func ready(t *testing.T, r *broker.Remote) {
	t.Helper()
	brokertest.Eventually(t, "the broker is not reached", func() bool { return r.Ready() == nil })
}

// user connects a car or a peer to Mosquitto.
func user(t *testing.T, m *brokertest.Mosquitto, name, id string) paho.Client {
	t.Helper()
	return connect(t, options("tcp://"+m.Addr, name, brokertest.SecretOf(name), id))
}

// TestServersShareTheCars: each message of a car reaches one of the company's
// servers, and both get some; when one leaves, the other gets all, and the
// company stays online.
func TestServersShareTheCars(t *testing.T) {
	m := mosquitto(t)
	o := elsewhere(m, brokertest.Wish{MessageRate: -1})
	one, first := place(t, o)
	two, second := place(t, o)
	ready(t, one)
	ready(t, two)
	car := user(t, m, "EV-0001", "car")
	_, states := subscribe(t, user(t, m, "SER", "peer"), carlink.PeerFilter)
	if s := receive(t, states, "the status"); string(s.Payload()) != carlink.Online {
		t.Errorf("%s", s.Payload())
	}
	const n = 200
	for i := range n {
		publish(t, car, carlink.RequestTopic("EV-0001", carlink.ActionPlan), fmt.Sprint(i))
	}
	seen := map[string]int{}
	var of [2]int
	for range n {
		select {
		case s := <-first:
			seen[s]++
			of[0]++
		case s := <-second:
			seen[s]++
			of[1]++
		case <-time.After(15 * time.Second):
			t.Fatalf("only %d of %d messages came", len(seen), n)
		}
	}
	if len(seen) != n || of[0] == 0 || of[1] == 0 {
		t.Errorf("%d different messages of %d, %d and %d of them", len(seen), n, of[0], of[1])
	}
	leave(t, two)
	for i := range 20 {
		publish(t, car, carlink.RequestTopic("EV-0001", carlink.ActionPlan), fmt.Sprint("more ", i))
		if s := receive(t, first, "all that the car says"); s != fmt.Sprint("more ", i) {
			t.Errorf("%s", s)
		}
	}
	last := ""
	brokertest.Eventually(t, "the company stays offline although one of its servers is there", func() bool {
		select {
		case s := <-states:
			last = string(s.Payload())
		default:
		}
		return last == carlink.Online && len(states) == 0
	})
}

// TestComesBack: the broker is killed; what is published meanwhile arrives once
// it is back, the servers hear again, and the status is online.
func TestComesBack(t *testing.T) {
	m := mosquitto(t)
	o := elsewhere(m, brokertest.Wish{})
	var ups atomic.Int64
	o.OnUp = func() { ups.Add(1) }
	r, handled := place(t, o)
	ready(t, r)
	m.Kill()
	brokertest.Eventually(t, "the loss is not noticed", func() bool { return r.Ready() != nil })
	if err := r.Publish(carlink.TripTopic("EV-0001", aTrip), []byte("trip"), 1, true); err != nil {
		t.Fatal(err)
	}
	m.Start(t)
	ready(t, r)
	brokertest.Eventually(t, "it is not told of two connections", func() bool { return ups.Load() == 2 })
	car := user(t, m, "EV-0001", "car")
	_, trips := subscribe(t, car, carlink.VehicleFilter("EV-0001"))
	if s := receive(t, trips, "what was published while it was away"); string(s.Payload()) != "trip" {
		t.Errorf("%s", s.Payload())
	}
	publish(t, car, carlink.TelemetryTopic("EV-0001"), "{}")
	receive(t, handled, "the telemetry")
	_, states := subscribe(t, user(t, m, "SER", "peer"), carlink.PeerFilter)
	if s := receive(t, states, "the status"); string(s.Payload()) != carlink.Online {
		t.Errorf("%s", s.Payload())
	}
}

// TestWillOfAServer: one that dies without a word is offline by its last will,
// and online when it is back.
func TestWillOfAServer(t *testing.T) {
	m := mosquitto(t)
	through, cut := proxy(t, m.Addr)
	o := elsewhere(m, brokertest.Wish{})
	o.URL = "tcp://" + through
	r, _ := place(t, o)
	ready(t, r)
	_, states := subscribe(t, user(t, m, "SER", "peer"), carlink.PeerFilter)
	want := []string{carlink.Online, carlink.Offline, carlink.Online}
	for len(want) > 0 {
		s := string(receive(t, states, want[0]).Payload())
		if s != want[0] {
			continue // the same again
		}
		if want = want[1:]; len(want) == 2 {
			cut()
		}
	}
}

// TestBrokerThatIsNotThere: the server starts, says so, keeps what it has to say
// within bounds, and stops.
func TestBrokerThatIsNotThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	r, _ := place(t, broker.RemoteOptions{Company: "MAR", URL: "tcp://" + address})
	brokertest.Eventually(t, "it does not say where", func() bool {
		err := r.Ready()
		return err != nil && strings.Contains(err.Error(), address)
	})
	if _, err := r.Retained(t.Context()); err == nil {
		t.Error("it knows what is retained")
	}
	big := make([]byte, 1<<20)
	var full error
	for range 65 {
		full = r.Publish(carlink.AlertsTopic("EV-0001"), big, 1, false)
	}
	if !errors.Is(full, broker.ErrFull) {
		t.Errorf("%v", full)
	}
}

// TestServerThatMayNot: a broker that does not let the servers in is told of.
func TestServerThatMayNot(t *testing.T) {
	m := mosquitto(t)
	o := elsewhere(m, brokertest.Wish{})
	o.Password = "wrong"
	r, _ := place(t, o)
	brokertest.Eventually(t, "it does not say why", func() bool {
		err := r.Ready()
		return err != nil && strings.Contains(err.Error(), m.Addr) && !strings.Contains(err.Error(), "not connected yet")
	})
}

func TestRemoteOptionsRefused(t *testing.T) {
	good := broker.RemoteOptions{Company: "MAR", URL: "tcp://x:1", Handler: func(broker.Client, carlink.Topic, []byte) {}}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*broker.RemoteOptions){
		"company_id": func(o *broker.RemoteOptions) { o.Company = "mar" },
		"address":    func(o *broker.RemoteOptions) { o.URL = "x:1" },
		"tcp://":     func(o *broker.RemoteOptions) { o.URL = "http://x:1" },
		"Handler":    func(o *broker.RemoteOptions) { o.Handler = nil },
		"limit":      func(o *broker.RemoteOptions) { o.Workers = -1 },
	} {
		o := good
		change(&o)
		if _, err := broker.NewRemote(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// proxy passes connections on until cut, which ends those that are open.
func proxy(t *testing.T, to string) (address string, cut func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var open []net.Conn
	cut = func() {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range open {
			c.Close()
		}
		open = nil
	}
	t.Cleanup(func() { l.Close(); cut() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()
				continue
			}
			mu.Lock()
			open = append(open, in, out)
			mu.Unlock()
			for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
				go func() {
					_, _ = io.Copy(way[0], way[1])
					way[0].Close()
					way[1].Close()
				}()
			}
		}
	}()
	return l.Addr().String(), cut
}
