package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/app"
)

// mostPreemptions bounds how often one trip may lose a stop to an older one
// under the load of TestTwoHundredTripsAtOnce. A trip is preempted only by older
// ones that come to a window later than it did; while it waits it only grows
// older. Measured: 2.
const mostPreemptions = 12

// TestTwoHundredTripsAtOnce: random subsets, in time order, of the same 12
// EVSEs' windows, under wait and replan. Every trip settles, waits point from
// younger to older, nothing is bought twice, and what is not CONFIRMED is free
// at the end.
func TestTwoHundredTripsAtOnce(t *testing.T) {
	const n = 200
	f := start(t, func(o *app.Options) {
		o.Vehicles = vehicles(n)
		// Two cores, three servers, the race detector: a call may take its time.
		o.Timings.CallTimeout, o.Timings.StepBudget, o.Timings.ConfirmBudget = 5*time.Second, 10*time.Second, 10*time.Second
		o.Timings.Lease, o.Timings.HoldTTL = 8*time.Second, 40*time.Second
	})
	evses := f.someEVSEs(12)
	rng := newRand(7)
	trips := make([]trip.Trip, n)
	var wg sync.WaitGroup
	began := time.Now()
	for i := range trips {
		var stops []stopAt
		for _, k := range subset(rng.Perm(len(evses)), 2+rng.IntN(3)) {
			stops = append(stops, stop(evses[k], k))
		}
		policy := []trip.Policy{trip.Wait, trip.Replan}[i%2]
		d := f.as(vehicle(i + 1)).at(companies[i%3])
		wg.Go(func() {
			resp, p := d.send(http.MethodPost, "/api/v1/trips", map[string]any{
				"vehicle_id": d.user, "stops": stops, "on_conflict": policy, "decision_timeout_seconds": 8,
			}, &trips[i])
			if resp.StatusCode != http.StatusCreated {
				t.Errorf("%d %+v", resp.StatusCode, p)
				return
			}
			trips[i] = d.settled(trips[i].ID, 100*time.Second)
		})
	}
	wg.Wait()
	took := time.Since(began)
	count := map[string]int{}
	worst := 0
	for i, got := range trips {
		count[fmt.Sprintf("%s %s", got.OnConflict, got.State)]++
		if got.State != trip.Confirmed && got.State != trip.Aborted {
			t.Errorf("trip %s is %s", got.ID, got.State)
		}
		entries := f.as(vehicle(i + 1)).at(companies[i%3]).history(got.ID)
		waits, preempted := readWaits(t, got, entries)
		count["waits"] += waits
		count["preemptions"] += preempted
		worst = max(worst, preempted)
	}
	t.Logf("%d trips in %s: %v, at most %d preemptions of one trip", n, took.Round(time.Millisecond), count, worst)
	if worst > mostPreemptions {
		t.Errorf("a trip was preempted %d times", worst)
	}
	if count["wait CONFIRMED"]+count["replan CONFIRMED"] == 0 || count["wait ABORTED"] == 0 || count["waits"] == 0 || count["preemptions"] == 0 {
		t.Errorf("nothing was contended: %v", count)
	}
	f.onlyConfirmedHeld()
}

func subset(perm []int, n int) []int {
	s := perm[:n]
	slices.Sort(s)
	return s
}

// readWaits checks in a trip's journal that whoever it was refused for was
// older, and counts those refusals and the stops that it lost.
func readWaits(t *testing.T, got trip.Trip, entries []trip.Entry) (waits, preempted int) {
	t.Helper()
	lost := map[charging.ReservationID]bool{}
	for _, e := range entries {
		if e.Answer == string(charging.CodeHoldPreempted) || e.Answer == string(charging.Preempted) {
			lost[e.ReservationID] = true
		}
		if e.Answer != string(charging.CodePriorityLost) {
			continue
		}
		waits++
		_, said, ok := strings.Cut(e.Detail, "; granted_at ")
		ahead := strings.TrimSuffix(said, " is ahead")
		if !ok || ahead == "" {
			t.Errorf("trip %s: the journal does not say who was ahead: %+v", got.ID, e)
		} else if got.Ticket != nil && older(got.Ticket.GrantedAt, ahead) {
			t.Errorf("trip %s of %s was refused for a younger one, of %s: %+v", got.ID, got.Ticket.GrantedAt, ahead, e)
		}
	}
	return waits, len(lost)
}
