package companytest

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

var moveTests = []test{
	{"later, and the time before is free", func(b *bench) {
		h := b.hold(0, 60)
		first := b.reserve(h)
		b.confirm(h)
		res := b.move(h, 1, 20, 80)
		if res.Fence <= first.Fence {
			b.Errorf("the fence went from %d to %d", first.Fence, res.Fence)
		}
		b.window(h, 20, 80)
		b.reserve(b.hold(0, 20))
		b.refuseReserve(b.hold(70, 90), charging.CodeSlotTaken)
		b.reserve(b.hold(80, 100))
	}},
	{"longer and shorter", func(b *bench) {
		h := b.hold(0, 60)
		b.reserved(h)
		b.move(h, 1, 0, 90)
		b.refuseReserve(b.hold(60, 90), charging.CodeSlotTaken)
		b.move(h, 2, 30, 60)
		b.reserve(b.hold(60, 90))
		b.reserve(b.hold(0, 30))
	}},
	{"a repeat succeeds, what comes late is refused", func(b *bench) {
		h := b.hold(0, 60)
		b.reserved(h)
		fence := b.move(h, 1, 20, 80).Fence
		if again := b.move(h, 1, 20, 80); again.Fence != fence {
			b.Errorf("the repeat has the fence %d, not %d", again.Fence, fence)
		}
		b.refuseMove(h, 1, 30, 90, charging.CodeIDReused)
		b.move(h, 2, 0, 60)
		b.refuseMove(h, 1, 20, 80, charging.CodeIDReused)
		b.window(h, 0, 60)
	}},
	{"a refused move leaves the window", func(b *bench) {
		h, next, pending := b.hold(0, 60), b.hold(60, 120), b.hold(180, 240)
		b.reserved(h)
		b.reserved(next)
		b.reserve(pending)
		r := b.refuseMove(h, 1, 20, 80, charging.CodeSlotTaken)
		if c := conflict(r); c.State != charging.Reserved || c.Own {
			b.Errorf("the move met %+v", c)
		}
		b.refuseMove(h, 1, 120, 200, charging.CodePriorityLost)
		b.window(h, 0, 60)
		b.refuseReserve(b.hold(0, 30), charging.CodeSlotTaken)
		b.move(h, 1, 120, 180)
	}},
	{"an own hold in the way is not waited for", func(b *bench) {
		h, mine := b.hold(0, 60), b.hold(60, 120)
		mine.TripID = h.TripID
		b.reserved(h)
		b.reserve(mine)
		if c := conflict(b.refuseMove(h, 1, 20, 80, charging.CodeSlotTaken)); !c.Own {
			b.Errorf("the move met %+v", c)
		}
		b.window(h, 0, 60)
	}},
	{"a lapsed hold is in nobody's way", func(b *bench) {
		h, gone := b.hold(0, 60), b.hold(60, 120)
		b.reserved(h)
		b.reserve(gone)
		b.Expire(b.T, gone.ID)
		b.move(h, 1, 20, 80)
		b.state(gone, charging.Expired)
	}},
	{"a move that changes nothing counts", func(b *bench) {
		h := b.hold(0, 60)
		b.reserved(h)
		b.move(h, 2, 0, 60)
		b.refuseMove(h, 1, 20, 80, charging.CodeIDReused)
	}},
	{"only a RESERVED moves", func(b *bench) {
		h := b.hold(0, 60)
		b.refuseMove(h, 1, 20, 80, charging.CodeUnknownReservation)
		b.reserve(h)
		b.refuseMove(h, 1, 20, 80, charging.CodeNoReservationHere)
		b.confirm(h)
		b.compensate(h)
		b.refuseMove(h, 1, 20, 80, charging.CodeAlreadyCompensated)
		b.state(h, charging.Canceled)
	}},
	{"released by the end it had first", func(b *bench) {
		h := b.hold(0, 60)
		b.reserved(h)
		b.move(h, 1, 20, 80)
		b.compensate(h)
		b.compensate(h)
		b.state(h, charging.Canceled)
		b.reserve(b.hold(0, 80))
	}},
	{"a former owner moves nothing (row 8)", func(b *bench) {
		h := b.hold(0, 60)
		b.reserved(h)
		newer := h
		newer.Epoch = 2
		b.move(newer, 1, 10, 70)
		b.refuseMove(h, 2, 20, 80, charging.CodeStaleOwner)
		b.window(h, 10, 70)
	}},
	{"another company moves nothing (row 18)", func(b *bench) {
		h := b.hold(0, 60)
		b.reserved(h)
		theirs := h
		theirs.Origin = b.Other
		b.refuseMove(theirs, 1, 20, 80, charging.CodeForbidden)
		b.window(h, 0, 60)
	}},
	{"windows that cannot be", func(b *bench) {
		h := b.hold(0, 60)
		b.reserved(h)
		for _, w := range [][2]int{{60, 0}, {0, 2}, {-26 * 60, -25 * 60}, {-25 * 60, -60}, {0, 25 * 60}} {
			b.refuseMove(h, 1, w[0], w[1], charging.CodeInvalidWindow)
		}
		b.window(h, 0, 60)
	}},
	{"late: the no-show waits for the new window", func(b *bench) {
		b.needSessions(true)
		h := b.hold(0, 60)
		b.reserved(h)
		b.Advance(b.T, h.Start.Add(b.Terms.NoShowTimeout-2*time.Minute).Sub(b.Now()))
		b.move(h, 1, 25, 85)
		b.Advance(b.T, 10*time.Minute)
		if res, err := b.Sessions.Start(b.ctx, h.Ref, charging.Arrival{}); err != nil || res.State != charging.Charging {
			b.Errorf("start in the new window: %+v, %v", res, err)
		}
	}},
	{"too late to move", func(b *bench) {
		b.needSessions(true)
		h := b.hold(0, 60)
		b.reserved(h)
		b.Advance(b.T, h.Start.Add(b.Terms.NoShowTimeout+time.Minute).Sub(b.Now()))
		b.refuseMove(h, 1, 25, 85, charging.CodeTooLate)
		b.state(h, charging.NoShow)
	}},
	{"a car at the plug may stay longer", func(b *bench) {
		b.needSessions(true)
		h := b.plugged(30)
		b.refuseMove(h, 1, 10, 60, charging.CodeInvalidWindow)
		b.move(h, 1, 0, 60)
		b.Advance(b.T, 55*time.Minute)
		if res, err := b.Sessions.Complete(b.ctx, h.Ref, charging.Leaving{EnergyKWh: 20}); err != nil || res.Session == nil || res.Session.IdleMinutes != 0 {
			b.Errorf("complete within the longer window: %+v, %v", res.Session, err)
		}
	}},
}

// moveOf is a move of h to [from, to), minutes after the bench's start.
func (b *bench) moveOf(h charging.HoldRequest, seq int64, from, to int) charging.Move {
	return charging.Move{Ref: h.Ref, Seq: seq, To: charging.Window{Start: b.minute(from), End: b.minute(to)}}
}

// minute is so many minutes after the bench's base time.
func (b *bench) minute(n int) time.Time { return b.base.Add(time.Duration(n) * time.Minute) }

func (b *bench) mover() charging.Mover {
	b.Helper()
	m, ok := b.Company.(charging.Mover)
	if !ok {
		b.Skip("this company moves no windows")
	}
	return m
}

func (b *bench) move(h charging.HoldRequest, seq int64, from, to int) charging.Reservation {
	b.Helper()
	m := b.moveOf(h, seq, from, to)
	res, err := b.mover().Move(b.ctx, m)
	if err != nil || !res.State.Booked() || !res.Window.Equal(m.To) || res.ID != h.ID {
		b.Fatalf("move %d to [%d, %d): %+v, %v", seq, from, to, res, err)
	}
	return res
}

func (b *bench) refuseMove(h charging.HoldRequest, seq int64, from, to int, code charging.Code) *charging.Refusal {
	b.Helper()
	_, err := b.mover().Move(b.ctx, b.moveOf(h, seq, from, to))
	b.refused("move", err, code)
	return refusal(err)
}

// window checks where a reservation is now.
func (b *bench) window(h charging.HoldRequest, from, to int) {
	b.Helper()
	want := charging.Window{Start: b.minute(from), End: b.minute(to)}
	if res, err := b.Read(b.ctx, h.ID); err != nil || !res.Window.Equal(want) {
		b.Errorf("the window is %s, want %s (%v)", res.Window, want, err)
	}
}
