package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
	"github.com/eletrovia/eletrovia/services/company/internal/overview"
)

// operatorAPI is what the operator sees and does of the company as a whole, and of trips
// that are stuck. What stands at its EVSEs is ownerAPI, its peers are peersAPI.
type operatorAPI struct {
	self     charging.CompanyID
	front    mender
	desk     lossDesk
	identity inviter
	messages Messages
	board    *overview.Board
	// brokerNow and brokerCars are Options.Broker and Options.BrokerCars.
	brokerNow       func() api.Broker
	brokerCars      func() []api.BrokerCar
	offered, reload func(context.Context) (api.Inventory, error)
	audit           *auditor
}

func (a *operatorAPI) routes(g *guards) []route {
	return []route{
		{post, "/api/v1/invites", g.operator(a.invite)},
		{get, "/api/v1/overview", g.operator(a.overview)},
		{get, "/api/v1/broker", g.operator(a.broker)},
		{get, "/api/v1/audit", g.operator(a.acts)},
		{post, "/api/v1/trips/:trip_id/retry", g.operator(a.retryTrip)},
		{post, "/api/v1/trips/:trip_id/resolve", g.operator(a.resolveTrip)},
		{post, "/api/v1/vehicles/:vehicle_id/message", g.operator(a.message)},
		{get, "/api/v1/recovery", g.operator(a.recovery)},
		{post, "/api/v1/recovery/accept", g.operator(a.acceptLoss)},
		{get, "/api/v1/inventory", g.operator(a.inventory)},
		{post, "/api/v1/inventory/reload", g.operator(a.reloadInventory)},
	}
}

// retryTrip answers POST /api/v1/trips/{trip_id}/retry.
func (a *operatorAPI) retryTrip(c echo.Context, who identity.Caller) error {
	id, err := pathID[charging.TripID](c, "trip_id")
	if err != nil {
		return err
	}
	var t trip.Trip
	if err := a.audit.noted(c, who, "retry a trip", string(id), "", func(ctx context.Context) (err error) {
		t, err = a.front.Retry(ctx, id)
		return err
	}); err != nil {
		return err
	}
	return answer(c, http.StatusOK, t.Public())
}

// resolveTrip answers POST /api/v1/trips/{trip_id}/resolve.
func (a *operatorAPI) resolveTrip(c echo.Context, who identity.Caller) error {
	t, err := tripOf(c, who, a.front.Trip)
	if err != nil {
		return err
	}
	raw, err := body(c)
	if err != nil {
		return err
	}
	req, err := api.DecodeResolve(raw)
	if err != nil {
		return err
	}
	if req.Leg > len(t.Legs) {
		return charging.Invalid("leg", fmt.Sprintf("is %d, but the trip has %d stops", req.Leg, len(t.Legs)))
	}
	if err := a.audit.noted(c, who, "resolve a trip", string(t.ID), req.Reason, func(ctx context.Context) (err error) {
		t, err = a.front.Resolve(ctx, t.ID, req.Reason)
		return err
	}); err != nil {
		return err
	}
	return answer(c, http.StatusOK, t.Public())
}

// invite answers POST /api/v1/invites; the codes are shown this once.
func (a *operatorAPI) invite(c echo.Context, who identity.Caller) error {
	raw, err := body(c)
	if err != nil {
		return err
	}
	req, err := api.DecodeInvite(raw)
	if err != nil {
		return err
	}
	var codes []string
	var expires time.Time
	if err := a.audit.noted(c, who, "invite to register", fmt.Sprint(req.Count), "", func(ctx context.Context) (err error) {
		codes, expires, err = a.identity.Invite(ctx, req.Count, req.Days)
		return err
	}); err != nil {
		return err
	}
	return answer(c, http.StatusCreated, api.Invites{Invites: codes, ExpiresAt: expires})
}
