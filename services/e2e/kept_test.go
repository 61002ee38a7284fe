package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/app"
)

type object = map[string]any

// kept is one booked trip and what its driver was shown of it.
type kept struct {
	driver
	t    *testing.T
	path string
	plan trip.Plan
}

// TestATripKeepsItsPlan: a reloaded trip shows everything that its plan showed, field by field; after a
// shift, a swap, a decision and a replan it shows the plan as it is then, whole and
// consistent; at a restarted server the same, and in a page of the list the same without the
// road and the battery.
func TestATripKeepsItsPlan(t *testing.T) {
	var mar app.Options
	f := start(t, func(o *app.Options) {
		if o.Company == "MAR" {
			mar = *o
		}
	})
	k := &kept{driver: f.as(vehicle(1)).at("MAR"), t: t}
	shown := k.book("ask")
	k.showsAll(shown)
	k.isWhole("booked")
	k.isShifted()
	k.isSwapped()
	k.losesAStop(true)
	replans := &kept{driver: f.as(vehicle(2)).at("MAR"), t: t}
	replans.book("replan")
	replans.losesAStop(false)

	before := k.read("")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := f.apps["MAR"].Stop(ctx); err != nil {
		t.Fatal(err)
	}
	f.boot("MAR", mar)
	f.ready()
	k.driver = k.at("MAR")
	if after := k.read(""); !reflect.DeepEqual(after["plan"], before["plan"]) || !reflect.DeepEqual(after["legs"], before["legs"]) {
		t.Errorf("after a restart:\n%v\nbefore:\n%v", after, before)
	}
	k.isListed()
}

// book plans a drive, books its best plan, and gives the plan as it was shown.
func (k *kept) book(policy string) object {
	k.t.Helper()
	var raw struct {
		Plans []json.RawMessage `json:"plans"`
	}
	if _, p := k.send(http.MethodPost, "/api/v1/plans", object{
		"origin": object{"city": "joao pessoa-pb"}, "destination": object{"lat": -12.27, "lon": -38.95},
		"vehicle": object{"model": "byd-dolphin"}, "soc": 0.9, "departure": hour(0).Format(time.RFC3339),
	}, &raw); p.Code != "" || len(raw.Plans) == 0 {
		k.t.Fatalf("%+v", p)
	}
	var shown object
	if json.Unmarshal(raw.Plans[0], &k.plan) != nil || json.Unmarshal(raw.Plans[0], &shown) != nil {
		k.t.Fatalf("%s", raw.Plans[0])
	}
	var got trip.Trip
	k.with("Prefer", "wait=20").send(http.MethodPost, "/api/v1/trips", object{"vehicle_id": k.user, "plan_id": k.plan.ID, "on_conflict": policy}, &got)
	if got.State != trip.Confirmed || got.Plan != nil {
		k.t.Fatalf("%s %+v, with a plan in the answer: %v", got.State, got.Problem, got.Plan != nil)
	}
	k.path = "/api/v1/trips/" + string(got.ID)
	return shown
}

func (k *kept) read(path string) object {
	k.t.Helper()
	var all object
	k.get(k.path+path, &all)
	return all
}

func (k *kept) trip() trip.Trip {
	k.t.Helper()
	var t trip.Trip
	k.get(k.path, &t)
	return t
}

// momentary is what was true when the plan was made, and a trip does not keep.
var momentary = []string{"as_of", "silent", "backups", "backup_stops"}

// showsAll compares a reloaded trip with its plan, field by field.
func (k *kept) showsAll(shown object) {
	k.t.Helper()
	got := k.read("")
	for _, name := range []string{"origin", "destination", "profile", "line"} {
		if shown[name] == nil {
			k.t.Errorf("the plan has no %s", name)
		}
	}
	k.same("the plan", shown, got["plan"].(object), "stops")
	legs, stops := got["legs"].([]any), shown["stops"].([]any)
	if len(legs) != len(stops) || len(stops) < 2 {
		k.t.Fatalf("%d legs of %d stops", len(legs), len(stops))
	}
	for i := range stops {
		k.same(fmt.Sprintf("stop %d", i+1), stops[i].(object), legs[i].(object))
	}
}

func (k *kept) same(what string, want, got object, but ...string) {
	k.t.Helper()
	want = maps.Clone(want)
	for _, name := range append(but, momentary...) {
		delete(want, name)
	}
	for name, value := range want {
		if !reflect.DeepEqual(got[name], value) {
			k.t.Errorf("%s: %s is %v, was planned %v", what, name, got[name], value)
		}
	}
}

// isWhole checks what a trip shows against itself and against the catalogue.
func (k *kept) isWhole(when string) trip.Trip {
	k.t.Helper()
	t := k.trip()
	p := t.Plan
	if p == nil || p.Origin == nil || p.Destination == nil || p.ArriveSoC == nil || p.MarginSoC == nil {
		k.t.Fatalf("%s: it shows %+v", when, p)
	}
	if p.Origin.Name != "João Pessoa, PB" || p.Destination.Name != "near Feira de Santana, BA" || p.Destination.City != "Feira de Santana" {
		k.t.Errorf("%s: from %+v to %+v", when, p.Origin, p.Destination)
	}
	here := p.Origin.Point()
	km, drive, price, soc := 0.0, 0.0, 0.0, 0.9
	for _, l := range t.Legs {
		if l.LegPlan == nil || l.LocationName == "" || l.City == "" || l.UF == "" || l.PowerKW == 0 || l.Standard == "" || l.ArriveSoC == nil || l.DepartSoC == nil {
			k.t.Fatalf("%s: stop %d shows %+v", when, l.Leg, l.LegPlan)
		}
		here = k.leads(when, l.Line, here, geo.Point{Lat: l.Lat, Lon: l.Lon}, l.DistanceKM)
		if *l.ArriveSoC >= soc || *l.DepartSoC <= *l.ArriveSoC || *l.ArriveSoC < 0.05 || l.EnergyKWh == 0 || l.Price == 0 || l.DriveMinutes == 0 {
			k.t.Errorf("%s: stop %d: from %v to %v with %v kWh for %v", when, l.Leg, *l.ArriveSoC, *l.DepartSoC, l.EnergyKWh, l.Price)
		}
		k.hasPoint(when, p.Profile, p.Departure, l.End, *l.DepartSoC)
		km, drive, price, soc = km+l.DistanceKM, drive+l.DriveMinutes, price+l.Price, *l.DepartSoC
	}
	last := p.DistanceKM - km
	k.leads(when, p.Line, here, p.Destination.Point(), last)
	k.hasPoint(when, p.Profile, p.Departure, p.Arrival, *p.ArriveSoC)
	end := t.Legs[len(t.Legs)-1].End.Add(time.Duration((p.DriveMinutes - drive) * float64(time.Minute)))
	if d := p.Arrival.Sub(end).Abs(); d > time.Minute || math.Abs(price-p.Price) > 0.02 || math.Abs(p.Arrival.Sub(p.Departure).Minutes()-p.TotalMinutes) > 0.1 {
		k.t.Errorf("%s: arrives %s, not %s; costs %v, not %v; takes %v min", when, p.Arrival, end, p.Price, price, p.TotalMinutes)
	}
	for i, point := range p.Profile[1:] {
		if point[0] < p.Profile[i][0] || point[1] < p.Profile[i][1] {
			k.t.Errorf("%s: the profile goes back at %v", when, point)
		}
	}
	if len(p.Profile) > trip.MaxProfile {
		k.t.Errorf("%s: a profile of %d points", when, len(p.Profile))
	}
	if again := k.trip(); !reflect.DeepEqual(again.Plan, t.Plan) || !reflect.DeepEqual(again.Legs, t.Legs) {
		k.t.Errorf("%s: read again, it shows\n%+v, not\n%+v", when, again.Plan, t.Plan)
	}
	return t
}

// leads checks that a line goes from one point to another, and is not longer than the road.
func (k *kept) leads(when, line string, from, to geo.Point, km float64) geo.Point {
	k.t.Helper()
	way, err := geo.ParsePolyline(line)
	if err != nil || len(way) < 2 {
		k.t.Fatalf("%s: line %q: %v", when, line, err)
	}
	length := 0.0
	for i := range way[1:] {
		length += geo.Distance(way[i], way[i+1])
	}
	if geo.Distance(way[0], from) > 0.01 || geo.Distance(way[len(way)-1], to) > 0.01 || length > km+0.2 {
		k.t.Errorf("%s: %v…%v (%.1f km), not %v…%v (%.1f km)", when, way[0], way[len(way)-1], length, from, to, km)
	}
	return to
}

func (k *kept) hasPoint(when string, p trip.Profile, departure, at time.Time, soc float64) {
	k.t.Helper()
	for _, point := range p {
		if math.Abs(point[1]-at.Sub(departure).Minutes()) < 0.1 && point[2] == soc {
			return
		}
	}
	k.t.Errorf("%s: the profile has no %v at %s: %v", when, soc, at, p)
}

// isShifted moves the window of the last stop at its EVSE: it arrives that much later.
func (k *kept) isShifted() {
	before := k.trip()
	l := before.Legs[len(before.Legs)-1]
	stop := object{"leg": l.Leg, "evse_id": l.EVSEID, "start": l.Start.Add(17 * time.Minute), "end": l.End.Add(17 * time.Minute)}
	if resp, p := k.send(http.MethodPost, k.path+"/swap", object{"stop": stop}, nil); resp.StatusCode != http.StatusOK {
		k.t.Fatalf("%+v", p)
	}
	after := k.isWhole("shifted")
	if d := after.Plan.Arrival.Sub(before.Plan.Arrival); (d - 17*time.Minute).Abs() > 5*time.Second {
		k.t.Errorf("shifted by 17 minutes it arrives %s later", d)
	}
	if !reflect.DeepEqual(after.Legs[0].LegPlan, before.Legs[0].LegPlan) {
		k.t.Errorf("the stop before a shift changed: %+v, was %+v", after.Legs[0].LegPlan, before.Legs[0].LegPlan)
	}
}

// isSwapped takes an alternative at another site: it arrives and costs as was offered.
func (k *kept) isSwapped() {
	before := k.trip()
	var all []trip.Alternative
	k.get(k.path+"/alternatives?leg=1", &all)
	for _, a := range all {
		if a.EVSEID.Company() == before.Legs[0].CompanyID {
			continue
		}
		if resp, p := k.send(http.MethodPost, k.path+"/swap", object{"alternative_id": a.ID}, nil); resp.StatusCode != http.StatusOK {
			k.t.Fatalf("%+v", p)
		}
		after := k.isWhole("swapped")
		minutes, price := after.Plan.Arrival.Sub(before.Plan.Arrival).Minutes(), after.Plan.Price-before.Plan.Price
		if math.Abs(minutes-a.DeltaMinutes) > 0.2 || math.Abs(price-a.DeltaPrice) > 0.02 || after.Legs[0].EnergyKWh != a.EnergyKWh {
			k.t.Errorf("%+v was offered; it takes %v min and costs %v more, with %v kWh", a, minutes, price, after.Legs[0].EnergyKWh)
		}
		if after.Legs[0].LocationName == before.Legs[0].LocationName {
			k.t.Errorf("swapped, it still shows %s", after.Legs[0].LocationName)
		}
		return
	}
	k.t.Fatalf("no alternative at another company: %+v", all)
}

// losesAStop breaks the first stop's charger: the trip asks its driver, or replaces it by itself.
func (k *kept) losesAStop(asks bool) {
	lost := k.trip().Legs[0]
	if resp, p := k.f.as("operator").at(lost.CompanyID).send(http.MethodPut, "/api/v1/evses/"+string(lost.EVSEID)+"/status",
		object{"status": "OUTOFORDER", "reason": "BROKEN_CHARGER"}, nil); resp.StatusCode != http.StatusOK {
		k.t.Fatalf("%+v", p)
	}
	var now trip.Trip
	k.f.until(15*time.Second, "the trip has lost its stop, or another one", func() bool {
		now = k.trip()
		return asks && now.Decision != nil || !asks && now.Legs[0].EVSEID != lost.EVSEID && now.Legs[0].State == charging.Reserved
	})
	when := "replanned"
	if asks {
		when = "decided"
		if now.Plan == nil || now.Legs[0].LegPlan == nil || now.Legs[0].LocationName != lost.LocationName {
			k.t.Errorf("while it asks, it shows %+v", now.Legs[0].LegPlan)
		}
		if resp, p := k.send(http.MethodPost, k.path+"/decision",
			object{"action": "continue", "alternative_id": now.Decision.Alternatives[0].ID}, nil); resp.StatusCode != http.StatusOK {
			k.t.Fatalf("%+v", p)
		}
	}
	if after := k.isWhole(when); after.Legs[0].EVSEID == lost.EVSEID {
		k.t.Errorf("%s: still at %s", when, lost.EVSEID)
	}
}

// isListed: a page of the list shows what the trip shows, without road and battery.
func (k *kept) isListed() {
	k.t.Helper()
	var page []json.RawMessage
	k.get("/api/v1/trips?limit=500", &page)
	for _, raw := range page {
		var listed object
		if json.Unmarshal(raw, &listed) != nil || listed["trip_id"] != k.read("")["trip_id"] {
			continue
		}
		if bytes.Contains(raw, []byte(`"line"`)) || bytes.Contains(raw, []byte(`"profile"`)) {
			k.t.Errorf("a page has geometry: %s", raw)
		}
		one := k.read("")
		k.same("the list", one["plan"].(object), listed["plan"].(object), "line", "profile")
		for i, l := range one["legs"].([]any) {
			k.same("the list", l.(object), listed["legs"].([]any)[i].(object), "line")
		}
		return
	}
	k.t.Errorf("the trip is not in its list")
}
