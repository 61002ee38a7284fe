package planner_test

import (
	"slices"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

// wishing is the mission's trip, booked, with its request's wishes, and its second stop
// lost.
func wishing(t *testing.T, wish func(*trip.Journey, trip.Trip)) (trip.Trip, []trip.Alternative) {
	t.Helper()
	p, r := demo(), mission(t)
	tr := booked(missionPlan(t, p, r, nil), &r)
	wish(tr.Saga.Journey, tr)
	alts, err := p.Alternatives(tr, 2, taken(tr.Legs), r.Departure)
	if err != nil {
		t.Fatal(err)
	}
	return tr, alts
}

func TestAlternativesKeepToTheRequest(t *testing.T) {
	none := func(*trip.Journey, trip.Trip) {}
	_, all := wishing(t, none)
	if len(all) < 3 {
		t.Fatalf("%d alternatives without any wish: the test says little", len(all))
	}
	t.Run("avoid a company", func(t *testing.T) {
		gone := all[0].CompanyID
		_, alts := wishing(t, func(j *trip.Journey, _ trip.Trip) { j.Avoid.Companies = []charging.CompanyID{gone} })
		if slices.ContainsFunc(alts, func(a trip.Alternative) bool { return a.CompanyID == gone }) {
			t.Errorf("offers %s: %+v", gone, alts)
		}
	})
	t.Run("avoid an EVSE", func(t *testing.T) {
		gone := all[0].EVSEID
		_, alts := wishing(t, func(j *trip.Journey, _ trip.Trip) { j.Avoid.EVSEs = []charging.EVSEID{gone} })
		if len(alts) == 0 || slices.ContainsFunc(alts, func(a trip.Alternative) bool { return a.EVSEID == gone }) {
			t.Errorf("offers %s: %+v", gone, alts)
		}
	})
	t.Run("insist on a company", func(t *testing.T) {
		only := all[len(all)-1].CompanyID
		_, alts := wishing(t, func(j *trip.Journey, _ trip.Trip) { j.Insist.Companies = []charging.CompanyID{only} })
		if len(alts) == 0 || slices.ContainsFunc(alts, func(a trip.Alternative) bool { return a.CompanyID != only }) {
			t.Errorf("offers others than %s: %+v", only, alts)
		}
	})
	t.Run("insist on the lost location", func(t *testing.T) {
		tr, alts := wishing(t, func(j *trip.Journey, tr trip.Trip) {
			j.Insist.Locations = []charging.LocationID{siteOf(t, tr.Legs[1].EVSEID).ID}
		})
		at := siteOf(t, tr.Legs[1].EVSEID).ID
		if len(alts) == 0 || slices.ContainsFunc(alts, func(a trip.Alternative) bool { return siteOf(t, a.EVSEID).ID != at }) {
			t.Errorf("offers others than at %s: %+v", at, alts)
		}
	})
	t.Run("insist on the lost EVSE", func(t *testing.T) {
		tr, alts := wishing(t, func(j *trip.Journey, tr trip.Trip) {
			j.Insist.EVSEs = []charging.EVSEID{tr.Legs[1].EVSEID}
		})
		if len(alts) == 0 || slices.ContainsFunc(alts, func(a trip.Alternative) bool { return a.EVSEID != tr.Legs[1].EVSEID }) {
			t.Errorf("offers others than %s: %+v", tr.Legs[1].EVSEID, alts)
		}
	})
	t.Run("be there in time", func(t *testing.T) {
		best := all[0].DeltaMinutes
		late := slices.ContainsFunc(all, func(a trip.Alternative) bool { return a.DeltaMinutes > best+10 })
		r := mission(t)
		arrival := missionPlan(t, demo(), r, nil).Arrival
		by := arrival.Add(time.Duration((best + 10) * float64(time.Minute)))
		_, alts := wishing(t, func(j *trip.Journey, _ trip.Trip) { j.LatestArrival = by })
		if !late || len(alts) == 0 || slices.ContainsFunc(alts, func(a trip.Alternative) bool { return a.DeltaMinutes > best+10 }) {
			t.Errorf("arrives too late (any late one without the wish: %v): %+v", late, alts)
		}
		_, alts = wishing(t, func(j *trip.Journey, _ trip.Trip) { j.LatestArrival = r.Departure.Add(time.Hour) })
		if len(alts) == 0 {
			t.Error("nothing is offered where nothing arrives in time")
		}
	})
	t.Run("against a storm", func(t *testing.T) {
		_, alts := wishing(t, func(j *trip.Journey, _ trip.Trip) {
			j.Conditions = &trip.Conditions{AirC: 40, LoadKg: 400, HeadwindKmh: 50}
		})
		if len(alts) >= len(all) && slices.EqualFunc(alts, all, func(a, b trip.Alternative) bool { return a.ID == b.ID }) {
			t.Error("the same alternatives as in still air")
		}
	})
}

// A request's conditions count in its plans.
func TestConditionsCount(t *testing.T) {
	p, r := demo(), mission(t)
	calm := missionPlan(t, p, r, nil)
	j := trip.Journey{
		From: r.Origin, To: r.Destination, Departure: r.Departure, SoC: r.SoC, MinArrivalSoC: r.MinArrivalSoC,
		VehicleModel: r.Vehicle.ID, Conditions: &trip.Conditions{AirC: 38, LoadKg: 300, HeadwindKmh: 20},
	}
	hard, err := planner.FromJourney(j)
	if err != nil {
		t.Fatal(err)
	}
	plan := missionPlan(t, p, hard, nil)
	resimulate(t, hard, plan, nil)
	if plan.TotalMinutes <= calm.TotalMinutes {
		t.Errorf("%v min against heat, load and wind, %v min without", plan.TotalMinutes, calm.TotalMinutes)
	}
}
