package api

import (
	"fmt"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Bounds of an edit of a plan.
const (
	MaxChanges = 16
	MaxVia     = 5
	// maxStay is how long one may stay at a via, in minutes.
	maxStay = 24 * 60
)

// Change is one thing that is asked of a plan that is edited: of a stop (Leg, of the base), or
// what to avoid. Fix keeps the stop's EVSE, and as far as possible its window; Replace has it
// elsewhere; DepartSoC is the charge to leave with (0…1), StayMinutes how long its window is
// at least; Release drops what earlier edits asked of it.
type Change struct {
	Leg         int         `json:"leg,omitempty"`
	Fix         bool        `json:"fix,omitempty"`
	Replace     *Instead    `json:"replace,omitempty"`
	DepartSoC   *float64    `json:"depart_soc,omitempty"`
	StayMinutes float64     `json:"stay_minutes,omitempty"`
	Release     bool        `json:"release,omitempty"`
	Avoid       trip.Choice `json:"avoid,omitzero"`
}

// Instead is where a stop is to be: at an EVSE, or at any EVSE of a location.
type Instead struct {
	EVSEID     charging.EVSEID     `json:"evse_id,omitempty"`
	LocationID charging.LocationID `json:"location_id,omitempty"`
}

// Via is a place that a plan passes, where the car stands for a while without charging.
type Via struct {
	Endpoint
	StayMinutes float64 `json:"stay_minutes,omitempty"`
}

// journeyFields are those that a plan which is edited has already.
var journeyFields = []string{
	"origin", "destination", "vehicle", "soc", "departure", "latest_arrival", "avoid", "insist", "min_arrival_soc",
	"min_destination_soc", "max_charge_soc", "objective",
}

// edit takes what is changed of the plan with an id.
func (r *reader) edit(p *PlanRequest) {
	for _, name := range journeyFields {
		if _, given := r.take(name); given {
			r.invalid(name, "is given beside base_plan_id; a plan that is edited keeps its own")
		}
	}
	for i, v := range r.list("changes", MaxChanges) {
		at := fmt.Sprintf("changes[%d]", i)
		if o := r.member(at, v); o != nil {
			p.Changes = append(p.Changes, o.change(r, at))
		}
	}
	if r.fields["via"] == nil && len(p.Changes) == 0 && len(r.rep.wrong) == 0 {
		r.invalid("changes", "is missing; give changes, via or both")
	}
	p.Via = r.vias()
}

// member is an object in an array; nil where it is none.
func (r *reader) member(at string, v any) *reader {
	fields, ok := v.(map[string]any)
	if !ok {
		r.wrongType(at, "an object", v)
		return nil
	}
	return &reader{path: r.path + at + ".", fields: fields, rep: r.rep}
}

func (r *reader) change(parent *reader, at string) Change {
	before := len(r.rep.wrong)
	_, stays := r.fields["stay_minutes"]
	c := Change{
		Leg: int(r.integer("leg", 1, MaxStops, 0)), Fix: r.yes("fix"), Release: r.yes("release"), Replace: r.instead(),
		DepartSoC: r.number("depart_soc", 0.01, 1), StayMinutes: deref(r.number("stay_minutes", 1, charging.MaxWindow.Minutes())),
		Avoid: r.places("avoid"),
	}
	r.done()
	if len(r.rep.wrong) > before {
		return c
	}
	asks := c.Fix || c.Replace != nil || c.DepartSoC != nil || stays
	switch {
	case !asks && !c.Release && c.Avoid.IsZero():
		parent.invalid(at, "asks for nothing; give fix, replace, depart_soc, stay_minutes, release or avoid")
	case (asks || c.Release) && c.Leg == 0:
		r.invalid("leg", "is missing; say which stop of the base plan is meant")
	case c.Release && asks:
		r.invalid("release", "drops what was asked of the stop, and stands alone; a new wish is for the plan that comes of it")
	case c.Fix && c.Replace != nil:
		r.invalid("replace", "is given beside fix; a stop is kept or replaced")
	case !asks && !c.Release && c.Leg != 0:
		r.invalid("leg", "is given beside avoid alone, which holds for the whole way; leave it out")
	}
	return c
}

// yes takes a truth.
func (r *reader) yes(name string) bool {
	v, ok := r.take(name)
	if !ok {
		return false
	}
	is, ok := v.(bool)
	if !ok {
		r.wrongType(name, "true or false", v)
	}
	return is
}

func (r *reader) instead() *Instead {
	o := r.object("replace")
	if o == nil {
		return nil
	}
	i := Instead{
		EVSEID:     id[charging.EVSEID](o, "evse_id", 64, false),
		LocationID: id[charging.LocationID](o, "location_id", 64, false),
	}
	before := len(o.rep.wrong)
	o.done()
	if len(o.rep.wrong) == before && (i.EVSEID == "") == (i.LocationID == "") {
		r.invalid("replace", "must have either an evse_id or a location_id")
	}
	return &i
}

// vias takes the places to pass; not nil where the request has the list.
func (r *reader) vias() *[]Via {
	if r.fields["via"] == nil {
		r.take("via")
		return nil
	}
	all := []Via{}
	for i, v := range r.list("via", MaxVia) {
		at := fmt.Sprintf("via[%d]", i)
		if o := r.member(at, v); o != nil {
			via := Via{Endpoint: o.point(), StayMinutes: deref(o.number("stay_minutes", 0, maxStay))}
			o.done()
			r.eitherPoint(at, via.Endpoint)
			all = append(all, via)
		}
	}
	return &all
}
