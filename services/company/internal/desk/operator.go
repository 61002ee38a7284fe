package desk

import (
	"context"
	"regexp"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// reasonRE is the form of OCPI's cancel reasons.
var reasonRE = regexp.MustCompile(`^[A-Z][A-Z_]{2,40}$`)

// Withdraw takes an EVSE out of service for a reason (BROKEN_CHARGER,
// POWER_OUTAGE…): its coming reservations become CANCELED, the session of a car that
// is there FULFILLED with an estimated bill, and each originator is told until it has
// acknowledged. It answers those reservations.
// UNKNOWN_EVSE, INVALID_FIELD, STORE_UNAVAILABLE.
func (d *Desk) Withdraw(ctx context.Context, evse charging.EVSEID, reason string) ([]charging.Victim, error) {
	if !reasonRE.MatchString(reason) {
		return nil, charging.Invalid("reason", "must be a word in capitals, such as BROKEN_CHARGER or POWER_OUTAGE")
	}
	return d.service(ctx, evse, reason)
}

// WouldLose is what Withdraw would end at an EVSE now: its coming reservations, and the
// session of a car that is there. It changes nothing. UNKNOWN_EVSE, STORE_UNAVAILABLE.
func (d *Desk) WouldLose(ctx context.Context, evse charging.EVSEID) ([]charging.Reservation, error) {
	some, err := d.premises("", evse)
	if err != nil {
		return nil, err
	}
	all, err := d.agendasOf(ctx, some, func(ctx context.Context, p premise) (charging.Agenda, error) {
		return d.entries(ctx, p, charging.Window{Start: d.o.Clock()}, func(int) error { return nil })
	})
	if err != nil {
		return nil, err
	}
	return all[0].Entries, nil
}

// Restore puts an EVSE back in service; what was canceled stays canceled.
func (d *Desk) Restore(ctx context.Context, evse charging.EVSEID) error {
	_, err := d.service(ctx, evse, "")
	return err
}

func (d *Desk) service(ctx context.Context, evse charging.EVSEID, reason string) ([]charging.Victim, error) {
	s, err := d.site(evse)
	if err != nil {
		return nil, err
	}
	victims, err := d.o.Calendar.Withdraw(ctx, s.ID, evse, reason, s.meter(evse))
	d.forgetStatus()
	if err != nil {
		return nil, err
	}
	d.o.OnService(evse, reason)
	for _, v := range victims {
		d.adopted(v.ReservationID)
		d.lost(v, evse)
	}
	d.wakeOutbox()
	return victims, nil
}

// Status tells which EVSEs are out of service, and why.
func (d *Desk) Status(ctx context.Context) (map[charging.EVSEID]string, error) {
	shown, err := d.o.Calendar.Shown(ctx)
	if err != nil {
		return nil, err
	}
	out := map[charging.EVSEID]string{}
	for evse, is := range shown {
		if is.OutOfService != "" {
			out[evse] = is.OutOfService
		}
	}
	return out, nil
}

// Locks lists every CLAIMED and PENDING stop in force.
func (d *Desk) Locks(ctx context.Context) ([]charging.Lock, error) {
	all := []charging.Lock{}
	o := d.offered.Load()
	for _, home := range o.homes {
		for _, s := range o.at[home] {
			locks, err := d.o.Calendar.Locks(ctx, home, s.evses)
			if err != nil {
				return nil, err
			}
			all = append(all, locks...)
		}
	}
	return all, nil
}
