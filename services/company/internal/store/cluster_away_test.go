package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
	"github.com/eletrovia/eletrovia/services/e2e/redisrig"
)

// onCluster opens a store on three masters with so many replicas each.
func onCluster(t *testing.T, replicas int, o store.Options) (*env, *redisrig.Cluster) {
	t.Helper()
	c := redisrig.StartCluster(t, 3, replicas)
	e := &env{prefix: "c:", url: c.URL, real: true, civil: &civil{}}
	e.civil.set(time.Now())
	e.Store = e.again(t, o)
	e.raw = redis.NewClusterClient(&redis.ClusterOptions{Addrs: c.Addrs()})
	t.Cleanup(func() { _ = e.raw.Close() })
	return e, c
}

// A master is away: the trips of the others are taken over nevertheless, and it
// is waited for once.
func TestTakeOverWhileAMasterIsAway(t *testing.T) {
	t.Parallel()
	e, c := onCluster(t, 0, store.Options{})
	ctx := t.Context()
	records := map[*redisrig.Server]int{}
	const n = 30
	for range n {
		tr := newTrip(e, 2)
		if err := e.Create(ctx, tr, lease, nil); err != nil {
			t.Fatal(err)
		}
		if err := e.Save(ctx, tr, lease, time.Now(), nil); err != nil {
			t.Fatal(err)
		}
		e.leaseOver(t, tr.ID)
		records[c.Keeper("c:trip:{"+string(tr.ID)+"}")]++
	}
	listed := c.Keeper("c:trips:open")
	var dead *redisrig.Server
	for s := range records {
		if s != listed {
			dead = s
		}
	}
	if dead == nil || len(records) < 2 {
		t.Fatalf("%d trips at %d masters: that proves nothing", n, len(records))
	}
	dead.Kill()
	got, err := e.TakeOver(ctx, "b", lease, 100)
	if charging.CodeOf(err) != charging.CodeStoreUnavailable || len(got) != n-records[dead] {
		t.Errorf("%d of %d trips taken over, %d are at the master that is away: %v", len(got), n, records[dead], err)
	}
}

// The master with the list of open trips has no replica: no trip is made, because
// one that a fail-over takes off the list would be taken over by nobody.
func TestListsWaitForReplicas(t *testing.T) {
	t.Parallel()
	e, c := onCluster(t, 1, store.Options{Replicas: 1, CallTimeout: 450 * time.Millisecond})
	ctx := t.Context()
	probe := newTrip(e, 2)
	atLast(t, func() error { return e.Create(ctx, newTrip(e, 2), lease, nil) })
	listed := c.Keeper("c:trips:open")
	c.ReplicaOf(listed).Kill()
	for range 6 { // their records are at any of the masters
		tr := newTrip(e, 2)
		err := e.Create(ctx, tr, lease, nil)
		if charging.CodeOf(err) != charging.CodeStoreUnavailable {
			t.Errorf("trip %s: %v", tr.ID, err)
		}
	}
	// The same for what a vehicle's key has made.
	admitted := 0
	for n := range 8 {
		v := charging.VehicleID(fmt.Sprint("EV-000", n))
		admit := func() error {
			_, err := e.Admit(ctx, trip.Admission{TripID: charging.TripID(newID()), VehicleID: v, Span: probe.Span(), Key: "k", Life: time.Hour})
			return err
		}
		err := admit()
		switch at := c.Keeper("c:idem:{" + string(v) + "}:k"); {
		case err == nil && at == listed:
			t.Errorf("admitted at the master that has no replica")
		case at != listed:
			atLast(t, admit)
			admitted++
		}
	}
	if admitted == 0 || admitted == 8 {
		t.Errorf("%d of 8 admitted: that proves nothing", admitted)
	}
}

// atLast repeats what a busy machine does not acknowledge in time.
func atLast(t *testing.T, do func() error) {
	t.Helper()
	var err error
	for range 20 {
		if err = do(); charging.CodeOf(err) != charging.CodeStoreUnavailable {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// One master of three is away: the heartbeats of the others are taken, so that a server is
// not said to book nothing.
func TestBeatsOfAMasterThatIsAway(t *testing.T) {
	t.Parallel()
	e, c := onCluster(t, 0, store.Options{CallTimeout: 450 * time.Millisecond})
	var locs []charging.LocationID
	for n := range 24 {
		locs = append(locs, charging.LocationID(fmt.Sprintf("BR*MAR*L%04d", n)))
	}
	m, err := e.Incarnation(store.IncarnationOptions{Locations: locs})
	done(t, err)
	remembers(t, m, "")
	c.Keeper("c:mark:{" + string(locs[0]) + "}").Kill()
	for range 2 {
		if _, _, err := m.Check(t.Context()); err == nil {
			t.Fatal("the beat of a dead master was taken")
		}
		if some, err := m.Writes(); err != nil || some != "1 of 3 masters of the store take no writes: it does not answer" {
			t.Errorf("%q, %v", some, err)
		}
	}
}
