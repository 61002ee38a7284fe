package fleet

import (
	"context"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

const (
	// longestStand is how long, in civil time, a car that lost its stops looks for
	// others.
	longestStand = 72 * time.Hour
	// standing and breath are the civil and the real time between two looks.
	standing = 20 * time.Minute
	breath   = 500 * time.Millisecond
)

// replan gives the booked stops back and books others from where the car stands.
// The Ending is empty when it has. A stop that can no longer be canceled is
// waited for: once it counts as not used, the rest can be given back.
func (d *driver) replan(ctx context.Context, why string) (Ending, string) {
	d.report(Replanned, "near %s with %s: %s", d.at, percent(d.soc()), why)
	d.rec.Replans++
	d.set(Standing)
	d.cover(true) // it drives on until there is a network; too little to count
	moved := len(d.rec.Path) != d.stoodAt
	if moved {
		d.stoodAt, d.stoodSince = len(d.rec.Path), d.clock
	}
	last := d.stoodSince.Add(longestStand)
	if !moved && d.until(ctx, d.now().Add(standing), PhaseWait) != nil { // the same stops would not do again
		return Unfinished, ""
	}
	for d.clock.Before(last) {
		d.catchUp(PhaseWait)
		wait := standing
		err := d.cancel(ctx)
		switch {
		case ctx.Err() != nil:
			return Unfinished, ""
		case err == nil:
			end, reason := d.book(ctx, 0, true)
			d.catchUp(PhaseWait)
			switch end {
			case "":
				return "", d.leave(ctx)
			case Unfinished:
				return end, reason
			}
			// All may be booked, or nothing may be in reach: that may change when
			// others leave, for as long as the car can stand.
			why = string(end) + ": " + reason
		default:
			wait = max(wait, d.bindsUntil(ctx).Sub(d.now()))
			why = err.Error()
		}
		if d.until(ctx, d.now().Add(max(wait, time.Duration(float64(breath)*d.run.options.Speed))), PhaseWait) != nil {
			return Unfinished, ""
		}
	}
	d.giveBack(ctx)
	return Empty, "stands near " + d.at.String() + ": " + why
}

// leave waits until the new plan begins.
func (d *driver) leave(ctx context.Context) string {
	_ = d.until(ctx, d.plan.Departure, PhaseWait) // the caller looks at ctx
	return ""
}

// bindsUntil is when the first stop that is still to come counts as not used.
func (d *driver) bindsUntil(ctx context.Context) time.Time {
	d.hear(ctx)
	for _, l := range d.t.Legs {
		if l.State == charging.Reserved && !d.done[l.ReservationID] {
			return l.Start.Add(d.noShow(ctx, l.EVSEID) + time.Minute)
		}
	}
	return d.now()
}
