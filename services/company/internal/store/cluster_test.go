package store_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
)

// startCluster runs three masters and gives their addresses.
func startCluster(t *testing.T) []string {
	t.Helper()
	cli, err := exec.LookPath("redis-cli")
	if err != nil || realURL == "" {
		t.Skip("no redis-server or redis-cli here")
	}
	var addrs []string
	for range 3 {
		addr, stop, err := startRedis(t.TempDir(), "--cluster-enabled", "yes", "--cluster-node-timeout", "5000")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		addrs = append(addrs, addr)
	}
	args := append([]string{"--cluster", "create"}, addrs...)
	if out, err := exec.CommandContext(t.Context(), cli, append(args, "--cluster-yes")...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for _, addr := range addrs {
		c := redis.NewClient(&redis.Options{Addr: addr})
		for !strings.Contains(c.ClusterInfo(ctx).Val(), "cluster_state:ok") {
			select {
			case <-ctx.Done():
				t.Fatalf("the cluster is not ready: %s", c.ClusterInfo(t.Context()).Val())
			case <-time.After(20 * time.Millisecond):
			}
		}
		_ = c.Close()
	}
	return addrs
}

// The same scripts and pipelines run on three masters.
func TestCluster(t *testing.T) {
	t.Parallel()
	addrs := startCluster(t)
	ctx := t.Context()
	e := &env{prefix: "c:", url: "redis+cluster://" + strings.Join(addrs, ","), real: true, civil: &civil{}}
	e.civil.set(time.Now())
	e.Store = e.again(t, store.Options{})
	e.raw = redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs})
	t.Cleanup(func() { _ = e.raw.Close() })

	if s, err := e.Check(ctx); err != nil || !s.AppendOnly || s.Fsync != "everysec" {
		t.Errorf("%+v, %v", s, err)
	}
	t.Run("calendar", func(t *testing.T) {
		locs := []charging.LocationID{"BR*MAR*LA", "BR*MAR*LB", "BR*MAR*LC", "BR*MAR*LD", "BR*MAR*LE", "BR*MAR*LF"}
		for _, loc := range locs {
			here := func(h *charging.Hold) { h.Location = loc }
			young := e.hold(0, here, ticket("9"), pending)
			e.must(t, young)
			old := e.hold(0.5, here, ticket("1"), pending)
			if g := e.must(t, old); len(g.Preempted) != 1 {
				t.Errorf("%+v", g)
			}
			if _, err := e.Confirm(ctx, at(old)); err != nil {
				t.Error(err)
			}
			if r, err := e.Reservation(ctx, young.ID, locs); err != nil || r.State != charging.Preempted {
				t.Errorf("%+v, %v", r, err)
			}
			if v, err := e.Withdraw(ctx, loc, plug, "POWER_OUTAGE", testMeter); err != nil || len(v) != 1 {
				t.Errorf("%+v, %v", v, err)
			}
			if _, err := e.Tidy(ctx, loc, []charging.EVSEID{plug}, time.Minute, byMeter); err != nil {
				t.Error(err)
			}
			if f, err := e.Free(ctx, loc, []charging.EVSEID{plug, "BR*MAR*E0001*2"}, old.Window()); err != nil || len(f) != 2 {
				t.Errorf("%+v, %v", f, err)
			}
		}
	})
	t.Run("load", func(t *testing.T) { book(t, e, 2000) })
	t.Run("journal", func(t *testing.T) {
		var ids []charging.TripID
		for range 8 {
			tr := newTrip(e, 2)
			if _, err := e.Admit(ctx, trip.Admission{TripID: tr.ID, VehicleID: charging.VehicleID("EV-" + newID()), Span: tr.Span(), Key: "k", Life: time.Hour}); err != nil {
				t.Fatal(err)
			}
			if err := e.Create(ctx, tr, lease, []trip.Entry{{Step: "create"}}); err != nil {
				t.Fatal(err)
			}
			if err := e.Save(ctx, tr, lease, time.Now(), []trip.Entry{{Step: "reserve"}}); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, tr.ID)
			e.leaseOver(t, tr.ID)
		}
		if lost, err := e.KeepAlive(ctx, "b", lease, ids); err != nil || len(lost) != len(ids) {
			t.Errorf("%v, %v", lost, err)
		}
		got, err := e.TakeOver(ctx, "b", lease, 100)
		if err != nil || len(got) != len(ids) {
			t.Fatalf("%d, %v", len(got), err)
		}
		for _, tr := range got {
			if err := e.Finish(ctx, tr, nil); err != nil {
				t.Error(err)
			}
		}
		if list, n, err := e.List(ctx, trip.Query{State: trip.Reserving}); err != nil || n != len(ids) || len(list) != n {
			t.Errorf("%d, %v", n, err)
		}
		if h, err := e.History(ctx, ids[0]); err != nil || len(h) != 2 {
			t.Errorf("%+v, %v", h, err)
		}
		// The lists by what is asked, for trips that one of before has written.
		e.before(t)
		if err := e.File(ctx); err != nil {
			t.Fatal(err)
		}
		if page, _, err := e.Standing(ctx, "", 100, trip.Reserving); err != nil || len(page) != len(ids) {
			t.Errorf("%d stand, %v", len(page), err)
		}
		for _, tr := range got {
			tr.State = trip.Aborted
			if err := e.Finish(ctx, tr, nil); err != nil {
				t.Error(err)
			}
			e.wantLists(t, tr, "ended", "expiry ended:ABORTED")
			e.expire(t, tr)
		}
		if n, err := e.Forget(ctx); err != nil || n != len(ids) {
			t.Errorf("%d are forgotten, %v", n, err)
		}
		for _, tr := range got {
			e.wantLists(t, tr, "expired", "")
		}
	})
}
