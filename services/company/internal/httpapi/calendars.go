package httpapi

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/desk"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// day is what is shown of calendars where no end is asked for.
const day = 24 * time.Hour

// calendars answers GET /api/v1/calendars.
func (a *ownerAPI) calendars(c echo.Context, _ identity.Caller) error {
	w, err := a.spanOf(c, day)
	if err != nil {
		return err
	}
	location, err := queryID[charging.LocationID](c, "location")
	if err != nil {
		return err
	}
	all, err := a.desk.Calendars(c.Request().Context(), w, location)
	if err != nil {
		return err
	}
	now, civil := time.Now().UTC().Truncate(time.Millisecond), a.now().UTC().Truncate(time.Millisecond)
	out := api.Calendars{Now: now, CivilNow: civil, From: w.Start, To: w.End, Calendars: make([]api.Calendar, len(all))}
	for i, agenda := range all {
		out.Calendars[i] = api.CalendarOf(agenda, now, civil)
	}
	return answer(c, http.StatusOK, out)
}

// spanOf reads from and to: from is now where it is left out, to so much later.
// INVALID_FIELD, INVALID_WINDOW.
func (a *ownerAPI) spanOf(c echo.Context, long time.Duration) (charging.Window, error) {
	from, to := a.now(), time.Time{}
	for name, at := range map[string]*time.Time{"from": &from, "to": &to} {
		if c.QueryParam(name) == "" {
			continue
		}
		var err error
		if *at, err = queryInstant(c, name); err != nil {
			return charging.Window{}, err
		}
	}
	if to.IsZero() {
		to = from.Add(long)
	}
	return charging.NewWindow(from, to), api.CheckSpan(from, to)
}

// bookings answers GET /api/v1/bookings: what stands in the calendars, by start. The
// Link header says where the next page begins.
func (a *ownerAPI) bookings(c echo.Context, _ identity.Caller) error {
	q, err := a.bookingQuery(c)
	if err != nil {
		return err
	}
	list, more, err := a.desk.Bookings(c.Request().Context(), q)
	if err != nil {
		return err
	}
	if more {
		linkNext(c, bookingCursor(desk.PlaceOf(list[len(list)-1])))
	}
	now, where := time.Now(), a.listedAt(c)
	shown := make([]api.Booking, len(list))
	for i, r := range list {
		shown[i] = api.BookingOf(r, where[r.EVSEID], now)
	}
	return answer(c, http.StatusOK, shown)
}

// listedAt says where each EVSE is listed.
func (a *ownerAPI) listedAt(c echo.Context) map[charging.EVSEID]charging.LocationID {
	where := map[charging.EVSEID]charging.LocationID{}
	for _, l := range a.desk.Locations(c.Request().Context()) {
		for _, e := range l.EVSEs {
			where[e.ID] = l.ID
		}
	}
	return where
}

// standing are the states in which a booking stands in a calendar.
var standing = []charging.State{charging.Claimed, charging.Pending, charging.Reserved, charging.Charging}

// bookingQuery reads a query for bookings. INVALID_FIELD, INVALID_WINDOW.
func (a *ownerAPI) bookingQuery(c echo.Context) (q desk.BookingQuery, err error) {
	if q.Limit, err = queryInt(c, "limit", 1, maxLimit, defaultLimit); err != nil {
		return q, err
	}
	if q.Window, err = a.spanOf(c, charging.MaxAhead); err != nil {
		return q, err
	}
	if c.QueryParam("to") == "" {
		q.Window.End = time.Time{}
	}
	q.State = charging.State(c.QueryParam("state"))
	if q.State != "" && !slices.Contains(standing, q.State) {
		return q, charging.Invalid("state", fmt.Sprintf("must be one of %v: what has ended is in no calendar", standing))
	}
	if q.Location, err = queryID[charging.LocationID](c, "location"); err != nil {
		return q, err
	}
	if q.EVSEID, err = queryID[charging.EVSEID](c, "evse_id"); err != nil {
		return q, err
	}
	if q.Vehicle, err = queryID[charging.VehicleID](c, "vehicle_id"); err != nil {
		return q, err
	}
	if q.Origin, err = queryID[charging.CompanyID](c, "origin"); err != nil {
		return q, err
	}
	if q.Trip, err = queryID[charging.TripID](c, "trip_id"); err != nil {
		return q, err
	}
	q.After, err = bookingAfter(c.QueryParam("after"))
	return q, err
}

// bookingCursor and bookingAfter write a place in the list of bookings as text, and read it.
func bookingCursor(p desk.Place) string {
	return strconv.FormatInt(p.Start.Unix(), 10) + "." + string(p.EVSE) + "." + string(p.ID)
}

func bookingAfter(text string) (p desk.Place, err error) {
	if text == "" {
		return p, nil
	}
	parts := strings.SplitN(text, ".", 3)
	if len(parts) == 3 {
		var from int64
		from, err = strconv.ParseInt(parts[0], 10, 64)
		p = desk.Place{Start: time.Unix(from, 0).UTC(), EVSE: charging.EVSEID(parts[1]), ID: charging.ReservationID(parts[2])}
	}
	if len(parts) != 3 || err != nil || p.EVSE.Validate() != nil || p.ID.Validate() != nil {
		return desk.Place{}, charging.Invalid("after", "is no cursor of this list: leave it out to begin")
	}
	return p, nil
}

// locks answers GET /api/v1/locks: the holds in force at this company.
func (a *ownerAPI) locks(c echo.Context, _ identity.Caller) error {
	all, err := a.desk.Locks(c.Request().Context())
	if err != nil {
		return err
	}
	return answerPage(c, all, same)
}
