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
func (s *Server) cancelBooking(c echo.Context, who identity.Caller) error {
	return s.endBooking(c, who, "cancel a booking", false)
}

// releaseHold answers POST /api/v1/reservations/{reservation_id}/release.
func (s *Server) releaseHold(c echo.Context, who identity.Caller) error {
	return s.endBooking(c, who, "release a hold", true)
}

func (s *Server) endBooking(c echo.Context, who identity.Caller, what string, holdsAlone bool) error {
	id, req, err := owned[charging.ReservationID](c, "reservation_id", api.DecodeOwnerReason)
	if err != nil {
		return err
	}
	var res charging.Reservation
	if err := s.noted(c, who, what, string(id), req.Reason, func(ctx context.Context) (err error) {
		res, err = s.o.Desk.Cancel(ctx, id, req.Reason, holdsAlone)
		return err
	}); err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.BookingOf(res, "", time.Now()))
}

// cancelVehicle answers POST /api/v1/vehicles/{vehicle_id}/cancel.
func (s *Server) cancelVehicle(c echo.Context, who identity.Caller) error {
	id, req, err := owned[charging.VehicleID](c, "vehicle_id", api.DecodeOwnerReason)
	if err != nil {
		return err
	}
	var ended, kept []charging.Reservation
	if err := s.noted(c, who, "cancel all of a vehicle", string(id), req.Reason, func(ctx context.Context) (err error) {
		ended, kept, err = s.o.Desk.CancelVehicle(ctx, id, req.Reason)
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
func (s *Server) extendStay(c echo.Context, who identity.Caller) error {
	id, req, err := owned[charging.ReservationID](c, "reservation_id", api.DecodeExtend)
	if err != nil {
		return err
	}
	more := time.Duration(req.Minutes) * time.Minute
	return s.rearrange(c, who, "extend a stay", id, req.Reason, func(ctx context.Context, res charging.Reservation) (any, error) {
		if res.Origin != s.o.Company {
			return s.askOriginator(ctx, res, api.Rearrange{EVSEID: res.EVSEID, Start: res.Window.Start, End: res.Window.End.Add(more)})
		}
		return s.o.FrontDesk.Extend(ctx, res.TripID, id, more)
	})
}

// moveBooking answers POST /api/v1/reservations/{reservation_id}/move.
func (s *Server) moveBooking(c echo.Context, who identity.Caller) error {
	id, req, err := owned[charging.ReservationID](c, "reservation_id", api.DecodeRebook)
	if err != nil {
		return err
	}
	if req.EVSEID != "" && req.EVSEID.Company() != s.o.Company {
		return charging.Invalid("evse_id", string(req.EVSEID)+" is not of "+string(s.o.Company)+": an operator moves bookings among the own EVSEs")
	}
	return s.rearrange(c, who, "move a booking", id, req.Reason, func(ctx context.Context, res charging.Reservation) (any, error) {
		if res.Origin != s.o.Company {
			return s.askOriginator(ctx, res, api.Rearrange{EVSEID: cmp.Or(req.EVSEID, res.EVSEID), Start: req.Start, End: req.End})
		}
		return s.o.FrontDesk.Rebook(ctx, res.TripID, id, req.EVSEID, charging.NewWindow(req.Start, req.End))
	})
}

// rearrange has the saga of a booking's trip change it, here or where the trip began: who
// does not own the trip cannot know what its other stops allow. It answers the trip, or
// of another company's the booking.
func (s *Server) rearrange(c echo.Context, who identity.Caller, what string, id charging.ReservationID, reason string, do func(context.Context, charging.Reservation) (any, error)) error {
	var done any
	if err := s.noted(c, who, what, string(id), reason, func(ctx context.Context) error {
		res, err := s.o.Desk.Reservation(ctx, id, "")
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
func (s *Server) askOriginator(ctx context.Context, res charging.Reservation, q api.Rearrange) (api.Booking, error) {
	if s.o.Rearrange == nil {
		return api.Booking{}, untouchable(res.Origin)
	}
	q.ReservationID = res.ID
	got, err := s.o.Rearrange(ctx, res.Origin, res.TripID, q)
	if charging.CodeOf(err) == charging.CodeUnknownRoute {
		return api.Booking{}, untouchable(res.Origin)
	}
	if err != nil {
		return api.Booking{}, err
	}
	now, err := s.o.Desk.Reservation(ctx, got.ReservationID, "")
	return api.BookingOf(now, "", time.Now()), err
}

func untouchable(origin charging.CompanyID) error {
	return charging.Refuse(charging.CodeForbidden, "the trip began at "+string(origin)+", which alone gives its stops other windows and cannot be asked: ask its operator, or cancel this booking, and its driver is asked what to do")
}

// peerRearrange answers POST /federation/v1/trips/{trip_id}/rearrange.
func (s *Server) peerRearrange(c echo.Context, peer charging.CompanyID) error {
	id, err := pathID[charging.TripID](c, "trip_id")
	if err != nil {
		return err
	}
	raw, err := body(c)
	if err != nil {
		return err
	}
	q, err := api.DecodeRearrange(raw)
	if err != nil {
		return err
	}
	if why := s.o.Suspended(peer); why != "" {
		return charging.Refuse(charging.CodeForbidden, string(s.o.Company)+" has suspended "+string(peer)+" ("+why+"), and moves nothing by its word")
	}
	ctx, cancel := lasting(c)
	defer cancel()
	got, err := s.o.FrontDesk.Rearrange(ctx, peer, id, q)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, got)
}
