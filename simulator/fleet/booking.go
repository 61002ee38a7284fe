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

// attempts to reserve a journey before it is given up.
const attempts = 4

// book plans and reserves until there is a trip. The Ending is empty then.
func (d *driver) book(ctx context.Context, wait time.Duration, onTheWay bool) (Ending, string) {
	why := ""
	for n := range attempts {
		plan, end, reason := d.ask4plan(ctx, wait, onTheWay)
		if end != "" {
			return end, reason
		}
		t, end, reason := d.reserve(ctx, plan)
		switch {
		case end == "":
			d.plan, d.t = plan, t
			if t.ID != "" {
				d.rec.Trips = append(d.rec.Trips, t.ID)
			}
			return "", ""
		case end != Lost:
			return end, reason
		}
		why = reason
		if pause(ctx, backoff(n)) != nil {
			return Unfinished, ""
		}
	}
	return Lost, why
}

// reserves are the charges that a car asks to arrive with at least: the usual
// one, and what it takes when that is not to be had.
var reserves = []float64{0.10, 0.05, 0.02}

// ask4plan asks for plans and takes the best.
func (d *driver) ask4plan(ctx context.Context, wait time.Duration, onTheWay bool) (trip.Plan, Ending, string) {
	type city struct {
		City string `json:"city"`
	}
	var origin any = city{d.j.From}
	if onTheWay {
		origin = map[string]float64{"lat": round(d.at.Lat, 1e5), "lon": round(d.at.Lon, 1e5)}
	}
	o := d.run.options
	var refusal error
	for _, reserve := range reserves {
		body := map[string]any{
			"origin": origin, "destination": city{d.j.To}, "vehicle": expectation(d.car.Model, d.tendency(), d.air()),
			"soc": round(d.soc(), 1e4), "objective": d.j.Objective, "min_arrival_soc": reserve,
			// An answer takes real time, which is a lot of civil time on a fast clock.
			"departure": o.Now().Add(wait + time.Duration(o.Speed*float64(max(o.Head, 3*d.slow)))).UTC().Truncate(time.Second).Format(time.RFC3339),
		}
		var found struct{ Plans []trip.Plan }
		err, ok := d.ask(ctx, carlink.ActionPlan, "", body, &found)
		switch {
		case !ok && ctx.Err() != nil:
			return trip.Plan{}, Unfinished, ""
		case !ok:
			return trip.Plan{}, Unheard, "plan"
		case errors.Is(err, charging.CodeInfeasibleTrip), err == nil && len(found.Plans) == 0:
			refusal = err
			continue
		case err != nil:
			return trip.Plan{}, Erred, "plan: " + err.Error()
		}
		best := found.Plans[0]
		d.report(Planned, "%s → %s: %.0f km, %d stops, %s", d.j.From, d.j.To, best.DistanceKM, len(best.Stops), minutes(best.TotalMinutes).Round(time.Minute))
		return best, "", ""
	}
	return trip.Plan{}, Impossible, fmt.Sprintf("with %s: %v", percent(d.soc()), refusal)
}

// reserve books the plan's stops. The Ending is empty when they are booked. A
// plan without stops needs no booking.
func (d *driver) reserve(ctx context.Context, p trip.Plan) (t trip.Trip, end Ending, reason string) {
	if len(p.Stops) == 0 {
		return trip.Trip{}, "", ""
	}
	body := map[string]any{
		"vehicle_id": d.id.VehicleID, "plan_id": p.ID, "on_conflict": d.j.Policy, "decision_timeout_seconds": decisionSeconds,
	}
	err, ok := d.ask(ctx, carlink.ActionTrip, "", body, &t)
	switch {
	case !ok && ctx.Err() != nil:
		return t, Unfinished, ""
	case !ok:
		return t, Unheard, "trip"
	case err != nil:
		d.report(Aborted, "%v", err)
		return t, Lost, err.Error()
	}
	for range 2 * len(p.Stops) { // each stop may need a decision, and again
		if t.Decision == nil || t.State.Settled() {
			break
		}
		gaveUp := d.j.Quirks.GiveUp
		if t, ok = d.decide(ctx, t, gaveUp); !ok {
			return t, Lost, "no answer to a decision"
		}
		if gaveUp {
			return t, GaveUp, "a stop was lost"
		}
	}
	if t.State != trip.Confirmed {
		reason := string(t.State)
		if t.Problem != nil {
			reason = string(t.Problem.Code) + ": " + t.Problem.Detail
		}
		d.report(Aborted, "%s", reason)
		return t, Lost, reason
	}
	d.report(Reserved, "trip %s, %d stops", t.ID, len(t.Legs))
	return t, "", ""
}

// decisionSeconds a car asks for; it decides at once.
const decisionSeconds = 60

// decide takes the best alternative for a lost stop, or gives up where there is
// none or the driver has had enough.
func (d *driver) decide(ctx context.Context, t trip.Trip, giveUp bool) (trip.Trip, bool) {
	lost := t.Decision
	body := map[string]any{"action": "give_up"}
	if len(lost.Alternatives) > 0 && !giveUp {
		body = map[string]any{"action": "continue", "alternative_id": lost.Alternatives[0].ID}
	}
	if t.State == trip.Confirmed { // the other stops are booked: it is about this one
		body["leg"] = lost.Leg
	}
	var next trip.Trip
	err, ok := d.ask(ctx, carlink.ActionDecision, t.ID, body, &next)
	if !ok {
		return t, false
	}
	if err != nil {
		d.report(Failed, "decision on stop %d: %v", lost.Leg, err)
		if heard, known := d.link.Trip(t.ID); known && heard.UpdatedAt.After(t.UpdatedAt) {
			return heard, true // it was decided, or lost, in the meantime
		}
		return t, false
	}
	d.report(Decided, "stop %d (%s): %s", lost.Leg, lost.Code, body["action"])
	return next, true
}

// cancel gives the booked trip back. The refusal names the first stop that could
// not be given back; the others are.
func (d *driver) cancel(ctx context.Context) error {
	if d.slunk != nil {
		d.own(ctx, ToldLate)
	}
	if d.t.ID == "" {
		return nil
	}
	var t trip.Trip
	err, ok := d.ask(ctx, carlink.ActionCancel, d.t.ID, nil, &t)
	if !ok {
		return fmt.Errorf("no answer: %w", err)
	}
	if err == nil && len(t.Kept) > 0 {
		d.t = t
		return charging.Refuse(t.Kept[0].Code, fmt.Sprintf("stop %d stays booked", t.Kept[0].Leg))
	}
	if d.hear(ctx); err != nil && (!d.t.State.Open() || d.now().After(d.t.Span().End.Add(time.Hour))) {
		err = nil // it has come to its end by itself
	}
	if err == nil {
		d.t = trip.Trip{}
	}
	return err
}
