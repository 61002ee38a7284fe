package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// held is how long a heartbeat may be on its way, about as long as any write of a
// booking may. A store that answers but holds writes back is found by it.
const held = 1500 * time.Millisecond

// pulse is what the heartbeats of an Incarnation say about whether the store takes writes: of
// each of its nodes, when the heartbeat that is on its way was sent (zero: none is) and
// why the last one was not taken.
type pulse struct {
	mu    sync.Mutex
	nodes map[string]beating
}

type beating struct {
	sent time.Time
	err  error
}

// begin forgets the nodes that are none any more.
func (p *pulse) begin(nodes map[string][]charging.LocationID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.nodes == nil {
		p.nodes = map[string]beating{}
	}
	for name := range p.nodes {
		if _, there := nodes[name]; !there {
			delete(p.nodes, name)
		}
	}
}

// heartbeat notes a heartbeat that is sent; the end of it is said with why it was not
// taken, or nil.
func (p *pulse) heartbeat(node string) (end func(error)) {
	set := func(change func(*beating)) {
		p.mu.Lock()
		defer p.mu.Unlock()
		b := p.nodes[node]
		change(&b)
		p.nodes[node] = b
	}
	set(func(b *beating) { b.sent = time.Now() })
	return func(err error) { set(func(b *beating) { *b = beating{err: err} }) }
}

// Writes reports whether the store takes writes as promises need them, by the
// heartbeats of the last seconds: some says what does not while the rest does (one
// master of a cluster), err why nothing does, each with what to do. Both are empty
// before the first Check, and for a company without locations.
func (m *Incarnation) Writes() (some string, err error) {
	m.pulse.mu.Lock()
	defer m.pulse.mu.Unlock()
	var dead []string
	for _, b := range m.pulse.nodes {
		if why := b.wrong(); why != "" {
			dead = append(dead, why)
		}
	}
	n := len(dead)
	slices.Sort(dead)
	why := strings.Join(slices.Compact(dead), "; ")
	switch n {
	case 0:
		return "", nil
	case len(m.pulse.nodes):
		return "", errors.New("the store takes no writes: " + why)
	}
	return fmt.Sprintf("%d of %d masters of the store take no writes: %s", n, len(m.pulse.nodes), why), nil
}

func (b beating) wrong() string {
	switch {
	case b.err != nil:
		return remedy(b.err)
	case !b.sent.IsZero() && time.Since(b.sent) > held:
		return fmt.Sprintf("it holds a write back for %s: look at its load, its disk and CLIENT PAUSE", time.Since(b.sent).Round(100*time.Millisecond))
	}
	return ""
}

// remedy says in words why a write was not taken, and what to do about it.
func remedy(err error) string {
	var r *charging.Refusal
	if !errors.As(err, &r) || r.Cause == nil {
		return err.Error()
	}
	for _, known := range inabilities {
		if known.remedy != "" && known.matches(r.Cause) {
			return known.remedy
		}
	}
	var fromRedis redis.Error
	switch {
	case errors.Is(r.Cause, errTooFew):
		return r.Detail + ", or start replicas"
	case errors.As(r.Cause, &fromRedis):
		return r.Cause.Error()
	}
	return "it does not answer" // where it is, is for the log
}
