package httpapi

import (
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
		for range 4 { // one more than the bucket has, with the plain one below
			w.ask("GET", "/api/v1/trips", asOtherCar, "")
		}
		for _, g := range []good{
			{"GET", "/api/v1/locations", asNobody, "", 429},
			{"GET", "/api/v1/trips", asNobody, "", 429},
			{"GET", "/api/v1/locations", asCar, "", 200},
			{"GET", "/api/v1/trips", asCar, "", 200},
			{"GET", "/api/v1/locks", asOperator, "", 200},
			{"GET", "/api/v1/locations", asOtherCar, "", 200},
			{"GET", "/api/v1/trips", asOtherCar, "", 429},
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

// TestWrongSecretsLockNobodyOut: after 150 wrong secrets from one address, on each way
// to show one, the operator and the cars there are let in at once. It fails where
// failures are charged to whoever comes from that address.
func TestWrongSecretsLockNobodyOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := 0
		w := newWorld(t, func(o *Options) { o.RateLimit, o.WrongLogin = 20, func(string, string) { told++ } })
		began, seen := time.Now(), map[int]int{}
		for n := range 150 {
			for _, g := range []good{
				{"GET", "/api/v1/locks", asWrong, "", 0},
				{"POST", "/api/v1/session", asNobody, `{"username":"EV-0001","password":"guess"}`, 0},
				{"GET", "/federation/v1/company", "Bearer nobody", "", 0},
				{"GET", "/api/v1/session", asWrong, "", 0},
			} {
				rec := w.ask(g.method, g.path, g.as, g.body)
				if seen[rec.Code]++; rec.Code != 401 && rec.Code != 429 {
					t.Fatalf("guess %d at %s: %d %s", n, g.path, rec.Code, rec.Body)
				}
			}
		}
		if took := time.Since(began); took < 100*time.Second {
			t.Errorf("600 guesses took %s", took)
		}
		if seen[401] == 0 || told != 600 {
			t.Errorf("%v, %d told", seen, told)
		}
		began = time.Now()
		for _, g := range []good{
			{"GET", "/api/v1/locks", asOperator, "", 200},
			{"GET", "/api/v1/trips", asCar, "", 200},
			{"POST", "/api/v1/session", asNobody, `{"username":"EV-0001","password":"demo"}`, 200},
			{"GET", "/federation/v1/company", asPeer, "", 200},
		} {
			if rec := w.ask(g.method, g.path, g.as, g.body); rec.Code != g.status || time.Since(began) > 0 {
				t.Errorf("%s as %q: %d %s after %s", g.path, g.as, rec.Code, rec.Body, time.Since(began))
			}
		}
	})
}

func TestSlowerThanOneASecond(t *testing.T) {
	at := time.Now()
	if newLimiter[string](-1).wait("a", at) != 0 {
		t.Error("less than 0 is no limit")
	}
	if slow := newLimiter[string](.1); slow.wait("a", at) != 0 || slow.wait("a", at) != 10*time.Second || slow.wait("b", at) != 0 {
		t.Error("less than one a second")
	}
}

func TestALimiterForgets(t *testing.T) {
	at := time.Now()
	l := newLimiter[int](1)
	const busy = -1
	for i := range 3 * maxPayers {
		l.wait(i, at)
		if i > 0 && l.wait(busy, at) == 0 && i > 1 {
			t.Fatalf("the busy one was forgotten after %d", i)
		}
	}
	if n := len(l.young) + len(l.old); n > 2*maxPayers {
		t.Errorf("%d callers", n)
	}
}
