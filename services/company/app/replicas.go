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

// news is what happens: what happens here is told to the streams, the cars, the peers and
// the company's other servers, and what those tell is shown here.
type news struct {
	*core
	trust     *trust
	suspender *suspender
}

// openReplicas makes the link to the other servers of the company that share
// the store.
func (a *App) openReplicas(context.Context) (err error) {
	if a.rooms.server, err = newOwner(a.o.Company); err != nil {
		return err
	}
	a.rooms.again, a.rooms.resuspend = make(chan struct{}, 1), make(chan struct{}, 1)
	a.rooms.replicas, err = replicas.New(replicas.Options{
		Company: a.o.Company, Server: a.rooms.server, Wire: a.rooms.store, Hear: a.news.heard, Missed: a.news.missed,
		Gone: func() { a.rooms.desk.Survey() }, // what it was to do here is taken up now
	})
	return err
}

// ring tells the server that has a trip's lease that a forwarded command lies there.
func (n *news) ring(id charging.TripID) {
	n.rooms.replicas.Tell(replicas.Message{Kind: replicas.Letter, TripID: id}, nil)
}

// handOver tells the others that this server has given a trip back.
func (n *news) handOver() { n.rooms.replicas.Tell(replicas.Message{Kind: replicas.HandOver}, nil) }

// tripChanged tells everybody who listens, here and at the other servers, about
// a change of a trip.
func (n *news) tripChanged(t trip.Trip) {
	now, public := time.Now(), t.Public()
	n.rooms.hub.Publish(trip.EventTrip, now, t.VehicleID, t.ID, public)
	n.rooms.cars.Changed(t)
	n.rooms.roadside.Changed(t)
	n.rooms.traffic.Changed(t)
	n.rooms.overview.Trip(t)
	m := replicas.Message{Kind: replicas.Trip, At: now, Vehicle: t.VehicleID, TripID: t.ID}
	if t.Saga != nil {
		m.Epoch = t.Saga.Epoch
	}
	n.rooms.replicas.Tell(m, public)
}

// calendarChanged tells everybody who listens, here and at the other servers,
// and the peers, about a change of a reservation here.
func (n *news) calendarChanged(r charging.Reservation) {
	now, public := time.Now(), api.ReservationOf(r)
	n.rooms.hub.Publish(trip.EventReservation, now, r.VehicleID, r.TripID, public)
	n.rooms.overview.Reservation(r)
	n.rooms.replicas.Tell(replicas.Message{Kind: replicas.Reservation, At: now, Vehicle: r.VehicleID, TripID: r.TripID}, public)
	n.showEntry(now, r)
	n.post(r.EVSEID, r.State, r.Window)
}

// post puts a change up for the peers that listen to this server's broker.
func (n *news) post(evse charging.EVSEID, s charging.State, w charging.Window) {
	if evse != "" {
		n.rooms.coalescer.put(carlink.Change{At: n.o.Clock.Now(), EVSEID: evse, State: s, Window: w})
	}
}

// heard takes what another server of the company tells: its trips, reservations
// and cars are shown here as if they were here.
func (n *news) heard(m replicas.Message) {
	switch m.Kind {
	case replicas.Letter:
		n.rooms.saga.OnNotify(m.TripID)
	case replicas.HandOver:
		n.rooms.saga.Look()
	case replicas.Revoked:
		n.trust.recheckLogins()
	case replicas.Suspended:
		n.suspender.resuspend()
	case replicas.Trip:
		n.heardTrip(m)
	case replicas.Reservation:
		var r api.Reservation
		if json.Unmarshal(m.Data, &r) == nil {
			n.rooms.hub.Publish(trip.EventReservation, m.At, m.Vehicle, m.TripID, m.Data)
			n.rooms.overview.Reservation(r.Charging())
			n.showEntry(m.At, r.Charging())
			if !n.sharedBroker() {
				if n.rooms.embeddedBroker != nil {
					n.post(r.EVSEID, r.State, charging.Window{Start: r.Start, End: r.End})
				}
			}
		}
	case replicas.Outage:
		n.heardOutage(m)
	case replicas.Act:
		n.heardAct(m)
	case replicas.Said:
		n.heardSaid(m)
	case replicas.Car:
		n.heardCar(m)
	case replicas.Steps:
		n.heardSteps(m)
	}
}

// heardTrip shows a trip of another server, unless this one has taken it over
// since.
func (n *news) heardTrip(m replicas.Message) {
	if own, here := n.rooms.saga.Peek(m.TripID); here && own.Saga != nil && own.Saga.Epoch > m.Epoch {
		return
	}
	var t trip.Trip
	if json.Unmarshal(m.Data, &t) != nil {
		return
	}
	n.rooms.hub.Publish(trip.EventTrip, m.At, m.Vehicle, m.TripID, m.Data)
	if n.sharedBroker() { // the other server has published it where all cars are
		n.rooms.cars.Heard(t)
	} else {
		n.rooms.cars.Changed(t)
	}
	n.rooms.roadside.Changed(t)
	n.rooms.traffic.Changed(t)
	n.rooms.overview.Trip(t)
}

// missed makes everybody who shows something take a snapshot.
func (n *news) missed() {
	n.rooms.hub.Publish(trip.EventReset, time.Now(), "", "", struct{}{})
	n.rooms.overview.Missed()
	n.restoreTrips()
}

// restoreTrips asks for the retained trips to be published once more, soon.
func (n *news) restoreTrips() {
	select {
	case n.rooms.again <- struct{}{}:
	default: // it is under way
	}
}

// keepRetained publishes every open trip to its car: at the start, because what
// a broker retained is of an earlier life, whenever changes were missed, and
// when a broker elsewhere is there again.
func (n *news) keepRetained(ctx context.Context) {
	for {
		if err := n.rooms.cars.Restore(ctx, n.rooms.broker.Retained); err != nil && ctx.Err() == nil {
			n.tell("carapi")("cars do not see their open trips until these change", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-n.rooms.again:
		}
	}
}
