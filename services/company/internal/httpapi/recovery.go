package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/services/company/internal/desk"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
	"github.com/eletrovia/eletrovia/services/company/internal/trips"
)

// recovery answers GET /api/v1/recovery.
func (a *operatorAPI) recovery(c echo.Context, _ identity.Caller) error {
	return answer(c, http.StatusOK, recoveryOf(a.desk.Recovery(), a.desk.Orphans(), a.front.Forgotten()))
}

// acceptLoss answers POST /api/v1/recovery/accept.
func (a *operatorAPI) acceptLoss(c echo.Context, who identity.Caller) error {
	raw, err := body(c)
	if err != nil {
		return err
	}
	req, err := api.DecodeAccept(raw)
	if err != nil {
		return err
	}
	if err := a.audit.noted(c, who, "accept the loss of the store's memory", string(a.self), req.Reason, a.desk.AcceptLoss); err != nil {
		return err
	}
	return a.recovery(c, identity.Caller{})
}

func recoveryOf(r desk.Recovery, orphans []desk.Orphan, lost []trips.Forgotten) api.Recovery {
	out := api.Recovery{
		State: string(r.State), Durable: r.Durable, Reason: r.Why, Restored: r.Restored, Conflicts: r.Conflicts,
		Waiting: []api.Witness{}, Orphans: []api.Orphan{}, Forgotten: []api.Forgotten{},
	}
	if !r.Since.IsZero() {
		since := r.Since.UTC()
		out.Since = &since
	}
	for _, w := range r.Waiting {
		out.Waiting = append(out.Waiting, api.Witness{CompanyID: w.Company, Attempts: w.Attempts, Detail: w.Detail})
	}
	for _, o := range orphans {
		out.Orphans = append(out.Orphans, api.Orphan{
			ReservationID: o.ID, TripID: o.TripID, Origin: o.Origin, EVSEID: o.EVSEID,
			Start: o.Window.Start.UTC(), End: o.Window.End.UTC(), Since: o.Since.UTC(),
		})
	}
	for _, f := range lost {
		out.Forgotten = append(out.Forgotten, api.Forgotten{
			ReservationID: f.ReservationID, TripID: f.TripID, Since: f.Since.UTC(), Last: f.Last.UTC(),
		})
	}
	return out
}
