package httpapi

import (
	"fmt"
	"regexp"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// queryOf reads a query for trips: a vehicle sees its own only, and nothing of what
// troubles them. INVALID_FIELD, FORBIDDEN.
func queryOf(c echo.Context, who identity.Caller) (q trip.Query, p page, err error) {
	if p, err = pageOf(c); err != nil {
		return q, p, err
	}
	q = trip.Query{State: trip.State(c.QueryParam("state")), Limit: p.limit, Offset: p.offset, After: c.QueryParam("cursor")}
	if q.State != "" && !q.State.Valid() {
		return q, p, charging.Invalid("state", fmt.Sprintf("must be one of %v", trip.States()))
	}
	if c.QueryParams().Has("cursor") && c.QueryParams().Has("offset") {
		return q, p, charging.Invalid("offset", "does not go with cursor: leave one of them out")
	}
	if err = searchOf(c, &q); err != nil {
		return q, p, err
	}
	if who.Kind == identity.Operator {
		return q, p, nil
	}
	if q.Stuck || q.Trouble != "" {
		return q, p, charging.Refuse(charging.CodeForbidden, "stuck trips are the operator's to see")
	}
	if q.VehicleID != "" && q.VehicleID != who.Vehicle {
		return q, p, charging.Refuse(charging.CodeForbidden, "a vehicle sees its own trips only")
	}
	q.VehicleID = who.Vehicle
	return q, p, nil
}

// searchOf reads what is searched for. INVALID_FIELD.
func searchOf(c echo.Context, q *trip.Query) (err error) {
	if q.VehicleID, err = queryID[charging.VehicleID](c, "vehicle_id"); err != nil {
		return err
	}
	if q.EVSEID, err = queryID[charging.EVSEID](c, "evse_id"); err != nil {
		return err
	}
	if q.CompanyID, err = queryID[charging.CompanyID](c, "company_id"); err != nil {
		return err
	}
	if q.From, err = queryBound(c, "from"); err != nil {
		return err
	}
	if q.To, err = queryBound(c, "to"); err != nil {
		return err
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		return charging.Invalid("to", "must be after from")
	}
	switch c.QueryParam("stuck") {
	case "", "false":
	case "true":
		q.Stuck = true
	default:
		return charging.Invalid("stuck", "must be true or false")
	}
	if q.Trouble = trip.Trouble(c.QueryParam("trouble")); q.Trouble != "" && !q.Trouble.Valid() {
		return charging.Invalid("trouble", "must be stuck or retrying")
	}
	if q.Part = c.QueryParam("id"); q.Part != "" && !partRE.MatchString(q.Part) {
		return charging.Invalid("id", "is no part of an id of a trip or a reservation: 4 to 36 of 0 … 9, a … f and -")
	}
	return nil
}

var partRE = regexp.MustCompile(`^[0-9a-f-]{4,36}$`)

// queryBound takes an optional instant from the query. INVALID_FIELD.
func queryBound(c echo.Context, name string) (time.Time, error) {
	text := c.QueryParam(name)
	if text == "" {
		return time.Time{}, nil
	}
	t, err := charging.ParseInstant(text)
	if err != nil {
		return t, charging.Invalid(name, err.Error())
	}
	return t, nil
}
