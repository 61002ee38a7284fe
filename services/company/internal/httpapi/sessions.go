package httpapi

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// sessionsAPI is how browsers log in and out.
type sessionsAPI struct {
	self     charging.CompanyID
	name     string
	identity sessionKeeper
	peers    func() []api.Peer
	guards   *guards
	audit    *auditor
}

func (a *sessionsAPI) routes(g *guards) []route {
	return []route{
		{post, "/api/v1/session", a.openSession},
		{get, "/api/v1/session", a.session},
		{del, "/api/v1/session", g.page(a.closeSession)},
		{get, "/api/v1/sessions", g.known(a.sessions)},
		{del, "/api/v1/sessions/:session_id", g.known(a.endSession)},
	}
}

// cookieName is followed by the company's id: browsers keep cookies by host,
// not by port, and several companies may share one.
const cookieName = "eletrovia_session"

// openSession answers POST /api/v1/session: it takes one of the identities, by
// header or by body, and sets the cookie that stands for it.
func (a *sessionsAPI) openSession(c echo.Context) error {
	who, err := a.shown(c)
	if err != nil {
		return err
	}
	if err := a.guards.charge(c, who); err != nil {
		return err
	}
	switch who.Kind {
	case identity.Vehicle, identity.Operator:
	case identity.Peer:
		return charging.Refuse(charging.CodeForbidden, "companies need no session; they show their token with each call")
	default:
		return charging.Refuse(charging.CodeUnauthenticated, "show a name and a secret, by the Authorization header or as username and password")
	}
	id, err := a.identity.OpenSession(c.Request().Context(), who)
	if err != nil {
		return err
	}
	a.setCookie(c, id, a.identity.SessionLife())
	return answer(c, http.StatusOK, a.describe(who))
}

// shown tells who opens a session.
func (a *sessionsAPI) shown(c echo.Context) (identity.Caller, error) {
	r := c.Request()
	raw, err := body(c)
	if err != nil {
		return identity.Caller{}, a.guards.wrong(r, "", err)
	}
	if authorization := r.Header.Get("Authorization"); authorization != "" || len(raw) == 0 {
		who, err := a.identity.Authenticate(r.Context(), authorization, "")
		return who, a.guards.wrong(r, shownName(r), err)
	}
	req, err := api.DecodeSession(raw)
	if err != nil {
		return identity.Caller{}, a.guards.wrong(r, "", err)
	}
	who, err := a.identity.Basic(r.Context(), req.Username, req.Password)
	return who, a.guards.wrong(r, req.Username, err)
}

// session answers GET /api/v1/session: who the caller is. A session that is
// over is nobody's.
func (a *sessionsAPI) session(c echo.Context) error {
	r := c.Request()
	who, err := a.guards.caller(r)
	if r.Header.Get("Authorization") == "" && charging.CodeOf(err) == charging.CodeUnauthenticated {
		a.setCookie(c, "", 0)
		who, err = identity.Caller{Kind: identity.Anybody}, nil
	}
	if err != nil {
		return a.guards.wrong(r, shownName(r), err)
	}
	if err := a.guards.charge(c, who); err != nil {
		return err
	}
	return answer(c, http.StatusOK, a.describe(who))
}

// closeSession answers DELETE /api/v1/session.
func (a *sessionsAPI) closeSession(c echo.Context) error {
	if id := a.guards.sessionOf(c.Request()); id != "" {
		if err := a.identity.CloseSession(c.Request().Context(), id); err != nil {
			return err
		}
	}
	a.setCookie(c, "", 0)
	return c.NoContent(http.StatusNoContent)
}

// setCookie sets the session's cookie, or with a life of 0 removes it.
func (a *sessionsAPI) setCookie(c echo.Context, id string, life time.Duration) {
	age := int(life.Seconds())
	if age <= 0 {
		age = -1
	}
	c.SetCookie(&http.Cookie{
		Name: a.guards.cookie, Value: id, Path: "/", MaxAge: age,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: c.Request().TLS != nil,
	})
}

func (a *sessionsAPI) describe(who identity.Caller) api.SessionResponse {
	d := api.SessionResponse{Kind: string(who.Kind), VehicleID: who.Vehicle, CompanyID: a.self, May: mayOf(who.Kind), Companies: a.names()}
	if who.Kind == identity.Peer {
		d.CompanyID = who.Peer
	}
	return d
}

// names are how the companies that this server knows call themselves, its own first.
func (a *sessionsAPI) names() []api.CompanyName {
	names := []api.CompanyName{{CompanyID: a.self, Name: a.name}}
	for _, p := range a.peers() {
		names = append(names, api.CompanyName{CompanyID: p.CompanyID, Name: p.Name})
	}
	return names
}
