package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// anybody guards a route that asks for no identity. Who shows a right secret all the
// same pays by name, who shows a wrong one is nobody.
func (s *Server) anybody(h echo.HandlerFunc) echo.HandlerFunc {
	return s.guest(func(c echo.Context, _ identity.Caller) error { return h(c) })
}

// guest is anybody for a route that wants to know who it is.
func (s *Server) guest(h callerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		who, err := s.caller(c.Request())
		if err != nil {
			if err := s.wrong(c.Request(), shownName(c.Request()), err); charging.CodeOf(err) == charging.CodeRateLimited {
				return err
			}
			who = identity.Caller{Kind: identity.Anybody}
		}
		if err := s.charge(c, who); err != nil {
			return err
		}
		return h(c, who)
	}
}

type callerFunc func(echo.Context, identity.Caller) error

// known guards a route for vehicles and the operator.
func (s *Server) known(h callerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		who, err := s.judge(c)
		if err != nil {
			return err
		}
		switch who.Kind {
		case identity.Vehicle, identity.Operator:
			return h(c, who)
		case identity.Peer:
			return charging.Refuse(charging.CodeForbidden, "this is for vehicles and the operator; companies use /federation/v1")
		}
		return charging.Refuse(charging.CodeUnauthenticated, "show a vehicle's or the operator's name and secret")
	}
}

// operator guards a route for the operator alone.
func (s *Server) operator(h callerFunc) echo.HandlerFunc {
	return s.apart(s.known(func(c echo.Context, who identity.Caller) error {
		if who.Kind != identity.Operator {
			return charging.Refuse(charging.CodeForbidden, "this is for the company's operator")
		}
		return h(c, who)
	}))
}

// peer guards a route for another company. Peers have no rate limit, whoever
// tries to be one has.
func (s *Server) peer(h func(echo.Context, charging.CompanyID) error) echo.HandlerFunc {
	return s.apart(func(c echo.Context) error {
		r := c.Request()
		who, err := s.o.Identity.Authenticate(r.Context(), r.Header.Get("Authorization"), "")
		if err != nil {
			s.refusedPeer(r)
			return s.wrong(r, shownName(r), err)
		}
		if err := s.charge(c, who); err != nil {
			return err
		}
		if who.Kind != identity.Peer {
			return charging.Refuse(charging.CodeUnauthenticated, "show a peer company's Bearer token")
		}
		return h(c, who.Peer)
	})
}

type adminKey struct{}

// Admin serves all routes, at an address for peers and the operator.
func (s *Server) Admin() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), adminKey{}, true)))
	})
}

// apart hides a route where Options.Apart says so: it is served by Admin only.
func (s *Server) apart(h echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if s.o.Apart && c.Request().Context().Value(adminKey{}) == nil {
			return echo.ErrNotFound
		}
		return h(c)
	}
}

// refusedPeer tells of a token that is no peer's. Who shows it says who it is in its
// User-Agent, as every server does; that is proof of nothing.
func (s *Server) refusedPeer(r *http.Request) {
	if _, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !ok || s.o.RefusedPeer == nil {
		return
	}
	name, _ := strings.CutPrefix(r.UserAgent(), "eletrovia/")
	claimed := charging.CompanyID(name)
	if claimed.Validate() != nil {
		claimed = ""
	}
	s.o.RefusedPeer(claimed, r.RemoteAddr)
}

// caller tells who makes a request.
func (s *Server) caller(r *http.Request) (identity.Caller, error) {
	authorization, session := r.Header.Get("Authorization"), ""
	if authorization == "" {
		session = s.sessionOf(r)
	}
	return s.o.Identity.Authenticate(r.Context(), authorization, session)
}

func (s *Server) sessionOf(r *http.Request) string {
	if k, err := r.Cookie(s.cookie); err == nil {
		return k.Value
	}
	return ""
}
