package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/demo"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/load"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/serving"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// overloadReport is what bench --overload found.
type overloadReport struct {
	Times float64 `json:"times"`
	load.Verdict
	// Memory of the largest server in MB (VmRSS): before the first overload, and
	// the most that was seen from then on.
	MemoryBefore float64 `json:"memory_before_mb"`
	MemoryMost   float64 `json:"memory_most_mb"`
}

// steadyAfter is when servers do in the background what they do for good.
const steadyAfter = 25 * time.Second

// overload measures three servers, each a process of its own, under many times
// the load that they can bear. The load comes from this process.
func (c commands) overload(ctx context.Context, t trial) error {
	serving.RelaxGC(c.Session)
	if len(t.fsync) != 1 {
		t.fsync = []string{"everysec"}
	}
	servers, stop, err := c.benchProcesses(ctx, t, benchUnlimited)
	defer stop()
	if err != nil {
		return err
	}
	o := &load.Overload{
		Callers: t.concurrency[len(t.concurrency)-1], Lines: t.lines, Times: t.overload,
		WarmUp: steadyAfter, Duration: t.duration, Rounds: t.rounds,
	}
	if err := prepare(ctx, o, servers); err != nil {
		return err
	}
	p := c.Printer()
	p.Notef("%s", liftedLimits)
	m := &memories{servers: servers}
	report := overloadReport{Times: t.overload}
	o.Watch = func(phase string) {
		p.Notef("%s…", phase)
		if report.MemoryBefore == 0 && strings.HasPrefix(phase, "overload") {
			report.MemoryBefore = m.most()
		}
	}
	// The load needs a quarter of a CPU: one thread of it, looking for work on
	// one, takes less from those who are measured than two.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	watching, enough := context.WithCancel(ctx)
	go m.watch(watching)
	report.Verdict = o.Run(ctx)
	enough()
	report.MemoryMost = m.peak()
	return c.overloadTable(report)
}

func (c commands) overloadTable(r overloadReport) error {
	p := c.Printer()
	if done, err := p.JSON(r); done {
		return err
	}
	var cells [][]string
	row := func(name string, ph load.Phase, kept string) {
		cells = append(cells, []string{
			name, fmt.Sprint(ph.Offered), fmt.Sprint(ph.Unsent), fmt.Sprint(ph.Confirmed), fmt.Sprint(ph.Shed), fmt.Sprint(ph.Failed),
			fmt.Sprintf("%.0f", ph.Goodput), kept, fmt.Sprintf("%.1f", ph.P50), fmt.Sprintf("%.1f", ph.P99), fmt.Sprintf("%.1f", ph.ShedP99),
		})
	}
	for _, round := range r.Rounds {
		row("peak", round.Peak, "")
		row(fmt.Sprintf("%gx", r.Times), round.Over, fmt.Sprintf("%.0f%%", 100*round.Kept))
	}
	row("peak", r.After, "")
	p.Table([]string{"Load", "Offered", "Unsent", "Confirmed", "Shed", "Failed", "Goodput/s", "kept", "p50 ms", "p99 ms", "shed p99 ms"}, cells)
	p.Linef("goodput kept %.0f%% of the peaks before and after it; recovered after %.1f s at most; the largest server had %.0f MB before and at most %.0f MB",
		100*r.Kept, r.Recovered, r.MemoryBefore, r.MemoryMost)
	return nil
}

// benchProcess is one server in a process of its own.
type benchProcess struct {
	cmd        *exec.Cmd
	http, mqtt string
}

// benchUnlimited lets one address book as much as a server can do.
var benchUnlimited = append([]string{"--rate-limit", "-1", "--address-connections", "-1", "--registrations", "-1"}, benchWithoutQuotas...)

// benchWithoutQuotas lets few vehicles and one company have all the windows that there are.
var benchWithoutQuotas = []string{"--limits", "vehicle=none,new=none,new-trips=none,share=none"}

// benchProcesses starts the three servers, with these flags beside their own.
func (c commands) benchProcesses(ctx context.Context, t trial, flags []string) (servers []benchProcess, stop func(), err error) {
	stop = func() {
		for _, s := range servers {
			_ = s.cmd.Process.Signal(syscall.SIGTERM)
		}
		for _, s := range servers {
			_ = s.cmd.Wait()
		}
	}
	self, err := os.Executable()
	if err != nil {
		return nil, stop, err
	}
	var addresses []string
	for range demo.DemoCompanies {
		addr, err := freeAddress()
		if err != nil {
			return nil, stop, err
		}
		addresses = append(addresses, addr)
	}
	for i, id := range demo.DemoCompanies {
		args := []string{
			"serve", "--json", "--log-level", "error", "--company", string(id), "--http", addresses[i], "--mqtt", "127.0.0.1:0",
			"--fsync", t.fsync[0], "--registration", "open",
		}
		args = append(args, flags...)
		if t.store != "auto" {
			args = append(args, "--store", t.store)
		}
		cmd := exec.Command(self, args...)
		cmd.Env = append([]string{serving.KeptMemory}, os.Environ()...) // of two the last counts: a GODEBUG of one's own
		cmd.Env = append(cmd.Env, "ELETROVIA_OPERATOR_SECRET="+terminal.DemoSecret)
		for j, other := range demo.DemoCompanies {
			if j != i {
				cmd.Args = append(cmd.Args, "--peer", string(other)+"=http://"+addresses[j])
			}
		}
		cmd.Stderr = c.Err
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for this process, which stops them
		out, err := cmd.StdoutPipe()
		if err != nil {
			return servers, stop, err
		}
		if err := cmd.Start(); err != nil {
			return servers, stop, err
		}
		servers = append(servers, benchProcess{cmd: cmd, http: addresses[i]})
		var up serving.Started
		if err := json.NewDecoder(out).Decode(&up); err != nil {
			return servers, stop, fmt.Errorf("%s did not start: %w", id, err)
		}
		servers[len(servers)-1].mqtt = up.MQTT
		go func() { _, _ = io.Copy(io.Discard, out) }()
	}
	return servers, stop, ctx.Err()
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// carsAWindow is how many times as many cars are registered as the windows need:
// no driver has hundreds of open trips, which each new one is compared with.
const carsAWindow = 40

// prepare registers the cars and lays out the windows, once every server knows
// all locations.
func prepare(ctx context.Context, o *load.Overload, servers []benchProcess) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var drivers []*client.Driver
	for _, s := range servers {
		d, err := client.NewDriver(client.DriverOptions{BaseURL: "http://" + s.http})
		if err != nil {
			return err
		}
		drivers = append(drivers, d)
		o.Servers = append(o.Servers, load.Server(s.http))
		for {
			locations, err := d.Locations(ctx)
			if err == nil {
				if o.Windows, err = load.NewWindows(locations, demo.DemoCompanies, time.Now()); err == nil {
					break
				}
			}
			select {
			case <-ctx.Done():
				return errors.Join(err, ctx.Err())
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	for n := range carsAWindow * o.Windows.Vehicles() {
		got, err := drivers[0].Register(ctx, api.RegisterRequest{Model: "byd-dolphin", VehicleID: benchVehicle(n)})
		if err != nil {
			return err
		}
		o.Cars = append(o.Cars, load.Car{ID: string(got.VehicleID), Secret: got.Secret})
	}
	return nil
}

// memories looks at the servers' memory, as Linux tells it.
type memories struct {
	servers []benchProcess
	top     atomic.Int64 // kB
}

func (m *memories) watch(ctx context.Context) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		m.most()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (m *memories) peak() float64 { m.most(); return float64(m.top.Load()) / 1024 }

// most is the memory of the largest server now, in MB; 0 where it is not told.
func (m *memories) most() float64 {
	var largest int64
	for _, s := range m.servers {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(raw), "VmRSS:")
		var kB int64
		if _, err := fmt.Sscan(rest, &kB); err == nil {
			largest = max(largest, kB)
		}
	}
	for was := m.top.Load(); largest > was && !m.top.CompareAndSwap(was, largest); was = m.top.Load() {
	}
	return float64(largest) / 1024
}
