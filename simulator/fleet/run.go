package fleet

import (
	"context"
	"sync"
	"time"
)

// Run drives the fleet until its journeys are done or ctx ends, which is no
// error. It returns when every car has closed its link.
func Run(ctx context.Context, o Options) (Summary, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Summary{}, err
	}
	r := &run{options: o, tally: &tally{s: Summary{Cars: o.Cars, Seed: o.Seed, Counts: map[Outcome]int{}}}}
	var cars sync.WaitGroup
	for i, c := range Draw(o.Seed, o.Cars) {
		if i < len(o.Cast) {
			o.Cast[i].play(&c)
		}
		cars.Go(func() {
			wait := time.Duration(0)
			if o.Cars > 1 {
				wait = o.Spread * time.Duration(c.Index) / time.Duration(o.Cars)
			}
			if pause(ctx, wait) == nil {
				r.drive(ctx, c)
			}
		})
	}
	cars.Wait()
	return r.tally.summary(), nil
}

// run is what the cars of a fleet share.
type run struct {
	options Options
	tally   *tally
	mu      sync.Mutex // one event at a time
}

func (r *run) report(car string, what Outcome, detail string) {
	r.tally.count(what)
	if r.options.Report == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.options.Report(Event{At: r.options.Now().UTC(), Car: car, What: what, Detail: detail})
}

// drive is the life of one car.
func (r *run) drive(ctx context.Context, c Car) {
	server := r.options.Servers[c.Index%len(r.options.Servers)]
	id, err := r.identity(ctx, c, server)
	if err != nil {
		return // ctx has ended
	}
	link, err := r.options.Dial(server, id)
	if err != nil {
		r.report(string(id.VehicleID), Failed, err.Error())
		return
	}
	defer link.Close()
	d := &driver{run: r, car: c, id: id, link: link, soc: c.SoC, discharge: c.Discharge}
	defer d.connections()
	for n := 0; ctx.Err() == nil && (r.options.Journeys == 0 || n < r.options.Journeys); n++ {
		if n > 0 {
			d.rest(ctx)
		}
		d.journey(ctx)
	}
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
