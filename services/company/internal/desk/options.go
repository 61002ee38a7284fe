package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Tickets signs this company's tickets and checks everybody's.
type Tickets interface {
	// KeyID names the key that signs now.
	KeyID() string
	// Issue signs a ticket with the named key. The same ticket and key give
	// the same text.
	Issue(t charging.Ticket, keyID string) (string, error)
	// Verify checks signature, issuer, trip, origin and expiry. TICKET_INVALID;
	// any other error means that the issuer's keys cannot be had now.
	Verify(ctx context.Context, token string, trip charging.TripID, origin charging.CompanyID, now time.Time) (charging.Ticket, error)
}

// Originators finds the company that owns a trip, this one included.
type Originators interface {
	Originator(id charging.CompanyID) (charging.Originator, error)
}

// Garages are the other companies at which a vehicle may charge.
type Garages interface {
	Others() []charging.CompanyID
	Garage(id charging.CompanyID) (charging.Garage, error)
}

// Options of a Desk. Zero durations and numbers take the defaults.
type Options struct {
	// Company is who this is; Locations are what it offers, Homes and Left are
	// those of an Inventory.
	Company   charging.CompanyID
	Locations []charging.Location
	Homes     map[charging.EVSEID]charging.LocationID
	Left      []charging.Location

	Calendar    Calendar
	Tickets     Tickets
	Originators Originators
	// Garages are asked for a vehicle that plugs in; nil where there are no others.
	Garages Garages
	// LossDetector notices a store that has lost data, and Witnesses say what
	// it has forgotten; both nil for a store that is trusted blindly.
	LossDetector LossDetector
	Witnesses    Witnesses
	// Skewed reports whether a company's clock is too far off for its tickets
	// to count; nil trusts everybody's.
	Skewed func(charging.CompanyID) bool
	// Ahead is how far a company's clock is ahead of this one's, as measured; zero
	// where it has not been, and nil measures nobody's.
	Ahead func(charging.CompanyID) time.Duration
	// AskIssuer asks the issuer of a ticket whether it gave it; nil asks nobody.
	// UNKNOWN_RESERVATION: it does not know the reservation.
	AskIssuer func(context.Context, charging.Ticket) (bool, error)
	// Suspended is the operator's last word about a company; nil is none.
	Suspended func(charging.CompanyID) charging.Suspension
	// Caught is told of a ticket that its issuer cannot have given honestly. It must
	// not block; nil drops it.
	Caught func(issuer charging.CompanyID, what string)

	// Limits of what one may take here; the zero value limits nothing. Known are
	// vehicles that count as having charged here; nil: none.
	Limits charging.Limits
	Known  func(charging.VehicleID) bool

	// Clock is civil time, in which windows lie; nil is time.Now. Now is real
	// time, in which tickets live; nil is time.Now.
	Clock, Now func() time.Time
	// Log is told what an operator should know, with its cause or nil; nil
	// drops it.
	Log func(message string, cause error)
	// OnChange is told of every reservation that has changed. It must not
	// block. Fields that the desk does not know are zero.
	OnChange func(charging.Reservation)
	// OnService is told that an EVSE was taken out of service, and why, or put back
	// (empty). It must not block.
	OnService func(evse charging.EVSEID, reason string)

	// DefaultTTL is for requests that name none; MinTTL and MaxTTL bound the
	// others. Defaults: 30 s, 1 s, charging.MaxHold.
	DefaultTTL, MinTTL, MaxTTL time.Duration
	// TicketLife of the tickets issued here. Default charging.TicketLife.
	TicketLife time.Duration
	// AcceptedLife is how long ago anybody's ticket may have been granted, whatever it
	// says of its end; at least TicketLife. Default charging.TicketLife.
	AcceptedLife time.Duration
	// MaxTicketSkew is how far beyond that, or in the future, a ticket may be dated by
	// its issuer's clock as it is measured, and how far that clock may be off. Default 2 s.
	MaxTicketSkew time.Duration

	// AskTimeout bounds a question to an originator; one about many stops may
	// take five times as long. Default 1 s.
	AskTimeout time.Duration
	// ContestTimeout bounds the question whether a vehicle charges elsewhere, which
	// goes to all peers at once; who is silent allows it. Default 1 s.
	ContestTimeout time.Duration
	// NoticeTimeout bounds the delivery of one notice. Default 2 s.
	NoticeTimeout time.Duration
	// NoticeQueue is how many preemption notices may wait. Default 1024.
	NoticeQueue int
	// SettleAge is how old an unsettled RESERVED is when its originator is
	// asked in the background, about at most SettleRate stops a second, many in
	// one question. Defaults 15 s, 1000.
	SettleAge  time.Duration
	SettleRate int
	// LossCheckEvery is the pause between looks for lost data. Default 1 s.
	LossCheckEvery time.Duration
	// TidyEvery, SettleEvery and OutboxEvery are the pauses of Run's rounds.
	// Defaults 5 s, 5 s, 1 s.
	TidyEvery, SettleEvery, OutboxEvery time.Duration
}

// noticeTries is how often a preemption notice is sent; after that the
// originator finds out by itself.
const noticeTries = 3

func (o Options) withDefaults() Options {
	o.DefaultTTL = cmp.Or(o.DefaultTTL, 30*time.Second)
	o.MinTTL = cmp.Or(o.MinTTL, time.Second)
	o.MaxTTL = cmp.Or(o.MaxTTL, charging.MaxHold)
	o.TicketLife = cmp.Or(o.TicketLife, charging.TicketLife)
	o.AcceptedLife = cmp.Or(o.AcceptedLife, charging.TicketLife)
	o.MaxTicketSkew = cmp.Or(o.MaxTicketSkew, 2*time.Second)
	o.AskTimeout = cmp.Or(o.AskTimeout, time.Second)
	o.ContestTimeout = cmp.Or(o.ContestTimeout, time.Second)
	o.NoticeTimeout = cmp.Or(o.NoticeTimeout, 2*time.Second)
	o.SettleAge = cmp.Or(o.SettleAge, 15*time.Second)
	o.LossCheckEvery = cmp.Or(o.LossCheckEvery, time.Second)
	o.TidyEvery = cmp.Or(o.TidyEvery, 5*time.Second)
	o.SettleEvery = cmp.Or(o.SettleEvery, 5*time.Second)
	o.OutboxEvery = cmp.Or(o.OutboxEvery, time.Second)
	o.NoticeQueue = cmp.Or(o.NoticeQueue, 1024)
	o.SettleRate = cmp.Or(o.SettleRate, 1000)
	if o.Skewed == nil {
		o.Skewed = func(charging.CompanyID) bool { return false }
	}
	if o.Ahead == nil {
		o.Ahead = func(charging.CompanyID) time.Duration { return 0 }
	}
	if o.Suspended == nil {
		o.Suspended = func(charging.CompanyID) charging.Suspension { return charging.Suspension{} }
	}
	if o.Caught == nil {
		o.Caught = func(charging.CompanyID, string) {}
	}
	if o.Known == nil {
		o.Known = func(charging.VehicleID) bool { return false }
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = func(string, error) {}
	}
	if o.OnChange == nil {
		o.OnChange = func(charging.Reservation) {}
	}
	if o.OnService == nil {
		o.OnService = func(charging.EVSEID, string) {}
	}
	return o
}

// Validate refuses options that a desk cannot work with.
func (o Options) Validate() error {
	o = o.withDefaults()
	var errs []error
	if err := o.Company.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("desk: %w", err))
	}
	if o.Calendar == nil || o.Tickets == nil || o.Originators == nil {
		errs = append(errs, errors.New("desk: Calendar, Tickets and Originators are required"))
	}
	if (o.LossDetector == nil) != (o.Witnesses == nil) {
		errs = append(errs, errors.New("desk: Memory and Witnesses belong together"))
	}
	if o.MinTTL < 0 || o.DefaultTTL < o.MinTTL || o.DefaultTTL > o.MaxTTL || o.MaxTTL > charging.MaxHold {
		errs = append(errs, fmt.Errorf("desk: TTLs must be 0 < min %s ≤ default %s ≤ max %s ≤ %s",
			o.MinTTL, o.DefaultTTL, o.MaxTTL, charging.MaxHold))
	}
	if o.TicketLife > o.AcceptedLife {
		errs = append(errs, fmt.Errorf("desk: tickets issued for %s count here for %s only: AcceptedLife must be at least TicketLife", o.TicketLife, o.AcceptedLife))
	}
	if o.NoticeQueue < 0 || o.SettleRate < 0 {
		errs = append(errs, errors.New("desk: NoticeQueue and SettleRate must not be negative"))
	}
	errs = append(errs, o.inventory().validate(o.Company))
	return errors.Join(errs...)
}

func (o Options) inventory() Inventory { return Inventory{o.Locations, o.Homes, o.Left} }
