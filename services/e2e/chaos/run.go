package chaos

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/cheat"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/fleet"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/judge"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/link"
)

// Options of a run.
type Options struct {
	Seed     uint64
	Duration time.Duration
	// Drivers that make trips at the same time; 0 is 32.
	Drivers int
	// Nemeses that break things at the same time; 0 is 2, below 0 none.
	Nemeses int
	// Replicas of each company's server, on one store; 0 is 1.
	Replicas int
	// Alone are the companies that have one server, whatever Replicas says.
	Alone []charging.CompanyID
	// Binary is the eletrovia program.
	Binary string
	// From is an older edition of it: all servers begin as that one, and are upgraded one
	// after the other during the run. Empty is no upgrade.
	From string
	// Dir is an empty directory with a short path, for everything.
	Dir string
	// Out gets the progress.
	Out io.Writer
	// Rest bounds how long everything may take to come to rest after the last
	// fault; 0 is 2 min, because a release is tried again every 30 s.
	Rest time.Duration
	// Links are the faults between companies that are always there; by default,
	// with nemeses, a little of everything.
	Links link.Faults
	// Crowd makes all trips want three of four windows of one EVSE of each
	// company, and let go of them again.
	Crowd bool
	// Kerb sends all drivers to places whose windows begin within minutes, where
	// their cars plug in; by default every fourth trip goes there.
	Kerb bool
	// Cheat lets a fourth company into the federation that does not keep to the contract.
	Cheat bool
	// Around wraps what drivers' requests go through; nil leaves it as it is.
	Around func(http.RoundTripper) http.RoundTripper
	// Keep writes the history down without violations, too.
	Keep bool
	// Skew is false to leave all clocks alone.
	Skew bool
}

func (o Options) withDefaults() Options {
	if o.Drivers == 0 {
		o.Drivers = 32
	}
	o.Replicas = max(o.Replicas, 1)
	if o.Nemeses == 0 {
		o.Nemeses = 2
	}
	if o.Rest == 0 {
		o.Rest = 2 * time.Minute
	}
	if o.Links == (link.Faults{}) && o.Nemeses > 0 {
		o.Links = background
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	return o
}

// quiet reports whether every company can be reached at any time.
func (o Options) quiet() bool {
	return o.Nemeses <= 0 && o.From == "" && o.Links == link.Faults{Delay: min(o.Links.Delay, 200*time.Millisecond)}
}

// servers of each company.
func (o Options) servers() map[charging.CompanyID]int {
	n := map[charging.CompanyID]int{}
	for _, id := range fleet.Companies {
		n[id] = o.Replicas
		if slices.Contains(o.Alone, id) {
			n[id] = 1
		}
	}
	return n
}

// run is one run.
type run struct {
	o      Options
	rec    *history.Recorder
	fleet  *fleet.Fleet
	course *course
	http   *http.Client
	// calm is when the last trip and the last hold had come to an end.
	calm time.Duration
	// stale counts the calls that a company refused to a former owner.
	stale atomic.Int64

	// cheat is the dishonest company; nil without one.
	cheat *cheat.Company

	// leaving are the cars that stay at their plugs beyond their driver's trip.
	leaving sync.WaitGroup

	mu       sync.Mutex
	counts   map[string]int
	atPlugs  map[charging.EVSEID]int
	troubles []error
}

func newRun(o Options) *run {
	return &run{o: o, rec: history.NewRecorder(), http: o.newHTTP(), counts: map[string]int{}, atPlugs: map[charging.EVSEID]int{}}
}

// Run starts three companies, lets drivers and nemeses loose for the duration,
// kills every process once more, mends everything, waits for rest and judges.
// The error says that the run itself failed; violations are in the report.
func Run(ctx context.Context, o Options) (Report, error) {
	o = o.withDefaults()
	r := newRun(o)
	skews := skewsOf(o)
	strangers, err := r.admitCheat()
	if err != nil {
		return Report{}, err
	}
	defer r.endCheat()
	r.fleet, err = fleet.New(fleet.Options{
		Binary: cmp.Or(o.From, o.Binary), Dir: o.Dir, Servers: o.servers(), Seed: o.Seed, Skews: skews, Observe: r.observe, Strangers: strangers,
	})
	if err != nil {
		return Report{}, err
	}
	defer r.fleet.Close()
	fmt.Fprintf(o.Out, "chaos: seed %d, %s, %d drivers, %d nemeses, servers %v, clocks off by %v; everything is in %s\n",
		o.Seed, o.Duration, o.Drivers, o.Nemeses, o.servers(), skews, o.Dir)
	if err := r.ready(ctx); err != nil {
		return Report{}, err
	}
	for _, skew := range skews {
		r.course.fastest = max(r.course.fastest, skew)
	}
	r.storm(ctx)
	if err := r.rest(ctx); err != nil {
		return Report{}, err
	}
	return r.judge(ctx, skews)
}

// skewsOf draws the companies' clocks: two are near each other, so that tickets
// count between them; the third is up to five minutes off, or also near.
func skewsOf(o Options) map[charging.CompanyID]time.Duration {
	skews := map[charging.CompanyID]time.Duration{}
	if !o.Skew {
		return skews
	}
	rng := rand.New(rand.NewPCG(o.Seed, 7))
	for _, id := range fleet.Companies {
		skews[id] = time.Duration(rng.IntN(1000)-500) * time.Millisecond
	}
	if rng.IntN(3) > 0 {
		far := time.Duration(rng.IntN(600)-300) * time.Second
		skews[fleet.Companies[rng.IntN(3)]] = far
	}
	return skews
}

// ready starts the fleet and learns the EVSEs that there are.
func (r *run) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := r.fleet.Start(ctx); err != nil {
		return err
	}
	r.course = &course{crowded: r.o.Crowd, began: time.Now().UTC().Truncate(time.Hour), started: time.Now(), evses: map[charging.CompanyID][]charging.EVSEID{}}
	for _, id := range fleet.Companies {
		if err := r.meets(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// meets waits until a company knows the locations of all three.
func (r *run) meets(ctx context.Context, id charging.CompanyID) error {
	for {
		found := map[charging.CompanyID][]charging.EVSEID{}
		all, err := r.as(id, "", "").Locations(ctx)
		for _, l := range all {
			for _, e := range l.EVSEs {
				found[e.EVSEID.Company()] = append(found[e.EVSEID.Company()], e.EVSEID)
			}
		}
		if err == nil && len(found) == len(fleet.Companies)+r.cheats() {
			for _, evses := range found {
				slices.Sort(evses)
			}
			r.course.evses = found
			return nil
		}
		r.pause(ctx, 50*time.Millisecond)
		if ctx.Err() != nil {
			return fmt.Errorf("chaos: %s does not know all companies: %w", id, errors.Join(err, ctx.Err()))
		}
	}
}

// storm runs drivers, operators and nemeses for the duration.
func (r *run) storm(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, r.o.Duration)
	defer cancel()
	r.fleet.EachLink(func(_, _ charging.CompanyID, l *link.Link) { l.Set(r.o.Links) })
	var wg sync.WaitGroup
	r.letCheat(ctx, &wg)
	for n := range r.o.Drivers {
		wg.Go(func() { newDriver(n, r).drive(ctx) })
	}
	wg.Go(func() { newOperator(r).work(ctx) })
	wg.Go(func() { r.upgrade(ctx) })
	wg.Go(func() { r.progress(ctx) })
	var rage sync.WaitGroup
	for n := range r.o.Nemeses {
		rage.Go(func() { r.nemesis(uint64(n)).rage(ctx) })
	}
	rage.Wait()
	<-ctx.Done()
	// The drivers finish what they have begun while everything dies once more.
	if r.o.Nemeses > 0 {
		r.count("all killed")
		r.nemesis(99).killAll(context.WithoutCancel(ctx))
	}
	if err := r.nemesis(100).calm(context.WithoutCancel(ctx)); err != nil {
		r.trouble(err)
	}
	wg.Wait()
	r.leaving.Wait()
}

func (r *run) nemesis(n uint64) *nemesis {
	return &nemesis{r: r, rng: rand.New(rand.NewPCG(r.o.Seed, 100+n))}
}

// progress says every ten seconds how far the run is.
func (r *run) progress(ctx context.Context) {
	for {
		r.pause(ctx, 10*time.Second)
		if ctx.Err() != nil {
			return
		}
		ops := r.rec.Ops()
		known := map[charging.TripID]bool{}
		for _, o := range ops {
			if o.OK() && o.Kind == history.Create {
				known[o.Trip] = true
			}
		}
		fmt.Fprintf(r.o.Out, "chaos: %s: %d trips, %d operations, %v, %s\n", r.rec.Now().Round(time.Second), len(known), len(ops), plugsOf(ops), r.tally())
	}
}

// rest waits until nothing moves any more. What still moves then is left to
// the judge.
func (r *run) rest(ctx context.Context) error {
	began, said := time.Now(), time.Now()
	for {
		final, err := r.read(ctx)
		if err != nil {
			return err
		}
		trips, locks, unsettled, notices := final.Restless()
		if trips+locks > 0 || r.calm == 0 {
			r.calm = r.rec.Now()
		}
		if trips+locks+unsettled+notices == 0 || time.Since(began) > r.o.Rest {
			return nil
		}
		if time.Since(said) > 5*time.Second {
			said = time.Now()
			fmt.Fprintf(r.o.Out, "chaos: coming to rest: %d trips, %d locks, %d unsettled, %d notices\n", trips, locks, unsettled, notices)
		}
		r.pause(ctx, 500*time.Millisecond)
	}
}

func (r *run) judge(ctx context.Context, skews map[charging.CompanyID]time.Duration) (Report, error) {
	final, err := r.read(ctx)
	if err != nil {
		return Report{}, err
	}
	if err := r.fleet.ReadJournals(ctx, final); err != nil {
		return Report{}, err
	}
	ops := r.rec.Ops()
	claims, lost := r.rec.Wire()
	rep := Report{
		Seed: r.o.Seed, Duration: r.o.Duration, Skews: skews, Ops: len(ops), Claims: len(claims), Preemptions: len(lost),
		Faults: r.counts, Carried: r.carried(), Stale: r.stale.Load(),
	}
	rep.TakeOvers, rep.TakenOver = judge.TakenOver(final)
	rep.Verdict = judge.Judge(judge.Case{
		Ops: ops, Claims: claims, Preemptions: lost, Contests: r.rec.Contests(), Final: final,
		Began: r.rec.Start(), Ended: time.Now(), Quiet: r.o.quiet(), Draw: r.o.Dir, Cheat: r.cheated(&rep),
	})
	rep.Plugs = plugsOf(ops)
	if err := errors.Join(r.troubles...); err != nil {
		return rep, fmt.Errorf("chaos: the harness itself had trouble: %w", err)
	}
	if len(rep.Verdict.Violations) > 0 || r.o.Keep {
		rep.History = filepath.Join(r.o.Dir, "history.jsonl")
		return rep, errors.Join(history.Write(rep.History, ops), history.Write(filepath.Join(r.o.Dir, "claims.jsonl"), claims),
			history.Write(filepath.Join(r.o.Dir, "contests.jsonl"), r.rec.Contests()))
	}
	return rep, nil
}

// observe makes what keeps the claims, reserves, preemptions and questions about
// vehicles that a link carried.
func (r *run) observe(from, to charging.CompanyID) link.Observer {
	return func(path string, request []byte, status int, answer []byte, took time.Duration) {
		if c, ok := contestOf(path, request, status, answer); ok {
			c.From, c.To = from, to
			r.rec.AddContest(c, took)
			return
		}
		r.saw(from, path, request, status, answer)
	}
}

// saw keeps what a link has carried, where it is a claim, a reserve or a preemption.
func (r *run) saw(from charging.CompanyID, path string, request []byte, status int, answer []byte) {
	if status == http.StatusConflict && bytes.Contains(answer, []byte(charging.CodeStaleOwner)) {
		r.stale.Add(1)
	}
	if rest, ok := strings.CutPrefix(path, "/federation/v1/trips/"); ok && strings.HasSuffix(rest, "/preempted") {
		lost := history.Preemption{}
		if json.Unmarshal(request, &lost) == nil {
			lost.Trip = charging.TripID(strings.TrimSuffix(rest, "/preempted"))
			r.rec.AddPreemption(lost)
		}
		return
	}
	c, ok := claimOf(path, request, status, answer)
	if ok {
		c.From = from
		r.rec.AddClaim(c)
	}
}

// pause waits, or less when the context ends.
func (r *run) pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

func (r *run) count(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[what]++
}

// trouble keeps an error of the harness: a process that does not come back.
func (r *run) trouble(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.troubles = append(r.troubles, err)
}
