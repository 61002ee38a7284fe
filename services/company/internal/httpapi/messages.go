package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// message answers POST /api/v1/vehicles/{vehicle_id}/message. A repeat under the same
// Idempotency-Key is the same message.
func (a *operatorAPI) message(c echo.Context, who identity.Caller) error {
	v, err := pathID[charging.VehicleID](c, "vehicle_id")
	if err != nil {
		return err
	}
	key, err := idempotencyKey(c.Request().Header)
	if err != nil {
		return err
	}
	raw, err := body(c)
	if err != nil {
		return err
	}
	req, err := api.DecodeMessage(raw)
	if err != nil {
		return err
	}
	m := charging.Message{
		ID: a.messageID(v, key), At: time.Now().UTC().Truncate(time.Millisecond), Text: req.Text, TripID: req.TripID, ReservationID: req.ReservationID,
	}
	var sent api.MessageSent
	var replay bool
	if err := a.audit.noted(c, who, "message a driver", string(v), req.Reason, func(ctx context.Context) (err error) {
		sent, replay, err = a.messages.Send(ctx, v, m)
		return err
	}); err != nil {
		return err
	}
	if replay {
		c.Response().Header().Set("Idempotent-Replayed", "true")
	}
	return answer(c, http.StatusOK, sent)
}

// messageID is a new id, or for a key always the same.
func (a *operatorAPI) messageID(v charging.VehicleID, key string) string {
	if key == "" {
		return uuid.Must(uuid.NewV7()).String()
	}
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("eletrovia message\n"+string(a.self)+"\n"+string(v)+"\n"+key)).String()
}
