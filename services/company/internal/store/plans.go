package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// KeptPlans gives the plans that are kept with trips, in one round trip. Those that are missing
// or cannot be read are left out: a reader works them out (docs/adr/0019-a-trip-keeps-its-plan.md).
func (j *Journal) KeptPlans(ctx context.Context, ids []charging.TripID) (map[charging.TripID]trip.Plan, error) {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = string(id)
	}
	rows, err := j.fields(ctx, names, planField)
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
	return j.beside(ctx, "keep plan", id, planField, doc)
}

// Driven gives what is kept of what a trip's car has driven; nothing where nothing is, or where
// it cannot be read.
func (j *Journal) Driven(ctx context.Context, id charging.TripID) (trip.Driven, error) {
	rows, err := j.fields(ctx, []string{string(id)}, drivenField)
	if err != nil {
		return nil, err
	}
	var d trip.Driven
	if doc := rows[0].str(0); doc == "" || json.Unmarshal([]byte(doc), &d) != nil {
		return nil, nil
	}
	return d, nil
}

// KeepDriven keeps what a trip's car has driven, like KeepPlan. UNKNOWN_TRIP.
func (j *Journal) KeepDriven(ctx context.Context, id charging.TripID, d trip.Driven) error {
	doc, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("store: what trip %s has driven: %w", id, err)
	}
	return j.beside(ctx, "keep what was driven", id, drivenField, string(doc))
}

// What is kept beside a trip's record, in the same key: it goes when the record goes.
const planField, drivenField = "plan", "driven"

func (j *Journal) beside(ctx context.Context, what string, id charging.TripID, field, doc string) error {
	got, err := j.run(ctx, what, besideScript, []string{j.keys.trip(id)}, field, doc)
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
	doc, err := json.Marshal(p.Lasting())
	if err != nil {
		return "", fmt.Errorf("store: plan %s: %w", p.ID, err)
	}
	return string(doc), nil
}
