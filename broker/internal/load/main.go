package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if raw := os.Getenv(childVariable); raw != "" {
		exit(serveFrom(raw))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exit(command(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serveFrom is the broker's process.
func serveFrom(raw string) error {
	var c serverConfig
	if err := json.Unmarshal([]byte(raw), &c); err != nil {
		return err
	}
	moreFiles()
	return serve(c, os.Stdin, os.Stdout)
}

// command reads the flags, runs, and prints the table.
func command(ctx context.Context, args []string, out, log io.Writer) error {
	p := plan{Idle: 3 * time.Second}
	asJSON, both := false, false
	f := flag.NewFlagSet("broker-load", flag.ContinueOnError)
	f.SetOutput(log)
	f.IntVar(&p.Cars, "cars", 1000, "connected cars")
	f.IntVar(&p.Rate, "rate", 1000, "messages a second of all cars together, QoS 1")
	f.DurationVar(&p.Duration, "duration", 10*time.Second, "how long they send")
	f.DurationVar(&p.Idle, "idle", p.Idle, "how long they are idle before that")
	f.IntVar(&p.Cores, "cores", 2, "cores for the broker's process (GOMAXPROCS); Mosquitto uses one")
	f.IntVar(&p.GC, "gc", 400, "the broker's GOGC; that of `eletrovia serve` is 400")
	f.BoolVar(&p.Keep, "keep", false, "our own broker keeps sessions and retained messages on disk")
	f.StringVar(&p.Against, "against", "", "mosquitto: measure our own and then Mosquitto")
	f.BoolVar(&asJSON, "json", false, "one JSON object a broker instead of the table")
	if err := f.Parse(args); err != nil {
		return err
	}
	switch {
	case p.Against != "" && p.Against != "mosquitto":
		return fmt.Errorf("--against %s: only mosquitto", p.Against)
	case p.Cars < 1 || p.Rate < 1 || p.Duration <= 0:
		return errors.New("--cars, --rate and --duration must be positive")
	}
	if have := moreFiles(); have < uint64(p.Cars)+100 {
		return fmt.Errorf("%d cars need more open files than the %d that a process may have here (ulimit -n)", p.Cars, have)
	}
	both = p.Against != ""
	p.Against = ""
	own, err := run(ctx, p, log)
	if err != nil {
		return err
	}
	results := []result{own}
	if both {
		p.Against, p.Keep = "mosquitto", false
		other, err := run(ctx, p, log)
		if err != nil {
			return err
		}
		results = append(results, other)
	}
	return show(out, results, asJSON)
}

// moreFiles raises the number of open files to what is allowed, and tells it.
func moreFiles() uint64 {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil {
		return 0
	}
	l.Cur = l.Max
	_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l)
	_ = syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l)
	return l.Cur
}

func show(out io.Writer, results []result, asJSON bool) error {
	if asJSON {
		for _, r := range results {
			if err := json.NewEncoder(out).Encode(r); err != nil {
				return err
			}
		}
		return nil
	}
	fmt.Fprintln(out, "| broker | cars | messages/s | sent | lost | twice | p50 ms | p99 ms | p99.9 ms | max ms | KiB an idle car | RSS MiB loaded | cores: broker, server | connecting s | generator late ms |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")
	for _, r := range results {
		fmt.Fprintf(out, "| %s | %d | %.0f | %d | %d | %d | %.2f | %.2f | %.2f | %.1f | %.1f | %.0f | %.2f, %.2f | %.1f | %.1f |\n",
			r.Broker, r.Cars, float64(r.Sent)/r.Seconds, r.Sent, r.Lost, r.Twice, r.P50, r.P99, r.P999, r.Max,
			r.IdleKiB, r.RSSMiB, r.BrokerCPU, r.ServerCPU, r.Connecting, r.Late)
		if len(r.Refused) > 0 {
			fmt.Fprintf(out, "\nrefused by %s: %v\n", r.Broker, r.Refused)
		}
	}
	return nil
}
