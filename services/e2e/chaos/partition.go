package chaos

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/fleet"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/judge"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/link"
)

// HoldTTL is the default TTL of a hold, and HoldSlack how much longer one may
// be seen when a company is cut off.
const (
	HoldTTL   = 20 * time.Second
	HoldSlack = 5 * time.Second
)

// Phase is what the trips of one kind were like in one part of a partition run.
type Phase struct {
	Trips, Confirmed int
	P50, P99         time.Duration
}

// PartitionReport is what a run with one company cut off has shown.
type PartitionReport struct {
	// Cut is how long CAJ was cut off from MAR and SER.
	Cut time.Duration
	// Before, During and After are trips that do not need CAJ; Across are those
	// that do, asked for during the cut.
	Before, During, After, Across Phase
	// Longest is the longest time that a hold was seen, Rest how long after the
	// cut every trip had come to its end and nothing was held.
	Longest, Rest time.Duration
	Verdict       judge.Verdict
}

// Last is the last line of a partition run.
func (p PartitionReport) Last() string {
	return fmt.Sprintf("partition: CAJ cut off for %s; trips without it: p99 %s before (%d trips), %s during (%d), %s after (%d), %.2f×; "+
		"with it: %d asked for during the cut, %d of them CONFIRMED; longest hold %s of at most %s; at rest %s after the cut; %d violations",
		p.Cut, p.Before.P99.Round(time.Millisecond), p.Before.Trips, p.During.P99.Round(time.Millisecond), p.During.Trips,
		p.After.P99.Round(time.Millisecond), p.After.Trips, p.Ratio(), p.Across.Trips, p.Across.Confirmed,
		p.Longest.Round(100*time.Millisecond), HoldTTL+HoldSlack, p.Rest.Round(100*time.Millisecond), len(p.Verdict.Violations))
}

// Ratio of the 99th percentiles during and before the cut.
func (p PartitionReport) Ratio() float64 {
	if p.Before.P99 == 0 {
		return 0
	}
	return float64(p.During.P99) / float64(p.Before.P99)
}

// sampled is one trip's time from the request to its settled answer.
type sampled struct {
	at, took  time.Duration
	confirmed bool
}

// Partition cuts CAJ off for o.Duration, silently in both directions, while
// drivers book trips with and without it; before and after it, for half as long,
// all is well.
func Partition(ctx context.Context, o Options) (PartitionReport, error) {
	o.Nemeses = -1
	r := newRun(o.withDefaults())
	rep := PartitionReport{Cut: o.Duration}
	var err error
	if r.fleet, err = fleet.New(fleet.Options{Binary: o.Binary, Dir: o.Dir, Servers: o.servers(), Observe: r.observe}); err != nil {
		return rep, err
	}
	defer r.fleet.Close()
	if err := r.ready(ctx); err != nil {
		return rep, err
	}
	load, stop := context.WithCancel(ctx)
	defer stop()
	near, across := r.commuters(load, 6, patience, "MAR", "SER"), r.commuters(load, 8, 3*time.Second, "MAR", "SER", "CAJ")
	holds := r.watchHolds(load)
	say := func(what string) { fmt.Fprintf(r.o.Out, "partition: %s: %s\n", r.rec.Now().Round(time.Second), what) }

	say("all is well")
	r.pause(ctx, o.Duration/4) // connections, caches
	warm := r.rec.Now()
	r.pause(ctx, o.Duration/2)
	say("CAJ is cut off")
	cut := r.rec.Now()
	for _, l := range linksOf(r.fleet, "CAJ") {
		l.Set(link.Faults{Cut: link.Silent})
	}
	r.pause(ctx, o.Duration)
	say("CAJ is back")
	healed := r.rec.Now()
	for _, l := range linksOf(r.fleet, "CAJ") {
		l.Set(link.Faults{})
	}
	r.pause(ctx, o.Duration/2)
	stop()
	trips, others := near(), across()
	rep.Before, rep.During, rep.After = phase(trips, warm, cut), phase(trips, cut, healed), phase(trips, healed, forever)
	rep.Across = phase(others, cut, healed)
	if err := r.rest(ctx); err != nil {
		return rep, err
	}
	rep.Rest, rep.Longest = r.calm-healed, holds()
	whole, err := r.judge(ctx, nil)
	rep.Verdict = whole.Verdict
	return rep, err
}

const forever = time.Duration(1<<63 - 1)

// phase sums up the trips that were asked for between two times.
func phase(all []sampled, from, to time.Duration) Phase {
	var p Phase
	var took []time.Duration
	for _, s := range all {
		if s.at >= from && s.at < to {
			took = append(took, s.took)
			p.Trips++
			if s.confirmed {
				p.Confirmed++
			}
		}
	}
	if slices.Sort(took); len(took) > 0 {
		p.P50, p.P99 = took[len(took)/2], took[len(took)*99/100]
	}
	return p
}

// commuters are drivers who book one stop at each of some companies, in windows
// that nobody else wants, and look after each for most. What it returns waits for them and gives their trips.
func (r *run) commuters(ctx context.Context, n int, most time.Duration, companies ...charging.CompanyID) func() []sampled {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var all []sampled
	for k := range n {
		d := newDriver(len(companies)*100+k, r)
		wg.Go(func() {
			for ctx.Err() == nil {
				if s, ok := d.commute(ctx, most, companies); ok {
					mu.Lock()
					all = append(all, s)
					mu.Unlock()
				}
				r.pause(ctx, 250*time.Millisecond)
			}
		})
	}
	return func() []sampled { wg.Wait(); return all }
}

// errands numbers the windows that commuters take, so that each has its own.
var errands atomic.Int64

// commute books one trip and measures it.
func (d *driver) commute(ctx context.Context, most time.Duration, companies []charging.CompanyID) (sampled, bool) {
	home := companies[d.rng.IntN(len(companies))]
	c := d.register(ctx, home)
	if c == nil {
		return sampled{}, false
	}
	q := api.TripRequest{VehicleID: c.id, OnConflict: trip.Abort}
	stops := d.r.quiet(errands.Add(1), companies)
	for _, s := range stops {
		q.Stops = append(q.Stops, api.Stop{EVSEID: s.EVSE, Start: s.Window.Start, End: s.Window.End})
	}
	o := history.Op{Kind: history.Create, Key: string(c.id), Policy: q.OnConflict, Stops: stops}
	began := d.r.rec.Now()
	t, did := d.did(o, c, func(ctx context.Context) (trip.Trip, error) { return d.api(c).CreateTrip(ctx, q, o.Key, settleWait) })
	for deadline := time.Now().Add(most); did.OK() && !t.State.Settled() && time.Now().Before(deadline); {
		t = d.read(c, t)
	}
	return sampled{began, d.r.rec.Now() - began, t.State == trip.Confirmed}, did.OK()
}

// quiet are stops in travel order that only the n-th errand wants.
func (r *run) quiet(n int64, companies []charging.CompanyID) []history.Slot {
	const (
		length = 5 * time.Minute
		row    = 560 // errands one after the other at the same EVSEs: six days
	)
	var all []history.Slot
	start := r.course.began.Add(aheadHours*time.Hour + time.Duration(n%row)*length*time.Duration(len(fleet.Companies)))
	for k, id := range companies {
		evses := r.course.evses[id]
		at := start.Add(time.Duration(k) * length)
		all = append(all, history.Slot{EVSE: evses[int(n/row)%len(evses)], Window: charging.NewWindow(at, at.Add(length))})
	}
	return all
}

// watchHolds looks at the locks of all stores until the context ends, and longer
// while there are any. What it returns gives the longest time that one was seen.
func (r *run) watchHolds(ctx context.Context) func() time.Duration {
	first := map[string]time.Time{}
	var longest time.Duration
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			n := 0
			for _, id := range fleet.Companies {
				keys, err := r.fleet.Locks(context.WithoutCancel(ctx), id)
				if err != nil {
					r.trouble(err)
					return
				}
				for _, k := range keys {
					n++
					if first[k].IsZero() {
						first[k] = time.Now()
					}
					longest = max(longest, time.Since(first[k]))
				}
			}
			if ctx.Err() != nil && n == 0 {
				return
			}
			r.pause(context.WithoutCancel(ctx), 250*time.Millisecond)
		}
	}()
	return func() time.Duration { <-done; return longest }
}
