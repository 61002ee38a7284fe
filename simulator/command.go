package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/simulator/board"
	"github.com/eletrovia/eletrovia/simulator/fleet"
	"github.com/eletrovia/eletrovia/simulator/report"
	"github.com/eletrovia/eletrovia/simulator/scenario"
)

// flags as they were typed.
type flags struct {
	cars, journeys int
	seed           uint64
	mqtt, http     []string
	vehicles       []string
	secret         string
	speed          float64
	epoch          string
	duration       time.Duration
	scenario       string
	over           time.Duration
	misbehave      float64
	report         string
	operator       string
	json, quiet    bool
	verbose        bool
}

// run is the program: it returns the exit code.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	cmd := command(out, errs)
	cmd.SetArgs(args)
	cmd.SetOut(out)
	cmd.SetErr(errs)
	err := cmd.ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintln(errs, "simulator:", err)
	}
	return exitCode(err)
}

func command(out, errs io.Writer) *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use: "simulator", Short: "A fleet of simulated cars that plan, reserve, drive and charge",
		SilenceUsage: true, SilenceErrors: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := cobra.NoArgs(cmd, args); err != nil {
				return usage(err)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.chosen(cmd)
			return f.drive(cmd.Context(), out, errs, cmd.Flags().Changed)
		},
	}
	cmd.AddCommand(scenariosCommand(out))
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	p := cmd.Flags()
	p.IntVar(&f.cars, "cars", 3, "how many cars")
	p.Uint64Var(&f.seed, "seed", 1, "which fleet: equal seeds draw equal cars")
	p.IntVar(&f.journeys, "journeys", 0, "journeys of each car; 0 until the end")
	p.StringSliceVar(&f.mqtt, "mqtt", []string{"localhost:1881"}, "brokers, host:port or a URL; cars are shared out among them")
	p.StringSliceVar(&f.http, "http", []string{"localhost:8081"}, "REST servers of the same companies, where cars register")
	p.StringSliceVar(&f.vehicles, "vehicle", nil, "ids of vehicles that exist, instead of registering; with --secret")
	p.StringVar(&f.secret, "secret", "", "their secret")
	p.Float64Var(&f.speed, "speed", 1, "civil seconds in a real one; as the servers say when left out")
	p.StringVar(&f.epoch, "epoch", "", "when civil and real time were equal (RFC 3339), with --speed; as the servers say when left out")
	p.DurationVar(&f.duration, "duration", 0, "end after this real time; 0 for when the journeys are done, or Ctrl-C")
	p.StringVar(&f.scenario, "scenario", "", "play a scenario: a file, or one of "+strings.Join(scenario.Names(), ", "))
	p.DurationVar(&f.over, "over", 0, "civil time over which the journeys begin")
	p.Float64Var(&f.misbehave, "misbehave", 0, fleet.MisbehaveHelp)
	p.StringVar(&f.report, "report", "", "write a report with plots to this file (.html, or .md for the tables)")
	p.StringVar(&f.operator, "operator-secret", "", "the operators' secret, to look for locks that are left and to play what scenarios do to companies")
	p.BoolVar(&f.json, "json", false, "print the summary as JSON, and progress on standard error")
	p.BoolVar(&f.quiet, "quiet", false, "print no progress")
	p.BoolVar(&f.verbose, "verbose", false, "print what happens to each car")
	return cmd
}

// chosen is here for flags that depend on each other.
func (f *flags) chosen(cmd *cobra.Command) {
	if len(f.vehicles) > 0 && !cmd.Flags().Changed("cars") {
		f.cars = len(f.vehicles)
	}
}

// drive runs the fleet and prints what became of it.
func (f flags) drive(ctx context.Context, out, errs io.Writer, changed func(string) bool) error {
	o, err := f.options(changed)
	if err != nil {
		return usage(err)
	}
	f.listen(ctx, &o, changed)
	if o.Speed != 1 && !f.json {
		fmt.Fprintf(errs, "it is %s by the civil clock, which runs %g times as fast as the real one\n", f.civil(o).Format(time.RFC3339), o.Speed)
	}
	f.show(&o, out, errs)
	if f.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.duration)
		defer cancel()
	}
	sum, err := fleet.Run(ctx, o)
	if err != nil {
		return usage(err)
	}
	if f.report != "" {
		if err := report.Write(f.report, sum); err != nil {
			return err
		}
	}
	if err := print(out, sum, f.json); err != nil {
		return err
	}
	if sum.Cars > 0 && sum.Counts[fleet.Connected] == 0 {
		return fmt.Errorf("no car got an answer from %s; is the server there?", strings.Join(f.mqtt, ", "))
	}
	if !sum.Good() {
		return fmt.Errorf("%d cars were stranded that followed their plan, %d entries of the books do not balance, %d locks are left",
			sum.StrandedFollowing, sum.Imbalanced, max(sum.LocksLeft, 0))
	}
	return nil
}

// show puts the progress where it belongs: on standard output, or on standard
// error beside the JSON.
func (f flags) show(o *fleet.Options, out, errs io.Writer) {
	progress := out
	if f.json {
		progress = errs
	}
	switch {
	case f.quiet:
	case f.verbose:
		o.Report = func(n fleet.Notice) {
			fmt.Fprintf(progress, "%s %s %s %s\n", n.At.Format(time.RFC3339), n.Car, n.What, n.Detail)
		}
	default:
		o.Watch = board.Watch(progress, isTerminal(progress))
	}
}

// isTerminal reports whether somebody looks at a writer.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	i, err := f.Stat()
	return err == nil && i.Mode()&os.ModeCharDevice != 0
}

func (f flags) civil(o fleet.Options) time.Time {
	if o.Now != nil {
		return o.Now().UTC()
	}
	return time.Now().UTC()
}

// listen takes the servers' civil clock, where they tell it and nobody has set
// another one.
func (f flags) listen(ctx context.Context, o *fleet.Options, changed func(string) bool) {
	if f.epoch != "" || changed("speed") {
		return
	}
	if speed, epoch, ok := o.Clock(ctx); ok {
		o.Speed = speed
		o.Now = clockSince(epoch, speed)
	}
}

func clockSince(epoch time.Time, speed float64) func() time.Time {
	return func() time.Time { return epoch.Add(time.Duration(float64(time.Since(epoch)) * speed)) }
}

// scenariosCommand lists the scenarios that come with the simulator.
func scenariosCommand(out io.Writer) *cobra.Command {
	return &cobra.Command{
		Use: "scenarios", Short: "List the scenarios that come with the simulator", Args: func(cmd *cobra.Command, args []string) error {
			if err := cobra.NoArgs(cmd, args); err != nil {
				return usage(err)
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error { return scenario.List(out) },
	}
}

func print(out io.Writer, s fleet.Summary, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(s)
	}
	parts := []string{fmt.Sprintf("cars %d", s.Cars)}
	for _, o := range fleet.Outcomes() {
		if n := s.Counts[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", o, n))
		}
	}
	if _, err := fmt.Fprintf(out, "%s, %.0f km, %.0f kWh\n", strings.Join(parts, ", "), s.Km, s.KWh); err != nil {
		return err
	}
	for _, m := range fleet.Misdeeds() {
		if answers := s.Manners[m]; len(answers) > 0 {
			if _, err := fmt.Fprintf(out, "  %-12s %s\n", m, fleet.Tried(answers)); err != nil {
				return err
			}
		}
	}
	return nil
}

// options of the fleet; a scenario's values give way to flags that were typed.
func (f flags) options(changed func(string) bool) (fleet.Options, error) {
	o := fleet.Options{Speed: 1}
	if f.scenario != "" {
		s, err := scenario.Load(f.scenario)
		if err != nil {
			return o, err
		}
		o = s.Apply(o)
	}
	pick := func(name string, take func()) {
		if f.scenario == "" || changed(name) {
			take()
		}
	}
	pick("cars", func() { o.Cars = f.cars })
	pick("seed", func() { o.Seed = f.seed })
	pick("journeys", func() { o.Journeys = f.journeys })
	pick("speed", func() { o.Speed = f.speed })
	if changed("over") {
		o.Over = f.over
	}
	if changed("misbehave") {
		if err := o.Misbehave(f.misbehave); err != nil {
			return o, fmt.Errorf("--%w", err)
		}
	}
	if f.over < 0 {
		return o, fmt.Errorf("--over %s: want 0 or more", f.over)
	}
	if err := f.clock(&o); err != nil {
		return o, err
	}
	var err error
	if o.Servers, err = f.servers(); err != nil {
		return o, err
	}
	if f.operator != "" {
		for range o.Servers {
			o.Operators = append(o.Operators, f.operator)
		}
		o.Act = o.PowerOutage
	}
	for _, e := range o.World.Events {
		if e.Kind == fleet.Down {
			return o, errors.New("the scenario takes a company's server down, which only `eletrovia fleet` and `eletrovia demo` can do")
		}
		if e.Kind == fleet.Outage && f.operator == "" {
			return o, errors.New("the scenario takes chargers out of service: give --operator-secret")
		}
	}
	return o, f.credentials(&o)
}

// clock makes civil time that has run at the speed since the epoch.
func (f flags) clock(o *fleet.Options) error {
	if !(o.Speed > 0 && o.Speed <= 10_000) {
		return fmt.Errorf("--speed %v: want more than 0, at most 10000", o.Speed)
	}
	if f.duration < 0 {
		return fmt.Errorf("--duration %s: want 0 or more", f.duration)
	}
	if f.epoch == "" {
		return nil
	}
	epoch, err := time.Parse(time.RFC3339, f.epoch)
	if err != nil {
		return fmt.Errorf("--epoch %q: want an instant such as 2026-01-31T12:00:00Z", f.epoch)
	}
	o.Now = clockSince(epoch, o.Speed)
	return nil
}

// servers pairs the brokers with the REST addresses of their companies.
func (f flags) servers() ([]fleet.Server, error) {
	if len(f.http) != len(f.mqtt) && len(f.vehicles) == 0 {
		return nil, fmt.Errorf("--mqtt names %d brokers and --http %d servers: name both of each company", len(f.mqtt), len(f.http))
	}
	var out []fleet.Server
	for i, m := range f.mqtt {
		var s fleet.Server
		var err error
		if s.MQTT, err = address("mqtt", "tcp", m); err != nil {
			return nil, err
		}
		if i < len(f.http) {
			if s.HTTP, err = address("http", "http", f.http[i]); err != nil {
				return nil, err
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// address takes host:port or a URL.
func address(flag, scheme, text string) (string, error) {
	if !strings.Contains(text, "://") {
		text = scheme + "://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Port() == "" {
		return "", fmt.Errorf("--%s %q: want host:port or %s://host:port", flag, text, scheme)
	}
	return strings.TrimSuffix(u.String(), "/"), nil
}

// credentials uses vehicles that exist, where they were named.
func (f flags) credentials(o *fleet.Options) error {
	if len(f.vehicles) == 0 {
		if f.secret != "" {
			return errors.New("--secret needs --vehicle")
		}
		return nil
	}
	if o.Cars > len(f.vehicles) {
		return fmt.Errorf("%d cars, but --vehicle names %d", o.Cars, len(f.vehicles))
	}
	for _, id := range f.vehicles {
		if err := charging.VehicleID(id).Validate(); err != nil {
			return fmt.Errorf("--vehicle: %w", err)
		}
	}
	o.Credential = func(_ context.Context, c fleet.Car, _ fleet.Server) (fleet.Identity, error) {
		return fleet.Identity{VehicleID: charging.VehicleID(f.vehicles[c.Index]), Secret: f.secret}, nil
	}
	return nil
}
