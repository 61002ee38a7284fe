package desk

import (
	"context"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// dated is the desk's calendar: each action puts its location on the agendas,
// whatever its answer, because it may have been taken all the same.
type dated struct {
	Calendar
	g *ground
}

// acted has a location looked at soon: notices at once, the calendar by the next
// round, and once more when a hold of the given life has lapsed.
func (c dated) acted(loc charging.LocationID, hold time.Duration) {
	now := c.g.o.Now()
	c.g.agendas.posting.at(loc, now)
	c.g.agendas.tidying.at(loc, now.Add(c.g.o.TidyEvery))
	if hold > c.g.o.TidyEvery {
		c.g.agendas.tidying.at(loc, now.Add(hold))
	}
}

func (c dated) Hold(ctx context.Context, h charging.Hold) (charging.Grant, error) {
	defer c.acted(h.Location, h.TTL)
	return c.Calendar.Hold(ctx, h)
}

func (c dated) Renew(ctx context.Context, at charging.At, ttl time.Duration) (charging.Reservation, error) {
	defer c.acted(at.Location, ttl)
	return c.Calendar.Renew(ctx, at, ttl)
}

func (c dated) Confirm(ctx context.Context, at charging.At) (charging.Reservation, error) {
	defer c.acted(at.Location, 0)
	defer func() { c.g.agendas.settling.at(at.Location, c.g.o.Now().Add(c.g.o.SettleAge)) }()
	return c.Calendar.Confirm(ctx, at)
}

func (c dated) Compensate(ctx context.Context, at charging.At) (charging.Reservation, error) {
	defer c.acted(at.Location, 0)
	return c.Calendar.Compensate(ctx, at)
}

func (c dated) Move(ctx context.Context, at charging.At, m charging.Move, noShow time.Duration) (charging.Reservation, error) {
	defer c.acted(at.Location, 0)
	return c.Calendar.Move(ctx, at, m, noShow)
}

// Start is looked at once more when a plug that nobody has answered counts as
// answered.
func (c dated) Start(ctx context.Context, at charging.At, a charging.Arrival, terms charging.Terms) (charging.Reservation, error) {
	defer c.acted(at.Location, charging.OpenPlug+c.g.o.TidyEvery)
	return c.Calendar.Start(ctx, at, a, terms)
}

func (c dated) Complete(ctx context.Context, at charging.At, m charging.Meter) (charging.Reservation, error) {
	defer c.acted(at.Location, 0)
	return c.Calendar.Complete(ctx, at, m)
}

func (c dated) Cancel(ctx context.Context, loc charging.LocationID, r charging.Reservation, reason string, holdsAlone bool) (charging.Reservation, error) {
	defer c.acted(loc, 0)
	return c.Calendar.Cancel(ctx, loc, r, reason, holdsAlone)
}

func (c dated) Withdraw(ctx context.Context, loc charging.LocationID, evse charging.EVSEID, reason string, m charging.Meter) ([]charging.OutboundNotice, error) {
	defer c.acted(loc, 0)
	return c.Calendar.Withdraw(ctx, loc, evse, reason, m)
}
