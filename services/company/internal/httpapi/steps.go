package httpapi

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// reservationHistory answers GET /api/v1/reservations/{reservation_id}/history: what
// this company has seen of a reservation of its own EVSE, whoever's trip it is of.
func (a *ownerAPI) reservationHistory(c echo.Context, who identity.Caller) error {
	id, err := pathID[charging.ReservationID](c, "reservation_id")
	if err != nil {
		return err
	}
	res, steps, err := a.desk.History(c.Request().Context(), id)
	if err != nil {
		return err
	}
	if !who.May(res.VehicleID) {
		return charging.Refuse(charging.CodeForbidden, "reservation "+string(id)+" is another vehicle's")
	}
	if who.Kind == identity.Vehicle {
		steps = ownAlone(steps)
	}
	return answer(c, http.StatusOK, api.ReservationHistoryOf(res, steps, time.Now()))
}

// ownAlone leaves out who took a vehicle's window, and under which request.
func ownAlone(steps []charging.Step) []charging.Step {
	own := make([]charging.Step, len(steps))
	for i, s := range steps {
		if s.Kind == charging.StepPreempt {
			s.By, s.YieldedTo, s.RequestID = "", "", ""
		}
		own[i] = s
	}
	return own
}
