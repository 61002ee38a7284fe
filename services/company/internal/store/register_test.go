package store_test

import (
	"testing"
	"time"
)

// What is counted of an address is counted once for all servers, and begins anew after
// its while.
func TestCountRegistration(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		for n := range 5 {
			wait, err := e.CountRegistration(ctx, "2001:db8::", 3, time.Minute)
			if err != nil || (wait > 0) != (n >= 3) || wait > time.Minute {
				t.Errorf("%d: %s, %v", n, wait, err)
			}
		}
		if wait, err := e.CountRegistration(ctx, "10.0.0.1", 3, time.Minute); err != nil || wait != 0 {
			t.Errorf("another address: %s, %v", wait, err)
		}
		key := e.prefix + "registrations:{2001:db8::}"
		if n := e.raw.Get(ctx, key).Val(); n != "3" {
			t.Errorf("counted %s", n)
		}
		e.raw.Del(ctx, key)
		if wait, err := e.CountRegistration(ctx, "2001:db8::", 3, time.Minute); err != nil || wait != 0 {
			t.Errorf("after a while: %s, %v", wait, err)
		}
	})
}

// A vehicle that never logs in is forgotten soon, one that does much later; one of an
// edition before, which had no end, gets one.
func TestAVehiclesRecordEnds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		const unused, used = time.Hour, 400 * 24 * time.Hour
		lives := func(want time.Duration) {
			t.Helper()
			if ttl := e.raw.PTTL(ctx, e.prefix+"vehicle:{EV-1}").Val(); ttl <= want-time.Minute || ttl > want {
				t.Errorf("lives %s, want %s", ttl, want)
			}
		}
		if _, ok, err := e.UseVehicle(ctx, "EV-1", used); ok || err != nil {
			t.Error(ok, err)
		}
		if made, err := e.RegisterVehicle(ctx, "EV-1", []byte("r"), unused); err != nil || !made {
			t.Fatal(made, err)
		}
		lives(unused)
		use := func() {
			t.Helper()
			if r, ok, err := e.UseVehicle(ctx, "EV-1", used); err != nil || !ok || string(r) != "r" {
				t.Errorf("%q, %v, %v", r, ok, err)
			}
		}
		use()
		lives(used)
		e.raw.PExpire(ctx, e.prefix+"vehicle:{EV-1}", used-23*time.Hour)
		use() // less than a day later: nothing is written
		lives(used - 23*time.Hour)
		e.raw.Persist(ctx, e.prefix+"vehicle:{EV-1}")
		use()
		lives(used)
		if done, err := e.ReplaceVehicle(ctx, "EV-1", []byte("r"), []byte("s"), unused); err != nil || !done {
			t.Error(done, err)
		}
		lives(unused)
	})
}

// An invitation is used up by the first who comes with it.
func TestInvites(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		if err := e.SaveInvites(ctx, []string{"a", "b"}, time.Minute); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			hash string
			ok   bool
		}{{"a", true}, {"a", false}, {"c", false}, {"b", true}} {
			if ok, err := e.TakeInvite(ctx, c.hash); err != nil || ok != c.ok {
				t.Errorf("%s: %v, %v", c.hash, ok, err)
			}
		}
		if err := e.SaveInvites(ctx, []string{"d"}, time.Minute); err != nil {
			t.Fatal(err)
		}
		if ttl := e.raw.PTTL(ctx, e.prefix+"invite:{d}").Val(); ttl <= 0 || ttl > time.Minute {
			t.Errorf("lives %s", ttl)
		}
	})
}
