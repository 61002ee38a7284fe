package replicas

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eletrovia/eletrovia/pkg/trip"
)

// load is callers who book at MAR's address, one trip after the other, as an app
// does behind a load balancer.
type load struct {
	w    *world
	end  chan struct{}
	done sync.WaitGroup
	once sync.Once

	mu      sync.Mutex
	said    []trip.Trip // that were told to be CONFIRMED
	others  int         // that ended otherwise
	repeats int
	last    string // of the others
}

// loads numbers them, so that each has vehicles of its own.
var loads atomic.Int64

// load starts so many callers; the n-th trip of each is over stops(caller, 6n).
func (w *world) load(callers int, stops func(caller, k int) []stopAt) *load {
	w.t.Helper()
	l := &load{w: w, end: make(chan struct{})}
	w.t.Cleanup(l.stop)
	mar := w.companies["MAR"]
	load := loads.Add(1)
	for c := range callers {
		id := fmt.Sprintf("BR-MAR-EV-LOAD-%d-%d", load, c)
		d := w.at(mar.url, id, w.register(mar.live()[0], id))
		l.done.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-l.end:
					return
				default:
				}
				l.note(d.patient(fmt.Sprint(id, "-", n), stops(c, 6*n)...))
			}
		})
	}
	return l
}

func (l *load) note(got trip.Trip, repeats int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.repeats += repeats
	switch {
	case err != nil:
		l.w.t.Errorf("trip %s: %v", got.ID, err)
	case got.State == trip.Confirmed:
		l.said = append(l.said, got)
	default:
		l.others++
		l.last = fmt.Sprintf("trip %s is %s: %+v", got.ID, got.State, got.Problem)
	}
}

func (l *load) booked() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.said)
}

// more waits until so many further trips are CONFIRMED.
func (l *load) more(n int) {
	l.w.t.Helper()
	want := l.booked() + n
	until(l.w.t, time.Minute, fmt.Sprintf("%d more trips are CONFIRMED", n), func() bool { return l.booked() >= want })
}

// stop waits until every caller has been answered.
func (l *load) stop() {
	l.once.Do(func() { close(l.end) })
	l.done.Wait()
}
