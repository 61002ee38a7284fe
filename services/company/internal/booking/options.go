package booking

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Companies finds the company that owns an EVSE, near or far.
type Companies interface {
	Company(id charging.CompanyID) (charging.Company, error)
	// Sessions finds the part of it that a car at the plug meets.
	Sessions(id charging.CompanyID) (charging.Sessions, error)
}

// Alternatives knows what else a trip could take for one of its stops, best
// first. The trip leaves out what it has already tried.
type Alternatives interface {
	Alternatives(ctx context.Context, t trip.Trip, leg int) ([]trip.Alternative, error)
}

// Options of a Coordinator. Zero durations take the defaults.
type Options struct {
	// Engine runs the trips. Its Inbox is left alone: booking sets it.
	Engine
	// Self is the originating company.
	Self charging.CompanyID

	Companies    Companies
	Alternatives Alternatives
	// Inbox reaches the trips whose lease another server of the company has;
	// nil where there is one server only.
	Inbox Inbox
	// ReserveSpan makes a span of time that of the trip's vehicle, in place of the
	// trip's former one, or refuses it (INVALID_WINDOW) because of another open
	// trip; asked before stops move beyond the trip's time. Nil admits all.
	ReserveSpan func(ctx context.Context, t trip.Trip, span charging.Window) error
	// CancelableUntil is the last instant (civil) at which a booked stop may be
	// canceled by its company's terms; false where they cannot be read. Nil: at
	// any time.
	CancelableUntil func(ctx context.Context, l trip.Leg) (until time.Time, known bool)
	// Now is civil time, by which terms are judged; nil is time.Now.
	Now func() time.Time
	// Until turns a civil instant into real time from now; nil is time.Until.
	Until func(time.Time) time.Duration
	// NewID makes reservation ids; tests inject theirs.
	NewID func() charging.ReservationID

	// HoldTTL is asked for every hold.
	HoldTTL time.Duration
	// StepBudget bounds the repeats of one call whose answer is unknown.
	StepBudget time.Duration
	// ConfirmBudget is what confirming all stops may take; holds are renewed
	// to have more left than that, and decisions end that long before the ticket.
	ConfirmBudget time.Duration
	// UnsettledBudget bounds the repeats against a trip that is confirming.
	UnsettledBudget time.Duration
	// SkipClaims leaves the claims out: only to measure what priority costs.
	SkipClaims bool
}

// ClockMargin is how far beyond a hold's TTL its lapse counts as certain.
const ClockMargin = 2 * time.Second

// withDefaults fills in what is zero.
func (o Options) withDefaults() Options {
	o.Engine = o.Engine.WithDefaults()
	if o.Inbox != nil {
		o.Engine.Inbox = inbox{o.Inbox}
	}
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&o.HoldTTL, 20*time.Second)
	def(&o.StepBudget, 3500*time.Millisecond)
	def(&o.ConfirmBudget, 5*time.Second)
	def(&o.UnsettledBudget, 2*time.Second)
	if o.Until == nil {
		o.Until = time.Until
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = newReservationID
	}
	return o
}

// Validate refuses a configuration under which a trip could lose its holds
// while its server is being replaced, or be owned twice during one call.
func (o Options) Validate() error {
	o = o.withDefaults()
	var errs []error
	if o.Self == "" || o.Companies == nil {
		errs = append(errs, errors.New("booking: Self and Companies are required"))
	}
	errs = append(errs, o.Engine.Validate())
	if recovery := o.Lease + o.Poll; o.HoldTTL <= recovery+o.ConfirmBudget {
		errs = append(errs, fmt.Errorf("booking: hold TTL %s must be longer than lease + poll + confirm budget (%s)", o.HoldTTL, recovery+o.ConfirmBudget))
	}
	if o.HoldTTL > charging.MaxHold {
		errs = append(errs, fmt.Errorf("booking: hold TTL %s is above the longest life of a hold, %s", o.HoldTTL, charging.MaxHold))
	}
	return errors.Join(errs...)
}

func newReservationID() charging.ReservationID {
	return charging.ReservationID(uuid.Must(uuid.NewV7()).String())
}
