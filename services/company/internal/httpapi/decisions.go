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
func (a *tripsAPI) cancelTrip(c echo.Context, who identity.Caller) error {
	t, err := a.ownTrip(c, who)
	if err != nil {
		return err
	}
	ctx, cancel := lasting(c)
	defer cancel()
	if t, err = a.front.Cancel(ctx, t.ID); err != nil {
		return err
	}
	return answer(c, http.StatusOK, t.Public())
}

// decide answers POST /api/v1/trips/{trip_id}/decision.
func (a *tripsAPI) decide(c echo.Context, who identity.Caller) error {
	t, err := a.ownTrip(c, who)
	if err != nil {
		return err
	}
	raw, err := body(c)
	if err != nil {
		return err
	}
	req, err := api.DecodeDecision(raw, a.now())
	if err != nil {
		return err
	}
	ctx, cancel := lasting(c)
	defer cancel()
	if t, err = a.front.Decide(ctx, t.ID, req); err != nil {
		return err
	}
	if t, err = a.preferred(c, t); err != nil {
		return err
	}
	return answer(c, http.StatusOK, t.Public())
}

// alternatives answers GET /api/v1/trips/{trip_id}/alternatives?leg=.
func (a *tripsAPI) alternatives(c echo.Context, who identity.Caller) error {
	t, err := tripOf(c, who, a.front.Trip)
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
	list, err := a.front.Alternatives(c.Request().Context(), t.ID, leg)
	if err != nil {
		return err
	}
	if list == nil {
		list = []trip.Alternative{}
	}
	return answer(c, http.StatusOK, list)
}

// swap answers POST /api/v1/trips/{trip_id}/swap.
func (a *tripsAPI) swap(c echo.Context, who identity.Caller) error {
	t, err := a.ownTrip(c, who)
	if err != nil {
		return err
	}
	raw, err := body(c)
	if err != nil {
		return err
	}
	req, err := api.DecodeSwap(raw, a.now())
	if err != nil {
		return err
	}
	ctx, cancel := lasting(c)
	defer cancel()
	if t, err = a.front.Swap(ctx, t.ID, req); err != nil {
		return err
	}
	return answer(c, http.StatusOK, t.Public())
}
