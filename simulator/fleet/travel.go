package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// turn is how a drive, or a time at a stop, ended.
type turn int

const (
	reached turn = iota // the stop, or the destination
	changed             // the trip has other stops now
	missed              // the booked stops are of no use any more: plan again
	broken
	empty
	over // the fleet's time is over
)

// travel drives from where the car is to the destination, by the stops of the
// booked trip, and books others where they will not do.
func (d *driver) travel(ctx context.Context) (Ending, string) {
	d.clock = d.now()
	d.rec.Departure, d.rec.StartKWh = d.clock, d.kWh
	d.report(Driving, "%s → %s", d.j.From, d.j.To)
	for {
		why := ""
		leg, there, err := d.next(ctx)
		var end turn
		switch {
		case err != nil:
			end, why = missed, err.Error()
		default:
			if end, why = d.drive(ctx, there, leg); end == reached && leg == nil {
				d.set(Idle)
				return Arrived, ""
			}
			if end == reached {
				end, why = d.charge(ctx, *leg, there)
			}
		}
		switch end {
		case missed:
			if e, reason := d.replan(ctx, why); e != "" {
				return e, reason
			}
		case broken:
			d.giveBack(ctx)
			return Broken, fmt.Sprintf("after %.0f km", d.odometer())
		case empty:
			d.giveBack(ctx)
			return Empty, fmt.Sprintf("empty after %.0f km", d.odometer())
		case over:
			return Unfinished, ""
		}
	}
}

// next is the stop that comes next, nil where there is none, and where it is. The
// error says why the booked stops are of no use.
func (d *driver) next(ctx context.Context) (*trip.Leg, geo.Point, error) {
	d.hear(ctx)
	for _, l := range d.t.Legs {
		if d.done[l.ReservationID] {
			continue
		}
		if l.State != charging.Reserved && l.State != "" && l.State != trip.LegPlanned {
			return nil, geo.Point{}, fmt.Errorf("stop %d at %s is %s", l.Leg, l.EVSEID, l.State)
		}
		site, err := d.run.chargers.location(ctx, l.EVSEID)
		if err != nil {
			return nil, geo.Point{}, err
		}
		return &l, geo.Point{Lat: site.Lat, Lon: site.Lon}, nil
	}
	return nil, point(d.j.To), nil
}

// hear takes the newest that is known of the trip, and decides about a stop that
// was lost on the way. It is true where the stops have changed.
func (d *driver) hear(ctx context.Context) bool {
	before := d.t
	if before.ID == "" {
		return false
	}
	if heard, ok := d.link.Trip(before.ID); ok && heard.UpdatedAt.After(before.UpdatedAt) {
		d.t = heard
	}
	if d.t.Decision != nil && !d.dark {
		if t, ok := d.decide(ctx, d.t, false); ok {
			d.t = t
		}
	}
	return stops(before) != stops(d.t)
}

// stops are what a trip's stops look like, to tell whether they have changed.
func stops(t trip.Trip) string {
	s := ""
	for _, l := range t.Legs {
		s += fmt.Sprintf("%s %s %d %d|", l.EVSEID, l.State, l.Start.Unix(), l.End.Unix())
	}
	return s
}

// Margins of what a car puts up with.
const (
	// leastArrival is the forecast charge at the next stop with which a car still
	// drives on: below it, first slowly, then to another charger.
	ecoArrival, leastArrival = 0.05, 0.015
	// hurryArrival is with how much left a car that is late still hurries.
	hurryArrival = 0.08
	// plugMargin is how long before the no-show time a car must be there.
	plugMargin = time.Minute
)

// drive goes to a point, piece by piece. The leg is the stop there, nil at the
// destination.
func (d *driver) drive(ctx context.Context, to geo.Point, leg *trip.Leg) (turn, string) {
	d.set(OnTheRoad)
	w := wayOf(d.at, to)
	total := d.odometer() + geo.Distance(d.at, point(d.j.To))*1.2 // about the whole journey
	d.eco, d.hurry = false, false
	for done := 0.0; done < w.km; {
		if t, why := d.look(ctx, w, done, leg); t != reached {
			return t, why
		}
		km := min(pieceKm, w.km-done)
		odo := d.odometer()
		s := d.j.stretch(odo)
		d.discharge = s.Discharge
		p := pieceOf(d.car.Model, km, w.kmh, s, manner{d.eco, d.hurry, d.air()})
		if end := d.roll(ctx, w, done, p); end != reached {
			return end, ""
		}
		done += km
		if q := &d.j.Quirks; q.BreakDownAt > 0 && odo >= q.BreakDownAt*total {
			return broken, ""
		} else if q.DetourKm > 0 && odo >= q.DetourAt*total {
			detour := q.DetourKm
			q.DetourKm = 0
			d.rec.OffPlan = append(d.rec.OffPlan, "detour")
			if end := d.around(ctx, w, done, detour); end != reached {
				return end, ""
			}
		}
		if n, closed := d.run.options.World.Closed(d.clock.Sub(d.run.began), d.at); closed && !d.passed[n] {
			d.passed[n] = true
			if end := d.around(ctx, w, done, d.run.options.World.Events[n].DetourKm); end != reached {
				return end, ""
			}
		}
	}
	d.at = to
	d.cover(true) // there is a network at every charger and in every town
	return reached, ""
}

// around drives a detour of some km, at a point of a way.
func (d *driver) around(ctx context.Context, w way, at, km float64) turn {
	for left := km; left > 0; left -= pieceKm {
		s := d.j.stretch(d.odometer())
		p := pieceOf(d.car.Model, min(left, pieceKm), 50, s, manner{d.eco, d.hurry, d.air()})
		if end := d.roll(ctx, w, at-p.km, p); end != reached {
			return end
		}
	}
	return reached
}

// look judges, before each piece, whether the car gets to its stop: with its
// battery, and in time.
func (d *driver) look(ctx context.Context, w way, done float64, leg *trip.Leg) (turn, string) {
	d.cover(d.run.options.World.Covered(d.clock.Sub(d.run.began), d.at))
	d.connections()
	if d.hear(ctx) || d.heed(ctx) {
		return changed, ""
	}
	left := w.km - done
	usable := d.car.Model.UsableBatteryKWh
	forecast := func(eco bool) float64 {
		return (d.kWh - need(d.car.Model, left, w.kmh, d.tendency(), manner{eco: eco, air: d.air()})) / usable
	}
	d.eco = forecast(false) < ecoArrival
	if d.eco && forecast(true) < leastArrival && left > pieceKm && !d.dark {
		return missed, fmt.Sprintf("the battery would have %s left at the next stop", percent(forecast(true)))
	}
	if leg == nil || d.dark {
		return reached, ""
	}
	latest := leg.Start.Add(d.noShow(ctx, leg.EVSEID) - plugMargin)
	arrive := func(pace float64) time.Time {
		return d.clock.Add(time.Duration(left / (w.kmh * pace) * float64(time.Hour)))
	}
	if d.eco && arrive(ecoPace).After(latest) && forecast(false) >= leastArrival {
		d.eco = false // there is little left either way, and the window is now
	}
	pace := 1.0
	d.hurry = !d.eco && arrive(1).After(leg.Start) && forecast(false) > hurryArrival
	switch {
	case d.eco:
		pace = ecoPace
	case d.hurry:
		pace = hurryPace
	}
	if late := arrive(pace).Sub(latest); late > 0 && !d.tooLateToCancel(ctx, *leg) {
		return missed, fmt.Sprintf("it would come to %s %s too late", leg.EVSEID, late.Round(time.Minute))
	}
	return reached, ""
}

// tooLateToCancel is true where the terms of the stop forbid to cancel; then the
// car goes there all the same.
func (d *driver) tooLateToCancel(ctx context.Context, l trip.Leg) bool {
	site, err := d.run.chargers.location(ctx, l.EVSEID)
	return err == nil && d.now().After(l.Start.Add(-time.Duration(site.Terms.CancelUntil)*time.Second))
}

// noShow is how long after its window's start a car may come to an EVSE.
func (d *driver) noShow(ctx context.Context, id charging.EVSEID) time.Duration {
	site, err := d.run.chargers.location(ctx, id)
	if err != nil || site.Terms.NoShowTimeout <= 0 {
		return 15 * time.Minute
	}
	return time.Duration(site.Terms.NoShowTimeout * float64(time.Second))
}

// roll drives one piece. The books are exact, whenever this goroutine is woken.
func (d *driver) roll(ctx context.Context, w way, done float64, p piece) turn {
	runsDry := p.kWh > d.kWh
	if runsDry {
		share := d.kWh / p.kWh
		p.km, p.kWh = p.km*share, d.kWh
	}
	from, start := d.clock, d.kWh
	to := from.Add(p.time())
	d.discharge = p.discharge
	for {
		left := time.Duration(float64(to.Sub(d.now())) / d.run.options.Speed)
		if left <= 0 {
			break
		}
		if pause(ctx, min(left, d.run.options.Telemetry)) != nil {
			return over
		}
		share := min(float64(d.now().Sub(from))/float64(max(to.Sub(from), 1)), 1)
		d.kWh = start - share*p.kWh
		d.tell(w.at(done+share*p.km), p.kmh, p.kWh/p.time().Hours(), false)
	}
	d.kWh = start - p.kWh
	d.rec.ConsumedKWh += p.kWh
	d.rec.phase(PhaseDrive, from, to, p.km)
	d.clock, d.at = to, w.at(done+p.km)
	d.rec.Path = append(d.rec.Path, d.at)
	d.tell(d.at, p.kmh, p.kWh/max(p.time().Hours(), 1e-9), runsDry)
	if runsDry {
		d.kWh = 0
		return empty
	}
	return reached
}

// tell reports telemetry, no more often than the options allow, as the car's
// sensors have it.
func (d *driver) tell(at geo.Point, kmh, kW float64, always bool) {
	now := time.Now()
	if !always && now.Sub(d.lastTold) < d.run.options.Telemetry {
		return
	}
	d.lastTold = now
	t := carlink.Telemetry{
		At: d.now(), Lat: at.Lat + 2e-4*(d.noise.Float64()-0.5), Lon: at.Lon + 2e-4*(d.noise.Float64()-0.5),
		SoC: d.soc() + 0.01*(d.noise.Float64()-0.5), SpeedKMH: min(max(kmh*(0.98+0.04*d.noise.Float64()), 0), 300),
		PowerKW: min(max(kW, -1000), 1000), Discharge: d.discharge,
	}
	t.SoC = min(max(t.SoC, 0), 1)
	if d.soc() == 0 {
		t.SoC = 0
	}
	d.link.Telemetry(t)
}

// cover tells the link whether there is a network.
func (d *driver) cover(ok bool) {
	if ok != d.dark {
		return
	}
	d.dark = !ok
	if r, can := d.link.(Radio); can {
		r.Cover(ok)
		if !ok {
			d.report(Dark, "no network near %s", d.at)
		}
	}
}

// giveBack cancels what the car will not use, as far as the terms allow.
func (d *driver) giveBack(ctx context.Context) {
	d.cover(true) // somebody comes, with a telephone
	if err := d.cancel(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, charging.CodeCancelTooLate) {
		d.report(Failed, "canceling trip %s: %v", d.t.ID, err)
	}
}
