package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/door"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// plan answers POST /api/v1/plans. Plans are kept as those of who asks: of an address
// where that is nobody.
func (s *Server) plan(c echo.Context, who identity.Caller) error {
	by := payer(who)
	if by == "" {
		by = "address " + door.Address(c.Request().RemoteAddr).String()
	}
	raw, err := body(c)
	if err != nil {
		return err
	}
	req, err := api.DecodePlan(raw, s.o.Now())
	if err != nil {
		return err
	}
	plans, err := s.o.FrontDesk.Plan(c.Request().Context(), req, by)
	if err != nil {
		return err
	}
	if plans == nil {
		plans = []trip.Plan{}
	}
	return answer(c, http.StatusOK, api.PlanResponse{Plans: plans})
}

// locations answers GET /api/v1/locations: those of the whole federation.
func (s *Server) locations(c echo.Context) error {
	all, _ := s.o.FrontDesk.Locations(c.Request().Context())
	return answerKeptPage(c, all, api.LocationOf)
}

// evseAvailability answers GET /api/v1/evses/{evse_id}/availability.
func (s *Server) evseAvailability(c echo.Context) error {
	evse, err := pathID[charging.EVSEID](c, "evse_id")
	if err != nil {
		return err
	}
	from, err := queryInstant(c, "from")
	if err != nil {
		return err
	}
	to, err := queryInstant(c, "to")
	if err != nil {
		return err
	}
	if err := api.CheckSpan(from, to); err != nil {
		return err
	}
	free, err := s.o.FrontDesk.Availability(c.Request().Context(), evse, charging.NewWindow(from, to))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.AvailabilityOf([]charging.Free{free})[0])
}
