package app

import (
	"context"
	"encoding/json"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/replicas"
)

// openReplicas makes the link to the other servers of the company that share
// the store.
func (a *App) openReplicas(context.Context) (err error) {
	if a.rooms.server, err = newOwner(a.o.Company); err != nil {
		return err
	}
	a.rooms.again, a.rooms.resuspend = make(chan struct{}, 1), make(chan struct{}, 1)
	a.rooms.replicas, err = replicas.New(replicas.Options{
		Company: a.o.Company, Server: a.rooms.server, Wire: a.rooms.store, Hear: a.heard, Missed: a.missed,
		Gone: func() { a.rooms.desk.Survey() }, // what it was to do here is taken up now
	})
	return err
}

// ring tells the server that has a trip's lease that a forwarded command lies there.
func (a *App) ring(id charging.TripID) {
	a.rooms.replicas.Tell(replicas.Message{Kind: replicas.Letter, TripID: id}, nil)
}

// handOver tells the others that this server has given a trip back.
func (a *App) handOver() { a.rooms.replicas.Tell(replicas.Message{Kind: replicas.HandOver}, nil) }

// tripChanged tells everybody who listens, here and at the other servers, about
// a change of a trip.
func (a *App) tripChanged(t trip.Trip) {
	now, public := time.Now(), t.Public()
	a.rooms.hub.Publish(trip.EventTrip, now, t.VehicleID, t.ID, public)
	a.rooms.cars.Changed(t)
	a.rooms.roadside.Changed(t)
	a.rooms.traffic.Changed(t)
	a.rooms.overview.Trip(t)
	m := replicas.Message{Kind: replicas.Trip, At: now, Vehicle: t.VehicleID, TripID: t.ID}
	if t.Saga != nil {
		m.Epoch = t.Saga.Epoch
	}
	a.rooms.replicas.Tell(m, public)
}

// calendarChanged tells everybody who listens, here and at the other servers,
// and the peers, about a change of a reservation here.
func (a *App) calendarChanged(r charging.Reservation) {
	now, public := time.Now(), api.ReservationOf(r)
	a.rooms.hub.Publish(trip.EventReservation, now, r.VehicleID, r.TripID, public)
	a.rooms.overview.Reservation(r)
	a.rooms.replicas.Tell(replicas.Message{Kind: replicas.Reservation, At: now, Vehicle: r.VehicleID, TripID: r.TripID}, public)
	a.showEntry(now, r)
	a.post(r.EVSEID, r.State, r.Window)
}

// post puts a change up for the peers that listen to this server's broker.
func (a *App) post(evse charging.EVSEID, s charging.State, w charging.Window) {
	if evse != "" {
		a.rooms.coalescer.put(carlink.Change{At: a.o.Clock.Now(), EVSEID: evse, State: s, Window: w})
	}
}

// heard takes what another server of the company tells: its trips, reservations
// and cars are shown here as if they were here.
func (a *App) heard(m replicas.Message) {
	switch m.Kind {
	case replicas.Letter:
		a.rooms.saga.OnNotify(m.TripID)
	case replicas.HandOver:
		a.rooms.saga.Look()
	case replicas.Revoked:
		a.recheckLogins()
	case replicas.Suspended:
		a.resuspend()
	case replicas.Trip:
		a.heardTrip(m)
	case replicas.Reservation:
		var r api.Reservation
		if json.Unmarshal(m.Data, &r) == nil {
			a.rooms.hub.Publish(trip.EventReservation, m.At, m.Vehicle, m.TripID, m.Data)
			a.rooms.overview.Reservation(r.Charging())
			a.showEntry(m.At, r.Charging())
			if !a.sharedBroker() {
				if a.rooms.embeddedBroker != nil {
					a.post(r.EVSEID, r.State, charging.Window{Start: r.Start, End: r.End})
				}
			}
		}
	case replicas.Outage:
		a.heardOutage(m)
	case replicas.Act:
		a.heardAct(m)
	case replicas.Said:
		a.heardSaid(m)
	case replicas.Car:
		a.heardCar(m)
	case replicas.Steps:
		a.heardSteps(m)
	}
}

// heardTrip shows a trip of another server, unless this one has taken it over
// since.
func (a *App) heardTrip(m replicas.Message) {
	if own, here := a.rooms.saga.Peek(m.TripID); here && own.Saga != nil && own.Saga.Epoch > m.Epoch {
		return
	}
	var t trip.Trip
	if json.Unmarshal(m.Data, &t) != nil {
		return
	}
	a.rooms.hub.Publish(trip.EventTrip, m.At, m.Vehicle, m.TripID, m.Data)
	if a.sharedBroker() { // the other server has published it where all cars are
		a.rooms.cars.Heard(t)
	} else {
		a.rooms.cars.Changed(t)
	}
	a.rooms.roadside.Changed(t)
	a.rooms.traffic.Changed(t)
	a.rooms.overview.Trip(t)
}

// missed makes everybody who shows something take a snapshot.
func (a *App) missed() {
	a.rooms.hub.Publish(trip.EventReset, time.Now(), "", "", struct{}{})
	a.rooms.overview.Missed()
	a.restoreTrips()
}

// restoreTrips asks for the retained trips to be published once more, soon.
func (a *App) restoreTrips() {
	select {
	case a.rooms.again <- struct{}{}:
	default: // it is under way
	}
}

// keepRetained publishes every open trip to its car: at the start, because what
// a broker retained is of an earlier life, whenever changes were missed, and
// when a broker elsewhere is there again.
func (a *App) keepRetained(ctx context.Context) {
	for {
		if err := a.rooms.cars.Restore(ctx, a.rooms.broker.Retained); err != nil && ctx.Err() == nil {
			a.tell("carapi")("cars do not see their open trips until these change", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-a.rooms.again:
		}
	}
}
