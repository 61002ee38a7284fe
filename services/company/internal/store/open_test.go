package store_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
)

func TestOpenRefusesWhatItCannotUse(t *testing.T) {
	t.Parallel()
	for _, o := range []store.Options{
		{URL: ""},
		{URL: "localhost:6379"},
		{URL: "http://localhost"},
		{URL: "redis+sentinel://h1,h2"},
		{URL: "redis+sentinel://h1/m/x"},
		{URL: "redis+cluster://h1,/"},
		{URL: "redis+cluster://h1/3"},
		{URL: "redis://h:0x1/"},
		{URL: "unix:///tmp/redis.sock"},
		{URL: "redis://127.0.0.1:1", Prefix: "a{b}:"},
		{URL: "redis://127.0.0.1:1", Prefix: "a*"},
	} {
		if s, err := store.Open(t.Context(), o); err == nil || charging.CodeOf(err) != "" {
			t.Errorf("%+v: %v, %v", o, s, err)
		}
	}
}

func TestStoreAwayAndBack(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	_ = l.Close()
	_, err = store.Open(t.Context(), store.Options{URL: "redis://" + nobody})
	refused(t, err, charging.CodeStoreUnavailable)

	mr := miniredis.RunT(t)
	e := open(t, "redis://"+mr.Addr(), false)
	tr := created(t, e)
	mr.Close()
	ctx := t.Context()
	for name, act := range map[string]func() error{
		"ping":     func() error { return e.Ping(ctx) },
		"hold":     func() error { _, err := e.Hold(ctx, e.hold(0)); return err },
		"locks":    func() error { _, err := e.Locks(ctx, site, []charging.EVSEID{plug}); return err },
		"create":   func() error { return e.Create(ctx, newTrip(e, 1), lease, nil) },
		"write":    func() error { return e.Finish(ctx, tr, nil) },
		"load":     func() error { _, err := e.Load(ctx, tr.ID); return err },
		"takeover": func() error { _, err := e.TakeOver(ctx, "b", lease, 1); return err },
		"keep":     func() error { _, err := e.KeepAlive(ctx, "a", lease, []charging.TripID{tr.ID}); return err },
		"admit":    func() error { _, err := e.Admit(ctx, admission(tr, "k")); return err },
		"issuer":   func() error { _, err := e.Issuer(ctx, "EV-1"); return err },
	} {
		if r := refused(t, act(), charging.CodeStoreUnavailable); r.RetryAfter != time.Second || r.Cause == nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if err := mr.Restart(); err != nil {
		t.Fatal(err)
	}
	back, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		_, err := e.Hold(back, e.hold(0))
		if err == nil {
			return
		}
		refused(t, err, charging.CodeStoreUnavailable)
	}
}

func TestRedisThatCannotServeNow(t *testing.T) {
	t.Parallel()
	for _, reply := range []string{
		"LOADING Redis is loading the dataset in memory", "READONLY You can't write against a read only replica.",
		"OOM command not allowed when used memory > 'maxmemory'.", "CLUSTERDOWN The cluster is down", "MASTERDOWN Link with MASTER is down",
		"ERR Error running script: @user_script:1: -READONLY You can't write", "MISCONF Redis is configured to save", "BUSY Redis is busy",
	} {
		mr := miniredis.RunT(t)
		e := open(t, "redis://"+mr.Addr(), false)
		mr.SetError(reply)
		_, err := e.Hold(t.Context(), e.hold(0))
		refused(t, err, charging.CodeStoreUnavailable)
		mr.SetError("WRONGTYPE Operation against a key holding the wrong kind of value")
		if _, err := e.Hold(t.Context(), e.hold(0)); err == nil || charging.CodeOf(err) != "" {
			t.Errorf("a broken key is no absence: %v", err)
		}
	}
}

// A Redis that takes the request and never answers.
func TestSilentRedis(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = store.Open(t.Context(), store.Options{URL: "redis://" + l.Addr().String(), CallTimeout: 20 * time.Millisecond})
	refused(t, err, charging.CodeStoreUnavailable)
}

func TestCallersContextStaysItsOwn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := e.Hold(ctx, e.hold(0))
		if !errors.Is(err, context.Canceled) || charging.CodeOf(err) != "" {
			t.Errorf("%v", err)
		}
	})
}

// Redis killed and started again with its file: under appendfsync always
// everything acknowledged is there. (Under everysec a write that waits for the
// disk is still in the process that is killed.)
func TestRealRedisKilledAndBack(t *testing.T) {
	t.Parallel()
	if realURL == "" {
		t.Skip("no redis-server here")
	}
	dir := t.TempDir()
	addr, stop, err := startRedis(dir, "--appendfsync", "always")
	if err != nil {
		t.Fatal(err)
	}
	e := open(t, "redis://"+addr, true)
	kept := e.reserved(t, e.hold(0))
	held := e.hold(2)
	e.must(t, held)
	stop()
	_, err = e.Hold(t.Context(), e.hold(4))
	refused(t, err, charging.CodeStoreUnavailable)
	_, port, _ := net.SplitHostPort(addr)
	bin, _ := exec.LookPath("redis-server")
	again := exec.Command(bin, "--port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "yes")
	if err := again.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = again.Process.Signal(os.Kill); _ = again.Wait() })
	if err := answers(addr, again.Process.Pid); err != nil {
		t.Fatal(err)
	}
	e.wantState(t, kept, charging.Reserved)
	e.wantState(t, held, charging.Claimed)
	_, err = e.Hold(t.Context(), e.hold(0.5))
	refused(t, err, charging.CodeSlotTaken)
}

func TestCheck(t *testing.T) {
	t.Parallel()
	if realURL == "" {
		t.Skip("no redis-server here")
	}
	addr, stop, err := startRedis(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	e := open(t, "redis://"+addr, true)
	ctx := t.Context()
	s, err := e.Check(ctx)
	if err != nil || !s.Known || !s.AppendOnly || s.Fsync != "everysec" || !strings.Contains(s.Loses(), "second") {
		t.Errorf("%+v, %v", s, err)
	}
	e.raw.ConfigSet(ctx, "appendfsync", "always")
	if s, err := e.Check(ctx); err != nil || !strings.HasPrefix(s.Loses(), "nothing") {
		t.Errorf("%+v, %v", s, err)
	}
	e.raw.ConfigSet(ctx, "maxmemory-policy", "allkeys-lru")
	if _, err := e.Check(ctx); err == nil || !strings.Contains(err.Error(), "noeviction") {
		t.Errorf("%v", err)
	}
	mini := open(t, "redis://"+miniredis.RunT(t).Addr(), false)
	if s, err := mini.Check(ctx); err != nil || s.Known {
		t.Errorf("miniredis: %+v, %v", s, err)
	}
}

// TestBatches books with and without batches, from scripts that the
// store has forgotten.
func TestBatches(t *testing.T) {
	t.Parallel()
	for name, above := range map[string]int{"some": 1, "none": -1} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, e *env) {
				e.Store = e.again(t, store.Options{BatchAbove: above})
				e.raw.ScriptFlush(t.Context())
				book(t, e, 500)
			})
		})
	}
}

func TestTime(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		at, err := e.Time(t.Context())
		if d := time.Since(at).Abs(); err != nil || d > 10*time.Second {
			t.Errorf("%s off, %v", d, err)
		}
	})
}
