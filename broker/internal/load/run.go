package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eletrovia/eletrovia/broker/brokertest"
)

// plan is what is to be done.
type plan struct {
	Cars     int
	Rate     int // messages a second, of all cars
	Duration time.Duration
	Cores    int
	GC       int
	Against  string // "" or "mosquitto"
	Keep     bool   // sessions and retained messages on disk
	Idle     time.Duration
}

// result is one line of the table.
type result struct {
	Broker               string
	Cars, Rate           int
	Seconds              float64
	Connecting           float64 // seconds
	Sent, Acked, Handled int64
	Lost, Twice          int64
	P50, P99, P999, Max  float64 // ms
	IdleKiB              float64 // memory of one idle car
	RSSMiB               float64 // of the broker, after the load
	BrokerCPU, ServerCPU float64 // cores, during the load
	Refused              map[string]int64
	Late                 float64 // ms that the generator was late at worst
}

// childVariable carries a serverConfig to the broker's process.
const childVariable = "BROKER_LOAD_SERVER"

// child is the broker's process.
type child struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	address string
}

func startChild(c serverConfig, cores int) (*child, error) {
	raw, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childVariable+"="+string(raw), fmt.Sprintf("GOMAXPROCS=%d", cores))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ch := &child{cmd: cmd, in: in, out: bufio.NewReader(out)}
	line, err := ch.out.ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the broker's process does not start: %w", err), ch.stop())
	}
	ch.address = line[:len(line)-1]
	return ch, nil
}

// tell asks for a report.
func (c *child) tell(what string) (report, error) {
	var r report
	if _, err := fmt.Fprintln(c.in, what); err != nil {
		return r, err
	}
	line, err := c.out.ReadBytes('\n')
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(line, &r)
}

func (c *child) stop() error {
	_ = c.in.Close()
	return c.cmd.Wait()
}

// run carries a plan out. Progress goes to log.
func run(ctx context.Context, p plan, log io.Writer) (r result, err error) {
	r = result{Broker: "own", Cars: p.Cars, Rate: p.Rate}
	config := serverConfig{Cars: p.Cars, GCPercent: p.GC}
	dir, err := os.MkdirTemp("", "broker-load-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	if p.Keep {
		r.Broker, config.Dir = "own, on disk", dir
	}
	var m *brokertest.Mosquitto
	if p.Against == "mosquitto" {
		r.Broker = "Mosquitto"
		if m, err = mosquittoFor(&config, dir); err != nil {
			return r, err
		}
		defer m.Kill()
	}
	server, err := startChild(config, p.Cores)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	brokerPid := server.cmd.Process.Pid
	if m != nil {
		brokerPid = m.Pid()
	}

	if _, err := server.tell("settle"); err != nil {
		return r, err
	}
	empty, err := rssOf(brokerPid)
	if err != nil {
		return r, err
	}
	var acked atomic.Int64
	began := time.Now()
	cars, lost, err := connect(ctx, server.address, p.Cars, &acked)
	defer func() {
		for _, c := range cars {
			c.close()
		}
	}()
	if err != nil {
		return r, err
	}
	r.Connecting = time.Since(began).Seconds()
	fmt.Fprintf(log, "%d cars are connected after %.1f s\n", len(cars), r.Connecting)
	if err := rest(ctx, p.Idle, lost); err != nil {
		return r, err
	}
	if _, err := server.tell("settle"); err != nil {
		return r, err
	}
	full, err := rssOf(brokerPid)
	if err != nil {
		return r, err
	}
	r.IdleKiB = float64(full-empty) / 1024 / float64(p.Cars)

	err = r.measure(ctx, p, cars, lost, server, brokerPid, &acked)
	return r, err
}

// mosquittoFor starts a Mosquitto whose cars those of the load are, and has the server
// use it.
func mosquittoFor(config *serverConfig, dir string) (*brokertest.Mosquitto, error) {
	users := map[string]string{brokertest.Server: "servers"}
	for i := range config.Cars {
		users[carID(i)] = secretOf(carID(i))
	}
	m, err := brokertest.LaunchMosquitto(dir, users)
	if err == nil {
		config.Elsewhere, config.User, config.Password = "tcp://"+m.Addr, brokertest.Server, "servers"
	}
	return m, err
}

// measure drives the cars and notes what comes of it.
func (r *result) measure(ctx context.Context, p plan, cars []*car, lost <-chan error, server *child, brokerPid int, acked *atomic.Int64) (err error) {
	brokerCPU, serverCPU := cpuOf(brokerPid), cpuOf(server.cmd.Process.Pid)
	began := time.Now()
	r.Sent, r.Late, err = drive(ctx, cars, p.Rate, p.Duration, lost)
	if err != nil {
		return err
	}
	r.Seconds = time.Since(began).Seconds()
	r.BrokerCPU = (cpuOf(brokerPid) - brokerCPU) / r.Seconds
	r.ServerCPU = (cpuOf(server.cmd.Process.Pid) - serverCPU) / r.Seconds
	last, err := quiet(ctx, server, acked, r.Sent)
	if err != nil {
		return err
	}
	r.Acked, r.Handled, r.Twice, r.Refused = acked.Load(), last.Handled, last.Twice, last.Refused
	r.Lost = r.Sent - r.Handled
	r.P50, r.P99, r.P999, r.Max = last.P50, last.P99, last.P999, last.Max
	rss, err := rssOf(brokerPid)
	r.RSSMiB = float64(rss) / (1 << 20)
	return err
}

// connecting is how many cars log in at a time.
const connecting = 128

// connect logs all cars in; the channel tells of the first that is cut off.
func connect(ctx context.Context, address string, n int, acked *atomic.Int64) ([]*car, <-chan error, error) {
	cars, failed := make([]*car, n), make([]error, n)
	lost := make(chan error, 1)
	var all sync.WaitGroup
	slots := make(chan struct{}, connecting)
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			c, err := dialCar(address, i, acked)
			if err != nil {
				failed[i] = err
				return
			}
			cars[i] = c
			go func() {
				if err := c.listen(); err != nil {
					select {
					case lost <- err:
					default:
					}
				}
			}()
		})
	}
	all.Wait()
	var there []*car
	for _, c := range cars {
		if c != nil {
			there = append(there, c)
		}
	}
	for _, err := range failed {
		if err != nil {
			return there, lost, fmt.Errorf("%d of %d cars are connected: %w", len(there), n, err)
		}
	}
	return there, lost, ctx.Err()
}

// rest lets the cars idle.
func rest(ctx context.Context, d time.Duration, lost <-chan error) error {
	select {
	case <-time.After(d):
		return nil
	case err := <-lost:
		return fmt.Errorf("an idle car was cut off: %w", err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// drive has the cars publish in turn at the rate, and tells how late it was at
// worst: a generator that cannot keep up measures itself. The messages of one
// tick are spread over the writers.
func drive(ctx context.Context, cars []*car, rate int, d time.Duration, lost <-chan error) (sent int64, late float64, err error) {
	began := time.Now()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for next := 0; ; {
		now := time.Now()
		since := now.Sub(began)
		if since >= d {
			return sent, late, nil
		}
		due := int64(since.Seconds() * float64(rate))
		if due > sent {
			late = max(late, 1000*float64(due-sent)/float64(rate))
		}
		for ; sent < due; sent++ {
			if err := cars[next].say(time.Now()); err != nil {
				return sent, late, err
			}
			next = (next + 1) % len(cars)
		}
		select {
		case <-tick.C:
		case err := <-lost:
			return sent, late, fmt.Errorf("a car was cut off: %w", err)
		case <-ctx.Done():
			return sent, late, ctx.Err()
		}
	}
}

// quiet waits until everything has been acknowledged and handled, or nothing has
// moved for a while.
func quiet(ctx context.Context, server *child, acked *atomic.Int64, sent int64) (report, error) {
	var last report
	for still := 0; still < 50; {
		r, err := server.tell("report")
		if err != nil {
			return r, err
		}
		if r.Handled >= sent && acked.Load() >= sent {
			return r, nil
		}
		if r.Handled == last.Handled {
			still++
		} else {
			still = 0
		}
		last = r
		if err := rest(ctx, 100*time.Millisecond, nil); err != nil {
			return last, err
		}
	}
	return last, nil
}

// cpuOf is the time that a process has used, in seconds.
func cpuOf(pid int) float64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The name, in brackets, may have spaces; 12 fields follow up to utime.
	i := len(raw) - 1
	for i >= 0 && raw[i] != ')' {
		i--
	}
	var skip string
	var user, system float64
	fields := []any{}
	for range 11 {
		fields = append(fields, &skip)
	}
	if _, err := fmt.Sscan(string(raw[i+1:]), append(fields, &user, &system)...); err != nil {
		return 0
	}
	return (user + system) / 100 // ticks of Linux
}
