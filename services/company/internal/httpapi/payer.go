package httpapi

import (
	"encoding/base64"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/door"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

const (
	// vehicleConnections is how many connections one vehicle may keep; one more is
	// answered, and ends.
	vehicleConnections = 16
	// pagesPerSecond is what one address may read of pages that ask for no identity:
	// far more than a Prometheus and a few balancers do.
	pagesPerSecond = 100
	// guessesPerSecond and guessesAtOnce are how many wrong secrets for one name are
	// answered at once; one too many is answered later, by lateAnswer at most.
	guessesPerSecond, guessesAtOnce = 1, 10
	lateAnswer                      = time.Second
)

// limits are who has asked for how much lately: docs/adr/0018-limits-that-one-cannot-exhaust.md.
type limits struct {
	// strangers pay by address, who has shown a right secret by name; failures are
	// wrong secrets, by address, guesses likewise by name.
	strangers, failures, pages *limiter[netip.Addr]
	known, guesses             *limiter[string]
}

func newLimits(perSecond float64) limits {
	pages, guesses := float64(pagesPerSecond), float64(guessesPerSecond)
	if perSecond < 0 {
		pages, guesses = perSecond, perSecond
	}
	return limits{
		strangers: newLimiter[netip.Addr](perSecond), failures: newLimiter[netip.Addr](perSecond), pages: newLimiter[netip.Addr](pages),
		known: newLimiter[string](perSecond), guesses: newBurst[string](guesses, guessesAtOnce),
	}
}

// judge tells who makes a request, and takes it from what he has left: of an address
// for nobody, of a name for who has shown a right secret. A right secret is never
// refused for what others do. RATE_LIMITED, and what Authenticate and the session's
// origin refuse.
func (g *guards) judge(c echo.Context) (identity.Caller, error) {
	who, err := g.caller(c.Request())
	if err != nil {
		return who, g.wrong(c.Request(), shownName(c.Request()), err)
	}
	return who, g.charge(c, who)
}

// charge takes a call of a caller who has been judged. RATE_LIMITED.
func (g *guards) charge(c echo.Context, who identity.Caller) error {
	r := c.Request()
	name := payer(who)
	if name == "" {
		return g.admit(r)
	}
	if b, ok := r.Body.(*arriving); ok {
		b.known()
	}
	if door.Known(r.Context(), name) > vehicleConnections && who.Kind == identity.Vehicle {
		c.Response().Header().Set("Connection", "close")
	}
	if who.Kind == identity.Peer {
		return nil
	}
	return g.take(who)
}

// take takes a call from what a vehicle or the operator has left. RATE_LIMITED.
func (g *guards) take(who identity.Caller) error {
	return limited(g.limits.known.wait(payer(who), time.Now()), "you make too many requests")
}

// operatorPays is the operator among the payers.
const operatorPays = "operator"

// payer names who has shown a right secret; it is empty for anybody.
func payer(who identity.Caller) string {
	switch who.Kind {
	case identity.Vehicle:
		return "vehicle " + string(who.Vehicle)
	case identity.Operator:
		return operatorPays
	case identity.Peer:
		return "company " + string(who.Peer)
	}
	return ""
}

// wrong answers a secret that was looked at and refused; nil for none. It counts for
// the address, and for the name: who guesses is answered late, and the log says so.
func (g *guards) wrong(r *http.Request, name string, err error) error {
	if err == nil {
		return nil
	}
	over := g.limits.failures.wait(door.Address(r.RemoteAddr), time.Now())
	wait := over
	if charging.CodeOf(err) == charging.CodeUnauthenticated {
		g.wrongLogin(name, r.RemoteAddr)
		wait = max(wait, g.limits.guesses.wait(name, time.Now()))
	}
	if wait > 0 {
		late := time.NewTimer(min(wait, lateAnswer))
		defer late.Stop()
		select {
		case <-late.C:
		case <-r.Context().Done():
		case <-g.life.Done():
		}
	}
	if over > 0 {
		return limited(over, "too many wrong secrets from this address")
	}
	return err
}

// shownName is the name that a secret was shown for: of Basic credentials, or the
// scheme, or a session.
func shownName(r *http.Request) string {
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return strings.ToLower(scheme) + " of " + door.Address(r.RemoteAddr).String()
	}
	raw, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(rest))
	name, _, _ := strings.Cut(string(raw), ":")
	return name
}

// admit takes one request of an address that shows no secret. RATE_LIMITED.
func (g *guards) admit(r *http.Request) error {
	return limited(g.limits.strangers.wait(door.Address(r.RemoteAddr), time.Now()), "too many requests from this address")
}

// page guards what asks for no identity and costs little. RATE_LIMITED.
func (g *guards) page(h echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := limited(g.limits.pages.wait(door.Address(c.Request().RemoteAddr), time.Now()), "too many requests from this address"); err != nil {
			return err
		}
		return h(c)
	}
}

// limited refuses what has to wait; nil for no wait. RATE_LIMITED.
func limited(wait time.Duration, why string) error {
	if wait <= 0 {
		return nil
	}
	return &charging.Refusal{Code: charging.CodeRateLimited, Detail: why + "; come again after the time in Retry-After", RetryAfter: wait}
}
