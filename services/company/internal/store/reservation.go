package store

import (
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Renew gives a hold at least ttl, never beyond charging.MaxHold from its first
// grant and never less than it has. UNKNOWN_RESERVATION, HOLD_EXPIRED,
// HOLD_PREEMPTED, ALREADY_COMPENSATED, STALE_OWNER, ID_REUSED, FORBIDDEN.
func (c Calendar) Renew(ctx context.Context, at charging.At, ttl time.Duration) (charging.Reservation, error) {
	return c.act(ctx, "renew", renewScript, at, c.five(at), ms(ttl), ms(charging.MaxHold))
}

// Confirm makes a PENDING in force RESERVED, unsettled. Refuses like Renew;
// TOO_EARLY when it is only CLAIMED, INVALID_WINDOW when its window is over.
func (c Calendar) Confirm(ctx context.Context, at charging.At) (charging.Reservation, error) {
	confirm := func() (charging.Reservation, error) {
		return c.replicatedReservation(ctx, "confirm", confirmScript, at, append(c.five(at), c.keys.incarnation(at.Location)), c.expected(at.Location))
	}
	if c.apart() {
		return c.confirmApart(ctx, at, confirm)
	}
	return confirm()
}

// Compensate releases the stop, or leaves a tombstone. CHARGING, FULFILLED and NO_SHOW
// stay. STALE_OWNER, ID_REUSED, FORBIDDEN.
func (c Calendar) Compensate(ctx context.Context, at charging.At) (charging.Reservation, error) {
	return c.replicatedReservation(ctx, "compensate", compensateScript, at, c.five(at))
}

// Move gives a RESERVED another window, or leaves it as it was; a CHARGING one keeps its start. noShow is of the
// company's terms. See charging.Mover for its refusals.
func (c Calendar) Move(ctx context.Context, at charging.At, m charging.Move, noShow time.Duration) (charging.Reservation, error) {
	at.End = m.To.End
	move := func() (charging.Reservation, error) {
		return c.replicatedReservation(ctx, "move", moveScript, at, append(c.eight(at), c.keys.incarnation(at.Location)), strconv.FormatInt(m.Seq, 10),
			seconds(m.To.Start), seconds(m.To.End), ms(noShow), c.expected(at.Location), c.limits(m.Quota))
	}
	if c.apart() {
		return c.moveApart(ctx, at, m, move)
	}
	return move()
}

// settleAtOnce is how many reservations one script settles: it keeps others
// waiting for less than a millisecond.
const settleAtOnce = 50

// Settle notes that the originator has said CONFIRMED of stops of one location.
// Those that are no longer there need nothing.
func (c Calendar) Settle(ctx context.Context, loc charging.LocationID, stops []charging.At) error {
	keys := []string{c.keys.unsettled(loc), c.keys.rsv(loc, "")}
	for some := range slices.Chunk(stops, settleAtOnce) {
		args := make([]any, 0, 2*len(some))
		for _, at := range some {
			args = append(args, string(at.ID), who(at))
		}
		if err := settleScript.Run(ctx, c.rdb, keys, args...).Err(); err != nil {
			return failed(ctx, "settle", err)
		}
	}
	return nil
}

// Drop frees a stop whose originator has answered: ABORTED any, UNKNOWN only
// CLAIMED and PENDING; a CHARGING stays. It asks for no epoch. Another outcome changes nothing.
func (c Calendar) Drop(ctx context.Context, at charging.At, heard charging.Outcome) (charging.Reservation, error) {
	if heard != charging.OutcomeAborted && heard != charging.OutcomeUnknown {
		return c.Reservation(ctx, at.ID, []charging.LocationID{at.Location})
	}
	return c.replicatedReservation(ctx, "drop", releaseByOutcomeScript, at, c.five(at), string(heard))
}

// Start notes that the car has plugged in: RESERVED → CHARGING, from terms.EarlyPlug
// before the window's start until terms.NoShowTimeout after it (zero: until its end).
// The plug is open until Answered or Back; see charging.Reservation.Open.
// NO_RESERVATION_HERE, TOO_EARLY, TOO_LATE, EVSE_OCCUPIED.
func (c Calendar) Start(ctx context.Context, at charging.At, a charging.Arrival, terms charging.Terms) (charging.Reservation, error) {
	return c.act(ctx, "start", startScript, at, c.eight(at),
		ms(terms.EarlyPlug), ms(terms.NoShowTimeout), instant(a.At), ms(charging.LateWord), wattHours(a.PlannedKWh))
}

// Answered notes that a plug is about to be answered; its originator has a notice. The
// answer's state is CHARGING where it may be. NO_RESERVATION_HERE.
func (c Calendar) Answered(ctx context.Context, at charging.At) (charging.Reservation, error) {
	return c.replicatedReservation(ctx, "answer a plug", answeredScript, at, c.eight(at))
}

// Back takes an open plug back: CHARGING → RESERVED. One that has been answered
// stays: the answer's state tells. NO_RESERVATION_HERE.
func (c Calendar) Back(ctx context.Context, at charging.At) (charging.Reservation, error) {
	return c.replicatedReservation(ctx, "take a plug back", backScript, at, c.eight(at))
}

// Complete notes that the car has left: CHARGING → FULFILLED, and the rest of the
// window is free. The first one is billed by the meter; a repeat has the same bill,
// except that the car's figure replaces an estimate, once. NO_RESERVATION_HERE;
// TOO_EARLY before a start; TOO_LATE after a no-show.
func (c Calendar) Complete(ctx context.Context, at charging.At, m charging.Meter) (charging.Reservation, error) {
	return c.replicatedReservation(ctx, "complete", completeScript, at, c.eight(at),
		wattHours(m.EnergyKWh), watts(m), rates(m.Tariff), instant(m.At), ms(charging.LateWord))
}

func wattHours(kWh float64) string { return strconv.FormatInt(int64(math.Round(max(0, kWh)*1000)), 10) }

func watts(m charging.Meter) string { return strconv.FormatInt(int64(max(0, m.MaxPowerKW)*1000), 10) }

// instant is empty for the zero time.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return millis(t)
}

// runner is run or replicated.
type runner func(ctx context.Context, op string, s *redis.Script, keys []string, args ...any) (reply, error)

// replicatedReservation is act for what somebody relies on.
func (c Calendar) replicatedReservation(ctx context.Context, op string, s *redis.Script, at charging.At, keys []string, more ...any) (charging.Reservation, error) {
	return c.by(ctx, c.replicated, op, s, at, keys, more)
}

func (c Calendar) act(ctx context.Context, op string, s *redis.Script, at charging.At, keys []string, more ...any) (charging.Reservation, error) {
	return c.by(ctx, c.run, op, s, at, keys, more)
}

func (c Calendar) by(ctx context.Context, run runner, op string, s *redis.Script, at charging.At, keys []string, more []any) (charging.Reservation, error) {
	got, err := run(ctx, op, s, keys, append(append(c.args(at), more...), asked(ctx), c.accounts())...)
	if err != nil {
		return charging.Reservation{}, err
	}
	if got.str(0) != "OK" {
		return charging.Reservation{}, c.refused(at, got)
	}
	res := reservation(at.ID, got)
	_ = c.follow(ctx, res)
	return res, nil
}

// refused is refusal; a location that has lost data is looked at by the
// next Check of the Incarnation.
func (c *conn) refused(at charging.At, r reply) *charging.Refusal {
	if charging.Code(r.str(0)) == forgotten {
		c.suspects.Store(at.Location, nil)
	}
	out := refusal(at, r)
	if out.Code == charging.CodeQuotaExceeded {
		out.RetryAfter = c.comeAgain(r)
	}
	return out
}
