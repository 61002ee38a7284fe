package trips

import (
	"context"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// WithPlan is a trip with its plan as it is now; see WithPlans.
func (s *planning) WithPlan(ctx context.Context, t trip.Trip) trip.Trip {
	one := []trip.Trip{t}
	s.withPlans(ctx, one, true)
	return one[0]
}

// WithPlans puts their plans into trips, without roads and batteries. A plan that is not that
// of the trip's present stops is worked out anew, and kept (docs/adr/0019-a-trip-keeps-its-plan.md). Trips whose plans cannot
// be read are left as they are.
func (s *planning) WithPlans(ctx context.Context, ts []trip.Trip) { s.withPlans(ctx, ts, false) }

func (s *planning) withPlans(ctx context.Context, ts []trip.Trip, geometry bool) {
	ids := make([]charging.TripID, len(ts))
	for i, t := range ts {
		ids[i] = t.ID
	}
	kept, err := s.Records.KeptPlans(ctx, ids)
	if err != nil {
		return
	}
	anew := s.anew(ctx, ts, kept)
	for i, t := range ts {
		plan, ok := anew[t.ID]
		if !ok {
			plan = kept[t.ID]
		}
		if len(plan.Stops) == len(t.Legs) {
			ts[i] = t.With(plan, geometry)
		}
		if geometry && s.Driven != nil && len(plan.Profile) > 0 && !s.Now().Before(plan.Departure.Add(-trip.SetsOut)) {
			ts[i].Plan.Driven = plan.Along(s.Driven.Of(ctx, t.ID))
		}
	}
}

// anew works out the plans that are missing, or not those of their trips any more.
func (s *planning) anew(ctx context.Context, ts []trip.Trip, kept map[charging.TripID]trip.Plan) map[charging.TripID]trip.Plan {
	var moved []charging.TripID
	for _, t := range ts {
		if !kept[t.ID].Fits(t) {
			moved = append(moved, t.ID)
		}
	}
	if len(moved) == 0 {
		return nil
	}
	records, err := s.Records.LoadEach(ctx, moved) // with their journeys
	if err != nil {
		return nil
	}
	locations, _ := s.Catalogue.Locations(ctx)
	planner, plans := s.Advisor.planner(locations), map[charging.TripID]trip.Plan{}
	for _, t := range ts {
		r, ok := records[t.ID]
		if was := kept[t.ID]; ok && !was.Fits(t) {
			t.Saga = r.Saga
			plan, whole := planner.Itinerary(t, was)
			if plans[t.ID] = plan; whole {
				_ = s.Records.KeepPlan(ctx, t.ID, plan) // else the next reader works it out
			}
		}
	}
	return plans
}
