package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// locks answers GET /api/v1/locks: the holds in force at this company.
func (s *Server) locks(c echo.Context, _ identity.Caller) error {
	all, err := s.o.Desk.Locks(c.Request().Context())
	if err != nil {
		return err
	}
	return answerPage(c, all, same)
}

// peers answers GET /api/v1/peers.
func (s *Server) peers(c echo.Context, _ identity.Caller) error {
	return answerPage(c, s.o.Peers(), same)
}

// peerToken answers POST /api/v1/peers/{company_id}/token: what this company would
// show to that peer.
func (s *Server) peerToken(c echo.Context, who identity.Caller) error {
	id, err := s.peerOf(c)
	if err != nil {
		return err
	}
	var token string
	var expires time.Time
	if err := s.noted(c, who, "make a token for a peer", string(id), "", func(context.Context) (err error) {
		token, expires, err = s.o.PeerToken(id)
		return err
	}); err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.PeerToken{Audience: id, Token: token, ExpiresAt: expires})
}

// peerOf is the peer that a route is about. INVALID_FIELD.
func (s *Server) peerOf(c echo.Context) (charging.CompanyID, error) {
	id, err := pathID[charging.CompanyID](c, "company_id")
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(s.o.Peers(), func(p api.Peer) bool { return p.CompanyID == id }) {
		return "", charging.Invalid("company_id", string(id)+" is no peer of "+string(s.o.Company))
	}
	return id, nil
}

// suspendPeer answers POST /api/v1/peers/{company_id}/suspend.
func (s *Server) suspendPeer(c echo.Context, who identity.Caller) error {
	id, err := s.peerOf(c)
	if err != nil {
		return err
	}
	raw, err := body(c)
	if err != nil {
		return err
	}
	req, err := api.DecodeSuspend(raw)
	if err != nil {
		return err
	}
	return s.sayOfPeer(c, who, "suspend a peer", id, req.Reason)
}

// resumePeer answers POST /api/v1/peers/{company_id}/resume.
func (s *Server) resumePeer(c echo.Context, who identity.Caller) error {
	id, err := s.peerOf(c)
	if err != nil {
		return err
	}
	return s.sayOfPeer(c, who, "resume a peer", id, "")
}

func (s *Server) sayOfPeer(c echo.Context, who identity.Caller, what string, id charging.CompanyID, reason string) error {
	var w charging.Suspension
	var released int
	if err := s.noted(c, who, what, string(id), reason, func(ctx context.Context) (err error) {
		w, released, err = s.o.Suspend(ctx, id, reason)
		return err
	}); err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.Suspension{CompanyID: id, Suspended: w.InForce(), Since: w.Since, Reason: w.Reason, Released: released})
}

// retryTrip answers POST /api/v1/trips/{trip_id}/retry.
func (s *Server) retryTrip(c echo.Context, who identity.Caller) error {
	id, err := pathID[charging.TripID](c, "trip_id")
	if err != nil {
		return err
	}
	var t trip.Trip
	if err := s.noted(c, who, "retry a trip", string(id), "", func(ctx context.Context) (err error) {
		t, err = s.o.FrontDesk.Retry(ctx, id)
		return err
	}); err != nil {
		return err
	}
	return answer(c, http.StatusOK, t.Public())
}

// resolveTrip answers POST /api/v1/trips/{trip_id}/resolve.
func (s *Server) resolveTrip(c echo.Context, who identity.Caller) error {
	t, err := s.tripOf(c, who)
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
	if err := s.noted(c, who, "resolve a trip", string(t.ID), req.Reason, func(ctx context.Context) (err error) {
		t, err = s.o.FrontDesk.Resolve(ctx, t.ID, req.Reason)
		return err
	}); err != nil {
		return err
	}
	return answer(c, http.StatusOK, t.Public())
}

// setEVSEStatus answers PUT /api/v1/evses/{evse_id}/status: out of service, with
// its coming reservations canceled, or back.
func (s *Server) setEVSEStatus(c echo.Context, who identity.Caller) error {
	evse, err := pathID[charging.EVSEID](c, "evse_id")
	if err != nil {
		return err
	}
	raw, err := body(c)
	if err != nil {
		return err
	}
	req, err := api.DecodeEVSEStatus(raw)
	if err != nil {
		return err
	}
	dry, err := queryBool(c, "dry_run")
	if err != nil {
		return err
	}
	if dry {
		return s.wouldLose(c, evse, req)
	}
	if err := s.noted(c, who, "set an EVSE "+string(req.Status), string(evse), req.Reason, func(ctx context.Context) error {
		if req.Status == charging.StatusAvailable {
			return s.o.Desk.ReturnToService(ctx, evse)
		}
		_, err := s.o.Desk.Withdraw(ctx, evse, req.Reason)
		return err
	}); err != nil {
		return err
	}
	return answer(c, http.StatusOK, req)
}

// wouldLose answers a dry run: the bookings that would be lost, and nothing is changed.
func (s *Server) wouldLose(c echo.Context, evse charging.EVSEID, req api.EVSEStatusRequest) error {
	lost, err := s.o.Desk.WouldLose(c.Request().Context(), evse)
	if err != nil {
		return err
	}
	if req.Status == charging.StatusAvailable { // what comes back takes nothing away
		lost = nil
	}
	now, out := time.Now(), api.DryRun{EVSEStatusRequest: req, Bookings: make([]api.Booking, len(lost))}
	for i, r := range lost {
		out.Bookings[i] = api.BookingOf(r, "", now)
	}
	return answer(c, http.StatusOK, out)
}
