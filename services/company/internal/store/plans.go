package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// KeptPlans gives the plans that are kept with trips, in one round trip. Those that are missing
// or cannot be read are left out: a reader works them out (docs/adr/0019).
func (j *Journal) KeptPlans(ctx context.Context, ids []charging.TripID) (map[charging.TripID]trip.Plan, error) {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = string(id)
	}
	rows, err := j.fields(ctx, names, "plan")
	if err != nil {
		return nil, err
	}
	kept := make(map[charging.TripID]trip.Plan, len(ids))
	for i, row := range rows {
		var p trip.Plan
		if doc := row.str(0); doc != "" && json.Unmarshal([]byte(doc), &p) == nil {
			kept[ids[i]] = p
		}
	}
	return kept, nil
}

// KeepPlan keeps another plan with a trip, beside its record. UNKNOWN_TRIP for one that has
// none: nothing is kept of a trip that is gone.
func (j *Journal) KeepPlan(ctx context.Context, id charging.TripID, p trip.Plan) error {
	doc, err := planDoc(&p)
	if err != nil {
		return err
	}
	got, err := j.run(ctx, "keep plan", keepPlanScript, []string{j.keys.trip(id)}, doc)
	if err != nil || got.str(0) == "OK" {
		return err
	}
	return unknownTrip(id)
}

// planDoc is a plan as it is kept: without what was true of the moment of planning only. Empty
// for none.
func planDoc(p *trip.Plan) (string, error) {
	if p == nil {
		return "", nil
	}
	kept := *p
	kept.AsOf, kept.Silent = nil, nil
	doc, err := json.Marshal(kept)
	if err != nil {
		return "", fmt.Errorf("store: plan %s: %w", p.ID, err)
	}
	return string(doc), nil
}
