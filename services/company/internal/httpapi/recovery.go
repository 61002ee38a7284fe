package httpapi

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/desk"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
	"github.com/eletrovia/eletrovia/services/company/internal/trips"
)

// promises answers GET /federation/v1/promises: what trips of this company hold
// at the caller's, who has lost its memory. A page ends where the Link header
// says; it may be empty and not the last.
func (s *Server) promises(c echo.Context, peer charging.CompanyID) error {
	page, next, err := s.o.FrontDesk.Promises(c.Request().Context(), peer, c.QueryParam("after"))
	if err != nil {
		return err
	}
	list := make([]api.Promise, len(page))
	for i, p := range page {
		list[i] = api.PromiseOf(p)
	}
	if next != "" {
		c.Response().Header().Set("Link", "<"+c.Request().URL.EscapedPath()+"?after="+url.QueryEscape(next)+`>; rel="next"`)
	}
	return answer(c, http.StatusOK, list)
}

// recovery answers GET /api/v1/recovery.
func (s *Server) recovery(c echo.Context, _ identity.Caller) error {
	return answer(c, http.StatusOK, recoveryOf(s.o.Desk.Recovery(), s.o.Desk.Orphans(), s.o.FrontDesk.Forgotten()))
}

// acceptLoss answers POST /api/v1/recovery/accept.
func (s *Server) acceptLoss(c echo.Context, who identity.Caller) error {
	raw, err := body(c)
	if err != nil {
		return err
	}
	req, err := api.DecodeAccept(raw)
	if err != nil {
		return err
	}
	if err := s.noted(c, who, "accept the loss of the store's memory", string(s.o.Company), req.Reason, s.o.Desk.AcceptLoss); err != nil {
		return err
	}
	return s.recovery(c, identity.Caller{})
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
