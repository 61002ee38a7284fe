package fleet

import (
	"context"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// told is what a company says of a stop at the plug.
type told struct {
	ReservationID charging.ReservationID `json:"reservation_id"`
	State         charging.State         `json:"state"`
	Session       *charging.Session      `json:"session"`
}

// provoke tries, before the car plugs in, what must come to nothing.
func (d *driver) provoke(ctx context.Context, m Misdeed, l trip.Leg) {
	switch m {
	case Stranger:
		id, ok := d.neighbour(ctx, l)
		if !ok {
			return
		}
		a := answerOf(d.ask(ctx, carlink.ActionPlug, "", d.plugging(id), &told{}))
		d.tried(m, id, a, forbidden(a, "the car was let in where it has booked nothing"))
	case Backwards:
		var t told
		a := answerOf(d.ask(ctx, carlink.ActionUnplug, "", d.plugging(l.EVSEID), &t))
		d.tried(m, l.EVSEID, a, forbidden(a, "a session was ended that had not begun: the stop is "+string(t.State)))
	}
	d.catchUp(PhaseWait)
}

// neighbour is an EVSE near a stop where the car has booked nothing.
func (d *driver) neighbour(ctx context.Context, l trip.Leg) (charging.EVSEID, bool) {
	mine := map[charging.EVSEID]bool{}
	for _, own := range d.t.Legs {
		mine[own.EVSEID] = true
	}
	return d.run.chargers.beside(ctx, l.EVSEID, mine)
}

// barge plugs in at once. Whether it may have been let in shows in the books: where
// another session was on, or another's window, it may not.
func (d *driver) barge(ctx context.Context, l trip.Leg) (stand, bool) {
	leave, alone := d.run.yard.squeeze(l.EVSEID)
	if !alone {
		d.run.tally.crowd()
	}
	asked := d.now()
	var t told
	err, ok := d.ask(ctx, carlink.ActionPlug, "", d.plugging(l.EVSEID), &t)
	d.catchUp(PhaseWait)
	d.tried(Barge, l.EVSEID, answerOf(err, ok), "")
	if !ok || err != nil {
		leave()
		return stand{}, false
	}
	return stand{leave, asked, t.ReservationID}, true
}

// sayTwice says at one time, under two ids, that the car has plugged in: one
// session may come of it, and both must be told the same.
func (d *driver) sayTwice(ctx context.Context, l trip.Leg, t *told) (err error, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, d.run.options.Patience)
	defer cancel()
	type reply struct {
		err error
		ok  bool
	}
	second, body := make(chan reply, 1), d.plugging(l.EVSEID)
	go func() {
		r, err := d.link.Request(ctx, carlink.ActionPlug, "", body)
		if err != nil {
			second <- reply{err, false}
			return
		}
		second <- reply{answer(r, &told{}), true}
	}()
	err, ok = d.sayPlugged(ctx, l, t)
	other := <-second
	wrong := ""
	if ok && other.ok && (err == nil) != (other.err == nil) {
		wrong = "of two plugs of one car one was let in, and the other was told " + answerOf(other.err, true)
	}
	d.tried(Twice, l.EVSEID, answerOf(other.err, other.ok), wrong)
	return err, ok
}

// overtaken plugs in and leaves at once, and the word that it has left comes first.
// It must be kept, and end the session as soon as that begins, with a bill for
// nothing but the fee.
func (d *driver) overtaken(ctx context.Context, l trip.Leg) (turn, string) {
	left := d.now()
	body := d.plugging(l.EVSEID)
	body["at"], body["energy_kwh"] = left.Format(time.RFC3339Nano), 0
	var kept told
	a := answerOf(d.insist(ctx, carlink.ActionUnplug, body, &kept))
	if a == LetIn && kept.State == charging.Reserved {
		a = Kept
	}
	wrong := ""
	if a == LetIn {
		wrong = "a session was ended that had not begun: the stop is " + string(kept.State)
	}
	d.tried(Overtaken, l.EVSEID, a, wrong)
	d.catchUp(PhaseWait)
	s, _, err := d.open(ctx, l)
	if err != nil {
		return missed, err.Error()
	}
	before := d.plugging(l.EVSEID)
	before["at"] = left.Add(-time.Second).Format(time.RFC3339Nano)
	s.Asked = d.now()
	err, ok := d.insist(ctx, carlink.ActionPlug, before, &told{})
	d.catchUp(PhaseWait)
	if !ok || err != nil {
		return d.lose(l), "plugging in at " + string(l.EVSEID) + ": " + answerOf(err, ok)
	}
	s.Plugged = d.clock
	return d.unplug(ctx, l, s) // a repeat, where the first one was kept
}

// provokeCharging tries, while the car charges, to get out of the session without
// its bill, or into a second one.
func (d *driver) provokeCharging(ctx context.Context, m Misdeed, l trip.Leg) {
	switch m {
	case SecondPlug:
		next := d.after(l)
		if next == nil {
			return
		}
		a := answerOf(d.ask(ctx, carlink.ActionPlug, "", d.plugging(next.EVSEID), &told{}))
		d.tried(m, next.EVSEID, a, forbidden(a, "the car was let in while it charges at "+string(l.EVSEID)))
	case SwapAway:
		id, ok := d.neighbour(ctx, l)
		if !ok {
			return
		}
		body := map[string]any{"stop": map[string]any{
			"leg": l.Leg, "evse_id": id, "start": l.End.UTC().Format(time.RFC3339), "end": l.End.Add(30 * time.Minute).UTC().Format(time.RFC3339),
		}}
		a := answerOf(d.ask(ctx, carlink.ActionSwap, d.t.ID, body, &trip.Trip{}))
		d.tried(m, l.EVSEID, a, forbidden(a, "the stop was changed while the car charges there"))
	case CancelAway:
		d.cancelAway(ctx, l)
	}
}

// cancelAway cancels the trip under its own session: the coming stops may be
// released, and the present one must be kept.
func (d *driver) cancelAway(ctx context.Context, l trip.Leg) {
	var t trip.Trip
	err, ok := d.ask(ctx, carlink.ActionCancel, d.t.ID, nil, &t)
	a, wrong := answerOf(err, ok), ""
	if a == LetIn {
		d.t = t
		wrong = "the trip was canceled under its session, and nothing is kept"
		for _, k := range t.Kept {
			if k.Leg == l.Leg && k.Code == charging.CodeSessionOpen {
				a, wrong = Kept, ""
			}
		}
	}
	d.tried(CancelAway, l.EVSEID, a, wrong)
}

// slink drives off without a word. The session is the car's until somebody says
// so.
func (d *driver) slink(l trip.Leg, s Session) turn {
	s.Left = d.clock // by the books: the phase at the plug ends here
	d.slunk = &s
	d.done[l.ReservationID] = true
	return changed
}

// own says, late, that the car has left: the next plug was refused because of it or
// was not, or the trip is to be given back.
func (d *driver) own(ctx context.Context, answer string) {
	s := *d.slunk
	d.slunk = nil
	wrong := ""
	if !d.sayLeft(ctx, &s) && answer == LetIn {
		wrong = "the car was let in elsewhere while its session here was open"
	}
	d.tried(Slink, s.EVSE, answer, wrong)
	d.write(s)
}

// gone is a car whose journey is over and that has never said that it has left: its
// company must end the session by itself, an hour after its window at the latest.
func (d *driver) gone() {
	if d.slunk == nil {
		return
	}
	s := *d.slunk
	d.slunk = nil
	s.Silent, s.Unplugged, s.Released = true, s.Left, s.Window.End.Add(longestStay)
	s.Overstayed = max(s.Unplugged.Sub(s.Window.End), 0)
	d.tried(Slink, s.EVSE, Untold, "")
	d.write(s)
}

// longestStay is how long after its window a car that says nothing counts as there.
const longestStay = time.Hour
