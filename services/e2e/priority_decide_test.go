package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// askBoth is an older trip that holds a stop at SER while it is asked about
// another, and a younger one that wants that stop and is asked about it.
func (f *federation) askBoth(k, timeout int) (old, young driver, a, b trip.Trip) {
	f.t.Helper()
	old, young = f.as(vehicle(2)).at("MAR"), f.as(vehicle(3)).at("CAJ")
	if got, p := f.as(vehicle(1)).at("CAJ").book(trip.Abort, stop(evseC, k+4)); got.State != trip.Confirmed {
		f.t.Fatalf("%s %+v %+v", got.State, got.Problem, p)
	}
	a, p := old.book(trip.Ask, stop(evseM, k), stop(evseS, k+2), stop(evseC, k+4))
	if a.State != trip.AwaitingDecision || a.Decision.Code != charging.CodeSlotTaken {
		f.t.Fatalf("%s %+v %+v", a.State, a.Decision, p)
	}
	_, p = young.with("Prefer", "wait=20").send(http.MethodPost, "/api/v1/trips", map[string]any{
		"vehicle_id": young.user, "stops": []stopAt{stop("BR*CAJ*E0002*1", k), stop(evseS, k+2)}, "decision_timeout_seconds": timeout,
	}, &b)
	if b.State != trip.AwaitingDecision || b.Decision.Code != charging.CodePriorityLost || b.Decision.Leg != 2 {
		f.t.Fatalf("%s %+v %+v", b.State, b.Decision, p)
	}
	return old, young, a, b
}

func (d driver) decides(id charging.TripID, body map[string]string) {
	d.f.t.Helper()
	if resp, p := d.send(http.MethodPost, "/api/v1/trips/"+string(id)+"/decision", body, nil); resp.StatusCode != http.StatusOK {
		d.f.t.Fatalf("decision %v: %d %+v", body, resp.StatusCode, p)
	}
}

var (
	wait   = map[string]string{"action": "wait"}
	giveUp = map[string]string{"action": "give_up"}
)

// TestWaitAndGiveUp: what a driver who was second can do, and what comes of it.
func TestWaitAndGiveUp(t *testing.T) {
	f := start(t)
	for k, c := range []struct {
		name string
		play func(old, young driver, a, b trip.Trip)
		want trip.State
	}{
		{"wait and win", func(old, young driver, a, b trip.Trip) {
			young.decides(b.ID, wait)
			old.decides(a.ID, giveUp)
		}, trip.Confirmed},
		{"wait and lose", func(old, young driver, a, b trip.Trip) {
			young.decides(b.ID, wait)
			old.decides(a.ID, map[string]string{"action": "continue", "alternative_id": a.Decision.Alternatives[0].ID})
			f.until(10*time.Second, "the younger one is told that it lost", func() bool {
				var now trip.Trip
				young.get("/api/v1/trips/"+string(b.ID), &now)
				return now.State == trip.AwaitingDecision && now.Decision.Code == charging.CodeSlotTaken
			})
			if resp, p := young.send(http.MethodPost, "/api/v1/trips/"+string(b.ID)+"/decision", wait, nil); resp.StatusCode != http.StatusConflict || p.Code != charging.CodeSlotTaken {
				t.Errorf("waiting for a trip that is booked: %d %+v", resp.StatusCode, p)
			}
			young.decides(b.ID, giveUp)
		}, trip.Aborted},
		{"give up", func(old, young driver, a, b trip.Trip) {
			young.decides(b.ID, giveUp)
			old.decides(a.ID, giveUp)
		}, trip.Aborted},
		{"the deadline is missed", func(old, young driver, a, b trip.Trip) {
			if got := young.settled(b.ID, 10*time.Second); got.Problem == nil || got.Problem.Code != charging.CodePriorityLost {
				t.Errorf("%+v", got.Problem)
			}
			old.decides(a.ID, giveUp)
		}, trip.Aborted},
	} {
		t.Run(c.name, func(t *testing.T) {
			f.t = t
			timeout := 60
			if c.name == "the deadline is missed" {
				timeout = 1
			}
			old, young, a, b := f.askBoth(12*k, timeout) // what is chosen may end hours later
			c.play(old, young, a, b)
			if got := young.settled(b.ID, 20*time.Second); got.State != c.want {
				t.Errorf("%s %+v", got.State, got.Problem)
			}
			old.settled(a.ID, 20*time.Second)
			f.onlyConfirmedHeld()
		})
	}
}
