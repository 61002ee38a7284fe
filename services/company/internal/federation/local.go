package federation

import (
	"context"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// local is this company: function calls, under the same time-out as the peers'.
type local struct {
	desk    Local
	trips   LocalTrips
	timeout time.Duration
}

var (
	_ charging.Company    = (*local)(nil)
	_ charging.Sessions   = (*local)(nil)
	_ charging.Garage     = (*local)(nil)
	_ charging.Mover      = (*local)(nil)
	_ charging.Reader     = (*local)(nil)
	_ charging.Originator = (*local)(nil)
)

func (c *local) Reserve(ctx context.Context, h charging.HoldRequest) (charging.Reservation, error) {
	return within(ctx, c.timeout, func(ctx context.Context) (charging.Reservation, error) { return c.desk.Reserve(ctx, h) })
}

func (c *local) Claim(ctx context.Context, h charging.HoldRequest) (charging.Reservation, error) {
	return within(ctx, c.timeout, func(ctx context.Context) (charging.Reservation, error) { return c.desk.Claim(ctx, h) })
}

func (c *local) Renew(ctx context.Context, ref charging.Ref, ttl time.Duration) (charging.Reservation, error) {
	return within(ctx, c.timeout, func(ctx context.Context) (charging.Reservation, error) { return c.desk.Renew(ctx, ref, ttl) })
}

func (c *local) Confirm(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
	return within(ctx, c.timeout, func(ctx context.Context) (charging.Reservation, error) { return c.desk.Confirm(ctx, ref) })
}

func (c *local) Compensate(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
	return within(ctx, c.timeout, func(ctx context.Context) (charging.Reservation, error) { return c.desk.Compensate(ctx, ref) })
}

func (c *local) Start(ctx context.Context, ref charging.Ref, a charging.Arrival) (charging.Reservation, error) {
	return within(ctx, c.timeout, func(ctx context.Context) (charging.Reservation, error) { return c.desk.Start(ctx, ref, a) })
}

func (c *local) Complete(ctx context.Context, ref charging.Ref, l charging.Leaving) (charging.Reservation, error) {
	return within(ctx, c.timeout, func(ctx context.Context) (charging.Reservation, error) { return c.desk.Complete(ctx, ref, l) })
}

func (c *local) Contest(ctx context.Context, k charging.Contest) (bool, error) {
	return within(ctx, c.timeout, func(ctx context.Context) (bool, error) { return c.desk.Contest(ctx, k) })
}

func (c *local) Move(ctx context.Context, m charging.Move) (charging.Reservation, error) {
	return within(ctx, c.timeout, func(ctx context.Context) (charging.Reservation, error) { return c.desk.Move(ctx, m) })
}

func (c *local) Reservation(ctx context.Context, id charging.ReservationID) (charging.Reservation, error) {
	return within(ctx, c.timeout, func(ctx context.Context) (charging.Reservation, error) { return c.desk.Reservation(ctx, id, "") })
}

func (c *local) Outcomes(ctx context.Context, about []charging.Question) ([]charging.Outcome, error) {
	return c.trips.Outcomes(ctx, about)
}

func (c *local) Preempted(ctx context.Context, notice charging.Notice) error {
	return c.trips.Preempted(ctx, notice)
}

func (c *local) Changed(ctx context.Context, notice charging.Notice) error {
	return c.trips.Changed(ctx, notice)
}

// within bounds a call.
func within[T any](ctx context.Context, timeout time.Duration, call func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return call(ctx)
}
