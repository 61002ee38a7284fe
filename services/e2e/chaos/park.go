package chaos

import (
	"context"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/fleet"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

// oneIn reports true once in n times.
func (d *driver) oneIn(n int) bool { return d.rng.IntN(n) == 0 }

// park does what cars do at the stops of a booked trip, and what they should not.
func (d *driver) park(p place, c *car, t trip.Trip) {
	if d.oneIn(6) {
		return // it never comes
	}
	if d.oneIn(3) {
		d.twice(p, c, t)
		return
	}
	legs := t.Legs
	if len(legs) > 1 && d.oneIn(5) {
		legs = []trip.Leg{legs[1], legs[0]}
	}
	for _, l := range legs {
		if stop := d.plugIn(p, c, t, l, d.astray(p, c, t, l)); stop != nil {
			d.meddle(p, c, t, l, *stop)
			d.leave(c, t, l)
		}
	}
	if d.oneIn(4) {
		d.cancel(c, t)
	}
}

// astray are words that come too early, or to the wrong plug. It tells when the
// car has left, where the word of that has overtaken the one that it came.
func (d *driver) astray(p place, c *car, t trip.Trip, l trip.Leg) (left time.Time) {
	if d.oneIn(8) {
		d.unplug(c, t, l, time.Time{})
	}
	if d.oneIn(10) {
		left = time.Now()
		d.unplug(c, t, l, left)
	}
	if d.oneIn(8) {
		d.r.say(d.n, c, word{history.Plug, t.ID, charging.Plug{EVSEID: p.evse(d.rng), SoC: 0.3}})
	}
	return left
}

// plugIn arrives, now and then while the stop is being exchanged, and gives the
// stop where the car charges.
func (d *driver) plugIn(p place, c *car, t trip.Trip, l trip.Leg, left time.Time) *history.Stop {
	var swaps sync.WaitGroup
	if d.oneIn(6) {
		other := p.evse(d.rng)
		swaps.Go(func() { d.swap(c, t, l, other) })
	}
	w := word{history.Plug, t.ID, charging.Plug{EVSEID: l.EVSEID, SoC: 0.3}}
	if !left.IsZero() {
		w.plug.At = left.Add(-time.Second).UTC()
	} else if d.oneIn(2) {
		w.plug.At = time.Now().UTC()
	}
	o := d.r.say(d.n, c, w)
	swaps.Wait()
	if !o.OK() {
		return nil
	}
	return o.Stop
}

// meddle is what nobody may do to a stop at which a car charges.
func (d *driver) meddle(p place, c *car, t trip.Trip, l trip.Leg, stop history.Stop) {
	if d.oneIn(3) {
		d.stray(c, stop)
	}
	if d.oneIn(4) {
		d.swap(c, t, l, p.evse(d.rng))
	}
	if d.oneIn(6) {
		d.cancel(c, t)
	}
	if d.oneIn(8) {
		q := api.DecisionRequest{Action: api.ActionGiveUp, Leg: l.Leg}
		_, _ = d.did(history.Op{Kind: history.Decide, Trip: t.ID, Action: q.Action}, c, func(ctx context.Context) (trip.Trip, error) {
			return d.api(c).Decide(ctx, t.ID, q, 0)
		})
	}
	if d.oneIn(6) {
		d.r.say(d.n, c, word{history.Plug, t.ID, charging.Plug{EVSEID: l.EVSEID, SoC: 0.4}})
	}
	d.r.pause(context.Background(), time.Duration(d.rng.IntN(1500))*time.Millisecond)
}

// strayEpochs is how many owners a stray compensate is ahead of the stop's first:
// more than a trip ever has, so that it is not refused as a former owner's.
const strayEpochs = 1000

// stray compensates a stop at which a car charges, in its originator's name. Once
// a plug has been answered nothing but the session's end leads away from it.
func (d *driver) stray(c *car, stop history.Stop) {
	owner := c.at(stop)
	if owner == "" {
		return
	}
	to := d.r.fleet.Company[stop.Origin].To[owner]
	if to == nil { // the company that cheats: it has promised nothing
		return
	}
	far, err := client.New(client.Options{
		BaseURL: to.URL(), Token: d.r.shows(stop.Origin, owner), Self: stop.Origin, HTTP: d.r.http, Timeout: callTimeout,
	})
	if err != nil {
		panic(err) // the link's own address
	}
	o := history.Op{Client: d.n, Kind: history.Stray, Company: owner, Vehicle: c.id, Trip: stop.Trip, EVSE: stop.EVSE, Call: d.r.rec.Now()}
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	_, err = far.Compensate(ctx, charging.Ref{
		ID: stop.ReservationID, TripID: stop.Trip, Origin: stop.Origin, EVSEID: stop.EVSE, End: stop.End, Epoch: stop.Epoch + strayEpochs,
	})
	o.Answered, o.Code = answered(err)
	d.r.rec.Add(o)
}

// at is the company that has a stop, where it is not the trip's own.
func (c *car) at(stop history.Stop) charging.CompanyID {
	owner := stop.EVSE.Company()
	if stop.Origin != c.home || owner == c.home {
		return ""
	}
	return owner
}

// leave unplugs at once, much later, twice, or never.
func (d *driver) leave(c *car, t trip.Trip, l trip.Leg) {
	switch {
	case d.oneIn(16):
		return
	case d.oneIn(4):
		w, stay := d.goodbye(t, l, time.Time{}), time.Duration(3000+d.rng.IntN(9000))*time.Millisecond
		d.r.leaving.Go(func() {
			d.r.pause(context.Background(), stay)
			d.r.say(d.n, c, w)
		})
		return
	}
	d.unplug(c, t, l, time.Time{})
	if d.oneIn(5) {
		d.unplug(c, t, l, time.Now())
	}
}

func (d *driver) goodbye(t trip.Trip, l trip.Leg, at time.Time) word {
	kWh := float64(50+d.rng.IntN(150)) / 100
	return word{history.Unplug, t.ID, charging.Plug{EVSEID: l.EVSEID, SoC: 0.5, EnergyKWh: &kWh, At: at.UTC()}}
}

func (d *driver) unplug(c *car, t trip.Trip, l trip.Leg, at time.Time) {
	d.r.say(d.n, c, d.goodbye(t, l, at))
}

func (d *driver) swap(c *car, t trip.Trip, l trip.Leg, other charging.EVSEID) {
	stop := &api.Stop{Leg: l.Leg, EVSEID: other, Start: l.Start, End: l.End}
	_, _ = d.did(history.Op{Kind: history.Swap, Trip: t.ID}, c, func(ctx context.Context) (trip.Trip, error) {
		return d.api(c).Swap(ctx, t.ID, api.SwapRequest{Stop: stop})
	})
}

func (d *driver) cancel(c *car, t trip.Trip) history.Op {
	_, did := d.did(history.Op{Kind: history.Cancel, Trip: t.ID}, c, func(ctx context.Context) (trip.Trip, error) {
		return d.api(c).Cancel(ctx, t.ID)
	})
	return did
}

// twice lets one vehicle plug in on two trips at once: the second one is made at
// another company, which knows the vehicle by the same name.
func (d *driver) twice(p place, c *car, t trip.Trip) {
	twin := d.twin(c)
	if twin == nil {
		return
	}
	other, ok := d.create(p, twin)
	for deadline := time.Now().Add(patience); ok && !other.State.Settled() && time.Now().Before(deadline); {
		other = d.read(twin, other)
	}
	if !ok || other.State != trip.Confirmed {
		d.r.say(d.n, c, word{history.Plug, t.ID, charging.Plug{EVSEID: t.Legs[0].EVSEID, SoC: 0.3}})
		d.unplug(c, t, t.Legs[0], time.Time{})
		return
	}
	second := word{history.Plug, other.ID, charging.Plug{EVSEID: other.Legs[0].EVSEID, SoC: 0.3}}
	byeFirst, byeSecond := d.goodbye(t, t.Legs[0], time.Time{}), d.goodbye(other, other.Legs[0], time.Time{})
	var both sync.WaitGroup
	both.Go(func() {
		d.r.say(d.n, twin, second)
		d.r.pause(context.Background(), time.Second)
		d.r.say(d.n, twin, byeSecond)
	})
	o := d.r.say(d.n, c, word{history.Plug, t.ID, charging.Plug{EVSEID: t.Legs[0].EVSEID, SoC: 0.3}})
	if o.OK() && o.Stop != nil && d.oneIn(3) {
		d.stray(c, *o.Stop)
	}
	d.r.pause(context.Background(), time.Second)
	d.r.say(d.n, c, byeFirst)
	both.Wait()
}

// twin is the same vehicle at another company's server; nil where it drew its own.
func (d *driver) twin(c *car) *car {
	home := fleet.Companies[d.rng.IntN(len(fleet.Companies))]
	if home == c.home {
		return nil
	}
	return &car{home: home, id: c.id, secret: c.secret, busy: map[int]bool{}}
}
