package api

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Bounds of the driver's requests.
const (
	// MaxStops of one trip.
	MaxStops = 20
	// DefaultDecisionTimeout and MaxDecisionTimeout bound decisions and waits.
	DefaultDecisionTimeout = 120 * time.Second
	MaxDecisionTimeout     = 600 * time.Second
	// lateDeparture is how far a departure may lie in the past: "now" by
	// another clock.
	lateDeparture = time.Minute
	maxCurve      = 100
)

var (
	tokenRE = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,128}$`)
	modelRE = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,63}$`)
)

// DecodePlan reads the body of POST /api/v1/plans: a journey, or with a base_plan_id what is
// changed of a plan. The departure is judged by
// now; a zero now leaves that out. MALFORMED_REQUEST, TOO_LARGE, INVALID_FIELD.
func DecodePlan(body []byte, now time.Time) (PlanRequest, error) {
	r, err := newReader(body, true)
	if err != nil {
		return PlanRequest{}, err
	}
	p := PlanRequest{BasePlanID: r.token("base_plan_id")}
	if p.BasePlanID != "" || len(r.rep.wrong) > 0 {
		r.edit(&p)
		r.done()
		return p, r.rep.err()
	}
	if r.fields["changes"] != nil {
		r.invalid("base_plan_id", "is missing; say which plan the changes are of")
		r.take("changes")
	}
	p.Via = r.vias()
	p.Origin = r.endpoint("origin")
	p.Destination = r.endpoint("destination")
	p.Vehicle = r.vehicle()
	p.SoC = r.number("soc", 0, 1)
	p.Departure = r.departure(now)
	p.LatestArrival = r.latestArrival(p.Departure, now)
	p.Avoid, p.Insist = r.places("avoid"), r.places("insist")
	p.MinArrivalSoC = r.number("min_arrival_soc", 0, 1)
	p.MinDestinationSoC = r.number("min_destination_soc", 0, 1)
	p.MaxChargeSoC = r.number("max_charge_soc", 0.1, 1)
	p.Objective = r.objective()
	r.done()
	return p, r.rep.err()
}

func (r *reader) departure(now time.Time) time.Time {
	at := r.instant("departure")
	switch {
	case at.IsZero() || now.IsZero():
	case at.Before(now.Add(-lateDeparture)):
		r.invalid("departure", "lies in the past (it is "+now.UTC().Format(time.RFC3339)+")")
	case at.After(now.Add(charging.MaxAhead)):
		r.invalid("departure", fmt.Sprintf("is more than %d days ahead", int(charging.MaxAhead.Hours()/24)))
	}
	return at
}

func (r *reader) objective() trip.Objective {
	o := trip.Objective(r.text("objective", 32))
	switch o {
	case "":
		return trip.Fastest
	case trip.Fastest, trip.Cheapest, trip.FewestStops:
	default:
		r.invalid("objective", fmt.Sprintf("%q is none of fastest, cheapest, fewest_stops", brief(string(o))))
	}
	return o
}

func (r *reader) endpoint(name string) Endpoint {
	r.require(name)
	o := r.object(name)
	if o == nil {
		return Endpoint{}
	}
	e := o.point()
	o.done()
	r.eitherPoint(name, e)
	return e
}

func (r *reader) point() Endpoint {
	return Endpoint{City: r.text("city", 200), Lat: r.number("lat", -90, 90), Lon: r.number("lon", -180, 180)}
}

// eitherPoint judges a place: a city, or both of lat and lon.
func (r *reader) eitherPoint(name string, e Endpoint) {
	point := e.Lat != nil && e.Lon != nil
	if len(r.rep.wrong) == 0 && (strings.TrimSpace(e.City) != "") == point || (e.Lat == nil) != (e.Lon == nil) {
		r.invalid(name, `must be either {"city": "João Pessoa, PB"} or {"lat": …, "lon": …}`)
	}
}

func (r *reader) vehicle() Vehicle {
	r.require("vehicle")
	o := r.object("vehicle")
	if o == nil {
		return Vehicle{}
	}
	v := Vehicle{Model: o.model(false)}
	battery := o.number("usable_battery_kwh", 1, 1000)
	consumption := o.number("consumption_kwh_100km", 1, 500)
	dc := o.number("dc_kw", 1, 2000)
	ac := o.number("ac_kw", 0, 200)
	v.DCCurve = o.curve()
	v.Plugs = o.plugs()
	v.Conditions = o.conditions()
	o.done()
	switch {
	case len(o.rep.wrong) > 0:
	case v.Model != "" && (battery != nil || consumption != nil || dc != nil || ac != nil || v.DCCurve != nil):
		r.invalid("vehicle", "has both a model and figures; give one of them")
	case v.Model == "" && (battery == nil || consumption == nil || dc == nil):
		r.invalid("vehicle", "needs a model, or usable_battery_kwh, consumption_kwh_100km and dc_kw")
	}
	v.UsableBatteryKWh, v.ConsumptionKWh100 = deref(battery), deref(consumption)
	v.DCKW, v.ACKW = deref(dc), deref(ac)
	return v
}

func (r *reader) model(required bool) string {
	if required {
		r.require("model")
	}
	m := r.text("model", 64)
	if m != "" && !modelRE.MatchString(m) {
		r.invalid("model", fmt.Sprintf("%q is no model such as byd-dolphin", brief(m)))
	}
	return m
}

// plugs are the standards of connectors that a car takes.
func (r *reader) plugs() []string {
	const field = "plugs"
	list := r.list(field, len(standards))
	if list != nil && len(list) == 0 {
		r.invalid(field, "is empty; leave it out, or say what the car can be plugged in with")
	}
	var plugs []string
	for i, v := range list {
		at := fmt.Sprintf("%s[%d]", field, i)
		s, ok := v.(string)
		switch {
		case !ok:
			r.wrongType(at, "a string", v)
		case !charging.KnownStandard(s):
			r.invalid(at, fmt.Sprintf("%q is no ConnectorType of OCPI, such as IEC_62196_T2_COMBO or CHADEMO", brief(s)))
		case slices.Contains(plugs, s):
			r.invalid(at, fmt.Sprintf("%q was there before", s))
		default:
			plugs = append(plugs, s)
		}
	}
	return plugs
}

// curve is pairs of charge in percent, rising, and power in kW.
func (r *reader) curve() [][2]float64 {
	var curve [][2]float64
	for i, v := range r.list("dc_curve", maxCurve) {
		pair, ok := v.([]any)
		if !ok || len(pair) != 2 {
			r.invalid(fmt.Sprintf("dc_curve[%d]", i), "must be a pair [percent, kW]")
			return nil
		}
		percent := r.element(fmt.Sprintf("dc_curve[%d][0]", i), pair[0], 100)
		kW := r.element(fmt.Sprintf("dc_curve[%d][1]", i), pair[1], 2000)
		if n := len(curve); n > 0 && percent <= curve[n-1][0] {
			r.invalid(fmt.Sprintf("dc_curve[%d][0]", i), "must be greater than the one before")
			return nil
		}
		curve = append(curve, [2]float64{percent, kW})
	}
	return curve
}

// element reads a number in [0, high] that is no field.
func (r *reader) element(name string, v any, high float64) float64 {
	one := &reader{path: r.path, fields: map[string]any{name: v}, rep: r.rep}
	one.require(name)
	return deref(one.number(name, 0, high))
}

// DecodeTrip reads the body of POST /api/v1/trips. Windows are judged by now; a
// zero now judges only their form. MALFORMED_REQUEST, TOO_LARGE, INVALID_FIELD,
// INVALID_WINDOW.
func DecodeTrip(body []byte, now time.Time) (TripRequest, error) {
	r, err := newReader(body, true)
	if err != nil {
		return TripRequest{}, err
	}
	t := TripRequest{VehicleID: id[charging.VehicleID](r, "vehicle_id", 64, true)}
	byHand := r.fields["stops"] != nil
	t.PlanID = r.token("plan_id")
	t.Stops = r.stops(now)
	switch {
	case t.PlanID != "" && byHand:
		r.invalid("stops", "are given beside a plan_id; give one of them")
	case t.PlanID == "" && !byHand:
		r.invalid("plan_id", "is missing; give a plan_id or stops")
	}
	t.OnConflict = trip.Policy(r.text("on_conflict", 32))
	if t.OnConflict == "" {
		t.OnConflict = trip.Ask
	}
	if !t.OnConflict.Valid() {
		r.invalid("on_conflict", fmt.Sprintf("%q is none of ask, replan, wait, abort", brief(string(t.OnConflict))))
	}
	t.DecisionTimeoutSeconds = int(r.integer("decision_timeout_seconds", 1, int64(MaxDecisionTimeout.Seconds()), 0))
	t.SoC = r.number("soc", 0, 1)
	t.Plugs = r.plugs()
	if t.PlanID != "" && t.Plugs != nil {
		r.invalid("plugs", "are given beside a plan_id; a plan knows its car")
	}
	r.done()
	return t, r.rep.err()
}

// token takes an id that this system made: a plan's or an alternative's.
func (r *reader) token(name string) string {
	before := len(r.rep.wrong)
	v := r.fields[name]
	s := r.text(name, 128)
	if v != nil && len(r.rep.wrong) == before && !tokenRE.MatchString(s) {
		r.invalid(name, fmt.Sprintf("%q is no %s", brief(s), name))
	}
	return s
}

func (r *reader) stops(now time.Time) []Stop {
	list := r.list("stops", MaxStops)
	if list != nil && len(list) == 0 {
		r.invalid("stops", "is empty; a trip has at least one stop")
	}
	stops := make([]Stop, 0, len(list))
	for i, v := range list {
		name := fmt.Sprintf("stops[%d]", i)
		fields, ok := v.(map[string]any)
		if !ok {
			r.wrongType(name, "an object", v)
			continue
		}
		o := &reader{path: r.path + name + ".", fields: fields, rep: r.rep}
		s := o.stop(now)
		if s.Leg != 0 && s.Leg != i+1 {
			o.invalid("leg", fmt.Sprintf("is %d; stops are in travel order, so this one is leg %d", s.Leg, i+1))
		}
		s.Leg = i + 1
		stops = append(stops, s)
		if i > 0 && len(stops) > 1 {
			o.follows(stops[len(stops)-2], s, i)
		}
	}
	if len(stops) == 0 {
		return nil
	}
	return stops
}

// follows checks the travel order of two stops.
func (r *reader) follows(prev, s Stop, i int) {
	switch {
	case prev.End.IsZero() || s.Start.IsZero() || !s.Start.Before(prev.End):
	case s.EVSEID == prev.EVSEID && s.Start.Equal(prev.Start) && s.End.Equal(prev.End):
		r.rep.add(charging.CodeInvalidWindow, strings.TrimSuffix(r.path, "."), fmt.Sprintf("repeats stops[%d]", i-1))
	default:
		r.rep.add(charging.CodeInvalidWindow, r.path+"start",
			fmt.Sprintf("is before the end of stops[%d]; stops are in travel order", i-1))
	}
}

func (r *reader) stop(now time.Time) Stop {
	s := Stop{Leg: int(r.integer("leg", 1, MaxStops, 0)), EVSEID: id[charging.EVSEID](r, "evse_id", 64, true)}
	s.Start, s.End = r.window(now)
	s.EnergyKWh = deref(r.number("energy_kwh", 0, 1000))
	r.done()
	return s
}

// window takes start and end and judges them by now; with a zero now only by
// their form.
func (r *reader) window(now time.Time) (start, end time.Time) {
	r.require("start")
	r.require("end")
	start, end = r.instant("start"), r.instant("end")
	if start.IsZero() || end.IsZero() {
		return start, end
	}
	w, ahead := charging.NewWindow(start, end), charging.MaxAhead
	if now.IsZero() {
		now, ahead = start, 0
	}
	if err := w.Validate(now, ahead, r.path); err != nil {
		for _, f := range fieldsOf(err) {
			r.rep.add(charging.CodeOf(err), f.Field, f.Reason)
		}
	}
	return start, end
}

// CheckIdempotencyKey judges the Idempotency-Key header: empty, or 1 to 128
// printable ASCII characters. INVALID_FIELD.
func CheckIdempotencyKey(key string) error {
	if len(key) > 128 {
		return charging.Invalid("Idempotency-Key", fmt.Sprintf("has %d characters; at most 128", len(key)))
	}
	for _, c := range []byte(key) {
		if c < ' ' || c > '~' {
			return charging.Invalid("Idempotency-Key", "may hold printable ASCII characters only")
		}
	}
	return nil
}

func deref(f *float64) float64 {
	if f == nil {
		return 0
	}
	return *f
}
