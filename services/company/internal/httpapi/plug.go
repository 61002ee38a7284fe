package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/elsewhere"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// plug answers POST /api/v1/vehicles/{vehicle_id}/plug and /unplug: what the car says at
// the charger, as over MQTT. tell is the front desk's Plug or Unplug. An unplug that is
// kept until its plug has come is answered 202.
func (a *vehiclesAPI) plug(act carlink.Action, tell func(context.Context, charging.VehicleID, charging.Plug) (charging.Reservation, error)) callerFunc {
	return func(c echo.Context, who identity.Caller) error {
		id, err := pathID[charging.VehicleID](c, "vehicle_id")
		if err != nil {
			return err
		}
		if who.Kind != identity.Vehicle || who.Vehicle != id {
			return charging.Refuse(charging.CodeForbidden, "only the vehicle itself says that it has plugged in, or left")
		}
		raw, err := body(c)
		if err != nil {
			return err
		}
		p, err := carlink.ParsePlug(raw)
		if err != nil {
			return err
		}
		ctx, cancel := lasting(c)
		defer cancel()
		r, err := tell(ctx, id, p)
		if charging.CodeOf(err) == charging.CodeNoReservationHere && a.elsewhere != nil && who.Via == "" {
			there, other := a.elsewhere.Plug(ctx, who, string(act), p.EVSEID, raw)
			switch {
			case other == nil:
				return relay(c, there)
			case !errors.Is(other, elsewhere.ErrNoStop) && !errors.Is(other, identity.ErrNoProof):
				return other
			}
		}
		if err != nil {
			return err
		}
		status := http.StatusOK
		if act == carlink.ActionUnplug && r.State != charging.Fulfilled {
			status = http.StatusAccepted
		}
		return answer(c, status, api.ReservationOf(r))
	}
}
