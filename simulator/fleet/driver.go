package fleet

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// driver is a car in use: its link, and the journey that it is making.
type driver struct {
	run    *run
	car    Car
	id     Identity
	server int
	link   Link
	noise  *rand.Rand    // of its sensors
	slow   time.Duration // how long answers have taken lately

	lost  int // losses of the connection that were reported
	met   bool
	dark  bool // where there is no network
	doing Doing

	// Of the present journey.
	j         Journey
	rec       *Record
	clock     time.Time // civil, exact: until when its time is accounted for
	at        geo.Point
	kWh       float64
	discharge carlink.Discharge
	eco       bool
	hurry     bool
	t         trip.Trip // the booked one; its ID is empty where there is none
	plan      trip.Plan
	done      map[charging.ReservationID]bool
	slunk     *Session     // it has left, and not said so
	visits    int          // stops that it has come to
	passed    map[int]bool // closures that it has driven around
	lastTold  time.Time    // real, of the last telemetry
	// Where (in its path) and since when it has stood without a plan that led on.
	stoodAt    int
	stoodSince time.Time
}

func (d *driver) report(what Outcome, format string, args ...any) {
	d.run.report(string(d.id.VehicleID), what, fmt.Sprintf(format, args...))
}

// connections reports what has become of the link since it was asked last.
func (d *driver) connections() {
	for lost := d.link.Lost(); d.lost < lost; d.lost++ {
		d.report(Disconnected, "%d times so far", d.lost+1)
	}
}

func (d *driver) now() time.Time { return d.run.options.Now().UTC() }

// soc is the charge of the battery, 0 … 1.
func (d *driver) soc() float64 { return min(max(d.kWh/d.car.Model.UsableBatteryKWh, 0), 1) }

// tendency is how the battery falls where the car is now, driven as usual.
func (d *driver) tendency() carlink.Discharge { return d.j.stretch(d.odometer()).Discharge }

func (d *driver) air() float64 { return d.run.options.World.Air(d.clock.Sub(d.run.began)) }

// until sleeps to a civil instant and accounts for the time as a kind.
func (d *driver) until(ctx context.Context, at time.Time, kind PhaseKind) error {
	if err := d.run.options.sleep(ctx, at.Sub(d.now())); err != nil {
		return err
	}
	d.spend(kind, at)
	return nil
}

// catchUp accounts for the time that asking has taken.
func (d *driver) catchUp(kind PhaseKind) { d.spend(kind, d.now()) }

func (d *driver) spend(kind PhaseKind, to time.Time) {
	if !d.rec.Departure.IsZero() && to.After(d.clock) {
		d.rec.phase(kind, d.clock, to, 0)
	}
	if to.After(d.clock) {
		d.clock = to
	}
}

// ask sends a request and reads the answer. ok is false when there was none; a
// refusal is left to the caller.
func (d *driver) ask(ctx context.Context, a carlink.Action, id charging.TripID, body, into any) (err error, ok bool) {
	bounded, cancel := context.WithTimeout(ctx, d.run.options.Patience)
	defer cancel()
	began := time.Now()
	reply, err := d.link.Request(bounded, a, id, body)
	d.connections()
	if err != nil {
		if ctx.Err() == nil {
			d.report(Unanswered, "%s: no answer within %s", a, d.run.options.Patience)
		}
		return err, false
	}
	took := time.Since(began)
	d.run.tally.took(a, took)
	d.slow = max(took, d.slow/2)
	if !d.met {
		d.met = true
		d.report(Connected, "%s, %s, discharge %s", d.car.Model.ID, percent(d.soc()), d.discharge)
	}
	return answer(reply, into), true
}

// insist asks again where there was no answer: what the request does at a plug must
// not be left open.
func (d *driver) insist(ctx context.Context, a carlink.Action, body, into any) (err error, ok bool) {
	for range 5 {
		if err, ok = d.ask(ctx, a, "", body, into); ok || ctx.Err() != nil {
			break
		}
	}
	return err, ok
}

func percent(soc float64) string { return fmt.Sprintf("%.0f%%", 100*soc) }

// journey makes the n-th journey and gives the books of it.
func (d *driver) journey(ctx context.Context, n int) Record {
	d.j = d.car.Journey(n)
	d.rec = &Record{
		Car: d.car.Index, Vehicle: d.id.VehicleID, Server: d.server, Journey: n, From: d.j.From, To: d.j.To,
		BatteryKWh: d.car.Model.UsableBatteryKWh,
	}
	d.kWh = d.j.SoC * d.car.Model.UsableBatteryKWh
	d.discharge, d.eco, d.hurry = d.j.Stretches[0].Discharge, false, false
	d.at, d.clock = point(d.j.From), d.now()
	d.t, d.plan, d.done, d.passed = trip.Trip{}, trip.Plan{}, map[charging.ReservationID]bool{}, map[int]bool{}
	d.visits = 0
	d.rec.Wished, d.stoodAt = d.clock, -1
	d.set(Wishing)
	defer d.set(Idle)
	ending, reason := d.make(ctx)
	d.gone()
	d.end(ending, reason)
	return *d.rec
}

// end writes how the journey ended.
func (d *driver) end(e Ending, reason string) {
	r := d.rec
	r.Ending, r.Reason = e, reason
	r.Arrival, r.EndKWh, r.Km = d.clock, d.kWh, d.odometer()
	d.run.tally.add(r)
	d.report(outcomeOf(e), "%s → %s: %s", r.From, r.To, orElse(reason, percent(d.soc())))
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// odometer is what was driven on this journey.
func (d *driver) odometer() float64 {
	km := 0.0
	for _, p := range d.rec.Phases {
		km += p.Km
	}
	return km
}

// make plans, reserves and drives.
func (d *driver) make(ctx context.Context) (Ending, string) {
	end, reason := d.book(ctx, d.j.Wait, false)
	if end != "" {
		return end, reason
	}
	d.rec.Planned = d.plan.Price
	depart := d.plan.Departure
	if at := d.j.Quirks.CancelAt; at > 0 && d.t.ID != "" {
		if d.run.options.sleep(ctx, time.Duration(at*float64(depart.Sub(d.now())))) != nil {
			return Unfinished, ""
		}
		if err := d.cancel(ctx); err == nil || len(d.t.Kept) > 0 {
			return Withdrawn, "changed its mind"
		}
	}
	if d.j.Quirks.NoShow && d.t.ID != "" {
		return NeverCame, "stays at home"
	}
	d.set(Ready)
	if d.run.options.sleep(ctx, depart.Add(d.j.Quirks.Late).Sub(d.now())) != nil {
		return Unfinished, ""
	}
	return d.travel(ctx)
}
