package carapi

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// questions are what the CONFIRMED trips of each car ask, and what its alerts
// topic retains of that: all questions of the trip whose first deadline comes
// first. What another trip of the car asks is told, too, and retained once it is
// that one's turn; its own retained topic has it meanwhile.
type questions struct {
	mu   sync.Mutex
	cars map[charging.VehicleID]*asked
	// proposed are the stops of which a proposal of an occupied EVSE was told.
	proposed map[charging.TripID]charging.ReservationID
}

// asked is one car's part.
type asked struct {
	trips map[charging.TripID]trip.Trip
	// told is what was published last of each trip; retained is the trip whose
	// alert the topic keeps, or unsure.
	told     map[charging.TripID]string
	retained charging.TripID
}

func (q *questions) init() {
	q.cars = map[charging.VehicleID]*asked{}
	q.proposed = map[charging.TripID]charging.ReservationID{}
}

// asks reports whether a trip's questions wait for its car on the alerts topic.
// One that is not booked yet tells them in its answer and on its own topic.
func asks(t trip.Trip) bool { return t.State == trip.Confirmed && len(t.Decisions) > 0 }

// Heard notes a change of a trip that another server has published.
func (a *API) Heard(t trip.Trip) {
	q := &a.questions
	q.mu.Lock()
	defer q.mu.Unlock()
	if c := q.note(t); c != nil {
		for id, other := range c.trips {
			c.told[id] = said(other)
		}
		c.retained = c.first()
		q.tidy(t.VehicleID)
	}
	q.appears(t)
}

// postQuestions keeps the alerts topic of a trip's car.
func (a *API) postQuestions(t trip.Trip) {
	q := &a.questions
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.appears(t) {
		a.alertOf(t, *t.Proposal)
	}
	c := q.note(t)
	if c == nil {
		return
	}
	defer q.tidy(t.VehicleID)
	first := c.first()
	for id, other := range c.trips {
		if id != first && c.told[id] != said(other) {
			a.publishQuestions(other, false)
			c.told[id] = said(other)
		}
	}
	switch {
	case first == "" && c.retained != "":
		a.publish(carlink.AlertsTopic(t.VehicleID), nil, 1, true)
	case first != "" && (first != c.retained || c.told[first] != said(c.trips[first])):
		a.publishQuestions(c.trips[first], true)
		c.told[first] = said(c.trips[first])
	}
	c.retained = first
}

// note takes what a trip asks now; nil where neither it nor another trip of the
// car has asked anything.
func (q *questions) note(t trip.Trip) *asked {
	c := q.cars[t.VehicleID]
	switch {
	case asks(t):
		c = q.of(t.VehicleID)
		c.trips[t.ID] = t
	case c != nil:
		delete(c.trips, t.ID)
		delete(c.told, t.ID)
	}
	return c
}

// tidy forgets a car that is asked nothing.
func (q *questions) tidy(v charging.VehicleID) {
	if c := q.cars[v]; c != nil && len(c.trips) == 0 {
		delete(q.cars, v)
	}
}

// appears reports whether a trip proposes, as it did not before, to leave out an
// EVSE at which the car before this one still is. Other proposals are told by
// who makes them.
func (q *questions) appears(t trip.Trip) bool {
	p := t.Proposal
	if p == nil || p.Code != charging.CodeEVSEOccupied || t.State != trip.Confirmed || p.Leg < 1 || p.Leg > len(t.Legs) {
		delete(q.proposed, t.ID)
		return false
	}
	id := t.Legs[p.Leg-1].ReservationID
	before, told := q.proposed[t.ID]
	q.proposed[t.ID] = id
	return !told || before != id
}

// unsure is the trip of a retained alert that was found at a broker.
const unsure charging.TripID = "?"

// found takes what a broker retains, which may be of an earlier life: what is
// asked is published again, and what is asked no more is ended, with the next
// change of each trip.
func (q *questions) found(retained []carlink.Topic) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, c := range q.cars {
		clear(c.told)
	}
	for _, t := range retained {
		if t.Kind == carlink.KindAlerts {
			q.of(t.Vehicle).retained = unsure
		}
	}
}

// of is a car's part.
func (q *questions) of(v charging.VehicleID) *asked {
	c := q.cars[v]
	if c == nil {
		c = &asked{trips: map[charging.TripID]trip.Trip{}, told: map[charging.TripID]string{}}
		q.cars[v] = c
	}
	return c
}

func (q *questions) asking(v charging.VehicleID) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	c := q.cars[v]
	return c != nil && len(c.trips) > 0
}

// first is the trip whose first deadline comes first; empty for none.
func (c *asked) first() (id charging.TripID) {
	var by time.Time
	for other, t := range c.trips {
		ends := deadline(t)
		if id == "" || ends.Before(by) || ends.Equal(by) && other < id {
			id, by = other, ends
		}
	}
	return id
}

func deadline(t trip.Trip) time.Time {
	by := t.Decisions[0].ExpiresAt
	for _, d := range t.Decisions[1:] {
		if d.ExpiresAt.Before(by) {
			by = d.ExpiresAt
		}
	}
	return by
}

// said tells what a trip asks apart from what it asked before.
func said(t trip.Trip) string {
	s := ""
	for _, d := range t.Decisions {
		s += fmt.Sprintf("%d %s %d %d;", d.Leg, d.Code, d.ExpiresAt.UnixMilli(), len(d.Alternatives))
		for _, a := range d.Alternatives {
			s += a.ID + " "
		}
	}
	return s
}

func (a *API) publishQuestions(t trip.Trip, retained bool) {
	first := t.Decisions[0]
	raw, err := json.Marshal(carlink.Alert{
		At: a.o.Now().UTC(), Code: first.Code, Detail: first.Detail, TripID: t.ID, Leg: first.Leg, Decisions: t.Decisions,
	})
	if err != nil {
		a.o.Warn("questions have no JSON form", t.VehicleID, err)
		return
	}
	a.publish(carlink.AlertsTopic(t.VehicleID), raw, 1, retained)
}

func (a *API) alertOf(t trip.Trip, p trip.Decision) {
	raw, err := json.Marshal(p)
	if err != nil {
		return // plain data: cannot be
	}
	a.Alert(t.VehicleID, carlink.Alert{
		At: a.o.Now().UTC(), Code: p.Code, Detail: p.Detail, TripID: t.ID, Leg: p.Leg, Proposal: raw,
	})
}

// endAlert ends the retained alert of a car whose trips ask nothing. Only their
// records say so: a list may have missed one.
func (a *API) endAlert(ctx context.Context, topic carlink.Topic) {
	for offset := 0; !a.questions.asking(topic.Vehicle); offset += restorePage {
		page, total, err := a.o.Desk.List(ctx, trip.Query{VehicleID: topic.Vehicle, State: trip.Confirmed, Limit: restorePage, Offset: offset})
		if err != nil {
			return // as it was; the next Restore looks again
		}
		for _, t := range page {
			if asks(t) {
				a.board.putOld(t.Public())
				return
			}
		}
		if len(page) == 0 || offset+len(page) >= total {
			a.endQuestions(topic.Vehicle)
			return
		}
	}
}

func (a *API) endQuestions(v charging.VehicleID) {
	q := &a.questions
	q.mu.Lock()
	defer q.mu.Unlock()
	if c := q.cars[v]; c != nil && len(c.trips) == 0 {
		a.publish(carlink.AlertsTopic(v), nil, 1, true)
		delete(q.cars, v)
	}
}
