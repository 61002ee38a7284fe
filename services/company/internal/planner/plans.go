package planner

import (
	"math"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Plans finds up to MaxPlans ways to make a journey, best first; they differ in at least
// one location each. Plan ids are left to the caller. The error is a refusal with
// INVALID_FIELD, or *Infeasible.
func (p *Planner) Plans(r Request, free Free) ([]trip.Plan, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	s, err := p.newSearch(r, free)
	if err != nil {
		return nil, err
	}
	end := s.run()
	if end < 0 {
		return nil, s.whyNot()
	}
	best := found{s.plan(end), s.labels[end].score}
	return others(s, best), nil
}

type found struct {
	plan  trip.Plan
	score float64
}

// others adds the best plans that do without one location of the best one.
func others(s *search, best found) []trip.Plan {
	var more []found
	for _, st := range best.plan.Stops {
		at := s.p.evses[st.EVSEID].site
		s.banned[at] = true
		if end := s.run(); end >= 0 {
			more = append(more, found{s.plan(end), s.labels[end].score})
		}
		s.banned[at] = false
	}
	slices.SortStableFunc(more, func(a, b found) int {
		if a.score < b.score {
			return -1
		}
		return 1
	})
	plans := []trip.Plan{best.plan}
	for _, f := range more {
		if len(plans) == MaxPlans {
			break
		}
		if !slices.ContainsFunc(plans, func(o trip.Plan) bool { return sameLocations(o, f.plan) }) {
			plans = append(plans, f.plan)
		}
	}
	return plans
}

func sameLocations(a, b trip.Plan) bool {
	return slices.EqualFunc(a.Stops, b.Stops, func(x, y trip.PlanStop) bool { return x.LocationID == y.LocationID })
}

// plan writes down the way to a label at the destination.
func (s *search) plan(end int32) trip.Plan {
	last := s.labels[end]
	plan := trip.Plan{
		Departure: time.Unix(ceilSecond(s.r.Departure), 0).UTC(),
		Arrival:   time.Unix(last.at, 0).UTC(),
		Price:     round(last.price, 100),
		Currency:  "BRL",
		ArriveSoC: roundSoC(last.soc),
		Stops:     []trip.PlanStop{},
	}
	var charge int64
	for i := end; s.labels[i].prev >= 0; i = s.labels[i].prev {
		l, before := s.labels[i], s.labels[s.labels[i].prev]
		plan.DistanceKM += l.leg.Km
		if before.prev < 0 {
			continue
		}
		charge += l.stop.end - l.stop.start
		plan.Stops = append(plan.Stops, s.planStop(before, l.stop))
	}
	slices.Reverse(plan.Stops)
	for i := range plan.Stops {
		plan.Stops[i].Leg = i + 1
	}
	plan.DistanceKM = round(plan.DistanceKM, 10)
	plan.DriveMinutes = round(float64(last.driven)/60, 10)
	plan.ChargeMinutes = round(float64(charge)/60, 10)
	plan.TotalMinutes = round(plan.Arrival.Sub(plan.Departure).Minutes(), 10)
	return plan
}

// planStop is a stop, made after arriving by a label.
func (s *search) planStop(arrival label, st stop) trip.PlanStop {
	loc := s.p.sites[arrival.site].loc
	return trip.PlanStop{
		CompanyID: loc.Company, LocationID: loc.ID, EVSEID: st.evse,
		Start: time.Unix(st.start, 0).UTC(), End: time.Unix(st.end, 0).UTC(),
		ArriveSoC: roundSoC(arrival.soc), DepartSoC: roundSoC(st.soc),
		EnergyKWh: round(st.kWh, 100), Price: round(st.price, 100),
		DistanceKM:   round(arrival.leg.Km, 10),
		DriveMinutes: round(math.Ceil(arrival.leg.Drive.Seconds())/60, 10),
	}
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
