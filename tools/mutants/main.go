// Command mutants makes one small mistake at a time in the rules of the booking, and asks that a test
// notices: a rule that can be broken without a failing test is not tested.
//
// The mistakes are in table_*.go, each with what nobody would notice. The tree itself stays as it is: go test
// is given the changed file in an overlay. It prints a line a mutant and exits with 1 where one survived that may
// not, or no longer fits its file.
//
//	go run ./tools/mutants                 all of them: some 15 minutes on two quiet cores
//	go run ./tools/mutants -only move.lua  those whose file or text contains that
//	go run ./tools/mutants -sample 10      ten, drawn by the commit that is checked out
//	go run ./tools/mutants -list           what there is
//	go run ./tools/mutants -check          whether each still fits its file; runs none
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
)

// options of one run.
type options struct {
	only   string
	sample int
	seed   uint64
	at     int
	list   bool
	check  bool
	passed bool
	json   bool
}

func main() {
	var o options
	flag.StringVar(&o.only, "only", "", "those whose file, text or consequence contains `TEXT`")
	flag.IntVar(&o.sample, "sample", 0, "draw `N` of them; 0 takes all")
	flag.Uint64Var(&o.seed, "seed", 0, "draw by this `NUMBER`; 0 draws by the commit that is checked out")
	flag.IntVar(&o.at, "j", 2, "try `N` at a time")
	flag.BoolVar(&o.list, "list", false, "list them and end")
	flag.BoolVar(&o.check, "check", false, "ask whether each still fits its file, and end")
	flag.BoolVar(&o.passed, "passed", false, "the tests have just passed without a mistake: do not run them so once more")
	flag.BoolVar(&o.json, "json", false, "a JSON object a line")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, o, os.Stdout, os.Stderr))
}

// run returns the exit code: 0 all that must die did, 1 not so, 2 it could not be found out.
func run(ctx context.Context, o options, stdout, stderr io.Writer) int {
	if o.seed == 0 {
		o.seed = commit()
	}
	chosen := choose(table(), o)
	if len(chosen) == 0 {
		fmt.Fprintf(stderr, "mutants: none contains %q; -list shows all\n", o.only)
		return 2
	}
	if o.list {
		for _, m := range chosen {
			fmt.Fprintln(stdout, m)
		}
		return 0
	}
	top, err := workspace(ctx)
	if err != nil {
		fmt.Fprintln(stderr, "mutants:", err)
		return 2
	}
	if o.check {
		return check(top, chosen, stdout, stderr)
	}
	if o.sample > 0 {
		fmt.Fprintf(stderr, "mutants: %d of %d; again: go tool task mutants -- -sample %d -seed %d\n", len(chosen), len(table()), o.sample, o.seed)
	}
	lab := lab{top: top, stderr: stderr}
	if !o.passed {
		if err := lab.baseline(ctx, chosen); err != nil {
			fmt.Fprintln(stderr, "mutants:", err)
			return 2
		}
	}
	var found []verdict
	for v := range lab.tryAll(ctx, chosen, o.at) {
		found = append(found, v)
		say(stdout, o.json, len(found), len(chosen), v)
	}
	if ctx.Err() != nil {
		fmt.Fprintln(stderr, "mutants: interrupted")
		return 2
	}
	return sum(stdout, stderr, o.json, found)
}

// check reports the mutants that do not fit. It is not a test, because a test that
// reads another module's files is wrongly cached.
func check(top string, all []mutant, stdout, stderr io.Writer) int {
	wrong := 0
	for _, m := range all {
		if _, err := m.changed(top); err != nil {
			fmt.Fprintf(stderr, "mutants: %s: %v\n", m, err)
			wrong++
		}
	}
	if wrong > 0 {
		return 1
	}
	fmt.Fprintf(stdout, "mutants: %d, each fits its file\n", len(all))
	return 0
}

// choose filters and draws.
func choose(all []mutant, o options) []mutant {
	chosen := slices.DeleteFunc(slices.Clone(all), func(m mutant) bool { return !m.contains(o.only) })
	if o.sample <= 0 || o.sample >= len(chosen) {
		return chosen
	}
	rng := rand.New(rand.NewPCG(o.seed, 1))
	rng.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
	return chosen[:o.sample]
}

// commit is a number that stands for what is checked out.
func commit() uint64 {
	raw, err := exec.Command("git", "rev-parse", "HEAD").Output()
	if err != nil {
		return 1
	}
	h := fnv.New64a()
	_, _ = h.Write(raw)
	return h.Sum64() | 1
}

func workspace(ctx context.Context) (string, error) {
	raw, err := exec.CommandContext(ctx, "go", "env", "GOWORK").Output()
	work := strings.TrimSpace(string(raw))
	if err != nil || work == "" || work == "off" {
		return "", fmt.Errorf("run it within the workspace: go env GOWORK says %q", work)
	}
	return strings.TrimSuffix(work, "/go.work"), nil
}

func say(w io.Writer, asJSON bool, n, of int, v verdict) {
	if asJSON {
		_ = json.NewEncoder(w).Encode(v)
		return
	}
	fmt.Fprintf(w, "%3d/%d %-9s %5.1f s  %s\n", n, of, v.Fate, v.Seconds, v.mutant)
	if v.By != "" {
		fmt.Fprintf(w, "        %s\n", v.By)
	}
}

func sum(stdout, stderr io.Writer, asJSON bool, found []verdict) int {
	count := map[fate]int{}
	for _, v := range found {
		count[v.Fate]++
	}
	if !asJSON {
		fmt.Fprintf(stdout, "mutants: %d tried, %d killed, %d may live and do, %d survived, %d do not fit\n",
			len(found), count[killed], count[lives], count[survived], count[misfit])
	}
	if count[survived]+count[misfit] == 0 {
		return 0
	}
	for _, v := range found {
		if v.Fate == survived {
			fmt.Fprintf(stderr, "mutants: nobody noticed: %s: %s\n  next: write the test, then go run ./tools/mutants -only %q\n", v.mutant, v.Unnoticed, v.Unnoticed)
		}
	}
	return 1
}
