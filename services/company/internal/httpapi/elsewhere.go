package httpapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/elsewhere"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// traveller is known for what a vehicle may ask at any company's server: a peer asks
// for a vehicle that has asked it, and is answered as the vehicle would be
// (docs/adr/0020-every-server-knows-every-trip.md).
func (g *guards) traveller(h callerFunc) echo.HandlerFunc {
	itself := g.known(h)
	return func(c echo.Context) error {
		c.Response().Header().Set(api.CompanyHeader, string(g.self))
		shown := c.Request().Header.Values(api.VehicleHeader)
		if len(shown) == 0 {
			return itself(c)
		}
		who, err := g.onBehalf(c, shown[0])
		if err != nil {
			return err
		}
		return h(c, who)
	}
}

// onBehalf tells for which vehicle a peer asks. The vehicle pays for it, as if it had
// come itself. UNAUTHENTICATED, FORBIDDEN, RATE_LIMITED.
func (g *guards) onBehalf(c echo.Context, shown string) (identity.Caller, error) {
	r := c.Request()
	peer, err := g.identity.Authenticate(r.Context(), r.Header.Get("Authorization"), "")
	if err != nil {
		g.refusedPeer(r)
		return peer, g.wrong(r, shownName(r), err)
	}
	if err := g.charge(c, peer); err != nil {
		return peer, err
	}
	if peer.Kind != identity.Peer {
		return peer, charging.Refuse(charging.CodeUnauthenticated, "only a company asks for a vehicle, with its own Bearer token; a vehicle shows its secret alone")
	}
	if why := g.suspended(peer.Peer); why != "" {
		return peer, charging.Refuse(charging.CodeUnauthenticated, string(g.self)+" has suspended "+string(peer.Peer)+" ("+why+"), and answers it for no vehicle")
	}
	id, proof, _ := strings.Cut(shown, " ")
	who, err := g.identity.OnBehalf(r.Context(), peer.Peer, charging.VehicleID(id), proof)
	if err != nil {
		return who, err
	}
	return who, g.take(who)
}

// trip guards what is about one trip: one that did not begin here is asked about where
// it did.
func (g *guards) trip(h callerFunc) echo.HandlerFunc {
	return g.traveller(func(c echo.Context, who identity.Caller) error {
		err := h(c, who)
		if g.elsewhere == nil || charging.CodeOf(err) != charging.CodeUnknownTrip || who.Kind != identity.Vehicle || who.Via != "" {
			return err
		}
		if asked := g.askElsewhere(c, who); !errors.Is(asked, identity.ErrNoProof) {
			return asked
		}
		return err
	})
}

// goesOn are the headers of a request that another company gets. Who calls is none
// of them: a secret stays where it was shown.
var goesOn = []string{"Content-Type", "Idempotency-Key", "Prefer"}

// comesBack are the headers of an answer that the caller gets.
var comesBack = []string{api.CompanyHeader, "Link", "X-Total-Count", "Preference-Applied", "Idempotent-Replayed"}

// askElsewhere answers with what the trip's originator says. The handlers read a body
// only after they have found the trip, so it is still there.
func (g *guards) askElsewhere(c echo.Context, who identity.Caller) error {
	id, err := pathID[charging.TripID](c, "trip_id")
	if err != nil {
		return err
	}
	raw, err := body(c)
	if err != nil {
		return err
	}
	r := c.Request()
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet // the connection leaves the body out
	}
	q := elsewhere.Request{Method: method, Path: r.URL.RequestURI(), Header: subset(r.Header, goesOn), Body: raw}
	if wait, ok := preferWait(r.Header); ok {
		q.Wait = wait
		answerBy(c, wait)
	}
	ctx := r.Context()
	if method != http.MethodGet {
		lasts, cancel := lastingFor(c, actionTime+q.Wait)
		defer cancel()
		ctx = lasts
	}
	a, err := g.elsewhere.Ask(ctx, who, id, q)
	if err != nil {
		return err
	}
	return relay(c, a)
}

// relay answers with another company's answer.
func relay(c echo.Context, a client.ForwardedAnswer) error {
	h := c.Response().Header()
	for name, values := range subset(a.Header, comesBack) {
		h[name] = values
	}
	return answerRaw(c, a.Status, a.Body)
}

func subset(h http.Header, names []string) http.Header {
	some := http.Header{}
	for _, name := range names {
		if v := h.Values(name); len(v) > 0 {
			some[http.CanonicalHeaderKey(name)] = v
		}
	}
	return some
}
