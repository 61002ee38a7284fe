package desk

import (
	"context"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

var _ charging.Mover = (*Desk)(nil)

// Move gives a RESERVED another window; see charging.Mover. Whether its start
// may lie in the past is for the calendar, which knows the present one.
func (d *Desk) Move(ctx context.Context, m charging.Move) (charging.Reservation, error) {
	return d.holds.move(ctx, m)
}

func (hs *holds) move(ctx context.Context, m charging.Move) (charging.Reservation, error) {
	if err := hs.loss.refuse(); err != nil {
		return charging.Reservation{}, err
	}
	at, s, err := hs.rules.at(m.Ref)
	if err == nil {
		err = hs.rules.barred(at.Origin)
	}
	if err != nil {
		return charging.Reservation{}, err
	}
	if m.Seq < 1 {
		return charging.Reservation{}, charging.Invalid("seq", "must be at least 1")
	}
	m.Ref, m.To = at.Ref, charging.NewWindow(m.To.Start, m.To.End)
	if err := m.To.Validate(m.To.Start, 0, "to."); err != nil {
		return charging.Reservation{}, err
	}
	if err := hs.rules.tooLong(m.To, m.EVSEID, s, "to."); err != nil {
		return charging.Reservation{}, err
	}
	if ahead := hs.o.Clock().Add(s.Terms.MaxAhead); m.To.Start.After(ahead) {
		reason := "is farther ahead than can be booked, after " + ahead.UTC().Format(time.RFC3339)
		return charging.Reservation{}, &charging.Refusal{
			Code: charging.CodeInvalidWindow, Detail: "to.start " + reason,
			Fields: []charging.FieldError{{Field: "to.start", Reason: reason}},
		}
	}
	if hs.o.Limits.Counting() {
		was, err := hs.o.Calendar.Reservation(ctx, at.ID, []charging.LocationID{s.ID})
		if err != nil {
			return charging.Reservation{}, err
		}
		m.Quota = hs.rules.quota(was.VehicleID, at.Origin)
	}
	return hs.changed(hs.o.Calendar.Move(ctx, at, m, s.Terms.NoShowTimeout))
}
