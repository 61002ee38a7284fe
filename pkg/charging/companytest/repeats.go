package companytest

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

var repeatTests = []test{
	{"reserve", func(b *bench) {
		h := b.hold(0, 60)
		first := b.reserve(h)
		second := b.reserve(h)
		if first.Replay || !second.Replay || second.Fence != first.Fence {
			b.Errorf("first %+v, repeat %+v", first, second)
		}
	}},
	{"claim", func(b *bench) {
		h := b.aged(time.Minute, 0, 60)
		first := b.claim(h)
		second := b.claim(h)
		if first.Replay || !second.Replay || second.Fence != first.Fence || second.GrantedAt != first.GrantedAt {
			b.Errorf("first %+v, repeat %+v", first, second)
		}
	}},
	{"confirm", func(b *bench) {
		h := b.hold(0, 60)
		b.reserved(h)
		if res := b.confirm(h); !res.Replay {
			b.Error("the repeat does not say so")
		}
	}},
	{"a late reserve does not undo a confirm", func(b *bench) {
		h := b.aged(time.Minute, 0, 60)
		b.reserved(h)
		res, err := b.Company.Reserve(b.ctx, h)
		b.granted("reserve", h, res, err, charging.Reserved)
		res, err = b.Company.Claim(b.ctx, h)
		b.granted("claim", h, res, err, charging.Reserved)
		b.state(h, charging.Reserved)
	}},
	{"the first reserve of a trip: same ticket, same fence (row 5)", func(b *bench) {
		h := b.hold(0, 60)
		h.Leg = 1
		first := b.reserve(h)
		second := b.reserve(h)
		if first.Ticket == "" || first.GrantedAt == "" {
			b.Fatalf("leg 1 without a ticket got none: %+v", first)
		}
		if second.Ticket != first.Ticket || second.GrantedAt != first.GrantedAt || second.Fence != first.Fence {
			b.Errorf("first %+v, repeat %+v", first, second)
		}
	}},
	{"epoch, TTL and ticket may differ (row 8)", func(b *bench) {
		h := b.aged(time.Minute, 0, 60)
		first := b.reserve(h)
		h.Epoch, h.TTL, h.Ticket = 2, 2*ttl, "" // a trip whose ticket is spent goes on without
		second := b.reserve(h)
		if !second.Replay || second.GrantedAt != first.GrantedAt {
			b.Errorf("first %+v, repeat %+v", first, second)
		}
	}},
	{"the same id for something else", func(b *bench) {
		first := b.hold(0, 60)
		b.reserve(first)
		for name, change := range map[string]func(*charging.HoldRequest){
			"trip":    func(h *charging.HoldRequest) { h.TripID = newTrip() },
			"leg":     func(h *charging.HoldRequest) { h.Leg++ },
			"evse":    func(h *charging.HoldRequest) { h.EVSEID = b.EVSEs[1] },
			"start":   func(h *charging.HoldRequest) { h.Start = h.Start.Add(time.Minute) },
			"end":     func(h *charging.HoldRequest) { h.End = h.End.Add(time.Minute) },
			"vehicle": func(h *charging.HoldRequest) { h.VehicleID = "EV-0002" },
		} {
			h := first
			change(&h)
			if _, err := b.Company.Reserve(b.ctx, h); charging.CodeOf(err) != charging.CodeIDReused {
				b.Errorf("another %s: %v, want ID_REUSED", name, err)
			}
		}
		other := first.Ref
		other.TripID = newTrip()
		_, err := b.Company.Confirm(b.ctx, other)
		b.refused("confirm for another trip", err, charging.CodeIDReused)
		_, err = b.Company.Compensate(b.ctx, other)
		b.refused("compensate for another trip", err, charging.CodeIDReused)
		b.state(first, charging.Pending)
	}},
	{"another company touches it (row 18)", func(b *bench) {
		h := b.aged(time.Minute, 0, 60)
		b.reserve(h)
		theirs := h
		theirs.Origin = b.Other
		_, err := b.Company.Reserve(b.ctx, theirs)
		b.refused("reserve", err, charging.CodeForbidden, charging.CodeTicketInvalid)
		_, err = b.Company.Renew(b.ctx, theirs.Ref, ttl)
		b.refused("renew", err, charging.CodeForbidden)
		_, err = b.Company.Confirm(b.ctx, theirs.Ref)
		b.refused("confirm", err, charging.CodeForbidden)
		_, err = b.Company.Compensate(b.ctx, theirs.Ref)
		b.refused("compensate", err, charging.CodeForbidden)
		b.state(h, charging.Pending)
		b.confirm(h)
	}},
	{"a refused claim, replaced; its duplicate comes late (row 11)", func(b *bench) {
		ahead, behind := b.aged(3*time.Minute, 0, 60), b.aged(2*time.Minute, 0, 60)
		b.claim(ahead)
		b.refuseClaim(behind, charging.CodePriorityLost)
		b.compensate(behind)
		b.compensate(ahead)
		youngest := b.aged(time.Minute, 0, 60)
		b.claim(youngest)
		b.refuseClaim(behind, charging.CodeAlreadyCompensated)
		b.state(youngest, charging.Claimed)
	}},
}

var requestTests = []test{
	{"windows", func(b *bench) {
		now := b.Now().UTC().Truncate(time.Second)
		for name, w := range map[string][2]time.Time{
			"empty":      {b.base, b.base},
			"backwards":  {b.base.Add(time.Hour), b.base},
			"too short":  {b.base, b.base.Add(charging.MinWindow - time.Second)},
			"years":      {b.base, b.base.Add(3 * 365 * 24 * time.Hour)},
			"too long":   {b.base, b.base.Add(charging.MaxWindow + time.Second)},
			"ended":      {now.Add(-2 * time.Hour), now.Add(-time.Hour)},
			"begun":      {now.Add(-time.Hour), now.Add(time.Hour)},
			"far ahead":  {now.Add(b.Terms.MaxAhead + time.Hour), now.Add(b.Terms.MaxAhead + 2*time.Hour)},
			"sub-second": {b.base.Add(time.Millisecond), b.base.Add(time.Hour)},
		} {
			h := b.hold(0, 60)
			h.Start, h.End = w[0], w[1]
			if _, err := b.Company.Reserve(b.ctx, h); charging.CodeOf(err) != charging.CodeInvalidWindow {
				b.Errorf("%s: %v, want INVALID_WINDOW", name, err)
			}
		}
		b.reserve(b.hold(7*24*60-24*60-60, 7*24*60-24*60))
	}},
	{"unknown EVSEs", func(b *bench) {
		for _, id := range []charging.EVSEID{"BR*" + charging.EVSEID(b.EVSEs[0].Company()) + "*ENOWHERE*1", "BR*ZZZ*E0001*1"} {
			h := b.hold(0, 60)
			h.EVSEID = id
			b.refuseReserve(h, charging.CodeUnknownEVSE)
			b.refuseConfirm(h, charging.CodeUnknownEVSE)
		}
	}},
	{"fields", func(b *bench) {
		for name, change := range map[string]func(*charging.HoldRequest){
			"reservation_id": func(h *charging.HoldRequest) { h.ID = "r{1}" },
			"trip_id":        func(h *charging.HoldRequest) { h.TripID = "t\n" },
			"evse_id":        func(h *charging.HoldRequest) { h.EVSEID = "BR*MAR*E#*1" },
			"vehicle_id":     func(h *charging.HoldRequest) { h.VehicleID = "EV/1" },
			"leg":            func(h *charging.HoldRequest) { h.Leg = 0 },
			"epoch":          func(h *charging.HoldRequest) { h.Epoch = -1 },
		} {
			h := b.hold(0, 60)
			change(&h)
			_, err := b.Company.Reserve(b.ctx, h)
			if r := refusal(err); r.Code != charging.CodeInvalidField || len(r.Fields) == 0 || r.Fields[0].Field != name {
				b.Errorf("bad %s: %v, fields %+v", name, err, r.Fields)
			}
		}
	}},
	{"compensate of a window that has ended succeeds", func(b *bench) {
		h := b.hold(0, 60)
		h.End = b.Now().UTC().Truncate(time.Second).Add(-time.Hour)
		b.compensate(h)
	}},
	{"compensate of what cannot have been granted succeeds, and leaves nothing", func(b *bench) {
		h := b.hold(0, 60)
		h.End = b.Now().UTC().Truncate(time.Second).Add(b.Terms.MaxAhead + 10*24*time.Hour)
		b.compensate(h)
		_, err := b.Read(b.ctx, h.ID)
		b.refused("its record", err, charging.CodeUnknownReservation)
		h.End = h.End.Add(time.Millisecond)
		_, err = b.Company.Compensate(b.ctx, h.Ref)
		b.refused("compensate of no window", err, charging.CodeInvalidWindow)
	}},
}
