package aftermath

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/services/company/app"
)

// TestAShiftIsPromised: a company that loses its memory while a trip takes new
// stops of it is told of them.
func TestAShiftIsPromised(t *testing.T) {
	f := start(t, func(o *app.Options) {
		o.Timings.CallTimeout, o.Timings.StepBudget, o.Timings.ConfirmBudget, o.Timings.Lease = 4*time.Second, 5*time.Second, 8*time.Second, 6*time.Second
	})
	d := f.driver(vehicle(1), "MAR")
	var takes *alternative
	var booked tripView
	for day := range 5 {
		booked = d.booked(d.asks("ask", object{"plan_id": d.plan(0.9, f.in(time.Duration(24+24*day)*time.Hour))}))
		if takes = d.shift(booked); takes != nil {
			break
		}
	}
	if takes == nil {
		t.Fatal("no alternative moves later stops")
	}
	arrived, release := f.links[takes.Company].hold("/confirm")
	defer release()
	var swap sync.WaitGroup
	swap.Go(func() {
		if a := d.swap(booked.ID, object{"alternative_id": takes.ID}); a.Status != http.StatusOK {
			t.Logf("swap: %s", a)
		}
	})
	select {
	case <-arrived:
	case <-time.After(8 * time.Second):
		t.Fatal("nothing is confirmed")
	}
	type promise struct {
		EVSE  string    `json:"evse_id"`
		Start time.Time `json:"start"`
		End   time.Time `json:"end"`
	}
	told := as[[]promise](f.peer(takes.Company, "MAR", http.MethodGet, "/promises", nil))
	release()
	swap.Wait()
	for _, p := range told {
		if p.EVSE == takes.EVSE && p.Start.Equal(takes.Start) {
			return
		}
	}
	t.Errorf("%s at %s is being taken by a shift, and %s is told of %+v", takes.EVSE, takes.Start, takes.Company, told)
}

// shift is an alternative of a peer's that moves later stops too, and is at
// another EVSE than the stop that it replaces.
func (d driver) shift(t tripView) *alternative {
	d.f.t.Helper()
	for _, l := range t.Legs[:len(t.Legs)-1] {
		for _, a := range d.alternatives(t.ID, l.Leg) {
			if len(a.LaterStops) > 0 && a.Company != "MAR" && a.EVSE != l.EVSE {
				return &a
			}
		}
	}
	return nil
}
