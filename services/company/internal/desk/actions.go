package desk

import (
	"context"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Renew gives a hold more time; see charging.Company.
func (d *Desk) Renew(ctx context.Context, ref charging.Ref, ttl time.Duration) (charging.Reservation, error) {
	return d.holds.renew(ctx, ref, ttl)
}

func (hs *holds) renew(ctx context.Context, ref charging.Ref, ttl time.Duration) (charging.Reservation, error) {
	if err := hs.loss.refuse(); err != nil {
		return charging.Reservation{}, err
	}
	at, _, err := hs.rules.at(ref)
	if err == nil {
		err = hs.rules.barred(at.Origin)
	}
	if err != nil {
		return charging.Reservation{}, err
	}
	return hs.o.Calendar.Renew(ctx, at, hs.rules.ttl(ttl))
}

// Confirm makes a PENDING RESERVED; see charging.Company.
func (d *Desk) Confirm(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
	return d.holds.confirm(ctx, ref)
}

func (hs *holds) confirm(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
	if err := hs.loss.refuse(); err != nil {
		return charging.Reservation{}, err
	}
	at, _, err := hs.rules.at(ref)
	if err != nil {
		return charging.Reservation{}, err
	}
	return hs.changed(hs.o.Calendar.Confirm(ctx, at))
}

// Compensate releases the stop; see charging.Company. What cannot have been granted
// here, because this company does not have the EVSE or takes no booking so far ahead,
// holds nothing: releasing it succeeds, without a record, and a late reserve is refused
// all the same.
func (d *Desk) Compensate(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
	return d.holds.compensate(ctx, ref)
}

func (hs *holds) compensate(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
	at, s, err := hs.rules.at(ref)
	if charging.CodeOf(err) == charging.CodeUnknownEVSE && ref.EVSEID.Company() == hs.o.Company {
		return neverHeld(ref, charging.CodeUnknownEVSE), nil
	}
	if err != nil {
		return charging.Reservation{}, err
	}
	if err := checkEnd(ref.End); err != nil {
		return charging.Reservation{}, err
	}
	if hs.rules.beyond(ref.End, s) {
		// The terms may have been others when it was booked.
		_, err := hs.o.Calendar.Reservation(ctx, at.ID, []charging.LocationID{s.ID})
		if charging.CodeOf(err) == charging.CodeUnknownReservation {
			return neverHeld(ref, charging.CodeInvalidWindow), nil
		}
	}
	res, err := hs.changed(hs.o.Calendar.Compensate(ctx, at))
	if err == nil {
		hs.outcomes.adopted(res.ID)
	}
	return res, err
}

// neverHeld is the answer about a stop that cannot have been granted here.
func neverHeld(ref charging.Ref, why charging.Code) charging.Reservation {
	return charging.Reservation{
		ID: ref.ID, TripID: ref.TripID, Origin: ref.Origin, EVSEID: ref.EVSEID, Epoch: max(ref.Epoch, 1),
		Window: charging.Window{End: ref.End}, State: charging.Canceled, Reason: string(why), Replay: true,
	}
}
