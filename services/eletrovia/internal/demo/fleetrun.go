package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/services/company/app"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/serving"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
	"github.com/eletrovia/eletrovia/simulator/board"
	"github.com/eletrovia/eletrovia/simulator/fleet"
	"github.com/eletrovia/eletrovia/simulator/report"
	"github.com/eletrovia/eletrovia/simulator/scenario"
)

// fleetFlags are what fleet takes beside what the stage of a demo takes.
type fleetFlags struct {
	stage
	cars, journeys int
	seed           uint64
	over           time.Duration
	misbehave      float64
	report         string
	verbose, quiet bool
	changed        func(string) bool
}

func (c commands) fleetCommand() *cobra.Command {
	f := fleetFlags{stage: stage{rateLimit: -1}}
	cmd := &cobra.Command{
		Use: "fleet", Short: "Start a demo, drive a fleet of cars until every journey has ended, and judge what became of them",
		Long: `Starts the demo's three companies on free ports, lets simulated cars make one
journey each, waits until every trip has ended, and audits the books. The last line of
the output is the summary. It fails (exit 1) where a car was stranded although it
followed its plan, where the books of a trip do not balance, where a car without
manners got what it may not have, or where a lock is left.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.changed = cmd.Flags().Changed
			return c.fleet(cmd.Context(), f)
		},
	}
	p := cmd.Flags()
	p.IntVar(&f.cars, "cars", 30, "how many cars")
	p.Uint64Var(&f.seed, "seed", 1, "which fleet: equal seeds draw equal cars")
	p.IntVar(&f.journeys, "journeys", 1, "journeys of each car")
	p.Float64Var(&f.speed, "speed", 600, "how fast the civil clock runs, 1 to 3600")
	p.DurationVar(&f.over, "over", 0, "civil time over which the journeys begin; 5 min a car when left out")
	p.Float64Var(&f.misbehave, "misbehave", 0, fleet.MisbehaveHelp)
	p.StringVar(&f.scenario, "scenario", "", "play a scenario: one of `simulator scenarios`, or a file")
	p.StringVar(&f.report, "report", "", "write a report with plots to this file (.html, or .md for the tables)")
	p.StringVar(&f.store, "store", app.StoreAuto, "auto (redis-server where there is one), redis-server or memory")
	p.StringVar(&f.fsync, "fsync", "everysec", "redis-server: when writes reach the disk, everysec or always")
	p.StringVar(&f.logLevel, "log-level", "error", "of the servers: debug, info, warn or error")
	p.BoolVar(&f.verbose, "verbose", false, "say what happens to each car")
	p.BoolVar(&f.quiet, "quiet", false, "show no progress")
	return cmd
}

func (c commands) fleet(ctx context.Context, f fleetFlags) error {
	serving.RelaxGC(c.Session)
	log, err := serving.Logger(c.Session, f.logLevel)
	if err != nil {
		return terminal.Usage(err)
	}
	o, err := f.fleetOptions()
	if err != nil {
		return terminal.Usage(err)
	}
	f.speed = o.Speed
	// What is taken down must find again what it had kept.
	if f.data, err = os.MkdirTemp("", "eletrovia-fleet-"); err != nil {
		return err
	}
	defer os.RemoveAll(f.data)
	clock, err := f.clock(time.Now())
	if err != nil {
		return err
	}
	t := &troupe{stage: f.stage, clock: clock, log: log}
	sum, err := c.fleetOn(ctx, f, t, o)
	if err = errors.Join(err, t.stop()); err != nil {
		return err
	}
	return c.judge(f, sum)
}

// fleetOptions are those of the fleet as far as the flags know them. What was
// typed goes before what a scenario says.
func (f fleetFlags) fleetOptions() (fleet.Options, error) {
	o := fleet.Options{Telemetry: time.Second, Speed: f.speed}
	typed := func(name string) bool { return f.scenario == "" || f.changed(name) }
	if f.scenario != "" {
		s, err := scenario.Load(f.scenario)
		if err != nil {
			return o, err
		}
		o = s.Apply(o)
	}
	if typed("cars") {
		o.Cars = f.cars
	}
	if typed("seed") {
		o.Seed = f.seed
	}
	if typed("speed") {
		o.Speed = f.speed
	}
	if typed("journeys") || o.Journeys == 0 {
		o.Journeys = f.journeys
	}
	if f.over > 0 {
		o.Over = f.over
	}
	if f.changed("misbehave") {
		if err := o.Misbehave(f.misbehave); err != nil {
			return o, fmt.Errorf("--%w", err)
		}
	}
	if f.scenario == "" && o.Over == 0 {
		o.Over = time.Duration(o.Cars) * 5 * time.Minute
	}
	if o.Cars < 1 || o.Journeys < 1 || f.over < 0 || !(o.Speed >= 1 && o.Speed <= 3600) {
		return o, errors.New("want --cars and --journeys of 1 or more, --over of 0 or more, --speed from 1 to 3600")
	}
	return o, nil
}

// fleetOn starts the companies and drives the fleet to its end.
func (c commands) fleetOn(ctx context.Context, f fleetFlags, t *troupe, o fleet.Options) (fleet.Summary, error) {
	if err := t.start(ctx); err != nil {
		return fleet.Summary{}, err
	}
	if err := meet(ctx, t.servers); err != nil {
		return fleet.Summary{}, err
	}
	o.Now = t.clock.Now
	for _, a := range t.servers {
		o.Servers = append(o.Servers, fleet.Server{MQTT: a.MQTTURL(), HTTP: a.URL()})
		o.Operators = append(o.Operators, terminal.DemoSecret)
	}
	o.Act = t.act(o)
	var progress io.Writer = c.Out
	if c.AsJSON {
		progress = c.Err
	}
	switch {
	case f.quiet:
	case f.verbose:
		o.Report = func(n fleet.Notice) {
			fmt.Fprintf(progress, "%s %s %s %s\n", n.At.Format(time.RFC3339), n.Car, n.What, n.Detail)
		}
	default:
		o.Watch = board.Watch(progress, !c.AsJSON && c.OutIsTerminal || c.AsJSON && c.ErrIsTerminal)
	}
	return fleet.Run(ctx, o)
}

// meet waits until the companies know each other.
func meet(ctx context.Context, servers []*app.App) error {
	ctx, cancel := context.WithTimeout(ctx, meetWithin)
	defer cancel()
	for _, a := range servers {
		if err := a.AwaitPeers(ctx); err != nil {
			return err
		}
	}
	return nil
}

// judge writes the report and, as the last line, the summary, and fails where
// something did not hold.
func (c commands) judge(f fleetFlags, s fleet.Summary) error {
	if f.report != "" {
		if err := report.Write(f.report, s); err != nil {
			return err
		}
	}
	if err := json.NewEncoder(c.Out).Encode(s); err != nil {
		return err
	}
	if !s.Good() {
		return fmt.Errorf("%d cars were stranded that followed their plan, %d entries of the books do not balance, %d locks are left, %d trips are open",
			s.StrandedFollowing, s.Imbalanced, max(s.LocksLeft, 0), max(s.TripsOpen, 0))
	}
	return nil
}
