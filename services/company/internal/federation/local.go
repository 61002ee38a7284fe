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

func (n *local) Reserve(ctx context.Context, h charging.HoldRequest) (charging.Reservation, error) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	return n.desk.Reserve(ctx, h)
}

func (n *local) Claim(ctx context.Context, h charging.HoldRequest) (charging.Reservation, error) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	return n.desk.Claim(ctx, h)
}

func (n *local) Renew(ctx context.Context, ref charging.Ref, ttl time.Duration) (charging.Reservation, error) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	return n.desk.Renew(ctx, ref, ttl)
}

func (n *local) Confirm(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	return n.desk.Confirm(ctx, ref)
}

func (n *local) Compensate(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	return n.desk.Compensate(ctx, ref)
}

func (n *local) Start(ctx context.Context, ref charging.Ref, a charging.Arrival) (charging.Reservation, error) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	return n.desk.Start(ctx, ref, a)
}

func (n *local) Complete(ctx context.Context, ref charging.Ref, l charging.Leaving) (charging.Reservation, error) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	return n.desk.Complete(ctx, ref, l)
}

func (n *local) Contest(ctx context.Context, k charging.Contest) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	return n.desk.Contest(ctx, k)
}

func (n *local) Move(ctx context.Context, m charging.Move) (charging.Reservation, error) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	return n.desk.Move(ctx, m)
}

func (n *local) Reservation(ctx context.Context, id charging.ReservationID) (charging.Reservation, error) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	return n.desk.Reservation(ctx, id, "")
}

func (n *local) Outcomes(ctx context.Context, about []charging.Question) ([]charging.Outcome, error) {
	return n.trips.Outcomes(ctx, about)
}

func (n *local) Preempted(ctx context.Context, notice charging.Notice) error {
	return n.trips.Preempted(ctx, notice)
}

func (n *local) Changed(ctx context.Context, notice charging.Notice) error {
	return n.trips.Changed(ctx, notice)
}
