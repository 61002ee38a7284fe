package store_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func TestVehicles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		e.raw.Set(ctx, e.prefix+"vehicle:{EV-1}:issuer", "MAR", 0) // as an older edition has
		for id, want := range map[charging.VehicleID]charging.CompanyID{"EV-1": "MAR", "EV-2": ""} {
			if got, err := e.Issuer(ctx, id); err != nil || got != want {
				t.Errorf("%s of %q, %v", id, got, err)
			}
		}
		for range 2 { // the answer was lost: the same registration again
			if made, err := e.RegisterVehicle(ctx, "EV-1", []byte("first"), time.Minute); err != nil || !made {
				t.Errorf("%v, %v", made, err)
			}
		}
		if made, err := e.RegisterVehicle(ctx, "EV-1", []byte("second"), time.Minute); err != nil || made {
			t.Errorf("%v, %v", made, err)
		}
		if b, ok, err := e.Vehicle(ctx, "EV-1"); err != nil || !ok || string(b) != "first" {
			t.Errorf("%s, %v, %v", b, ok, err)
		}
		if _, ok, err := e.Vehicle(ctx, "EV-2"); err != nil || ok {
			t.Errorf("%v, %v", ok, err)
		}
		for range 2 {
			if err := e.Revoke(ctx, "token-1", "EV-1@17", "EV-2@3"); err != nil {
				t.Fatal(err)
			}
		}
		e.raw.HSet(ctx, e.prefix+"revoked", "EV-3@1", "EV-3") // as an older edition has
		if err := errors.Join(e.Revoke(ctx), e.Revoke(ctx, "EV-2@18"), e.Revoke(ctx, "EV-2@4")); err != nil {
			t.Error(err)
		}
		for since, want := range map[int64][]string{0: {"EV-1@17", "EV-2@18", "EV-3@1", "token-1"}, 17: {"EV-1@17", "EV-2@18", "EV-3@1", "token-1"}} {
			ids, err := e.Revoked(ctx, time.Unix(since, 0))
			slices.Sort(ids)
			if err != nil || !slices.Equal(ids, want) {
				t.Errorf("since %d: %v, %v", since, ids, err)
			}
		}
		if ids, err := e.Revoked(ctx, time.Unix(18, 0)); err != nil || slices.Contains(ids, "EV-1@17") || !slices.Contains(ids, "EV-2@18") {
			t.Errorf("%v, %v", ids, err)
		}
		if n := e.raw.ZCard(ctx, e.prefix+"revoked:through").Val(); n != 1 {
			t.Errorf("%d are kept", n)
		}
	})
}

func TestReplaceVehicle(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		for _, c := range []struct {
			old, record string
			replaced    bool
			now         string
		}{
			{"a", "b", false, ""}, // there is none yet
			{"", "a", true, "a"},
			{"", "b", false, "a"},
			{"a", "b", true, "b"},
			{"a", "b", true, "b"}, // the answer was lost
			{"a", "c", false, "b"},
			{"b", "c", true, "c"},
		} {
			done, err := e.ReplaceVehicle(ctx, "EV-1", []byte(c.old), []byte(c.record), time.Hour)
			b, _, _ := e.Vehicle(ctx, "EV-1")
			if err != nil || done != c.replaced || string(b) != c.now {
				t.Errorf("%+v: %v, %v, is now %q", c, done, err, b)
			}
		}
		if done, err := e.ReplaceVehicle(ctx, "EV-2", nil, []byte("a"), time.Hour); err != nil || !done {
			t.Errorf("%v, %v", done, err)
		}
	})
}

func TestSessionsAndReplies(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		if err := e.SaveSession(ctx, "EV-1", 2, "h", []byte("data\x00"), time.Minute); err != nil {
			t.Fatal(err)
		}
		if b, ok, err := e.LoadSession(ctx, "h"); err != nil || !ok || string(b) != "data\x00" {
			t.Errorf("%q, %v, %v", b, ok, err)
		}
		for range 2 {
			if err := e.DropSession(ctx, "EV-1", "h"); err != nil {
				t.Fatal(err)
			}
		}
		if _, ok, err := e.LoadSession(ctx, "h"); err != nil || ok {
			t.Errorf("%v, %v", ok, err)
		}
		for _, h := range []string{"1", "2", "dropped", "3"} {
			if err := e.SaveSession(ctx, "EV-1", 2, h, []byte(h), time.Minute); err != nil {
				t.Fatal(err)
			}
			if h == "dropped" {
				if err := e.DropSession(ctx, "EV-1", h); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := e.SaveSession(ctx, "EV-2", 2, "other", nil, time.Minute); err != nil {
			t.Fatal(err)
		}
		for h, want := range map[string]bool{"1": false, "2": true, "3": true, "other": true} {
			if _, ok, err := e.LoadSession(ctx, h); err != nil || ok != want {
				t.Errorf("session %s of the newest two is there: %v, %v", h, ok, err)
			}
		}
		for _, body := range []string{"first", "second"} {
			if err := e.SaveReply(ctx, "EV-1", "r1", []byte(body), time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		if b, ok, err := e.LoadReply(ctx, "EV-1", "r1"); err != nil || !ok || string(b) != "first" {
			t.Errorf("%q, %v, %v", b, ok, err)
		}
		if _, ok, err := e.LoadReply(ctx, "EV-2", "r1"); err != nil || ok {
			t.Errorf("%v, %v", ok, err)
		}
		if ttl := e.raw.PTTL(ctx, e.prefix+"reply:{EV-1}:r1").Val(); ttl <= 0 || ttl > time.Minute {
			t.Errorf("lives %s", ttl)
		}
	})
}

// What is listed is what stands: a session that has ended or run out is off its owner's
// list, and another owner's is on another one.
func TestListedSessions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		for h, of := range map[string]string{"one": "EV-1", "two": "EV-1", "three": "operator"} {
			if err := e.SaveSession(ctx, of, 16, h, []byte(h), time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		got, err := e.ListedSessions(ctx, "EV-1")
		if err != nil || len(got) != 2 || string(got["one"]) != "one" || string(got["two"]) != "two" {
			t.Errorf("%q, %v", got, err)
		}
		if err := e.DropSession(ctx, "EV-1", "one"); err != nil {
			t.Fatal(err)
		}
		e.raw.Del(ctx, e.prefix+"session:{three}") // as its time to live does
		for of, want := range map[string]int{"EV-1": 1, "operator": 0, "EV-2": 0} {
			if got, err = e.ListedSessions(ctx, of); err != nil || len(got) != want {
				t.Errorf("of %s, after some have ended: %q, %v", of, got, err)
			}
		}
		// One more than its owner may have has ended the oldest.
		for _, h := range []string{"four", "five"} {
			if err := e.SaveSession(ctx, "EV-1", 2, h, []byte(h), time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		if got, err = e.ListedSessions(ctx, "EV-1"); err != nil || len(got) != 2 || got["two"] != nil {
			t.Errorf("of three, the newest two: %q, %v", got, err)
		}
	})
}
