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

// reservationsAPI is what peers do with this company's EVSEs, for trips that began at theirs.
type reservationsAPI struct{ desk peerDesk }

func (a *reservationsAPI) routes(g *guards) []route {
	const one = "/federation/v1/reservations/:reservation_id"
	return []route{
		{get, one, g.peer(a.reservation)},
		{post, one + "/reserve", g.peer(a.reserve)},
		{post, one + "/claim", g.peer(a.claim)},
		{post, one + "/renew", g.peer(a.renew)},
		{post, one + "/confirm", g.peer(a.act(a.desk.Confirm))},
		{post, one + "/compensate", g.peer(a.act(a.desk.Compensate))},
		{post, one + "/start", g.peer(a.start)},
		{post, one + "/move", g.peer(a.move)},
		{post, one + "/complete", g.peer(a.complete)},
		{get, one + "/ticket", g.peer(a.issued)},
		{post, "/federation/v1/vehicles/:vehicle_id/contest", g.peer(a.contest)},
	}
}

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
func (a *reservationsAPI) reserve(c echo.Context, peer charging.CompanyID) error {
	return a.hold(c, peer, api.DecodeReserve, a.desk.Reserve)
}

// claim answers POST …/claim, like reserve.
func (a *reservationsAPI) claim(c echo.Context, peer charging.CompanyID) error {
	return a.hold(c, peer, api.DecodeClaim, a.desk.Claim)
}

func (a *reservationsAPI) hold(c echo.Context, peer charging.CompanyID,
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
func (a *reservationsAPI) renew(c echo.Context, peer charging.CompanyID) error {
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
	res, err := a.desk.Renew(c.Request().Context(), ref, ttl)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.ReservationOf(res))
}

// act answers the actions whose body names the reservation and nothing else.
func (a *reservationsAPI) act(do func(context.Context, charging.Ref) (charging.Reservation, error)) func(echo.Context, charging.CompanyID) error {
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
func (a *reservationsAPI) move(c echo.Context, peer charging.CompanyID) error {
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
	res, err := a.desk.Move(c.Request().Context(), m)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.ReservationOf(res))
}

// start answers POST …/start.
func (a *reservationsAPI) start(c echo.Context, peer charging.CompanyID) error {
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
	res, err := a.desk.Start(c.Request().Context(), ref, arrival)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.ReservationOf(res))
}

// contest answers POST …/vehicles/{vehicle_id}/contest to the company at whose EVSE the
// vehicle has just plugged in.
func (a *reservationsAPI) contest(c echo.Context, peer charging.CompanyID) error {
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
	busy, err := a.desk.Contest(c.Request().Context(), k)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.ContestAnswer{Busy: &busy})
}

// complete answers POST …/complete.
func (a *reservationsAPI) complete(c echo.Context, peer charging.CompanyID) error {
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
	res, err := a.desk.Complete(c.Request().Context(), ref, leaving)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.ReservationOf(res))
}

// stampRE is a stamp of a ticket, in µs.
var stampRE = regexp.MustCompile(`^[1-9][0-9]{0,17}$`)

// issued answers GET …/ticket to any company: it says no more than whether what the
// caller has read in a ticket is so.
func (a *reservationsAPI) issued(c echo.Context, _ charging.CompanyID) error {
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
	did, err := a.desk.Issued(c.Request().Context(), charging.Ticket{ReservationID: id, TripID: trip, Origin: origin, GrantedAt: stamp})
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.Issued{Issued: &did})
}

// reservation answers GET …/reservations/{reservation_id} to its originator.
func (a *reservationsAPI) reservation(c echo.Context, peer charging.CompanyID) error {
	id, err := pathID[charging.ReservationID](c, "reservation_id")
	if err != nil {
		return err
	}
	res, err := a.desk.Reservation(c.Request().Context(), id, peer)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.ReservationOf(res))
}
