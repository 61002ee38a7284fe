package httpapi

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *Options) { o.RateLimit = 5 })
		for range 5 {
			if rec := w.ask("GET", "/api/v1/locations", asNobody, ""); rec.Code != 200 {
				t.Fatal(rec.Code)
			}
		}
		for _, g := range []good{
			{"GET", "/api/v1/locations", asNobody, "", 429},
			{"GET", "/api/v1/trips", asCar, "", 429},
			{"GET", "/api/v1/locks", asOperator, "", 429},
			{"POST", "/api/v1/session", asNobody, `{"username":"EV-0001","password":"guess"}`, 429},
			{"GET", "/federation/v1/company", asWrong, "", 429},
			{"GET", "/federation/v1/company", asPeer, "", 200},
			{"GET", "/healthz", asNobody, "", 200},
		} {
			rec := w.ask(g.method, g.path, g.as, g.body)
			if rec.Code != g.status || g.status == 429 && (code(rec) != "RATE_LIMITED" || rec.Header().Get("Retry-After") != "1") {
				t.Errorf("%s as %q: %d %v %s", g.path, g.as, rec.Code, rec.Header(), rec.Body)
			}
		}
		time.Sleep(time.Second / 5) // of synctest's clock
		if rec := w.ask("GET", "/api/v1/locations", asNobody, ""); rec.Code != 200 {
			t.Errorf("a moment later: %d", rec.Code)
		}
		if rec := w.ask("GET", "/api/v1/locations", asNobody, ""); rec.Code != 429 {
			t.Errorf("and again: %d", rec.Code)
		}
	})
}

func TestLimitsAreByAddress(t *testing.T) {
	at := time.Now()
	l := newLimiter(1)
	for a, b := range map[string]string{
		"[2001:db8::1]:1": "[2001:db8::2]:2", "10.0.0.1:1": "10.0.0.1:2", "[::ffff:10.0.0.9]:1": "10.0.0.9:7",
		"[fe80::1%eth0]:1": "[fe80::1%eth1]:1", "@": "pipe",
	} {
		if l.wait(a, at) != 0 || l.wait(b, at) != time.Second {
			t.Errorf("%s and %s are not one", a, b)
		}
	}
	if l.wait("10.0.0.2:1", at) != 0 || l.wait("[2001:db8:0:1::1]:1", at) != 0 {
		t.Error("another address is limited")
	}
	if newLimiter(-1).wait("10.0.0.1:1", at) != 0 {
		t.Error("less than 0 is no limit")
	}
	if slow := newLimiter(.1); slow.wait("10.0.0.1:1", at) != 0 || slow.wait("10.0.0.1:1", at) != 10*time.Second {
		t.Error("less than one a second")
	}
}

func TestALimiterForgets(t *testing.T) {
	at := time.Now()
	l := newLimiter(1)
	busy := "10.255.255.255:1"
	for i := range 3 * maxAddresses {
		l.wait(fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255), at)
		if i > 0 && l.wait(busy, at) == 0 && i > 1 {
			t.Fatalf("the busy one was forgotten after %d", i)
		}
	}
	if n := len(l.young) + len(l.old); n > 2*maxAddresses {
		t.Errorf("%d addresses", n)
	}
}
