package fleet

import (
	"context"
	"errors"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

const (
	// mostAsks at one plug, whatever the refusals.
	mostAsks = 12
	// askAgain is the civil time after which a car asks again whose plug counts as
	// occupied although it sees nobody there.
	askAgain = 3 * time.Minute
)

// stand is a car at a plug: when it said that it has plugged in, and how it leaves.
type stand struct {
	leave func()
	asked time.Time
	id    charging.ReservationID // whose plug the company takes it to be
}

// connect waits for the window and for whoever is still there, and says that the
// car has plugged in, until it may charge or knows that it will not.
func (d *driver) connect(ctx context.Context, m Misdeed, l trip.Leg) (at stand, end turn, why string) {
	d.provoke(ctx, m, l)
	if m == Barge {
		if at, ok := d.barge(ctx, l); ok {
			return at, reached, ""
		}
	}
	if d.until(ctx, l.Start, PhaseWait) != nil {
		return at, over, ""
	}
	patience := l.Start.Add(d.noShow(ctx, l.EVSEID) - plugMargin)
	free, err := d.run.yard.enter(ctx, l.EVSEID, d.real(patience))
	d.catchUp(PhaseWait)
	switch {
	case ctx.Err() != nil:
		if err == nil {
			free()
		}
		return at, over, ""
	case err != nil: // it says that it is there, and hears what else it may take
		free, _ = d.run.yard.squeeze(l.EVSEID)
		d.run.tally.crowd()
	}
	if m == Overtaken && err == nil {
		defer free()
		end, why = d.overtaken(ctx, l)
		return at, end, why
	}
	if at, end, why = d.plug(ctx, m, l, patience); end != reached {
		free()
		return at, end, why
	}
	at.leave = free
	return at, reached, ""
}

// plug says that the car is there. What is only so for the moment is waited for,
// an occupied plug until patience ends; other refusals end the stop. A session that
// the company has opened and ended while its answer was on the way is unplugged from
// with nothing taken.
func (d *driver) plug(ctx context.Context, m Misdeed, l trip.Leg, patience time.Time) (at stand, end turn, why string) {
	say := d.sayPlugged
	if m == Twice {
		say = d.sayTwice
	}
	for range mostAsks {
		at.asked = d.now()
		var t told
		err, ok := say(ctx, l, &t)
		say = d.sayPlugged
		d.catchUp(PhaseWait)
		switch {
		case ctx.Err() != nil:
			return at, over, ""
		case ok && err == nil:
			at.id = t.ReservationID
			return at, reached, ""
		case ok:
			d.report(Refused, "%s: %v", l.EVSEID, err)
		}
		wait := askAgain
		switch {
		case errors.Is(err, charging.CodeTooEarly) && d.now().Before(l.End):
			wait = max(l.Start.Sub(d.now()), 0) + 30*time.Second
		case errors.Is(err, charging.CodeVehicleBusy) && d.slunk != nil:
			d.own(ctx, answerOf(err, ok))
			continue
		case errors.Is(err, charging.CodeEVSEOccupied) && d.now().Before(patience):
		case errors.Is(err, charging.CodeEVSEOccupied):
			end, why = d.yield(ctx, l, err)
			return at, end, why
		case errors.Is(err, charging.CodeSessionEnded):
			end, why = d.complain(ctx, l, at.asked)
			return at, end, why
		default:
			return at, d.lose(l), "plugging in at " + string(l.EVSEID) + ": " + err.Error()
		}
		if d.until(ctx, d.now().Add(wait), PhaseWait) != nil {
			return at, over, ""
		}
	}
	return at, d.lose(l), "plugging in at " + string(l.EVSEID) + " is still refused"
}

func (d *driver) sayPlugged(ctx context.Context, l trip.Leg, t *told) (err error, ok bool) {
	return d.insist(ctx, carlink.ActionPlug, d.plugging(l.EVSEID), t)
}

func (d *driver) plugging(id charging.EVSEID) map[string]any {
	return map[string]any{"evse_id": id, "soc": round(d.soc(), 1e4)}
}

// complain says of a session that the car was never told of that it has got nothing:
// its figure takes the place of the company's estimate.
func (d *driver) complain(ctx context.Context, l trip.Leg, asked time.Time) (turn, string) {
	s, _, err := d.open(ctx, l)
	if err != nil {
		return missed, err.Error()
	}
	s.Asked, s.Plugged = asked, d.clock
	d.sayLeft(ctx, &s)
	d.catchUp(PhaseWait)
	d.write(s)
	return d.lose(l), "the session at " + string(l.EVSEID) + " was over before the car heard that it had begun"
}

// lose gives a stop up.
func (d *driver) lose(l trip.Leg) turn {
	d.done[l.ReservationID] = true
	return missed
}

// yield takes another stop for one whose plug somebody else keeps; where there is
// none the car plans anew.
func (d *driver) yield(ctx context.Context, l trip.Leg, refusal error) (turn, string) {
	var offer *trip.Offer
	if errors.As(refusal, &offer) && len(offer.Alternatives) > 0 {
		var t trip.Trip
		err, ok := d.ask(ctx, carlink.ActionSwap, d.t.ID, map[string]any{"alternative_id": offer.Alternatives[0].ID}, &t)
		if ok && err == nil {
			d.report(Accepted, "stop %d: %s instead of %s, where somebody else is", l.Leg, offer.Alternatives[0].EVSEID, l.EVSEID)
			d.t = t
			return changed, ""
		}
	}
	return d.lose(l), "somebody else stands at " + string(l.EVSEID)
}
