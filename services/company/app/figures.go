package app

import (
	"context"
	"encoding/json"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/overview"
	"github.com/eletrovia/eletrovia/services/company/internal/replicas"
)

// overviewOptions are what the figures are made of, besides what passes by.
func (a *App) overviewOptions() overview.Options {
	return overview.Options{
		Cars:  a.rooms.traffic.Count,
		EVSEs: func() int { return a.offer.Load().EVSEs() },
		Streams: func() int {
			n, _ := a.rooms.hub.Stats()
			return n
		},
		Plugged: func(ctx context.Context) ([]charging.ReservationID, error) { return a.rooms.desk.Plugged(ctx) },
		Trips:   a.eachOpenTrip,
	}
}

// openPage is how many trips are read at once.
const openPage = 500

// eachOpenTrip reads every open trip of the company, for what has to know them all after
// a start.
func (a *App) eachOpenTrip(ctx context.Context, each func(trip.Trip)) error {
	var open []trip.State
	for _, s := range trip.States() {
		if s.Open() {
			open = append(open, s)
		}
	}
	for after := ""; ; {
		page, next, err := a.rooms.store.Standing(ctx, after, openPage, open...)
		if err != nil {
			return err
		}
		for _, t := range page {
			a.rooms.traffic.Changed(t)
			each(t)
		}
		if after = next; next == "" {
			return nil
		}
	}
}

// stepped tells everybody who listens, here and at the other servers, what a saga has
// written to its journal.
func (a *App) stepped(t trip.Trip, entries []trip.Entry) {
	now := time.Now()
	a.rooms.overview.Steps(entries)
	a.rooms.hub.Publish(trip.EventHistory, now, t.VehicleID, t.ID, entries)
	a.rooms.replicas.Tell(replicas.Message{Kind: replicas.Steps, At: now, Vehicle: t.VehicleID, TripID: t.ID}, entries)
}

// heardSteps takes what a saga at another server has written.
func (a *App) heardSteps(m replicas.Message) {
	var entries []trip.Entry
	if json.Unmarshal(m.Data, &entries) == nil {
		a.rooms.overview.Steps(entries)
		a.rooms.hub.Publish(trip.EventHistory, m.At, m.Vehicle, m.TripID, m.Data)
	}
}

// clocks tells real and civil time.
func (a *App) clocks() api.Clock {
	c := api.Clock{Now: time.Now().UTC(), Clock: api.ClockReal, Civil: a.o.Clock.Now().UTC(), Speed: 1}
	if !a.o.Clock.real() {
		c.Clock, c.Speed = api.ClockCivil, a.o.Clock.Speed
	}
	return c
}
