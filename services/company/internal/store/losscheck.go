package store

import (
	"context"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// lossCheck is one Check of an Incarnation.
type lossCheck struct {
	m        *Incarnation
	all      bool
	name     string // of the node that is looked at
	suspects map[charging.LocationID]bool

	found   map[charging.LocationID]lost
	why     string
	changed bool
}

// node looks at the locations of one node: at some, and at the rest where those
// show a loss. A copy that went back in time has lost the latest at all of them,
// also where the last heartbeat is older than what was lost.
func (l *lossCheck) node(ctx context.Context, locs []charging.LocationID, turn int) error {
	some := locs
	if !l.all {
		some = l.some(locs, turn)
	}
	shows := false
	for _, loc := range some {
		genuine, err := l.at(ctx, loc)
		if err != nil {
			return err
		}
		shows = shows || genuine
	}
	if !shows {
		return nil
	}
	for _, loc := range locs {
		if _, ok := l.found[loc]; ok {
			continue
		}
		if !slices.Contains(some, loc) {
			if _, err := l.at(ctx, loc); err != nil {
				return err
			}
		}
		if _, ok := l.found[loc]; !ok {
			l.found[loc] = lost{seen: l.m.known.Locations[loc].Incarnation}
		}
	}
	return nil
}

// some are the first location of a node, another in turn, and the suspects.
func (l *lossCheck) some(locs []charging.LocationID, turn int) []charging.LocationID {
	some := []charging.LocationID{locs[0]}
	if n := len(locs) - 1; n > 0 {
		some = append(some, locs[1+turn%n])
	}
	for _, loc := range locs {
		if l.suspects[loc] && !slices.Contains(some, loc) {
			some = append(some, loc)
		}
	}
	return some
}

// at looks at one location; genuine is true for a loss that nobody has begun to
// recover.
func (l *lossCheck) at(ctx context.Context, loc charging.LocationID) (genuine bool, err error) {
	m := l.m
	had := m.known.Locations[loc]
	end := m.pulse.heartbeat(l.name)
	got, err := m.replicated(ctx, "check memory", heartbeatScript, []string{m.keys.incarnation(loc), m.keys.heartbeat(loc, m.known.Server)},
		had.Incarnation, random()+".0", had.Heartbeat, ms(heartbeatLife))
	if end(err); err != nil {
		return false, err
	}
	if got.str(0) == "OK" {
		l.changed = l.changed || had.Incarnation != got.str(1)
		m.known.Locations[loc] = remembered{Incarnation: got.str(1), Heartbeat: got.num(2)}
		// What its node has lost it has lost, until somebody has recovered it.
		if was, ok := m.lost[loc]; ok && was.token == "" && was.seen == got.str(1) {
			l.found[loc] = was
			l.because(m.why)
		}
		return false, nil
	}
	f := lost{seen: got.str(1)}
	recovering := strings.HasPrefix(f.seen, lostIncarnation)
	if recovering {
		f.token = f.seen
	}
	l.found[loc] = f
	l.because(string(loc) + ": " + got.str(2))
	return !recovering, nil
}

// because keeps the first reason.
func (l *lossCheck) because(why string) {
	if l.why == "" {
		l.why = why
	}
}

// nodes groups the locations by the Redis node that has them, in their order.
func (m *Incarnation) nodes(ctx context.Context) (map[string][]charging.LocationID, error) {
	out := map[string][]charging.LocationID{}
	for _, loc := range m.o.Locations {
		name := ""
		if m.cluster {
			node, err := m.nodeOf(ctx, m.keys.incarnation(loc))
			if err != nil {
				return nil, failed(ctx, "check memory", err)
			}
			if c, ok := node.(*redis.Client); ok {
				name = c.Options().Addr
			}
		}
		out[name] = append(out[name], loc)
	}
	return out, nil
}

// takeSuspects gives the locations where a grant has met another incarnation, once.
func (m *Incarnation) takeSuspects() map[charging.LocationID]bool {
	out := map[charging.LocationID]bool{}
	m.suspects.Range(func(loc, _ any) bool {
		m.suspects.Delete(loc)
		id, ok := loc.(charging.LocationID)
		out[id] = ok
		return true
	})
	return out
}
