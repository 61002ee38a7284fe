package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"regexp"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// named reads what every action on a reservation has: its id and a body.
func named(c echo.Context) (charging.ReservationID, []byte, error) {
	id, err := pathID[charging.ReservationID](c, "reservation_id")
	if err != nil {
		return "", nil, err
	}
	raw, err := body(c)
	return id, raw, err
}

// from refuses a body that speaks for another company than its sender.
func from(peer, origin charging.CompanyID) error {
	if origin == peer {
		return nil
	}
	return charging.Refuse(charging.CodeForbidden, fmt.Sprintf("origin is %s, but the caller is %s", origin, peer))
}

// reserve answers POST …/reserve: 201 for a new reservation, 200 for a repeat.
func (s *Server) reserve(c echo.Context, peer charging.CompanyID) error {
	return s.hold(c, peer, api.DecodeReserve, s.o.Desk.Reserve)
}

// claim answers POST …/claim, like reserve.
func (s *Server) claim(c echo.Context, peer charging.CompanyID) error {
	return s.hold(c, peer, api.DecodeClaim, s.o.Desk.Claim)
}

func (s *Server) hold(c echo.Context, peer charging.CompanyID,
	decode func(charging.ReservationID, []byte) (charging.HoldRequest, error),
	take func(context.Context, charging.HoldRequest) (charging.Reservation, error),
) error {
	id, raw, err := named(c)
	if err != nil {
		return err
	}
	h, err := decode(id, raw)
	if err != nil {
		return err
	}
	if err := from(peer, h.Origin); err != nil {
		return err
	}
	res, err := take(c.Request().Context(), h)
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if res.Replay {
		status = http.StatusOK
	}
	return answer(c, status, api.ReservationOf(res))
}

// renew answers POST …/renew.
func (s *Server) renew(c echo.Context, peer charging.CompanyID) error {
	id, raw, err := named(c)
	if err != nil {
		return err
	}
	ref, ttl, err := api.DecodeRenew(id, raw)
	if err != nil {
		return err
	}
	if err := from(peer, ref.Origin); err != nil {
		return err
	}
	res, err := s.o.Desk.Renew(c.Request().Context(), ref, ttl)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.ReservationOf(res))
}

// act answers the actions whose body names the reservation and nothing else.
func (s *Server) act(do func(context.Context, charging.Ref) (charging.Reservation, error)) func(echo.Context, charging.CompanyID) error {
	return func(c echo.Context, peer charging.CompanyID) error {
		id, raw, err := named(c)
		if err != nil {
			return err
		}
		ref, err := api.DecodeRef(id, raw)
		if err != nil {
			return err
		}
		if err := from(peer, ref.Origin); err != nil {
			return err
		}
		res, err := do(c.Request().Context(), ref)
		if err != nil {
			return err
		}
		return answer(c, http.StatusOK, api.ReservationOf(res))
	}
}

// move answers POST …/move.
func (s *Server) move(c echo.Context, peer charging.CompanyID) error {
	id, raw, err := named(c)
	if err != nil {
		return err
	}
	m, err := api.DecodeMove(id, raw)
	if err != nil {
		return err
	}
	if err := from(peer, m.Origin); err != nil {
		return err
	}
	res, err := s.o.Desk.Move(c.Request().Context(), m)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.ReservationOf(res))
}

// start answers POST …/start.
func (s *Server) start(c echo.Context, peer charging.CompanyID) error {
	id, raw, err := named(c)
	if err != nil {
		return err
	}
	ref, arrival, err := api.DecodeStart(id, raw)
	if err != nil {
		return err
	}
	if err := from(peer, ref.Origin); err != nil {
		return err
	}
	res, err := s.o.Desk.Start(c.Request().Context(), ref, arrival)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.ReservationOf(res))
}

// contest answers POST …/vehicles/{vehicle_id}/contest to the company at whose EVSE the
// vehicle has just plugged in.
func (s *Server) contest(c echo.Context, peer charging.CompanyID) error {
	vehicle, err := pathID[charging.VehicleID](c, "vehicle_id")
	if err != nil {
		return err
	}
	raw, err := body(c)
	if err != nil {
		return err
	}
	k, err := api.DecodeContest(vehicle, raw)
	if err != nil {
		return err
	}
	if k.EVSEID.Company() != peer {
		return charging.Refuse(charging.CodeForbidden, fmt.Sprintf("%s is no EVSE of %s, who asks", k.EVSEID, peer))
	}
	busy, err := s.o.Desk.Contest(c.Request().Context(), k)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.ContestAnswer{Busy: &busy})
}

// complete answers POST …/complete.
func (s *Server) complete(c echo.Context, peer charging.CompanyID) error {
	id, raw, err := named(c)
	if err != nil {
		return err
	}
	ref, leaving, err := api.DecodeComplete(id, raw)
	if err != nil {
		return err
	}
	if err := from(peer, ref.Origin); err != nil {
		return err
	}
	res, err := s.o.Desk.Complete(c.Request().Context(), ref, leaving)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.ReservationOf(res))
}

// stampRE is a stamp of a ticket, in µs.
var stampRE = regexp.MustCompile(`^[1-9][0-9]{0,17}$`)

// issued answers GET …/ticket to any company: it says no more than whether what the
// caller has read in a ticket is so.
func (s *Server) issued(c echo.Context, _ charging.CompanyID) error {
	id, err := pathID[charging.ReservationID](c, "reservation_id")
	if err != nil {
		return err
	}
	trip, err := queryID[charging.TripID](c, "trip_id")
	if err != nil {
		return err
	}
	origin, err := queryID[charging.CompanyID](c, "origin")
	if err != nil {
		return err
	}
	stamp := c.QueryParam("granted_at")
	if trip == "" || origin == "" || !stampRE.MatchString(stamp) {
		return charging.Invalid("granted_at", "trip_id, origin and granted_at must be those of the ticket")
	}
	did, err := s.o.Desk.Issued(c.Request().Context(), charging.Ticket{ReservationID: id, TripID: trip, Origin: origin, GrantedAt: stamp})
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.Issued{Issued: &did})
}

// reservation answers GET …/reservations/{reservation_id} to its originator.
func (s *Server) reservation(c echo.Context, peer charging.CompanyID) error {
	id, err := pathID[charging.ReservationID](c, "reservation_id")
	if err != nil {
		return err
	}
	res, err := s.o.Desk.Reservation(c.Request().Context(), id, peer)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.ReservationOf(res))
}
