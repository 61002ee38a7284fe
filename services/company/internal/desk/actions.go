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

// Compensate releases the stop; see charging.Company. An EVSE that this company
// does not have holds nothing, so releasing it succeeds, without a record: a
// late reserve is refused all the same.
func (d *Desk) Compensate(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
	at, s, err := d.at(ref)
	if charging.CodeOf(err) == charging.CodeUnknownEVSE && ref.EVSEID.Company() == d.o.Company {
		return charging.Reservation{
			ID: ref.ID, TripID: ref.TripID, Origin: ref.Origin, EVSEID: ref.EVSEID, Epoch: max(ref.Epoch, 1),
			Window: charging.Window{End: ref.End}, State: charging.Canceled, Reason: string(charging.CodeUnknownEVSE), Replay: true,
		}, nil
	}
	if err != nil {
		return charging.Reservation{}, err
	}
	if err := d.tombstone(ref.End, s); err != nil {
		return charging.Reservation{}, err
	}
	res, err := d.changed(d.o.Calendar.Compensate(ctx, at))
	if err == nil {
		d.unplugged(res.EVSEID, res.ID)
		d.adopted(res.ID)
	}
	return res, err
}

// Start says that the car has plugged in; see charging.Sessions.
func (d *Desk) Start(ctx context.Context, ref charging.Ref, _ charging.Arrival) (charging.Reservation, error) {
	if err := d.Remembers(); err != nil {
		return charging.Reservation{}, err
	}
	at, s, err := d.at(ref)
	if err != nil {
		return charging.Reservation{}, err
	}
	res, err := d.changed(d.o.Calendar.Start(ctx, at, s.Terms.EarlyPlug, s.Terms.NoShowTimeout))
	if err == nil {
		d.mu.Lock()
		d.plugged[ref.EVSEID] = session{res.ID, res.Window.End}
		d.mu.Unlock()
	}
	return res, err
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
	res, err := d.changed(d.o.Calendar.Complete(ctx, at, s.meter(ref.EVSEID, l.EnergyKWh)))
	if err == nil {
		d.unplugged(ref.EVSEID, res.ID)
		d.wakeOutbox()
	}
	return res, err
}

func (d *Desk) unplugged(evse charging.EVSEID, id charging.ReservationID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.plugged[evse].id == id {
		delete(d.plugged, evse)
	}
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
