package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// ownerAPI is the company as the owner of its EVSEs: what stands there, and what its
// operator does about it.
type ownerAPI struct {
	self  charging.CompanyID
	desk  ownerDesk
	front rearranger
	// ask is Options.Rearrange.
	ask   func(ctx context.Context, origin charging.CompanyID, id charging.TripID, q api.Rearrange) (api.Rearranged, error)
	now   func() time.Time
	audit *auditor
}

func (a *ownerAPI) routes(g *guards) []route {
	const reservation = "/api/v1/reservations/:reservation_id"
	return []route{
		{get, "/api/v1/locks", g.operator(a.locks)},
		{get, "/api/v1/calendars", g.operator(a.calendars)},
		{get, "/api/v1/bookings", g.operator(a.bookings)},
		{put, "/api/v1/evses/:evse_id/status", g.operator(a.setEVSEStatus)},
		{get, reservation + "/history", g.known(a.reservationHistory)},
		{post, reservation + "/cancel", g.operator(a.cancelBooking)},
		{post, reservation + "/release", g.operator(a.releaseHold)},
		{post, reservation + "/extend", g.operator(a.extendStay)},
		{post, reservation + "/move", g.operator(a.moveBooking)},
		{post, "/api/v1/vehicles/:vehicle_id/cancel", g.operator(a.cancelVehicle)},
	}
}

// owned reads what an owner's route is about, and its body.
func owned[T interface {
	~string
	Validate() error
}](c echo.Context, name string, decode func([]byte) (api.OwnerRequest, error),
) (id T, req api.OwnerRequest, err error) {
	if id, err = pathID[T](c, name); err != nil {
		return id, req, err
	}
	raw, err := body(c)
	if err != nil {
		return id, req, err
	}
	req, err = decode(raw)
	return id, req, err
}

// cancelBooking answers POST /api/v1/reservations/{reservation_id}/cancel.
func (a *ownerAPI) cancelBooking(c echo.Context, who identity.Caller) error {
	return a.endBooking(c, who, "cancel a booking", false)
}

// releaseHold answers POST /api/v1/reservations/{reservation_id}/release.
func (a *ownerAPI) releaseHold(c echo.Context, who identity.Caller) error {
	return a.endBooking(c, who, "release a hold", true)
}

func (a *ownerAPI) endBooking(c echo.Context, who identity.Caller, what string, holdsAlone bool) error {
	id, req, err := owned[charging.ReservationID](c, "reservation_id", api.DecodeOwnerReason)
	if err != nil {
		return err
	}
	var res charging.Reservation
	if err := a.audit.noted(c, who, what, string(id), req.Reason, func(ctx context.Context) (err error) {
		res, err = a.desk.Cancel(ctx, id, req.Reason, holdsAlone)
		return err
	}); err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.BookingOf(res, "", time.Now()))
}

// cancelVehicle answers POST /api/v1/vehicles/{vehicle_id}/cancel.
func (a *ownerAPI) cancelVehicle(c echo.Context, who identity.Caller) error {
	id, req, err := owned[charging.VehicleID](c, "vehicle_id", api.DecodeOwnerReason)
	if err != nil {
		return err
	}
	var ended, kept []charging.Reservation
	if err := a.audit.noted(c, who, "cancel all of a vehicle", string(id), req.Reason, func(ctx context.Context) (err error) {
		ended, kept, err = a.desk.CancelVehicle(ctx, id, req.Reason)
		return err
	}); err != nil {
		return err
	}
	now := time.Now()
	shown := func(list []charging.Reservation) []api.Booking {
		out := make([]api.Booking, len(list))
		for i, r := range list {
			out[i] = api.BookingOf(r, "", now)
		}
		return out
	}
	return answer(c, http.StatusOK, api.Ended{VehicleID: id, Canceled: shown(ended), Kept: shown(kept)})
}

// extendStay answers POST /api/v1/reservations/{reservation_id}/extend.
func (a *ownerAPI) extendStay(c echo.Context, who identity.Caller) error {
	id, req, err := owned[charging.ReservationID](c, "reservation_id", api.DecodeExtend)
	if err != nil {
		return err
	}
	more := time.Duration(req.Minutes) * time.Minute
	return a.rearrange(c, who, "extend a stay", id, req.Reason, func(ctx context.Context, res charging.Reservation) (any, error) {
		if res.Origin != a.self {
			return a.askOriginator(ctx, res, api.Rearrange{EVSEID: res.EVSEID, Start: res.Window.Start, End: res.Window.End.Add(more)})
		}
		return a.front.Extend(ctx, res.TripID, id, more)
	})
}

// moveBooking answers POST /api/v1/reservations/{reservation_id}/move.
func (a *ownerAPI) moveBooking(c echo.Context, who identity.Caller) error {
	id, req, err := owned[charging.ReservationID](c, "reservation_id", api.DecodeRebook)
	if err != nil {
		return err
	}
	if req.EVSEID != "" && req.EVSEID.Company() != a.self {
		return charging.Invalid("evse_id", string(req.EVSEID)+" is not of "+string(a.self)+": an operator moves bookings among the own EVSEs")
	}
	return a.rearrange(c, who, "move a booking", id, req.Reason, func(ctx context.Context, res charging.Reservation) (any, error) {
		if res.Origin != a.self {
			return a.askOriginator(ctx, res, api.Rearrange{EVSEID: cmp.Or(req.EVSEID, res.EVSEID), Start: req.Start, End: req.End})
		}
		return a.front.Rebook(ctx, res.TripID, id, req.EVSEID, charging.NewWindow(req.Start, req.End))
	})
}

// rearrange has the saga of a booking's trip change it, here or where the trip began: who
// does not own the trip cannot know what its other stops allow. It answers the trip, or
// of another company's the booking.
func (a *ownerAPI) rearrange(c echo.Context, who identity.Caller, what string, id charging.ReservationID, reason string, do func(context.Context, charging.Reservation) (any, error)) error {
	var done any
	if err := a.audit.noted(c, who, what, string(id), reason, func(ctx context.Context) error {
		res, err := a.desk.Reservation(ctx, id, "")
		if err != nil {
			return err
		}
		done, err = do(ctx, res)
		return err
	}); err != nil {
		return err
	}
	return answer(c, http.StatusOK, done)
}

// askOriginator has another company's trip changed by that company, and answers the
// booking as it is here then. FORBIDDEN where that company takes no such word.
func (a *ownerAPI) askOriginator(ctx context.Context, res charging.Reservation, q api.Rearrange) (api.Booking, error) {
	if a.ask == nil {
		return api.Booking{}, untouchable(res.Origin)
	}
	q.ReservationID = res.ID
	got, err := a.ask(ctx, res.Origin, res.TripID, q)
	if charging.CodeOf(err) == charging.CodeUnknownRoute {
		return api.Booking{}, untouchable(res.Origin)
	}
	if err != nil {
		return api.Booking{}, err
	}
	now, err := a.desk.Reservation(ctx, got.ReservationID, "")
	return api.BookingOf(now, "", time.Now()), err
}

func untouchable(origin charging.CompanyID) error {
	return charging.Refuse(charging.CodeForbidden, "the trip began at "+string(origin)+", which alone gives its stops other windows and cannot be asked: ask its operator, or cancel this booking, and its driver is asked what to do")
}

// setEVSEStatus answers PUT /api/v1/evses/{evse_id}/status: out of service, with
// its coming reservations canceled, or back.
func (a *ownerAPI) setEVSEStatus(c echo.Context, who identity.Caller) error {
	evse, err := pathID[charging.EVSEID](c, "evse_id")
	if err != nil {
		return err
	}
	raw, err := body(c)
	if err != nil {
		return err
	}
	req, err := api.DecodeEVSEStatus(raw)
	if err != nil {
		return err
	}
	dry, err := queryBool(c, "dry_run")
	if err != nil {
		return err
	}
	if dry {
		return a.wouldLose(c, evse, req)
	}
	if err := a.audit.noted(c, who, "set an EVSE "+string(req.Status), string(evse), req.Reason, func(ctx context.Context) error {
		if req.Status == charging.StatusAvailable {
			return a.desk.ReturnToService(ctx, evse)
		}
		_, err := a.desk.Withdraw(ctx, evse, req.Reason)
		return err
	}); err != nil {
		return err
	}
	return answer(c, http.StatusOK, req)
}

// wouldLose answers a dry run: the bookings that would be lost, and nothing is changed.
func (a *ownerAPI) wouldLose(c echo.Context, evse charging.EVSEID, req api.EVSEStatusRequest) error {
	lost, err := a.desk.WouldLose(c.Request().Context(), evse)
	if err != nil {
		return err
	}
	if req.Status == charging.StatusAvailable { // what comes back takes nothing away
		lost = nil
	}
	now, out := time.Now(), api.DryRun{EVSEStatusRequest: req, Bookings: make([]api.Booking, len(lost))}
	for i, r := range lost {
		out.Bookings[i] = api.BookingOf(r, "", now)
	}
	return answer(c, http.StatusOK, out)
}
