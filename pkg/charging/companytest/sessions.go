package companytest

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

var sessionTests = []test{
	{"nothing here", func(b *bench) {
		b.needSessions(false)
		h := b.hold(0, 60)
		_, err := b.Sessions.Start(b.ctx, h.Ref)
		b.refused("start", err, charging.CodeNoReservationHere)
		b.reserve(h)
		_, err = b.Sessions.Start(b.ctx, h.Ref)
		b.refused("start on a PENDING", err, charging.CodeNoReservationHere)
		_, err = b.Sessions.Complete(b.ctx, h.Ref)
		b.refused("complete on a PENDING", err, charging.CodeNoReservationHere)
	}},
	{"too early", func(b *bench) {
		b.needSessions(false)
		h := b.hold(0, 60)
		b.reserved(h)
		_, err := b.Sessions.Start(b.ctx, h.Ref)
		b.refused("start a day before", err, charging.CodeTooEarly)
	}},
	{"plug in, leave: the rest is free", func(b *bench) {
		b.needSessions(true)
		h := b.hold(0, 60)
		b.reserved(h)
		b.Advance(b.T, h.Start.Add(-b.Terms.EarlyPlug).Sub(b.Now())+time.Second)
		for range 2 {
			if res, err := b.Sessions.Start(b.ctx, h.Ref); err != nil || res.State != charging.Reserved || res.Started.IsZero() {
				b.Fatalf("start: %+v, %v", res, err)
			}
		}
		b.Advance(b.T, h.Start.Add(20*time.Minute).Sub(b.Now()))
		for range 2 {
			if res, err := b.Sessions.Complete(b.ctx, h.Ref); err != nil || res.State != charging.Fulfilled {
				b.Fatalf("complete: %+v, %v", res, err)
			}
		}
		if res, err := b.Company.Compensate(b.ctx, h.Ref); err != nil || res.State != charging.Fulfilled {
			b.Errorf("compensate of what is FULFILLED: %s, %v", res.State, err)
		}
		b.reserve(b.hold(30, 60))
	}},
	{"a car that is charging is no no-show", func(b *bench) {
		b.needSessions(true)
		h := b.hold(0, 60)
		b.reserved(h)
		b.Advance(b.T, h.Start.Sub(b.Now()))
		if _, err := b.Sessions.Start(b.ctx, h.Ref); err != nil {
			b.Fatalf("start: %v", err)
		}
		b.Advance(b.T, b.Terms.NoShowTimeout+5*time.Minute)
		b.refuseReserve(b.hold(45, 60), charging.CodeSlotTaken)
		b.state(h, charging.Reserved)
	}},
	{"nobody came: NO_SHOW, the rest is free", func(b *bench) {
		b.needSessions(true)
		h := b.hold(0, 60)
		b.reserved(h)
		b.Advance(b.T, h.Start.Add(b.Terms.NoShowTimeout+time.Minute).Sub(b.Now()))
		_, err := b.Sessions.Start(b.ctx, h.Ref)
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
		_, err := b.Sessions.Start(b.ctx, theirs)
		b.refused("start", err, charging.CodeForbidden)
		_, err = b.Sessions.Complete(b.ctx, theirs)
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
