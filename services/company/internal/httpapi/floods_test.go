package httpapi

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/eletrovia/eletrovia/services/company/internal/door"
)

// TestBodiesShareAMemory: what has arrived of bodies is bounded, of an address, of
// strangers and in all; who is known has the rest.
func TestBodiesShareAMemory(t *testing.T) {
	a, b, nobody := door.Address("10.0.0.1"), door.Address("10.0.0.2"), netip.Addr{}
	p := newPile(80)
	for _, c := range []struct {
		n    int
		from netip.Addr
		want bool
	}{
		{10, a, true},
		{1, a, false},
		{10, b, true},
		{1, b, false},
		{20, door.Address("10.0.0.3"), false},
		{10, door.Address("10.0.0.3"), true},
		{10, door.Address("10.0.0.4"), true},
		{1, door.Address("10.0.0.5"), false},
		{40, nobody, true},
		{1, nobody, false},
	} {
		if got := p.take(c.n, c.from); got != c.want {
			t.Errorf("%d of %v: %t", c.n, c.from, got)
		}
	}
	p.move(10, a)
	if !p.take(0, a) || p.strangers != 30 || p.by[a] != 0 || p.all != 80 {
		t.Errorf("a sender became known: %+v", p)
	}
	p.give(50, nobody)
	p.give(10, b)
	if p.all != 20 || p.strangers != 20 {
		t.Errorf("%+v", p)
	}
}

// TestABodyThatFindsNoRoom is refused, and leaves nothing behind.
func TestABodyThatFindsNoRoom(t *testing.T) {
	w := newWorld(t)
	w.bodies = newPile(8 * 100)
	long := `{"username":"` + strings.Repeat("x", 200) + `","password":"guess"}`
	if rec := w.ask("POST", "/api/v1/session", asNobody, long); rec.Code != 429 || code(rec) != "RATE_LIMITED" || rec.Header().Get("Retry-After") == "" {
		t.Errorf("%d %v %s", rec.Code, rec.Header(), rec.Body)
	}
	if rec := w.ask("POST", "/api/v1/vehicles/"+string(car)+"/revoke", asCar, `{"reason":"`+strings.Repeat("x", 200)+`"}`); rec.Code != 200 {
		t.Errorf("a car's own body: %d %s", rec.Code, rec.Body)
	}
	if w.bodies.all != 0 || len(w.bodies.by) != 0 {
		t.Errorf("left behind: %+v", w.bodies)
	}
}

// TestASlowBodyEnds: 64 bodies that announce much and send one byte are over after the
// time that a body has in any case, also where nobody reads them. It fails where a body
// that is not read may take for ever.
func TestASlowBodyEnds(t *testing.T) {
	w := newWorld(t)
	srv := httptest.NewServer(w)
	defer srv.Close()
	began := time.Now()
	var slow []net.Conn
	for n := range 64 {
		c, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		path := "/api/v1/plans"
		if n%2 == 1 {
			path = "/api/v1/locks" // 401 before anybody reads
		}
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{", path)
		slow = append(slow, c)
	}
	for n, c := range slow {
		_ = c.SetReadDeadline(began.Add(2 * bodyGrace))
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("connection %d: %v", n, err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode < 400 || answer.StatusCode >= 500 {
			t.Errorf("connection %d: %d", n, answer.StatusCode)
		}
	}
}

// TestAnHonestSlowPhone: two kilobytes a second are enough for as long as it takes.
func TestAnHonestSlowPhone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer near.Close()
		b := &arriving{ReadCloser: far, pile: newPile(1 << 20), rc: http.NewResponseController(deadlines{httptest.NewRecorder(), far}), began: time.Now()}
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			for range 20 {
				_, _ = near.Write(make([]byte, 2048))
				time.Sleep(time.Second)
			}
			for { // and then too slowly
				if _, err := near.Write([]byte{0}); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}()
		buf := make([]byte, 4096)
		for {
			if _, err := b.Read(buf); err != nil {
				break
			}
		}
		if took := time.Since(b.began); b.got < 20*2048 || took < 40*time.Second || took > 47*time.Second {
			t.Errorf("%d bytes in %s", b.got, took)
		}
		_ = far.Close()
		<-gone
	})
}

// deadlines is a ResponseWriter over a connection.
type deadlines struct {
	http.ResponseWriter
	c net.Conn
}

func (d deadlines) SetReadDeadline(t time.Time) error { return d.c.SetReadDeadline(t) }

// TestStreamsOfOneAddress: one address takes all streams that vehicles may have; the
// operator has his own, and a driver elsewhere gets one of the address's.
func TestStreamsOfOneAddress(t *testing.T) {
	s := newStreams(64)
	bad, good := door.Address("10.0.0.1"), door.Address("10.0.0.2")
	var first *seat
	for n := range 100 {
		p, err := s.sit(fmt.Sprint("vehicle ", n), bad)
		if (err == nil) != (n < 60) {
			t.Fatalf("stream %d: %v", n, err)
		}
		if n == 0 {
			first = p
		}
	}
	if _, err := s.sit(operatorPays, bad); err != nil {
		t.Errorf("the operator: %v", err)
	}
	p, err := s.sit("vehicle good", good)
	if err != nil || !first.left {
		t.Fatalf("a driver elsewhere: %v", err)
	}
	select {
	case <-first.gone:
	default:
		t.Error("the oldest of the address is not told")
	}
	for n := range streamsEach - 1 {
		if _, err := s.sit("vehicle good", good); err != nil {
			t.Errorf("stream %d of a vehicle: %v", n+2, err)
		}
	}
	if _, err := s.sit("vehicle good", good); err == nil {
		t.Error("a vehicle has one too many")
	}
	s.leave(p)
	s.leave(p)
	if _, err := s.sit("vehicle good", good); err != nil || s.all != 61 {
		t.Errorf("after one has left: %v, %d", err, s.all)
	}
}

// TestAStreamGivesWay ends the one that is told to.
func TestAStreamGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *Options) { o.MaxStreams = 3 })
		var done []chan struct{}
		for _, as := range []string{asCar, asCar, asOtherCar} {
			_, d := w.listenFrom(t.Context(), "10.0.0.1:1", as)
			done = append(done, d)
		}
		if _, d := w.listenFrom(t.Context(), "10.0.0.2:1", "car EV-0003"); ended(d) || !ended(done[0]) || ended(done[1]) {
			t.Error("the oldest did not give way, or others did")
		}
		w.Close()
		synctest.Wait()
	})
}

func (w *world) listenFrom(ctx context.Context, addr, as string) (r *reader, done chan struct{}) {
	r, done = &reader{h: http.Header{}}, make(chan struct{})
	req := httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/events", nil)
	req.RemoteAddr = addr
	req.Header.Set("Authorization", as)
	go func() {
		defer close(done)
		w.ServeHTTP(r, req)
	}()
	synctest.Wait()
	return r, done
}

// TestMetricsOnceASecond: a hundred readers cost one look.
func TestMetricsOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := 0.
		r := prometheus.NewRegistry()
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "looks"}, func() float64 { looks++; return looks }))
		w := newWorld(t, func(o *Options) { o.Metrics, o.RateLimit = r, 1000 })
		for range pagesPerSecond {
			if rec := w.ask("GET", "/metrics", asNobody, ""); rec.Code != 200 || !strings.Contains(rec.Body.String(), "looks 1\n") {
				t.Fatalf("%d %s", rec.Code, rec.Body)
			}
		}
		if rec := w.ask("GET", "/metrics", asNobody, ""); rec.Code != 429 {
			t.Errorf("one too many in a second: %d", rec.Code)
		}
		time.Sleep(metricsEvery)
		if rec := w.ask("GET", "/metrics", asNobody, ""); !strings.Contains(rec.Body.String(), "looks 2\n") {
			t.Error(rec.Body)
		}
	})
}

// TestApart: with an address of their own, peers' and the operator's routes are at no
// other.
func TestApart(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Apart = true })
	back := &world{Server: w.Server}
	for _, g := range []good{
		{"GET", "/readyz", asNobody, "", 404},
		{"GET", "/metrics", asNobody, "", 404},
		{"GET", "/api/v1/locks", asOperator, "", 404},
		{"GET", "/api/v1/locks", asWrong, "", 404},
		{"GET", "/federation/v1/company", asPeer, "", 404},
		{"GET", "/healthz", asNobody, "", 200},
		{"GET", "/api/v1/trips", asCar, "", 200},
	} {
		if rec := w.ask(g.method, g.path, g.as, g.body); rec.Code != g.status {
			t.Errorf("%s as %q: %d", g.path, g.as, rec.Code)
		}
		req := httptest.NewRequest(g.method, g.path, nil)
		req.Header.Set("Authorization", g.as)
		rec := httptest.NewRecorder()
		back.Admin().ServeHTTP(rec, req)
		if want := map[bool]int{true: 401, false: 200}[g.as == asWrong]; rec.Code != want {
			t.Errorf("%s as %q at the operator's address: %d", g.path, g.as, rec.Code)
		}
	}
}

// TestBehindAProxy: callers behind a trusted proxy have a bucket each.
func TestBehindAProxy(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.RateLimit, o.Trusted = 1, door.Trusted{netip.MustParsePrefix("192.0.2.0/24")} // of httptest
	})
	for _, c := range []struct {
		from string
		want int
	}{{"198.51.100.1", 200}, {"198.51.100.1", 429}, {"198.51.100.2", 200}, {"1.2.3.4, 198.51.100.2", 429}} {
		if rec := w.ask("GET", "/api/v1/locations", asNobody, "", "X-Forwarded-For", c.from); rec.Code != c.want {
			t.Errorf("for %s: %d", c.from, rec.Code)
		}
	}
}
