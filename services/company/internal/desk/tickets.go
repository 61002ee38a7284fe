package desk

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// tickets judges the tickets that trips bring, and signs those of first stops.
type tickets struct {
	*ground
	records *records
	// floor is the highest stamp given, µs.
	floor    atomic.Int64
	verified verified
	// shownStamps are the tickets that trips have shown, by originator and trip.
	shownStamps verified
	// used are tickets that have preempted somebody: their issuers are asked.
	used chan charging.Ticket
}

func newTickets(g *ground, r *records) *tickets {
	return &tickets{ground: g, records: r, used: make(chan charging.Ticket, g.o.NoticeQueue)}
}

// ticket completes a hold with what orders it: the time of the ticket that it
// brings, which a claim must, or for a first stop without one the wish for a new stamp.
func (ts *tickets) ticket(ctx context.Context, h *charging.Hold, claim bool) error {
	if h.Ticket == "" {
		if claim {
			return charging.Refuse(charging.CodeTicketInvalid, "a claim needs the ticket of its trip; reserve without one instead")
		}
		if h.Leg == 1 {
			h.Stamp, h.StampFloor, h.KeyID = true, ts.floor.Load(), ts.o.Tickets.KeyID()
		}
		return nil
	}
	t, err := ts.verify(ctx, h.Ticket, h.TripID, h.Origin)
	if err != nil {
		return err
	}
	h.GrantedAt = t.GrantedAt
	return nil
}

func (ts *tickets) verify(ctx context.Context, token string, trip charging.TripID, origin charging.CompanyID) (charging.Ticket, error) {
	now := ts.o.Now()
	t, known := ts.verified.get(token)
	if !known || t.TripID != trip || t.Origin != origin || !now.Before(t.Expires) {
		var err error
		if t, err = ts.o.Tickets.Verify(ctx, token, trip, origin, now); err != nil {
			return t, ticketError(err)
		}
		ts.verified.put(token, t)
	}
	if err := ts.believed(t.Issuer); err != nil {
		return t, err
	}
	if ts.o.Skewed(t.Issuer) {
		return t, charging.Refuse(charging.CodeTicketInvalid, fmt.Sprintf("the clock of its issuer %s is too far off; go on without a ticket here", t.Issuer))
	}
	if err := ts.stamped(t, now); err != nil {
		return t, err
	}
	return t, ts.only(t)
}

// only refuses a second stamp of a trip, as far as this server remembers; the script
// that grants does at its location. Its originator shows it, whoever signed it: an
// honest one has a single ticket for the trip's whole life.
func (ts *tickets) only(t charging.Ticket) error {
	key := string(t.Origin) + " " + string(t.TripID)
	had, known := ts.shownStamps.get(key)
	if !known {
		ts.shownStamps.put(key, t)
		return nil
	}
	if had.GrantedAt == t.GrantedAt && had.Issuer == t.Issuer && had.ReservationID == t.ReservationID {
		return nil
	}
	return ts.twoStamps(t.Origin, t.TripID)
}

func (ts *tickets) twoStamps(origin charging.CompanyID, id charging.TripID) error {
	ts.o.Caught(origin, "trip "+string(id)+" has shown two stamps")
	return charging.Refuse(charging.CodeTicketInvalid, "the trip has shown a ticket with another stamp here; one trip has one, for its whole life")
}

// stamped refuses a ticket whose stamp its issuer cannot have given within the life
// that this company accepts: by the issuer's clock as it is measured here, whatever
// the ticket says of its end.
func (ts *tickets) stamped(t charging.Ticket, now time.Time) error {
	granted, err := strconv.ParseInt(t.GrantedAt, 10, 64)
	if err != nil || granted <= 0 || strconv.FormatInt(granted, 10) != t.GrantedAt {
		return charging.Refuse(charging.CodeTicketInvalid, "granted_at is no plain number of microseconds")
	}
	detail := ""
	switch age := now.Add(ts.ahead(t.Issuer)).Sub(time.UnixMicro(granted)); {
	case age < -ts.o.MaxTicketSkew:
		detail = fmt.Sprintf("dated %s in the future by the clock of %s", (-age).Round(time.Millisecond), t.Issuer)
	case age > ts.o.AcceptedLife+ts.o.MaxTicketSkew:
		detail = fmt.Sprintf("dated %s ago, %s longer than the %s for which a ticket counts here",
			age.Round(time.Second), (age - ts.o.AcceptedLife).Round(time.Millisecond), ts.o.AcceptedLife)
	default:
		return nil
	}
	ts.o.Caught(t.Issuer, "the ticket of trip "+string(t.TripID)+" is "+detail)
	return charging.Refuse(charging.CodeTicketInvalid, detail+"; go on without a ticket here")
}

// ahead is how far the clock of a ticket's issuer is ahead of this company's, no
// farther than a clock may be off at all.
func (ts *tickets) ahead(issuer charging.CompanyID) time.Duration {
	if issuer == ts.o.Company {
		return 0
	}
	return min(max(ts.o.Ahead(issuer), -ts.o.MaxTicketSkew), ts.o.MaxTicketSkew)
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
func (ts *tickets) issue(g charging.Grant) (string, error) {
	at, err := strconv.ParseInt(g.GrantedAt, 10, 64)
	if err != nil {
		return "", fmt.Errorf("stamp %q of reservation %s: %w", g.GrantedAt, g.ID, err)
	}
	ts.raiseFloor(at)
	ticket := charging.Ticket{
		TripID: g.TripID, Origin: g.Origin, Issuer: ts.o.Company, GrantedAt: g.GrantedAt, EVSEID: g.EVSEID, ReservationID: g.ID,
		Expires: time.UnixMicro(at).Add(ts.o.TicketLife),
	}
	token, err := ts.o.Tickets.Issue(ticket, g.KeyID)
	if present := ts.o.Tickets.KeyID(); err != nil && present != g.KeyID {
		// The key of the grant was taken away meanwhile: another text, the same ticket.
		token, err = ts.o.Tickets.Issue(ticket, present)
	}
	if err != nil {
		return "", fmt.Errorf("sign the ticket of reservation %s: %w", g.ID, err)
	}
	return token, nil
}

func (ts *tickets) raiseFloor(to int64) {
	for {
		was := ts.floor.Load()
		if to <= was || ts.floor.CompareAndSwap(was, to) {
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
