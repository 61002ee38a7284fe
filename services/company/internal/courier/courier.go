// Package courier carries what an operator says to a driver: it is kept here, shown to
// whoever listens for the vehicle here, and handed on to the companies where the
// vehicle's trips with a stop here began (docs/adr/0021-what-the-owner-sees-and-does.md).
package courier

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Kept are the messages of this company's store.
type Kept interface {
	Keep(ctx context.Context, v charging.VehicleID, m charging.Message) (kept charging.Message, replay bool, err error)
	Of(ctx context.Context, v charging.VehicleID) ([]charging.Message, error)
}

// Trips are those that began here, newest first.
type Trips interface {
	List(ctx context.Context, q trip.Query) ([]trip.Trip, int, error)
}

// Options of a Courier; all are required.
type Options struct {
	Self  charging.CompanyID
	Kept  Kept
	Trips Trips
	// Booked lists what a vehicle has at this company's EVSEs.
	Booked func(ctx context.Context, v charging.VehicleID) ([]charging.Reservation, error)
	// HandOn gives a message to another company.
	HandOn func(ctx context.Context, to charging.CompanyID, v charging.VehicleID, m charging.Message) error
	// Show shows a new message to who listens for its vehicle here; it must not block.
	Show func(v charging.VehicleID, m charging.Message)
}

// Courier is safe for use by many goroutines.
type Courier struct{ o Options }

// New makes a courier.
func New(o Options) (*Courier, error) {
	if o.Self == "" || o.Kept == nil || o.Trips == nil || o.Booked == nil || o.HandOn == nil || o.Show == nil {
		return nil, errors.New("courier: all options are required")
	}
	return &Courier{o}, nil
}

// Of lists what a vehicle was told here, newest first.
func (c *Courier) Of(ctx context.Context, v charging.VehicleID) ([]charging.Message, error) {
	return c.o.Kept.Of(ctx, v)
}

// Send says something to the driver of a vehicle that has a booking here, or an open
// trip that began here. A repeat under the same id is handed on again, and shown to
// nobody again. FORBIDDEN, ID_REUSED, RATE_LIMITED, STORE_UNAVAILABLE.
func (c *Courier) Send(ctx context.Context, v charging.VehicleID, m charging.Message) (api.MessageSent, bool, error) {
	m.From = c.o.Self
	booked, err := c.o.Booked(ctx, v)
	if err != nil {
		return api.MessageSent{}, false, err
	}
	own, err := c.open(ctx, v, "")
	if err != nil {
		return api.MessageSent{}, false, err
	}
	about, ok := concerns(m, booked, own)
	if !ok {
		return api.MessageSent{}, false, charging.Refuse(charging.CodeForbidden,
			string(v)+" has no booking and no open trip at "+string(c.o.Self)+" that this is about: an operator writes to those who come")
	}
	kept, replay, err := c.o.Kept.Keep(ctx, v, m)
	if err != nil {
		return api.MessageSent{}, false, err
	}
	if !replay {
		c.o.Show(v, kept)
	}
	return api.MessageSent{Message: kept, Told: c.handOn(ctx, about, v, kept)}, replay, nil
}

// concerns are the companies where the trips that a message is about began; ok is false
// where it is about none of what the vehicle has here.
func concerns(m charging.Message, booked []charging.Reservation, own []trip.Trip) (origins []charging.CompanyID, ok bool) {
	for _, r := range booked {
		if (m.TripID == "" || m.TripID == r.TripID) && (m.ReservationID == "" || m.ReservationID == r.ID) {
			origins, ok = append(origins, r.Origin), true
		}
	}
	for _, t := range own {
		if m.TripID != "" && m.TripID != t.ID {
			continue
		}
		ok = ok || m.ReservationID == "" || slices.ContainsFunc(t.Legs, func(l trip.Leg) bool { return l.ReservationID == m.ReservationID })
	}
	slices.Sort(origins)
	return slices.Compact(origins), ok
}

// handOn gives a message to other companies, all at once.
func (c *Courier) handOn(ctx context.Context, to []charging.CompanyID, v charging.VehicleID, m charging.Message) []api.MessageTold {
	to = slices.DeleteFunc(to, func(id charging.CompanyID) bool { return id == c.o.Self })
	told := make([]api.MessageTold, len(to))
	var all sync.WaitGroup
	for i, id := range to {
		all.Go(func() {
			told[i] = api.MessageTold{CompanyID: id, OK: true}
			if err := c.o.HandOn(ctx, id, v, m); err != nil {
				told[i] = api.MessageTold{CompanyID: id, Detail: err.Error()}
			}
		})
	}
	all.Wait()
	return told
}

// Receive takes a message of another company for a vehicle with an open trip that began
// here and has a stop there. FORBIDDEN, ID_REUSED, RATE_LIMITED, STORE_UNAVAILABLE.
func (c *Courier) Receive(ctx context.Context, v charging.VehicleID, m charging.Message) error {
	trips, err := c.open(ctx, v, m.From)
	if err != nil {
		return err
	}
	if _, ok := concerns(m, nil, trips); !ok {
		return charging.Refuse(charging.CodeForbidden, string(v)+" has no open trip of "+string(c.o.Self)+" with a stop at "+string(m.From)+" that this is about")
	}
	kept, replay, err := c.o.Kept.Keep(ctx, v, m)
	if err == nil && !replay {
		c.o.Show(v, kept)
	}
	return err
}

// open are a vehicle's open trips that began here, with a stop at a company where one is
// named.
func (c *Courier) open(ctx context.Context, v charging.VehicleID, with charging.CompanyID) ([]trip.Trip, error) {
	trips, _, err := c.o.Trips.List(ctx, trip.Query{VehicleID: v, CompanyID: with, Limit: newest})
	return slices.DeleteFunc(trips, func(t trip.Trip) bool { return !t.State.Open() }), err
}

// newest of a vehicle's trips are looked at.
const newest = 50
