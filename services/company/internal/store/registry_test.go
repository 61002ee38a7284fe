package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func TestVehicles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		if got, err := e.Bind(ctx, "EV-1", "MAR"); err != nil || got != "MAR" {
			t.Errorf("%s, %v", got, err)
		}
		if got, err := e.Bind(ctx, "EV-1", "SER"); err != nil || got != "MAR" {
			t.Errorf("%s, %v", got, err)
		}
		for id, want := range map[charging.VehicleID]charging.CompanyID{"EV-1": "MAR", "EV-2": ""} {
			if got, err := e.Issuer(ctx, id); err != nil || got != want {
				t.Errorf("%s of %q, %v", id, got, err)
			}
		}
		for range 2 { // the answer was lost: the same registration again
			if made, err := e.RegisterVehicle(ctx, "EV-1", []byte("first")); err != nil || !made {
				t.Errorf("%v, %v", made, err)
			}
		}
		if made, err := e.RegisterVehicle(ctx, "EV-1", []byte("second")); err != nil || made {
			t.Errorf("%v, %v", made, err)
		}
		if b, ok, err := e.Vehicle(ctx, "EV-1"); err != nil || !ok || string(b) != "first" {
			t.Errorf("%s, %v, %v", b, ok, err)
		}
		if _, ok, err := e.Vehicle(ctx, "EV-2"); err != nil || ok {
			t.Errorf("%v, %v", ok, err)
		}
		for range 2 {
			if err := e.Revoke(ctx, "EV-1", "token-1", "EV-1@17"); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.Revoke(ctx, "", "token-1"); err != nil { // told again: whose it was stays
			t.Fatal(err)
		}
		if of := e.raw.HGet(ctx, e.prefix+"revoked", "token-1").Val(); of != "EV-1" {
			t.Errorf("token-1 is of %q", of)
		}
		if err := e.Revoke(ctx, "EV-1"); err != nil {
			t.Error(err)
		}
		ids, err := e.Revoked(ctx)
		slices.Sort(ids)
		if err != nil || !slices.Equal(ids, []string{"EV-1@17", "token-1"}) {
			t.Errorf("%v, %v", ids, err)
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
			done, err := e.ReplaceVehicle(ctx, "EV-1", []byte(c.old), []byte(c.record))
			b, _, _ := e.Vehicle(ctx, "EV-1")
			if err != nil || done != c.replaced || string(b) != c.now {
				t.Errorf("%+v: %v, %v, is now %q", c, done, err, b)
			}
		}
		if done, err := e.ReplaceVehicle(ctx, "EV-2", nil, []byte("a")); err != nil || !done {
			t.Errorf("%v, %v", done, err)
		}
	})
}

func TestSessionsAndReplies(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		if err := e.SaveSession(ctx, "h", []byte("data\x00"), time.Minute); err != nil {
			t.Fatal(err)
		}
		if b, ok, err := e.LoadSession(ctx, "h"); err != nil || !ok || string(b) != "data\x00" {
			t.Errorf("%q, %v, %v", b, ok, err)
		}
		for range 2 {
			if err := e.DropSession(ctx, "h"); err != nil {
				t.Fatal(err)
			}
		}
		if _, ok, err := e.LoadSession(ctx, "h"); err != nil || ok {
			t.Errorf("%v, %v", ok, err)
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
		ctx, began := t.Context(), time.Now()
		for _, h := range []string{"one", "two", "three"} {
			owner := "vehicle:EV-1"
			if h == "three" {
				owner = "operator:"
			}
			if err := e.ListSession(ctx, owner, h, began, began.Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			if err := e.SaveSession(ctx, h, []byte(h), time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		got, err := e.ListedSessions(ctx, "vehicle:EV-1")
		if err != nil || len(got) != 2 || string(got["one"]) != "one" || string(got["two"]) != "two" {
			t.Errorf("%q, %v", got, err)
		}
		if err := e.DropSession(ctx, "one"); err != nil {
			t.Fatal(err)
		}
		if got, err = e.ListedSessions(ctx, "vehicle:EV-1"); err != nil || len(got) != 1 {
			t.Errorf("after one has ended: %q, %v", got, err)
		}
		// The next one opens after all of these have run out.
		if err := e.ListSession(ctx, "vehicle:EV-1", "four", began.Add(time.Hour), began.Add(2*time.Hour)); err != nil {
			t.Fatal(err)
		}
		key := e.prefix + "sessions:{vehicle:EV-1}"
		if left := e.raw.ZRange(ctx, key, 0, -1).Val(); len(left) != 1 || left[0] != "four" {
			t.Errorf("%v are on the list", left)
		}
		if ttl := e.raw.PTTL(ctx, key).Val(); ttl <= 0 || ttl > time.Hour {
			t.Errorf("the list lives %s", ttl)
		}
	})
}
