package demo

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/app"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/director"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/serving"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// DemoCompanies in the order of their ports.
var DemoCompanies = []charging.CompanyID{"MAR", "SER", "CAJ"}

// demoVehicles is how many vehicles with a fixed secret there are: EV-0001…
const demoVehicles = 9

// demoRegistrations is how many vehicles may register in a day: a whole fleet does, from
// one address.
const demoRegistrations = 5000

// meetWithin bounds how long the companies of a demo may take to know each
// other.
const meetWithin = 45 * time.Second

// stage is the flags of demo.
type stage struct {
	httpPort, mqttPort, redisPort int
	fleet                         int
	data, store, fsync, logLevel  string
	speed                         float64
	rateLimit                     float64
	scenario                      string
	step                          time.Duration
	web                           string
	// director plays scenes for the web app's /stage; nil is none.
	director *director.Director
}

func (c commands) demoCommand() *cobra.Command {
	var s stage
	cmd := &cobra.Command{
		Use: "demo", Short: "Run three companies, their brokers and stores, and a small fleet, on this machine",
	}
	f := cmd.Flags()
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if play, ok := s.fleetScenario(); ok { // what was typed goes before what it says
			if !f.Changed("fleet") {
				s.fleet = play.Cars
			}
			if !f.Changed("speed") && play.Speed > 0 {
				s.speed = play.Speed
			}
		}
		return c.demo(cmd.Context(), s)
	}
	f.IntVar(&s.httpPort, "http-port", 8081, "REST port of the first company; the others follow; 0 for free ones")
	f.IntVar(&s.mqttPort, "mqtt-port", 1881, "MQTT port of the first company; the others follow; 0 for free ones")
	f.IntVar(&s.redisPort, "redis-port", 6381, "store port of the first company; the others follow; 0 for free ones")
	f.IntVar(&s.fleet, "fleet", 3, "how many cars drive around; 0 for none")
	f.StringVar(&s.data, "data", "", "directory to keep everything in; a temporary one, removed at the end, when left out")
	f.StringVar(&s.store, "store", app.StoreAuto, "auto (redis-server where there is one), redis-server or memory")
	f.StringVar(&s.fsync, "fsync", "everysec", "redis-server: when writes reach the disk, everysec or always")
	f.Float64Var(&s.speed, "speed", 1, "how fast the civil clock runs")
	f.Float64Var(&s.rateLimit, "rate-limit", 100, "requests a second and address; below 0 no limit")
	f.StringVar(&s.scenario, "scenario", "", "play a scene once all is ready: contention (two drivers, one charger), or one of the fleet's (see `simulator scenarios`), or a file")
	f.DurationVar(&s.step, "step", 5*time.Second, "how long each step of contention lasts")
	f.StringVar(&s.web, "web", c.Env("ELETROVIA_WEB"), "directory with a built web app, read anew for each request; by default the one in the program (ELETROVIA_WEB)")
	f.StringVar(&s.logLevel, "log-level", "warn", "debug, info, warn or error")
	return cmd
}

func (c commands) demo(ctx context.Context, s stage) error {
	serving.RelaxGC(c.Session)
	log, err := serving.Logger(c.Session, s.logLevel)
	if err != nil {
		return terminal.Usage(err)
	}
	if s.fleet < 0 {
		return terminal.Usage(fmt.Errorf("--fleet %d: want 0 or more", s.fleet))
	}
	if err := s.checkScenario(c.AsJSON); err != nil {
		return err
	}
	clock, err := s.clock(time.Now())
	if err != nil {
		return err
	}
	if s.director, err = c.newDirector(s, log); err != nil {
		return err
	}
	defer s.director.Close()
	servers, err := s.companies(clock, log)
	if err != nil {
		return terminal.Usage(err)
	}
	err = StartTogether(ctx, servers)
	if err == nil {
		err = c.play(ctx, s, clock, log, servers)
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = nil // the end that was asked for
	}
	return errors.Join(err, serving.StopAll(servers...))
}

// companies makes the three servers; nothing is started.
func (s stage) companies(clock app.Clock, log zerolog.Logger) ([]*app.App, error) {
	var servers []*app.App
	for i, id := range DemoCompanies {
		server, err := app.New(s.options(i, clock, log))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		servers = append(servers, server)
	}
	return servers, nil
}

// options of the i-th company.
func (s stage) options(i int, clock app.Clock, log zerolog.Logger) app.Options {
	id := DemoCompanies[i]
	o := app.Options{
		Company: id, HTTPAddr: localPort(s.httpPort, i), MQTTAddr: localPort(s.mqttPort, i),
		Store:    app.Store{Kind: s.store, Addr: localPort(s.redisPort, i), Fsync: s.fsync},
		Vehicles: map[charging.VehicleID]string{}, OperatorSecret: terminal.DemoSecret, DemoTokens: true,
		Registration: "open", Registrations: demoRegistrations,
		Connections: min(serving.Descriptors()/(len(DemoCompanies)+1), 8192), // they are one process
		Clock:       clock, RateLimit: s.rateLimit, WebDir: s.web, Log: log.With().Str("company", string(id)).Logger(),
	}
	if s.director != nil {
		o.Stage = s.director
	}
	for n := 1; n <= demoVehicles; n++ {
		o.Vehicles[charging.VehicleID(fmt.Sprintf("EV-%04d", n))] = terminal.DemoSecret
	}
	if s.data != "" {
		o.DataDir = filepath.Join(s.data, string(id))
		o.Store.Dir = filepath.Join(s.data, string(id), "store")
	}
	return o
}

// peerOf is how one of the demo's companies knows another one.
func peerOf(self, other charging.CompanyID, url string) app.Peer {
	return app.Peer{ID: other, URL: url}
}

func localPort(first, i int) string {
	if first == 0 {
		return "127.0.0.1:0"
	}
	return fmt.Sprintf("127.0.0.1:%d", first+i)
}

// StartTogether binds every server, tells each where the others are, and starts
// them at the same time.
func StartTogether(ctx context.Context, servers []*app.App) error {
	for _, a := range servers {
		if err := a.Listen(ctx); err != nil {
			return err
		}
	}
	for _, a := range servers {
		var peers []app.Peer
		for _, b := range servers {
			if a != b {
				peers = append(peers, peerOf(a.Company(), b.Company(), b.URL()))
			}
		}
		if err := a.SetPeers(peers); err != nil {
			return err
		}
	}
	results := make(chan error, len(servers))
	for _, a := range servers {
		go func() { results <- a.Start(ctx) }()
	}
	var errs []error
	for range servers {
		errs = append(errs, <-results)
	}
	return errors.Join(errs...)
}

// play says what runs, waits until the companies know each other, and runs the
// fleet until the context ends.
func (c commands) play(ctx context.Context, s stage, clock app.Clock, log zerolog.Logger, servers []*app.App) error {
	p := c.Printer()
	var all []serving.Started
	for _, a := range servers {
		d := serving.Describe(a)
		all = append(all, d)
		if !c.AsJSON {
			serving.DescribeTo(p, d)
		}
	}
	if err := meet(ctx, servers); err != nil {
		return err
	}
	if _, err := p.JSON(all); err != nil {
		return err
	}
	if !c.AsJSON {
		p.Linef("vehicles EV-0001 … EV-%04d and the operator have the secret %q", demoVehicles, terminal.DemoSecret)
		p.Linef("every user of this computer may read and write the demo's stores: they ask for no password (those of serve do)")
		if s.fleet > 0 {
			p.Linef("%d simulated cars drive around (--fleet 0 for none)", s.fleet)
		}
		if !clockIsReal(clock) {
			p.Linef("the civil clock runs %g times as fast; it is %s there", clock.Speed, clock.Now().UTC().Format(time.RFC3339))
		}
		p.Linef("the rule of priority, played for an audience: %s/stage", servers[0].URL())
		p.Next(c.Program+` reserve --from "João Pessoa, PB" --to "Feira de Santana, BA" --vehicle EV-0001`+c.serverFlag(servers[0]),
			"redis-cli -p "+serving.PortOf(servers[0].StoreAddr())+" --scan --pattern 'cal:*'")
		p.Linef("ready")
	}
	if err := c.playScenario(ctx, s, clock, servers); err != nil {
		return err
	}
	return c.drive(ctx, s, clock, log, servers)
}

func (c commands) serverFlag(a *app.App) string {
	if a.URL() == terminal.DefaultServer {
		return ""
	}
	return " --server " + a.URL()
}
