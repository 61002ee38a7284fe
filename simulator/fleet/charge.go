package fleet

import (
	"context"
	"errors"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
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
	site, err := d.run.chargers.location(ctx, l.EVSEID)
	if err != nil {
		return missed, err.Error()
	}
	o, ok := outletOf(site, l.EVSEID)
	if !ok {
		return missed, "no connector of " + string(l.EVSEID) + " fits"
	}
	d.set(Waiting)
	if d.until(ctx, l.Start, PhaseWait) != nil {
		return over, ""
	}
	free, err := d.run.yard.enter(ctx, l.EVSEID, d.real(l.Start.Add(d.noShow(ctx, l.EVSEID)-plugMargin)))
	if err != nil {
		d.catchUp(PhaseWait)
		if ctx.Err() != nil {
			return over, ""
		}
		d.done[l.ReservationID] = true
		return missed, "somebody else stands at " + string(l.EVSEID)
	}
	defer free()
	if end, why := d.plug(ctx, l); end != reached {
		return end, why
	}
	d.set(Plugged)
	return d.session(ctx, l, o, at)
}

// real is how long until a civil instant.
func (d *driver) real(at time.Time) time.Duration {
	return time.Duration(float64(at.Sub(d.now())) / d.run.options.Speed)
}

// plug says that the car is there. Coming too early is waited for; other refusals
// end the stop.
func (d *driver) plug(ctx context.Context, l trip.Leg) (turn, string) {
	for range 3 {
		err, ok := d.insist(ctx, carlink.ActionPlug, map[string]any{"evse_id": l.EVSEID, "soc": round(d.soc(), 1e4)}, &struct{}{})
		d.catchUp(PhaseWait)
		switch {
		case ctx.Err() != nil:
			return over, ""
		case ok && err == nil:
			return reached, ""
		case ok:
			d.report(Refused, "%s: %v", l.EVSEID, err)
		}
		if !errors.Is(err, charging.CodeTooEarly) {
			d.done[l.ReservationID] = true
			return missed, "plugging in at " + string(l.EVSEID) + ": " + err.Error()
		}
		if d.until(ctx, d.now().Add(max(l.Start.Sub(d.now()), 0)+30*time.Second), PhaseWait) != nil {
			return over, ""
		}
	}
	d.done[l.ReservationID] = true
	return missed, "plugging in at " + string(l.EVSEID) + " is still too early"
}

// bill is what the company says when a car leaves: the session as it has metered
// and priced it. It is empty where the company does not say.
type bill struct {
	Session *struct {
		EnergyKWh   float64 `json:"energy_kwh"`
		IdleMinutes float64 `json:"idle_minutes"`
		Price       *struct {
			Idle  float64 `json:"idle"`
			Total float64 `json:"total"`
		} `json:"price"`
	} `json:"session"`
}

// session charges by the car's curve, until it has what it needs or its window
// ends, and leaves.
func (d *driver) session(ctx context.Context, l trip.Leg, o outlet, at geo.Point) (turn, string) {
	begin := d.clock
	c := o.charge(d.car.Model, d.soc())
	s := Session{
		ReservationID: l.ReservationID, TripID: d.t.ID, Company: l.CompanyID, EVSE: l.EVSEID, Window: l.Window(), Plugged: begin, Lat: at.Lat, Lon: at.Lon,
		FromSoC: c.from, Efficiency: o.efficiency, PerKWh: o.tariff.PerKWh, PerSession: o.tariff.PerSession,
	}
	d.report(Charging, "%s with %s", l.EVSEID, percent(c.from))
	full := begin.Add(c.until(d.target(ctx, l, c.from)))
	end := earlier(full, l.End.Add(-unplugEarly))
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
	body := map[string]any{"evse_id": l.EVSEID, "soc": round(d.soc(), 1e4), "energy_kwh": round(s.MeterKWh, 1e6)}
	var told bill
	err, ok := d.insist(ctx, carlink.ActionUnplug, body, &told)
	d.catchUp(PhaseCharge)
	if ok && err != nil {
		d.report(Refused, "leaving %s: %v", l.EVSEID, err)
	}
	s.Unplugged = d.clock
	s.Overstayed = max(s.Unplugged.Sub(s.Window.End), 0)
	s.Price = round(s.PerSession+s.PerKWh*s.MeterKWh, 100)
	if b := told.Session; b != nil && b.Price != nil {
		s.Billed, s.BilledKWh = true, b.EnergyKWh
		s.Overstay, s.Price = b.Price.Idle, b.Price.Total
	}
	d.rec.Sessions = append(d.rec.Sessions, s)
	d.rec.Paid += s.Price
	d.done[l.ReservationID] = true
	if ctx.Err() != nil {
		return over, ""
	}
	return changed, ""
}

// target is the charge with which to leave a stop: what the plan says, and what
// the car itself thinks that the way to the next halt takes.
func (d *driver) target(ctx context.Context, l trip.Leg, soc float64) float64 {
	to := point(d.j.To)
	for _, next := range d.t.Legs {
		if next.Leg > l.Leg && !d.done[next.ReservationID] {
			if site, err := d.run.chargers.location(ctx, next.EVSEID); err == nil {
				to = geo.Point{Lat: site.Lat, Lon: site.Lon}
			}
			break
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
