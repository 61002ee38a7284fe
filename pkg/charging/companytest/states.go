package companytest

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

var stateTests = []test{
	{"reserve, confirm", func(b *bench) {
		h := b.hold(0, 60)
		if res := b.reserve(h); res.TTL > h.TTL || res.Origin != b.Origin || res.Leg != 2 || res.VehicleID != h.VehicleID {
			b.Errorf("reserve answers %+v to %+v", res, h)
		}
		b.state(h, charging.Pending)
		b.confirm(h)
		b.state(h, charging.Reserved)
	}},
	{"claim, reserve, confirm", func(b *bench) {
		h := b.aged(time.Minute, 0, 60)
		claimed := b.claim(h)
		if pending := b.reserve(h); pending.Fence < claimed.Fence {
			b.Errorf("the fence fell from %d to %d", claimed.Fence, pending.Fence)
		}
		b.confirm(h)
	}},
	{"a claim on a PENDING answers PENDING", func(b *bench) {
		h := b.aged(time.Minute, 0, 60)
		b.reserve(h)
		res, err := b.Company.Claim(b.ctx, h)
		b.granted("claim", h, res, err, charging.Pending)
	}},
	{"a claim that reserves is PENDING, once", func(b *bench) {
		h := b.aged(time.Minute, 0, 60)
		h.Reserve = true
		first, err := b.Company.Claim(b.ctx, h)
		b.granted("claim", h, first, err, charging.Pending)
		for range 2 { // its repeat, and a late claim of an edition before
			res, err := b.Company.Claim(b.ctx, h)
			b.granted("claim", h, res, err, charging.Pending)
			if !res.Replay || res.Fence != first.Fence {
				b.Errorf("a repeat answers %+v to %+v", res, first)
			}
			h.Reserve = false
		}
		b.confirm(h)
		b.state(h, charging.Reserved)
	}},
	{"a CLAIMED is reserved by a claim that reserves", func(b *bench) {
		h := b.aged(time.Minute, 0, 60)
		claimed := b.claim(h)
		h.Reserve = true
		res, err := b.Company.Claim(b.ctx, h)
		b.granted("claim", h, res, err, charging.Pending)
		if res.Fence != claimed.Fence {
			b.Errorf("the fence went from %d to %d", claimed.Fence, res.Fence)
		}
		b.confirm(h)
	}},
	{"a claim that reserves takes a younger hold and yields to an older", func(b *bench) {
		younger, h, older := b.aged(time.Minute, 0, 60), b.aged(2*time.Minute, 0, 60), b.aged(3*time.Minute, 0, 60)
		h.Reserve, older.Reserve = true, true
		b.reserve(younger)
		res, err := b.Company.Claim(b.ctx, h)
		b.granted("claim", h, res, err, charging.Pending)
		b.state(younger, charging.Preempted)
		b.refuseClaim(again(younger), charging.CodePriorityLost)
		res, err = b.Company.Claim(b.ctx, older)
		b.granted("claim", older, res, err, charging.Pending)
		b.state(h, charging.Preempted)
		b.refuseClaim(h, charging.CodeHoldPreempted)
	}},
	{"a claim that reserves needs a ticket", func(b *bench) {
		h := b.hold(0, 60)
		h.Reserve = true
		b.refuseClaim(h, charging.CodeTicketInvalid, charging.CodeInvalidField)
	}},
	{"a CLAIMED cannot be confirmed", func(b *bench) {
		h := b.aged(time.Minute, 0, 60)
		b.claim(h)
		if res, err := b.Company.Confirm(b.ctx, h.Ref); err == nil {
			b.Fatalf("confirmed to %s", res.State)
		}
		b.state(h, charging.Claimed)
	}},
	{"an unknown id cannot be confirmed or renewed", func(b *bench) {
		h := b.hold(0, 60)
		b.refuseConfirm(h, charging.CodeUnknownReservation)
		_, err := b.Company.Renew(b.ctx, h.Ref, ttl)
		b.refused("renew", err, charging.CodeUnknownReservation)
	}},
	{"compensate CLAIMED", func(b *bench) {
		h := b.aged(time.Minute, 0, 60)
		b.claim(h)
		b.released(h)
	}},
	{"compensate PENDING", func(b *bench) {
		h := b.hold(0, 60)
		b.reserve(h)
		b.released(h)
	}},
	{"compensate RESERVED", func(b *bench) {
		h := b.hold(0, 60)
		b.reserved(h)
		b.released(h)
	}},
	{"compensate EXPIRED", func(b *bench) {
		h := b.hold(0, 60)
		b.reserve(h)
		b.Expire(b.T, h.ID)
		b.released(h)
	}},
	{"compensate PREEMPTED", func(b *bench) {
		younger, older := b.aged(time.Minute, 0, 60), b.aged(2*time.Minute, 0, 60)
		b.reserve(younger)
		b.claim(older)
		b.compensate(younger)
		b.refuseReserve(younger, charging.CodeAlreadyCompensated)
		b.state(older, charging.Claimed)
	}},
	{"compensate nothing: a tombstone (row 6)", func(b *bench) {
		b.released(b.aged(time.Minute, 0, 60))
	}},
	{"a lapsed hold is final, and its window free (row 14)", func(b *bench) {
		h := b.aged(time.Minute, 0, 60)
		b.reserve(h)
		b.Expire(b.T, h.ID)
		b.lapsed(h, charging.CodeHoldExpired)
		b.reserve(b.hold(0, 60))
		b.lapsed(h, charging.CodeHoldExpired)
	}},
	{"a lapsed claim is final", func(b *bench) {
		h := b.aged(time.Minute, 0, 60)
		b.claim(h)
		b.Expire(b.T, h.ID)
		b.lapsed(h, charging.CodeHoldExpired)
		b.claim(again(h))
	}},
	{"a lapsed hold reads EXPIRED", func(b *bench) {
		h := b.hold(0, 60)
		b.reserve(h)
		b.Expire(b.T, h.ID)
		b.state(h, charging.Expired)
	}},
	{"fences rise strictly on an EVSE", func(b *bench) {
		last := int64(0)
		for i := range 6 {
			h := b.hold(60*(i/2), 60*(i/2)+60)
			res := b.reserve(h)
			if res.Fence <= last {
				b.Fatalf("grant %d has the fence %d after %d", i, res.Fence, last)
			}
			last = res.Fence
			if i%2 == 0 {
				b.compensate(h)
			}
		}
	}},
	{"windows that touch, and other EVSEs, are not in the way", func(b *bench) {
		b.reserved(b.hold(60, 120))
		b.reserve(b.hold(0, 60))
		b.reserve(b.hold(120, 180))
		h := b.hold(60, 120)
		h.EVSEID = b.EVSEs[1]
		b.reserve(h)
	}},
	{"every kind of overlap is in the way", func(b *bench) {
		b.reserved(b.hold(60, 120))
		for _, w := range [][2]int{{60, 120}, {55, 65}, {115, 125}, {70, 80}, {0, 180}, {60, 65}, {119, 130}} {
			r := b.refuseReserve(b.hold(w[0], w[1]), charging.CodeSlotTaken)
			if c := conflict(r); c.State != charging.Reserved || c.Own {
				b.Errorf("[%d, %d) meets %+v", w[0], w[1], c)
			}
		}
	}},
	{"renew gives more time, never less (row 16)", func(b *bench) {
		h := b.hold(0, 60)
		b.reserve(h)
		longer, err := b.Company.Renew(b.ctx, h.Ref, 2*time.Minute)
		b.granted("renew", h, longer, err, charging.Pending)
		if longer.TTL <= ttl || longer.TTL > 2*time.Minute {
			b.Errorf("renew for 2 min gives %s", longer.TTL)
		}
		shorter, err := b.Company.Renew(b.ctx, h.Ref, time.Second)
		b.granted("renew", h, shorter, err, charging.Pending)
		if shorter.TTL <= ttl {
			b.Errorf("renew for 1 s cut the hold to %s", shorter.TTL)
		}
	}},
	{"no hold outlives 10 minutes (row 16)", func(b *bench) {
		h := b.aged(time.Minute, 0, 60)
		h.TTL = time.Hour
		if res := b.claim(h); res.TTL > charging.MaxHold {
			b.Errorf("granted for %s", res.TTL)
		}
		// The end stands still, however long one goes on renewing. A
		// company's clock may be coarse.
		const long, resolution = 250 * time.Millisecond, 120 * time.Millisecond
		for granted := time.Now(); ; {
			age := time.Since(granted)
			res, err := b.Company.Renew(b.ctx, h.Ref, time.Hour)
			b.granted("renew", h, res, err, charging.Claimed)
			if res.TTL > charging.MaxHold-age+resolution {
				b.Fatalf("renewed to %s, %s after the grant", res.TTL, age)
			}
			if age > long {
				return
			}
		}
	}},
}

// released compensates, twice, and checks that what comes late is refused and
// that the window is free.
func (b *bench) released(h charging.HoldRequest) {
	b.Helper()
	b.compensate(h)
	b.compensate(h)
	b.state(h, charging.Canceled)
	b.lapsed(h, charging.CodeAlreadyCompensated)
	b.reserved(b.hold(0, 60))
	b.lapsed(h, charging.CodeAlreadyCompensated)
	b.compensate(h)
}

// lapsed checks that nothing brings the id back.
func (b *bench) lapsed(h charging.HoldRequest, code charging.Code) {
	b.Helper()
	b.refuseReserve(h, code)
	if h.Ticket != "" {
		b.refuseClaim(h, code)
	}
	b.refuseConfirm(h, code)
	_, err := b.Company.Renew(b.ctx, h.Ref, ttl)
	b.refused("renew", err, code)
}
