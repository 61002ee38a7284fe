package federation

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// infoLife is how soon a peer may be asked again who it is, on demand.
const infoLife = time.Second

// Run watches the peers until ctx ends: health, clocks and keys by a probe, and
// their locations.
func (f *Federation) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, p := range f.order {
		wg.Go(func() { p.watch(ctx) })
	}
	wg.Wait()
}

// Nudge looks at a peer at once: it has said by other means that something
// about it has changed.
func (f *Federation) Nudge(id charging.CompanyID) {
	if p := f.peers[id]; p != nil {
		select {
		case p.nudged <- struct{}{}:
		default:
		}
	}
}

// watch probes a peer, and reads its locations when they are due or when it
// has come back.
func (p *peer) watch(ctx context.Context) {
	for ctx.Err() == nil {
		was := p.view().State
		err := p.probe(ctx)
		if err == nil && (was != Online || p.stale(p.f.o.RefreshEvery)) {
			if err := p.refresh(ctx); err != nil && ctx.Err() == nil {
				p.f.o.Log("the locations of "+string(p.ID)+" could not be read; the last known stand", err)
			}
		}
		wait := p.f.o.ProbeEvery
		if err != nil || p.breaker.State() != gobreaker.StateClosed {
			wait = p.retryWait()
		}
		wait -= rand.N(wait / 10)
		p.update(func(h *health) { h.retryAt = time.Now().Add(wait) })
		p.rest(ctx, wait)
	}
}

// firstRetry is the pause after a first failure: a peer that is just starting
// should be met soon.
const firstRetry = 50 * time.Millisecond

// retryWait doubles from firstRetry to RetryEvery.
func (p *peer) retryWait() time.Duration {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	if p.health.refused != "" {
		return p.f.o.RetryEvery // it has started, and waits for people
	}
	return min(firstRetry<<min(p.health.failures, 10), p.f.o.RetryEvery)
}

func (p *peer) rest(ctx context.Context, wait time.Duration) {
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-p.nudged:
		p.f.mu.Lock()
		p.locationCache.due = true
		p.f.mu.Unlock()
	}
}

// probe asks a peer who it is. It goes out even while the breaker is open, and
// closes it when its time has come.
func (p *peer) probe(ctx context.Context) error {
	done, closed := p.breaker.Allow()
	began := p.f.o.Now()
	start := time.Now()
	info, err := measured(ctx, p, p.f.o.ReadTimeout, "probe", p.remote.Info)
	trip := time.Since(start)
	if err == nil && info.ID != p.ID {
		err = fmt.Errorf("%s says that it is %q, not %s: check the peer's address in the configuration", p.BaseURL, info.ID, p.ID)
		p.note(trip, err)
	}
	if closed == nil {
		done(p.weigh(err))
	}
	defer p.tell()
	if err != nil {
		return err
	}
	p.update(func(h *health) {
		h.info, h.infoAt = info, time.Now()
		h.keys = knownKeys(info.Keys, h.keys, h.infoAt.UTC())
		if !info.Time.IsZero() {
			h.clocks = append(h.clocks, clock{skew: info.Time.Sub(began.Add(trip / 2)), trip: trip})
			h.clocks = h.clocks[max(0, len(h.clocks)-clocksKept):]
		}
	})
	p.f.o.OnInfo(info)
	return nil
}

// weigh keeps the breaker from opening against a peer that has not started yet.
func (p *peer) weigh(err error) error {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	if err != nil && p.health.lastSeen.IsZero() {
		return context.Canceled // excluded: neither success nor failure
	}
	return err
}

// Info is what a peer last told about itself. A peer that has not been heard
// yet, or not since fresher, is asked first, at most once a second.
// UNKNOWN_EVSE for no peer; an error when it has never answered.
func (f *Federation) Info(ctx context.Context, id charging.CompanyID, fresher time.Time) (Info, error) {
	p := f.peers[id]
	if p == nil {
		return Info{}, charging.Refuse(charging.CodeUnknownEVSE, fmt.Sprintf("%q is no peer of this company", id))
	}
	f.mu.Lock()
	known := !p.health.infoAt.IsZero()
	old := p.health.infoAt.Before(fresher) || !known
	may := time.Since(p.health.askedInfo) >= infoLife
	if old && may {
		p.health.askedInfo = time.Now()
	}
	f.mu.Unlock()
	var err error
	if old && may {
		err = p.probe(ctx)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case !p.health.infoAt.IsZero():
		return p.health.info, nil
	case err != nil:
		return Info{}, err
	}
	return Info{}, p.unavailable("has not answered yet", nil)
}

// keysLife is how old a peer's keys may be when they are asked for.
const keysLife = 2 * time.Second

// PublicKeys is the JSON Web Key Set that a peer publishes, as fresh as it can
// be had. UNKNOWN_EVSE for no peer; any other error means that the peer has
// never answered.
func (f *Federation) PublicKeys(ctx context.Context, id charging.CompanyID) (json.RawMessage, error) {
	info, err := f.Info(ctx, id, time.Now().Add(-keysLife))
	return info.Keys, err
}
