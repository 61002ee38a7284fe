package companytest

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

var sessionTests = []test{
	{"nothing here", func(b *bench) {
		b.needSessions(false)
		h := b.hold(0, 60)
		_, err := b.Sessions.Start(b.ctx, h.Ref, charging.Arrival{})
		b.refused("start", err, charging.CodeNoReservationHere)
		b.reserve(h)
		_, err = b.Sessions.Start(b.ctx, h.Ref, charging.Arrival{})
		b.refused("start on a PENDING", err, charging.CodeNoReservationHere)
		_, err = b.Sessions.Complete(b.ctx, h.Ref, charging.Leaving{EnergyKWh: 1})
		b.refused("complete on a PENDING", err, charging.CodeNoReservationHere)
	}},
	{"too early", func(b *bench) {
		b.needSessions(false)
		h := b.hold(0, 60)
		b.reserved(h)
		_, err := b.Sessions.Start(b.ctx, h.Ref, charging.Arrival{})
		b.refused("start a day before", err, charging.CodeTooEarly)
	}},
	{"plug in, leave: the rest is free", func(b *bench) {
		b.needSessions(true)
		h := b.hold(0, 60)
		b.reserved(h)
		b.Advance(b.T, h.Start.Add(-b.Terms.EarlyPlug).Sub(b.Now())+time.Second)
		for range 2 {
			if res, err := b.Sessions.Start(b.ctx, h.Ref, charging.Arrival{}); err != nil || res.State != charging.Charging || res.Started.IsZero() {
				b.Fatalf("start: %+v, %v", res, err)
			}
		}
		b.Advance(b.T, h.Start.Add(20*time.Minute).Sub(b.Now()))
		for range 2 {
			res, err := b.Sessions.Complete(b.ctx, h.Ref, charging.Leaving{EnergyKWh: 10})
			if err != nil || res.State != charging.Fulfilled {
				b.Fatalf("complete: %+v, %v", res, err)
			}
			if s := res.Session; !s.Over() || s.EnergyKWh != 10 || s.IdleMinutes != 0 || s.Minutes < 20 || s.Price == nil || s.Price.Idle != 0 {
				b.Errorf("complete gives the session %+v", s)
			}
		}
		if res, err := b.Company.Compensate(b.ctx, h.Ref); err != nil || res.State != charging.Fulfilled {
			b.Errorf("compensate of what is FULFILLED: %s, %v", res.State, err)
		}
		b.reserve(b.hold(30, 60))
	}},
	{"staying too long is billed, once", func(b *bench) {
		b.needSessions(true)
		h := b.plugged(30)
		b.Advance(b.T, h.End.Add(40*time.Minute).Sub(b.Now()))
		first, err := b.Sessions.Complete(b.ctx, h.Ref, charging.Leaving{EnergyKWh: 20})
		if err != nil || first.Session == nil || first.Session.Price == nil {
			b.Fatalf("complete: %+v, %v", first, err)
		}
		s := *first.Session
		if want := 40 - b.IdleGrace.Minutes(); s.IdleMinutes < want || s.IdleMinutes > want+5 || s.Price.Idle <= 0 {
			b.Errorf("40 minutes too long give the session %+v, %+v", s, *s.Price)
		}
		if sum := s.Price.Session + s.Price.Energy + s.Price.Idle; sum-s.Price.Total > 0.001 || s.Price.Total-sum > 0.001 {
			b.Errorf("the parts of %+v do not make its total", *s.Price)
		}
		b.Advance(b.T, 30*time.Minute)
		again, err := b.Sessions.Complete(b.ctx, h.Ref, charging.Leaving{EnergyKWh: 99})
		if err != nil || again.Session == nil || again.Session.Price == nil || *again.Session.Price != *s.Price || again.Session.EnergyKWh != 20 {
			b.Errorf("the repeat is billed otherwise: %+v, %v", again.Session, err)
		}
	}},
	{"no EVSE gives more than its power allows", func(b *bench) {
		b.needSessions(true)
		h := b.plugged(30)
		b.Advance(b.T, 6*time.Minute)
		res, err := b.Sessions.Complete(b.ctx, h.Ref, charging.Leaving{EnergyKWh: 900})
		if err != nil || res.Session == nil || res.Session.EnergyKWh <= 0 || res.Session.EnergyKWh >= 100 {
			b.Errorf("900 kWh in six minutes: %+v, %v", res.Session, err)
		}
	}},
	{"a car that is charging is no no-show", func(b *bench) {
		b.needSessions(true)
		h := b.plugged(60)
		b.Advance(b.T, b.Terms.NoShowTimeout+5*time.Minute)
		b.refuseReserve(b.hold(45, 60), charging.CodeSlotTaken)
		b.state(h, charging.Charging)
	}},
	{"nobody came: NO_SHOW, the rest is free", func(b *bench) {
		b.needSessions(true)
		h := b.hold(0, 60)
		b.reserved(h)
		b.Advance(b.T, h.Start.Add(b.Terms.NoShowTimeout+time.Minute).Sub(b.Now()))
		_, err := b.Sessions.Start(b.ctx, h.Ref, charging.Arrival{})
		b.refused("start after the time-out", err, charging.CodeTooLate)
		b.reserve(b.hold(50, 60))
		b.state(h, charging.NoShow)
		if res, err := b.Company.Compensate(b.ctx, h.Ref); err != nil || res.State != charging.NoShow {
			b.Errorf("compensate of a NO_SHOW: %s, %v", res.State, err)
		}
	}},
	{"another company plugs in (row 18)", func(b *bench) {
		b.needSessions(false)
		h := b.hold(0, 60)
		b.reserved(h)
		theirs := h.Ref
		theirs.Origin = b.Other
		_, err := b.Sessions.Start(b.ctx, theirs, charging.Arrival{})
		b.refused("start", err, charging.CodeForbidden)
		_, err = b.Sessions.Complete(b.ctx, theirs, charging.Leaving{EnergyKWh: 1})
		b.refused("complete", err, charging.CodeForbidden)
	}},
}

func (b *bench) needSessions(clock bool) {
	b.Helper()
	if b.Sessions == nil {
		b.Skip("no sessions on this company")
	}
	if clock && b.Advance == nil {
		b.Skip("the clock of this company cannot be moved")
	}
}

var serviceTests = []test{
	{"withdrawn while PENDING and RESERVED (row 17)", func(b *bench) {
		b.needService()
		pending, reserved := b.hold(0, 60), b.hold(60, 120)
		elsewhere := b.hold(0, 60)
		elsewhere.EVSEID = b.EVSEs[1]
		b.reserve(pending)
		b.reserved(reserved)
		b.reserved(elsewhere)
		b.Withdraw(b.T, b.EVSEs[0], "BROKEN_CHARGER")
		if _, err := b.Company.Confirm(b.ctx, pending.Ref); charging.CodeOf(err) == "" {
			b.Errorf("confirm on a withdrawn EVSE: %v, want a refusal", err)
		}
		b.state(reserved, charging.Canceled)
		b.state(elsewhere, charging.Reserved)
		b.refuseReserve(b.hold(180, 240), charging.CodeEVSEOutOfService)
		b.compensate(pending)
		b.compensate(reserved)
	}},
	{"back in service", func(b *bench) {
		b.needService()
		lost := b.hold(0, 60)
		b.reserved(lost)
		b.Withdraw(b.T, b.EVSEs[0], "POWER_OUTAGE")
		b.Restore(b.T, b.EVSEs[0])
		b.state(lost, charging.Canceled)
		b.reserved(b.hold(0, 60))
	}},
}

func (b *bench) needService() {
	b.Helper()
	if b.Withdraw == nil || b.Restore == nil {
		b.Skip("no lever to take an EVSE out of service")
	}
}

// plugged is a RESERVED of so many minutes whose car plugs in as its window begins.
func (b *bench) plugged(minutes int) charging.HoldRequest {
	h := b.hold(0, minutes)
	b.reserved(h)
	b.Advance(b.T, h.Start.Sub(b.Now()))
	if _, err := b.Sessions.Start(b.ctx, h.Ref, charging.Arrival{}); err != nil {
		b.Fatalf("start: %v", err)
	}
	return h
}
