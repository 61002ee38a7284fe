package httpapi

import (
	"context"
	"net/http"
	"regexp"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// mayOf says what a kind of caller may do, in the words of SessionResponse; the guards
// of the routes decide.
func mayOf(kind identity.Kind) []string {
	switch kind {
	case identity.Vehicle:
		return []string{api.MayPlan, api.MayReadTrips, api.MayBook, api.MayEndSessions}
	case identity.Operator:
		return []string{api.MayPlan, api.MayReadTrips, api.MayOperate, api.MayEndSessions}
	case identity.Peer:
		return []string{api.MayPlan, api.MayFederate}
	case identity.Anybody:
	}
	return []string{api.MayPlan}
}

// sessions answers GET /api/v1/sessions: the caller's own.
func (a *sessionsAPI) sessions(c echo.Context, who identity.Caller) error {
	open, err := a.identity.Sessions(c.Request().Context(), who)
	if err != nil {
		return err
	}
	current := ""
	if cookie := a.guards.sessionOf(c.Request()); cookie != "" {
		current = identity.SessionID(cookie)
	}
	return answerPage(c, open, func(o identity.OpenedSession) api.OpenSession {
		return api.OpenSession{SessionID: o.ID, OpenedAt: o.Opened, ExpiresAt: o.Until, Current: o.ID == current}
	})
}

// shownSession is the form of a listed session's id.
type shownSession string

var shownSessionRE = regexp.MustCompile(`^[0-9a-f]{16}$`)

// Validate refuses what no session is listed as. INVALID_FIELD.
func (id shownSession) Validate() error {
	if !shownSessionRE.MatchString(string(id)) {
		return charging.Invalid("session_id", "is no id of GET /api/v1/sessions: 16 digits 0 … f")
	}
	return nil
}

// endSession answers DELETE /api/v1/sessions/{session_id}: one of the caller's own; none
// is no error.
func (a *sessionsAPI) endSession(c echo.Context, who identity.Caller) error {
	id, err := pathID[shownSession](c, "session_id")
	if err != nil {
		return err
	}
	end := func(ctx context.Context) error { return a.identity.EndSession(ctx, who, string(id)) }
	if who.Kind == identity.Operator {
		err = a.audit.noted(c, who, "end a session", string(id), "", end)
	} else { // a vehicle may do so as often as it likes: its own is not kept
		ctx, cancel := lasting(c)
		defer cancel()
		err = end(ctx)
	}
	if err != nil {
		return err
	}
	if cookie := a.guards.sessionOf(c.Request()); cookie != "" && identity.SessionID(cookie) == string(id) {
		a.setCookie(c, "", 0)
	}
	return c.NoContent(http.StatusNoContent)
}
