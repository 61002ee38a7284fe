package desk

import (
	"context"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Issued says whether this company has given that stamp to that reservation, as its
// first stop, for a company where the ticket has been used. UNKNOWN_RESERVATION where
// it is not known any more; a record that has been recovered knows no stamp, and denies
// none.
func (d *Desk) Issued(ctx context.Context, t charging.Ticket) (bool, error) {
	res, err := d.Reservation(ctx, t.ReservationID, "")
	if err != nil {
		return false, err
	}
	return res.TripID == t.TripID && res.Origin == t.Origin && (res.GrantedAt == "" || res.GrantedAt == t.GrantedAt), nil
}

// askIssuer has the issuer of a ticket that has just preempted others asked whether it
// gave it. It never blocks: the grant stands whatever the answer, and a question that
// finds no room is left out.
func (d *Desk) askIssuer(token string) {
	t, known := d.verified.get(token)
	if !known || t.ReservationID == "" || t.Issuer == d.o.Company || d.o.AskIssuer == nil {
		return
	}
	select {
	case d.used <- t:
	default:
	}
}

// questions asks issuers, one after the other, until ctx ends. An issuer that cannot be
// asked, or is of an edition that knows no such question, is not accused.
func (d *Desk) questions(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case t := <-d.used:
			d.question(ctx, t)
		}
	}
}

func (d *Desk) question(ctx context.Context, t charging.Ticket) {
	ctx, cancel := context.WithTimeout(ctx, d.o.AskTimeout)
	defer cancel()
	gave, err := d.o.AskIssuer(ctx, t)
	if code := charging.CodeOf(err); err != nil && code != charging.CodeUnknownReservation {
		if code != charging.CodeUnknownRoute {
			d.trouble(ctx, "ask "+string(t.Issuer)+" whether it gave the ticket of trip "+string(t.TripID), err)
		}
		return
	}
	switch {
	case err != nil:
		d.o.Caught(t.Issuer, "it knows no reservation "+string(t.ReservationID)+", to which its ticket of trip "+string(t.TripID)+" is bound")
	case !gave:
		d.o.Caught(t.Issuer, "it denies the ticket of trip "+string(t.TripID)+" that it has signed for reservation "+string(t.ReservationID))
	}
}
