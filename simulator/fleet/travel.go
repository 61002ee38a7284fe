package fleet

import (
	"context"
	"errors"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// stretch is a drive between two halts.
type stretch struct {
	fromKm, toKm   float64 // along the journey
	whole          float64 // km of the journey
	depart, arrive time.Time
}

func (s stretch) km() float64 { return s.toKm - s.fromKm }

// kmh is the mean speed.
func (s stretch) kmh() float64 {
	if h := s.arrive.Sub(s.depart).Hours(); h > 0 {
		return s.km() / h
	}
	return 0
}

// travel drives the plan and charges at the stops of the booked trip.
func (d *driver) travel(ctx context.Context, p trip.Plan, t trip.Trip) {
	way := wayOf(d.car.Journey)
	if n := len(t.Legs); n > 0 {
		d.bookedUntil = t.Legs[n-1].End
	}
	d.report(Driving, "%s → %s", d.car.Journey.From, d.car.Journey.To)
	now, km := p.Departure, 0.0
	if d.run.options.sleep(ctx, now.Sub(d.run.options.Now())) != nil {
		return
	}
	for k, stop := range p.Stops {
		s := stretch{fromKm: km, toKm: km + stop.DistanceKM, whole: p.DistanceKM, depart: now}
		s.arrive = now.Add(time.Duration(stop.DriveMinutes * float64(time.Minute)))
		if !d.roll(ctx, way, s, t.ID) {
			return
		}
		km = s.toKm
		t = d.newest(ctx, t)
		if k < len(t.Legs) && !d.charge(ctx, t.Legs[k], stop, way.at(km, p.DistanceKM)) {
			return
		}
		if now = stop.End; now.Before(d.run.options.Now()) {
			now = d.run.options.Now()
		}
	}
	last := stretch{fromKm: km, toKm: max(p.DistanceKM, km), whole: p.DistanceKM, depart: now}
	drive := p.DriveMinutes
	for _, stop := range p.Stops {
		drive -= stop.DriveMinutes
	}
	last.arrive = now.Add(time.Duration(max(drive, 0) * float64(time.Minute)))
	if d.roll(ctx, way, last, t.ID) {
		d.report(Done, "%s with %s", d.car.Journey.To, percent(d.soc))
	}
}

// newest is what was heard last of the trip; a stop that was lost on the way is
// decided about.
func (d *driver) newest(ctx context.Context, t trip.Trip) trip.Trip {
	if heard, ok := d.link.Trip(t.ID); ok && heard.UpdatedAt.After(t.UpdatedAt) {
		t = heard
	}
	if t.Decision != nil {
		t, _ = d.decide(ctx, t)
	}
	return t
}

// roll drives one stretch, reporting telemetry. It is false when the car is
// stranded or ctx has ended.
func (d *driver) roll(ctx context.Context, w way, s stretch, id charging.TripID) bool {
	o, km := d.run.options, s.fromKm
	for km < s.toKm {
		began := o.Now()
		if pause(ctx, d.interval(s.arrive)) != nil {
			return false
		}
		d.connections()
		done := 1.0
		if total := s.arrive.Sub(s.depart); total > 0 {
			done = min(max(float64(o.Now().Sub(s.depart))/float64(total), 0), 1)
		}
		next := s.fromKm + done*s.km()
		if next <= km && done < 1 {
			continue // it has not left yet
		}
		used := d.car.Model.SoCFor(next-km, s.kmh()) * factor(d.discharge)
		if used > d.soc && used > 0 {
			next = km + (next-km)*d.soc/used
			used = d.soc
		}
		d.soc -= used
		d.run.tally.add(next-km, 0)
		km = next
		power := 0.0
		if h := o.Now().Sub(began).Hours(); h > 0 {
			power = used * d.car.Model.UsableBatteryKWh / h
		}
		d.tell(w.at(km, s.whole), min(s.kmh(), 300), min(power, 1000))
		if d.soc <= 0 {
			d.strand(ctx, km, id)
			return false
		}
		if d.car.rng.IntN(40) == 0 {
			d.discharge = tendency(d.car.rng)
		}
	}
	return true
}

// interval is the real time until the next report, or until a civil instant
// that is nearer: nobody arrives late because of a report.
func (d *driver) interval(until time.Time) time.Duration {
	o := d.run.options
	left := time.Duration(float64(until.Sub(o.Now())) / o.Speed)
	return max(min(o.Telemetry, left), 0) + time.Millisecond
}

// strand gives back what the car will not use.
func (d *driver) strand(ctx context.Context, km float64, id charging.TripID) {
	d.report(Stranded, "empty after %.0f km", km)
	if id == "" {
		return
	}
	var t trip.Trip
	if err, ok := d.ask(ctx, carlink.ActionCancel, id, nil, &t); ok && err != nil && !errors.Is(err, charging.CodeCancelTooLate) {
		d.report(Failed, "canceling trip %s: %v", id, err)
	}
}

func (d *driver) tell(at geo.Point, kmh, kW float64) {
	d.link.Telemetry(carlink.Telemetry{
		At: d.run.options.Now().UTC(), Lat: at.Lat, Lon: at.Lon, SoC: min(max(d.soc, 0), 1),
		SpeedKMH: kmh, PowerKW: kW, Discharge: d.discharge,
	})
}

// unplugEarly is how long before its window's end a car leaves.
const unplugEarly = 30 * time.Second

// charge waits for the window, plugs in, charges and leaves. It is false when
// ctx has ended. A car that is refused drives on with what it has.
func (d *driver) charge(ctx context.Context, l trip.Leg, planned trip.PlanStop, at geo.Point) bool {
	o := d.run.options
	if o.sleep(ctx, l.Start.Sub(o.Now())) != nil {
		return false
	}
	plug := map[string]any{"evse_id": l.EVSEID, "soc": d.soc}
	err, ok := d.ask(ctx, carlink.ActionPlug, "", plug, &struct{}{})
	if !ok {
		return ctx.Err() == nil
	}
	if err != nil {
		d.report(Refused, "%s: %v", l.EVSEID, err)
		return true
	}
	d.report(Charging, "%s with %s", l.EVSEID, percent(d.soc))
	energy := max(l.EnergyKWh, planned.EnergyKWh)
	begin, end := o.Now(), l.End.Add(-unplugEarly)
	kW := 0.0
	if h := end.Sub(begin).Hours(); h > 0 {
		kW = energy / h
	}
	start := d.soc
	for end.After(o.Now()) {
		if pause(ctx, d.interval(end)) != nil {
			return false
		}
		d.connections()
		share := min(float64(o.Now().Sub(begin))/float64(end.Sub(begin)), 1)
		d.soc = min(start+share*energy/d.car.Model.UsableBatteryKWh, 1)
		d.tell(at, 0, max(-kW, -1000))
	}
	d.run.tally.add(0, (d.soc-start)*d.car.Model.UsableBatteryKWh)
	err, ok = d.ask(ctx, carlink.ActionUnplug, "", map[string]any{"evse_id": l.EVSEID, "soc": d.soc}, &struct{}{})
	if ok && err != nil {
		d.report(Refused, "leaving %s: %v", l.EVSEID, err)
	}
	return ctx.Err() == nil
}

// way is where a journey leads along.
type way struct {
	points []geo.Point
	length []float64 // km from the first to each
}

// wayOf is the quickest road between the journey's ends.
func wayOf(j Journey) way {
	from, to := point(j.From), point(j.To)
	w := way{points: []geo.Point{from, to}}
	if r, err := road.Default().Route(from, to); err == nil {
		w.points = r.Points
	}
	w.length = make([]float64, len(w.points))
	for i := 1; i < len(w.points); i++ {
		w.length[i] = w.length[i-1] + geo.Distance(w.points[i-1], w.points[i])
	}
	return w
}

// at is the point after km of a journey of total km. Stops lie a little beside
// the way, which this leaves out.
func (w way) at(km, total float64) geo.Point {
	last := len(w.points) - 1
	if total <= 0 || km >= total {
		return w.points[last]
	}
	want := km / total * w.length[last]
	for i := 1; i <= last; i++ {
		if w.length[i] >= want && w.length[i] > w.length[i-1] {
			return geo.Between(w.points[i-1], w.points[i], (want-w.length[i-1])/(w.length[i]-w.length[i-1]))
		}
	}
	return w.points[last]
}
