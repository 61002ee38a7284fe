package companytest

import (
	"strconv"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

var priorityTests = []test{
	{"an older claim preempts a younger hold", func(b *bench) {
		for i, take := range []func(charging.HoldRequest) charging.Reservation{b.claim, b.reserve} {
			younger, older := b.aged(time.Minute, 60*i, 60*i+60), b.aged(2*time.Minute, 60*i+30, 60*i+60)
			take(younger)
			won := b.claim(older)
			b.state(younger, charging.Preempted)
			b.lapsed(younger, charging.CodeHoldPreempted)
			b.reserve(older)
			b.confirm(older)
			if won.GrantedAt == "" {
				b.Error("the grant does not say what orders it")
			}
		}
	}},
	{"an older reserve preempts too", func(b *bench) {
		younger, older := b.aged(time.Minute, 0, 60), b.aged(2*time.Minute, 0, 60)
		b.reserve(younger)
		b.reserve(older)
		b.state(younger, charging.Preempted)
	}},
	{"a preempted id is final, a new one is not (row 14)", func(b *bench) {
		younger, older := b.aged(time.Minute, 0, 60), b.aged(2*time.Minute, 0, 60)
		b.claim(younger)
		b.claim(older)
		b.compensate(older)
		b.lapsed(younger, charging.CodeHoldPreempted)
		b.claim(again(younger))
	}},
	{"a younger claim is refused, and told who is ahead", func(b *bench) {
		older, younger := b.aged(2*time.Minute, 0, 60), b.aged(time.Minute, 30, 90)
		ahead := b.claim(older)
		for _, err := range []error{b.refuseClaim(younger, charging.CodePriorityLost), b.refuseReserve(again(younger), charging.CodePriorityLost)} {
			c := conflict(refusal(err))
			if c.GrantedAt != ahead.GrantedAt || c.State != charging.Claimed || c.Own || c.TripID != older.TripID {
				b.Errorf("conflict %+v, ahead is %+v", c, ahead)
			}
		}
		b.state(older, charging.Claimed)
	}},
	{"a ticket goes before none", func(b *bench) {
		without, with := b.hold(0, 60), b.aged(time.Second, 0, 60)
		b.reserve(without)
		b.claim(with)
		b.state(without, charging.Preempted)
		b.refuseReserve(b.hold(0, 60), charging.CodePriorityLost)
	}},
	{"without tickets: first come, first served", func(b *bench) {
		first := b.hold(0, 60)
		b.reserve(first)
		b.refuseReserve(b.hold(0, 60), charging.CodePriorityLost)
		leg1 := b.hold(0, 60)
		leg1.Leg = 1
		b.refuseReserve(leg1, charging.CodePriorityLost)
		b.state(first, charging.Pending)
	}},
	{"equal stamps: the smaller trip goes first", func(b *bench) {
		at := time.Now().Add(-time.Minute).Truncate(time.Microsecond)
		x, y := b.hold(0, 60), b.hold(0, 60)
		if x.TripID > y.TripID {
			x, y = y, x
		}
		x.Ticket = b.Ticket(b.T, x.TripID, at, at.Add(charging.TicketLife))
		y.Ticket = b.Ticket(b.T, y.TripID, at, at.Add(charging.TicketLife))
		b.claim(y)
		b.claim(x)
		b.state(y, charging.Preempted)
		b.refuseClaim(again(y), charging.CodePriorityLost)
	}},
	{"RESERVED is never preempted", func(b *bench) {
		youngest, oldest := b.aged(time.Second, 0, 60), b.aged(5*time.Minute, 0, 60)
		b.reserved(youngest)
		c := conflict(b.refuseClaim(oldest, charging.CodeSlotTaken))
		if c.Settled || c.State != charging.Reserved || !c.Window.Equal(youngest.Window()) || c.EVSEID != youngest.EVSEID {
			b.Errorf("conflict %+v; want the unsettled RESERVED %s", c, youngest.Window())
		}
		b.state(youngest, charging.Reserved)
	}},
	{"a younger PENDING and a RESERVED: nothing is preempted (row 12)", func(b *bench) {
		pending, reserved := b.aged(time.Second, 0, 60), b.aged(time.Second, 60, 120)
		b.reserve(pending)
		b.reserved(reserved)
		b.refuseClaim(b.aged(5*time.Minute, 30, 90), charging.CodeSlotTaken)
		b.state(pending, charging.Pending)
		b.confirm(pending)
	}},
	{"a younger and an older hold: nothing is preempted", func(b *bench) {
		young, old := b.aged(time.Minute, 0, 60), b.aged(3*time.Minute, 60, 120)
		b.reserve(young)
		b.reserve(old)
		b.refuseClaim(b.aged(2*time.Minute, 30, 90), charging.CodePriorityLost)
		b.state(young, charging.Pending)
	}},
	{"two younger holds: both preempted, two notices (row 13)", func(b *bench) {
		one, two, beyond := b.aged(time.Minute, 0, 60), b.aged(2*time.Minute, 60, 120), b.aged(time.Minute, 120, 180)
		b.reserve(one)
		b.claim(two)
		b.claim(beyond)
		b.claim(b.aged(3*time.Minute, 30, 120))
		b.state(one, charging.Preempted)
		b.state(two, charging.Preempted)
		b.state(beyond, charging.Claimed)
		b.told(one, two)
	}},
	{"a lapsed hold is in nobody's way", func(b *bench) {
		old := b.aged(3*time.Minute, 0, 60)
		b.claim(old)
		b.Expire(b.T, old.ID)
		b.claim(b.aged(time.Minute, 30, 90))
		b.refuseClaim(old, charging.CodeHoldExpired)
	}},
	{"a trip's own hold is refused, never waited for", func(b *bench) {
		mine := b.aged(time.Minute, 0, 60)
		b.claim(mine)
		second := again(mine)
		second.Leg, second.Start = 3, mine.Start.Add(30*time.Minute)
		second.End = mine.End.Add(30 * time.Minute)
		c := conflict(b.refuseClaim(second, charging.CodeSlotTaken, charging.CodePriorityLost))
		if !c.Own {
			b.Errorf("conflict %+v does not say that the hold is the trip's own", c)
		}
		b.state(mine, charging.Claimed)
	}},
	{"its own hold goes before everything else in the way", func(b *bench) {
		mine := b.aged(time.Minute, 0, 60)
		b.claim(mine)
		b.reserved(b.hold(60, 120))
		second := again(mine)
		second.End = mine.End.Add(time.Hour)
		if c := conflict(b.refuseReserve(second, charging.CodeSlotTaken, charging.CodePriorityLost)); !c.Own {
			b.Errorf("conflict %+v", c)
		}
	}},
}

// told checks that the notices for exactly these holds have been sent.
func (b *bench) told(victims ...charging.HoldRequest) {
	b.Helper()
	if b.Told == nil {
		return
	}
	want := map[charging.ReservationID]bool{}
	for _, v := range victims {
		want[v.ID] = true
	}
	got := b.Told(b.T, len(victims))
	if len(got) != len(victims) {
		b.Fatalf("%d notices, want %d: %+v", len(got), len(victims), got)
	}
	for _, n := range got {
		if !want[n.ReservationID] || n.State != charging.Preempted || n.By == "" {
			b.Errorf("notice %+v", n)
		}
	}
}

var ticketTests = []test{
	{"a claim needs one", func(b *bench) {
		// On the wire a missing field may be told before its meaning is judged.
		h := b.hold(0, 60)
		b.refuseClaim(h, charging.CodeTicketInvalid, charging.CodeInvalidField)
		b.refuseConfirm(h, charging.CodeUnknownReservation)
	}},
	{"forged, foreign, expired, from the future", func(b *bench) {
		now := time.Now()
		h := b.aged(time.Minute, 0, 60)
		good := h.Ticket
		mid := len(good) / 2
		flipped := byte('A')
		if good[mid] == flipped {
			flipped = 'B'
		}
		for name, ticket := range map[string]string{
			"rubbish":    "x.y.z",
			"changed":    good[:mid] + string(flipped) + good[mid+1:],
			"unsigned":   good[:len(good)-20],
			"other trip": b.ticket(newTrip(), time.Minute),
			"expired":    b.Ticket(b.T, h.TripID, now.Add(-20*time.Minute), now.Add(-10*time.Minute)),
			"future":     b.Ticket(b.T, h.TripID, now.Add(time.Hour), now.Add(2*time.Hour)),
		} {
			h := again(h)
			h.Ticket = ticket
			if _, err := b.Company.Claim(b.ctx, h); charging.CodeOf(err) != charging.CodeTicketInvalid {
				b.Errorf("claim with a ticket that is %s: %v, want TICKET_INVALID", name, err)
			}
			if _, err := b.Company.Reserve(b.ctx, h); charging.CodeOf(err) != charging.CodeTicketInvalid {
				b.Errorf("reserve with a ticket that is %s: %v, want TICKET_INVALID", name, err)
			}
		}
		b.claim(h)
	}},
	{"leg 1 with a ticket gets no other, and is ordered by it", func(b *bench) {
		h := b.aged(2*time.Minute, 0, 60)
		h.Leg = 1
		res := b.reserve(h)
		if res.Ticket != "" {
			b.Errorf("a second ticket: %s", res.Ticket)
		}
		b.refuseClaim(b.aged(time.Minute, 0, 60), charging.CodePriorityLost)
	}},
	{"a later leg without a ticket gets none", func(b *bench) {
		if res := b.reserve(b.hold(0, 60)); res.Ticket != "" || res.GrantedAt != "" {
			b.Errorf("leg 2 got %+v", res)
		}
	}},
	{"stamps are microseconds and never fall", func(b *bench) {
		last := int64(0)
		for i := range 6 {
			h := b.hold(i*60, i*60+60)
			h.Leg, h.EVSEID = 1, b.EVSEs[i%2]
			res := b.reserve(h)
			at, err := strconv.ParseInt(res.GrantedAt, 10, 64)
			if err != nil || at < last {
				b.Fatalf("stamp %q after %d", res.GrantedAt, last)
			}
			if off := time.Since(time.UnixMicro(at)); off < -time.Minute || off > time.Minute {
				b.Fatalf("the stamp %s is %s off", res.GrantedAt, off)
			}
			last = at
		}
	}},
	{"the ticket of a first stop works on the next ones", func(b *bench) {
		first := b.hold(0, 60)
		first.Leg = 1
		granted := b.reserve(first)
		next := again(first)
		next.Leg, next.Ticket = 2, granted.Ticket
		next.Start, next.End = first.End, first.End.Add(time.Hour)
		if res := b.claim(next); res.GrantedAt != granted.GrantedAt {
			b.Errorf("claimed with %s, the ticket says %s", res.GrantedAt, granted.GrantedAt)
		}
	}},
	{"it survives the loss of the first stop (row 4)", func(b *bench) {
		first := b.hold(0, 60)
		first.Leg = 1
		granted := b.reserve(first)
		b.Expire(b.T, first.ID)
		retry := again(first)
		retry.Ticket = granted.Ticket
		res := b.reserve(retry)
		if res.GrantedAt != granted.GrantedAt || res.Ticket != "" {
			b.Errorf("again %+v, first %+v", res, granted)
		}
	}},
}
