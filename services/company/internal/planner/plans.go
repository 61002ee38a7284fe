package planner

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

const (
	// latestWithin is how near to the latest arrival a plan must come, and latestTries how
	// often a departure is tried for that.
	latestWithin = 5 * time.Minute
	latestTries  = 12
	// variation is the score, in seconds, for stopping again in a town where a better plan
	// stops, and worst how much longer than the best plan another one may be.
	variation = 45 * 60
	worst     = 1.5
)

// Plans finds up to MaxPlans ways to make a journey, best first; they are distinct: each
// makes at least half of its stops in towns where no better one stops. Plan ids are left to
// the caller. The error is a refusal with INVALID_FIELD, or *Infeasible.
func (p *Planner) Plans(r Request, free Free) ([]trip.Plan, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	if r.Labels == nil && len(r.Held)+len(r.Via) > 0 {
		usual := requestLabels
		r.Labels = &usual
	}
	find := p.find
	if !r.LatestArrival.IsZero() {
		find = p.latest
	}
	plans, err := find(r, free)
	for i := range plans {
		p.show(&plans[i], r)
	}
	var no *Infeasible
	if errors.As(err, &no) {
		for i := range no.Thinner {
			p.show(&no.Thinner[i].Plan, r)
		}
	}
	return plans, err
}

// find is Plans for a good request without a latest arrival; its plans have no roads yet.
func (p *Planner) find(r Request, free Free) ([]trip.Plan, error) {
	s, err := p.newSearch(r, free)
	if err != nil {
		return nil, err
	}
	defer p.rooms.Put(s.room)
	best, ok := s.run()
	switch {
	case !ok && len(s.miles) > 0:
		return nil, &Infeasible{By: true, JourneyKm: round(float64(s.direct.km), 10)}
	case !ok:
		no := s.whyNot()
		if !no.Booked {
			p.lack(no, r, free)
			no.Thinner = p.thinner(r, free)
		}
		return nil, no
	}
	plans := s.others(best)
	for i := range plans {
		s.addBackups(&plans[i])
	}
	return plans, nil
}

// latest finds the plans that leave as late as possible and arrive by r.LatestArrival.
// Whoever leaves earlier arrives no later, so the departure is found by halving.
func (p *Planner) latest(r Request, free Free) ([]trip.Plan, error) {
	by := r.LatestArrival
	r.LatestArrival = time.Time{}
	plans, err := p.find(r, free)
	var no *Infeasible
	if errors.As(err, &no) {
		no.Thinner = slices.DeleteFunc(no.Thinner, func(t trip.ThinnerPlan) bool { return t.Arrival.After(by) })
	}
	if err != nil {
		return nil, err
	}
	r.Thinner = Reserves{} // there is a way
	if plans[0].Arrival.After(by) {
		return nil, &Infeasible{Late: true, Earliest: plans[0].Arrival, JourneyKm: plans[0].DistanceKM}
	}
	early := r.Departure
	late := by.Add(-time.Duration(plans[0].DriveMinutes * 0.9 * float64(time.Minute)))
	try := by.Add(-plans[0].Arrival.Sub(plans[0].Departure)) // as if nothing changed meanwhile
	for range latestTries {
		if late.Sub(early) <= latestWithin/2 {
			break
		}
		if !try.After(early) || !try.Before(late) {
			try = early.Add(late.Sub(early) / 2).Truncate(time.Second)
		}
		r.Departure = try
		later, err := p.find(r, free)
		if err != nil || later[0].Arrival.After(by) {
			late = try
		} else {
			early, plans = try, later
			if by.Sub(later[0].Arrival) <= latestWithin {
				break
			}
		}
		try = early.Add(late.Sub(early) / 2).Truncate(time.Second)
	}
	return slices.DeleteFunc(plans, func(o trip.Plan) bool { return o.Arrival.After(by) }), nil
}

type found struct {
	plan  trip.Plan
	score float64
}

// others adds plans to the best one that stop elsewhere.
func (s *search) others(best found) []trip.Plan {
	all := []found{best}
	s.penalties = map[string]float64{}
	for len(all) < MaxPlans && len(best.plan.Stops) > 0 && !s.r.Single {
		for _, st := range all[len(all)-1].plan.Stops {
			s.penalties[s.p.sites[s.p.evses[st.EVSEID].site].town] += s.w.second * variation
		}
		f, ok := s.runRough()
		if !ok || f.plan.TotalMinutes > worst*best.plan.TotalMinutes ||
			slices.ContainsFunc(all, func(o found) bool { return !s.distinct(o.plan, f.plan) }) {
			break
		}
		all = append(all, f)
	}
	rest := all[1:]
	slices.SortStableFunc(rest, func(a, b found) int { return cmp.Compare(s.value(a.plan), s.value(b.plan)) })
	plans := make([]trip.Plan, len(all))
	for i, f := range all {
		plans[i] = f.plan
	}
	return plans
}

// value is the score of a plan, without what keeps plans distinct.
func (s *search) value(p trip.Plan) float64 {
	return s.w.second*p.TotalMinutes*60 + s.w.price*p.Price + s.w.stop*float64(len(p.Stops))
}

// distinct is true where a plan makes at least half of its stops in towns where another
// one does not.
func (s *search) distinct(o, p trip.Plan) bool {
	town := func(st trip.PlanStop) string { return s.p.sites[s.p.evses[st.EVSEID].site].town }
	again := 0
	for _, st := range p.Stops {
		if slices.ContainsFunc(o.Stops, func(x trip.PlanStop) bool { return town(x) == town(st) }) {
			again++
		}
	}
	return 2*again <= len(p.Stops) && len(p.Stops) > 0
}

// plan writes down the way to a label at the destination.
func (s *search) plan(end int32) trip.Plan {
	last := s.labels[end]
	plan := trip.Plan{
		Departure:  time.Unix(s.start, 0).UTC(),
		Arrival:    time.Unix(last.at, 0).UTC(),
		Price:      round(last.price, 100),
		Currency:   "BRL",
		ArriveSoC:  roundSoC(last.soc),
		DistanceKM: round(last.km, 10),
		Stops:      []trip.PlanStop{},
	}
	var charge int64
	least := last.soc - s.r.atDestination()
	way := s.way(end)
	for n, i := range way[1:] {
		l, before := &s.labels[i], &s.labels[way[n]]
		least = min(least, before.soc-s.r.MinArrivalSoC)
		if s.cands[before.cand].via() {
			plan.Via = append(plan.Via, s.planVia(before, len(plan.Stops)))
			continue
		}
		charge += l.stop.end - l.stop.start
		plan.Stops = append(plan.Stops, s.planStop(before, l.stop))
		plan.Stops[len(plan.Stops)-1].Leg = len(plan.Stops)
	}
	plan.MarginSoC = roundSoC(least)
	plan.DriveMinutes = round(float64(last.driven)/60, 10)
	plan.ChargeMinutes = round(float64(charge)/60, 10)
	plan.TotalMinutes = round(plan.Arrival.Sub(plan.Departure).Minutes(), 10)
	return plan
}

// way are the labels from the first arrival to a last one.
func (s *search) way(end int32) (way []int32) {
	for i := end; i > 0; i = s.labels[i].prev {
		way = append(way, i)
	}
	slices.Reverse(way)
	return way
}

// planVia is a place that is passed, after so many stops; who calls names it.
func (s *search) planVia(arrival *label, stops int) trip.Via {
	m := s.cands[arrival.cand].mile
	at := s.r.Via[m.via].Point
	return trip.Via{
		Place: trip.Place{Lat: at.Lat, Lon: at.Lon}, StayMinutes: round(float64(m.least)/60, 10), AfterLeg: stops,
		DistanceKM: round(arrival.leg.km, 10), Arrival: time.Unix(arrival.at, 0).UTC(), ArriveSoC: roundSoC(arrival.soc),
	}
}

// planStop is a stop, made after arriving by a label.
func (s *search) planStop(arrival *label, st departure) trip.PlanStop {
	c := &s.cands[arrival.cand]
	loc := &s.p.sites[c.site].loc
	km, seconds := s.since(arrival)
	return trip.PlanStop{
		CompanyID: loc.Company, LocationID: loc.ID, EVSEID: c.kinds[st.kind].evses[st.evse],
		Start: time.Unix(st.start, 0).UTC(), End: time.Unix(st.end, 0).UTC(),
		ArriveSoC: roundSoC(arrival.soc), DepartSoC: roundSoC(st.soc),
		EnergyKWh: round(st.kWh, 100), Price: round(st.price, 100),
		DistanceKM:   round(km, 10),
		DriveMinutes: round(float64(seconds)/60, 10),
		CancelUntil:  loc.Terms.CancelableUntil(time.Unix(st.start, 0), time.Time{}).UTC(),
		Asked:        s.asked(c),
	}
}

// since is the drive from the stop before, by the vias between, that an arrival ends.
func (s *search) since(arrival *label) (km float64, seconds int64) {
	l := arrival
	for km, seconds = l.leg.km, l.leg.seconds; l.prev > 0 && s.cands[s.labels[l.prev].cand].via(); {
		l = &s.labels[l.prev]
		km, seconds = km+l.leg.km, seconds+l.leg.seconds
	}
	return km, seconds
}

// asked is what the request asks of a stop at a candidate.
func (s *search) asked(c *candidate) *trip.Asked {
	if c.mile == nil {
		return nil
	}
	asked := s.r.Held[c.mile.held].Asked
	return &asked
}

// round to parts of a whole; adding 0 turns −0 into 0.
func round(v, parts float64) float64 { return math.Round(v*parts)/parts + 0 }

func roundSoC(v float64) float64 { return round(v, 10000) }

// Companies are the companies whose EVSEs a plan uses, in travel order, each once.
func Companies(p trip.Plan) []charging.CompanyID {
	var ids []charging.CompanyID
	for _, s := range p.Stops {
		if !slices.Contains(ids, s.CompanyID) {
			ids = append(ids, s.CompanyID)
		}
	}
	return ids
}
