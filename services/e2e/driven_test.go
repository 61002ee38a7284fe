package e2e

import (
	"context"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/app"
)

// TestATripShowsHowItWasDriven: a car that discharges fast reports on its way to the first stop. Its trip shows that beside what was
// planned, in the plan's kilometres and minutes; so does the server after a restart; an operator sees it, a page of the list
// does not.
func TestATripShowsHowItWasDriven(t *testing.T) {
	clock := app.Clock{Epoch: time.Now(), Speed: aliveSpeed}
	var mar app.Options
	f := start(t, func(o *app.Options) {
		if o.Clock = clock; o.Company == "MAR" {
			mar = *o
		}
	})
	c := newCar(t, f, clock, "MAR")
	c.use = 1.2
	booked := c.travel("João Pessoa, PB", "Feira de Santana, BA", 0.9, trip.Wait)
	if before := c.trip(booked.ID).Plan; len(before.Driven) > 1 {
		t.Errorf("before it leaves, it has driven %v", before.Driven)
	}
	const km = 70.0
	left := c.drive(c.site(booked.Legs[0].EVSEID), func(left float64) bool { return c.trip(booked.ID).Legs[0].DistanceKM-left > km })

	var got trip.Outline
	f.until(10*time.Second, "the newest report is shown", func() bool {
		got = *c.trip(booked.ID).Plan
		return len(got.Driven) > 1 && math.Abs(got.Driven[len(got.Driven)-1][2]-c.soc) < 0.02
	})
	first, last := got.Driven[0], got.Driven[len(got.Driven)-1]
	drove := c.trip(booked.ID).Legs[0].DistanceKM - left
	if len(got.Driven) > trip.MaxDriven || first[0] > 2 || math.Abs(first[1]) > 15 || math.Abs(first[2]-0.9) > 0.01 || math.Abs(last[0]-drove) > 5 {
		t.Errorf("after %.0f km: %d points, from %v to %v", drove, len(got.Driven), first, last)
	}
	for i, p := range got.Driven[1:] {
		if before := got.Driven[i]; p[0] < before[0] || p[1] < before[1] || p[2] > before[2]+0.01 {
			t.Errorf("%v comes after %v", p, before)
		}
	}
	planned := 0.9 + (got.Profile[1][2]-0.9)*last[0]/got.Profile[1][0] // the first drive is a straight line
	if fell, should := 0.9-last[2], 0.9-planned; math.Abs(fell/should-c.use) > 0.1 {
		t.Errorf("it has used %.3f of the battery where %.3f were planned, not %v times that", fell, should, c.use)
	}

	c.client.Disconnect(100)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := f.apps["MAR"].Stop(ctx); err != nil {
		t.Fatal(err)
	}
	f.boot("MAR", mar)
	f.ready()
	path := "/api/v1/trips/" + string(booked.ID)
	var again, theirs trip.Trip
	f.as(c.id).at("MAR").get(path, &again)
	f.as("operator").at("MAR").get(path, &theirs)
	if n := len(again.Plan.Driven); n < 2 || again.Plan.Driven[0] != first || math.Abs(again.Plan.Driven[n-1][2]-c.soc) > 0.02 {
		t.Errorf("after a restart: %v, before: %v", again.Plan.Driven, got.Driven)
	}
	if !reflect.DeepEqual(theirs.Plan.Driven, again.Plan.Driven) || theirs.Plan.Origin != nil {
		t.Errorf("an operator sees %+v", theirs.Plan)
	}
	var page []trip.Trip
	f.as(c.id).at("MAR").get("/api/v1/trips", &page)
	if len(page) != 1 || page[0].Plan == nil || page[0].Plan.Driven != nil || page[0].Legs[0].State != charging.Reserved {
		t.Errorf("a page shows %+v", page)
	}
}
