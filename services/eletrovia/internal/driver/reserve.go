package driver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// booking is the flags of reserve beside the drive.
type booking struct {
	journey
	planID, onConflict, key string
	stops                   []string
	decisionTimeout, wait   time.Duration
}

func (c commands) reserveCommand() *cobra.Command {
	var b booking
	cmd := &cobra.Command{
		Use: "reserve", Short: "Book a trip: every stop or none",
		Long: "Book a trip: every stop or none. The stops come from the best plan for --from and --to,\n" +
			"from a plan made before (--plan), or by hand (--stop, repeated in travel order).",
		Example: `  eletrovia reserve --from "João Pessoa, PB" --to "Feira de Santana, BA" --vehicle EV-0001
  eletrovia reserve --vehicle EV-0001 --stop 'BR*MAR*E0001*1,2026-11-24T08:00:00Z,2026-11-24T08:30:00Z'`,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.reserve(cmd.Context(), b) },
	}
	b.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&b.planID, "plan", "", "book this plan")
	f.StringArrayVar(&b.stops, "stop", nil, "a stop by hand: EVSE,START,END")
	f.StringVar(&b.onConflict, "on-conflict", "ask", "when a stop is refused: ask, replan, wait or abort")
	f.DurationVar(&b.decisionTimeout, "decision-timeout", 2*time.Minute, "how long to ask or wait, 1s to 10m")
	f.DurationVar(&b.wait, "wait", time.Minute, "how long to follow the trip before letting it go on alone")
	f.StringVar(&b.key, "key", "", "idempotency key: the same key books once; a fresh one when left out")
	return cmd
}

func (c commands) reserve(ctx context.Context, b booking) error {
	server, err := c.AsVehicle()
	if err != nil {
		return err
	}
	r, err := b.request(ctx, c, server)
	if err != nil {
		return err
	}
	if b.key == "" {
		b.key = uuid.NewString()
	}
	t, err := c.book(ctx, server, r, b)
	if err != nil {
		return err
	}
	return c.finish(ctx, server, t)
}

// request makes the trip's body of what the flags name: stops, a plan, or a drive.
func (b booking) request(ctx context.Context, c commands, server *client.Driver) (api.TripRequest, error) {
	r := api.TripRequest{
		VehicleID: charging.VehicleID(c.Vehicle), OnConflict: trip.Policy(b.onConflict),
		DecisionTimeoutSeconds: int(b.decisionTimeout / time.Second), PlanID: b.planID,
	}
	if !r.OnConflict.Valid() {
		return r, terminal.Usage(fmt.Errorf("--on-conflict %q: want ask, replan, wait or abort", b.onConflict))
	}
	if len(b.stops) > 0 && b.planID != "" {
		return r, terminal.Usage(errors.New("--stop and --plan exclude each other"))
	}
	for _, s := range b.stops {
		stop, err := parseStop(s)
		if err != nil {
			return r, err
		}
		r.Stops = append(r.Stops, stop)
	}
	if len(r.Stops) > 0 || r.PlanID != "" {
		var err error
		if r.PlanID == "" {
			r.Plugs, err = parsePlugs(b.plugs)
		}
		return r, err
	}
	return r, b.planFirst(ctx, c, server, &r)
}

// planFirst asks for plans, shows the best one, and books that.
func (b booking) planFirst(ctx context.Context, c commands, server *client.Driver, r *api.TripRequest) error {
	drive, err := b.journey.request(time.Now())
	if err != nil {
		return err
	}
	plans, err := c.ask(ctx, server, drive)
	if err != nil {
		return err
	}
	if len(plans) == 0 || len(plans[0].Stops) == 0 {
		return errors.New("nothing to book: the charge reaches without a stop")
	}
	if !c.AsJSON {
		showPlan(c.Printer(), sitesOf(ctx, server), drive, plans[0])
	}
	r.PlanID = plans[0].ID
	return nil
}

// parseStop reads EVSE,START,END.
func parseStop(s string) (api.Stop, error) {
	bad := terminal.Usage(fmt.Errorf("stop %q: want EVSE,START,END like BR*MAR*E0001*1,2026-11-24T08:00:00Z,2026-11-24T08:30:00Z", s))
	parts := strings.Split(s, ",")
	if len(parts) != 3 {
		return api.Stop{}, bad
	}
	start, err1 := time.Parse(time.RFC3339, parts[1])
	end, err2 := time.Parse(time.RFC3339, parts[2])
	if err1 != nil || err2 != nil {
		return api.Stop{}, bad
	}
	return api.Stop{EVSEID: charging.EVSEID(parts[0]), Start: start.UTC(), End: end.UTC()}, nil
}

// book sends the request and follows the trip: live on a terminal, in one long
// call elsewhere.
func (c commands) book(ctx context.Context, server *client.Driver, r api.TripRequest, b booking) (trip.Trip, error) {
	if !c.ErrIsTerminal {
		return server.CreateTrip(ctx, r, b.key, b.wait)
	}
	t, err := server.CreateTrip(ctx, r, b.key, 0)
	if err != nil {
		return t, err
	}
	ctx, cancel := context.WithTimeout(ctx, b.wait)
	defer cancel()
	line := terminal.NewLiveLine(c.Err)
	defer line.Clear()
	return terminal.Follow(ctx, server, t, func(t trip.Trip) { line.Set(progress(t)) })
}

// progress says in one line how far a booking is.
func progress(t trip.Trip) string {
	held := 0
	for _, l := range t.Legs {
		if l.State.Holds() {
			held++
		}
	}
	return fmt.Sprintf("%s: %d of %d stops held · all or nothing", strings.ToLower(string(t.State)), held, len(t.Legs))
}

// finish shows a trip at the end of a command that changed it.
func (c commands) finish(ctx context.Context, server *client.Driver, t trip.Trip) error {
	p := c.Printer()
	if done, err := p.JSON(t); done {
		if err != nil {
			return err
		}
		return terminal.Ended(t)
	}
	showTrip(p, sitesOf(ctx, server), t)
	c.nextOf(p, t)
	return terminal.Ended(t)
}
