package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// asks posts a body to /api/v1/plans as it is.
func (f *federation) asks(body string) (int, problem, []trip.Plan) {
	f.t.Helper()
	resp, err := http.Post(f.url("MAR")+"/api/v1/plans", "application/json", strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	var p problem
	var plans struct {
		Plans []trip.Plan `json:"plans"`
	}
	into := any(&plans)
	if resp.StatusCode != http.StatusOK {
		into = &p
	}
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(into); err != nil {
		f.t.Fatalf("%d %s: %v", resp.StatusCode, raw, err)
	}
	return resp.StatusCode, p, plans.Plans
}

// drive is a good plan request with some fields replaced or added.
func drive(fields string) string {
	known := map[string]json.RawMessage{}
	for _, part := range []string{
		`{"origin":{"city":"João Pessoa, PB"},"destination":{"city":"Feira de Santana, BA"},"vehicle":{"model":"byd-dolphin"},"soc":0.9}`, "{" + fields + "}",
	} {
		if err := json.Unmarshal([]byte(part), &known); err != nil {
			return "{" + fields + "}" // as it is: what is no JSON is tested, too
		}
	}
	raw, _ := json.Marshal(known) // was JSON: cannot fail
	return string(raw)
}

// TestBadPlanRequests: each names the field and says what to do, over REST.
func TestBadPlanRequests(t *testing.T) {
	f := start(t)
	figures := func(f string) string { return drive(`"vehicle":` + f) }
	for name, c := range map[string]struct {
		body   string
		status int
		code   charging.Code
		says   []string
	}{
		"a misspelt place":     {drive(`"origin":{"city":"Joao Pesoa"}`), 404, charging.CodeUnknownPlace, []string{"origin.city", "João Pessoa, PB"}},
		"a place nowhere near": {drive(`"origin":{"city":"Xyzzyqwert"}`), 404, charging.CodeUnknownPlace, []string{"origin.city", "Name, UF"}},
		"the wrong state":      {drive(`"destination":{"city":"Feira de Santana, PB"}`), 404, charging.CodeUnknownPlace, []string{"destination.city", "Feira de Santana, BA"}},
		"in several states":    {drive(`"origin":{"city":"Santa Luzia"}`), 404, charging.CodeUnknownPlace, []string{"Santa Luzia, BA", "Santa Luzia, MA", "Santa Luzia, PB", "say which one"}},
		"soc above 1":          {drive(`"soc":1.01`), 422, charging.CodeInvalidField, []string{"soc"}},
		"soc in percent":       {drive(`"soc":90`), 422, charging.CodeInvalidField, []string{"soc"}},
		"soc below 0":          {drive(`"soc":-0.1`), 422, charging.CodeInvalidField, []string{"soc"}},
		"soc 0":                {drive(`"soc":0`), 422, charging.CodeInvalidField, []string{"soc"}},
		"a reserve of 110%":    {drive(`"min_arrival_soc":1.1`), 422, charging.CodeInvalidField, []string{"min_arrival_soc"}},
		"NaN":                  {drive(`"soc":NaN`), 400, charging.CodeMalformedRequest, nil},
		"NaN as a string":      {drive(`"soc":"NaN"`), 422, charging.CodeInvalidField, []string{"soc"}},
		"infinite":             {drive(`"soc":1e999`), 422, charging.CodeInvalidField, []string{"soc"}},
		"a negative battery":   {figures(`{"usable_battery_kwh":-40,"consumption_kwh_100km":15,"dc_kw":50}`), 422, charging.CodeInvalidField, []string{"vehicle.usable_battery_kwh"}},
		"negative consumption": {figures(`{"usable_battery_kwh":40,"consumption_kwh_100km":-15,"dc_kw":50}`), 422, charging.CodeInvalidField, []string{"vehicle.consumption_kwh_100km"}},
		"negative power":       {figures(`{"usable_battery_kwh":40,"consumption_kwh_100km":15,"dc_kw":-50}`), 422, charging.CodeInvalidField, []string{"vehicle.dc_kw"}},
		"a model nobody sells": {figures(`{"model":"fusca-1972"}`), 422, charging.CodeInvalidField, []string{"vehicle.model", "byd-dolphin"}},
		"a storm of 200 km/h":  {figures(`{"model":"byd-dolphin","conditions":{"headwind_kmh":200}}`), 422, charging.CodeInvalidField, []string{"vehicle.conditions.headwind_kmh"}},
		"there already":        {drive(`"destination":{"city":"joao pessoa-PB"}`), 422, charging.CodeInvalidField, []string{"destination", "origin"}},
		"there, as a point":    {drive(`"origin":{"lat":-7.1,"lon":-34.85},"destination":{"lat":-7.1,"lon":-34.85}`), 422, charging.CodeInvalidField, []string{"destination"}},
		"in the sea":           {drive(`"destination":{"lat":-10,"lon":-30}`), 422, charging.CodeInvalidField, []string{"destination"}},
		"off the earth":        {drive(`"destination":{"lat":-95,"lon":-38}`), 422, charging.CodeInvalidField, []string{"destination.lat"}},
		"yesterday":            {drive(`"departure":"` + time.Now().Add(-24*time.Hour).UTC().Format(time.RFC3339) + `"`), 422, charging.CodeInvalidField, []string{"departure", "past"}},
		"in a year":            {drive(`"departure":"` + time.Now().AddDate(1, 0, 0).UTC().Format(time.RFC3339) + `"`), 422, charging.CodeInvalidField, []string{"departure"}},
		"there yesterday":      {drive(`"latest_arrival":"` + time.Now().Add(-24*time.Hour).UTC().Format(time.RFC3339) + `"`), 422, charging.CodeInvalidField, []string{"latest_arrival"}},
		"by the prettiest way": {drive(`"objective":"prettiest"`), 422, charging.CodeInvalidField, []string{"objective"}},
		"at no one's charger":  {drive(`"insist":{"evses":["BR*MAR*E9999*9"]}`), 422, charging.CodeInvalidField, []string{"insist"}},
		"at no company":        {drive(`"avoid":{"companies":["nobody at all"]}`), 422, charging.CodeInvalidField, []string{"avoid.companies[0]"}},
	} {
		t.Run(name, func(t *testing.T) {
			status, p, _ := f.asks(c.body)
			if status != c.status || p.Code != c.code {
				t.Fatalf("%d %s (%s), want %d %s", status, p.Code, p.Detail, c.status, c.code)
			}
			for _, s := range c.says {
				if !strings.Contains(p.Detail, s) {
					t.Errorf("%q does not say %q", p.Detail, s)
				}
			}
		})
	}
}

// TestImpossibleTrips: the answer says how far one gets, where the gap is, and what helps.
func TestImpossibleTrips(t *testing.T) {
	f := start(t)
	for name, c := range map[string]struct {
		body string
		says []string
	}{
		"starting too empty":  {drive(`"soc":0.12`), []string{"reaches its reserve after", "start fuller:", "% would do"}},
		"a short range":       {drive(`"soc":1,"vehicle":{"usable_battery_kwh":8,"consumption_kwh_100km":16,"dc_kw":40}`), []string{"near ", " km", "it needs a charger between ", "or a car that gets "}},
		"where no charger is": {drive(`"destination":{"city":"São Luís, MA"}`), []string{"near ", "it needs a charger between "}},
		"too soon":            {drive(fmt.Sprintf(`"latest_arrival":%q`, time.Now().Add(2*time.Hour).UTC().Format(time.RFC3339))), []string{"the earliest arrival is 20", "later arrival"}},
	} {
		t.Run(name, func(t *testing.T) {
			status, p, _ := f.asks(c.body)
			if status != http.StatusUnprocessableEntity || p.Code != charging.CodeInfeasibleTrip {
				t.Fatalf("%d %s: %s", status, p.Code, p.Detail)
			}
			for _, s := range c.says {
				if !strings.Contains(p.Detail, s) {
					t.Errorf("%q does not say %q", p.Detail, s)
				}
			}
			t.Log(p.Detail)
		})
	}
}

// TestPlansAsWished: what a request avoids, insists on and when it must be there holds in
// every plan, and each plan says how old its knowledge is.
func TestPlansAsWished(t *testing.T) {
	f := start(t)
	for name, c := range map[string]struct {
		wish string
		ok   func(trip.Plan) bool
	}{
		"avoid an EVSE": {`"avoid":{"evses":["BR*MAR*E0001*1"]}`, func(p trip.Plan) bool {
			return !slices.ContainsFunc(p.Stops, func(s trip.PlanStop) bool { return s.EVSEID == evseM })
		}},
		"insist on an EVSE": {`"insist":{"evses":["BR*SER*E0001*1"]}`, func(p trip.Plan) bool {
			return slices.ContainsFunc(p.Stops, func(s trip.PlanStop) bool { return s.EVSEID == evseS })
		}},
		"be there in two days": {fmt.Sprintf(`"latest_arrival":%q`, time.Now().Add(48*time.Hour).UTC().Format(time.RFC3339)), func(p trip.Plan) bool {
			early := time.Until(p.Arrival)
			return early < 48*time.Hour && early > 46*time.Hour && time.Until(p.Departure) > 24*time.Hour
		}},
		"in the heat": {`"vehicle":{"model":"byd-dolphin","conditions":{"air_c":38,"load_kg":250}}`, func(p trip.Plan) bool { return len(p.Stops) > 2 }},
	} {
		t.Run(name, func(t *testing.T) {
			status, p, plans := f.asks(drive(c.wish))
			if status != http.StatusOK || len(plans) == 0 {
				t.Fatalf("%d %s: %s", status, p.Code, p.Detail)
			}
			for _, plan := range plans {
				if !c.ok(plan) {
					t.Errorf("not as wished: %+v", plan)
				}
				for _, id := range companies {
					if age := time.Since(plan.AsOf[id]); age < -time.Second || age > time.Minute {
						t.Errorf("knows %s as of %v, %v ago", id, plan.AsOf[id], age)
					}
				}
			}
		})
	}
}

// TestPlanIsEdited: over REST, shows an edit that does not keep what is asked, and a refusal that does not name its field.
func TestPlanIsEdited(t *testing.T) {
	f := start(t)
	_, _, plans := f.asks(drive(`"soc":0.9`))
	if len(plans) == 0 {
		t.Fatal("no plan to edit")
	}
	base := plans[0]
	edit := func(rest string) string { return fmt.Sprintf(`{"base_plan_id":%q,%s}`, base.ID, rest) }
	status, p, anew := f.asks(edit(`"changes":[{"leg":1,"fix":true}],"via":[{"city":"Recife, PE","stay_minutes":20}]`))
	if status != http.StatusOK || len(anew) != 1 || len(anew[0].Via) != 1 || anew[0].Via[0].City != "Recife" {
		t.Fatalf("%d %s: %+v", status, p.Detail, anew)
	}
	fixed := slices.IndexFunc(anew[0].Stops, func(s trip.PlanStop) bool { return s.Asked != nil })
	if fixed < 0 || anew[0].Stops[fixed].EVSEID != base.Stops[0].EVSEID || anew[0].Stops[fixed].Start.Before(base.Stops[0].Start) {
		t.Errorf("keeps %+v of %+v", anew[0].Stops, base.Stops[0])
	}
	status, p, _ = f.asks(edit(`"changes":[{"leg":1,"depart_soc":0.05}]`)) // below the reserve: no neighbour helps
	if status != http.StatusUnprocessableEntity || p.Code != charging.CodeInfeasibleTrip || !strings.HasPrefix(p.Detail, "changes[0].depart_soc: ") {
		t.Errorf("%d %s: %s", status, p.Code, p.Detail)
	}
	if status, p, _ = f.asks(`{"base_plan_id":"p-nobody","via":[]}`); status != http.StatusNotFound || p.Code != charging.CodeUnknownPlan {
		t.Errorf("%d %s: %s", status, p.Code, p.Detail)
	}
}
