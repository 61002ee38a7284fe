package api

import (
	"strings"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// TestDecodeEdit: shows a change that is lost, or read as another one.
func TestDecodeEdit(t *testing.T) {
	p, err := DecodePlan([]byte(`{"base_plan_id":"p-1","changes":[{"leg":2,"fix":true,"stay_minutes":45},{"leg":1,"replace":{"location_id":"BR*SER*LREC01"},"depart_soc":0.8},
		{"avoid":{"companies":["CAJ"]}},{"leg":3,"release":true}],"via":[{"city":"Recife, PE","stay_minutes":30},{"lat":-9.5,"lon":-36}]}`), now)
	if err != nil {
		t.Fatal(err)
	}
	c := p.Changes
	if p.BasePlanID != "p-1" || len(c) != 4 || !c[0].Fix || c[0].Leg != 2 || c[0].StayMinutes != 45 || c[1].Replace.LocationID != "BR*SER*LREC01" ||
		*c[1].DepartSoC != 0.8 || c[2].Avoid.Companies[0] != "CAJ" || !c[3].Release || c[3].Leg != 3 {
		t.Errorf("%+v", p)
	}
	if v := *p.Via; len(v) != 2 || v[0].City != "Recife, PE" || v[0].StayMinutes != 30 || *v[1].Lat != -9.5 || v[1].StayMinutes != 0 {
		t.Errorf("%+v", v)
	}
	if p, err = DecodePlan([]byte(`{"base_plan_id":"p-1","via":[]}`), now); err != nil || p.Via == nil || len(*p.Via) != 0 {
		t.Errorf("an empty list clears: %+v %v", p, err)
	}
	if p, err = DecodePlan([]byte(`{"base_plan_id":"p-1","changes":[{"leg":1,"fix":true}]}`), now); err != nil || p.Via != nil {
		t.Errorf("no list keeps: %+v %v", p, err)
	}
	if p, err = DecodePlan(planWith(`"vehicle":{"model":"byd-dolphin"},"via":[{"city":"Recife, PE"}]`), now); err != nil || len(*p.Via) != 1 {
		t.Errorf("a journey by a place: %+v %v", p, err)
	}
}

func TestDecodeEditRefuses(t *testing.T) {
	edit := func(changes string) string { return `{"base_plan_id":"p-1","changes":[` + changes + `]}` }
	for name, c := range map[string]struct{ body, field string }{
		"nothing":                   {`{"base_plan_id":"p-1"}`, "changes"},
		"no changes":                {edit(``), "changes"},
		"changes of nothing":        {`{"origin":{"city":"Recife, PE"},"destination":{"city":"Salvador, BA"},"vehicle":{"model":"byd-dolphin"},"changes":[{"leg":1,"fix":true}]}`, "base_plan_id"},
		"an id that is none":        {`{"base_plan_id":"p 1","changes":[{"leg":1,"fix":true}]}`, "base_plan_id"},
		"an id that is a number":    {`{"base_plan_id":7}`, "base_plan_id"},
		"another car":               {`{"base_plan_id":"p-1","vehicle":{"model":"byd-dolphin"},"via":[]}`, "vehicle"},
		"another objective":         {`{"base_plan_id":"p-1","objective":"cheapest","via":[]}`, "objective"},
		"a change that is a string": {edit(`"fix"`), "changes[0]"},
		"an empty change":           {edit(`{}`), "changes[0]"},
		"a leg alone":               {edit(`{"leg":1}`), "changes[0]"},
		"no leg":                    {edit(`{"leg":1,"fix":true},{"depart_soc":0.8}`), "changes[1].leg"},
		"leg 0":                     {edit(`{"leg":0,"fix":true}`), "changes[0].leg"},
		"half a leg":                {edit(`{"leg":1.5,"fix":true}`), "changes[0].leg"},
		"leg 21":                    {edit(`{"leg":21,"fix":true}`), "changes[0].leg"},
		"charge in percent":         {edit(`{"leg":1,"depart_soc":80}`), "changes[0].depart_soc"},
		"no charge":                 {edit(`{"leg":1,"depart_soc":0}`), "changes[0].depart_soc"},
		"a negative stay":           {edit(`{"leg":1,"stay_minutes":-1}`), "changes[0].stay_minutes"},
		"two days":                  {edit(`{"leg":1,"stay_minutes":2880}`), "changes[0].stay_minutes"},
		"fix as text":               {edit(`{"leg":1,"fix":"yes"}`), "changes[0].fix"},
		"kept and replaced":         {edit(`{"leg":1,"fix":true,"replace":{"evse_id":"BR*MAR*E0001*1"}}`), "changes[0].replace"},
		"replaced by two":           {edit(`{"leg":1,"replace":{"evse_id":"BR*MAR*E0001*1","location_id":"BR*SER*LREC01"}}`), "changes[0].replace"},
		"replaced by nothing":       {edit(`{"leg":1,"replace":{}}`), "changes[0].replace"},
		"replaced by no EVSE":       {edit(`{"leg":1,"replace":{"evse_id":"{x}"}}`), "changes[0].replace.evse_id"},
		"released and fixed":        {edit(`{"leg":1,"fix":true,"release":true}`), "changes[0].release"},
		"avoid at a leg":            {edit(`{"leg":1,"avoid":{"companies":["CAJ"]}}`), "changes[0].leg"},
		"avoid nobody":              {edit(`{"avoid":{"companies":["nobody at all"]}}`), "changes[0].avoid.companies[0]"},
		"a colour":                  {edit(`{"leg":1,"fix":true,"colour":"red"}`), "changes[0].colour"},
		"17 changes":                {edit(strings.Repeat(`{"leg":1,"fix":true},`, 16) + `{"leg":1,"fix":true}`), "changes"},
		"6 places":                  {`{"base_plan_id":"p-1","via":[` + strings.Repeat(`{"city":"Recife, PE"},`, 5) + `{"city":"Recife, PE"}]}`, "via"},
		"a place that is nowhere":   {`{"base_plan_id":"p-1","via":[{"stay_minutes":5}]}`, "via[0]"},
		"a place that is two":       {`{"base_plan_id":"p-1","via":[{"city":"Recife, PE"},{"city":"Recife, PE","lat":1,"lon":1}]}`, "via[1]"},
		"off the earth":             {`{"base_plan_id":"p-1","via":[{"lat":-95,"lon":-38}]}`, "via[0].lat"},
		"two days at a place":       {`{"base_plan_id":"p-1","via":[{"city":"Recife, PE","stay_minutes":2880}]}`, "via[0].stay_minutes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := DecodePlan([]byte(c.body), now)
			wants(t, err, charging.CodeInvalidField, c.field)
		})
	}
}
