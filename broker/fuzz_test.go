package broker_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/pkg/carlink"
)

// FuzzListener sends bytes to a broker, as they are and after a login, and then
// asks a good car whether it still works: whatever comes ends in a refused packet
// or connection. Run it with go test -fuzz FuzzListener.
func FuzzListener(f *testing.F) {
	login := packet(0x10, append(append(str("MQTT"), 4, 0xC2, 0, 60), append(append(str("x"), str("EV-0002")...), str("s-EV-0002")...)...))
	for _, seed := range [][]byte{
		{},
		{0x10},
		{0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		{0xc0, 0},
		{0xe0, 0},
		{0x40, 2, 0, 1},
		{0x62, 2, 0, 1},
		{0xa2, 2, 0, 1},
		login,
		packet(0x10, append(append(str("MQTT"), 5, 0xC2, 0, 60, 0), append(append(str("x"), str("EV-0002")...), str("s-EV-0002")...)...)),
		packet(0x10, append(append(str("MQTT"), 4, 0xFE, 0, 60), append(append(str(""), str("ev/#")...), str("w")...)...)),
		packet(0x32, append(append(str("ev/EV-0002/telemetry"), 0, 1), "{}"...)),
		packet(0x3d, append(append(str("ev/EV-0002/request/plan"), 0, 1), `{"request_id":"r"}`...)),
		packet(0x34, append(append(str("ev/EV-0001/alerts"), 0, 2), "x"...)),
		packet(0x32, append(str("$SYS/broker/version"), 0, 1)),
		packet(0x32, append(str("$share/g/ev/#"), 0, 1)),
		packet(0x82, append([]byte{0, 1}, append(str("#"), 1)...)),
		packet(0x82, append([]byte{0, 1}, append(str("$share/g/ev/EV-0001/#"), 2)...)),
		packet(0x82, append([]byte{0, 1}, append(str("ev/EV-0002/+/#"), 0)...)),
		packet(0xa2, append([]byte{0, 1}, str("ev/EV-0002/#")...)),
		append(packet(0x82, append([]byte{0, 1}, append(str("ev/EV-0002/#"), 1)...)), packet(0x32, append(append(str("ev/EV-0002/telemetry"), 0, 1), "{}"...))...),
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	handled := make(chan got, 1000)
	b, err := broker.New(broker.Options{
		Company: "MAR", Listen: "127.0.0.1:0", Authenticate: authenticate, LoginRate: -1, MessageRate: -1,
		Handler: func(c broker.Client, topic carlink.Topic, payload []byte) {
			if c.Vehicle == "EV-0001" || topic.Vehicle == "EV-0001" {
				handled <- got{c, topic, string(payload)}
			}
		},
	})
	if err != nil {
		f.Fatal(err)
	}
	if err := b.Start(); err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := b.Stop(ctx); err != nil {
			f.Error(err)
		}
	})
	witness := dialRaw(f, b, "EV-0001", "witness", true)
	f.Fuzz(func(t *testing.T, data []byte, loggedIn bool) {
		c, err := net.Dial("tcp", b.Addr().String())
		if err != nil {
			t.Fatalf("the broker takes no connections: %v", err)
		}
		defer c.Close()
		if loggedIn {
			data = append(append([]byte{}, login...), data...)
		}
		_ = c.SetDeadline(time.Now().Add(patience))
		_, _ = c.Write(data) // it may be cut off meanwhile
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.CloseWrite()
		}
		if _, err := io.Copy(io.Discard, c); err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				t.Errorf("the connection hangs: %v", err)
			}
		}
		// The good car is as it was.
		_ = witness.SetDeadline(time.Now().Add(patience))
		witness.send(t, 0x32, append(append(str("ev/EV-0001/telemetry"), 0, 1), "{}"...))
		if kind, ack := witness.read(t); kind != 0x40 || ack[1] != 1 {
			t.Errorf("the witness got %x %x", kind, ack)
		}
		if m := receive(t, handled, "the witness's telemetry"); m.client.Vehicle != "EV-0001" {
			t.Errorf("somebody else spoke as EV-0001: %+v", m)
		}
		if n := b.Stats().Panics; n != 0 {
			t.Errorf("%d panics", n)
		}
	})
}
