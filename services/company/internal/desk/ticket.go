package desk

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// ticket completes a hold with what orders it: the time of the ticket that it
// brings, which a claim must, or for a first stop without one the wish for a new stamp.
func (d *Desk) ticket(ctx context.Context, h *charging.Hold, claim bool) error {
	if h.Ticket == "" {
		if claim {
			return charging.Refuse(charging.CodeTicketInvalid, "a claim needs the ticket of its trip; reserve without one instead")
		}
		if h.Leg == 1 {
			h.Stamp, h.StampFloor, h.KeyID = true, d.floor.Load(), d.o.Tickets.KeyID()
		}
		return nil
	}
	t, err := d.verify(ctx, h.Ticket, h.TripID, h.Origin)
	if err != nil {
		return err
	}
	h.GrantedAt = t.GrantedAt
	return nil
}

func (d *Desk) verify(ctx context.Context, token string, trip charging.TripID, origin charging.CompanyID) (charging.Ticket, error) {
	now := d.o.Now()
	t, known := d.verified.get(token)
	if !known || t.TripID != trip || t.Origin != origin || !now.Before(t.Expires) {
		var err error
		if t, err = d.o.Tickets.Verify(ctx, token, trip, origin, now); err != nil {
			return t, ticketError(err)
		}
		d.verified.put(token, t)
	}
	if err := d.believed(t.Issuer); err != nil {
		return t, err
	}
	if d.o.Skewed(t.Issuer) {
		return t, charging.Refuse(charging.CodeTicketInvalid, fmt.Sprintf("the clock of its issuer %s is too far off; go on without a ticket here", t.Issuer))
	}
	if err := d.stamped(t, now); err != nil {
		return t, err
	}
	return t, d.only(t)
}

// only refuses a second stamp of a trip, as far as this server remembers; the script
// that grants does at its location. Its originator shows it, whoever signed it: an
// honest one has a single ticket for the trip's whole life.
func (d *Desk) only(t charging.Ticket) error {
	key := string(t.Origin) + " " + string(t.TripID)
	had, known := d.shownStamps.get(key)
	if !known {
		d.shownStamps.put(key, t)
		return nil
	}
	if had.GrantedAt == t.GrantedAt && had.Issuer == t.Issuer && had.ReservationID == t.ReservationID {
		return nil
	}
	return d.twoStamps(t.Origin, t.TripID)
}

func (d *Desk) twoStamps(origin charging.CompanyID, id charging.TripID) error {
	d.o.Caught(origin, "trip "+string(id)+" has shown two stamps")
	return charging.Refuse(charging.CodeTicketInvalid, "the trip has shown a ticket with another stamp here; one trip has one, for its whole life")
}

// stamped refuses a ticket whose stamp its issuer cannot have given within the life
// that this company accepts: by the issuer's clock as it is measured here, whatever
// the ticket says of its end.
func (d *Desk) stamped(t charging.Ticket, now time.Time) error {
	granted, err := strconv.ParseInt(t.GrantedAt, 10, 64)
	if err != nil || granted <= 0 || strconv.FormatInt(granted, 10) != t.GrantedAt {
		return charging.Refuse(charging.CodeTicketInvalid, "granted_at is no plain number of microseconds")
	}
	detail := ""
	switch age := now.Add(d.ahead(t.Issuer)).Sub(time.UnixMicro(granted)); {
	case age < -d.o.MaxTicketSkew:
		detail = fmt.Sprintf("dated %s in the future by the clock of %s", (-age).Round(time.Millisecond), t.Issuer)
	case age > d.o.AcceptedLife+d.o.MaxTicketSkew:
		detail = fmt.Sprintf("dated %s ago, %s longer than the %s for which a ticket counts here",
			age.Round(time.Second), (age - d.o.AcceptedLife).Round(time.Millisecond), d.o.AcceptedLife)
	default:
		return nil
	}
	d.o.Caught(t.Issuer, "the ticket of trip "+string(t.TripID)+" is "+detail)
	return charging.Refuse(charging.CodeTicketInvalid, detail+"; go on without a ticket here")
}

// ahead is how far the clock of a ticket's issuer is ahead of this company's, no
// farther than a clock may be off at all.
func (d *Desk) ahead(issuer charging.CompanyID) time.Duration {
	if issuer == d.o.Company {
		return 0
	}
	return min(max(d.o.Ahead(issuer), -d.o.MaxTicketSkew), d.o.MaxTicketSkew)
}

func ticketError(err error) error {
	if charging.CodeOf(err) != "" {
		return err
	}
	return &charging.Refusal{
		Code: charging.CodePeerUnavailable, Detail: "the keys of the ticket's issuer cannot be had now; repeat the request",
		RetryAfter: time.Second, Cause: err,
	}
}

// issue signs the stamp of a granted first stop. The same grant always gives
// the same ticket.
func (d *Desk) issue(g charging.Grant) (string, error) {
	at, err := strconv.ParseInt(g.GrantedAt, 10, 64)
	if err != nil {
		return "", fmt.Errorf("stamp %q of reservation %s: %w", g.GrantedAt, g.ID, err)
	}
	d.raiseFloor(at)
	ticket := charging.Ticket{
		TripID: g.TripID, Origin: g.Origin, Issuer: d.o.Company, GrantedAt: g.GrantedAt, EVSEID: g.EVSEID, ReservationID: g.ID,
		Expires: time.UnixMicro(at).Add(d.o.TicketLife),
	}
	token, err := d.o.Tickets.Issue(ticket, g.KeyID)
	if present := d.o.Tickets.KeyID(); err != nil && present != g.KeyID {
		// The key of the grant was taken away meanwhile: another text, the same ticket.
		token, err = d.o.Tickets.Issue(ticket, present)
	}
	if err != nil {
		return "", fmt.Errorf("sign the ticket of reservation %s: %w", g.ID, err)
	}
	return token, nil
}

func (d *Desk) raiseFloor(to int64) {
	for {
		was := d.floor.Load()
		if to <= was || d.floor.CompareAndSwap(was, to) {
			return
		}
	}
}

// verified remembers tickets whose signature has been checked: each is shown
// several times within seconds. Two generations bound it.
type verified struct {
	mu       sync.Mutex
	new, old map[string]charging.Ticket
}

const verifiedGeneration = 4096

func (v *verified) get(token string) (charging.Ticket, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if t, ok := v.new[token]; ok {
		return t, true
	}
	t, ok := v.old[token]
	return t, ok
}

func (v *verified) put(token string, t charging.Ticket) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.new == nil || len(v.new) >= verifiedGeneration {
		v.old, v.new = v.new, make(map[string]charging.Ticket)
	}
	v.new[token] = t
}
