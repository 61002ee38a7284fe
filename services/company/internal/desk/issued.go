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
	return d.tickets.issued(ctx, t)
}

func (ts *tickets) issued(ctx context.Context, t charging.Ticket) (bool, error) {
	res, err := ts.records.reservation(ctx, t.ReservationID, "")
	if err != nil {
		return false, err
	}
	return res.TripID == t.TripID && res.Origin == t.Origin && (res.GrantedAt == "" || res.GrantedAt == t.GrantedAt), nil
}

// askIssuer has the issuer of a ticket that has just preempted others asked whether it
// gave it. It never blocks: the grant stands whatever the answer, and a question that
// finds no room is left out.
func (ts *tickets) askIssuer(token string) {
	t, known := ts.verified.get(token)
	if !known || t.ReservationID == "" || t.Issuer == ts.o.Company || ts.o.AskIssuer == nil {
		return
	}
	select {
	case ts.used <- t:
	default:
	}
}

// questions asks issuers, one after the other, until ctx ends. An issuer that cannot be
// asked, or is of an edition that knows no such question, is not accused.
func (ts *tickets) questions(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case t := <-ts.used:
			ts.question(ctx, t)
		}
	}
}

func (ts *tickets) question(ctx context.Context, t charging.Ticket) {
	ctx, cancel := context.WithTimeout(ctx, ts.o.AskTimeout)
	defer cancel()
	gave, err := ts.o.AskIssuer(ctx, t)
	if code := charging.CodeOf(err); err != nil && code != charging.CodeUnknownReservation {
		if code != charging.CodeUnknownRoute {
			ts.trouble(ctx, "ask "+string(t.Issuer)+" whether it gave the ticket of trip "+string(t.TripID), err)
		}
		return
	}
	switch {
	case err != nil:
		ts.o.Caught(t.Issuer, "it knows no reservation "+string(t.ReservationID)+", to which its ticket of trip "+string(t.TripID)+" is bound")
	case !gave:
		ts.o.Caught(t.Issuer, "it denies the ticket of trip "+string(t.TripID)+" that it has signed for reservation "+string(t.ReservationID))
	}
}
