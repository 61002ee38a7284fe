package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// settleWithin is how long, in real time, the companies may take after the last
// journey to end what was left to itself: holds of cars that gave up lapse after
// their TTL, windows that nobody used end by the civil clock.
const settleWithin = 2 * time.Minute

// mostImbalances are shown.
const mostImbalances = 20

// locations reads them from the first server that answers.
func (o Options) locations(ctx context.Context) ([]api.Location, error) {
	if o.Locations != nil {
		return o.Locations(ctx)
	}
	var errs []error
	for n := range o.Servers {
		d, err := o.rest(n, Identity{})
		if err != nil {
			return nil, err
		}
		list, err := d.Locations(ctx)
		if err == nil {
			return list, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

func (o Options) rest(server int, id Identity) (*client.Driver, error) {
	return client.NewDriver(client.DriverOptions{
		BaseURL: o.Servers[server].HTTP, User: string(id.VehicleID), Secret: id.Secret, HTTP: client.NewHTTP(nil),
	})
}

// settle audits the cars' books, and, where the companies can be asked, holds
// them against theirs.
func (r *run) settle(ctx context.Context) {
	t := r.tally
	slices.SortFunc(t.s.Records, func(a, b Record) int {
		if a.Car != b.Car {
			return a.Car - b.Car
		}
		return a.Journey - b.Journey
	})
	t.s.Civil, t.s.Real = r.options.Now().Sub(r.began), time.Since(t.began)
	var theirs []Imbalance
	if r.options.Operators != nil && ctx.Err() == nil {
		bounded, cancel := context.WithTimeout(ctx, settleWithin)
		defer cancel()
		theirs = r.companies(bounded)
		t.s.LocksLeft = r.locks(bounded)
	}
	found := append(Audit(t.s.Records), theirs...)
	if t.s.Rude > 0 && len(t.s.Manners) == 0 {
		found = append(found, Imbalance{What: "manners", Detail: fmt.Sprintf("cars without manners came to %d stops, and tried nothing", t.s.Rude)})
	}
	t.s.Imbalanced = len(found)
	t.s.Imbalances = found[:min(len(found), mostImbalances)]
}

// unsettled is a trip of the fleet that has not been read as ended.
type unsettled struct {
	record *Record
	id     charging.TripID
	at     *client.Driver
	last   trip.Trip // as it was read last
	err    error
}

// companies reads every trip of the fleet where it is owned, until all have ended or
// ctx ends, and compares. A trip whose last window has yet to end by the civil clock
// keeps none of the others waiting.
func (r *run) companies(ctx context.Context) []Imbalance {
	left, found := r.booked()
	for n := 0; len(left) > 0; n++ {
		left = slices.DeleteFunc(left, func(u *unsettled) bool {
			t, err := u.at.Trip(ctx, u.id, 0)
			if u.err = err; err != nil {
				return false
			}
			if u.last = t; t.State.Open() {
				return false
			}
			u.record.close(u.last)
			found = append(found, u.record.auditTrip(u.last)...)
			return true
		})
		if len(left) > 0 && pause(ctx, min(backoff(n), time.Second)) != nil {
			break
		}
	}
	for _, u := range left {
		why := "it is still open, " + string(u.last.State)
		if u.err != nil && u.last.ID == "" {
			why = u.err.Error()
		}
		found = append(found, Imbalance{u.record.Vehicle, u.record.Journey, "company", "trip " + string(u.id) + ": " + why})
	}
	r.tally.s.TripsOpen = len(left)
	return found
}

// booked lists every trip of the fleet.
func (r *run) booked() (all []*unsettled, found []Imbalance) {
	keys := map[charging.VehicleID]key{}
	for _, k := range r.keys {
		keys[k.id.VehicleID] = k
	}
	for n := range r.tally.s.Records {
		rec := &r.tally.s.Records[n]
		k := keys[rec.Vehicle]
		d, err := r.options.rest(k.server, k.id)
		if err != nil {
			return all, append(found, Imbalance{Vehicle: rec.Vehicle, What: "company", Detail: err.Error()})
		}
		for _, id := range rec.Trips {
			all = append(all, &unsettled{record: rec, id: id, at: d})
		}
	}
	return all, found
}

// close takes over when the company ended the sessions that the car said nothing
// about.
func (r *Record) close(t trip.Trip) {
	for i := range r.Sessions {
		s := &r.Sessions[i]
		for _, l := range t.Legs {
			if s.Silent && l.ReservationID == s.ReservationID && l.Session.Over() {
				s.Released = earlier(s.Released, l.Session.EndedAt)
			}
		}
	}
}

// locks counts the holds that are in force at the servers' companies, once they
// have had the time to lapse; −1 where a company does not say.
func (r *run) locks(ctx context.Context) int {
	for {
		left := 0
		for n, secret := range r.options.Operators {
			d, err := r.options.rest(n, Identity{VehicleID: "operator", Secret: secret})
			if err != nil {
				return -1
			}
			locks, err := d.Locks(ctx)
			if err != nil && ctx.Err() == nil {
				return -1
			}
			left += len(locks)
		}
		if left == 0 || pause(ctx, time.Second) != nil {
			return left
		}
	}
}
