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
func (c *core) overviewOptions() overview.Options {
	return overview.Options{
		Cars:  c.rooms.traffic.Count,
		EVSEs: func() int { return c.offer.Load().EVSEs() },
		Streams: func() int {
			n, _ := c.rooms.hub.Stats()
			return n
		},
		Plugged: func(ctx context.Context) ([]charging.ReservationID, error) { return c.rooms.desk.Plugged(ctx) },
		Trips:   c.eachOpenTrip,
	}
}

// openPage is how many trips are read at once.
const openPage = 500

// eachOpenTrip reads every open trip of the company, for what has to know them all after
// a start.
func (c *core) eachOpenTrip(ctx context.Context, each func(trip.Trip)) error {
	var open []trip.State
	for _, s := range trip.States() {
		if s.Open() {
			open = append(open, s)
		}
	}
	for after := ""; ; {
		page, next, err := c.rooms.store.Standing(ctx, after, openPage, open...)
		if err != nil {
			return err
		}
		for _, t := range page {
			c.rooms.traffic.Changed(t)
			each(t)
		}
		if after = next; next == "" {
			return nil
		}
	}
}

// stepped tells everybody who listens, here and at the other servers, what a saga has
// written to its journal.
func (n *news) stepped(t trip.Trip, entries []trip.Entry) {
	now := time.Now()
	n.rooms.overview.Steps(entries)
	n.rooms.hub.Publish(trip.EventHistory, now, t.VehicleID, t.ID, entries)
	n.rooms.replicas.Tell(replicas.Message{Kind: replicas.Steps, At: now, Vehicle: t.VehicleID, TripID: t.ID}, entries)
}

// heardSteps takes what a saga at another server has written.
func (n *news) heardSteps(m replicas.Message) {
	var entries []trip.Entry
	if json.Unmarshal(m.Data, &entries) == nil {
		n.rooms.overview.Steps(entries)
		n.rooms.hub.Publish(trip.EventHistory, m.At, m.Vehicle, m.TripID, m.Data)
	}
}

// clocks tells real and civil time.
func (c *core) clocks() api.Clock {
	told := api.Clock{Now: time.Now().UTC(), Clock: api.ClockReal, Civil: c.o.Clock.Now().UTC(), Speed: 1}
	if !c.o.Clock.real() {
		told.Clock, told.Speed = api.ClockCivil, c.o.Clock.Speed
	}
	return told
}
