package desk

import (
	"context"
	"fmt"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Suspend carries out the operator's word about a company at every location. First the
// calendar is told to grant it nothing, then its CLAIMED and PENDING are released: what
// was granted before the mark is found by the sweep. RESERVED stands. Repeating it, also
// at several servers at once, is safe. It answers how many holds were released.
// STORE_UNAVAILABLE: some locations may be left; repeat it.
func (d *Desk) Suspend(ctx context.Context, s charging.Suspension) (released int, err error) {
	return d.operator.suspend(ctx, s)
}

func (op *operator) suspend(ctx context.Context, s charging.Suspension) (released int, err error) {
	o := op.offered.Load()
	for _, home := range o.homes {
		if err := op.o.Calendar.Bar(ctx, home, s); err != nil {
			return released, err
		}
		if !s.InForce() {
			continue
		}
		for _, site := range o.at[home] {
			n, err := op.release(ctx, home, site.evses, s.Company)
			if released += n; err != nil {
				return released, err
			}
		}
	}
	return released, nil
}

// release gives up the holds of a company at some EVSEs of a location. One that is
// RESERVED by now stays: that is decided where it is dropped.
func (op *operator) release(ctx context.Context, home charging.LocationID, evses []charging.EVSEID, origin charging.CompanyID) (released int, err error) {
	locks, err := op.o.Calendar.Locks(ctx, home, evses)
	if err != nil {
		return 0, err
	}
	for _, l := range locks {
		if l.Origin != origin {
			continue
		}
		res, err := op.changed(op.o.Calendar.Drop(ctx, charging.At{Location: home, Ref: charging.Ref{
			ID: l.ReservationID, TripID: l.TripID, Origin: l.Origin, EVSEID: l.EVSEID, End: l.End, Epoch: 1,
		}}, charging.OutcomeUnknown))
		if err != nil {
			return released, err
		}
		if res.State == charging.Canceled && !res.Replay {
			released++
		}
	}
	return released, nil
}

// barred refuses a company that the operator has suspended.
func (r *rules) barred(company charging.CompanyID) error {
	if s := r.o.Suspended(company); s.InForce() {
		return charging.Barred(company, s.Reason)
	}
	return nil
}

// believed refuses the tickets of an issuer that the operator has suspended.
func (ts *tickets) believed(issuer charging.CompanyID) error {
	if s := ts.o.Suspended(issuer); s.InForce() {
		return charging.Refuse(charging.CodeTicketInvalid, fmt.Sprintf("its issuer %s is suspended here (%s); go on without a ticket here", issuer, s.Reason))
	}
	return nil
}
