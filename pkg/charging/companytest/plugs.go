package companytest

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// plugTests are about one plug, one car; one car, one plug; and what ends a session.
var plugTests = []test{
	{"only the end of the session leads away from CHARGING", func(b *bench) {
		b.needSessions(true)
		h := b.plugged(60)
		for range 2 {
			if res, err := b.Company.Compensate(b.ctx, h.Ref); err != nil || res.State != charging.Charging {
				b.Fatalf("compensate of a CHARGING: %+v, %v", res, err)
			}
		}
		if res, err := b.Company.Confirm(b.ctx, h.Ref); err != nil || res.State != charging.Charging {
			b.Errorf("confirm repeated: %+v, %v", res, err)
		}
		if res, err := b.Company.Renew(b.ctx, h.Ref, ttl); err != nil || res.State != charging.Charging {
			b.Errorf("renew repeated: %+v, %v", res, err)
		}
		b.refuseReserve(b.hold(30, 60), charging.CodeSlotTaken)
		b.Advance(b.T, 20*time.Minute)
		b.leaves(h, charging.Leaving{EnergyKWh: 5})
	}},
	{"one plug, one car", func(b *bench) {
		b.needSessions(true)
		first, second := b.hold(0, 15), b.hold(15, 45)
		b.reserved(first)
		b.reserved(second)
		b.Advance(b.T, second.Start.Add(-min(b.Terms.EarlyPlug, 9*time.Minute)).Sub(b.Now())+time.Second)
		b.refusePlug("in another's window", second, charging.CodeTooEarly)
		b.plugsIn(first, charging.Arrival{})
		b.refusePlug("beside a car", second, charging.CodeEVSEOccupied)
		b.Advance(b.T, second.Start.Add(5*time.Minute).Sub(b.Now()))
		if c := conflict(b.refusePlug("beside a car that is late", second, charging.CodeEVSEOccupied)); !c.Window.Equal(first.Window()) {
			b.Errorf("who is there: %+v", c)
		}
		b.state(second, charging.Reserved)
		b.leaves(first, charging.Leaving{EnergyKWh: 1})
		b.plugsIn(second, charging.Arrival{})
	}},
	{"who finds the plug occupied is no no-show", func(b *bench) {
		b.needSessions(true)
		late, waiting := b.hold(0, 15), b.hold(15, 100)
		b.reserved(late)
		b.reserved(waiting)
		b.Advance(b.T, late.Start.Sub(b.Now()))
		b.plugsIn(late, charging.Arrival{})
		b.Advance(b.T, waiting.Start.Add(b.Terms.NoShowTimeout+time.Minute).Sub(b.Now()))
		b.refuseReserve(b.hold(60, 100), charging.CodeSlotTaken)
		b.refusePlug("beside a car", waiting, charging.CodeEVSEOccupied)
		b.leaves(late, charging.Leaving{EnergyKWh: 1})
		b.Advance(b.T, b.Terms.NoShowTimeout-time.Minute)
		b.refuseReserve(b.hold(70, 100), charging.CodeSlotTaken)
		b.plugsIn(waiting, charging.Arrival{})
	}},
	{"the no-show time runs from when the plug is free", func(b *bench) {
		b.needSessions(true)
		late, waiting := b.hold(0, 15), b.hold(15, 100)
		b.reserved(late)
		b.reserved(waiting)
		b.Advance(b.T, late.Start.Sub(b.Now()))
		b.plugsIn(late, charging.Arrival{})
		b.Advance(b.T, waiting.Start.Add(5*time.Minute).Sub(b.Now()))
		b.leaves(late, charging.Leaving{EnergyKWh: 1})
		b.Advance(b.T, b.Terms.NoShowTimeout+time.Minute)
		b.refusePlug("after the no-show time", waiting, charging.CodeTooLate)
	}},
	{"who plugs in early has the time from then on", func(b *bench) {
		b.needSessions(true)
		h := b.hold(0, 60)
		b.reserved(h)
		b.Advance(b.T, h.Start.Add(-min(b.Terms.EarlyPlug, 10*time.Minute)).Sub(b.Now())+time.Second)
		b.plugsIn(h, charging.Arrival{})
		b.refuseReserve(b.hold(-7, -1), charging.CodeSlotTaken)
		b.window(h, 0, 60)
		if _, ok := b.Company.(charging.Mover); ok {
			b.refuseMove(h, 1, 10, 70, charging.CodeInvalidWindow)
			b.move(h, 1, 0, 80)
			b.refuseReserve(b.hold(-7, -1), charging.CodeSlotTaken)
		}
	}},
	{"a car is believed for a while", func(b *bench) {
		b.needSessions(true)
		h := b.hold(0, 60)
		b.reserved(h)
		b.Advance(b.T, h.Start.Add(10*time.Minute).Sub(b.Now()))
		came := h.Start.Add(5 * time.Minute)
		if res := b.plugsIn(h, charging.Arrival{At: came}); !res.Session.StartedAt.Equal(came) {
			b.Errorf("it came at %s, not %s", res.Session.StartedAt, came)
		}
		b.Advance(b.T, 40*time.Minute)
		left := b.Now().UTC().Truncate(time.Second).Add(-10 * time.Minute)
		res := b.leaves(h, charging.Leaving{EnergyKWh: 3, At: left})
		if !res.Session.EndedAt.Equal(left) {
			b.Errorf("it left at %s, not %s", res.Session.EndedAt, left)
		}
		long := b.hold(60, 120)
		b.reserved(long)
		b.Advance(b.T, long.Start.Sub(b.Now()))
		if res := b.plugsIn(long, charging.Arrival{At: long.Start.Add(-5 * time.Hour)}); b.Now().Sub(res.Session.StartedAt) > charging.LateWord+time.Minute {
			b.Errorf("believed that it came at %s", res.Session.StartedAt)
		}
	}},
	{"who has not plugged in cannot leave", func(b *bench) {
		b.needSessions(false)
		h := b.hold(0, 60)
		b.reserved(h)
		_, err := b.Sessions.Complete(b.ctx, h.Ref, charging.Leaving{EnergyKWh: 1})
		b.refused("complete", err, charging.CodeTooEarly)
		b.state(h, charging.Reserved)
	}},
	{"one vehicle, one session", func(b *bench) {
		b.needSessions(true)
		here, there := b.hold(0, 60), b.hold(0, 60)
		there.EVSEID, there.VehicleID = b.EVSEs[1], here.VehicleID
		b.reserved(here)
		b.reserved(there)
		b.Advance(b.T, here.Start.Sub(b.Now()))
		b.plugsIn(here, charging.Arrival{})
		for range 2 {
			b.refusePlug("while it charges elsewhere", there, charging.CodeVehicleBusy)
		}
		b.state(there, charging.Reserved)
		b.Advance(b.T, 10*time.Minute)
		b.leaves(here, charging.Leaving{EnergyKWh: 1})
		b.plugsIn(there, charging.Arrival{})
	}},
	{"an EVSE that breaks ends the session, with a bill", func(b *bench) {
		b.needSessions(true)
		b.needService()
		h, coming := b.hold(0, 60), b.hold(60, 120)
		b.reserved(h)
		b.reserved(coming)
		b.Advance(b.T, h.Start.Sub(b.Now()))
		b.plugsIn(h, charging.Arrival{PlannedKWh: 2})
		b.Advance(b.T, 20*time.Minute)
		b.Withdraw(b.T, b.EVSEs[0], "BROKEN_CHARGER")
		b.state(coming, charging.Canceled)
		res, err := b.Read(b.ctx, h.ID)
		if err != nil || res.State != charging.Fulfilled || !res.Session.Over() || !res.Session.Estimated || res.Session.EnergyKWh != 2 || res.Session.Price == nil {
			b.Fatalf("broken while charging: %+v, %+v, %v", res, res.Session, err)
		}
		b.Advance(b.T, 10*time.Minute)
		last := b.leaves(h, charging.Leaving{EnergyKWh: 1.5})
		if s := last.Session; s.EnergyKWh != 1.5 || s.Estimated || !s.EndedAt.Equal(res.Session.EndedAt) {
			b.Errorf("the car's figure gives %+v after %+v", s, res.Session)
		}
		if again := b.leaves(h, charging.Leaving{EnergyKWh: 9}); again.Session.EnergyKWh != 1.5 {
			b.Errorf("a second figure gives %+v", again.Session)
		}
	}},
}

// plugsIn is a car that is let in.
func (b *bench) plugsIn(h charging.HoldRequest, a charging.Arrival) charging.Reservation {
	b.Helper()
	res, err := b.Sessions.Start(b.ctx, h.Ref, a)
	if err != nil || res.State != charging.Charging || res.Session == nil || res.Session.Over() {
		b.Fatalf("plug: %+v, %v", res, err)
	}
	b.state(h, charging.Charging)
	return res
}

func (b *bench) refusePlug(what string, h charging.HoldRequest, code charging.Code) *charging.Refusal {
	b.Helper()
	_, err := b.Sessions.Start(b.ctx, h.Ref, charging.Arrival{})
	return b.refused("plug "+what, err, code)
}

// leaves is a car that leaves with a bill.
func (b *bench) leaves(h charging.HoldRequest, l charging.Leaving) charging.Reservation {
	b.Helper()
	res, err := b.Sessions.Complete(b.ctx, h.Ref, l)
	if err != nil || res.State != charging.Fulfilled || !res.Session.Over() || res.Session.Price == nil {
		b.Fatalf("unplug: %+v, %v", res, err)
	}
	return res
}
