package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// driver is a car on the move.
type driver struct {
	run  *run
	car  Car
	id   Identity
	link Link

	soc       float64
	discharge carlink.Discharge
	lost      int // losses of the connection that were reported
	met       bool
	// bookedUntil is when its last trip's windows end: until then another trip
	// could overlap, which is refused.
	bookedUntil time.Time
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

// rest is the time between two journeys; the battery is charged where the car
// sleeps.
func (d *driver) rest(ctx context.Context) {
	rng := d.car.rng
	o := d.run.options
	wait := max(time.Duration(10+rng.IntN(50))*time.Minute, d.bookedUntil.Sub(o.Now()))
	d.soc = max(d.soc, 0.55+0.45*rng.Float64())
	d.discharge = tendency(rng)
	d.car.Journey = journey(rng, d.car.Journey.To)
	_ = o.sleep(ctx, wait) // the caller looks at ctx
}

// attempts to reserve a journey before it is given up.
const attempts = 3

// journey plans, reserves and drives. What goes wrong is reported, and ends the
// journey.
func (d *driver) journey(ctx context.Context) {
	for n := range attempts {
		plan, ok := d.plan(ctx)
		if !ok {
			return
		}
		booked, ok := d.reserve(ctx, plan)
		if ok {
			d.travel(ctx, plan, booked)
			return
		}
		if pause(ctx, backoff(n)) != nil {
			return
		}
	}
}

// ask sends a request and reads the answer. ok is false when the journey is
// over; a refusal is left to the caller.
func (d *driver) ask(ctx context.Context, a carlink.Action, id charging.TripID, body, into any) (err error, ok bool) {
	bounded, cancel := context.WithTimeout(ctx, d.run.options.Patience)
	defer cancel()
	reply, err := d.link.Request(bounded, a, id, body)
	d.connections()
	if err != nil {
		if ctx.Err() == nil {
			d.report(Unanswered, "%s: no answer within %s", a, d.run.options.Patience)
		}
		return err, false
	}
	if !d.met {
		d.met = true
		d.report(Connected, "%s, %s, discharge %s", d.car.Model.ID, percent(d.soc), d.discharge)
	}
	return answer(reply, into), true
}

func percent(soc float64) string { return fmt.Sprintf("%.0f%%", 100*soc) }

// plan asks for plans and takes the best.
func (d *driver) plan(ctx context.Context) (trip.Plan, bool) {
	j, o := d.car.Journey, d.run.options
	type city struct {
		City string `json:"city"`
	}
	body := map[string]any{
		"origin": city{j.From}, "destination": city{j.To}, "vehicle": map[string]string{"model": d.car.Model.ID},
		"soc": d.soc, "objective": j.Objective,
		// An answer takes real time, which is a lot of civil time on a fast clock.
		"departure": o.Now().Add(j.Wait + time.Duration(5*o.Speed)*time.Second).UTC().Truncate(time.Second).Format(time.RFC3339),
	}
	var found struct{ Plans []trip.Plan }
	err, ok := d.ask(ctx, carlink.ActionPlan, "", body, &found)
	switch {
	case !ok:
		return trip.Plan{}, false
	case errors.Is(err, charging.CodeInfeasibleTrip), err == nil && len(found.Plans) == 0:
		d.report(Infeasible, "%s → %s with %s: %v", j.From, j.To, percent(d.soc), err)
		return trip.Plan{}, false
	case err != nil:
		d.report(Failed, "plan %s → %s: %v", j.From, j.To, err)
		return trip.Plan{}, false
	}
	best := found.Plans[0]
	d.report(Planned, "%s → %s: %.0f km, %d stops, %s", j.From, j.To, best.DistanceKM, len(best.Stops), minutes(best.TotalMinutes))
	return best, true
}

func minutes(m float64) string {
	return time.Duration(m * float64(time.Minute)).Round(time.Minute).String()
}

// reserve books the plan's stops. ok is false when nothing is booked. A plan
// without stops needs no booking.
func (d *driver) reserve(ctx context.Context, p trip.Plan) (t trip.Trip, ok bool) {
	if len(p.Stops) == 0 {
		return trip.Trip{}, true
	}
	body := map[string]any{
		"vehicle_id": d.id.VehicleID, "plan_id": p.ID, "on_conflict": d.car.Journey.Policy,
		"decision_timeout_seconds": decisionSeconds,
	}
	err, ok := d.ask(ctx, carlink.ActionTrip, "", body, &t)
	if !ok {
		return t, false
	}
	if err != nil {
		d.report(Aborted, "%v", err)
		return t, false
	}
	for range p.Stops { // each stop may need a decision
		if t.Decision == nil || t.State.Settled() {
			break
		}
		if t, ok = d.decide(ctx, t); !ok {
			return t, false
		}
	}
	if t.State != trip.Confirmed {
		reason := string(t.State)
		if t.Problem != nil {
			reason = string(t.Problem.Code) + ": " + t.Problem.Detail
		}
		d.report(Aborted, "%s", reason)
		return t, false
	}
	d.report(Reserved, "trip %s, %d stops", t.ID, len(t.Legs))
	return t, true
}

// decisionSeconds a car asks for; it decides at once.
const decisionSeconds = 60

// decide takes the best alternative for a lost stop, or gives up where there is
// none.
func (d *driver) decide(ctx context.Context, t trip.Trip) (trip.Trip, bool) {
	lost := t.Decision
	body := map[string]string{"action": "give_up"}
	if len(lost.Alternatives) > 0 {
		body = map[string]string{"action": "continue", "alternative_id": lost.Alternatives[0].ID}
	}
	var next trip.Trip
	err, ok := d.ask(ctx, carlink.ActionDecision, t.ID, body, &next)
	if !ok {
		return t, false
	}
	if err != nil {
		d.report(Failed, "decision on stop %d: %v", lost.Leg, err)
		return t, false
	}
	d.report(Decided, "stop %d (%s): %s", lost.Leg, lost.Code, body["action"])
	return next, true
}
