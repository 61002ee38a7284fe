package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
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
	return s.rearrange(c, who, "extend a stay", id, req.Reason, func(ctx context.Context, of charging.TripID) (trip.Trip, error) {
		return s.o.FrontDesk.Extend(ctx, of, id, time.Duration(req.Minutes)*time.Minute)
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
	return s.rearrange(c, who, "move a booking", id, req.Reason, func(ctx context.Context, of charging.TripID) (trip.Trip, error) {
		return s.o.FrontDesk.Rebook(ctx, of, id, req.EVSEID, charging.NewWindow(req.Start, req.End))
	})
}

// rearrange has the saga of a booking's trip change it: who does not own the trip cannot
// know what its other stops allow.
func (s *Server) rearrange(c echo.Context, who identity.Caller, what string, id charging.ReservationID, reason string, do func(context.Context, charging.TripID) (trip.Trip, error)) error {
	var t trip.Trip
	if err := s.noted(c, who, what, string(id), reason, func(ctx context.Context) error {
		res, err := s.o.Desk.Reservation(ctx, id, "")
		if err != nil {
			return err
		}
		if res.Origin != s.o.Company {
			return charging.Refuse(charging.CodeForbidden, "the trip began at "+string(res.Origin)+", which alone gives its stops other windows: ask its operator, or cancel this booking, and its driver is asked what to do")
		}
		t, err = do(ctx, res.TripID)
		return err
	}); err != nil {
		return err
	}
	return answer(c, http.StatusOK, t)
}
