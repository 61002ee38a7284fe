package store_test

import (
	"testing"
	"time"
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
		at := time.Now()
		for range 2 { // the answer was lost: the same registration again
			if made, err := e.RegisterVehicle(ctx, "EV-1", "byd-dolphin", at); err != nil || !made {
				t.Errorf("%v, %v", made, err)
			}
		}
		if made, err := e.RegisterVehicle(ctx, "EV-1", "byd-dolphin", at.Add(time.Second)); err != nil || made {
			t.Errorf("%v, %v", made, err)
		}
		if model, ok, err := e.Vehicle(ctx, "EV-1"); err != nil || !ok || model != "byd-dolphin" {
			t.Errorf("%s, %v, %v", model, ok, err)
		}
		if _, ok, err := e.Vehicle(ctx, "EV-2"); err != nil || ok {
			t.Errorf("%v, %v", ok, err)
		}
		for range 2 {
			if err := e.Revoke(ctx, "EV-1", "token-1"); err != nil {
				t.Fatal(err)
			}
		}
		if ids, err := e.Revoked(ctx); err != nil || len(ids) != 1 || ids[0] != "token-1" {
			t.Errorf("%v, %v", ids, err)
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
