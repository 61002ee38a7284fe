package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// guards judge who makes a request, before a handler sees it.
type guards struct {
	self     charging.CompanyID
	identity judge
	limits   limits
	// cookie is the name of the session's.
	cookie    string
	elsewhere Elsewhere
	// hidden, suspended, refused and wrongLogin are Options.Apart, Suspended, RefusedPeer
	// and WrongLogin.
	hidden     bool
	suspended  func(charging.CompanyID) string
	refused    func(claimed charging.CompanyID, addr string)
	wrongLogin func(name, addr string)
	life       context.Context
}

// anybody guards a route that asks for no identity. Who shows a right secret all the
// same pays by name, who shows a wrong one is nobody.
func (g *guards) anybody(h echo.HandlerFunc) echo.HandlerFunc {
	return g.guest(func(c echo.Context, _ identity.Caller) error { return h(c) })
}

// guest is anybody for a route that wants to know who it is.
func (g *guards) guest(h callerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		who, err := g.caller(c.Request())
		if err != nil {
			if err := g.wrong(c.Request(), shownName(c.Request()), err); charging.CodeOf(err) == charging.CodeRateLimited {
				return err
			}
			who = identity.Caller{Kind: identity.Anybody}
		}
		if err := g.charge(c, who); err != nil {
			return err
		}
		return h(c, who)
	}
}

type callerFunc func(echo.Context, identity.Caller) error

// known guards a route for vehicles and the operator.
func (g *guards) known(h callerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		who, err := g.judge(c)
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
func (g *guards) operator(h callerFunc) echo.HandlerFunc {
	return g.apart(g.known(func(c echo.Context, who identity.Caller) error {
		if who.Kind != identity.Operator {
			return charging.Refuse(charging.CodeForbidden, "this is for the company's operator")
		}
		return h(c, who)
	}))
}

// peer guards a route for another company. Peers have no rate limit, whoever
// tries to be one has.
func (g *guards) peer(h func(echo.Context, charging.CompanyID) error) echo.HandlerFunc {
	return g.apart(func(c echo.Context) error {
		r := c.Request()
		who, err := g.identity.Authenticate(r.Context(), r.Header.Get("Authorization"), "")
		if err != nil {
			g.refusedPeer(r)
			return g.wrong(r, shownName(r), err)
		}
		if err := g.charge(c, who); err != nil {
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
func (g *guards) apart(h echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if g.hidden && c.Request().Context().Value(adminKey{}) == nil {
			return echo.ErrNotFound
		}
		return h(c)
	}
}

// refusedPeer tells of a token that is no peer's. Who shows it says who it is in its
// User-Agent, as every server does; that is proof of nothing.
func (g *guards) refusedPeer(r *http.Request) {
	if _, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !ok || g.refused == nil {
		return
	}
	name, _ := strings.CutPrefix(r.UserAgent(), "eletrovia/")
	claimed := charging.CompanyID(name)
	if claimed.Validate() != nil {
		claimed = ""
	}
	g.refused(claimed, r.RemoteAddr)
}

// caller tells who makes a request.
func (g *guards) caller(r *http.Request) (identity.Caller, error) {
	authorization, session := r.Header.Get("Authorization"), ""
	if authorization == "" {
		session = g.sessionOf(r)
	}
	return g.identity.Authenticate(r.Context(), authorization, session)
}

func (g *guards) sessionOf(r *http.Request) string {
	if k, err := r.Cookie(g.cookie); err == nil {
		return k.Value
	}
	return ""
}

// still reports whether the reader of a stream is who it was when it began; it
// may have logged out, or have been revoked.
func (g *guards) still(r *http.Request, was identity.Caller) bool {
	now, err := g.judgeAgain(r, was)
	if err != nil {
		return charging.CodeOf(err) != charging.CodeUnauthenticated
	}
	return now.Kind == was.Kind && now.Vehicle == was.Vehicle
}

// judgeAgain judges a reader again. The token of a company that reads for a vehicle has
// ended by now; who it is was proved when the stream began.
func (g *guards) judgeAgain(r *http.Request, was identity.Caller) (identity.Caller, error) {
	if was.Via == "" {
		return g.caller(r)
	}
	if g.suspended(was.Via) != "" {
		return identity.Caller{}, nil
	}
	_, proof, _ := strings.Cut(r.Header.Get(api.VehicleHeader), " ")
	return g.identity.OnBehalf(r.Context(), was.Via, was.Vehicle, proof)
}
