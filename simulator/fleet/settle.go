package fleet

import (
	"context"
	"errors"
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
	found := Audit(t.s.Records)
	if r.options.Operators != nil && ctx.Err() == nil {
		bounded, cancel := context.WithTimeout(ctx, settleWithin)
		defer cancel()
		found = append(found, r.companies(bounded)...)
		t.s.LocksLeft = r.locks(bounded)
	}
	t.s.Imbalanced = len(found)
	t.s.Imbalances = found[:min(len(found), mostImbalances)]
}

// companies reads every trip of the fleet where it is owned, waits until it has
// ended, and compares.
func (r *run) companies(ctx context.Context) []Imbalance {
	var found []Imbalance
	keys := map[charging.VehicleID]key{}
	for _, k := range r.keys {
		keys[k.id.VehicleID] = k
	}
	open := 0
	for _, rec := range r.tally.s.Records {
		k := keys[rec.Vehicle]
		d, err := r.options.rest(k.server, k.id)
		if err != nil {
			return append(found, Imbalance{Vehicle: rec.Vehicle, What: "company", Detail: err.Error()})
		}
		for _, id := range rec.Trips {
			t, err := r.ended(ctx, d, id)
			if err != nil {
				found = append(found, Imbalance{rec.Vehicle, rec.Journey, "company", "trip " + string(id) + ": " + err.Error()})
				continue
			}
			if t.State.Open() {
				open++
			}
			found = append(found, rec.auditTrip(t)...)
		}
	}
	r.tally.s.TripsOpen = open
	return found
}

// ended reads a trip until it is over or ctx ends. A trip whose last window has
// yet to end by the civil clock is waited for.
func (r *run) ended(ctx context.Context, d *client.Driver, id charging.TripID) (trip.Trip, error) {
	for n := 0; ; n++ {
		t, err := d.Trip(ctx, id, 0)
		if err == nil && !t.State.Open() {
			return t, nil
		}
		if pause(ctx, min(backoff(n), time.Second)) != nil {
			return t, err
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
