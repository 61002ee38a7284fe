package httpapi

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// cookieName is followed by the company's id: browsers keep cookies by host,
// not by port, and several companies may share one.
const cookieName = "eletrovia_session"

// openSession answers POST /api/v1/session: it takes one of the identities, by
// header or by body, and sets the cookie that stands for it.
func (s *Server) openSession(c echo.Context) error {
	who, err := s.shown(c)
	if err != nil {
		return err
	}
	if err := s.charge(c, who); err != nil {
		return err
	}
	switch who.Kind {
	case identity.Vehicle, identity.Operator:
	case identity.Peer:
		return charging.Refuse(charging.CodeForbidden, "companies need no session; they show their token with each call")
	default:
		return charging.Refuse(charging.CodeUnauthenticated, "show a name and a secret, by the Authorization header or as username and password")
	}
	id, err := s.o.Identity.OpenSession(c.Request().Context(), who)
	if err != nil {
		return err
	}
	s.setCookie(c, id, s.o.Identity.SessionLife())
	return answer(c, http.StatusOK, s.describe(who))
}

// shown tells who opens a session.
func (s *Server) shown(c echo.Context) (identity.Caller, error) {
	r := c.Request()
	raw, err := body(c)
	if err != nil {
		return identity.Caller{}, s.wrong(r, "", err)
	}
	if authorization := r.Header.Get("Authorization"); authorization != "" || len(raw) == 0 {
		who, err := s.o.Identity.Authenticate(r.Context(), authorization, "")
		return who, s.wrong(r, shownName(r), err)
	}
	req, err := api.DecodeSession(raw)
	if err != nil {
		return identity.Caller{}, s.wrong(r, "", err)
	}
	who, err := s.o.Identity.Basic(r.Context(), req.Username, req.Password)
	return who, s.wrong(r, req.Username, err)
}

// session answers GET /api/v1/session: who the caller is. A session that is
// over is nobody's.
func (s *Server) session(c echo.Context) error {
	r := c.Request()
	who, err := s.caller(r)
	if r.Header.Get("Authorization") == "" && charging.CodeOf(err) == charging.CodeUnauthenticated {
		s.setCookie(c, "", 0)
		who, err = identity.Caller{Kind: identity.Anybody}, nil
	}
	if err != nil {
		return s.wrong(r, shownName(r), err)
	}
	if err := s.charge(c, who); err != nil {
		return err
	}
	return answer(c, http.StatusOK, s.describe(who))
}

// closeSession answers DELETE /api/v1/session.
func (s *Server) closeSession(c echo.Context) error {
	if id := s.sessionOf(c.Request()); id != "" {
		if err := s.o.Identity.CloseSession(c.Request().Context(), id); err != nil {
			return err
		}
	}
	s.setCookie(c, "", 0)
	return c.NoContent(http.StatusNoContent)
}

// setCookie sets the session's cookie, or with a life of 0 removes it.
func (s *Server) setCookie(c echo.Context, id string, life time.Duration) {
	age := int(life.Seconds())
	if age <= 0 {
		age = -1
	}
	c.SetCookie(&http.Cookie{
		Name: s.cookie, Value: id, Path: "/", MaxAge: age,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: c.Request().TLS != nil,
	})
}

func (s *Server) describe(who identity.Caller) api.SessionResponse {
	d := api.SessionResponse{Kind: string(who.Kind), VehicleID: who.Vehicle, CompanyID: s.o.Company, May: mayOf(who.Kind), Companies: s.names()}
	if who.Kind == identity.Peer {
		d.CompanyID = who.Peer
	}
	return d
}

// names are how the companies that this server knows call themselves, its own first.
func (s *Server) names() []api.CompanyName {
	names := []api.CompanyName{{CompanyID: s.o.Company, Name: s.o.Name}}
	for _, p := range s.o.Peers() {
		names = append(names, api.CompanyName{CompanyID: p.CompanyID, Name: p.Name})
	}
	return names
}
