package identity

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// ticketType is the JWS "typ" of a ticket: a vehicle's token is none.
const ticketType = "ticket"

// Tickets signs this company's tickets and checks everybody's.
type Tickets struct {
	keys *Keys
	ring *Ring
}

// NewTickets makes it of the company's keys and the ring of all.
func NewTickets(keys *Keys, ring *Ring) *Tickets { return &Tickets{keys, ring} }

// ticketClaims is exactly what a ticket says.
type ticketClaims struct {
	TripID    charging.TripID    `json:"trip_id"`
	Origin    charging.CompanyID `json:"origin"`
	Issuer    charging.CompanyID `json:"issuer"`
	GrantedAt string             `json:"granted_at"`
	EVSEID    charging.EVSEID    `json:"evse_id"`
	Exp       int64              `json:"exp"` // seconds since 1970
}

func (c ticketClaims) issuer() charging.CompanyID { return c.Issuer }

// KeyID names the key that signs now.
func (t *Tickets) KeyID() string { return t.keys.KeyID() }

// Issue signs a ticket with the named key; the same ticket and key give the
// same text. The expiry is cut to whole seconds.
func (t *Tickets) Issue(k charging.Ticket, keyID string) (string, error) {
	return t.keys.sign(
		ticketClaims{k.TripID, k.Origin, k.Issuer, k.GrantedAt, k.EVSEID, k.Expires.Unix()},
		jwsHeader{KeyID: keyID, Reservation: string(k.ReservationID), Type: ticketType},
	)
}

// firstOf is the reservation that a ticket is bound to, which stands in its header:
// companies of an edition that does not know it pass over a header, and refuse a claim.
// Empty where it names none.
func firstOf(head jwsHeader) (charging.ReservationID, error) {
	id := charging.ReservationID(head.Reservation)
	if id == "" {
		return "", nil
	}
	return id, id.Validate()
}

// Verify checks a ticket that was brought for a trip of origin. TICKET_INVALID:
// forged, expired at now, for another trip, or of a company that nobody knows.
// Any other error means that the issuer's keys cannot be had now.
func (t *Tickets) Verify(ctx context.Context, token string, trip charging.TripID, origin charging.CompanyID, now time.Time) (charging.Ticket, error) {
	c, head, err := open(ctx, t.ring, token, ticketType, ticketOf)
	switch {
	case err != nil && verdict(err):
		return charging.Ticket{}, invalid("the ticket is forged or of an unknown company", err)
	case err != nil:
		return charging.Ticket{}, fmt.Errorf("ticket of trip %s: %w", trip, err)
	}
	first, err := firstOf(head)
	if err != nil {
		return charging.Ticket{}, invalid("the ticket does not say what a ticket says", err)
	}
	k := charging.Ticket{
		TripID: c.TripID, Origin: c.Origin, Issuer: c.Issuer, GrantedAt: c.GrantedAt, EVSEID: c.EVSEID, ReservationID: first,
		Expires: time.Unix(c.Exp, 0).UTC(),
	}
	switch {
	case k.TripID != trip || k.Origin != origin:
		return charging.Ticket{}, invalid("the ticket belongs to another trip", nil)
	case k.EVSEID.Company() != k.Issuer:
		return charging.Ticket{}, invalid(string(k.Issuer)+" cannot stamp an EVSE of another company", nil)
	case !now.Before(k.Expires):
		return charging.Ticket{}, invalid("the ticket expired at "+k.Expires.Format(time.RFC3339), nil)
	}
	return k, nil
}

func invalid(detail string, cause error) error {
	return &charging.Refusal{Code: charging.CodeTicketInvalid, Detail: detail, Cause: cause}
}

// ticketOf reads claims: these and no others, each in its form.
func ticketOf(payload []byte) (ticketClaims, error) {
	var c ticketClaims
	if err := strictJSON(payload, &c); err != nil {
		return c, err
	}
	if !micros(c.GrantedAt) {
		return c, errors.New("granted_at is no number of microseconds")
	}
	return c, errors.Join(c.TripID.Validate(), c.Origin.Validate(), c.Issuer.Validate(), c.EVSEID.Validate())
}

// strictJSON reads one object without unknown fields or anything after it.
func strictJSON(raw []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if dec.More() {
		return errors.New("something follows the claims")
	}
	return nil
}

// micros reports whether s is a plain positive number of at most 18 digits.
func micros(s string) bool {
	if s == "" || len(s) > 18 || s[0] == '0' {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
