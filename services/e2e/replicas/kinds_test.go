package replicas

import (
	"fmt"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/program"
)

// What several servers of a company do on one Redis they do behind Sentinel.
func TestServersBehindSentinel(t *testing.T) {
	onKind(t, sentinel)
}

// And on a Redis Cluster, with their keys on three masters.
func TestServersOnACluster(t *testing.T) {
	onKind(t, cluster)
}

// deaths is how a server and its store's master die.
type deaths struct {
	masterFirst bool
	gap         time.Duration
}

// onKind plays everything on a kind of store; -short lets server and master die
// together once.
func onKind(t *testing.T, kind func(*testing.T) place) {
	if !program.Long() {
		t.Skip("takes minutes, and a machine of its own; set ELETROVIA_LONG=1")
	}
	w := newWorldOn(t, map[string]int{"MAR": 2}, map[string]place{"MAR": kind(t)})
	rounds := []deaths{{false, 0}}
	if !testing.Short() {
		for _, gap := range []time.Duration{0, 5 * time.Millisecond, 50 * time.Millisecond, 500 * time.Millisecond, 2 * time.Second} {
			rounds = append(rounds, deaths{false, gap}, deaths{true, gap})
		}
	}
	w.atHome()
	w.takesOver(30)
	w.known(w.add("MAR"))
	w.stuck(66)
	w.rollingRestart(4, "MAR", "MAR")
	for n, d := range rounds {
		w.ownerAndMasterDie(n, 90+36*n, d)
	}
}

// ownerAndMasterDie kills, at about the same time, the server that works on some
// trips and the master of its store, while others book: another server takes
// over within the fail-over, the lease and the poll, nothing is half booked, and
// the servers go on hearing of each other.
func (w *world) ownerAndMasterDie(round, k int, d deaths) {
	t, c, caj := w.t, w.companies["MAR"], w.companies["CAJ"]
	owner, other := c.live()[0], c.live()[1]
	id := fmt.Sprint("BR-MAR-EV-DIES-", round)
	pass := w.register(owner, id)
	first, second := w.client(owner, id, pass), w.client(other, id, pass)
	events, retained := second.listen(), w.car(other, id, pass)
	l := w.load(4, func(caller, n int) []stopAt {
		caller, n = 9+caller+4*(round%5), n+300*(round/5) // windows that no other round books
		return []stopAt{w.stop(evse("MAR", caller), n), w.stop(evse("SER", caller), n+1)}
	})
	l.more(8)
	asks := w.asks(first, k) // one that waits for its driver, too
	caj.stall()
	trips := w.inFlight(first, 3, k+6)
	w.underWay(second, trips)

	old := c.store.leader()
	died := time.Now()
	if d.masterFirst {
		old.Kill()
		<-time.After(d.gap)
		owner.kill()
	} else {
		owner.kill()
		<-time.After(d.gap)
		old.Kill()
	}
	caj.resume()
	c.store.failedOver(old)
	l.more(4)
	healed := time.Now()
	until(t, takenOverWithin+noise, "every trip has been taken over after the fail-over", func() bool {
		for _, tr := range append(trips, asks) {
			if !hasStep(second.history(string(tr.ID)), "take-over") && !second.settled(string(tr.ID), 0).State.Settled() {
				return false
			}
		}
		return true
	})
	t.Logf("round %d: booking again %s after the deaths, all taken over %s after them", round,
		healed.Sub(died).Round(10*time.Millisecond), time.Since(died).Round(10*time.Millisecond))
	for _, tr := range trips {
		if got := second.settled(string(tr.ID), 30); !got.State.Settled() {
			t.Errorf("trip %s is %s", tr.ID, got.State)
		}
	}

	// The servers hear of each other as before: what happens at a new one is seen
	// at the one that has lived through it, and a letter reaches it.
	third := w.add("MAR")
	w.known(third)
	anew := w.client(third, id, pass)
	var got trip.Trip
	if status, p := anew.with("Prefer", "wait=20").send("POST", "/api/v1/trips/"+string(asks.ID)+"/decision", w.by(3, k), &got); status != 200 {
		t.Fatalf("the decision after the deaths: %d %+v", status, p)
	}
	must(t, got, trip.Confirmed)
	far := anew.book(trip.Abort, 20, w.stop(evse("MAR", 4), k+28))
	must(t, far, trip.Confirmed)
	want := string(far.ID) + " " + string(trip.Confirmed)
	within(t, events, want, "on the event stream of the server that lived on")
	within(t, retained, want, "at the broker of the server that lived on")
	l.stop()
	t.Logf("round %d: %d trips booked, %d not, %d requests repeated; the last not: %s", round, len(l.said), l.others, l.repeats, l.last)
	w.judge(l.said)
}
