package trips

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

// maxAvoided is how many companies, locations and EVSEs each are avoided after all edits.
const maxAvoided = 50

// draft is a plan request on its way: what is asked of the journey beside its ends and its car.
type draft struct {
	r       planner.Request
	journey trip.Journey
	ends    [2]*trip.Place
	places  []trip.Place // of r.Via
	// held are the stops of the base plan that something is asked of; wishes what is new, each
	// with the way to do without it.
	base   trip.Plan
	held   map[int]planner.Held // by leg
	wishes []wish
}

// wish is one field of a request.
type wish struct {
	field   string
	without func(*draft)
	leg     int // of the base, that it is about; 0: none
	via     int // from 0, that it is about; −1: none
	kind    string
	value   float64 // that is asked for
	// with puts another value in its place, for wishes that have one.
	with func(*draft, float64)
}

// copy is a draft that may be changed.
func (d *draft) copy() *draft {
	c := *d
	c.held = make(map[int]planner.Held, len(d.held))
	for leg, h := range d.held {
		c.held[leg] = h
	}
	c.r.Via, c.places = slices.Clone(d.r.Via), slices.Clone(d.places)
	return &c
}

// request is what the planner is asked.
func (d *draft) request() planner.Request {
	r := d.r
	r.Held = nil
	for _, leg := range d.legs() {
		r.Held = append(r.Held, d.held[leg])
	}
	return r
}

// legs are those of the base that are held, in order.
func (d *draft) legs() []int {
	var legs []int
	for leg := range d.held {
		legs = append(legs, leg)
	}
	slices.Sort(legs)
	return legs
}

// edit makes a draft of a plan that is kept, with what is changed of it.
func (s *planning) edit(ctx context.Context, req api.PlanRequest, by string) (*draft, error) {
	base, journey, of, err := s.Records.LoadPlan(ctx, req.BasePlanID)
	if err == nil && strings.HasPrefix(of, "vehicle ") && of != by {
		err = charging.Refuse(charging.CodeUnknownPlan, "")
	}
	if charging.CodeOf(err) == charging.CodeUnknownPlan {
		why := "there is no such plan of yours, or it is too old: ask for plans again"
		return nil, &charging.Refusal{
			Code: charging.CodeUnknownPlan, Detail: "base_plan_id: " + why,
			Fields: []charging.FieldError{{Field: "base_plan_id", Reason: why}},
		}
	}
	if err != nil {
		return nil, err
	}
	d := &draft{base: base, journey: journey, ends: [2]*trip.Place{base.Origin, base.Destination}, held: map[int]planner.Held{}}
	if d.r, err = planner.FromJourney(journey); err != nil {
		return nil, err
	}
	d.r.Objective, d.r.Single = journey.Objective, true
	d.depart(s.Now().UTC().Truncate(time.Second))
	for _, st := range base.Stops {
		if st.Asked != nil {
			d.held[st.Leg] = planner.Held{EVSE: st.EVSEID, Location: st.LocationID, Asked: *st.Asked}
		}
	}
	for _, v := range base.Via {
		d.pass(v.Place, v.Stay())
	}
	if err := d.change(req.Changes); err != nil {
		return nil, err
	}
	if req.Via != nil {
		d.r.Via, d.places = nil, nil
		if err := s.via(d, *req.Via); err != nil {
			return nil, err
		}
	}
	if n := len(d.held); n > planner.MaxHeld {
		return nil, charging.Invalid("changes", fmt.Sprintf("hold %d stops, with those of earlier edits; at most %d", n, planner.MaxHeld))
	}
	return d, nil
}

// depart leaves when the base does, or now where that has passed.
func (d *draft) depart(now time.Time) {
	if !d.journey.Earliest.IsZero() {
		d.r.Departure = d.journey.Earliest
	}
	if d.r.Departure.Before(now) {
		d.r.Departure = now
	}
}

func (d *draft) pass(p trip.Place, stay time.Duration) {
	d.r.Via = append(d.r.Via, planner.Via{Point: p.Point(), Stay: stay})
	d.places = append(d.places, p)
}

// via adds the places that a request passes.
func (s *planning) via(d *draft, vias []api.Via) error {
	for i, v := range vias {
		field := fmt.Sprintf("via[%d]", i)
		p, err := s.Advisor.place(field, v.Endpoint)
		if err != nil {
			return err
		}
		d.pass(*p, time.Duration(v.StayMinutes*float64(time.Minute)))
		d.wishes = append(d.wishes, wish{field: field, via: i, without: func(d *draft) {
			d.r.Via, d.places = slices.Delete(d.r.Via, i, i+1), slices.Delete(d.places, i, i+1)
		}})
	}
	return nil
}

// change puts changes on what the base asks.
func (d *draft) change(changes []api.Change) error {
	said := map[string]bool{} // what changes say, by leg and field
	for i, c := range changes {
		at := fmt.Sprintf("changes[%d].", i)
		if c.Leg > len(d.base.Stops) {
			return charging.Invalid(at+"leg", fmt.Sprintf("is %d; the base plan has %d stops", c.Leg, len(d.base.Stops)))
		}
		for _, field := range fields(c) {
			what := fmt.Sprint(c.Leg, " ", field.kind)
			if said[what] || said[fmt.Sprint(c.Leg, " release")] {
				return charging.Invalid(at+field.name, fmt.Sprintf("comes after another change that says the same, or the contrary, of stop %d", c.Leg))
			}
			said[what] = true
		}
		if err := d.avoid(at+"avoid", c.Avoid); err != nil {
			return err
		}
		d.changeStop(at, c)
	}
	return nil
}

// said is a field of a change, and what it is about: a stop is either fixed or replaced.
type said struct{ name, kind string }

func fields(c api.Change) (all []said) {
	for _, f := range []struct {
		is bool
		said
	}{
		{c.Fix, said{"fix", "place"}},
		{c.Replace != nil, said{"replace", "place"}},
		{c.DepartSoC != nil, said{"depart_soc", "depart_soc"}},
		{c.StayMinutes > 0, said{"stay_minutes", "stay_minutes"}},
		{c.Release, said{"release", "release"}},
	} {
		if f.is {
			all = append(all, f.said)
		}
	}
	return all
}

// changeStop puts what a change says of a stop on what is asked of it.
func (d *draft) changeStop(at string, c api.Change) {
	if c.Leg == 0 {
		return
	}
	if c.Release {
		delete(d.held, c.Leg)
		return
	}
	before, was := d.held[c.Leg]
	st := d.base.Stops[c.Leg-1]
	h := before
	if !was {
		h = planner.Held{EVSE: st.EVSEID, Location: st.LocationID, Asked: trip.Asked{Hold: trip.HoldLocation}}
	}
	back := func(d *draft) { // to another place, or to none
		switch now := d.held[c.Leg]; {
		case was:
			now.EVSE, now.Location = before.EVSE, before.Location
			now.Asked.Hold, now.Asked.Start, now.Asked.End = before.Asked.Hold, before.Asked.Start, before.Asked.End
			d.held[c.Leg] = now
		default:
			delete(d.held, c.Leg)
		}
	}
	switch {
	case c.Fix:
		h.EVSE, h.Asked.Hold, h.Asked.Start, h.Asked.End = st.EVSEID, trip.HoldEVSE, st.Start, st.End
		d.wishes = append(d.wishes, wish{field: at + "fix", kind: "fix", leg: c.Leg, via: -1, without: back})
	case c.Replace != nil:
		h.EVSE, h.Location, h.Asked.Hold = c.Replace.EVSEID, c.Replace.LocationID, trip.HoldEVSE
		h.Asked.Start, h.Asked.End = time.Time{}, time.Time{}
		if c.Replace.EVSEID == "" {
			h.Asked.Hold = trip.HoldLocation
		}
		d.wishes = append(d.wishes, wish{field: at + "replace", kind: "replace", leg: c.Leg, via: -1, without: back})
	}
	if c.DepartSoC != nil {
		h.Asked.DepartSoC = *c.DepartSoC
		d.wishes = append(d.wishes, figure(at+"depart_soc", "depart_soc", c.Leg, *c.DepartSoC, func(a *trip.Asked, v float64) { a.DepartSoC = v }))
	}
	if c.StayMinutes > 0 {
		h.Asked.StayMinutes = c.StayMinutes
		d.wishes = append(d.wishes, figure(at+"stay_minutes", "stay_minutes", c.Leg, c.StayMinutes, func(a *trip.Asked, v float64) { a.StayMinutes = v }))
	}
	d.held[c.Leg] = h
}

// figure is a wish that is a number.
func figure(field, kind string, leg int, value float64, set func(*trip.Asked, float64)) wish {
	with := func(d *draft, v float64) {
		if h, ok := d.held[leg]; ok {
			set(&h.Asked, v)
			d.held[leg] = h
		}
	}
	return wish{field: field, kind: kind, leg: leg, via: -1, value: value, with: with, without: func(d *draft) { with(d, 0) }}
}

// avoid adds what is to be avoided.
func (d *draft) avoid(field string, more trip.Choice) error {
	if more.IsZero() {
		return nil
	}
	was := d.r.Avoid
	d.r.Avoid = planner.Choice{
		Companies: union(was.Companies, more.Companies), Locations: union(was.Locations, more.Locations), EVSEs: union(was.EVSEs, more.EVSEs),
	}
	now := d.r.Avoid
	if n := max(len(now.Companies), len(now.Locations), len(now.EVSEs)); n > maxAvoided {
		return charging.Invalid(field, fmt.Sprintf("makes %d of one kind, with those of earlier edits; at most %d", n, maxAvoided))
	}
	d.journey.Avoid = trip.Choice(now)
	d.wishes = append(d.wishes, wish{field: field, kind: "avoid", via: -1, without: func(d *draft) { d.r.Avoid = was }})
	return nil
}

func union[T comparable](a, b []T) []T {
	all := slices.Clone(a)
	for _, v := range b {
		if !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	return all
}
