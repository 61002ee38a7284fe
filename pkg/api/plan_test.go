package api

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func planWith(fields string) []byte {
	return []byte(`{"origin":{"city":"João Pessoa, PB"},"destination":{"city":"Feira de Santana, BA"},` + fields + `}`)
}

func TestDecodePlanWishes(t *testing.T) {
	p, err := DecodePlan(planWith(`"vehicle":{"model":"byd-dolphin","conditions":{"load_kg":250}},"latest_arrival":"2026-11-24T18:00:00-03:00",`+
		`"avoid":{"companies":["CAJ"],"evses":["BR*MAR*E0001*1"]},"insist":{"locations":["BR*SER*LREC01"]}`), now)
	if err != nil {
		t.Fatal(err)
	}
	if c := p.Vehicle.Conditions; c == nil || c.LoadKg != 250 || c.AirC != 23 || c.HeadwindKmh != 0 {
		t.Errorf("conditions %+v: what is left out is as consumption is stated", c)
	}
	if !p.LatestArrival.Equal(time.Date(2026, 11, 24, 21, 0, 0, 0, time.UTC)) || !p.Departure.IsZero() {
		t.Errorf("from %v, by %v", p.Departure, p.LatestArrival)
	}
	if !slices.Equal(p.Avoid.Companies, []charging.CompanyID{"CAJ"}) || len(p.Avoid.EVSEs) != 1 ||
		!slices.Equal(p.Insist.Locations, []charging.LocationID{"BR*SER*LREC01"}) || p.Insist.IsZero() {
		t.Errorf("avoid %+v, insist %+v", p.Avoid, p.Insist)
	}
}

func TestDecodePlanWishesRefuses(t *testing.T) {
	car := `"vehicle":{"model":"byd-dolphin"},`
	for name, c := range map[string]struct {
		fields, field string
	}{
		"an arrival in the past":       {car + `"latest_arrival":"2026-11-22T12:00:00Z"`, "latest_arrival"},
		"an arrival before departure":  {car + `"departure":"2026-11-24T12:00:00Z","latest_arrival":"2026-11-24T11:00:00Z"`, "latest_arrival"},
		"an arrival in a year":         {car + `"latest_arrival":"2027-11-22T12:00:00Z"`, "latest_arrival"},
		"an arrival that is a number":  {car + `"latest_arrival":7`, "latest_arrival"},
		"avoid an array":               {car + `"avoid":["CAJ"]`, "avoid"},
		"avoid what is no company":     {car + `"avoid":{"companies":["caju charge"]}`, "avoid.companies[0]"},
		"avoid a number":               {car + `"avoid":{"evses":["BR*MAR*E0001*1",7]}`, "avoid.evses[1]"},
		"avoid too much":               {car + `"avoid":{"companies":[` + strings.Repeat(`"CAJ",`, 50) + `"CAJ"]}`, "avoid.companies"},
		"insist on a colour":           {car + `"insist":{"colour":"red"}`, "insist.colour"},
		"insist on what is no site":    {car + `"insist":{"locations":["{x}"]}`, "insist.locations[0]"},
		"as hot as the sun":            {`"vehicle":{"model":"byd-dolphin","conditions":{"air_c":5500}}`, "vehicle.conditions.air_c"},
		"a negative load":              {`"vehicle":{"model":"byd-dolphin","conditions":{"load_kg":-1}}`, "vehicle.conditions.load_kg"},
		"a storm":                      {`"vehicle":{"model":"byd-dolphin","conditions":{"headwind_kmh":200}}`, "vehicle.conditions.headwind_kmh"},
		"conditions nobody knows":      {`"vehicle":{"model":"byd-dolphin","conditions":{"rain_mm":3}}`, "vehicle.conditions.rain_mm"},
		"conditions that are a string": {`"vehicle":{"model":"byd-dolphin","conditions":"hot"}`, "vehicle.conditions"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := DecodePlan(planWith(c.fields), now)
			wants(t, err, charging.CodeInvalidField, c.field)
		})
	}
}
