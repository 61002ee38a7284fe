package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
)

// TestAccountsOnACluster: the same limits where an account is on another node than the
// calendar: charged before the grant, given back after a refusal and after each end.
func TestAccountsOnACluster(t *testing.T) {
	t.Parallel()
	addrs := startCluster(t)
	e := &env{prefix: "c:", url: "redis+cluster://" + strings.Join(addrs, ","), real: true, civil: &civil{}}
	e.civil.set(time.Now())
	e.Store = e.again(t, store.Options{Limits: charging.Limits{
		VehicleHours: 4 * time.Hour, NewHours: 3 * time.Hour, NoShow: 24 * time.Hour, Share: 1, TripClaims: 2, CompanyClaims: 10,
	}})
	e.raw = redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs})
	t.Cleanup(func() { _ = e.raw.Close() })
	share := func(h *charging.Hold) { h.Quota.Share = 5 * 3600 }
	elsewhere := func(h *charging.Hold) { h.Location = "BR*MAR*LB" }
	release := func(all ...charging.Hold) {
		t.Helper()
		for _, h := range all {
			if _, err := e.Compensate(t.Context(), at(h)); err != nil {
				t.Fatal(err)
			}
		}
	}

	a := e.reserved(t, e.hold(0, share))
	b := e.hold(1, share, elsewhere)
	e.must(t, b)
	e.must(t, b) // a repeat takes no more
	_, err := e.Hold(t.Context(), e.hold(0.5, share, elsewhere, atPlug(2)))
	refused(t, err, charging.CodeInvalidWindow)
	_, err = e.Hold(t.Context(), e.hold(3, share, lasting(2*time.Hour)))
	quota(t, err, "vehicle", "vehicle_id")
	_, err = e.Hold(t.Context(), e.hold(0, share, of("EV-0002"))) // is taken, and given back
	refused(t, err, charging.CodeSlotTaken)
	c := e.hold(3, share, of("EV-0002"), lasting(150*time.Minute))
	e.must(t, c)
	_, err = e.Hold(t.Context(), e.hold(7, share, of("EV-0003")))
	quota(t, err, "share", "origin")
	e.must(t, e.hold(3, share, sameTrip(c), atPlug(2), lasting(5*time.Minute), func(h *charging.Hold) { h.Quota.Share = 1e6 }))
	_, err = e.Hold(t.Context(), e.hold(8, sameTrip(c), func(h *charging.Hold) { h.Leg = 7 }))
	quota(t, err, "vehicle", "vehicle_id")

	q := charging.Quota{Share: 1e6}
	longer := charging.NewWindow(a.Start.Add(-time.Hour), a.End)
	if _, err := e.Move(t.Context(), at(a), charging.Move{Ref: a.Ref, Seq: 1, To: longer, Quota: q}, time.Hour); err != nil {
		t.Fatal(err)
	}
	longest := charging.NewWindow(a.Start.Add(-2*time.Hour), a.End)
	_, err = e.Move(t.Context(), at(a), charging.Move{Ref: a.Ref, Seq: 2, To: longest, Quota: q}, time.Hour)
	quota(t, err, "vehicle", "vehicle_id")
	_, err = e.Hold(t.Context(), e.hold(9, share, lasting(30*time.Minute)))
	quota(t, err, "vehicle", "vehicle_id") // 2 h and 1 h

	release(a, b, c)
	old := e.hold(12, ticket("1"), of("EV-0004"))
	young := e.hold(12, ticket("2"), of("EV-0005"))
	e.must(t, young)
	e.must(t, old)
	release(old)
	e.reserved(t, e.hold(14))
	if _, err := e.Withdraw(t.Context(), site, plug, "BROKEN_CHARGER", testMeter); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Withdraw(t.Context(), site, "BR*MAR*E0002*1", "BROKEN_CHARGER", testMeter); err != nil {
		t.Fatal(err)
	}
	e.wantEmpty(t, "after all was released")
}

// TestRecountOnACluster: what was booked before anything was counted.
func TestRecountOnACluster(t *testing.T) {
	t.Parallel()
	addrs := startCluster(t)
	e := &env{prefix: "c:", url: "redis+cluster://" + strings.Join(addrs, ","), real: true, civil: &civil{}}
	e.civil.set(time.Now())
	e.Store = e.again(t, store.Options{})
	e.reserved(t, e.hold(0))
	e.Store = e.again(t, store.Options{Limits: charging.Limits{NewHours: time.Hour, Share: 1}})
	if _, err := e.Recount(t.Context(), site, []charging.EVSEID{plug}); err != nil {
		t.Fatal(err)
	}
	_, err := e.Hold(t.Context(), e.hold(2))
	quota(t, err, "vehicle", "vehicle_id")
	_, err = e.Hold(t.Context(), e.hold(2, of("EV-0002"), func(h *charging.Hold) { h.Quota.Share = 3600 }))
	quota(t, err, "share", "origin")
}
