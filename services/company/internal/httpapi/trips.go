package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// tripsAPI is what a driver does with trips, and an operator reads of them.
type tripsAPI struct {
	self      charging.CompanyID
	front     booker
	elsewhere Elsewhere
	now       func() time.Time
	life      context.Context
}

func (a *tripsAPI) routes(g *guards) []route {
	const trips, one = "/api/v1/trips", "/api/v1/trips/:trip_id"
	return []route{
		{post, trips, g.known(a.createTrip)},
		{get, trips, g.traveller(a.listTrips)},
		{get, one, g.trip(a.getTrip)},
		{del, one, g.trip(a.cancelTrip)},
		{post, one + "/decision", g.trip(a.decide)},
		{get, one + "/alternatives", g.trip(a.alternatives)},
		{post, one + "/swap", g.trip(a.swap)},
		{get, one + "/history", g.trip(a.history)},
	}
}

// createTrip answers POST /api/v1/trips: 201 and the trip, for a repeat too.
func (a *tripsAPI) createTrip(c echo.Context, who identity.Caller) error {
	if who.Kind != identity.Vehicle {
		return charging.Refuse(charging.CodeForbidden, "only a vehicle books, and only for itself")
	}
	raw, err := body(c)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(c.Request().Header)
	if err != nil {
		return err
	}
	// What may be the repeat of a request is judged by the clock later.
	req, err := api.DecodeTrip(raw, time.Time{})
	if err != nil {
		return err
	}
	if req.VehicleID != who.Vehicle {
		return charging.Refuse(charging.CodeForbidden, fmt.Sprintf("%s may not book for %s", who.Vehicle, req.VehicleID))
	}
	ctx, cancel := lasting(c)
	defer cancel()
	t, replayed, err := a.front.Start(ctx, req, key)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Location", "/api/v1/trips/"+string(t.ID))
	if replayed {
		h.Set("Idempotent-Replayed", "true")
	}
	if t, err = a.preferred(c, t); err != nil {
		return err
	}
	return answer(c, http.StatusCreated, t.Public())
}

// idempotencyKey takes the Idempotency-Key header: one, of 1 to 128 printable
// ASCII characters, or none. INVALID_FIELD.
func idempotencyKey(h http.Header) (string, error) {
	keys := h.Values("Idempotency-Key")
	switch {
	case len(keys) == 0:
		return "", nil
	case len(keys) > 1:
		return "", charging.Invalid("Idempotency-Key", "is given more than once")
	case keys[0] == "":
		return "", charging.Invalid("Idempotency-Key", "is empty; leave it out, or give 1 to 128 characters")
	}
	return keys[0], api.CheckIdempotencyKey(keys[0])
}

// preferred waits as long as the caller prefers for a trip to be settled or to
// need a decision.
func (a *tripsAPI) preferred(c echo.Context, t trip.Trip) (trip.Trip, error) {
	wait, ok := preferWait(c.Request().Header)
	if !ok {
		return t, nil
	}
	c.Response().Header().Set("Preference-Applied", "wait="+strconv.Itoa(int(wait.Seconds())))
	if wait == 0 || t.State.Settled() || t.State == trip.AwaitingDecision {
		return t, nil
	}
	answerBy(c, wait)
	ctx, cancel := context.WithTimeout(c.Request().Context(), wait)
	defer cancel()
	defer context.AfterFunc(a.life, cancel)()
	now, err := a.front.Wait(ctx, t.ID)
	if err != nil && ctx.Err() != nil {
		return t, nil // as it was: the wait is over, not the trip
	}
	return now, err
}

// tripOf reads the trip of the path for somebody who may see it. UNKNOWN_TRIP,
// FORBIDDEN.
func tripOf(c echo.Context, who identity.Caller, read func(context.Context, charging.TripID) (trip.Trip, error)) (trip.Trip, error) {
	id, err := pathID[charging.TripID](c, "trip_id")
	if err != nil {
		return trip.Trip{}, err
	}
	t, err := read(c.Request().Context(), id)
	if err == nil && !who.May(t.VehicleID) {
		err = charging.Refuse(charging.CodeForbidden, "the trip belongs to another vehicle")
	}
	return t, err
}

// ownTrip is tripOf for what a vehicle alone may do.
func (a *tripsAPI) ownTrip(c echo.Context, who identity.Caller) (trip.Trip, error) {
	t, err := tripOf(c, who, a.front.Trip)
	if err == nil && who.Kind != identity.Vehicle {
		err = charging.Refuse(charging.CodeForbidden, "only the trip's own vehicle decides about it; an operator can retry or resolve a stuck one")
	}
	return t, err
}

// getTrip answers GET /api/v1/trips/{trip_id}.
func (a *tripsAPI) getTrip(c echo.Context, who identity.Caller) error {
	t, err := tripOf(c, who, a.front.Trip)
	if err != nil {
		return err
	}
	if t, err = a.preferred(c, t); err != nil {
		return err
	}
	return answer(c, http.StatusOK, planFor(who, a.front.WithPlan(c.Request().Context(), t.Public())))
}

// listTrips answers GET /api/v1/trips, newest first: a vehicle's of all companies, the
// operator's of its own; a page by its offset, or by a cursor where the query has one,
// empty to begin.
func (a *tripsAPI) listTrips(c echo.Context, who identity.Caller) error {
	if a.elsewhere != nil {
		if others := a.elsewhere.Companies(who); len(others) > 0 {
			return a.tripsOfAll(c, who, others)
		}
	}
	q, p, err := queryOf(c, who)
	if err != nil {
		return err
	}
	own, err := a.ownTrips(c.Request().Context(), who, q, byCursor(c))
	if err != nil {
		return err
	}
	if byCursor(c) {
		p.follow(c, own.next)
	} else {
		p.link(c, own.total)
	}
	return answer(c, http.StatusOK, own.trips)
}

// byCursor reports whether a page is asked for by its cursor.
func byCursor(c echo.Context) bool { return c.QueryParams().Has("cursor") }

// ownPage is a page of this company's trips: by offset with how many there are, by cursor
// with that of what follows.
type ownPage struct {
	trips []trip.Trip
	total int
	next  string
}

// ownTrips reads a page, as who asks may see it.
func (a *tripsAPI) ownTrips(ctx context.Context, who identity.Caller, q trip.Query, cursor bool) (own ownPage, err error) {
	var list []trip.Trip
	if cursor {
		list, own.next, err = a.front.Page(ctx, q)
	} else {
		list, own.total, err = a.front.List(ctx, q)
	}
	if err != nil {
		return own, err
	}
	own.trips = make([]trip.Trip, len(list))
	for i, t := range list {
		own.trips[i] = t.Public()
		if q.Stuck {
			own.trips[i].Saga = stuck(t.Saga)
		}
	}
	a.front.WithPlans(ctx, own.trips)
	for i, t := range own.trips {
		own.trips[i] = planFor(who, t)
	}
	return own, nil
}

// planFor is a trip's plan as somebody may see it: where a journey begins and ends is its
// driver's own business.
func planFor(who identity.Caller, t trip.Trip) trip.Trip {
	if who.Kind == identity.Vehicle {
		return t
	}
	return t.WithoutEnds()
}

// stuck is what an operator sees of a saga that cannot come to its end: not its
// ticket, nor where its driver goes.
func stuck(s *trip.Saga) *trip.Saga {
	if s == nil {
		return nil
	}
	return &trip.Saga{
		Epoch: s.Epoch, Owner: s.Owner, EnteredConfirming: s.EnteredConfirming, Abandoned: s.Abandoned,
		Restarts: s.Restarts, LapsesBy: s.LapsesBy, Stuck: s.Stuck,
	}
}

// history answers GET /api/v1/trips/{trip_id}/history.
func (a *tripsAPI) history(c echo.Context, who identity.Caller) error {
	t, err := tripOf(c, who, a.front.Trip)
	if err != nil {
		return err
	}
	entries, err := a.front.History(c.Request().Context(), t.ID)
	if err != nil {
		return err
	}
	return answerPage(c, entries, same)
}
