package api

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// stopJSON is a stop of EVSE n from now+from to now+to hours.
func stopJSON(n int, from, to float64) string {
	at := func(h float64) string { return now.Add(time.Duration(h * float64(time.Hour))).Format(time.RFC3339) }
	return fmt.Sprintf(`{"evse_id":"BR*MAR*E%04d*1","start":%q,"end":%q}`, n, at(from), at(to))
}

func tripJSON(stops ...string) string {
	return `{"vehicle_id":"EV-0001","stops":[` + strings.Join(stops, ",") + `]}`
}

// wants checks a refusal's code and that it names the field.
func wants(t *testing.T, err error, code charging.Code, field string) {
	t.Helper()
	if !errors.Is(err, code) {
		t.Errorf("got %v, want %s", err, code)
		return
	}
	if field == "" {
		return
	}
	for _, f := range fieldsOf(err) {
		if f.Field == field && f.Reason != "" {
			return
		}
	}
	t.Errorf("got %v with %v, want the field %s", err, fieldsOf(err), field)
}

func TestDecodeTrip(t *testing.T) {
	got, err := DecodeTrip([]byte(`{"vehicle_id":"EV-0001","stops":[`+stopJSON(1, 1, 2)+`,`+stopJSON(2, 2, 3)+
		`],"on_conflict":"abort","decision_timeout_seconds":30,"soc":0.5}`), now)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Stops) != 2 || got.Stops[1].Leg != 2 || got.Stops[1].EVSEID != "BR*MAR*E0002*1" ||
		!got.Stops[0].End.Equal(now.Add(2*time.Hour)) || got.OnConflict != trip.Abort ||
		got.DecisionTimeoutSeconds != 30 || *got.SoC != 0.5 {
		t.Errorf("got %+v", got)
	}
	got, err = DecodeTrip([]byte(`{"vehicle_id":"EV-0001","plan_id":"p-1"}`), now)
	if err != nil || got.PlanID != "p-1" || got.OnConflict != trip.Ask || got.Stops != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestDecodeTripRefuses(t *testing.T) {
	ok := stopJSON(1, 1, 2)
	many := make([]string, MaxStops+1)
	for i := range many {
		many[i] = stopJSON(i, float64(i+1), float64(i+2))
	}
	for name, c := range map[string]struct {
		body  string
		code  charging.Code
		field string
	}{
		"empty":             {"", charging.CodeMalformedRequest, ""},
		"broken":            {`{"vehicle_id":`, charging.CodeMalformedRequest, ""},
		"an array":          {`[]`, charging.CodeMalformedRequest, ""},
		"null":              {`null`, charging.CodeMalformedRequest, ""},
		"trailing garbage":  {tripJSON(ok) + "x", charging.CodeMalformedRequest, ""},
		"two values":        {tripJSON(ok) + tripJSON(ok), charging.CodeMalformedRequest, ""},
		"a key twice":       {`{"vehicle_id":"EV-0001","vehicle_id":"EV-0002"}`, charging.CodeMalformedRequest, ""},
		"NaN":               {`{"vehicle_id":"EV-0001","soc":NaN}`, charging.CodeMalformedRequest, ""},
		"not UTF-8":         {"{\"vehicle_id\":\"\xff\"}", charging.CodeMalformedRequest, ""},
		"deep":              {strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40), charging.CodeMalformedRequest, ""},
		"10 MB":             {`{"vehicle_id":"` + strings.Repeat("x", 10<<20) + `"}`, charging.CodeTooLarge, ""},
		"unknown field":     {`{"vehicle_id":"EV-0001","stops":[` + ok + `],"colour":"red"}`, charging.CodeInvalidField, "colour"},
		"unknown in a stop": {tripJSON(strings.Replace(ok, "{", `{"colour":1,`, 1)), charging.CodeInvalidField, "stops[0].colour"},
		"wrong type":        {tripJSON(ok, `{"evse_id":"BR*MAR*E0002*1","start":"2026-11-23T14:00:00Z","end":7}`), charging.CodeInvalidField, "stops[1].end"},
		"vehicle a number":  {`{"vehicle_id":7,"plan_id":"p"}`, charging.CodeInvalidField, "vehicle_id"},
		"no vehicle":        {`{"plan_id":"p"}`, charging.CodeInvalidField, "vehicle_id"},
		"null vehicle":      {`{"vehicle_id":null,"plan_id":"p"}`, charging.CodeInvalidField, "vehicle_id"},
		"empty vehicle":     {`{"vehicle_id":"","plan_id":"p"}`, charging.CodeInvalidField, "vehicle_id"},
		"vehicle with #":    {`{"vehicle_id":"EV#1","plan_id":"p"}`, charging.CodeInvalidField, "vehicle_id"},
		"vehicle newline":   {`{"vehicle_id":"EV-1\n","plan_id":"p"}`, charging.CodeInvalidField, "vehicle_id"},
		"long vehicle":      {`{"vehicle_id":"` + strings.Repeat("x", 10000) + `","plan_id":"p"}`, charging.CodeInvalidField, "vehicle_id"},
		"evse with braces":  {tripJSON(strings.Replace(ok, "E0001", "{E0001}", 1)), charging.CodeInvalidField, "stops[0].evse_id"},
		"stop is a string":  {tripJSON(`"x"`), charging.CodeInvalidField, "stops[0]"},
		"stops an object":   {`{"vehicle_id":"EV-0001","stops":{}}`, charging.CodeInvalidField, "stops"},
		"no stops":          {tripJSON(), charging.CodeInvalidField, "stops"},
		"21 stops":          {tripJSON(many...), charging.CodeInvalidField, "stops"},
		"neither":           {`{"vehicle_id":"EV-0001"}`, charging.CodeInvalidField, "plan_id"},
		"both":              {`{"vehicle_id":"EV-0001","plan_id":"p","stops":[` + ok + `]}`, charging.CodeInvalidField, "stops"},
		"bad plan id":       {`{"vehicle_id":"EV-0001","plan_id":"a/b"}`, charging.CodeInvalidField, "plan_id"},
		"no start":          {tripJSON(`{"evse_id":"BR*MAR*E0001*1","end":"2026-11-23T14:00:00Z"}`), charging.CodeInvalidField, "stops[0].start"},
		"start no time":     {tripJSON(`{"evse_id":"BR*MAR*E0001*1","start":"tomorrow","end":"2026-11-23T14:00:00Z"}`), charging.CodeInvalidField, "stops[0].start"},
		"half a second":     {tripJSON(`{"evse_id":"BR*MAR*E0001*1","start":"2026-11-23T13:00:00.5Z","end":"2026-11-23T14:00:00Z"}`), charging.CodeInvalidWindow, "stops[0].start"},
		"end before start":  {tripJSON(stopJSON(1, 2, 1)), charging.CodeInvalidWindow, "stops[0].end"},
		"zero window":       {tripJSON(stopJSON(1, 2, 2)), charging.CodeInvalidWindow, "stops[0].end"},
		"a minute":          {tripJSON(stopJSON(1, 2, 2.016)), charging.CodeInvalidWindow, "stops[0].end"},
		"years":             {tripJSON(stopJSON(1, 1, 20000)), charging.CodeInvalidWindow, "stops[0].end"},
		"past":              {tripJSON(stopJSON(1, -2, -1)), charging.CodeInvalidWindow, "stops[0].start"},
		"far ahead":         {tripJSON(stopJSON(1, 9000, 9001)), charging.CodeInvalidWindow, "stops[0].start"},
		"year 1":            {tripJSON(`{"evse_id":"BR*MAR*E0001*1","start":"0001-01-01T00:00:00Z","end":"0001-01-01T01:00:00Z"}`), charging.CodeInvalidField, "stops[0].start"},
		"out of order":      {tripJSON(stopJSON(1, 3, 4), stopJSON(2, 1, 2)), charging.CodeInvalidWindow, "stops[1].start"},
		"overlap":           {tripJSON(stopJSON(1, 1, 3), stopJSON(2, 2, 4)), charging.CodeInvalidWindow, "stops[1].start"},
		"the same twice":    {tripJSON(ok, ok), charging.CodeInvalidWindow, "stops[1]"},
		"leg out of place":  {tripJSON(strings.Replace(ok, "{", `{"leg":2,`, 1)), charging.CodeInvalidField, "stops[0].leg"},
		"energy 1e999":      {tripJSON(strings.Replace(ok, "{", `{"energy_kwh":1e999,`, 1)), charging.CodeInvalidField, "stops[0].energy_kwh"},
		"policy":            {`{"vehicle_id":"EV-0001","plan_id":"p","on_conflict":"fight"}`, charging.CodeInvalidField, "on_conflict"},
		"timeout 0":         {`{"vehicle_id":"EV-0001","plan_id":"p","decision_timeout_seconds":0}`, charging.CodeInvalidField, "decision_timeout_seconds"},
		"timeout 601":       {`{"vehicle_id":"EV-0001","plan_id":"p","decision_timeout_seconds":601}`, charging.CodeInvalidField, "decision_timeout_seconds"},
		"timeout 1.5":       {`{"vehicle_id":"EV-0001","plan_id":"p","decision_timeout_seconds":1.5}`, charging.CodeInvalidField, "decision_timeout_seconds"},
		"soc 50":            {`{"vehicle_id":"EV-0001","plan_id":"p","soc":50}`, charging.CodeInvalidField, "soc"},
		"soc a string":      {`{"vehicle_id":"EV-0001","plan_id":"p","soc":"0.5"}`, charging.CodeInvalidField, "soc"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := DecodeTrip([]byte(c.body), now)
			wants(t, err, c.code, c.field)
		})
	}
}

func TestDecodeTripWithoutAClock(t *testing.T) {
	if _, err := DecodeTrip([]byte(tripJSON(stopJSON(1, -2, -1))), time.Time{}); err != nil {
		t.Errorf("a repeat of an old request is judged by its form only: %v", err)
	}
	_, err := DecodeTrip([]byte(tripJSON(stopJSON(1, 2, 1))), time.Time{})
	wants(t, err, charging.CodeInvalidWindow, "stops[0].end")
}

const goodPlan = `{"origin":{"city":"João Pessoa, PB"},"destination":{"lat":-12.26,"lon":-38.96},` +
	`"vehicle":{"model":"byd-dolphin"},"soc":0.8,"departure":"2026-11-23T13:00:00-03:00","min_arrival_soc":0.1,"objective":"cheapest"}`

func TestDecodePlan(t *testing.T) {
	p, err := DecodePlan([]byte(goodPlan), now)
	if err != nil {
		t.Fatal(err)
	}
	if p.Origin.City != "João Pessoa, PB" || *p.Destination.Lon != -38.96 || p.Objective != trip.Cheapest ||
		p.Departure.Format(time.RFC3339) != "2026-11-23T16:00:00Z" {
		t.Errorf("got %+v", p)
	}
	p, err = DecodePlan([]byte(strings.Replace(goodPlan, `"model":"byd-dolphin"`,
		`"usable_battery_kwh":45,"consumption_kwh_100km":15,"dc_kw":60,"dc_curve":[[0,40],[80,60]]`, 1)), now)
	if err != nil || p.Vehicle.DCKW != 60 || len(p.Vehicle.DCCurve) != 2 || p.Vehicle.DCCurve[1] != [2]float64{80, 60} {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestDecodePlanRefuses(t *testing.T) {
	for name, c := range map[string]struct{ old, new, field string }{
		"no origin":         {`"origin":{"city":"João Pessoa, PB"},`, "", "origin"},
		"empty origin":      {`"city":"João Pessoa, PB"`, "", "origin"},
		"city and point":    {`"lat":-12.26`, `"city":"x","lat":-12.26`, "destination"},
		"half a point":      {`"lat":-12.26,`, "", "destination"},
		"latitude":          {`-12.26`, `-912.26`, "destination.lat"},
		"unknown in place":  {`"lat":-12.26`, `"alt":3,"lat":-12.26`, "destination.alt"},
		"no vehicle":        {`{"model":"byd-dolphin"}`, "null", "vehicle"},
		"half a vehicle":    {`"model":"byd-dolphin"`, `"dc_kw":60`, "vehicle"},
		"model and figures": {`"model":"byd-dolphin"`, `"model":"byd-dolphin","dc_kw":60`, "vehicle"},
		"model":             {`byd-dolphin`, `../x`, "vehicle.model"},
		"curve falls":       {`"model":"byd-dolphin"`, `"dc_curve":[[50,1],[40,1]]`, "vehicle.dc_curve[1][0]"},
		"a plug of no list": {`"model":"byd-dolphin"`, `"model":"byd-dolphin","plugs":["CHADEMO","SCHUKO"]`, "vehicle.plugs[1]"},
		"a plug twice":      {`"model":"byd-dolphin"`, `"model":"byd-dolphin","plugs":["CHADEMO","CHADEMO"]`, "vehicle.plugs[1]"},
		"no plug":           {`"model":"byd-dolphin"`, `"model":"byd-dolphin","plugs":[]`, "vehicle.plugs"},
		"a numbered plug":   {`"model":"byd-dolphin"`, `"model":"byd-dolphin","plugs":[2]`, "vehicle.plugs[0]"},
		"most of a charge":  {`"soc":0.8`, `"soc":0.8,"max_charge_soc":1.1`, "max_charge_soc"},
		"least at the end":  {`"soc":0.8`, `"soc":0.8,"min_destination_soc":-0.1`, "min_destination_soc"},
		"curve of triples":  {`"model":"byd-dolphin"`, `"dc_curve":[[50,1,1]]`, "vehicle.dc_curve[0]"},
		"curve of strings":  {`"model":"byd-dolphin"`, `"dc_curve":[[50,"1"]]`, "vehicle.dc_curve[0][1]"},
		"curve of nulls":    {`"model":"byd-dolphin"`, `"dc_curve":[[null,1]]`, "vehicle.dc_curve[0][0]"},
		"battery":           {`"model":"byd-dolphin"`, `"usable_battery_kwh":-1,"consumption_kwh_100km":15,"dc_kw":60`, "vehicle.usable_battery_kwh"},
		"soc":               {`"soc":0.8`, `"soc":1.01`, "soc"},
		"objective":         {`cheapest`, `scenic`, "objective"},
		"past":              {`2026-11-23T13:00:00-03:00`, `2026-11-22T13:00:00Z`, "departure"},
		"next year":         {`2026-11-23T13:00:00-03:00`, `2027-11-22T13:00:00Z`, "departure"},
		"unknown":           {`"soc":0.8`, `"SOC":0.8`, "SOC"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := DecodePlan([]byte(strings.Replace(goodPlan, c.old, c.new, 1)), now)
			wants(t, err, charging.CodeInvalidField, c.field)
		})
	}
}

func TestDecodeDecision(t *testing.T) {
	stop := stopJSON(1, 1, 2)
	withLeg := strings.Replace(stop, "{", `{"leg":2,`, 1)
	tooMany := `{"answers":[` + strings.Repeat(`{"leg":1,"action":"wait"},`, 20) + `{"leg":2,"action":"wait"}]}`
	for body, field := range map[string]string{
		`{"action":"wait"}`:                           "",
		`{"action":"give_up"}`:                        "",
		`{"action":"continue","alternative_id":"a1"}`: "",
		`{"action":"continue","stop":` + stop + `}`:   "",
		`{}`:                    "action",
		`{"action":"dance"}`:    "action",
		`{"action":"continue"}`: "alternative_id",

		`{"action":"wait","alternative_id":"a1"}`:                           "alternative_id",
		`{"action":"give_up","stop":` + stop + `}`:                          "stop",
		`{"action":"continue","alternative_id":"a1","stop":` + stop + `}`:   "alternative_id",
		`{"action":"continue","alternative_id":""}`:                         "alternative_id",
		`{"action":"continue","stop":{"evse_id":"x"}}`:                      "stop.evse_id",
		`{"action":"wait","trip_id":"x"}`:                                   "trip_id",
		`{"leg":2,"action":"give_up"}`:                                      "",
		`{"leg":2,"action":"continue","alternative_id":"a1"}`:               "",
		`{"leg":0,"action":"give_up"}`:                                      "leg",
		`{"leg":21,"action":"give_up"}`:                                     "leg",
		`{"leg":"2","action":"give_up"}`:                                    "leg",
		`{"answers":null,"action":"wait"}`:                                  "",
		`{"answers":[]}`:                                                    "answers",
		`{"answers":{}}`:                                                    "answers",
		`{"answers":[7]}`:                                                   "answers[0]",
		`{"answers":[{"leg":1,"action":"wait"}]}`:                           "",
		`{"answers":[{"action":"wait"}]}`:                                   "answers[0].leg",
		`{"answers":[{"leg":1}]}`:                                           "answers[0].action",
		`{"answers":[{"leg":1,"action":"wait","why":1}]}`:                   "answers[0].why",
		`{"answers":[{"leg":1,"action":"continue"}]}`:                       "answers[0].alternative_id",
		`{"answers":[{"leg":1,"action":"wait"},{"leg":1,"action":"wait"}]}`: "answers[1].leg",
		`{"answers":[{"leg":1,"action":"wait"}],"action":"wait"}`:           "action",
		`{"answers":[{"leg":1,"action":"wait"}],"leg":1}`:                   "leg",
		`{"answers":[{"leg":1,"action":"wait"}],"stop":` + stop + `}`:       "stop",
		`{"answers":[{"leg":1,"action":"wait"}],"alternative_id":"a"}`:      "alternative_id",
		`{"leg":3,"action":"continue","stop":` + withLeg + `}`:              "stop.leg",
		tooMany: "answers",
	} {
		_, err := DecodeDecision([]byte(body), now)
		if field == "" {
			if err != nil {
				t.Errorf("%s: %v", body, err)
			}
			continue
		}
		wants(t, err, charging.CodeInvalidField, field)
	}
}

// TestDecodeAnswers: what was answered reaches the trip, leg by leg; one answer
// is a list of one.
func TestDecodeAnswers(t *testing.T) {
	many, err := DecodeDecision([]byte(`{"answers":[{"leg":3,"action":"give_up"},{"leg":1,"action":"continue","alternative_id":"a1"}]}`), now)
	if err != nil {
		t.Fatal(err)
	}
	want := []DecisionAnswer{{Leg: 3, Action: ActionGiveUp}, {Leg: 1, Action: ActionContinue, AlternativeID: "a1"}}
	if got := many.All(); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	one, err := DecodeDecision([]byte(`{"leg":2,"action":"give_up"}`), now)
	if got := one.All(); err != nil || !slices.Equal(got, []DecisionAnswer{{Leg: 2, Action: ActionGiveUp}}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestDecodeSwap(t *testing.T) {
	withLeg := strings.Replace(stopJSON(1, 1, 2), "{", `{"leg":2,`, 1)
	if s, err := DecodeSwap([]byte(`{"stop":`+withLeg+`}`), now); err != nil || s.Stop.Leg != 2 {
		t.Errorf("got %+v, %v", s, err)
	}
	_, err := DecodeSwap([]byte(`{"stop":`+stopJSON(1, 1, 2)+`}`), now)
	wants(t, err, charging.CodeInvalidField, "stop.leg")
	_, err = DecodeSwap([]byte(`{}`), now)
	wants(t, err, charging.CodeInvalidField, "alternative_id")
}

func TestDecodeOperators(t *testing.T) {
	decode := map[string]func(string) error{
		"register": func(b string) error { _, err := DecodeRegister([]byte(b)); return err },
		"session":  func(b string) error { _, err := DecodeSession([]byte(b)); return err },
		"revoke":   func(b string) error { _, err := DecodeRevoke([]byte(b)); return err },
		"suspend":  func(b string) error { _, err := DecodeSuspend([]byte(b)); return err },
		"resolve":  func(b string) error { _, err := DecodeResolve([]byte(b)); return err },
		"status":   func(b string) error { _, err := DecodeEVSEStatus([]byte(b)); return err },
	}
	for _, c := range []struct{ what, body, field string }{
		{"register", `{"model":"byd-dolphin"}`, ""},
		{"register", `{"model":"byd-dolphin","vehicle_id":"EV-77"}`, ""},
		{"register", `{}`, "model"},
		{"register", `{"model":"byd-dolphin","vehicle_id":"` + strings.Repeat("A", 65) + `"}`, "vehicle_id"},
		{"session", `{"username":"operator","password":"demo"}`, ""},
		{"session", `{"username":"operator"}`, "password"},
		{"revoke", `{"reason":"stolen"}`, ""},
		{"revoke", `{}`, "reason"},
		{"revoke", `{"reason":7}`, "reason"},
		{"revoke", `{"reason":"stolen","vehicle_id":"EV-1"}`, "vehicle_id"},
		{"suspend", `{"reason":"stamps of 1970"}`, ""},
		{"suspend", `{}`, "reason"},
		{"suspend", `{"reason":"two\nlines"}`, "reason"},
		{"resolve", `{"reason":"the company closed"}`, ""},
		{"resolve", `{"leg":99,"reason":"x"}`, "leg"},
		{"resolve", `{"leg":1}`, "reason"},
		{"status", `{"status":"AVAILABLE"}`, ""},
		{"status", `{"status":"OUTOFORDER","reason":"POWER_OUTAGE"}`, ""},
		{"status", `{"status":"OUTOFORDER","reason":"rain"}`, "reason"},
		{"status", `{"status":"AVAILABLE","reason":"POWER_OUTAGE"}`, "reason"},
		{"status", `{"status":"CHARGING"}`, "status"},
		{"status", `{}`, "status"},
	} {
		err := decode[c.what](c.body)
		if c.field == "" && err != nil {
			t.Errorf("%s %s: %v", c.what, c.body, err)
		}
		if c.field != "" {
			wants(t, err, charging.CodeInvalidField, c.field)
		}
	}
}

func TestIdempotencyKey(t *testing.T) {
	for key, ok := range map[string]bool{
		"": true, "a b~!": true, strings.Repeat("k", 128): true,
		strings.Repeat("k", 129): false, "é": false, "a\nb": false, "\x7f": false,
	} {
		if err := CheckIdempotencyKey(key); (err == nil) != ok {
			t.Errorf("%q: %v", key, err)
		}
	}
}
