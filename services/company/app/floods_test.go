package app

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// lone is one company's server.
func lone(t *testing.T, tune func(*Options)) *App {
	t.Helper()
	o := Options{
		Company: "MAR", OperatorSecret: DemoSecret, Store: Store{Kind: StoreMemory},
		Vehicles: map[charging.VehicleID]string{"EV-0001": DemoSecret},
	}
	tune(&o)
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, a) })
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a
}

// connack logs in to MQTT, and gives the answer's code; -1 for none.
func connack(t *testing.T, before, addr, user, secret string) int {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return -1
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	str := func(s string) string { return "\x00" + string(rune(len(s))) + s }
	rest := str("MQTT") + "\x04\xc2\x00\x3c" + str("it") + str(user) + str(secret)
	if _, err := io.WriteString(c, before+"\x10"+string(rune(len(rest)))+rest); err != nil {
		return -1
	}
	var answer [4]byte
	if _, err := io.ReadFull(c, answer[:]); err != nil {
		return -1
	}
	return int(answer[3])
}

// TestIdleConnectionsKeepNobodyOut: 200 connections that say nothing, to REST and to
// MQTT, from the address that drivers and the operator come from too, where it may have
// 16. Whoever tries again gets in by turns, four a second. It fails where the newest are
// refused for good, or all are kept.
func TestIdleConnectionsKeepNobodyOut(t *testing.T) {
	a := lone(t, func(o *Options) { o.AddressConnections, o.MQTTClients = 16, 20 })
	for _, addr := range []string{a.HTTPAddr(), a.MQTTAddr()} {
		for range 200 {
			if c, err := net.Dial("tcp", addr); err == nil { // or it was closed at once
				defer c.Close()
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	until := func(what string, is func() error) {
		for err := is(); err != nil; err = is() {
			select {
			case <-ctx.Done():
				t.Fatalf("%s: %v", what, err)
			case <-tick.C:
			}
		}
	}
	until("all have been seen", func() error {
		if s := a.front.Stats(); s.Closed+s.Refused < 384 || s.Open > 16 {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
	until("the operator", func() error { _, err := driverOf(t, a, "operator").Locks(ctx); return err })
	until("a driver", func() error { _, err := driverOf(t, a, "EV-0001").Locations(ctx); return err })
	until("a car logs in", func() error {
		if code := connack(t, "", a.MQTTAddr(), "EV-0001", DemoSecret); code != 0 {
			return fmt.Errorf("code %d", code)
		}
		return nil
	})
}

// TestTheOperatorBehindTheSameNAT gets in after 150 wrong secrets from his address, to
// which 100 requests a second are allowed, and the car after wrong log-ins to MQTT.
func TestTheOperatorBehindTheSameNAT(t *testing.T) {
	a := lone(t, func(*Options) {})
	const each, atMQTT = 150, 90 // at a time fewer than an address may have
	guesses := make(chan int, each+atMQTT)
	for n := range each {
		go func() {
			r, _ := http.NewRequest(http.MethodGet, a.URL()+"/api/v1/locks", nil)
			r.SetBasicAuth("operator", "guess")
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				guesses <- 0
				return
			}
			_ = answer.Body.Close()
			guesses <- answer.StatusCode
		}()
		if n < atMQTT {
			go func() { guesses <- connack(t, "", a.MQTTAddr(), "EV-0001", "guess") }()
		}
	}
	for range each + atMQTT {
		if code := <-guesses; code != 401 && code != 429 && code != 4 && code != 5 {
			t.Errorf("a guess: %d", code)
		}
	}
	began := time.Now()
	if _, err := driverOf(t, a, "operator").Locks(t.Context()); err != nil {
		t.Errorf("the operator: %v", err)
	}
	if code := connack(t, "", a.MQTTAddr(), "EV-0001", DemoSecret); code != 0 {
		t.Errorf("the car: %d", code)
	}
	if took := time.Since(began); took > 900*time.Millisecond {
		t.Errorf("they waited %s", took)
	}
}

// TestAnAddressForTheOperator: /readyz and the operator's routes are there, and not at
// the open one; and who a trusted proxy names is who calls.
func TestAnAddressForTheOperator(t *testing.T) {
	a := lone(t, func(o *Options) {
		o.AdminAddr, o.RateLimit = "127.0.0.1:0", 1
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	})
	status := func(addr, path, proxied string) int {
		r, err := http.NewRequest(http.MethodGet, "http://"+addr+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("operator", DemoSecret)
		if proxied != "" {
			r.Header.Set("X-Forwarded-For", proxied)
			r.Header.Del("Authorization")
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	for path, want := range map[string][2]int{"/readyz": {404, 200}, "/metrics": {404, 200}, "/api/v1/locks": {404, 200}, "/healthz": {200, 200}} {
		if open, own := status(a.HTTPAddr(), path, ""), status(a.AdminAddr(), path, ""); open != want[0] || own != want[1] {
			t.Errorf("%s: %d at the open address, %d at the operator's", path, open, own)
		}
	}
	for _, c := range []struct {
		from string
		want int
	}{{"192.0.2.1", 200}, {"192.0.2.1", 429}, {"192.0.2.2", 200}} {
		if got := status(a.HTTPAddr(), "/api/v1/locations", c.from); got != c.want {
			t.Errorf("for %s: %d", c.from, got)
		}
	}
	if code := connack(t, "PROXY TCP4 192.0.2.7 10.0.0.1 4711 1883\r\n", a.MQTTAddr(), "EV-0001", DemoSecret); code != 0 {
		t.Errorf("MQTT through a proxy: %d", code)
	}
}

// TestHeadsAreBounded: 32 KiB and a little more are too much.
func TestHeadsAreBounded(t *testing.T) {
	a := lone(t, func(*Options) {})
	r, _ := http.NewRequest(http.MethodGet, a.URL()+"/healthz", nil)
	r.Header.Set("X-Long", strings.Repeat("x", 40<<10))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if _ = answer.Body.Close(); answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%d", answer.StatusCode)
	}
}
