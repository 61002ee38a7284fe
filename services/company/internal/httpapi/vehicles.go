package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
	"github.com/eletrovia/eletrovia/services/company/internal/door"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// vehiclesAPI is what a vehicle is and says: its name and secrets, itself, and its plug.
type vehiclesAPI struct {
	identity  registrar
	front     plugs
	messages  Messages
	elsewhere Elsewhere
	modelOf   func(context.Context, charging.VehicleID) (model string, ok bool)
	lastSeen  func(charging.VehicleID) (api.Sighting, bool)
	audit     *auditor
}

func (a *vehiclesAPI) routes(g *guards) []route {
	const vehicles, one = "/api/v1/vehicles", "/api/v1/vehicles/:vehicle_id"
	return []route{
		{post, vehicles, g.anybody(a.registerVehicle)},
		{get, vehicles + "/me", g.known(a.me)},
		{post, one + "/token", g.known(a.vehiclePass)},
		{post, one + "/revoke", g.known(a.revokeVehicle)},
		{post, one + "/plug", g.traveller(a.plug(carlink.ActionPlug, a.front.Plug))},
		{post, one + "/unplug", g.traveller(a.plug(carlink.ActionUnplug, a.front.Unplug))},
	}
}

// registerVehicle answers POST /api/v1/vehicles; the secret is shown this once.
func (a *vehiclesAPI) registerVehicle(c echo.Context) error {
	raw, err := body(c)
	if err != nil {
		return err
	}
	req, err := api.DecodeRegister(raw)
	if err != nil {
		return err
	}
	if _, ok := vehicle.ByID(req.Model); !ok {
		return charging.Invalid("model", fmt.Sprintf("%q is not in the catalogue; %s is", req.Model, vehicle.All()[0].ID))
	}
	ctx, cancel := lasting(c)
	defer cancel()
	id, secret, err := a.identity.Register(ctx, identity.Registration{
		Wish: req.VehicleID, Model: req.Model, Invite: req.Invite, From: door.Address(c.Request().RemoteAddr).String(),
	})
	if err != nil {
		return err
	}
	return answer(c, http.StatusCreated, api.RegisterResponse{VehicleID: id, Secret: secret})
}

// vehiclePass answers POST /api/v1/vehicles/{vehicle_id}/token.
func (a *vehiclesAPI) vehiclePass(c echo.Context, who identity.Caller) error {
	id, err := pathID[charging.VehicleID](c, "vehicle_id")
	if err != nil {
		return err
	}
	raw, err := body(c)
	if err != nil {
		return err
	}
	req, err := api.DecodePass(raw)
	if err != nil {
		return err
	}
	token, expires, err := a.identity.Pass(who, id, req.Audience)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.Pass{Token: token, ExpiresAt: expires})
}

// revokeVehicle answers POST /api/v1/vehicles/{vehicle_id}/revoke; the new
// secret is shown this once.
func (a *vehiclesAPI) revokeVehicle(c echo.Context, who identity.Caller) error {
	id, err := pathID[charging.VehicleID](c, "vehicle_id")
	if err != nil {
		return err
	}
	raw, err := body(c)
	if err != nil {
		return err
	}
	req, err := api.DecodeRevoke(raw)
	if err != nil {
		return err
	}
	secret := ""
	if err := a.audit.noted(c, who, "revoke a vehicle's secret", string(id), req.Reason, func(ctx context.Context) (err error) {
		secret, err = a.identity.Revoke(ctx, who, id)
		return err
	}); err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.RegisterResponse{VehicleID: id, Secret: secret})
}

// me answers GET /api/v1/vehicles/me.
func (a *vehiclesAPI) me(c echo.Context, who identity.Caller) error {
	if who.Kind != identity.Vehicle {
		return charging.Refuse(charging.CodeForbidden, "this is for a vehicle, about itself; /api/v1/session says who you are")
	}
	me := api.Me{VehicleID: who.Vehicle}
	if model, ok := a.modelOf(c.Request().Context(), who.Vehicle); ok {
		me.Model = &model
	}
	if last, ok := a.lastSeen(who.Vehicle); ok {
		me.Last = &last
	}
	var err error
	if me.Messages, err = a.messages.Of(c.Request().Context(), who.Vehicle); err != nil {
		return err
	}
	return answer(c, http.StatusOK, me)
}
