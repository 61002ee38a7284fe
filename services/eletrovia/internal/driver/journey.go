package driver

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// journey is the flags that describe a drive.
type journey struct {
	from, to, model, departure, arrival, objective string
	soc, minArrival, minDestination, maxCharge     float64
	// given is true for a flag that was typed.
	given                func(flag string) bool
	avoid, insist, plugs []string
	air, load, headwind  float64
}

func (j *journey) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	j.given = f.Changed
	f.StringVar(&j.from, "from", "", `where the drive begins: "João Pessoa, PB"`)
	f.StringVar(&j.to, "to", "", `where it ends: "Feira de Santana, BA"`)
	f.StringVar(&j.model, "model", "byd-dolphin", "model of the vehicle")
	f.Float64Var(&j.soc, "soc", 0.9, "charge at departure, 0 to 1")
	f.Float64Var(&j.minArrival, "min-arrival-soc", 0.1, "least charge at every arrival, 0 to 1; what is typed is never undercut")
	f.Float64Var(&j.minDestination, "min-destination-soc", 0.1, "least charge at the destination, 0 to 1; --min-arrival-soc when left out")
	f.Float64Var(&j.maxCharge, "max-charge-soc", 1, "no stop charges to more, 0.1 to 1")
	f.StringSliceVar(&j.plugs, "plugs", nil, "what the car takes, adapters included: type2, ccs2, chademo, or OCPI's names; the model's when left out")
	f.StringVar(&j.departure, "departure", "", "when: an instant (2026-11-24T08:00:00Z) or from now (+2h); now when left out")
	f.StringVar(&j.arrival, "latest-arrival", "", "be there by an instant, or within +8h, and leave as late as possible")
	f.StringVar(&j.objective, "objective", "fastest", "fastest, cheapest or fewest_stops")
	f.StringArrayVar(&j.avoid, "avoid", nil, "stop nowhere there: a company (CAJ), a location or an EVSE; may be repeated")
	f.StringArrayVar(&j.insist, "insist", nil, "stop at this company only; or stop at this location or EVSE for certain; may be repeated")
	f.Float64Var(&j.air, "air", trip.RatedAirC, "temperature outside, °C")
	f.Float64Var(&j.load, "load", 0, "kilograms carried beside the driver")
	f.Float64Var(&j.headwind, "headwind", 0, "mean wind against the car, km/h; negative from behind")
}

// request checks the flags and makes the body of POST /plans.
func (j *journey) request(now time.Time) (api.PlanRequest, error) {
	if j.from == "" || j.to == "" {
		return api.PlanRequest{}, terminal.Usage(errors.New(`say where with --from "João Pessoa, PB" --to "Feira de Santana, BA"`))
	}
	r := api.PlanRequest{
		Origin: api.Endpoint{City: j.from}, Destination: api.Endpoint{City: j.to},
		Vehicle: api.Vehicle{Model: j.model}, SoC: &j.soc,
		Objective: trip.Objective(j.objective),
	}
	for flag, to := range map[string]struct {
		field **float64
		value *float64
	}{
		"min-arrival-soc": {&r.MinArrivalSoC, &j.minArrival}, "min-destination-soc": {&r.MinDestinationSoC, &j.minDestination},
		"max-charge-soc": {&r.MaxChargeSoC, &j.maxCharge},
	} {
		if j.given != nil && j.given(flag) {
			*to.field = to.value
		}
	}
	for name, v := range map[string]float64{
		"--soc": j.soc, "--min-arrival-soc": j.minArrival, "--min-destination-soc": j.minDestination, "--max-charge-soc": j.maxCharge,
	} {
		if !(v >= 0 && v <= 1) {
			return r, terminal.Usage(fmt.Errorf("%s %g: want a fraction from 0 to 1 (0.9 is 90%%)", name, v))
		}
	}
	var err error
	if r.Vehicle.Plugs, err = parsePlugs(j.plugs); err != nil {
		return r, err
	}
	if r.Departure, err = terminal.ParseWhen("departure", j.departure, now); err != nil {
		return r, err
	}
	if r.LatestArrival, err = terminal.ParseWhen("latest-arrival", j.arrival, now); err != nil {
		return r, err
	}
	if r.Avoid, err = parseChoice("avoid", j.avoid); err != nil {
		return r, err
	}
	if j.air != trip.RatedAirC || j.load != 0 || j.headwind != 0 {
		r.Vehicle.Conditions = &trip.Conditions{AirC: j.air, LoadKg: j.load, HeadwindKmh: j.headwind}
	}
	r.Insist, err = parseChoice("insist", j.insist)
	return r, err
}

// shortPlugs are what people call the usual plugs.
var shortPlugs = map[string]string{
	"type1": "IEC_62196_T1", "type2": charging.StandardT2, "ccs1": "IEC_62196_T1_COMBO", "ccs2": charging.StandardCCS2,
	"chademo": charging.StandardCHAdeMO, "gbt": "GBT_DC",
}

// parsePlugs reads plugs by their short or OCPI's names.
func parsePlugs(names []string) (plugs []string, err error) {
	for _, n := range names {
		if long, ok := shortPlugs[strings.ToLower(n)]; ok {
			n = long
		}
		if !charging.KnownStandard(n) {
			return nil, terminal.Usage(fmt.Errorf("--plugs %q: want type1, type2, ccs1, ccs2, chademo, gbt, or a ConnectorType of OCPI such as IEC_62196_T2_COMBO", n))
		}
		plugs = append(plugs, n)
	}
	return plugs, nil
}

// plugName is what people call a plug, OCPI's name where they have none.
func plugName(standard string) string {
	switch standard {
	case charging.StandardT2:
		return "Type 2"
	case charging.StandardCCS2:
		return "CCS2"
	case charging.StandardCHAdeMO:
		return "CHAdeMO"
	}
	return standard
}

// parseChoice tells companies, locations and EVSEs apart by their form.
func parseChoice(flag string, names []string) (trip.Choice, error) {
	var c trip.Choice
	for _, n := range names {
		switch {
		case charging.CompanyID(n).Validate() == nil:
			c.Companies = append(c.Companies, charging.CompanyID(n))
		case charging.LocationID(n).Validate() == nil:
			c.Locations = append(c.Locations, charging.LocationID(n))
		case charging.EVSEID(n).Validate() == nil:
			c.EVSEs = append(c.EVSEs, charging.EVSEID(n))
		default:
			return c, terminal.Usage(fmt.Errorf("--%s %q: want a company (CAJ), a location (BR*CAJ*LAJU01) or an EVSE (BR*CAJ*E0001*1)", flag, n))
		}
	}
	return c, nil
}
