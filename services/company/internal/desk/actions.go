package desk

import (
	"context"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Renew gives a hold more time; see charging.Company.
func (d *Desk) Renew(ctx context.Context, ref charging.Ref, ttl time.Duration) (charging.Reservation, error) {
	if err := d.Remembers(); err != nil {
		return charging.Reservation{}, err
	}
	at, _, err := d.at(ref)
	if err == nil {
		err = d.barred(at.Origin)
	}
	if err != nil {
		return charging.Reservation{}, err
	}
	return d.o.Calendar.Renew(ctx, at, d.ttl(ttl))
}

// Confirm makes a PENDING RESERVED; see charging.Company.
func (d *Desk) Confirm(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
	if err := d.Remembers(); err != nil {
		return charging.Reservation{}, err
	}
	at, _, err := d.at(ref)
	if err != nil {
		return charging.Reservation{}, err
	}
	return d.changed(d.o.Calendar.Confirm(ctx, at))
}

// Compensate releases the stop; see charging.Company. What cannot have been granted
// here, because this company does not have the EVSE or takes no booking so far ahead,
// holds nothing: releasing it succeeds, without a record, and a late reserve is refused
// all the same.
func (d *Desk) Compensate(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
	at, s, err := d.at(ref)
	if charging.CodeOf(err) == charging.CodeUnknownEVSE && ref.EVSEID.Company() == d.o.Company {
		return neverHeld(ref, charging.CodeUnknownEVSE), nil
	}
	if err != nil {
		return charging.Reservation{}, err
	}
	if err := checkEnd(ref.End); err != nil {
		return charging.Reservation{}, err
	}
	if d.beyond(ref.End, s) {
		// The terms may have been others when it was booked.
		_, err := d.o.Calendar.Reservation(ctx, at.ID, []charging.LocationID{s.ID})
		if charging.CodeOf(err) == charging.CodeUnknownReservation {
			return neverHeld(ref, charging.CodeInvalidWindow), nil
		}
	}
	res, err := d.changed(d.o.Calendar.Compensate(ctx, at))
	if err == nil {
		d.adopted(res.ID)
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

// Complete says that the car has left; see charging.Sessions.
func (d *Desk) Complete(ctx context.Context, ref charging.Ref, l charging.Leaving) (charging.Reservation, error) {
	if err := d.Remembers(); err != nil {
		return charging.Reservation{}, err
	}
	at, s, err := d.at(ref)
	if err != nil {
		return charging.Reservation{}, err
	}
	m := s.meter(ref.EVSEID)
	m.EnergyKWh, m.At = l.EnergyKWh, l.At
	res, err := d.changed(d.o.Calendar.Complete(ctx, at, m))
	if err == nil {
		d.freeCar(ctx, res.VehicleID, charging.Visit{ReservationID: res.ID})
		d.left(ctx, res.EVSEID, res.ID)
		d.wakeOutbox()
	}
	return res, err
}

// changed reports an action that did something.
func (d *Desk) changed(res charging.Reservation, err error) (charging.Reservation, error) {
	if err == nil && !res.Replay {
		d.o.OnChange(res)
	}
	return res, err
}

// Reservation reads a record on behalf of a company: FORBIDDEN for another's.
// An empty reader is this company itself. UNKNOWN_RESERVATION.
func (d *Desk) Reservation(ctx context.Context, id charging.ReservationID, reader charging.CompanyID) (charging.Reservation, error) {
	if err := id.Validate(); err != nil {
		return charging.Reservation{}, err
	}
	if err := d.Remembers(); err != nil {
		return charging.Reservation{}, err
	}
	res, err := d.o.Calendar.Reservation(ctx, id, d.offered.Load().homes)
	if err != nil {
		return charging.Reservation{}, err
	}
	if reader != "" && reader != res.Origin {
		return charging.Reservation{}, charging.Refuse(charging.CodeForbidden, "reservation "+string(id)+" belongs to another company's trip")
	}
	return res, nil
}

// History reads a record with what this company has seen of it, the oldest first.
// UNKNOWN_RESERVATION: it has none, or its time is over.
func (d *Desk) History(ctx context.Context, id charging.ReservationID) (charging.Reservation, []charging.Step, error) {
	if err := id.Validate(); err != nil {
		return charging.Reservation{}, nil, err
	}
	if err := d.Remembers(); err != nil {
		return charging.Reservation{}, nil, err
	}
	return d.o.Calendar.Steps(ctx, id, d.offered.Load().homes)
}
