package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/flood"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/serving"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
	"github.com/eletrovia/eletrovia/simulator/fleet"
)

// crowd is the flags of streams.
type crowd struct {
	streams, cars, drivers int
	rate                   float64
	duration               time.Duration
	store                  string
	mostCores, mostSlower  float64
}

// crowdReport is what was measured.
type crowdReport struct {
	Streams int     `json:"streams"`
	Cars    int     `json:"cars"`
	Rate    float64 `json:"reports_per_car_and_second"`
	CPUs    int     `json:"cpus"`
	// CarsCores are of the server with the cars alone, StreamsCores with streams too.
	CarsCores    float64     `json:"cars_cores"`
	StreamsCores float64     `json:"streams_cores"`
	Heard        flood.Heard `json:"heard"`
	// FramesEach and OverviewsEach are a stream's, a second.
	FramesEach    float64     `json:"frames_per_stream_and_second"`
	OverviewsEach float64     `json:"overviews_per_stream_and_second"`
	Megabytes     float64     `json:"mb_per_second"`
	Without       flood.Phase `json:"bookings_without"`
	With          flood.Phase `json:"bookings_with"`
	Memory        float64     `json:"server_mb"`
	Failures      []string    `json:"failures"`
}

func (c commands) streamsCommand() *cobra.Command {
	w := crowd{}
	cmd := &cobra.Command{
		Use: "streams", Short: "Measure what many event streams of many cars cost a server, and its bookings",
		Long: "Starts three companies, each a process with its defaults but for quotas, registrations and --event-streams, on free\n" +
			"ports of loopback. Cars report to the first of them, streams of its operator (who is bounded by all streams alone; a\n" +
			"vehicle has eight) read frames of all cars and the overview, and drivers book.\n" +
			"Phases: drivers alone; cars alone; cars and streams; all together. What is measured of the server is its own CPU time\n" +
			"(/proc); the readers are in this process. PASS or FAIL is by the bounds. Exit code 1 for FAIL. Linux.",
		RunE: func(cmd *cobra.Command, _ []string) error { return c.streams(cmd.Context(), w) },
	}
	f := cmd.Flags()
	f.IntVar(&w.streams, "streams", 500, "event streams")
	f.IntVar(&w.cars, "cars", 200, "cars that report")
	f.Float64Var(&w.rate, "rate", 2, "reports of a car a second")
	f.IntVar(&w.drivers, "drivers", 10, "drivers who book at a time")
	f.DurationVar(&w.duration, "duration", 20*time.Second, "how long each phase takes")
	f.StringVar(&w.store, "store", "auto", "auto, redis-server or memory")
	f.Float64Var(&w.mostCores, "most-cores", 1, "how many cores cars and streams may cost the server")
	f.Float64Var(&w.mostSlower, "most-slower", 2, "how many times what it was without a driver's p99 may be")
	return cmd
}

func (c commands) streams(ctx context.Context, w crowd) error {
	serving.RelaxGC(c.Session)
	p := c.Printer()
	flags := append([]string{"--event-streams", strconv.Itoa(w.streams + w.streams/8 + 16)}, floodSettings...)
	servers, stop, err := c.benchProcesses(ctx, trial{store: w.store, fsync: []string{"everysec"}}, flags)
	defer stop()
	if err != nil {
		return err
	}
	at := servers[0]
	h, err := c.honest(ctx, deluge{drivers: w.drivers, honest: "127.0.0.2"}, servers)
	if err != nil {
		return err
	}
	r := crowdReport{Streams: w.streams, Cars: w.cars, Rate: w.rate, CPUs: runtime.NumCPU()}
	p.Notef("warm-up…")
	h.Run(ctx, 5*time.Second)
	p.Notef("drivers alone, %s…", w.duration)
	r.Without = h.Run(ctx, w.duration)
	drive, park := context.WithCancel(ctx)
	defer park()
	if err := reporters(drive, at, w); err != nil {
		return err
	}
	p.Notef("%d cars…", w.cars)
	if r.CarsCores, err = coresOf(ctx, at, w.duration); err != nil {
		return err
	}
	readers := &flood.Readers{URL: "http://" + at.http + "/api/v1/events?types=cars,overview", User: "operator", Secret: terminal.DemoSecret}
	if err := readers.Open(drive, w.streams); err != nil {
		return err
	}
	p.Notef("%d cars and %d streams…", w.cars, w.streams)
	before := readers.Heard()
	if r.StreamsCores, err = coresOf(ctx, at, w.duration); err != nil {
		return err
	}
	r.Heard = readers.Heard().Minus(before)
	p.Notef("and drivers…")
	r.With = h.Run(ctx, w.duration)
	r.Memory = (&memories{servers: servers[:1]}).most()
	park()
	readers.Wait()
	r.judge(w)
	return c.crowdTable(r)
}

// judge holds what was measured against the bounds.
func (r *crowdReport) judge(w crowd) {
	each := float64(r.Streams) * w.duration.Seconds()
	r.FramesEach, r.OverviewsEach = float64(r.Heard.Frames)/each, float64(r.Heard.Overviews)/each
	r.Megabytes = float64(r.Heard.Bytes) / 1e6 / w.duration.Seconds()
	fail := func(bad bool, format string, args ...any) {
		if bad {
			r.Failures = append(r.Failures, fmt.Sprintf(format, args...))
		}
	}
	fail(r.StreamsCores > w.mostCores, "cars and streams cost %.2f cores; at most %.2f", r.StreamsCores, w.mostCores)
	fail(r.With.P99 > w.mostSlower*r.Without.P99, "a driver's p99 is %.1f ms with, %.1f ms without", r.With.P99, r.Without.P99)
	booked := func(p flood.Phase, how string) {
		fail(p.Booked == 0, "nobody could book in %s %s streams", w.duration, how)
		fail(p.Failed > 0, "%d bookings of %d were not confirmed %s streams, the first: %s", p.Failed, p.Failed+p.Booked, how, p.Why)
	}
	booked(r.Without, "without")
	booked(r.With, "with")
	fail(r.Heard.Ended > 0, "%d streams have ended", r.Heard.Ended)
	fail(w.rate >= 1 && r.FramesEach < 0.75, "a stream had %.2f frames a second", r.FramesEach)
}

// registerEvery keeps below what one address may ask a second.
const registerEvery = 15 * time.Millisecond

// reporters has cars report until the context ends, each about in its own place.
func reporters(ctx context.Context, at benchProcess, w crowd) error {
	anybody, err := client.NewDriver(client.DriverOptions{BaseURL: "http://" + at.http})
	if err != nil {
		return err
	}
	for n := range w.cars {
		got, err := anybody.Register(ctx, api.RegisterRequest{Model: "byd-dolphin"})
		if err != nil {
			return fmt.Errorf("car %d: %w", n, err)
		}
		link, err := fleet.DialMQTT(fleet.Server{MQTT: "tcp://" + at.mqtt}, fleet.Identity{VehicleID: got.VehicleID, Secret: got.Secret})
		if err != nil {
			return fmt.Errorf("car %d: %w", n, err)
		}
		go drive(ctx, link, n, w)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(registerEvery):
		}
	}
	return nil
}

func drive(ctx context.Context, link fleet.Link, n int, w crowd) {
	defer link.Close()
	every := time.Duration(float64(time.Second) / w.rate)
	first := time.NewTimer(every * time.Duration(n) / time.Duration(w.cars)) // not all at once
	defer first.Stop()
	select {
	case <-ctx.Done():
		return
	case <-first.C:
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for i := 0; ; i++ {
		link.Telemetry(carlink.Telemetry{
			At: time.Now().UTC(), Lat: -7 - float64(n%20)/5 - float64(i%1000)/10000, Lon: -35 - float64(n/20)/5,
			SoC: 0.9 - float64(i%800)/1000, SpeedKMH: 80, PowerKW: 15, Discharge: carlink.Normal,
		})
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// clockTicks are what /proc counts CPU time in, a second.
const clockTicks = 100

// coresOf is how many cores a server takes in a while.
func coresOf(ctx context.Context, of benchProcess, while time.Duration) (float64, error) {
	before, err := cpuOf(of)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(while):
	}
	after, err := cpuOf(of)
	return (after - before) / time.Since(began).Seconds(), err
}

// cpuOf is the CPU time that a server has taken, s.
func cpuOf(of benchProcess) (float64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", of.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(raw), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, errors.New("/proc does not tell the server's CPU time")
	}
	user, err1 := strconv.ParseFloat(fields[11], 64)
	system, err2 := strconv.ParseFloat(fields[12], 64)
	return (user + system) / clockTicks, errors.Join(err1, err2)
}

func (c commands) crowdTable(r crowdReport) error {
	p := c.Printer()
	failed := error(nil)
	if len(r.Failures) > 0 {
		failed = &terminal.ExitError{Code: terminal.ExitFailure}
	}
	if done, err := p.JSON(r); done {
		return errors.Join(err, failed)
	}
	p.Linef("%d cars, %g reports a second each: %.2f cores; with %d streams: %.2f cores of %d", r.Cars, r.Rate, r.CarsCores, r.Streams, r.StreamsCores, r.CPUs)
	p.Linef("a stream: %.2f frames and %.2f overviews a second; %.1f MB a second in all; the server had %.0f MB",
		r.FramesEach, r.OverviewsEach, r.Megabytes, r.Memory)
	for _, row := range []struct {
		name string
		flood.Phase
	}{{"without", r.Without}, {"with", r.With}} {
		p.Linef("bookings %s: %d confirmed, %d failed, p50 %.1f ms, p99 %.1f ms", row.name, row.Booked, row.Failed, row.P50, row.P99)
	}
	for _, why := range r.Failures {
		p.Linef("%s: %s", p.Bad("FAIL"), why)
	}
	if failed == nil {
		p.Linef("%s", p.Good("PASS"))
	}
	return failed
}
