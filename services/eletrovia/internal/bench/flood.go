package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/demo"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/flood"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/load"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/serving"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// deluge is the flags of flood.
type deluge struct {
	flood.Attack
	flood.Bounds
	drivers   int
	honest    string
	duration  time.Duration
	store     string
	perMinion int
}

func (c commands) floodCommand() *cobra.Command {
	d := deluge{Attack: flood.Attack{From: "127.0.0.3"}, honest: "127.0.0.2"}
	cmd := &cobra.Command{
		Use: "flood", Short: "Flood a server from one address, and see what drivers elsewhere notice",
		Long: "Starts three companies, each a process with its defaults but for quotas and 5,000 registrations an\n" +
			"address and day, on free ports of loopback.\n" +
			"Drivers book at the first of them from one address, an operator watches, and /readyz is asked; then a process of its\n" +
			"own, with the lowest priority, opens idle connections to REST and MQTT from another address, sends slow bodies, opens\n" +
			"event streams and registers vehicles, all at once and again whenever it is refused. PASS or FAIL is by the bounds:\n" +
			"how much slower drivers may get, what a server may take of memory, how soon all is as before. Exit code 1 for FAIL.\n" +
			"The connections are bounded by the descriptors that a process may have, on either side. Linux, for the addresses.",
		Example: "  eletrovia flood\n  eletrovia flood --connections 2000 --slow-bodies 100 --streams 30 --duration 5s --json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.flood(cmd.Context(), d) },
	}
	f := cmd.Flags()
	f.IntVar(&d.Connections, "connections", 20000, "idle connections, half of them to MQTT")
	f.IntVar(&d.SlowBodies, "slow-bodies", 1000, "requests that announce a megabyte and send a byte")
	f.IntVar(&d.Streams, "streams", 300, "event streams, eight for each of the attacker's vehicles")
	f.IntVar(&d.Registrations, "registrations", 100, "vehicles to register a second")
	f.IntVar(&d.drivers, "drivers", 20, "drivers who book at a time")
	f.DurationVar(&d.duration, "duration", 15*time.Second, "how long each phase takes: before, during, after")
	f.StringVar(&d.From, "from", d.From, "the attacker's address")
	f.StringVar(&d.honest, "drivers-from", d.honest, "the drivers' and the operator's address")
	f.StringVar(&d.store, "store", "auto", "auto, redis-server or memory")
	f.Float64Var(&d.Slower, "most-slower", 2, "how many times what it was before a driver's p99 may be")
	f.Float64Var(&d.Memory, "most-memory", 512, "the most memory of a server, in MB")
	f.Float64Var(&d.Back, "back-within", 5, "how many seconds after the flood all has to be as before")
	cmd.AddCommand(c.attackCommand())
	return cmd
}

// attackCommand is the attacker's process.
func (c commands) attackCommand() *cobra.Command {
	var a flood.Attack
	cmd := &cobra.Command{
		Use: "attack", Short: "The attacker alone, against a server of one's own on loopback, until Ctrl-C",
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, to := range []string{a.REST, a.MQTT} {
				host, _, err := net.SplitHostPort(to)
				if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
					return terminal.Usage(fmt.Errorf("%q: want an address on loopback with its port, 127.0.0.1:8081", to))
				}
			}
			_, err := c.Printer().JSON(a.Run(cmd.Context()))
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&a.REST, "rest", "127.0.0.1:8081", "the server's REST")
	f.StringVar(&a.MQTT, "mqtt", "127.0.0.1:1881", "the server's MQTT")
	f.StringVar(&a.From, "from", "127.0.0.3", "the address that all comes from")
	f.IntVar(&a.Connections, "connections", 20000, "idle connections, half of them to MQTT")
	f.IntVar(&a.SlowBodies, "slow-bodies", 1000, "requests that announce a megabyte and send a byte")
	f.IntVar(&a.Streams, "streams", 300, "event streams")
	f.IntVar(&a.Registrations, "registrations", 100, "vehicles to register a second")
	return cmd
}

// floodSettings are what differs from a server's defaults: the drivers have many cars and
// book without end, all from one address.
var floodSettings = append([]string{"--registrations", "5000"}, benchWithoutQuotas...)

// flood runs the whole course.
func (c commands) flood(ctx context.Context, d deluge) error {
	serving.RelaxGC(c.Session)
	p := c.Printer()
	servers, stop, err := c.benchProcesses(ctx, trial{store: d.store, fsync: []string{"everysec"}}, floodSettings)
	defer stop()
	if err != nil {
		return err
	}
	d.REST, d.MQTT = servers[0].http, servers[0].mqtt
	if each := serving.Descriptors() - 512 - d.SlowBodies - d.Streams - d.Registrations; each > 0 {
		d.perMinion = each
	}
	h, err := c.honest(ctx, d, servers)
	if err != nil {
		return err
	}
	watching, enough := context.WithCancel(ctx)
	defer enough()
	m := &memories{servers: servers}
	go m.watch(watching)
	go h.Listen(watching)
	r := flood.Report{Bounds: d.Bounds}
	p.Notef("warm-up…")
	h.Run(ctx, min(d.duration, 5*time.Second))
	p.Notef("before: %d drivers from %s, for %s…", h.Drivers, d.honest, d.duration)
	r.Before = h.Run(ctx, d.duration)
	p.Notef("flood from %s: %d connections, %d slow bodies, %d streams, %d registrations a second…", d.From, d.Connections, d.SlowBodies, d.Streams, d.Registrations)
	end, err := c.attackers(d)
	if err != nil {
		return err
	}
	r.During = h.Run(ctx, d.duration)
	r.Deeds, err = end()
	if err != nil {
		return err
	}
	r.Back = back(ctx, h, d, r.Before.P99)
	p.Notef("after…")
	r.After = h.Run(ctx, d.duration)
	r.Memory = m.peak()
	r.Judge()
	return c.floodTable(r)
}

// honest registers the drivers' cars from their own address.
func (c commands) honest(ctx context.Context, d deluge, servers []benchProcess) (*flood.Honest, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	url, from := "http://"+servers[0].http, flood.Clients(d.honest)
	as := func(user, secret string) (*client.Driver, error) {
		return client.NewDriver(client.DriverOptions{BaseURL: url, User: user, Secret: secret, HTTP: from})
	}
	anybody, err := as("", "")
	if err != nil {
		return nil, err
	}
	w, err := floodWindows(ctx, anybody)
	if err != nil {
		return nil, err
	}
	h := &flood.Honest{Drivers: d.drivers, Stops: w.Stops, Balancer: anybody}
	if h.Operator, err = as("operator", terminal.DemoSecret); err != nil {
		return nil, err
	}
	for n := range max(w.Vehicles(), d.drivers) {
		got, err := anybody.Register(ctx, api.RegisterRequest{Model: "byd-dolphin", VehicleID: benchVehicle(n)})
		if err != nil {
			return nil, err
		}
		car, err := as(string(got.VehicleID), got.Secret)
		if err != nil {
			return nil, err
		}
		h.Cars, h.IDs = append(h.Cars, car), append(h.IDs, string(got.VehicleID))
	}
	return h, nil
}

// floodWindows waits until the server knows the locations of all.
func floodWindows(ctx context.Context, d *client.Driver) (*load.Windows, error) {
	for {
		locations, err := d.Locations(ctx)
		if err == nil {
			var w *load.Windows
			if w, err = load.NewWindows(locations, demo.DemoCompanies, time.Now()); err == nil {
				return w, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// attackers starts the flood, in as many processes as its connections need; end stops
// it and tells what it did.
func (c commands) attackers(d deluge) (end func() (flood.Deeds, error), err error) {
	type minion struct {
		cmd *exec.Cmd
		out *bytes.Buffer
	}
	var all []minion
	end = func() (flood.Deeds, error) {
		var sum flood.Deeds
		var errs []error
		for _, m := range all {
			_ = m.cmd.Process.Signal(syscall.SIGTERM)
		}
		for _, m := range all {
			errs = append(errs, m.cmd.Wait())
			var one flood.Deeds
			errs = append(errs, json.Unmarshal(m.out.Bytes(), &one))
			sum.Add(one)
		}
		return sum, errors.Join(errs...)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	left := d.Connections
	for first := true; first || left > 0; first = false {
		a := d.Attack
		if a.Connections = left; d.perMinion > 0 {
			a.Connections = min(left, d.perMinion)
		}
		if left -= a.Connections; !first {
			a.SlowBodies, a.Streams, a.Registrations = 0, 0, 0
		}
		m := minion{exec.Command(self, "flood", "attack", "--json", "--rest", a.REST, "--mqtt", a.MQTT, "--from", a.From,
			"--connections", strconv.Itoa(a.Connections), "--slow-bodies", strconv.Itoa(a.SlowBodies),
			"--streams", strconv.Itoa(a.Streams), "--registrations", strconv.Itoa(a.Registrations)), &bytes.Buffer{}}
		m.cmd.Stdout, m.cmd.Stderr = m.out, c.Err
		m.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for this process, which stops them
		if err := m.cmd.Start(); err != nil {
			_, _ = end()
			return nil, err
		}
		all = append(all, m)
		// The machine is the servers': what is measured is them, not who gets a CPU.
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, m.cmd.Process.Pid, 19)
	}
	return end, nil
}

// back waits until all is as it was: trips are as quick, the server is ready, the
// operator is answered, and so is anybody from the attacker's address. It tells after
// how many seconds, or -1.
func back(ctx context.Context, h *flood.Honest, d deluge, p99 float64) float64 {
	began := time.Now()
	stranger, err := client.NewDriver(client.DriverOptions{BaseURL: "http://" + d.REST, HTTP: flood.Clients(d.From), Timeout: time.Second})
	if err != nil {
		return -1
	}
	for ctx.Err() == nil && time.Since(began) < time.Duration(4*d.Back*float64(time.Second)) {
		took, failed := h.Book(ctx)
		_, ready := h.Balancer.Ready(ctx)
		_, seen := h.Operator.Locks(ctx)
		_, read := stranger.Locations(ctx)
		if failed == "" && float64(took.Milliseconds()) <= d.Slower*p99 && errors.Join(ready, seen, read) == nil {
			return time.Since(began).Seconds()
		}
	}
	return -1
}

func (c commands) floodTable(r flood.Report) error {
	p := c.Printer()
	failed := error(&terminal.ExitError{Code: terminal.ExitFailure})
	if r.Pass {
		failed = nil
	}
	if done, err := p.JSON(r); done {
		return errors.Join(err, failed)
	}
	var cells [][]string
	for _, row := range []struct {
		name string
		flood.Phase
	}{{"before", r.Before}, {"during", r.During}, {"after", r.After}} {
		cells = append(cells, []string{
			row.name, strconv.Itoa(row.Booked), strconv.Itoa(row.Failed), fmt.Sprintf("%.1f", row.P50), fmt.Sprintf("%.1f", row.P99),
			fmt.Sprintf("%d of %d", row.Ready, row.Ready+row.NotReady), fmt.Sprintf("%d of %d", row.Looks, row.Looks+row.NoLooks), strconv.FormatInt(row.Events, 10),
		})
	}
	p.Table([]string{"Phase", "Confirmed", "Failed", "p50 ms", "p99 ms", "/readyz", "Operator", "Events"}, cells)
	a := r.Deeds
	p.Linef("the attacker opened %d connections (%d were closed, %d not made, %d were open at the end), %d slow bodies, %d streams (%d refused), registered %d vehicles (%d refused)",
		a.Opened, a.Closed, a.Undialed, a.Held, a.Bodies, a.Streams, a.StreamsNot, a.Registered, a.RegisterNot)
	p.Linef("the largest server had %.0f MB; all was back after %.1f s", r.Memory, r.Back)
	if r.Pass {
		p.Linef("%s", p.Good("PASS"))
		return nil
	}
	for _, why := range r.Failures {
		p.Linef("%s: %s", p.Bad("FAIL"), why)
	}
	return failed
}
