package fleet

import (
	"context"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

const (
	// unplugEarly is how long before its window's end a car leaves.
	unplugEarly = 30 * time.Second
	// arriveWith is what a car wants to have left at its next halt, by its own
	// forecast, when it unplugs.
	arriveWith = 0.12
	// enough is the charge above which nobody stays for more.
	enough = 0.97
)

// charge waits for the window, plugs in, charges and leaves.
func (d *driver) charge(ctx context.Context, l trip.Leg, at geo.Point) (turn, string) {
	d.set(Waiting)
	m := d.occasion()
	if m != "" {
		d.run.tally.rude()
	}
	s, o, err := d.open(ctx, l)
	if err != nil {
		return missed, err.Error()
	}
	stands, end, why := d.connect(ctx, m, l)
	if end != reached {
		return end, why
	}
	defer stands.leave()
	d.set(Plugged)
	s.Asked, s.Plugged, s.FromSoC = stands.asked, d.clock, d.soc()
	set(&s.ReservationID, stands.id) // the stop may have been changed on the way
	return d.session(ctx, m, l, s, o, at)
}

// open is an account of what the car will do at a stop, and the outlet there.
func (d *driver) open(ctx context.Context, l trip.Leg) (Session, outlet, error) {
	site, err := d.run.chargers.location(ctx, l.EVSEID)
	if err != nil {
		return Session{}, outlet{}, err
	}
	o, ok := outletOf(site, l.EVSEID, d.car.Model.Plugs())
	if !ok {
		return Session{}, o, fmt.Errorf("no connector of %s fits", l.EVSEID)
	}
	return Session{
		ReservationID: l.ReservationID, TripID: d.t.ID, Company: l.CompanyID, EVSE: l.EVSEID, Window: l.Window(), Lat: site.Lat, Lon: site.Lon,
		FromSoC: d.soc(), ToSoC: d.soc(), Efficiency: o.efficiency, PerKWh: o.tariff.PerKWh, PerSession: o.tariff.PerSession,
	}, o, nil
}

// real is how long until a civil instant.
func (d *driver) real(at time.Time) time.Duration {
	return time.Duration(float64(at.Sub(d.now())) / d.run.options.Speed)
}

// session charges by the car's curve, until it has what it needs, its window ends
// or the power fails, and leaves.
func (d *driver) session(ctx context.Context, m Misdeed, l trip.Leg, s Session, o outlet, at geo.Point) (turn, string) {
	begin := s.Plugged
	c := o.charge(d.car.Model, d.soc())
	d.report(Charging, "%s with %s", l.EVSEID, percent(c.from))
	if d.slunk != nil { // its company has ended that session by itself, or should have
		d.own(ctx, LetIn)
	}
	d.provokeCharging(ctx, m, l)
	full := begin.Add(c.until(d.target(ctx, l, c.from)))
	end := earlier(full, l.End.Add(-unplugEarly))
	if cut, ok := d.run.options.World.PowerCut(begin.Sub(d.run.began), l.CompanyID); ok {
		end = earlier(end, d.run.began.Add(cut))
	}
	if end.Before(begin) {
		end = begin
	}
	if !d.charging(ctx, c, begin, end, at) {
		return over, ""
	}
	s.ToSoC = d.soc()
	s.BatteryKWh = (s.ToSoC - s.FromSoC) * d.car.Model.UsableBatteryKWh
	s.MeterKWh = s.BatteryKWh / s.Efficiency
	if late := d.j.Quirks.Overstay; late > 0 && d.stopsLeft() && l.Leg-1 == d.j.Quirks.OverstayAt%len(d.t.Legs) {
		d.j.Quirks.Overstay = 0
		d.report(Overstayed, "%s by %s", l.EVSEID, late)
		if d.until(ctx, l.End.Add(late), PhaseCharge) != nil {
			return over, ""
		}
	}
	if m == Slink {
		return d.slink(l, s), ""
	}
	return d.unplug(ctx, l, s)
}

func (d *driver) stopsLeft() bool { return len(d.t.Legs) > 0 }

// charging lets the battery fill up to a civil instant.
func (d *driver) charging(ctx context.Context, c charge, begin, end time.Time, at geo.Point) bool {
	usable := d.car.Model.UsableBatteryKWh
	for {
		left := d.real(end)
		if left <= 0 {
			break
		}
		if pause(ctx, min(left, d.run.options.Telemetry)) != nil {
			return false
		}
		now := earlier(d.now(), end)
		before := d.kWh
		d.kWh = c.after(now.Sub(begin)) * usable
		if h := now.Sub(d.clock).Hours(); h > 0 {
			d.tell(at, 0, -(d.kWh-before)/h, false)
		}
		d.spend(PhaseCharge, now)
		d.connections()
	}
	d.kWh = c.after(end.Sub(begin)) * usable
	d.spend(PhaseCharge, end)
	d.tell(at, 0, 0, true)
	return true
}

// unplug says that the car leaves, and writes the session down.
func (d *driver) unplug(ctx context.Context, l trip.Leg, s Session) (turn, string) {
	d.sayLeft(ctx, &s)
	d.catchUp(PhaseCharge)
	d.done[l.ReservationID] = true
	d.write(s)
	if ctx.Err() != nil {
		return over, ""
	}
	return changed, ""
}

// sayLeft tells the company that the car has left, and takes its bill. A session
// that the company had ended before by itself has ended then; over is true of it.
func (d *driver) sayLeft(ctx context.Context, s *Session) (over bool) {
	s.Released = d.now()
	body := map[string]any{"evse_id": s.EVSE, "soc": round(s.ToSoC, 1e4), "energy_kwh": round(s.MeterKWh, 1e6)}
	var t told
	err, ok := d.insist(ctx, carlink.ActionUnplug, body, &t)
	if ok && err != nil {
		d.report(Refused, "leaving %s: %v", s.EVSE, err)
	}
	s.Unplugged = d.now()
	s.Price = round(s.PerSession+s.PerKWh*s.MeterKWh, 100)
	if b := t.Session; b != nil && b.Price != nil {
		s.Billed, s.BilledKWh = true, b.EnergyKWh
		s.Overstay, s.Price = b.Price.Idle, b.Price.Total
		if b.Over() && b.EndedAt.Before(s.Released.Add(-timeTolerance)) {
			s.Released, s.Unplugged, over = b.EndedAt, b.EndedAt, true
		}
	}
	s.Overstayed = max(s.Unplugged.Sub(s.Window.End), 0)
	return over
}

// write puts a session into the books.
func (d *driver) write(s Session) {
	d.rec.Sessions = append(d.rec.Sessions, s)
	d.rec.Paid += s.Price
}

// after is the stop that comes after another, nil for none.
func (d *driver) after(l trip.Leg) *trip.Leg {
	for k := range d.t.Legs {
		if next := &d.t.Legs[k]; next.Leg > l.Leg && !d.done[next.ReservationID] {
			return next
		}
	}
	return nil
}

// target is the charge with which to leave a stop: what the plan says, and what
// the car itself thinks that the way to the next halt takes.
func (d *driver) target(ctx context.Context, l trip.Leg, soc float64) float64 {
	to := point(d.j.To)
	if next := d.after(l); next != nil {
		if site, err := d.run.chargers.location(ctx, next.EVSEID); err == nil {
			to = geo.Point{Lat: site.Lat, Lon: site.Lon}
		}
	}
	w := wayOf(d.at, to)
	usable := d.car.Model.UsableBatteryKWh
	needed := arriveWith + need(d.car.Model, w.km, w.kmh, d.tendency(), manner{air: d.air()})*max(1, 1/factor(d.tendency()))/usable
	if d.j.Quirks.Careless {
		d.rec.OffPlan = append(d.rec.OffPlan, "careless")
		return soc + 0.5*max(needed-soc, 0)
	}
	target := max(needed, soc+l.EnergyKWh/usable)
	for _, p := range d.plan.Stops {
		if p.EVSEID == l.EVSEID && p.Leg == l.Leg {
			target = max(needed, p.DepartSoC)
		}
	}
	return min(target, max(enough, needed), 1)
}
