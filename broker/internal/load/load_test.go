package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test's binary be the broker's process too.
func TestMain(m *testing.M) {
	if raw := os.Getenv(childVariable); raw != "" {
		exit(serveFrom(raw))
	}
	os.Exit(m.Run())
}

// TestSmall: nothing is lost and nothing comes twice, on our own broker, with
// and without its disk, and on Mosquitto. The figures are for bigger machines.
func TestSmall(t *testing.T) {
	for _, p := range []plan{{}, {Keep: true}, {Against: "mosquitto"}} {
		if _, err := exec.LookPath("mosquitto"); err != nil && p.Against != "" {
			t.Log("left out: mosquitto is not on this machine")
			continue
		}
		p.Cars, p.Rate, p.Duration, p.Cores, p.GC, p.Idle = 100, 500, 2*time.Second, 2, 100, 10*time.Millisecond
		r, err := run(t.Context(), p, io.Discard)
		if err != nil {
			t.Fatalf("%+v: %v", p, err)
		}
		if r.Sent < 500 || r.Handled != r.Sent || r.Acked != r.Sent || r.Lost != 0 || r.Twice != 0 || len(r.Refused) != 0 {
			t.Errorf("%+v", r)
		}
		if r.P50 <= 0 || r.P50 > r.P99 || r.P99 > r.Max || r.RSSMiB <= 0 {
			t.Errorf("%+v", r)
		}
	}
}

func TestCommand(t *testing.T) {
	var out bytes.Buffer
	if err := command(t.Context(), strings.Fields("--cars 5 --rate 50 --duration 300ms --idle 1ms --json"), &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	var r result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || r.Cars != 5 || r.Lost != 0 || r.Broker != "own" {
		t.Errorf("%s: %v", out.Bytes(), err)
	}
	for _, args := range []string{"--cars 0", "--against emqx", "--cars 100000000", "--fly"} {
		if err := command(t.Context(), strings.Fields(args), io.Discard, io.Discard); err == nil {
			t.Errorf("%s: no error", args)
		}
	}
}

func TestTally(t *testing.T) {
	tl := newTally(2)
	now := time.Now()
	body := func(seq byte, ago time.Duration) []byte {
		var raw bytes.Buffer
		c := car{index: 1, seq: uint32(seq - 1), topic: "t", conn: pipe{&raw}}
		if err := c.say(now.Add(-ago)); err != nil {
			t.Fatal(err)
		}
		return raw.Bytes()[raw.Len()-payloadSize:]
	}
	for i := range 99 {
		tl.handle(body(byte(i+1), time.Millisecond), now)
	}
	tl.handle(body(100, time.Second), now)
	tl.handle(body(100, time.Second), now)
	tl.handle([]byte("?"), now)
	if tl.Handled != 100 || tl.Twice != 1 || tl.Odd != 1 {
		t.Errorf("%d %d %d", tl.Handled, tl.Twice, tl.Odd)
	}
	if p := tl.percentile(.99); p < 1 || p > 1.03 {
		t.Errorf("p99 %v", p)
	}
	if p := tl.percentile(1); p < 1000 || p > 1030 {
		t.Errorf("max %v", p)
	}
}

// pipe is a connection that only writes.
type pipe struct{ io.Writer }

func (pipe) Read([]byte) (int, error)         { return 0, io.EOF }
func (pipe) Close() error                     { return nil }
func (pipe) LocalAddr() net.Addr              { return nil }
func (pipe) RemoteAddr() net.Addr             { return nil }
func (pipe) SetDeadline(time.Time) error      { return nil }
func (pipe) SetReadDeadline(time.Time) error  { return nil }
func (pipe) SetWriteDeadline(time.Time) error { return nil }
