package httpapi

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// peersAPI is what the operator sees of the other companies, and says about them. What
// they ask themselves is federationAPI and reservationsAPI.
type peersAPI struct {
	self charging.CompanyID
	// list, token and suspend are Options.Peers, PeerToken and Suspend.
	list    func() []api.Peer
	token   func(peer charging.CompanyID) (token string, expires time.Time, err error)
	suspend func(ctx context.Context, peer charging.CompanyID, reason string) (charging.Suspension, int, error)
	audit   *auditor
}

func (a *peersAPI) routes(g *guards) []route {
	const one = "/api/v1/peers/:company_id"
	return []route{
		{get, "/api/v1/peers", g.operator(a.peers)},
		{post, one + "/token", g.operator(a.peerToken)},
		{post, one + "/suspend", g.operator(a.suspendPeer)},
		{post, one + "/resume", g.operator(a.resumePeer)},
	}
}

// peers answers GET /api/v1/peers.
func (a *peersAPI) peers(c echo.Context, _ identity.Caller) error {
	return answerPage(c, a.list(), same)
}

// peerToken answers POST /api/v1/peers/{company_id}/token: what this company would
// show to that peer.
func (a *peersAPI) peerToken(c echo.Context, who identity.Caller) error {
	id, err := a.peerOf(c)
	if err != nil {
		return err
	}
	var token string
	var expires time.Time
	if err := a.audit.noted(c, who, "make a token for a peer", string(id), "", func(context.Context) (err error) {
		token, expires, err = a.token(id)
		return err
	}); err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.PeerToken{Audience: id, Token: token, ExpiresAt: expires})
}

// peerOf is the peer that a route is about. INVALID_FIELD.
func (a *peersAPI) peerOf(c echo.Context) (charging.CompanyID, error) {
	id, err := pathID[charging.CompanyID](c, "company_id")
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(a.list(), func(p api.Peer) bool { return p.CompanyID == id }) {
		return "", charging.Invalid("company_id", string(id)+" is no peer of "+string(a.self))
	}
	return id, nil
}

// suspendPeer answers POST /api/v1/peers/{company_id}/suspend.
func (a *peersAPI) suspendPeer(c echo.Context, who identity.Caller) error {
	id, err := a.peerOf(c)
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
	return a.sayOfPeer(c, who, "suspend a peer", id, req.Reason)
}

// resumePeer answers POST /api/v1/peers/{company_id}/resume.
func (a *peersAPI) resumePeer(c echo.Context, who identity.Caller) error {
	id, err := a.peerOf(c)
	if err != nil {
		return err
	}
	return a.sayOfPeer(c, who, "resume a peer", id, "")
}

func (a *peersAPI) sayOfPeer(c echo.Context, who identity.Caller, what string, id charging.CompanyID, reason string) error {
	var w charging.Suspension
	var released int
	if err := a.audit.noted(c, who, what, string(id), reason, func(ctx context.Context) (err error) {
		w, released, err = a.suspend(ctx, id, reason)
		return err
	}); err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.Suspension{CompanyID: id, Suspended: w.InForce(), Since: w.Since, Reason: w.Reason, Released: released})
}
