package broker_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/pkg/carlink"
)

const aTrip = "01890a5d-ac96-774b-bcce-b302099a8057"

// lasting starts a broker that keeps what it has in dir, and stops it when the
// test says so.
func lasting(t *testing.T, dir string, change func(*broker.Options)) (b *broker.Broker, handled <-chan got, stop func()) {
	t.Helper()
	b, handled = start(t, func(o *broker.Options) {
		o.Dir = dir
		if change != nil {
			change(o)
		}
	})
	return b, handled, func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := b.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	}
}

// TestSessionsOutliveARestart: a car that was away gets what it missed, once it
// is back at a broker that was stopped and started meanwhile; so do its
// subscriptions and its retained trip.
func TestSessionsOutliveARestart(t *testing.T) {
	dir := t.TempDir()
	b, _, stop := lasting(t, dir, nil)
	car := dialRaw(t, b, "EV-0001", "raw", false)
	subscribeRaw(t, car, 9, "ev/EV-0001/#", "ev/EV-0002/#")
	car.Close()
	eventually(t, "the connection does not end", func() bool { return b.Stats().Connected == 0 })
	for i := range 5 {
		say(t, b, carlink.ReplyTopic("EV-0001", carlink.RequestID(fmt.Sprint(i))), fmt.Sprint("answer ", i), false)
	}
	say(t, b, carlink.TripTopic("EV-0001", aTrip), "trip", true)
	stop()

	for life := range 2 { // it comes back only in the second one
		b, _, stop = lasting(t, dir, nil)
		if s := b.Stats(); s.Sessions != 1 || s.InFlight != 6 || s.Subscriptions != 1 {
			t.Errorf("life %d: %+v", life, s)
		}
		topics, err := b.Retained(t.Context())
		if err != nil || len(topics) != 1 || topics[0].Trip != aTrip {
			t.Errorf("life %d: retained %v, %v", life, topics, err)
		}
		if life == 0 {
			stop()
		}
	}
	back := dialRaw(t, b, "EV-0001", "raw", false)
	got := map[string]bool{}
	for range 6 {
		kind, body := back.read(t)
		if kind&^1 != 0x3a { // QoS 1, once more
			t.Fatalf("%x %q", kind, body)
		}
		n := 2 + int(body[0])<<8 + int(body[1])
		got[string(body[n+2:])] = true
		back.send(t, 0x40, body[n:n+2])
	}
	if len(got) != 6 {
		t.Errorf("it got %v", got)
	}
	eventually(t, "what was acknowledged still waits", func() bool { return b.Stats().InFlight == 0 })
	say(t, b, carlink.AlertsTopic("EV-0001"), "now", false)
	if kind, body := back.read(t); kind != 0x32 || !bytes.HasSuffix(body, []byte("now")) {
		t.Errorf("its subscription is gone: %x %q", kind, body)
	}
	back.Close()
	stop()

	b, _, _ = lasting(t, dir, nil)
	last := dialRaw(t, b, "EV-0001", "raw", false)
	if kind, body := last.read(t); kind != 0x3a || !bytes.HasSuffix(body, []byte("now")) {
		t.Errorf("what was not acknowledged: %x %q", kind, body)
	}
}

// TestPacketIDCollisionOutlivesARestart: the car's own packet id does not take a
// stored delivery away either.
func TestPacketIDCollisionOutlivesARestart(t *testing.T) {
	dir := t.TempDir()
	b, handled, stop := lasting(t, dir, nil)
	car := dialRaw(t, b, "EV-0001", "raw", false)
	subscribeRaw(t, car, 9, "ev/EV-0001/alerts")
	say(t, b, "ev/EV-0001/alerts", "wake up", false)
	car.read(t)
	car.send(t, 0x32, append(append(str("ev/EV-0001/telemetry"), 0, 1), "{}"...))
	if kind, _ := car.read(t); kind != 0x40 {
		t.Fatalf("PUBACK %x", kind)
	}
	receive(t, handled, "the telemetry")
	car.Close()
	stop()
	b, _, _ = lasting(t, dir, nil)
	again := dialRaw(t, b, "EV-0001", "raw", false)
	if kind, body := again.read(t); kind != 0x3a || !bytes.HasSuffix(body, []byte("wake up")) {
		t.Errorf("sent again: %x %q", kind, body)
	}
}

// TestCleanSessionsAreNotKept: nor one that a clean one took the place of.
func TestCleanSessionsAreNotKept(t *testing.T) {
	dir := t.TempDir()
	b, _, stop := lasting(t, dir, nil)
	for _, clean := range []bool{false, true} {
		car := dialRaw(t, b, "EV-0001", "raw", clean)
		subscribeRaw(t, car, 9, "ev/EV-0001/alerts")
		say(t, b, "ev/EV-0001/alerts", "wake up", false)
		car.read(t)
		car.Close()
		eventually(t, "the connection does not end", func() bool { return b.Stats().Connected == 0 })
	}
	stop()
	b, _, _ = lasting(t, dir, nil)
	if s := b.Stats(); s.Sessions != 0 || s.InFlight != 0 || s.Subscriptions != 0 {
		t.Errorf("%+v", s)
	}
}

// TestExpiredSessionsAreForgotten: by the store too, and kept ones count towards
// the limit after a restart.
func TestExpiredSessionsAreForgotten(t *testing.T) {
	dir := t.TempDir()
	b, _, stop := lasting(t, dir, nil)
	dialRaw(t, b, "EV-0001", "one", false).Close()
	stop()
	b, _, stop = lasting(t, dir, func(o *broker.Options) { o.MaxSessions = 1 })
	c := paho.NewClient(options(plainURL(b), "EV-0001", "s-EV-0001", "two").SetCleanSession(false))
	if token := c.Connect(); !token.WaitTimeout(patience) || token.Error() == nil {
		t.Error("a second kept session")
	}
	stop()
	b, _, stop = lasting(t, dir, func(o *broker.Options) { o.SessionExpiry = time.Nanosecond })
	eventually(t, "the session does not expire", func() bool { return b.Stats().Sessions == 0 })
	stop()
	b, _, _ = lasting(t, dir, nil)
	if s := b.Stats(); s.Sessions != 0 {
		t.Errorf("%+v", s)
	}
}

// TestRetainedEnd: an ended retained message stays ended.
func TestRetainedEnd(t *testing.T) {
	dir := t.TempDir()
	b, _, stop := lasting(t, dir, nil)
	say(t, b, carlink.TripTopic("EV-0001", aTrip), "trip", true)
	say(t, b, carlink.TripTopic("EV-0001", aTrip), "", true)
	stop()
	b, _, _ = lasting(t, dir, nil)
	if topics, err := b.Retained(t.Context()); err != nil || len(topics) != 0 {
		t.Errorf("retained %v, %v", topics, err)
	}
}

// TestDirectoryInUse: two brokers do not share one.
func TestDirectoryInUse(t *testing.T) {
	dir := t.TempDir()
	lasting(t, dir, nil)
	o := broker.Options{
		Company: "SER", Listen: "127.0.0.1:0", Authenticate: authenticate, Dir: dir,
		Handler: func(broker.Client, carlink.Topic, []byte) {},
	}
	other, err := broker.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("the error does not name the directory: %v", err)
	}
	if err := other.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestKilled: what the car was to get is on disk when the process is killed.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestHelperBroker$", "-test.v")
	cmd.Env = append(os.Environ(), "BROKER_HELPER_DIR="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "published") {
	}
	if lines.Text() == "" {
		t.Fatal("the helper published nothing")
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	b, _, _ := lasting(t, dir, nil)
	if s := b.Stats(); s.InFlight != 50 || s.Sessions != 1 {
		t.Fatalf("%+v", s)
	}
	back := dialRaw(t, b, "EV-0001", "raw", false)
	for range 50 {
		if kind, _ := back.read(t); kind != 0x3a {
			t.Errorf("%x", kind)
		}
	}
}

// TestHelperBroker is the process that TestKilled kills.
func TestHelperBroker(t *testing.T) {
	dir := os.Getenv("BROKER_HELPER_DIR")
	if dir == "" {
		t.Skip("only as a part of TestKilled")
	}
	b, _, _ := lasting(t, filepath.Clean(dir), nil)
	car := dialRaw(t, b, "EV-0001", "raw", false)
	subscribeRaw(t, car, 9, "ev/EV-0001/#")
	car.Close()
	eventually(t, "the connection does not end", func() bool { return b.Stats().Connected == 0 })
	for i := range 50 {
		say(t, b, carlink.ReplyTopic("EV-0001", carlink.RequestID(fmt.Sprint(i))), "answer", false)
	}
	fmt.Println("published")
	select {} // until it is killed
}

func say(t *testing.T, b *broker.Broker, topic, payload string, retained bool) {
	t.Helper()
	if err := b.Publish(topic, []byte(payload), 1, retained); err != nil {
		t.Fatal(err)
	}
}

// subscribeRaw asks for filters with QoS 1 under one packet id.
func subscribeRaw(t *testing.T, car *raw, id byte, filters ...string) {
	t.Helper()
	body := []byte{0, id}
	for _, f := range filters {
		body = append(append(body, str(f)...), 1)
	}
	car.send(t, 0x82, body)
	if kind, ack := car.read(t); kind != 0x90 || ack[2] != 1 {
		t.Fatalf("SUBACK %x %x", kind, ack)
	}
}
