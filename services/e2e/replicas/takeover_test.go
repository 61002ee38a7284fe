package replicas

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/trip"
)

// takenOverWithin is what the contract allows from the death of a server until
// another one works on its trips, and noise what a busy machine may add.
const (
	takenOverWithin = 5 * time.Second
	noise           = 5 * time.Second
)

// stall freezes the servers of a company, so that trips which need it stay in
// flight.
func (c *company) stall() {
	for _, s := range c.servers {
		s.freeze()
	}
}

func (c *company) resume() {
	for _, s := range c.servers {
		s.thaw()
	}
}

// owners lists who took a trip over, in order, and after how long.
func owners(h []trip.Entry) (list []string) {
	for _, e := range h {
		if len(list) == 0 || list[len(list)-1] != e.Owner {
			list = append(list, e.Owner)
		}
	}
	return list
}

// inFlight books some trips at a server that cannot end yet.
func (w *world) inFlight(d driver, n, k int) (trips []trip.Trip) {
	for i := range n {
		trips = append(trips, d.book(trip.Abort, 0, w.stop(evse("MAR", 1+i), k), w.stop(evse("CAJ", 1+i), k+3)))
		k += 6 // one car at a time
	}
	return trips
}

// The server that has trips in flight dies: another takes them over within 5 s
// and brings each to its end.
func TestAnotherServerTakesOver(t *testing.T) {
	newWorld(t, map[string]int{"MAR": 2}).takesOver(0)
}

// takesOver books from the k-th half hour on, and kills one of MAR's servers.
func (w *world) takesOver(k int) {
	t := w.t
	mar := w.companies["MAR"].live()
	pass := w.register(mar[0], "BR-MAR-EV-OVER")
	first, second := w.client(mar[0], "BR-MAR-EV-OVER", pass), w.client(mar[1], "BR-MAR-EV-OVER", pass)
	asks := w.asks(first, k) // one that waits for its driver, too
	w.companies["CAJ"].stall()
	trips := w.inFlight(first, 4, k+6)
	w.underWay(second, trips)
	mar[0].kill()
	died := time.Now()
	until(t, takenOverWithin+noise, "every trip has been taken over", func() bool {
		for _, tr := range append(trips, asks) {
			if !hasStep(second.history(string(tr.ID)), "take-over") {
				return false
			}
		}
		return true
	})
	t.Logf("taken over %s after the death", time.Since(died).Round(10*time.Millisecond))
	w.companies["CAJ"].resume()
	for _, tr := range trips {
		got := second.settled(string(tr.ID), 30)
		if got.State != trip.Confirmed && got.State != trip.Aborted {
			t.Errorf("trip %s is %s", tr.ID, got.State)
		}
		w.mustHold(got)
	}
	var got trip.Trip
	if status, p := second.with("Prefer", "wait=20").send("POST", "/api/v1/trips/"+string(asks.ID)+"/decision", w.by(3, k), &got); status != http.StatusOK {
		t.Fatalf("the decision after the death: %d %+v", status, p)
	}
	must(t, got, trip.Confirmed)
	w.mustHold(got)
}

// underWay waits until trips have begun to reserve, seen from a server.
func (w *world) underWay(d driver, trips []trip.Trip) {
	w.t.Helper()
	until(w.t, 10*time.Second, "the trips are under way", func() bool {
		held := w.companies["MAR"].held(w.t)
		for _, tr := range trips {
			got := d.settled(string(tr.ID), 0)
			if _, ok := held[string(got.Legs[0].ReservationID)]; !ok && got.State == trip.Reserving || got.State.Settled() {
				return false // not yet; or, some time after its company was asked, no longer
			}
		}
		return true
	})
}

func hasStep(h []trip.Entry, step string) bool {
	for _, e := range h {
		if e.Step == step {
			return true
		}
	}
	return false
}

// The only server dies: its next life takes its trips over.
func TestTheSameServerTakesOverAfterARestart(t *testing.T) {
	w := newWorld(t, nil)
	mar := w.companies["MAR"]
	pass := w.register(mar.servers[0], "BR-MAR-EV-1")
	w.companies["CAJ"].stall()
	trips := w.inFlight(w.client(mar.servers[0], "BR-MAR-EV-1", pass), 2, 0)
	mar.servers[0].kill()
	died := time.Now()
	d := w.client(w.add("MAR"), "BR-MAR-EV-1", pass)
	started := time.Now()
	until(t, takenOverWithin+noise, "every trip has been taken over", func() bool {
		for _, tr := range trips {
			if !hasStep(d.history(string(tr.ID)), "take-over") {
				return false
			}
		}
		return true
	})
	t.Logf("taken over %s after the death, %s after the restart", time.Since(died), time.Since(started))
	w.companies["CAJ"].resume()
	for _, tr := range trips {
		got := d.settled(string(tr.ID), 30)
		if got.State != trip.Confirmed && got.State != trip.Aborted {
			t.Errorf("trip %s is %s", tr.ID, got.State)
		}
		w.mustHold(got)
	}
}

// A server that was stopped for longer than its lease wakes up: journal and
// companies refuse what it still wants to write.
func TestAFormerOwnerWritesNoMore(t *testing.T) {
	w := newWorld(t, map[string]int{"MAR": 2})
	mar := w.companies["MAR"].servers
	pass := w.register(mar[0], "BR-MAR-EV-1")
	first, second := w.client(mar[0], "BR-MAR-EV-1", pass), w.client(mar[1], "BR-MAR-EV-1", pass)
	asks := w.asks(first, 0)
	w.companies["CAJ"].stall()
	trips := append(w.inFlight(first, 3, 6), asks)
	mar[0].freeze()
	until(t, takenOverWithin+noise, "every trip has been taken over", func() bool {
		for _, tr := range trips {
			if len(owners(second.history(string(tr.ID)))) < 2 {
				return false
			}
		}
		return true
	})
	w.companies["CAJ"].resume()
	for _, tr := range trips[:3] {
		w.mustHold(second.settled(string(tr.ID), 30))
	}
	mar[0].thaw()
	// It says so itself: the trip that asks is read and decided at the one that
	// woke up, which has it no longer.
	var got trip.Trip
	if status, p := first.with("Prefer", "wait=20").send("POST", "/api/v1/trips/"+string(asks.ID)+"/decision", w.by(2, 0), &got); status != http.StatusOK {
		t.Fatalf("decision at the server that woke up: %d %+v", status, p)
	}
	must(t, got, trip.Confirmed)
	until(t, 10*time.Second, "the former owner works on no trip any more", func() bool {
		var ready struct {
			Checks map[string]string `json:"checks"`
		}
		first.get("/readyz", &ready)
		return strings.HasPrefix(ready.Checks["journal"], "0 ")
	})
	for _, tr := range trips {
		h := second.history(string(tr.ID))
		if list := owners(h); len(list) != 2 {
			t.Errorf("trip %s was written by %v, in turn", tr.ID, list)
		}
		w.mustHold(second.settled(string(tr.ID), 0))
	}
}
