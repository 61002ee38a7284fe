package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
	"github.com/eletrovia/eletrovia/services/company/internal/door"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// registerVehicle answers POST /api/v1/vehicles; the secret is shown this once.
func (s *Server) registerVehicle(c echo.Context) error {
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
	id, secret, err := s.o.Identity.Register(ctx, identity.Registration{
		Wish: req.VehicleID, Model: req.Model, Invite: req.Invite, From: door.Address(c.Request().RemoteAddr).String(),
	})
	if err != nil {
		return err
	}
	return answer(c, http.StatusCreated, api.RegisterResponse{VehicleID: id, Secret: secret})
}

// invite answers POST /api/v1/invites; the codes are shown this once.
func (s *Server) invite(c echo.Context, who identity.Caller) error {
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
	if err := s.noted(c, who, "invite to register", fmt.Sprint(req.Count), "", func(ctx context.Context) (err error) {
		codes, expires, err = s.o.Identity.Invite(ctx, req.Count, req.Days)
		return err
	}); err != nil {
		return err
	}
	return answer(c, http.StatusCreated, api.Invites{Invites: codes, ExpiresAt: expires})
}

// vehiclePass answers POST /api/v1/vehicles/{vehicle_id}/token.
func (s *Server) vehiclePass(c echo.Context, who identity.Caller) error {
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
	token, expires, err := s.o.Identity.Pass(who, id, req.Audience)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.Pass{Token: token, ExpiresAt: expires})
}

// exchange answers POST /federation/v1/vehicles/{vehicle_id}/token.
func (s *Server) exchange(c echo.Context, peer charging.CompanyID) error {
	id, err := pathID[charging.VehicleID](c, "vehicle_id")
	if err != nil {
		return err
	}
	raw, err := body(c)
	if err != nil {
		return err
	}
	req, err := api.DecodeExchange(raw)
	if err != nil {
		return err
	}
	token, expires, err := s.o.Identity.Exchange(c.Request().Context(), peer, id, req.Secret)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.Pass{Token: token, ExpiresAt: expires})
}

// revokeVehicle answers POST /api/v1/vehicles/{vehicle_id}/revoke; the new
// secret is shown this once.
func (s *Server) revokeVehicle(c echo.Context, who identity.Caller) error {
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
	if err := s.noted(c, who, "revoke a vehicle's secret", string(id), req.Reason, func(ctx context.Context) (err error) {
		secret, err = s.o.Identity.Revoke(ctx, who, id)
		return err
	}); err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.RegisterResponse{VehicleID: id, Secret: secret})
}
