package saga

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Run is one record in flight. Its goroutine is the only one that changes the
// record; the machine does so, between two calls of Save.
type Run[T, E any] struct {
	// Record is the run's content: what the journal has, and what the machine has
	// changed since.
	Record T

	c       *Coordinator[T, E]
	id      ID
	machine Machine[T]
	lines   []E // not yet in the journal

	ctx     context.Context // ends with the server's life or the lease
	stop    context.CancelFunc
	entered time.Time
	queue   chan Command[T]
	done    chan struct{}
	// taken is set for a run that was taken over: the journal says so at once.
	taken bool

	mu      sync.Mutex
	snap    *T
	changed chan struct{}
	// trusted is until when the lease is held for certain; writing is set while
	// nobody here knows whether the journal is ahead of snap.
	trusted time.Time
	writing bool
	// onIdle is called when the run is first idle; wasIdle is set then.
	onIdle  func(T)
	wasIdle bool
}

// ErrParked ends a run whose record is at rest in the journal: for good, until it
// is due, or until a command takes it up.
var ErrParked = errors.New("saga: parked")

// drive moves a run along until it ends.
func (r *Run[T, E]) drive() {
	for {
		err := r.step()
		if err == nil {
			continue
		}
		r.drain()
		if !errors.Is(err, ErrParked) && !r.Fatal(err) {
			r.c.o.Warn("a "+r.c.words.Noun+" was left to recovery", r.id, err)
		}
		return
	}
}

func (r *Run[T, E]) step() error {
	if r.taken {
		r.taken = false
		return r.Save()
	}
	return r.machine.Step()
}

// Context ends with the server's life, or when the lease is lost.
func (r *Run[T, E]) Context() context.Context { return r.ctx }

// Note adds lines to the log; the next write makes them durable.
func (r *Run[T, E]) Note(lines ...E) { r.lines = append(r.lines, lines...) }

// Noted counts the lines that are not durable yet.
func (r *Run[T, E]) Noted() int { return len(r.lines) }

func (r *Run[T, E]) takeLines() []E {
	lines := r.lines
	r.lines = nil
	return lines
}

// Save makes the record durable for a run that goes on at once.
func (r *Run[T, E]) Save() error {
	lease := r.c.o.Lease
	due := time.Now().Add(lease)
	return r.write(lease, func(lines []E) error { return r.c.o.Journal.Save(r.ctx, r.Record, lease, due, lines) })
}

// Park makes the record durable and gives the lease back; somebody looks at it
// when it is due. It returns ErrParked, or why it could not be written.
func (r *Run[T, E]) Park(due time.Time) error {
	return r.end(func(lines []E) error { return r.c.o.Journal.Park(r.ctx, r.Record, due, lines) })
}

// Finish is Park for a record that needs no more work.
func (r *Run[T, E]) Finish() error {
	return r.end(func(lines []E) error { return r.c.o.Journal.Finish(r.ctx, r.Record, lines) })
}

// GiveBack is Park for a run that another server may take up at once, and which
// is told so: this server stops.
func (r *Run[T, E]) GiveBack() error {
	err := r.Park(time.Now())
	if errors.Is(err, ErrParked) {
		r.c.o.Parked()
	}
	return err
}

func (r *Run[T, E]) end(put func([]E) error) error {
	if err := r.write(0, put); err != nil {
		return err
	}
	return ErrParked
}

// write makes the record durable, and only then shows it. While the store is away
// the write is repeated: nothing may go on without it.
func (r *Run[T, E]) write(lease time.Duration, put func([]E) error) error {
	r.c.kind.Stamp(&r.Record, time.Now().UTC())
	lines := r.takeLines()
	for n := 0; ; n++ {
		began := r.writes()
		err := put(lines)
		if err == nil {
			r.wrote(began, lease)
			r.publish()
			r.show(lines)
			return nil
		}
		if r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		if !Unknown(err) {
			return &lostLease{err} // STALE_OWNER: somebody else owns the record
		}
		if n == 0 {
			r.c.o.Warn("the journal cannot be written; the "+r.c.words.Noun+" waits", r.id, err)
		}
		if !r.Sleep(Backoff(n)) {
			return r.ctx.Err()
		}
	}
}

// lostLease says that the journal refuses this run's writes: it must stop at
// once, another server owns the record.
type lostLease struct{ err error }

func (l *lostLease) Error() string { return "saga: the lease is lost: " + l.err.Error() }
func (l *lostLease) Unwrap() error { return l.err }

// Fatal reports whether a run must stop without another word: its server ends, or
// its lease is lost.
func (r *Run[T, E]) Fatal(err error) bool {
	var l *lostLease
	return r.ctx.Err() != nil || errors.As(err, &l)
}

// writes marks the snapshot as possibly behind, and gives the time.
func (r *Run[T, E]) writes() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writing = true
	return time.Now()
}

// wrote notes the lease that a write has renewed, or given back.
func (r *Run[T, E]) wrote(began time.Time, lease time.Duration) {
	if lease > 0 {
		r.trust(began.Add(lease))
	} else {
		r.trust(time.Time{})
	}
}

// trust says until when the lease is held: counted from before the store was
// asked, so never longer than the store thinks. Zero: it was given back.
func (r *Run[T, E]) trust(until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trusted = until
}

// trustLonger prolongs a lease that was not given back meanwhile.
func (r *Run[T, E]) trustLonger(until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.trusted.IsZero() {
		r.trusted = until
	}
}

// publish shows a clone of what has been written to whoever watches.
func (r *Run[T, E]) publish() {
	snap := r.c.kind.Clone(r.Record)
	r.mu.Lock()
	r.snap, r.writing = &snap, false
	close(r.changed)
	r.changed = make(chan struct{})
	r.mu.Unlock()
	r.c.o.Publish(snap)
}

// show tells what has been written to the log.
func (r *Run[T, E]) show(lines []E) {
	if len(lines) > 0 {
		r.c.o.Steps(r.Record, lines)
	}
}

// snapshot is a copy of what was written last.
func (r *Run[T, E]) snapshot() T {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.c.kind.Clone(*r.snap)
}

// watch gives the snapshot, what is closed when there is another one, and
// whether the snapshot is the record's present state for sure.
func (r *Run[T, E]) watch() (t T, changed <-chan struct{}, sure bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.c.kind.Clone(*r.snap), r.changed, !r.writing && time.Now().Before(r.trusted)
}

// SignalIdle says that the run has nothing to do for now.
func (r *Run[T, E]) SignalIdle() {
	r.mu.Lock()
	f := r.onIdle
	r.onIdle, r.wasIdle = nil, true
	r.mu.Unlock()
	if f != nil {
		f(r.Record)
	}
}

// callWhenIdle is false for a run that has been idle already.
func (r *Run[T, E]) callWhenIdle(f func(T)) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wasIdle {
		return false
	}
	r.onIdle = f
	return true
}
