package broker_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// raw is a client that does only what a test says.
type raw struct {
	net.Conn
	in *bufio.Reader
}

// openRaw connects and says nothing.
func openRaw(t testing.TB, b *broker.Broker) *raw {
	t.Helper()
	c, err := net.Dial("tcp", b.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &raw{c, bufio.NewReader(c)}
}

func dialRaw(t testing.TB, b *broker.Broker, vehicle, id string, clean bool) *raw {
	t.Helper()
	r := openRaw(t, b)
	flags := byte(0xC0)
	if clean {
		flags |= 2
	}
	body := append(str("MQTT"), 4, flags, 0, 60)
	body = append(body, str(id)...)
	body = append(body, str(vehicle)...)
	body = append(body, str("s-"+vehicle)...)
	r.send(t, 0x10, body)
	if kind, ack := r.read(t); kind != 0x20 || ack[1] != 0 {
		t.Fatalf("CONNACK %x %x", kind, ack)
	}
	return r
}

func str(s string) []byte { return append([]byte{byte(len(s) >> 8), byte(len(s))}, s...) }

func packet(kind byte, body []byte) []byte {
	out := []byte{kind}
	for n := len(body); ; {
		d := byte(n % 128)
		if n /= 128; n > 0 {
			out = append(out, d|0x80)
			continue
		}
		return append(append(out, d), body...)
	}
}

func (r *raw) send(t testing.TB, kind byte, body []byte) {
	t.Helper()
	if _, err := r.Write(packet(kind, body)); err != nil {
		t.Fatal(err)
	}
}

func (r *raw) read(t testing.TB) (byte, []byte) {
	t.Helper()
	kind, err := r.in.ReadByte()
	if err != nil {
		t.Fatal(err)
	}
	n, shift := 0, 0
	for {
		d, err := r.in.ReadByte()
		if err != nil {
			t.Fatal(err)
		}
		n |= int(d&0x7f) << shift
		shift += 7
		if d < 0x80 {
			break
		}
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r.in, body); err != nil {
		t.Fatal(err)
	}
	return kind, body
}

// TestPacketIDCollision: the car has not acknowledged delivery 1 and publishes,
// then subscribes, with id 1 of its own. The delivery must survive both.
func TestPacketIDCollision(t *testing.T) {
	b, handled := start(t, nil)
	car := dialRaw(t, b, "EV-0001", "raw", false)
	car.send(t, 0x82, append([]byte{0, 9}, append(str("ev/EV-0001/alerts"), 1)...))
	if kind, ack := car.read(t); kind != 0x90 || ack[2] != 1 {
		t.Fatalf("SUBACK %x %x", kind, ack)
	}
	if err := b.Publish("ev/EV-0001/alerts", []byte("wake up"), 1, false); err != nil {
		t.Fatal(err)
	}
	kind, body := car.read(t)
	if kind != 0x32 || !bytes.Contains(body, []byte("\x00\x01wake up")) {
		t.Fatalf("%x %q", kind, body)
	}
	car.send(t, 0x32, append(append(str("ev/EV-0001/telemetry"), 0, 1), "{}"...))
	if kind, ack := car.read(t); kind != 0x40 || ack[1] != 1 {
		t.Fatalf("PUBACK %x %x", kind, ack)
	}
	receive(t, handled, "the telemetry")
	car.send(t, 0x82, append([]byte{0, 1}, append(str("ev/EV-0001/reply/+"), 1)...))
	if kind, ack := car.read(t); kind != 0x90 || ack[2] != 1 {
		t.Fatalf("the subscription with that id was refused: %x %x", kind, ack)
	}
	car.Close()
	again := dialRaw(t, b, "EV-0001", "raw", false)
	if kind, body := again.read(t); kind != 0x3a || !bytes.HasSuffix(body, []byte("wake up")) {
		t.Errorf("sent again: %x %q", kind, body)
	}
	if s := b.Stats(); s.Rescued != 2 {
		t.Errorf("%+v", s)
	}
}

// TestSlowSubscriber: a car that does not read loses its connection, nobody
// else notices, and publishing never waits.
func TestSlowSubscriber(t *testing.T) {
	b, handled := start(t, func(o *broker.Options) { o.WriteTimeout = time.Minute })
	slow := dialRaw(t, b, "EV-0001", "slow", true)
	slow.send(t, 0x82, append([]byte{0, 9}, append(str("ev/EV-0001/#"), 1)...))
	slow.read(t)
	payload := bytes.Repeat([]byte("x"), 100_000)
	eventually(t, "the slow car is not let go", func() bool {
		if err := b.Publish("ev/EV-0001/alerts", payload, 1, false); err != nil {
			t.Fatal(err)
		}
		return b.Stats().LetGo > 0
	})
	car := dial(t, b, "EV-0002")
	publish(t, car, carlink.TelemetryTopic("EV-0002"), "{}")
	receive(t, handled, "another car's telemetry")
	eventually(t, "the slow car stays connected", func() bool { return b.Stats().Connected == 1 })
}

// TestWriteTimeout: who does not read is let go when a write has hung too long.
func TestWriteTimeout(t *testing.T) {
	b, _ := start(t, func(o *broker.Options) { o.WriteTimeout = 20 * time.Millisecond })
	slow := dialRaw(t, b, "EV-0001", "slow", true)
	slow.send(t, 0x82, append([]byte{0, 9}, append(str("ev/EV-0001/#"), 0)...))
	slow.read(t)
	payload := bytes.Repeat([]byte("x"), 100_000)
	eventually(t, "a write that hangs does not end", func() bool {
		if err := b.Publish("ev/EV-0001/alerts", payload, 0, false); err != nil {
			t.Fatal(err)
		}
		return b.Stats().Connected == 0
	})
	eventually(t, "the slow car is not counted", func() bool { return b.Stats().LetGo == 1 })
}

// TestOverflow: the handler hangs on one car. Its queue fills, what is too
// much is told for requests and dropped, and other cars are handled.
func TestOverflow(t *testing.T) {
	release := make(chan struct{})
	handled := make(chan string, 100)
	var mu sync.Mutex
	var told []string
	b, _ := start(t, func(o *broker.Options) {
		o.Mailbox, o.Workers = 4, 2
		o.Handler = func(c broker.Client, topic carlink.Topic, payload []byte) {
			if c.Vehicle == "EV-0001" {
				<-release
			}
			handled <- string(c.Vehicle) + " " + string(payload)
		}
		o.Overflow = func(_ broker.Client, _ carlink.Topic, payload []byte) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, string(payload))
		}
	})
	var once sync.Once
	letGo := func() { once.Do(func() { close(release) }) }
	t.Cleanup(letGo)
	stuck := dial(t, b, "EV-0001")
	publish(t, stuck, carlink.RequestTopic("EV-0001", carlink.ActionPlan), "0")
	eventually(t, "the first is not being handled", func() bool { return b.Stats().Backlog == 0 })
	for i := 1; i <= 4; i++ { // two of them find room
		publish(t, stuck, carlink.TelemetryTopic("EV-0001"), fmt.Sprint(i))
	}
	for i := 5; i <= 9; i++ { // two of them find room
		publish(t, stuck, carlink.RequestTopic("EV-0001", carlink.ActionPlan), fmt.Sprint(i))
	}
	publish(t, dial(t, b, "EV-0002"), carlink.RequestTopic("EV-0002", carlink.ActionPlan), "hello")
	if m := receive(t, handled, "the other car's request"); m != "EV-0002 hello" {
		t.Errorf("%s", m)
	}
	mu.Lock()
	if strings.Join(told, " ") != "7 8 9" {
		t.Errorf("told of %v", told)
	}
	mu.Unlock()
	if s := b.Stats(); s.Overflowed != 5 || s.Backlog != 4 {
		t.Errorf("%+v", s)
	}
	letGo()
	for _, want := range []string{"0", "1", "2", "5", "6"} {
		if m := receive(t, handled, want); m != "EV-0001 "+want {
			t.Errorf("%s, want %s", m, want)
		}
	}
}

func TestOrderOfEachCar(t *testing.T) {
	handled := make(chan string, 10_000)
	b, _ := start(t, func(o *broker.Options) {
		o.Workers, o.Mailbox = 8, 1000
		o.Handler = func(c broker.Client, _ carlink.Topic, payload []byte) { handled <- string(c.Vehicle) + string(payload) }
	})
	var cars sync.WaitGroup
	for v := range 5 {
		id := fmt.Sprintf("EV-%d", v)
		car := dial(t, b, id)
		cars.Go(func() {
			for i := range 100 {
				car.Publish(carlink.RequestTopic(charging.VehicleID(id), carlink.ActionPlan), 1, false, fmt.Sprintf(" %d", i))
			}
		})
	}
	cars.Wait()
	next := map[string]int{}
	for range 500 {
		var id string
		var i int
		if _, err := fmt.Sscan(receive(t, handled, "a message"), &id, &i); err != nil {
			t.Fatal(err)
		}
		if next[id] != i {
			t.Fatalf("%s: %d came when %d was due", id, i, next[id])
		}
		next[id]++
	}
}

// TestGarbage: what is no MQTT ends its connection, and nothing else.
func TestGarbage(t *testing.T) {
	b, handled := start(t, nil)
	hello := packet(0x10, append(append(str("MQTT"), 4, 0xC2, 0, 60), append(append(str("x"), str("EV-0001")...), str("s-EV-0001")...)...))
	for name, bytes := range map[string][]byte{
		"HTTP":                    []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"zeros":                   make([]byte, 100),
		"ones":                    bytes.Repeat([]byte{0xff}, 100),
		"publish before login":    packet(0x30, append(str("ev/EV-0001/telemetry"), "{}"...)),
		"endless length":          {0x10, 0xff, 0xff, 0xff, 0xff, 0xff},
		"a packet of 200 MB":      {0x10, 0xff, 0xff, 0xff, 0x5f},
		"second login":            append(append([]byte{}, hello...), hello...),
		"large packet":            append(append([]byte{}, hello...), 0x30, 0xff, 0xff, 0xff, 0x7f),
		"topic beyond the packet": append(append([]byte{}, hello...), 0x30, 3, 0xff, 0xff, 'x'),
		"topic that is no text":   append(append([]byte{}, hello...), packet(0x30, append(str("ev/\xff\xfe/x"), "{}"...))...),
		"wildcard topic":          append(append([]byte{}, hello...), packet(0x30, append(str("ev/+/telemetry"), "{}"...))...),
		"QoS 3":                   append(append([]byte{}, hello...), packet(0x36, append(str("ev/EV-0001/telemetry"), 0, 1))...),
		"empty subscribe":         append(append([]byte{}, hello...), packet(0x82, []byte{0, 1})...),
		"reserved packet":         append(append([]byte{}, hello...), packet(0xf0, nil)...),
		"MQTT 5":                  packet(0x10, append(append(str("MQTT"), 5, 0xC2, 0, 60, 0), append(append(str("x"), str("EV-0001")...), str("s-EV-0001")...)...)),
		"will without a topic":    packet(0x10, append(append(str("MQTT"), 4, 0xC6, 0, 60), append(append(str("x"), str("")...), append(str("w"), append(str("EV-0001"), str("s-EV-0001")...)...)...)...)),
	} {
		c, err := net.Dial("tcp", b.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(patience))
		if _, err := c.Write(bytes); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := io.Copy(io.Discard, c); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: the connection stays: %v", name, err)
		}
		c.Close()
	}
	publish(t, dial(t, b, "EV-0001"), carlink.TelemetryTopic("EV-0001"), "{}")
	receive(t, handled, "a car's telemetry after all that")
}

// TestSilentConnection: who does not log in is let go, and does not keep the
// broker from stopping.
func TestSilentConnection(t *testing.T) {
	b, _ := start(t, func(o *broker.Options) { o.ConnectTimeout = 10 * time.Millisecond })
	c, err := net.Dial("tcp", b.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, c); err != nil {
		t.Errorf("the connection stays: %v", err)
	}
	waiting, _ := start(t, nil) // stopped with a silent connection, at the end of the test
	if c, err = net.Dial("tcp", waiting.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
}
