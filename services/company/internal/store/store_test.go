package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
	"github.com/eletrovia/eletrovia/services/e2e/redisrig"
)

// realURL is the redis-server child of this test run; empty where the machine
// has none.
var realURL string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "store-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	addr, stop, err := startRedis(dir)
	switch {
	case errors.Is(err, exec.ErrNotFound) && os.Getenv("CI") == "":
		fmt.Fprintln(os.Stderr, "LEFT OUT: no redis-server here; the store was tested on miniredis only")
	case err != nil:
		fmt.Fprintln(os.Stderr, "redis-server:", err)
		return 1
	default:
		defer stop()
		realURL = "redis://" + addr + "/0"
	}
	return m.Run()
}

// startRedis runs a redis-server on a free port and waits until it answers.
func startRedis(dir string, args ...string) (addr string, stop func(), err error) {
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		return "", nil, err
	}
	for range 5 {
		port := redisrig.FreePort()
		addr = "127.0.0.1:" + strconv.Itoa(port)
		cmd := exec.Command(bin, append([]string{
			"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir, "--save", "",
			"--appendonly", "yes", "--appendfsync", "everysec",
		}, args...)...)
		if err = cmd.Start(); err != nil {
			return "", nil, err
		}
		stop = func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
		if err = answers(addr, cmd.Process.Pid); err == nil {
			return addr, stop, nil
		}
		stop()
	}
	return "", nil, err
}

// answers waits for the very server that is process pid.
func answers(addr string, pid int) error {
	c := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1})
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for {
		if c.Ping(ctx).Err() == nil {
			if its := c.InfoMap(ctx, "server").Item("Server", "process_id"); its != strconv.Itoa(pid) {
				return fmt.Errorf("%s is somebody else's, process %s", addr, its)
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer", addr)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// env is a store with its Redis seen from behind.
type env struct {
	*store.Store
	raw    redis.UniversalClient
	prefix string
	url    string
	real   bool
	civil  *civil
}

// civil is the clock of windows.
type civil struct{ at atomic.Int64 }

func (c *civil) now() time.Time          { return time.UnixMilli(c.at.Load()).UTC() }
func (c *civil) set(t time.Time)         { c.at.Store(t.UnixMilli()) }
func (c *civil) advance(d time.Duration) { c.at.Add(d.Milliseconds()) }

var prefixes atomic.Int64

// each runs a test on a real redis-server and on miniredis.
func each(t *testing.T, f func(t *testing.T, e *env)) {
	t.Helper()
	if realURL != "" {
		t.Run("redis", func(t *testing.T) { t.Parallel(); f(t, open(t, realURL, true)) })
	}
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		f(t, open(t, "redis://"+miniredis.RunT(t).Addr(), false))
	})
}

func open(t testing.TB, url string, real bool) *env {
	t.Helper()
	e := &env{prefix: fmt.Sprintf("t%d:", prefixes.Add(1)), url: url, real: real, civil: &civil{}}
	e.civil.set(time.Now())
	e.Store = e.again(t, store.Options{})
	if err := e.File(t.Context()); err != nil {
		t.Fatal(err)
	}
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	e.raw = redis.NewClient(o)
	t.Cleanup(func() { _ = e.raw.Close() })
	return e
}

// again opens the same store once more, as another server of the company does.
func (e *env) again(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	o.URL, o.Prefix, o.Civil = e.url, e.prefix, e.civil.now
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// lapse makes a hold's time run out.
func (e *env) lapse(t testing.TB, h charging.Hold) {
	t.Helper()
	key := e.lockKey(h)
	if n, err := e.raw.Del(t.Context(), key).Result(); err != nil || n != 1 {
		t.Fatalf("lapse %s: %d, %v", key, n, err)
	}
}

func (e *env) lockKey(h charging.Hold) string {
	return fmt.Sprintf("%slock:{%s}:%s:%s", e.prefix, h.Location, h.EVSEID, h.ID)
}

const (
	site = charging.LocationID("BR*MAR*LJPA01")
	plug = charging.EVSEID("BR*MAR*E0001*1")
)

// tomorrow is a whole hour well ahead.
func (e *env) tomorrow() time.Time { return e.civil.now().Add(24 * time.Hour).Truncate(time.Hour) }

// hold is a leg-2 claim of a fresh trip without a ticket, one hour from the
// h-th hour of tomorrow.
func (e *env) hold(h float64, change ...func(*charging.Hold)) charging.Hold {
	start := e.tomorrow().Add(time.Duration(h * float64(time.Hour)))
	out := charging.Hold{
		HoldRequest: charging.HoldRequest{
			Ref: charging.Ref{
				ID: charging.ReservationID(newID()), TripID: charging.TripID(newID()), Origin: "SER",
				EVSEID: plug, End: start.Add(time.Hour), Epoch: 1, Owner: "a",
			},
			Leg: 2, Start: start, VehicleID: "EV-0001", TTL: time.Minute,
		},
		Location: site, Want: charging.Claimed, NoShow: 15 * time.Minute,
	}
	for _, c := range change {
		c(&out)
	}
	return out
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func ticket(stamp string) func(*charging.Hold) {
	return func(h *charging.Hold) { h.GrantedAt = stamp }
}

func pending(h *charging.Hold) { h.Want = charging.Pending }

func first(h *charging.Hold) { h.Leg, h.Want, h.Stamp, h.KeyID = 1, charging.Pending, true, "k1" }

func at(h charging.Hold) charging.At { return charging.At{Location: h.Location, Ref: h.Ref} }

// must holds or fails the test.
func (e *env) must(t testing.TB, h charging.Hold) charging.Grant {
	t.Helper()
	g, err := e.Hold(t.Context(), h)
	if err != nil {
		t.Fatalf("hold %s: %v", h.Window(), err)
	}
	return g
}

// reserved takes a window for good.
func (e *env) reserved(t testing.TB, h charging.Hold) charging.Hold {
	t.Helper()
	h.Want = charging.Pending
	e.must(t, h)
	if _, err := e.Confirm(t.Context(), at(h)); err != nil {
		t.Fatal(err)
	}
	return h
}

// refused checks the code of a refusal and gives it.
func refused(t testing.TB, err error, want charging.Code) *charging.Refusal {
	t.Helper()
	var r *charging.Refusal
	if !errors.As(err, &r) || r.Code != want {
		t.Fatalf("got %v, want %s", err, want)
	}
	if r.Detail == "" {
		t.Errorf("%s says nothing", want)
	}
	return r
}

// state reads a reservation's state, which is that of its last step.
func (e *env) state(t testing.TB, h charging.Hold) charging.State {
	t.Helper()
	r, steps, err := e.Steps(t.Context(), h.ID, []charging.LocationID{h.Location})
	if err != nil {
		t.Fatal(err)
	}
	if len(steps) == 0 { // a record of before there were any
		return r.State
	}
	last := steps[len(steps)-1]
	if lapsed := r.State == charging.Expired && last.To.Holds(); last.To != r.State && !lapsed {
		t.Errorf("reservation is %s, its last step %+v", r.State, last)
	}
	return r.State
}

func (e *env) wantState(t testing.TB, h charging.Hold, want charging.State) {
	t.Helper()
	if got := e.state(t, h); got != want {
		t.Errorf("reservation is %s, want %s", got, want)
	}
}

// within are terms by which a car may plug in.
func within(early, noShow time.Duration) charging.Terms {
	return charging.Terms{EarlyPlug: early, NoShowTimeout: noShow}
}

// testMeter is what sessions without a word are billed by.
var testMeter = charging.Meter{
	MaxPowerKW: 60, Tariff: charging.Tariff{ID: "T1", Currency: "BRL", PerKWh: 2, PerSession: 1.5, IdlePerMinute: 1, IdleGraceMinutes: 10},
}

func byMeter(charging.EVSEID) charging.Meter { return testMeter }
