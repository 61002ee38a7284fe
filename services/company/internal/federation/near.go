package federation

import (
	"context"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// near is this company: function calls, under the same time-out as the peers'.
type near struct {
	desk    Near
	trips   NearTrips
	timeout time.Duration
}

var (
	_ charging.Company    = (*near)(nil)
	_ charging.Sessions   = (*near)(nil)
	_ charging.Garage     = (*near)(nil)
	_ charging.Mover      = (*near)(nil)
	_ charging.Reader     = (*near)(nil)
	_ charging.Originator = (*near)(nil)
)

func (n *near) Reserve(ctx context.Context, h charging.HoldRequest) (charging.Reservation, error) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	return n.desk.Reserve(ctx, h)
}

func (n *near) Claim(ctx context.Context, h charging.HoldRequest) (charging.Reservation, error) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	return n.desk.Claim(ctx, h)
}

func (n *near) Renew(ctx context.Context, ref charging.Ref, ttl time.Duration) (charging.Reservation, error) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	return n.desk.Renew(ctx, ref, ttl)
}

func (n *near) Confirm(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	return n.desk.Confirm(ctx, ref)
}

func (n *near) Compensate(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	return n.desk.Compensate(ctx, ref)
}

func (n *near) Start(ctx context.Context, ref charging.Ref, a charging.Arrival) (charging.Reservation, error) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	return n.desk.Start(ctx, ref, a)
}

func (n *near) Complete(ctx context.Context, ref charging.Ref, l charging.Leaving) (charging.Reservation, error) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	return n.desk.Complete(ctx, ref, l)
}

func (n *near) Contest(ctx context.Context, k charging.Contest) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	return n.desk.Contest(ctx, k)
}

func (n *near) Move(ctx context.Context, m charging.Move) (charging.Reservation, error) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	return n.desk.Move(ctx, m)
}

func (n *near) Reservation(ctx context.Context, id charging.ReservationID) (charging.Reservation, error) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	return n.desk.Reservation(ctx, id, "")
}

func (n *near) Outcomes(ctx context.Context, about []charging.Question) ([]charging.Outcome, error) {
	return n.trips.Outcomes(ctx, about)
}

func (n *near) Preempted(ctx context.Context, notice charging.Notice) error {
	return n.trips.Preempted(ctx, notice)
}

func (n *near) Changed(ctx context.Context, notice charging.Notice) error {
	return n.trips.Changed(ctx, notice)
}
