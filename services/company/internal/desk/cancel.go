package desk

import (
	"context"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Cancel ends one booking by the word of the EVSE's owner, as a withdrawal ends all of
// an EVSE: its originator is told until it has acknowledged. With holdsAlone it ends a
// CLAIMED or PENDING and nothing else. A repeat succeeds. UNKNOWN_RESERVATION,
// SESSION_OPEN (a car is at the plug), NO_RESERVATION_HERE (it holds its window no more,
// or is booked), STORE_UNAVAILABLE.
func (d *Desk) Cancel(ctx context.Context, id charging.ReservationID, reason string, holdsAlone bool) (charging.Reservation, error) {
	return d.operator.cancel(ctx, id, reason, holdsAlone)
}

func (op *operator) cancel(ctx context.Context, id charging.ReservationID, reason string, holdsAlone bool) (charging.Reservation, error) {
	res, err := op.records.reservation(ctx, id, "")
	if err != nil {
		return res, err
	}
	s, err := op.site(res.EVSEID)
	if err != nil {
		return res, err
	}
	res, err = op.changed(op.o.Calendar.Cancel(ctx, s.ID, res, reason, holdsAlone))
	if err == nil {
		op.outcomes.adopted(id)
		op.notices.wakeOutbox()
	}
	return res, err
}

// vehiclePage is how many bookings of a vehicle are read at once.
const vehiclePage = 100

// CancelVehicle ends every booking of a vehicle at this company, as Cancel does each.
// What could not be ended, because its car is at the plug, is kept.
// STORE_UNAVAILABLE: some may be left; repeat it.
func (d *Desk) CancelVehicle(ctx context.Context, vehicle charging.VehicleID, reason string) (ended, kept []charging.Reservation, err error) {
	return d.operator.cancelVehicle(ctx, vehicle, reason)
}

func (op *operator) cancelVehicle(ctx context.Context, vehicle charging.VehicleID, reason string) (ended, kept []charging.Reservation, err error) {
	q := BookingQuery{Window: charging.Window{Start: op.o.Clock()}, Vehicle: vehicle, Limit: vehiclePage}
	for more := true; more; {
		var list []charging.Reservation
		if list, more, err = op.calendars.bookings(ctx, q); err != nil {
			return ended, kept, err
		}
		for _, r := range list {
			q.After = PlaceOf(r)
			switch res, err := op.cancel(ctx, r.ID, reason, false); charging.CodeOf(err) {
			case "":
				if err != nil {
					return ended, kept, err
				}
				ended = append(ended, res)
			case charging.CodeSessionOpen:
				kept = append(kept, r)
			case charging.CodeNoReservationHere, charging.CodeUnknownReservation: // it has ended by itself
			default:
				return ended, kept, err
			}
		}
	}
	return ended, kept, nil
}
