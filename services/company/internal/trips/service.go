package trips

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/admission"
	"github.com/eletrovia/eletrovia/services/company/internal/booking"
)

// Sagas is the coordinator of the trips in flight.
type Sagas interface {
	// MayStart refuses what Start would refuse now, before any other work.
	MayStart() error
	Start(ctx context.Context, t trip.Trip) (trip.Trip, error)
	// OnIdle calls f once a trip keeps this server busy no more.
	OnIdle(id charging.TripID, f func(booked bool))
	Wait(ctx context.Context, id charging.TripID) (trip.Trip, error)
	// Current is a trip that runs here and is nowhere further.
	Current(id charging.TripID) (trip.Trip, bool)
	Decide(ctx context.Context, id charging.TripID, c booking.Choice) (trip.Trip, error)
	Cancel(ctx context.Context, id charging.TripID) (trip.Trip, error)
	// WaitEnd is Wait for a trip that is being canceled.
	WaitEnd(ctx context.Context, id charging.TripID) (trip.Trip, error)
	Plug(ctx context.Context, id charging.TripID, v booking.Visit) (trip.Trip, error)
	Unplug(ctx context.Context, id charging.TripID, v booking.Visit) (trip.Trip, error)
	Shift(ctx context.Context, id charging.TripID, legs []trip.Leg) (trip.Trip, error)
	Retry(ctx context.Context, id charging.TripID) (trip.Trip, error)
	Resolve(ctx context.Context, id charging.TripID, reason string) (trip.Trip, error)
	Notice(ctx context.Context, n charging.Notice) error
}

var _ Sagas = (*booking.Coordinator)(nil)

// Catalogue is what the federation offers, as far as this server knows it.
type Catalogue interface {
	// Locations of all companies whose catalogue is known, and since when.
	Locations(ctx context.Context) ([]charging.Location, map[charging.CompanyID]time.Time)
	// LocationOf finds the site of an EVSE. UNKNOWN_EVSE; PEER_UNAVAILABLE
	// when its company has never been read.
	LocationOf(ctx context.Context, evse charging.EVSEID) (charging.Location, error)
	// Availability asks the owners for free windows; companies that do not
	// answer are missing, with their errors in the map.
	Availability(ctx context.Context, evses []charging.EVSEID, w charging.Window) ([]charging.Free, map[charging.CompanyID]error)
	// Calendars are the free windows in the time need, and when each company said so: not
	// long ago. What is not known is asked for, with the wider ask.
	Calendars(ctx context.Context, evses []charging.EVSEID, need, ask charging.Window) ([]charging.Free, map[charging.CompanyID]time.Time, map[charging.CompanyID]error)
}

// Models knows the vehicles that have registered with this company.
type Models interface {
	// ModelOf is the id of pkg/vehicle that a vehicle has registered with; false
	// where it is not known.
	ModelOf(ctx context.Context, id charging.VehicleID) (string, bool)
}

// Driven knows what a trip's car has reported so far.
type Driven interface {
	Of(ctx context.Context, id charging.TripID) trip.Driven
}

// Options of a Service.
type Options struct {
	Self      charging.CompanyID
	Records   Records
	Sagas     Sagas
	Catalogue Catalogue
	Advisor   *Advisor
	// Models may be nil: then none is known.
	Models Models
	// Driven may be nil: then no trip shows its battery as it was driven.
	Driven Driven
	// Now is civil time: windows are judged by it.
	Now func() time.Time
	// PlanLife is how long a plan can be booked; default 30 min.
	PlanLife time.Duration
	// Trips and Plans let new work in, as much as the server can do; nil lets
	// everything in.
	Trips, Plans *admission.Gate
	// MaxAhead bounds how far ahead a window may start; default charging.MaxAhead.
	MaxAhead time.Duration
}

// Service is the front desk.
type Service struct {
	*Options
	*reading
	*planning
	*originator
}

// reading shows trips.
type reading struct{ *Options }

// planning makes plans, and puts them into trips.
type planning struct{ *Options }

// originator answers the companies that take part in trips of this one.
type originator struct {
	*Options
	forgotten forgotten
}

// Locations of the whole federation, and how old each company's part is.
func (s *Service) Locations(ctx context.Context) ([]charging.Location, map[charging.CompanyID]time.Time) {
	return s.Catalogue.Locations(ctx)
}

// Availability of one EVSE of any company. UNKNOWN_EVSE, INVALID_WINDOW,
// PEER_UNAVAILABLE.
func (s *Service) Availability(ctx context.Context, evse charging.EVSEID, w charging.Window) (charging.Free, error) {
	if err := evse.Validate(); err != nil {
		return charging.Free{}, err
	}
	if !w.End.After(w.Start) || w.Duration() > s.MaxAhead {
		return charging.Free{}, invalidWindow("to", "must be after from, and not too far from it")
	}
	if _, err := s.Catalogue.LocationOf(ctx, evse); err != nil {
		return charging.Free{}, err
	}
	free, missing := s.Catalogue.Availability(ctx, []charging.EVSEID{evse}, w)
	if err := missing[evse.Company()]; err != nil {
		return charging.Free{}, &charging.Refusal{
			Code: charging.CodePeerUnavailable, Detail: string(evse.Company()) + " does not answer; ask again shortly", RetryAfter: time.Second, Cause: err,
		}
	}
	for _, f := range free {
		if f.EVSEID == evse {
			return f, nil
		}
	}
	return charging.Free{EVSEID: evse}, nil
}

// New completes the options.
func New(o Options) (*Service, error) {
	if o.Self == "" || o.Records == nil || o.Sagas == nil || o.Catalogue == nil || o.Advisor == nil {
		return nil, errors.New("trips: Self, Records, Sagas, Catalogue and Advisor are required")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.PlanLife = cmp.Or(o.PlanLife, 30*time.Minute)
	o.MaxAhead = cmp.Or(o.MaxAhead, charging.MaxAhead)
	return &Service{&o, &reading{&o}, &planning{&o}, &originator{Options: &o}}, nil
}

func newTripID() charging.TripID { return charging.TripID(uuid.Must(uuid.NewV7()).String()) }

// Trip reads one trip: from its run where that is sure to be current, else from the journal.
// The saga's own part is left out.
func (s *reading) Trip(ctx context.Context, id charging.TripID) (trip.Trip, error) {
	t, err := s.load(ctx, id)
	return t.Public(), err
}

func (s *reading) load(ctx context.Context, id charging.TripID) (trip.Trip, error) {
	if err := id.Validate(); err != nil {
		return trip.Trip{}, err
	}
	if t, ok := s.Sagas.Current(id); ok {
		return t, nil
	}
	return s.Records.Load(ctx, id)
}

// Wait reads the trip as soon as it is settled, awaits a decision, or the
// context ends.
func (s *reading) Wait(ctx context.Context, id charging.TripID) (trip.Trip, error) {
	t, err := s.Sagas.Wait(ctx, id)
	return t.Public(), err
}

// List gives a page of trips, newest first, and how many match.
func (s *reading) List(ctx context.Context, q trip.Query) ([]trip.Trip, int, error) {
	if q.State != "" && !q.State.Valid() {
		return nil, 0, charging.Invalid("state", "is none of the states of a trip")
	}
	ts, n, err := s.Records.List(ctx, q)
	return shown(ts, q), n, err
}

// Page gives the trips that a query wants after its cursor, newest first, and the cursor
// of what follows, empty where nothing does. INVALID_FIELD for a cursor that is none.
func (s *reading) Page(ctx context.Context, q trip.Query) ([]trip.Trip, string, error) {
	ts, next, err := s.Records.Page(ctx, q)
	return shown(ts, q), next, err
}

// shown are trips as who asks for them may see them: operators see why one is stuck.
func shown(ts []trip.Trip, q trip.Query) []trip.Trip {
	for i := range ts {
		if !q.Stuck {
			ts[i] = ts[i].Public()
		}
	}
	return ts
}

// History is the journal of a trip's saga.
func (s *reading) History(ctx context.Context, id charging.TripID) ([]trip.Entry, error) {
	if err := id.Validate(); err != nil {
		return nil, err
	}
	return s.Records.History(ctx, id)
}

// Retry looks at a stuck trip at once, for an operator.
func (s *Service) Retry(ctx context.Context, id charging.TripID) (trip.Trip, error) {
	t, err := s.Sagas.Retry(ctx, id)
	return t.Public(), err
}

// Resolve ends a stuck trip by an operator's word.
func (s *Service) Resolve(ctx context.Context, id charging.TripID, reason string) (trip.Trip, error) {
	t, err := s.Sagas.Resolve(ctx, id, reason)
	return t.Public(), err
}
