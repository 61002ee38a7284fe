package director

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Options of a Director.
type Options struct {
	Program Program
	// Store is the kind of the companies' stores: app.StoreAuto, StoreRedis or StoreMemory.
	Store string
	// Idle is for how long a play goes on that nobody looks at; 0 is two minutes.
	Idle time.Duration
	// Longest is how long a play may last; 0 is half an hour.
	Longest time.Duration
	Log     zerolog.Logger
}

// usual is the pace until somebody chooses another: long enough to read a sentence.
const usual = 3 * time.Second

// lookEvery is how often a play is looked at.
const lookEvery = 200 * time.Millisecond

// Director plays one scene at a time. It is safe for use by many goroutines.
type Director struct {
	o Options

	mu      sync.Mutex
	shown   api.Stage
	gate    *gate // of the play that goes on; nil while none does
	end     context.CancelCauseFunc
	done    chan struct{}
	visited time.Time
	closed  bool
}

// New makes a director; nothing is started before a scene is asked for.
func New(o Options) *Director {
	if o.Idle == 0 {
		o.Idle = 2 * time.Minute
	}
	if o.Longest == 0 {
		o.Longest = 30 * time.Minute
	}
	return &Director{o: o, shown: api.Stage{
		State: api.StageIdle, PaceSeconds: usual.Seconds(), Drivers: []api.StageDriver{}, Companies: []api.StageCompany{},
		Slow: []api.StageStepped{}, Steps: []api.StageStepped{},
	}}
}

// Show is what is to be seen now.
func (d *Director) Show() api.Stage {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.visited = time.Now()
	s := d.shown
	s.Now = time.Now().UTC()
	if d.gate != nil && s.State != api.StageStarting {
		d.gate.show(&s)
	}
	return s
}

// Steer does what a visitor asks. INVALID_FIELD where there is no play to steer.
func (d *Director) Steer(c api.StageCommand) (api.Stage, error) {
	switch c.Action {
	case api.StageStart:
		d.begin(c.Scene)
	case api.StageReplay:
		scene := d.Show().Scene
		if scene == "" {
			return api.Stage{}, charging.Invalid("action", "there is nothing to replay: start a scene first")
		}
		d.begin(scene)
	case api.StageEnd:
		d.halt(errEnded)
	case api.StagePace:
		d.setPace(time.Duration(c.PaceSeconds * float64(time.Second)))
	default:
		g := d.playing()
		if g == nil {
			return api.Stage{}, charging.Invalid("action", "nothing is being played: start a scene first")
		}
		if c.Action == api.StageStep {
			g.step()
		} else {
			g.play(c.Action == api.StagePlay)
		}
	}
	return d.Show(), nil
}

func (d *Director) playing() *gate {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.gate
}

func (d *Director) setPace(pace time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shown.PaceSeconds = pace.Seconds()
	if d.gate != nil {
		d.gate.setPace(pace)
	}
}

// Why a play ends before its end.
var (
	errEnded  = errors.New("it was ended")
	errNobody = errors.New("nobody was looking")
	errLong   = errors.New("it took too long")
)

// Close ends what is played and takes nothing any more.
func (d *Director) Close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.halt(errEnded)
}

// halt ends what is played and waits until its processes have gone.
func (d *Director) halt(why error) {
	d.mu.Lock()
	end, done := d.end, d.done
	d.mu.Unlock()
	if end != nil {
		end(why)
		<-done
	}
}

// begin plays a scene in place of what is played.
func (d *Director) begin(id api.Scene) {
	d.halt(errEnded)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || d.gate != nil { // somebody else was quicker: there is one play
		return
	}
	g := newGate(time.Duration(d.shown.PaceSeconds * float64(time.Second)))
	ctx, end := context.WithCancelCause(context.Background())
	d.gate, d.end, d.done, d.visited = g, end, make(chan struct{}), time.Now()
	d.shown = api.Stage{
		State: api.StageStarting, Scene: id, Take: d.shown.Take + 1, PaceSeconds: d.shown.PaceSeconds,
		Drivers: []api.StageDriver{}, Companies: []api.StageCompany{}, Slow: []api.StageStepped{}, Steps: []api.StageStepped{},
	}
	sc := scenes[id]
	sc.id = id
	go d.run(ctx, sc, g, d.done)
}

// run plays a scene to its end.
func (d *Director) run(ctx context.Context, sc scene, g *gate, done chan struct{}) {
	defer close(done)
	ctx, end := context.WithTimeoutCause(ctx, d.o.Longest, errLong)
	defer end()
	p, err := open(ctx, d.o, sc, g)
	if err != nil {
		d.finish(p, g, ended(ctx, err), true)
		return
	}
	d.mu.Lock()
	d.shown.State, d.shown.Store = api.StagePaused, p.company["MAR"].store.Kind()
	d.mu.Unlock()
	var watchers sync.WaitGroup
	watching, stop := context.WithCancel(ctx)
	watchers.Go(func() { g.conduct(watching) })
	watchers.Go(func() { d.watch(watching, p) })
	if err = sc.act(ctx, p); err == nil {
		d.look(ctx, p)
		g.told(ctx)
	}
	stop()
	watchers.Wait()
	d.finish(p, g, ended(ctx, err), false)
}

// ended is why a play ended before its end, where it did: whatever failed by that is no
// fault of the play.
func ended(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// watch looks at the play until it ends, and ends one that nobody looks at.
func (d *Director) watch(ctx context.Context, p *play) {
	for {
		d.look(ctx, p)
		d.mu.Lock()
		alone := time.Since(d.visited) > d.o.Idle
		end := d.end
		d.mu.Unlock()
		if alone {
			end(errNobody)
		}
		if pause(ctx, lookEvery) != nil {
			return
		}
	}
}

func (d *Director) look(ctx context.Context, p *play) {
	drivers, lanes := p.picture(ctx)
	if ctx.Err() != nil {
		return // what was not read in time is no picture
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shown.Drivers, d.shown.Companies = drivers, lanes
}

// finish keeps the last picture, says how it ended, and ends the processes.
func (d *Director) finish(p *play, g *gate, err error, unborn bool) {
	if !unborn {
		d.look(context.Background(), p)
	}
	last := api.Stage{}
	g.show(&last)
	closing := p.close()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gate, d.end, d.done = nil, nil, nil
	s := &d.shown
	s.Steps, s.Slow, s.Next = last.Steps, last.Slow, nil
	s.State = api.StageEnded
	switch {
	case err == nil:
		s.Verdict = api.VerdictAsRuled
	case errors.Is(err, errEnded), errors.Is(err, errNobody), errors.Is(err, errLong):
		s.Detail = err.Error()
	case unborn:
		s.State, s.Detail = api.StageFailed, err.Error()
	case g.impatient() || p.age() > charging.TicketLife/2:
		s.Verdict, s.Detail = api.VerdictLapsed, err.Error()
	default:
		s.Verdict, s.Detail = api.VerdictOtherwise, err.Error()
	}
	if closing != nil {
		d.o.Log.Warn().Err(closing).Msg("the stage was not cleared well")
	}
}

// age is how old the oldest ticket of the play is.
func (p *play) age() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.began.IsZero() {
		return 0
	}
	return time.Since(p.began)
}
