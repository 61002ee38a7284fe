package httpapi

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/door"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// plansAPI is what a driver plans with: plans, and what is offered where and when.
type plansAPI struct {
	self  charging.CompanyID
	front planner
	now   func() time.Time
}

func (a *plansAPI) routes(g *guards) []route {
	return []route{
		{post, "/api/v1/plans", g.guest(a.plan)},
		{get, "/api/v1/locations", g.anybody(a.locations)},
		{get, "/api/v1/evses/:evse_id/availability", g.anybody(a.evseAvailability)},
		{get, "/api/v1/places", g.anybody(placesByName)},
		{get, "/api/v1/places/near", g.anybody(placesNear)},
		{get, "/api/v1/models", g.anybody(models)},
	}
}

// plan answers POST /api/v1/plans. Plans are kept as those of who asks: of an address
// where that is nobody.
func (a *plansAPI) plan(c echo.Context, who identity.Caller) error {
	by := payer(who)
	if by == "" {
		by = "address " + door.Address(c.Request().RemoteAddr).String()
	}
	raw, err := body(c)
	if err != nil {
		return err
	}
	req, err := api.DecodePlan(raw, a.now())
	if err != nil {
		return err
	}
	plans, err := a.front.Plan(c.Request().Context(), req, by)
	if err != nil {
		return err
	}
	if plans == nil {
		plans = []trip.Plan{}
	}
	return answer(c, http.StatusOK, api.PlanResponse{Plans: plans})
}

// locations answers GET /api/v1/locations: those of the whole federation. A header says
// when each company's were read; of an old copy nobody knows how the EVSEs are now.
func (a *plansAPI) locations(c echo.Context) error {
	all, read := a.front.Locations(c.Request().Context())
	now, ages := time.Now(), make([]string, 0, len(read))
	for id, at := range read {
		ages = append(ages, string(id)+"="+at.UTC().Format(time.RFC3339))
	}
	slices.Sort(ages)
	c.Response().Header().Set("Eletrovia-As-Of", strings.Join(ages, ", "))
	return answerKeptPage(c, all, func(l charging.Location) api.Location {
		out := api.LocationOf(l)
		if l.Company != a.self && now.Sub(read[l.Company]) > copyLife {
			for i := range out.EVSEs {
				out.EVSEs[i].Status, out.EVSEs[i].StatusSince, out.EVSEs[i].StatusReason = charging.StatusUnknown, time.Time{}, ""
			}
		}
		return out
	})
}

// copyLife is how old a peer's word about its EVSEs may be before nobody knows how they
// are: three times as old as it ever is while that peer answers.
const copyLife = 90 * time.Second

// evseAvailability answers GET /api/v1/evses/{evse_id}/availability.
func (a *plansAPI) evseAvailability(c echo.Context) error {
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
	free, err := a.front.Availability(c.Request().Context(), evse, charging.NewWindow(from, to))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.AvailabilityOf([]charging.Free{free})[0])
}
