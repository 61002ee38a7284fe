package e2e

import (
	"encoding/json"
	"math"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// TestATripStaysAlive drives cars whose plans go wrong, each in its own way, at
// the same time.
func TestATripStaysAlive(t *testing.T) {
	f, clock := alive(t)
	var road sync.WaitGroup
	defer road.Wait()
	for name, drive := range map[string]func(*car){
		"a car that discharges fast accepts what it is offered": (*car).dischargesFast,
		"replan changes the stop by itself":                     (*car).isReplanned,
		"a late car's window moves":                             (*car).leavesLate,
		"a dead zone changes nothing":                           (*car).isSilent,
		"nobody comes":                                          (*car).neverComes,
		"a car stays too long":                                  (*car).overstays,
	} {
		road.Go(func() {
			t.Run(name, func(t *testing.T) {
				own := *f
				own.t = t
				drive(newCar(t, &own, clock, "MAR"))
			})
		})
	}
}

// dischargesFast: the proposal comes while there is still charge and time, is
// accepted over MQTT, and every stop is booked before and after.
func (c *car) dischargesFast() {
	c.use = 1.5
	t := c.travel("João Pessoa, PB", "Feira de Santana, BA", 0.9, trip.Ask)
	var alert carlink.Alert
	left := c.drive(c.site(t.Legs[0].EVSEID), func(float64) (ok bool) { alert, ok = c.alerted(); return ok })
	var d trip.Decision
	if err := json.Unmarshal(alert.Proposal, &d); err != nil || left < 30 || len(d.Alternatives) == 0 || alert.TripID != t.ID || alert.Leg != 1 {
		c.t.Fatalf("%.0f km before the stop: %+v", left, d)
	}
	c.whole(c.trip(t.ID))
	if now := c.trip(t.ID); now.Proposal == nil || len(now.Proposal.Alternatives) == 0 {
		c.t.Errorf("REST shows the proposal %+v", now.Proposal)
	}
	// Another car of this test is on the same road and may take the best one first.
	var status int
	var body json.RawMessage
	var took trip.Alternative
	for _, took = range d.Alternatives {
		if status, body = c.request(carlink.ActionSwap, map[string]any{"trip_id": t.ID, "alternative_id": took.ID}); status == http.StatusOK {
			break
		}
	}
	var after trip.Trip
	if err := json.Unmarshal(body, &after); err != nil || status != http.StatusOK {
		c.t.Fatalf("swap: %d %s", status, body)
	}
	c.whole(after)
	if after.Proposal != nil || after.Legs[0].EVSEID != took.EVSEID {
		c.t.Errorf("after the swap: %+v, proposal %+v", after.Legs[0], after.Proposal)
	}
	c.arrive(t.ID, 0)
	c.whole(c.trip(t.ID))
}

// arrive drives to a stop wherever it is moved to meanwhile, and charges there.
func (c *car) arrive(id charging.TripID, k int) {
	c.t.Helper()
	for {
		evse := c.trip(id).Legs[k].EVSEID
		looked := time.Now()
		left := c.drive(c.site(evse), func(float64) bool {
			if time.Since(looked) < 500*time.Millisecond {
				return false
			}
			looked = time.Now()
			c.accept(id, k)
			return c.trip(id).Legs[k].EVSEID != evse
		})
		if left == 0 {
			break
		}
	}
	if c.soc < 0 {
		c.t.Fatalf("stranded with %.2f on the way to stop %d", c.soc, k+1)
	}
	s := c.charge(id, k)
	want := (s.EndSoC - s.StartSoC) * c.v.UsableBatteryKWh
	if math.Abs(s.EnergyKWh-want) > 0.05 || s.Price.Energy <= 0 || s.Minutes <= 0 {
		c.t.Errorf("%.2f kWh went into the battery; billed %+v, %+v", want, s, *s.Price)
	}
	if l := c.trip(id).Legs[k]; l.State != charging.Fulfilled || l.Session == nil || l.Session.Price == nil || *l.Session.Price != *s.Price {
		c.t.Errorf("the trip shows %+v", l)
	}
}

// accept takes what the server has proposed since, where it asks.
func (c *car) accept(id charging.TripID, k int) {
	a, ok := c.alerted()
	var d trip.Decision
	if !ok || c.trip(id).OnConflict != trip.Ask || json.Unmarshal(a.Proposal, &d) != nil || len(d.Alternatives) == 0 || d.Leg != k+1 {
		return
	}
	c.request(carlink.ActionSwap, map[string]any{"trip_id": id, "alternative_id": d.Alternatives[0].ID})
}

func (c *car) isReplanned() {
	c.use = 1.5
	t := c.travel("João Pessoa, PB", "Feira de Santana, BA", 0.9, trip.Replan)
	was := t.Legs[0]
	changed := func() bool {
		l := c.trip(t.ID).Legs[0]
		return l.EVSEID != was.EVSEID || !l.Start.Equal(was.Start) || !l.End.Equal(was.End)
	}
	looked := time.Now()
	left := c.drive(c.site(was.EVSEID), func(float64) bool {
		if time.Since(looked) < 300*time.Millisecond {
			return false
		}
		looked = time.Now()
		return changed()
	})
	if left < 30 {
		c.t.Fatalf("%.0f km before the stop nothing has changed", left)
	}
	c.whole(c.trip(t.ID))
	c.arrive(t.ID, 0)
	c.whole(c.trip(t.ID))
}

// leavesLate: it stands at home for an hour and a half after its departure.
func (c *car) leavesLate() {
	t := c.travel("Recife, PE", "Salvador, BA", 0.9, trip.Replan)
	was := t.Legs[0]
	c.wait(2*time.Hour, func() bool { return c.trip(t.ID).Legs[0].Start.After(was.Start) })
	now := c.trip(t.ID)
	c.whole(now)
	if l := now.Legs[0]; !l.Start.After(was.Start) {
		c.t.Fatalf("the window stayed from %s to %s", l.Start, l.End)
	}
	for k, l := range now.Legs {
		if l.Start.Before(t.Legs[k].Start) {
			c.t.Errorf("stop %d moved from %s to %s", k+1, t.Legs[k].Start, l.Start)
		}
	}
}

// isSilent: a dead zone of more than half an hour is no reason for anything.
func (c *car) isSilent() {
	t := c.travel("Recife, PE", "Salvador, BA", 0.9, trip.Replan)
	to := c.site(t.Legs[0].EVSEID)
	began := c.clock.Now()
	c.drive(to, func(float64) bool { return c.clock.Now().Sub(began) > 20*time.Minute })
	c.mute = true
	before := c.trip(t.ID)
	began = c.clock.Now()
	c.drive(to, func(float64) bool { return c.clock.Now().Sub(began) > 40*time.Minute })
	if after := c.trip(t.ID); !after.UpdatedAt.Equal(before.UpdatedAt) || after.State != trip.Confirmed {
		c.t.Errorf("silence changed the trip from %+v to %+v", before, after)
	}
	c.mute = false
	began = c.clock.Now()
	c.drive(to, func(float64) bool { return c.clock.Now().Sub(began) > 20*time.Minute })
	after := c.trip(t.ID)
	c.whole(after)
	if l := after.Legs[0]; l.ReservationID != t.Legs[0].ReservationID || !l.Start.Equal(t.Legs[0].Start) {
		c.t.Errorf("after a dead zone the stop is %+v, was %+v", l, t.Legs[0])
	}
}

// soon books one stop by hand that begins in so many civil minutes.
func (c *car) soon(evse charging.EVSEID, in, length time.Duration) trip.Trip {
	c.t.Helper()
	start := c.clock.Now().UTC().Truncate(time.Second).Add(in)
	t, p := c.f.as(c.id).at(c.company).book(trip.Abort, stopAt{evse, start, start.Add(length)})
	if t.State != trip.Confirmed {
		c.t.Fatalf("%s %+v %+v", t.State, t.Problem, p)
	}
	return t
}

// neverComes: plugging in is refused in words, the rest of the window is free,
// and another car can have it.
func (c *car) neverComes() {
	t := c.soon("BR*SER*E0002*1", 20*time.Minute, 4*time.Hour)
	l := t.Legs[0]
	for _, try := range []struct {
		evse charging.EVSEID
		code charging.Code
	}{{l.EVSEID, charging.CodeTooEarly}, {"BR*CAJ*E0002*1", charging.CodeNoReservationHere}} {
		status, body := c.request(carlink.ActionPlug, map[string]any{"evse_id": try.evse, "soc": 0.4})
		var p problem
		if err := json.Unmarshal(body, &p); err != nil || status != http.StatusConflict || p.Code != try.code || p.Detail == "" {
			c.t.Errorf("plug at %s: %d %s, want %s", try.evse, status, body, try.code)
		}
	}
	c.f.until(40*time.Second, "the stop is given up", func() bool { return c.trip(t.ID).Legs[0].State == charging.NoShow })
	status, body := c.request(carlink.ActionPlug, map[string]any{"evse_id": l.EVSEID, "soc": 0.4})
	var p problem
	if err := json.Unmarshal(body, &p); err != nil || status != http.StatusConflict || p.Code != charging.CodeTooLate && p.Code != charging.CodeNoReservationHere {
		c.t.Errorf("plug after the no-show: %d %s", status, body)
	}
	other := *c
	other.id = vehicle(100)
	other.soon(l.EVSEID, 10*time.Minute, time.Hour)
}

// overstays: what it stays too long is billed and shown.
func (c *car) overstays() {
	t := c.soon("BR*CAJ*E0003*1", 12*time.Minute, 30*time.Minute)
	l := t.Legs[0]
	c.wait(l.Start.Add(time.Minute).Sub(c.clock.Now()), nil)
	if status, body := c.request(carlink.ActionPlug, map[string]any{"evse_id": l.EVSEID, "soc": 0.4}); status != http.StatusOK {
		c.t.Fatalf("plug: %d %s", status, body)
	}
	c.wait(l.End.Add(25*time.Minute).Sub(c.clock.Now()), nil)
	if now := c.trip(t.ID); now.State != trip.Confirmed || now.Legs[0].Session == nil || now.Legs[0].Session.Over() {
		c.t.Errorf("while it stays the trip is %s with %+v", now.State, now.Legs[0].Session)
	}
	status, body := c.request(carlink.ActionUnplug, map[string]any{"evse_id": l.EVSEID, "soc": 0.6, "energy_kwh": 12})
	var r struct {
		Session charging.Session `json:"session"`
	}
	if err := json.Unmarshal(body, &r); err != nil || status != http.StatusOK || r.Session.Price == nil {
		c.t.Fatalf("unplug: %d %s", status, body)
	}
	s := r.Session
	if s.IdleMinutes < 10 || s.Price.Idle < 10 || s.EnergyKWh != 12 || math.Abs(s.Price.Session+s.Price.Energy+s.Price.Idle-s.Price.Total) > 0.001 {
		c.t.Errorf("25 minutes too long cost %+v, %+v", s, *s.Price)
	}
	c.f.until(20*time.Second, "the trip is completed", func() bool { return c.trip(t.ID).State == trip.Completed })
	if l := c.trip(t.ID).Legs[0]; l.State != charging.Fulfilled || l.Session == nil || l.Session.Price == nil || *l.Session.Price != *s.Price {
		c.t.Errorf("the trip shows %+v", l)
	}
}
