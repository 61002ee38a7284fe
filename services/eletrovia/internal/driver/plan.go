package driver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

func (c commands) planCommand() *cobra.Command {
	var j journey
	var e edit
	var all bool
	var mapFile string
	cmd := &cobra.Command{
		Use: "plan", Short: "Find the stops for a drive, free now, over all companies",
		Example: `  eletrovia plan --from "João Pessoa, PB" --to "Feira de Santana, BA"
  eletrovia plan --from Recife --to "Salvador, BA" --latest-arrival +12h --avoid CAJ --map trip.svg
  eletrovia plan --base PLAN --fix 1 --depart 2=80 --stay 2=45 --avoid CAJ --via "Recife, PE:30"`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := wanted(cmd, &j, &e)
			if err != nil {
				return err
			}
			if mapFile != "" && (r.BasePlanID != "" || r.Via != nil) {
				return terminal.Usage(errors.New("--map draws plans without --base and --via only"))
			}
			server, err := c.Client("", "")
			if err != nil {
				return err
			}
			return c.plan(cmd.Context(), server, r, all, mapFile)
		},
	}
	j.flags(cmd)
	e.flags(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "show every plan, not the best one only")
	cmd.Flags().StringVar(&mapFile, "map", "", "draw the best plan into this file as SVG, and beside it as GeoJSON")
	return cmd
}

// wanted is the body of POST /plans: for a drive, or for a plan that is edited.
func wanted(cmd *cobra.Command, j *journey, e *edit) (api.PlanRequest, error) {
	if e.base == "" {
		if e.alone() {
			return api.PlanRequest{}, terminal.Usage(errors.New("--fix, --replace, --depart, --stay, --release and --no-via change a plan: say which with --base PLAN"))
		}
		r, err := j.request(time.Now())
		if err == nil {
			r.Via, err = e.places()
		}
		return r, err
	}
	for _, name := range []string{
		"from", "to", "model", "soc", "min-arrival-soc", "min-destination-soc", "max-charge-soc", "plugs",
		"departure", "latest-arrival", "objective", "insist", "air", "load", "headwind",
	} {
		if cmd.Flags().Changed(name) {
			return api.PlanRequest{}, terminal.Usage(fmt.Errorf("--%s beside --base: a plan that is edited keeps its drive; plan anew without --base", name))
		}
	}
	e.avoid = j.avoid
	return e.request()
}

func (c commands) plan(ctx context.Context, server *client.Driver, r api.PlanRequest, all bool, mapFile string) error {
	plans, err := c.ask(ctx, server, r)
	if err != nil {
		return err
	}
	if mapFile != "" && len(plans) > 0 {
		if err := c.drawMap(ctx, server, r, plans[0], mapFile); err != nil {
			return err
		}
	}
	p := c.Printer()
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
	if c.Vehicle == "" {
		vehicle = " --vehicle EV-0001"
	}
	next := []string{c.Next("reserve", "--plan", best.ID) + vehicle}
	if r.BasePlanID != "" {
		next = append(next, c.Next("plan", "--base", best.ID, "--release 1"), c.Next("plan", "--base", r.BasePlanID, "--fix 1"))
	}
	p.Next(next...)
	return nil
}

// ask asks for plans, and says so on a terminal while it takes time.
func (c commands) ask(ctx context.Context, server *client.Driver, r api.PlanRequest) ([]trip.Plan, error) {
	if c.ErrIsTerminal {
		line := terminal.NewLiveLine(c.Err)
		defer line.Clear()
		if r.BasePlanID != "" {
			line.Set("planning anew …")
		} else {
			line.Set("looking for stops from " + show.Clean(r.Origin.City) + " to " + show.Clean(r.Destination.City) + " …")
		}
	}
	return server.Plan(ctx, r)
}
