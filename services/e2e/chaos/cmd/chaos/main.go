// Command chaos runs the fault injector and the history checker: see
// docs/chaos.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/eletrovia/eletrovia/services/e2e/chaos"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/fleet"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string) int {
	o := chaos.Options{Out: os.Stdout}
	f := flag.NewFlagSet("chaos", flag.ContinueOnError)
	f.Uint64Var(&o.Seed, "seed", uint64(time.Now().UnixNano()%1_000_000), "of every draw: faults, skews, what drivers do")
	f.DurationVar(&o.Duration, "duration", time.Minute, "how long drivers and faults go on")
	f.IntVar(&o.Drivers, "drivers", 0, "drivers at the same time (default 32)")
	f.IntVar(&o.Nemeses, "nemeses", 0, "faults at the same time (default 2; -1 for none)")
	f.IntVar(&o.Replicas, "replicas", 1, "servers of each company, on one store")
	f.BoolVar(&o.Skew, "skew", true, "skew the companies' clocks")
	f.StringVar(&o.Binary, "binary", "", "an eletrovia program; built from the workspace by default")
	f.StringVar(&o.From, "from", "", "an older edition of the program: all servers begin as it, and are upgraded one after the other meanwhile")
	f.BoolVar(&o.Keep, "keep", false, "keep the directory and the history of a run without violations, too")
	f.BoolVar(&o.Crowd, "crowd", false, "all drivers want the same few windows")
	f.BoolVar(&o.Kerb, "kerb", false, "all cars plug in: every trip goes where windows begin within minutes")
	f.BoolVar(&o.Cheat, "cheat", false, "let a fourth company in that cheats: false stamps, claims without end, answers that are late, cut or lies, replays")
	scenario := f.String("scenario", "storm", "storm (faults without pause), or partition (one company is cut off for the duration)")
	if err := f.Parse(args); err != nil {
		return 2
	}
	if err := prepare(ctx, &o); err != nil {
		fmt.Println("chaos:", err)
		return 1
	}
	if *scenario == "partition" {
		return partition(ctx, o)
	}
	rep, err := chaos.Run(ctx, o)
	for _, v := range rep.Verdict.Violations {
		fmt.Println("violation:", v)
	}
	if rep.History != "" {
		fmt.Println("the history:", rep.History)
	}
	for _, d := range rep.Verdict.Drawings {
		fmt.Println("drawn:", d)
	}
	if err != nil {
		fmt.Println("chaos:", err)
		return 1
	}
	if len(rep.Verdict.Violations) == 0 && !o.Keep {
		_ = os.RemoveAll(o.Dir)
	}
	fmt.Println(rep.Last())
	if len(rep.Verdict.Violations) > 0 {
		return 1
	}
	return 0
}

// prepare makes the directory, and the program unless one is given.
func prepare(ctx context.Context, o *chaos.Options) (err error) {
	if o.Dir, err = os.MkdirTemp("", "chaos"); err != nil || o.Binary != "" {
		return err
	}
	o.Binary = filepath.Join(o.Dir, "eletrovia")
	return fleet.Build(ctx, ".", o.Binary)
}

// partition cuts one company off and says how the others fared.
func partition(ctx context.Context, o chaos.Options) int {
	rep, err := chaos.Partition(ctx, o)
	if err != nil {
		fmt.Println("chaos:", err)
		return 1
	}
	for _, v := range rep.Verdict.Violations {
		fmt.Println("violation:", v)
	}
	fmt.Println(rep.Last())
	if len(rep.Verdict.Violations) > 0 || rep.Ratio() > 2 || rep.Longest > chaos.HoldTTL+chaos.HoldSlack {
		return 1
	}
	_ = os.RemoveAll(o.Dir)
	return 0
}
