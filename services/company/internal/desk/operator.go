package desk

import (
	"context"
	"regexp"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// reasonRE is the form of OCPI's cancel reasons.
var reasonRE = regexp.MustCompile(`^[A-Z][A-Z_]{2,40}$`)

// operator carries out what the owner of the EVSEs decides about them and about other
// companies.
type operator struct {
	*ground
	records   *records
	calendars *calendars
	outcomes  *outcomes
	notices   *notices
	display   *display
}

// Withdraw takes an EVSE out of service for a reason (BROKEN_CHARGER,
// POWER_OUTAGE…): its coming reservations become CANCELED, the session of a car that
// is there FULFILLED with an estimated bill, and each originator is told until it has
// acknowledged. It answers those reservations.
// UNKNOWN_EVSE, INVALID_FIELD, STORE_UNAVAILABLE.
func (d *Desk) Withdraw(ctx context.Context, evse charging.EVSEID, reason string) ([]charging.OutboundNotice, error) {
	return d.operator.withdraw(ctx, evse, reason)
}

func (op *operator) withdraw(ctx context.Context, evse charging.EVSEID, reason string) ([]charging.OutboundNotice, error) {
	if !reasonRE.MatchString(reason) {
		return nil, charging.Invalid("reason", "must be a word in capitals, such as BROKEN_CHARGER or POWER_OUTAGE")
	}
	return op.service(ctx, evse, reason)
}

// ReturnToService puts an EVSE back in service; what was canceled stays canceled.
func (d *Desk) ReturnToService(ctx context.Context, evse charging.EVSEID) error {
	_, err := d.operator.service(ctx, evse, "")
	return err
}

func (op *operator) service(ctx context.Context, evse charging.EVSEID, reason string) ([]charging.OutboundNotice, error) {
	s, err := op.site(evse)
	if err != nil {
		return nil, err
	}
	victims, err := op.o.Calendar.Withdraw(ctx, s.ID, evse, reason, s.meter(evse))
	op.display.forgetStatus()
	if err != nil {
		return nil, err
	}
	op.o.OnService(evse, reason)
	for _, v := range victims {
		op.outcomes.adopted(v.ReservationID)
		op.lost(v, evse)
	}
	op.notices.wakeOutbox()
	return victims, nil
}
