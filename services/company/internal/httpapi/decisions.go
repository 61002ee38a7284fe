package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// maxLeg is the last leg that a trip can have.
const maxLeg = api.MaxStops

// cancelTrip answers DELETE /api/v1/trips/{trip_id}.
func (s *Server) cancelTrip(c echo.Context, who identity.Caller) error {
	t, err := s.ownTrip(c, who)
	if err != nil {
		return err
	}
	ctx, cancel := lasting(c)
	defer cancel()
	if t, err = s.o.FrontDesk.Cancel(ctx, t.ID); err != nil {
		return err
	}
	return answer(c, http.StatusOK, t.Public())
}

// decide answers POST /api/v1/trips/{trip_id}/decision.
func (s *Server) decide(c echo.Context, who identity.Caller) error {
	t, err := s.ownTrip(c, who)
	if err != nil {
		return err
	}
	raw, err := body(c)
	if err != nil {
		return err
	}
	req, err := api.DecodeDecision(raw, s.o.Now())
	if err != nil {
		return err
	}
	ctx, cancel := lasting(c)
	defer cancel()
	if t, err = s.o.FrontDesk.Decide(ctx, t.ID, req); err != nil {
		return err
	}
	if t, err = s.preferred(c, t); err != nil {
		return err
	}
	return answer(c, http.StatusOK, t.Public())
}

// alternatives answers GET /api/v1/trips/{trip_id}/alternatives?leg=.
func (s *Server) alternatives(c echo.Context, who identity.Caller) error {
	t, err := s.tripOf(c, who)
	if err != nil {
		return err
	}
	leg, err := queryInt(c, "leg", 1, maxLeg, 0)
	if err != nil {
		return err
	}
	if leg == 0 {
		return charging.Invalid("leg", "is missing: the number of the stop, from 1")
	}
	list, err := s.o.FrontDesk.Alternatives(c.Request().Context(), t.ID, leg)
	if err != nil {
		return err
	}
	if list == nil {
		list = []trip.Alternative{}
	}
	return answer(c, http.StatusOK, list)
}

// swap answers POST /api/v1/trips/{trip_id}/swap.
func (s *Server) swap(c echo.Context, who identity.Caller) error {
	t, err := s.ownTrip(c, who)
	if err != nil {
		return err
	}
	raw, err := body(c)
	if err != nil {
		return err
	}
	req, err := api.DecodeSwap(raw, s.o.Now())
	if err != nil {
		return err
	}
	ctx, cancel := lasting(c)
	defer cancel()
	if t, err = s.o.FrontDesk.Swap(ctx, t.ID, req); err != nil {
		return err
	}
	return answer(c, http.StatusOK, t.Public())
}
