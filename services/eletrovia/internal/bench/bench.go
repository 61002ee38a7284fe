package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/app"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/demo"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/load"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/serving"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// trial is the flags of bench.
type trial struct {
	concurrency         []int
	duration            time.Duration
	fsync, mqtt, claims []string
	store, dir, profile string
	warmUp, vehicles    int
	inProcess           bool
	overload            float64
	lines, rounds       int
}

// Row is one measurement.
type Row struct {
	Store  string `json:"store"`
	Fsync  string `json:"fsync"`
	Claims bool   `json:"claims"`
	MQTT   bool   `json:"mqtt"`
	load.Result
}

func (c commands) benchCommand() *cobra.Command {
	var t trial
	cmd := &cobra.Command{
		Use: "bench", Short: "Measure how many 3-stop trips over three companies are confirmed a second",
		Long: "Starts three companies in this process, each with a store of its own (redis-server where there is one),\n" +
			"on free ports, and books trips that never meet: each has a stop at MAR, SER and CAJ, in fresh windows.\n" +
			"The load comes from the same process, so it is part of what is measured.\n" +
			"With --overload 10 the three servers are processes of their own: first their peak is found by --concurrency\n" +
			"callers (the last one named), then ten times as much is asked of them, however they answer, both for --duration,\n" +
			"in --rounds turns. What is kept is compared with the peaks before and after.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if t.overload > 0 {
				return c.overload(cmd.Context(), t)
			}
			return c.bench(cmd.Context(), t)
		},
	}
	f := cmd.Flags()
	f.IntSliceVar(&t.concurrency, "concurrency", []int{1, 16, 64}, "how many callers at a time, one after the other")
	f.DurationVar(&t.duration, "duration", 5*time.Second, "how long each measurement takes")
	f.StringSliceVar(&t.fsync, "fsync", []string{"always", "everysec"}, "when the store's writes reach the disk")
	f.StringSliceVar(&t.mqtt, "mqtt", []string{"off", "on"}, "with the MQTT hop (car → broker → car), or by REST")
	f.StringSliceVar(&t.claims, "claims", []string{"on"}, "with the claims of the following stops, or without, to see what priority costs")
	f.StringVar(&t.store, "store", app.StoreAuto, "auto, redis-server or memory")
	f.StringVar(&t.dir, "dir", "", "directory for the stores' files (on a disk, or fsync means nothing); the system's temporary one by default")
	f.StringVar(&t.profile, "cpuprofile", "", "write a CPU profile of all measurements to this file")
	f.IntVar(&t.warmUp, "warm-up", 200, "trips before each measurement that are not counted")
	f.IntVar(&t.vehicles, "vehicles", 960, "how many vehicles the trips are spread over, each with an MQTT connection of its own")
	f.Float64Var(&t.overload, "overload", 0, "offer this many times the peak, and see what is kept of it")
	f.IntVar(&t.lines, "lines", 1536, "with --overload: how many connections the load may have")
	f.IntVar(&t.rounds, "rounds", 3, "with --overload: how often peak and overload take turns")
	f.BoolVar(&t.inProcess, "in-process", true, "the three servers in this process (the only form there is)")
	return cmd
}

// switches reads on and off.
func switches(flag string, values []string) ([]bool, error) {
	var out []bool
	for _, v := range values {
		switch v {
		case "on":
			out = append(out, true)
		case "off":
			out = append(out, false)
		default:
			return nil, terminal.Usage(fmt.Errorf("--%s %q: want on, off or both", flag, v))
		}
	}
	return out, nil
}

func (c commands) bench(ctx context.Context, t trial) error {
	serving.RelaxGC(c.Session)
	mqtt, err := switches("mqtt", t.mqtt)
	if err != nil {
		return err
	}
	claims, err := switches("claims", t.claims)
	if err != nil {
		return err
	}
	if !t.inProcess {
		return terminal.Usage(errors.New("--in-process=false: the servers run in this process only"))
	}
	stop, err := profileTo(t.profile)
	if err != nil {
		return err
	}
	defer stop()
	p := c.Printer()
	p.Notef("%d CPUs, %s, load included; %s each, after %d trips of warm-up", runtime.NumCPU(), runtime.Version(), t.duration, t.warmUp)
	p.Notef("%s", liftedLimits)
	var rows []Row
	for _, fsync := range t.fsync {
		for _, withClaims := range claims {
			got, err := c.benchStores(ctx, t, fsync, withClaims, mqtt)
			rows = append(rows, got...)
			if err != nil || ctx.Err() != nil {
				return errors.Join(err, c.benchTable(rows))
			}
		}
	}
	return c.benchTable(rows)
}

// benchStores measures on fresh servers and stores.
func (c commands) benchStores(ctx context.Context, t trial, fsync string, claims bool, mqtt []bool) (rows []Row, err error) {
	servers, err := benchServers(t, fsync, claims)
	if err != nil {
		return nil, terminal.Usage(err)
	}
	defer func() { err = errors.Join(err, serving.StopAll(servers...)) }()
	if err := demo.StartTogether(ctx, servers); err != nil {
		return nil, err
	}
	for _, a := range servers {
		if err := a.AwaitPeers(ctx); err != nil {
			return nil, err
		}
	}
	var next atomic.Int64
	w, err := benchWindows(ctx, servers[0], t.vehicles)
	if err != nil {
		return nil, err
	}
	for _, hop := range mqtt {
		book, hangUp, err := benchBooker(ctx, servers, hop, t.vehicles)
		if err != nil {
			return rows, err
		}
		for _, callers := range t.concurrency {
			warm := next.Load() + int64(t.warmUp)
			for next.Load() < warm && ctx.Err() == nil {
				load.Run(ctx, callers, 50*time.Millisecond, w, &next, book)
			}
			r := Row{
				Store: servers[0].Status().StoreKind, Fsync: fsync, Claims: claims, MQTT: hop,
				Result: load.Run(ctx, callers, t.duration, w, &next, book),
			}
			c.benchProgress(r)
			rows = append(rows, r)
		}
		hangUp()
	}
	return rows, nil
}

// liftedLimits says what benchLimits does.
const liftedLimits = "the limits of what a vehicle may have, and of a company's share, are lifted: few vehicles make many trips here"

// benchLimits are without those that few vehicles, and one company's trips, would meet.
func benchLimits() charging.Limits {
	l := charging.DefaultLimits()
	l.VehicleHours, l.NewHours, l.NewTrips, l.Share = 0, 0, 0, 0
	return l
}

func benchServers(t trial, fsync string, claims bool) ([]*app.App, error) {
	var servers []*app.App
	limits := benchLimits()
	for _, id := range demo.DemoCompanies {
		o := app.Options{
			Limits:  &limits,
			Company: id, Store: app.Store{Kind: t.store, Fsync: fsync}, Vehicles: benchVehicles(t.vehicles), OperatorSecret: terminal.DemoSecret,
			RateLimit: -1, AddressConnections: -1, SkipClaims: !claims, Log: zerolog.Nop(),
		}
		if t.dir != "" {
			dir, err := os.MkdirTemp(t.dir, "eletrovia-bench-"+string(id)+"-")
			if err != nil {
				return nil, err
			}
			o.Store.Dir = dir
		}
		server, err := app.New(o)
		if err != nil {
			return nil, err
		}
		servers = append(servers, server)
	}
	return servers, nil
}

func (c commands) benchProgress(r Row) {
	p := c.Printer()
	line := fmt.Sprintf("%s fsync=%s claims=%s mqtt=%s callers=%d: %.0f trips/s, p50 %.1f ms, p99 %.1f ms",
		r.Store, r.Fsync, onOff(r.Claims), onOff(r.MQTT), r.Concurrency, r.PerSecond, r.P50, r.P99)
	if r.Failed > 0 {
		line += fmt.Sprintf("; %d failed, the first: %s", r.Failed, r.Why)
	}
	p.Notef("%s", line)
}

func (c commands) benchTable(rows []Row) error {
	p := c.Printer()
	if done, err := p.JSON(rows); done {
		return err
	}
	var cells [][]string
	failed := 0
	for _, r := range rows {
		failed += r.Failed
		cells = append(cells, []string{
			r.Store, r.Fsync, onOff(r.Claims), onOff(r.MQTT), strconv.Itoa(r.Concurrency), strconv.Itoa(r.Trips),
			strconv.Itoa(r.Failed), fmt.Sprintf("%.0f", r.PerSecond), fmt.Sprintf("%.1f", r.P50), fmt.Sprintf("%.1f", r.P99),
		})
	}
	p.Table([]string{"Store", "Fsync", "Claims", "MQTT", "Callers", "Confirmed", "Failed", "Trips/s", "p50 ms", "p99 ms"}, cells)
	p.Next(c.Program + " bench --concurrency 64 --duration 15s --cpuprofile cpu.prof")
	if failed > 0 {
		return &terminal.ExitError{Code: terminal.ExitFailure, Err: fmt.Errorf("%d trips were not confirmed", failed)}
	}
	return nil
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

func profileTo(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		_ = f.Close()
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	}, nil
}
