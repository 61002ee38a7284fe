package fleet

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
)

// Run drives the fleet until its journeys are done or ctx ends, which is no
// error. It returns when every car has closed its link, and the companies' books
// have been held against the cars'.
func Run(ctx context.Context, o Options) (Summary, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Summary{}, err
	}
	cars := draw(o.Seed, o.Cars, *o.Odds, o.Cast, ends{o.From, o.To})
	r := &run{options: o, tally: newTally(o), began: o.Now().UTC()}
	r.chargers.load = func(ctx context.Context) ([]api.Location, error) { return r.options.locations(ctx) }
	r.tally.s.Draws = Digest(cars, o.Journeys)
	r.tally.s.Began, r.tally.began = r.began, time.Now()
	scenery, stop := context.WithCancel(ctx)
	var stage sync.WaitGroup
	stage.Go(func() { r.scenes(scenery) })
	stage.Go(func() { r.watch(scenery) })
	var driving sync.WaitGroup
	for _, c := range cars {
		driving.Go(func() {
			if pause(ctx, r.appears(c)) == nil {
				r.drive(ctx, c)
			}
		})
	}
	driving.Wait()
	stop()
	stage.Wait()
	r.settle(ctx)
	sum := r.tally.summary()
	if o.Watch != nil {
		o.Watch(r.tally.status(o.Now()))
	}
	return sum, nil
}

// run is what the cars of a fleet share.
type run struct {
	options  Options
	began    time.Time // civil
	tally    *tally
	yard     yard
	chargers chargers
	mu       sync.Mutex // one notice at a time

	keysMu sync.Mutex
	keys   []key
}

// key is what a car's trips are read with after the end.
type key struct {
	server int
	id     Identity
}

// appears is the real time after which a car does.
func (r *run) appears(c Car) time.Duration {
	o := r.options
	if o.Over > 0 {
		return time.Duration(c.Journey(0).Wish * float64(o.Over) / o.Speed)
	}
	return o.Spread * time.Duration(c.Index) / time.Duration(max(o.Cars, 1))
}

func (r *run) report(car string, what Outcome, detail string) {
	r.tally.count(what)
	if r.options.Report == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.options.Report(Notice{At: r.options.Now().UTC(), Car: car, What: what, Detail: detail})
}

// drive is the life of one car.
func (r *run) drive(ctx context.Context, c Car) {
	n := c.Index % len(r.options.Servers)
	server := r.options.Servers[n]
	id, err := r.identity(ctx, c, server)
	if err != nil {
		return // ctx has ended
	}
	r.keysMu.Lock()
	r.keys = append(r.keys, key{n, id})
	r.keysMu.Unlock()
	link, err := r.options.Dial(server, id)
	if err != nil {
		r.report(string(id.VehicleID), Failed, err.Error())
		return
	}
	defer link.Close()
	d := &driver{run: r, car: c, id: id, server: n, link: link, noise: stream(c.seed, c.Index, "noise")}
	defer d.connections()
	for k := 0; ctx.Err() == nil && (r.options.Journeys == 0 || k < r.options.Journeys); k++ {
		if k > 0 && d.rest(ctx, k) != nil {
			return
		}
		rec := d.journey(ctx, k)
		if r.options.Journeys > 0 {
			r.tally.keep(rec)
		}
	}
}

// rest is the time between two journeys; the battery is charged where the car
// sleeps. Until its last trip's windows have ended, another trip could overlap,
// which is refused.
func (d *driver) rest(ctx context.Context, k int) error {
	rng := stream(d.car.seed, d.car.Index, "rest")
	wait := minutes(10 + 50*rng.Float64() + float64(k%3))
	if n := len(d.t.Legs); n > 0 {
		wait = max(wait, d.t.Legs[n-1].End.Sub(d.now()))
	}
	return d.run.options.sleep(ctx, wait)
}

// identity repeats until the car has one or ctx ends.
func (r *run) identity(ctx context.Context, c Car, s Server) (Identity, error) {
	for n := 0; ; n++ {
		id, err := r.options.Credential(ctx, c, s)
		if err == nil {
			return id, nil
		}
		if ctx.Err() == nil {
			r.report(carName(c), Failed, "registering: "+err.Error())
		}
		if err := pause(ctx, backoff(n)); err != nil {
			return Identity{}, err
		}
	}
}

// scenes does to the companies what the world's events say, in time, and undoes
// what is still on at the end.
func (r *run) scenes(ctx context.Context) {
	type step struct {
		at    time.Duration
		n     int
		begin bool
	}
	var steps []step
	for n, e := range r.options.World.Events {
		if e.Kind == Outage || e.Kind == Down {
			steps = append(steps, step{e.At, n, true}, step{e.At + e.For, n, false})
		}
	}
	slices.SortStableFunc(steps, func(a, b step) int { return int(a.at - b.at) })
	if r.options.Act == nil || len(steps) == 0 {
		return
	}
	on := map[int]bool{}
	act := func(ctx context.Context, s step) {
		e := r.options.World.Events[s.n]
		on[s.n] = s.begin
		detail := string(e.Kind) + " begins"
		if !s.begin {
			detail = string(e.Kind) + " is over"
		}
		if err := r.options.Act(ctx, e, s.begin); err != nil {
			detail += ": " + err.Error()
		}
		r.report(e.Company, Scene, detail)
	}
	for _, s := range steps {
		if r.options.sleep(ctx, s.at-r.options.Now().Sub(r.began)) != nil {
			break
		}
		act(ctx, s)
	}
	for n, still := range on {
		if still {
			act(context.WithoutCancel(ctx), step{n: n})
		}
	}
}

// watch tells how the fleet is, every second.
func (r *run) watch(ctx context.Context) {
	if r.options.Watch == nil {
		return
	}
	for pause(ctx, time.Second) == nil {
		r.options.Watch(r.tally.status(r.options.Now()))
	}
}
