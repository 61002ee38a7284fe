package store

import (
	"context"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

const (
	// agendaEntries is how many entries of a calendar are looked at: the first
	// that is still to come is the next that can lapse.
	agendaEntries = 4
	// linger is when a calendar is looked at again whose entries say nothing: a
	// hold, or more cars at the plug than entries are looked at.
	linger = time.Minute
	// overdue is how long an instant that has passed is named all the same, so
	// that clocks that differ a little do not skip it.
	overdue = 10 * time.Second
)

// Dues tells what waits to be done at each of some premises, in one round trip.
// STORE_UNAVAILABLE.
func (c Calendar) Dues(ctx context.Context, at []charging.Premises) ([]charging.Due, error) {
	got, err := c.agendas(ctx, at)
	if noScript(err) {
		if err = c.load(ctx); err == nil {
			got, err = c.agendas(ctx, at)
		}
	}
	if err != nil {
		return nil, failed(ctx, "agenda", err)
	}
	out := make([]charging.Due, len(at))
	for i, p := range at {
		out[i] = c.due(p, got[i])
	}
	return out, nil
}

func (c Calendar) agendas(ctx context.Context, at []charging.Premises) ([]reply, error) {
	pipe := c.rdb.Pipeline()
	cmds := make([]*redis.Cmd, len(at))
	for i, p := range at {
		keys := []string{c.keys.outbox(p.Location), c.keys.unsettled(p.Location), c.keys.oos(p.Location)}
		for _, e := range p.EVSEs {
			keys = append(keys, c.keys.cal(p.Location, e))
		}
		cmds[i] = agendaScript.EvalSha(ctx, pipe, keys, agendaEntries)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	out := make([]reply, len(at))
	for i, cmd := range cmds {
		list, err := cmd.Slice()
		if err != nil {
			return nil, err
		}
		out[i] = list
	}
	return out, nil
}

// due reads the answer of scripts/agenda.lua.
func (c Calendar) due(p charging.Premises, got reply) charging.Due {
	d := charging.Due{Notices: int(got.num(0))}
	if confirmed := got.num(1); confirmed > 0 {
		d.Unsettled = time.UnixMilli(confirmed - c.skew.Load()).UTC()
	}
	if out := got.list(2); len(out) > 0 {
		d.Out = map[charging.EVSEID]string{}
		for i := 0; i+1 < len(out); i += 2 {
			if name := out.str(i); !strings.HasPrefix(name, barred) && !strings.HasPrefix(name, outSince) {
				d.Out[charging.EVSEID(name)] = out.str(i + 1)
			}
		}
	}
	now := c.present()
	for i := 3; i < len(got); i++ {
		d.Begun = d.Begun || begun(got.list(i), now)
		if next := lapses(got.list(i), now, p.NoShow); !next.IsZero() && (d.Next.IsZero() || next.Before(d.Next)) {
			d.Next = next
		}
	}
	if !d.Next.IsZero() && c.o.Civil == nil {
		d.Next = d.Next.Add(-time.Duration(c.skew.Load()) * time.Millisecond)
	}
	return d
}

// present is civil time, as far as this machine knows it.
func (c *conn) present() time.Time {
	if c.o.Civil != nil {
		return c.o.Civil()
	}
	return time.Now().Add(time.Duration(c.skew.Load()) * time.Millisecond)
}

// begun reports whether the first of some entries has begun.
func begun(entries reply, now time.Time) bool {
	return len(entries) > 1 && !fromSeconds(entries.num(1)).After(now)
}

// lapses is when the first of some entries may lapse; zero without entries.
func lapses(entries reply, now time.Time, noShow time.Duration) (next time.Time) {
	for i := 0; i+1 < len(entries); i += 2 {
		at := now.Add(linger)
		if parts := strings.SplitN(entries.str(i), "|", 3); len(parts) == 3 && parts[0] != "H" {
			at = lapse(fromSeconds(entries.num(i+1)), fromSeconds(number(parts[1])), now, noShow)
		}
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next
}

// lapse is the next instant at which something becomes of a booking: its
// no-show, the end of its window, the end of a session that nobody ended.
func lapse(start, stop, now time.Time, noShow time.Duration) time.Time {
	if noShow > 0 && start.Add(noShow).Before(stop) && start.Add(noShow).After(now.Add(-overdue)) {
		return start.Add(noShow)
	}
	for _, at := range []time.Time{stop, stop.Add(sessionOver)} {
		if at.After(now.Add(-overdue)) {
			return at
		}
	}
	return now.Add(linger)
}
