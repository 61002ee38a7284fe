package saga

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Unknown reports whether nobody knows if a call was executed, or will be known
// only later: such a call is repeated with the same id.
func Unknown(err error) bool {
	switch charging.CodeOf(err) {
	case "", charging.CodeStoreUnavailable, charging.CodePeerUnavailable, charging.CodeRateLimited:
		return err != nil
	}
	return false
}

// Backoff is the pause before repeat n (from 0): 20 ms doubling to 1 s, half of it
// jitter.
func Backoff(n int) time.Duration {
	d := min(20*time.Millisecond<<min(n, 10), time.Second)
	return d/2 + rand.N(d/2)
}

// Attempt makes a call until it is answered or the budget ends; once is told the
// number of the attempt, from 1. It touches no record, so that several may run at
// once.
func (r *Run[T, E]) Attempt(budget time.Duration, once func(ctx context.Context, n int) error) error {
	deadline := time.Now().Add(budget)
	for n := 0; ; n++ {
		err := once(r.ctx, n+1)
		if !Unknown(err) || r.ctx.Err() != nil {
			return err
		}
		pause := Backoff(n)
		if time.Now().Add(pause).After(deadline) || !r.Sleep(pause) {
			return err
		}
	}
}

// Raise takes an epoch above one that a participant has seen, as the holder of
// the lease may after a restore of the journal. The machine writes it into the
// record.
func (r *Run[T, E]) Raise(seen int64) (int64, error) {
	epoch, err := r.c.o.Journal.Raise(r.ctx, r.Record, seen)
	if charging.CodeOf(err) == charging.CodeStaleOwner {
		return 0, &lostLease{err}
	}
	return epoch, err
}

// Sleep waits, and reports false when the run's context ended first.
func (r *Run[T, E]) Sleep(d time.Duration) bool { return sleep(r.ctx, d) }

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
