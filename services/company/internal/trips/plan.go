package trips

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

// lookAhead is how long after the departure availability is asked for.
const lookAhead = 36 * time.Hour

// askAhead is how far ahead availability is asked for and remembered: for most
// departures.
const askAhead = 9 * 24 * time.Hour

// Defaults of a plan request.
const defaultSoC = 0.9

// Plan finds up to three ways to make a journey, best first, on what is free now, or the
// best way for a plan that is edited, and remembers them so that a trip or an edit can name one. Other requests may book what
// it offers in the meantime: only a trip promises.
//
// INVALID_FIELD, UNKNOWN_PLACE, UNKNOWN_PLAN, INFEASIBLE_TRIP, RATE_LIMITED.
func (s *planning) Plan(ctx context.Context, req api.PlanRequest, by string) ([]trip.Plan, error) {
	d, err := s.draftOf(ctx, req, by)
	if err != nil {
		return nil, err
	}
	if s.Plans != nil {
		pass, err := s.Plans.Enter(ctx)
		if err != nil {
			return nil, err
		}
		pass.Works()
		defer pass.Done()
	}
	need, ask := s.spans(d.r)
	w := s.Advisor.world(ctx, need, ask)
	plans, err := w.planner.Plans(d.request(), w.free)
	if err != nil {
		return nil, s.thinner(ctx, d, w, by, err, d.why(err, w))
	}
	for i := range plans {
		d.finish(&plans[i], w)
	}
	d.journey.Departure = plans[0].Departure // later than asked for, with a latest arrival
	return plans, s.Records.SavePlans(ctx, plans, d.journey, s.PlanLife, by)
}

// finish gives a plan its id, and says what it was made of.
func (d *draft) finish(plan *trip.Plan, w world) {
	plan.ID = "p-" + uuid.Must(uuid.NewV7()).String()
	plan.AsOf, plan.Silent = w.asOf, w.silent
	plan.Origin, plan.Destination = d.ends[0], d.ends[1]
	for k := range plan.Via {
		plan.Via[k].Place = d.places[k]
	}
}

// thinner adds to a refusal the plans with thinner reserves that the planner has found, and
// remembers each, so that a driver who accepts its margin can book it.
func (s *planning) thinner(ctx context.Context, d *draft, w world, by string, found, refused error) error {
	var no *planner.Infeasible
	var r *charging.Refusal
	if !errors.As(found, &no) || len(no.Thinner) == 0 || !errors.As(refused, &r) {
		return refused
	}
	for i := range no.Thinner {
		t := &no.Thinner[i]
		d.finish(&t.Plan, w)
		journey, atDestination := d.journey, t.Needs.MinDestinationSoC
		journey.Departure = t.Departure
		journey.MinArrivalSoC, journey.MinDestinationSoC = t.Needs.MinArrivalSoC, &atDestination
		if err := s.Records.SavePlans(ctx, []trip.Plan{t.Plan}, journey, s.PlanLife, by); err != nil {
			return err
		}
	}
	return &trip.Thinner{Refusal: r, Plans: no.Thinner}
}

// draftOf is what a request asks for: of a journey, or of a plan that is edited.
func (s *planning) draftOf(ctx context.Context, req api.PlanRequest, by string) (d *draft, err error) {
	if req.BasePlanID != "" {
		return s.edit(ctx, req, by)
	}
	d = &draft{}
	if d.r, d.journey, d.ends, err = s.journey(req); err != nil || req.Via == nil {
		return d, err
	}
	return d, s.via(d, *req.Via)
}

// spans are the time whose availability a request needs, and the time to ask for: the same
// for nearly all requests, so that an answer serves later ones, too.
func (s *planning) spans(r planner.Request) (need, ask charging.Window) {
	need = charging.Window{Start: r.Departure, End: r.Departure.Add(lookAhead)}
	if r.LatestArrival.After(need.End) {
		need.End = r.LatestArrival
	}
	now := s.Now().UTC().Truncate(time.Second)
	ask = charging.Window{Start: now.Add(-time.Minute), End: now.Add(askAhead)} // a departure may lie a minute back
	if need.Start.Before(ask.Start) || need.End.After(ask.End) {
		return need, need
	}
	return need, ask
}

// journey checks a plan request and completes it; ends are where it begins and ends.
func (s *planning) journey(req api.PlanRequest) (r planner.Request, j trip.Journey, ends [2]*trip.Place, err error) {
	r = planner.Request{
		SoC: defaultSoC, MinArrivalSoC: planner.DefaultMinArrivalSoC, Departure: req.Departure.UTC(), Objective: req.Objective,
	}
	now := s.Now().UTC().Truncate(time.Second)
	switch {
	case req.Departure.IsZero():
		r.Departure = now
	case req.Departure.Before(now.Add(-time.Minute)):
		return r, j, ends, charging.Invalid("departure", "lies in the past (it is "+now.Format(time.RFC3339)+")")
	case req.Departure.After(now.Add(s.MaxAhead)):
		return r, j, ends, charging.Invalid("departure", fmt.Sprintf("is more than %d days ahead", int(s.MaxAhead.Hours()/24)))
	}
	if by := req.LatestArrival; !by.IsZero() {
		r.LatestArrival = by.UTC()
		if by.After(now.Add(s.MaxAhead + lookAhead)) {
			return r, j, ends, charging.Invalid("latest_arrival", fmt.Sprintf("is more than %d days ahead", int((s.MaxAhead+lookAhead).Hours()/24)))
		}
	}
	r.Avoid, r.Insist = planner.Choice(req.Avoid), planner.Choice(req.Insist)
	if req.SoC != nil {
		r.SoC = *req.SoC
	}
	if req.MinArrivalSoC != nil {
		r.MinArrivalSoC = *req.MinArrivalSoC
	}
	if r.MinDestinationSoC = req.MinDestinationSoC; req.MaxChargeSoC != nil {
		r.MaxChargeSoC = *req.MaxChargeSoC
	}
	// What was given is never undercut; min_arrival_soc gives both.
	r.Thinner = planner.Reserves{
		Arrival: req.MinArrivalSoC == nil, Destination: req.MinArrivalSoC == nil && req.MinDestinationSoC == nil,
	}
	if ends[0], err = s.Advisor.place("origin", req.Origin); err != nil {
		return r, j, ends, err
	}
	if ends[1], err = s.Advisor.place("destination", req.Destination); err != nil {
		return r, j, ends, err
	}
	r.Origin, r.Destination = ends[0].Point(), ends[1].Point()
	if r.Vehicle, err = car(req.Vehicle); err != nil {
		return r, j, ends, err
	}
	objective := r.Objective
	if objective == trip.Fastest {
		objective = "" // as most: a trip's record need not carry it
	}
	j = trip.Journey{
		From: r.Origin, To: r.Destination, Departure: r.Departure, SoC: r.SoC, MinArrivalSoC: r.MinArrivalSoC,
		MinDestinationSoC: r.MinDestinationSoC, MaxChargeSoC: r.MaxChargeSoC,
		VehicleModel: req.Vehicle.Model, UsableKWh: req.Vehicle.UsableBatteryKWh, KWhPer100: req.Vehicle.ConsumptionKWh100,
		DCKW: req.Vehicle.DCKW, ACKW: req.Vehicle.ACKW, DCCurve: req.Vehicle.DCCurve,
		Plugs: req.Vehicle.Plugs, Conditions: req.Vehicle.Conditions, LatestArrival: r.LatestArrival, Avoid: req.Avoid, Insist: req.Insist,
		Objective: objective,
	}
	if !r.LatestArrival.IsZero() {
		j.Earliest = r.Departure
	}
	return r, j, ends, r.Validate()
}

// car finds a model, or takes explicit figures, in the conditions that are given.
func car(v api.Vehicle) (vehicle.Vehicle, error) {
	found, err := model(v)
	if len(v.Plugs) > 0 {
		found.Ports = v.Plugs
	}
	if v.Conditions != nil {
		given := vehicle.Conditions(*v.Conditions)
		found.Conditions = &given
	}
	return found, err
}

func model(v api.Vehicle) (vehicle.Vehicle, error) {
	if v.Model != "" {
		found, ok := vehicle.ByID(v.Model)
		if !ok {
			return found, charging.Invalid("vehicle.model", fmt.Sprintf("%q is not in the catalogue; give its figures instead, or one of %s", v.Model, someModels()))
		}
		return found, nil
	}
	out := vehicle.Vehicle{
		UsableBatteryKWh: v.UsableBatteryKWh, ConsumptionKWh100Km: v.ConsumptionKWh100, DCKW: v.DCKW, ACKW: v.ACKW,
	}
	for _, p := range v.DCCurve {
		out.DCCurve = append(out.DCCurve, vehicle.CurvePoint(p))
	}
	if len(out.DCCurve) == 0 && v.DCKW > 0 {
		out.DCCurve = vehicle.DefaultCurve(v.DCKW)
	}
	if err := out.Validate(); err != nil {
		var f *vehicle.FieldError
		if errors.As(err, &f) {
			return out, charging.Invalid("vehicle."+f.Field, f.Reason)
		}
		return out, charging.Invalid("vehicle", err.Error())
	}
	return out, nil
}

func someModels() string {
	var ids []string
	for _, v := range vehicle.All() {
		ids = append(ids, v.ID)
	}
	return strings.Join(ids, ", ")
}

// infeasible turns the planner's reasons into refusals. Chargers of companies
// that do not answer were left out, which may be all there is to it.
func infeasible(err error, silent []charging.CompanyID) error {
	var no *planner.Infeasible
	if !errors.As(err, &no) {
		return err
	}
	detail := no.Error()
	if len(silent) > 0 {
		detail += "; chargers of " + names(silent) + " are left out, because the company does not answer now"
	}
	return charging.Refuse(charging.CodeInfeasibleTrip, detail)
}

// Advisor looks at the roads and chargers for the front desk and for sagas that
// have lost a stop.
type Advisor struct {
	Network   *road.Network
	Catalogue Catalogue
	// Now is civil time.
	Now func() time.Time

	mu    sync.Mutex
	known *planner.Planner // of the catalogue with this shape
	shape string
}

// place finds where a journey begins or ends.
func (a *Advisor) place(field string, e api.Endpoint) (*trip.Place, error) {
	switch {
	case e.City != "" && (e.Lat != nil || e.Lon != nil):
		return nil, charging.Invalid(field, "give either a city or lat and lon")
	case e.City != "":
		town, err := a.Network.Place(e.City)
		if err != nil {
			return nil, &charging.Refusal{
				Code: charging.CodeUnknownPlace, Detail: field + ".city: " + err.Error(),
				Fields: []charging.FieldError{{Field: field + ".city", Reason: err.Error()}},
			}
		}
		return &trip.Place{Name: town.String(), City: town.Name, State: town.State, Lat: town.Point.Lat, Lon: town.Point.Lon}, nil
	case e.Lat == nil || e.Lon == nil:
		return nil, charging.Invalid(field, "give a city, or lat and lon")
	}
	p := geo.Point{Lat: *e.Lat, Lon: *e.Lon}
	if err := p.Validate(); err != nil {
		return nil, charging.Invalid(field, err.Error())
	}
	return planner.PlaceOf(a.Network, p), nil
}

// world is what a plan is made on.
type world struct {
	planner *planner.Planner
	free    planner.Free
	// asOf is when each company said what is free; silent are those that do not answer and
	// so offer nothing.
	asOf   map[charging.CompanyID]time.Time
	silent []charging.CompanyID
}

// world is the catalogue as it is now, and what was free not long ago.
func (a *Advisor) world(ctx context.Context, need, ask charging.Window) world {
	locations, _ := a.Catalogue.Locations(ctx)
	found, asOf, missing := a.Catalogue.Calendars(ctx, evsesOf(locations), need, ask)
	now, civil := time.Now(), a.Now()
	for id, at := range asOf {
		asOf[id] = civil.Add(-now.Sub(at)).UTC().Truncate(time.Millisecond)
	}
	return world{a.planner(locations), freeOf(found), asOf, silentOf(missing)}
}

// worldNow is the catalogue as it is now, and what every company says is free now.
func (a *Advisor) worldNow(ctx context.Context, w charging.Window) world {
	locations, _ := a.Catalogue.Locations(ctx)
	found, missing := a.Catalogue.Availability(ctx, evsesOf(locations), w)
	return world{planner: a.planner(locations), free: freeOf(found), silent: silentOf(missing)}
}

func evsesOf(locations []charging.Location) []charging.EVSEID {
	var evses []charging.EVSEID
	for _, l := range locations {
		for _, e := range l.EVSEs {
			evses = append(evses, e.ID)
		}
	}
	return evses
}

func freeOf(found []charging.Free) planner.Free {
	byID := make(map[charging.EVSEID][]charging.Window, len(found))
	for _, f := range found {
		byID[f.EVSEID] = f.Windows
	}
	return func(id charging.EVSEID) []charging.Window { return byID[id] }
}

func silentOf(missing map[charging.CompanyID]error) []charging.CompanyID {
	return slices.Sorted(maps.Keys(missing))
}

func names(companies []charging.CompanyID) string {
	all := make([]string, len(companies))
	for i, id := range companies {
		all[i] = string(id)
	}
	return strings.Join(all, " and ")
}

// planner prepares the drives between all stations, once for each shape of the
// catalogue.
func (a *Advisor) planner(locations []charging.Location) *planner.Planner {
	var b strings.Builder
	for _, l := range locations {
		b.WriteString(string(l.ID))
		b.WriteString(l.Terms.CancelUntil.String())
		for _, e := range l.EVSEs {
			b.WriteString(string(e.ID))
			b.WriteString(string(e.Status[:1]))
		}
		for _, t := range l.Tariffs {
			b.WriteString(strconv.FormatFloat(t.PerKWh, 'g', -1, 64))
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known == nil || a.shape != b.String() {
		a.known, a.shape = planner.New(a.Network, locations), b.String()
	}
	return a.known
}

// Alternatives offers other choices for one stop of a trip, best first, on what
// is free now. The trip's own stops count as taken.
func (a *Advisor) Alternatives(ctx context.Context, t trip.Trip, leg int) ([]trip.Alternative, error) {
	now := a.Now().UTC().Truncate(time.Second)
	w := t.Span()
	w.Start = now
	if last := w.Start.Add(time.Hour); w.End.Before(last) {
		w.End = last
	}
	here := a.worldNow(ctx, charging.Window{Start: w.Start, End: w.End.Add(lookAhead)})
	return here.planner.Alternatives(t, leg, here.free, now)
}

// Onward offers other choices for the next stop of a booked trip whose car is
// on the way, best first, on what is free now.
func (a *Advisor) Onward(ctx context.Context, t trip.Trip, leg int, here planner.Here) ([]trip.Alternative, error) {
	now := a.Now().UTC().Truncate(time.Second)
	w := charging.Window{Start: now, End: now.Add(time.Hour)}
	if end := t.Span().End; end.After(w.End) {
		w.End = end
	}
	w.End = w.End.Add(lookAhead / 3)
	known := a.worldNow(ctx, w)
	return known.planner.Onward(t, leg, here, known.free, now)
}
