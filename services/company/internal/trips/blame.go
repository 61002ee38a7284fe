package trips

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

const (
	// blameLabels bound the search for what cannot hold, whoever asks for how much.
	blameLabels = 40000
	// socStep and minuteStep are how finely it is told what would hold.
	socStep, minuteStep = 0.01, 5
)

// blame finds what in a draft cannot hold (docs/adr/0023-editing-a-plan.md).
type blame struct {
	d      *draft
	w      world
	labels int
}

// why turns what the planner says of a draft into a refusal that names the field.
func (d *draft) why(err error, w world) error {
	b := &blame{d: d, w: w, labels: blameLabels}
	var un *planner.Unheld
	var no *planner.Infeasible
	switch {
	case errors.As(err, &un):
		return b.refuse(b.fieldOf(un), un.Reason)
	case !errors.As(err, &no) || !no.By && len(d.wishes) == 0:
		return infeasible(err, w.silent)
	}
	for _, wish := range d.wishes {
		if plan, ok := b.plan(wish.without); ok {
			return b.refuse(wish.field, b.reason(wish, plan))
		}
	}
	if len(d.wishes) == 0 {
		return b.refuse("base_plan_id", "no way leads by all that is held of it any more: release a stop, or plan anew")
	}
	last := d.wishes[len(d.wishes)-1]
	return b.refuse(last.field, "cannot hold beside the others, and none of them is to blame alone: ask for less at once")
}

func (b *blame) refuse(field, reason string) error {
	if len(b.w.silent) > 0 {
		reason += "; chargers of " + names(b.w.silent) + " are left out, because the company does not answer now"
	}
	return &charging.Refusal{
		Code: charging.CodeInfeasibleTrip, Detail: field + ": " + reason, Fields: []charging.FieldError{{Field: field, Reason: reason}},
	}
}

// fieldOf is the field that asks for a stop or a place that cannot be.
func (b *blame) fieldOf(un *planner.Unheld) string {
	if un.Via >= 0 {
		return fmt.Sprintf("via[%d]", un.Via)
	}
	leg := b.d.legs()[un.Held]
	for _, w := range b.d.wishes {
		if w.leg == leg {
			return w.field
		}
	}
	for _, w := range b.d.wishes { // the stop was held before
		if w.kind == "avoid" {
			return w.field
		}
	}
	return "base_plan_id"
}

// plan is the best plan of the draft, changed.
func (b *blame) plan(change func(*draft)) (trip.Plan, bool) {
	d := b.d.copy()
	change(d)
	r := d.request()
	r.Single, r.Labels = true, &b.labels
	return b.best(r)
}

func (b *blame) best(r planner.Request) (trip.Plan, bool) {
	plans, err := b.w.planner.Plans(r, b.w.free)
	if err != nil || len(plans) == 0 {
		return trip.Plan{}, false
	}
	return plans[0], true
}

// reason tells why a wish cannot hold, and what would; without it there is a plan.
func (b *blame) reason(w wish, without trip.Plan) string {
	switch {
	case w.via >= 0:
		return b.place(b.d.places[w.via].Name, b.d.r.Via[w.via].Point)
	case w.kind == "depart_soc":
		return b.charge(w, without)
	case w.kind == "stay_minutes":
		if most := b.least(w, 0, w.value, minuteStep); most >= minuteStep {
			return fmt.Sprintf("no window of %.0f minutes fits there (%.0f would)", w.value, most)
		}
		return fmt.Sprintf("no window of %.0f minutes fits there: ask for less", w.value)
	case w.kind == "avoid":
		return "leaves no way: without what it names, no charger is in reach in time"
	case w.kind == "fix":
		return "the car cannot be there, or cannot go on from there, with the rest as it is asked: without it there is a way"
	}
	h := b.d.held[w.leg]
	at, ok := b.w.planner.Where(h)
	if !ok {
		return "a stop there fits no way"
	}
	return b.place(h.String(), at)
}

// charge tells with which charge one could leave.
func (b *blame) charge(w wish, without trip.Plan) string {
	st, next := b.stop(w.leg, without)
	switch {
	case st.DepartSoC > w.value+socStep && st.ArriveSoC > w.value:
		return fmt.Sprintf("the car arrives with %.0f%%, which is more than %.0f%%", 100*st.ArriveSoC, 100*w.value)
	case st.DepartSoC > w.value:
		need := b.least(w, st.DepartSoC, w.value, socStep)
		return fmt.Sprintf("%.0f%% does not reach %s (%.0f%% needed)", 100*w.value, next, math.Ceil(100*need-1e-6))
	}
	most := b.least(w, st.DepartSoC, w.value, socStep)
	return fmt.Sprintf("%.0f%% cannot be charged there in time (%.0f%% can)", 100*w.value, math.Floor(100*most+1e-6))
}

// stop is the stop of a plan that a leg of the base has become, and what comes behind it.
func (b *blame) stop(leg int, plan trip.Plan) (st trip.PlanStop, next string) {
	nth := 0
	for _, l := range b.d.legs() {
		if l < leg {
			nth++
		}
	}
	for i, s := range plan.Stops {
		if s.Asked == nil {
			continue
		}
		if nth == 0 {
			next = "the next stop"
			if i == len(plan.Stops)-1 {
				next = "the destination"
			}
			return s, next
		}
		nth--
	}
	return st, "the next stop"
}

// least is the value nearest to the one that is asked for with which the rest holds, between
// one that holds and that one.
func (b *blame) least(w wish, holds, fails, step float64) float64 {
	for math.Abs(fails-holds) > step && b.labels > 0 {
		try := math.Round((holds+fails)/2/step) * step
		if try == holds || try == fails || try <= 0 {
			break
		}
		if _, ok := b.plan(func(d *draft) { w.with(d, try) }); ok {
			holds = try
		} else {
			fails = try
		}
	}
	return holds
}

// place tells why a way by a place leads nowhere: as the way there, or from there, on its own.
func (b *blame) place(name string, at geo.Point) string {
	r := b.d.r
	r.Via, r.Held, r.Single, r.Labels, r.LatestArrival = nil, nil, true, nil, time.Time{}
	there, on := r, r
	there.Destination, on.Origin, on.SoC = at, at, 1
	for _, half := range []struct {
		r    planner.Request
		what string
	}{{there, "to get to "}, {on, "to go on from "}} {
		var no *planner.Infeasible
		if _, err := b.w.planner.Plans(half.r, b.w.free); errors.As(err, &no) {
			return half.what + name + ": " + no.Error()
		}
	}
	return name + " does not fit with the rest as it is asked; without it there is a way"
}
