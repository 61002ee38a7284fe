package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api/client"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// journey is the flags that describe a drive.
type journey struct {
	from, to, model, departure, objective string
	soc, minArrival                       float64
}

func (j *journey) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&j.from, "from", "", `where the drive begins: "João Pessoa, PB"`)
	f.StringVar(&j.to, "to", "", `where it ends: "Feira de Santana, BA"`)
	f.StringVar(&j.model, "model", "byd-dolphin", "model of the vehicle")
	f.Float64Var(&j.soc, "soc", 0.9, "charge at departure, 0 to 1")
	f.Float64Var(&j.minArrival, "min-arrival-soc", 0.1, "least charge at every arrival, 0 to 1")
	f.StringVar(&j.departure, "departure", "", "when: an instant (2026-11-24T08:00:00Z) or from now (+2h); now when left out")
	f.StringVar(&j.objective, "objective", "fastest", "fastest, cheapest or fewest_stops")
}

// request checks the flags and makes the body of POST /plans.
func (j *journey) request(now time.Time) (api.PlanRequest, error) {
	if j.from == "" || j.to == "" {
		return api.PlanRequest{}, usage(errors.New(`say where with --from "João Pessoa, PB" --to "Feira de Santana, BA"`))
	}
	r := api.PlanRequest{
		Origin: api.Endpoint{City: j.from}, Destination: api.Endpoint{City: j.to},
		Vehicle: api.Vehicle{Model: j.model}, SoC: &j.soc, MinArrivalSoC: &j.minArrival,
		Objective: trip.Objective(j.objective),
	}
	for name, v := range map[string]float64{"--soc": j.soc, "--min-arrival-soc": j.minArrival} {
		if v < 0 || v > 1 {
			return r, usage(fmt.Errorf("%s %g: want a fraction from 0 to 1 (0.9 is 90%%)", name, v))
		}
	}
	var err error
	r.Departure, err = parseWhen(j.departure, now)
	return r, err
}

// parseWhen reads an instant, a time from now ("+2h"), or nothing.
func parseWhen(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if s[0] == '+' {
		if d, err := time.ParseDuration(s[1:]); err == nil && d >= 0 {
			return now.Add(d).UTC().Truncate(time.Second), nil
		}
	} else if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC(), nil
	}
	return time.Time{}, usage(fmt.Errorf("departure %q: want 2026-11-24T08:00:00Z or +2h", s))
}

func (c *cli) planCommand() *cobra.Command {
	var j journey
	var all bool
	cmd := &cobra.Command{
		Use: "plan", Short: "Find the stops for a drive, free now, over all companies",
		Example: `  eletrovia plan --from "João Pessoa, PB" --to "Feira de Santana, BA"`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := j.request(time.Now())
			if err != nil {
				return err
			}
			server, err := c.client("", "")
			if err != nil {
				return err
			}
			return c.plan(cmd.Context(), server, r, all)
		},
	}
	j.flags(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "show every plan, not the best one only")
	return cmd
}

func (c *cli) plan(ctx context.Context, server *client.Driver, r api.PlanRequest, all bool) error {
	plans, err := server.Plan(ctx, r)
	if err != nil {
		return err
	}
	p := c.printer()
	if done, err := p.JSON(api.PlanResponse{Plans: plans}); done {
		return err
	}
	if len(plans) == 0 {
		return errors.New("the server knows no plan for this drive")
	}
	names := sitesOf(ctx, server)
	shown := plans[:1]
	if all {
		shown = plans
	}
	for _, plan := range shown {
		showPlan(p, names, r, plan)
	}
	best := plans[0]
	if len(best.Stops) == 0 {
		p.Linef("no stop is needed: the charge reaches")
		return nil
	}
	if more := len(plans) - len(shown); more > 0 {
		p.Linef("%s", p.Dim(fmt.Sprintf("%d more with --all", more)))
	}
	vehicle := ""
	if c.vehicle == "" {
		vehicle = " --vehicle EV-0001"
	}
	p.Next(c.next("reserve", "--plan", best.ID) + vehicle)
	return nil
}
