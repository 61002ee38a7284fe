package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// auditor does what is kept in the audit.
type auditor struct {
	kept Audit
	log  zerolog.Logger
}

// noteTime bounds the writing of how an act has ended.
const noteTime = 5 * time.Second

// noted does what the operator, or a vehicle about itself, asks for. It is kept before
// it is done, and how it ended afterwards; what cannot be kept is not done. Of a vehicle
// only what was done is kept: nobody fills the audit with what is refused. The act goes
// on although its caller has gone. STORE_UNAVAILABLE, and what do refuses.
func (u *auditor) noted(c echo.Context, who identity.Caller, what, of, reason string, do func(ctx context.Context) error) error {
	act := charging.Act{
		ID: uuid.Must(uuid.NewV7()).String(), At: time.Now().UTC().Truncate(time.Millisecond), Who: "operator",
		What: what, Of: of, Reason: reason, RequestID: api.TraceFrom(c.Request().Context()).RequestID,
	}
	if who.Kind == identity.Vehicle {
		act.Who = string(who.Vehicle)
	}
	ctx, cancel := lasting(c)
	defer cancel()
	u.logged(act)
	if who.Kind == identity.Vehicle {
		err := do(ctx)
		if err == nil {
			u.ended(c, act, "ok", "")
		}
		return err
	}
	if err := u.kept.Note(ctx, act); err != nil {
		return err
	}
	defer func() {
		if act.EndedAt.IsZero() { // a panic
			u.ended(c, act, "INTERNAL", "")
		}
	}()
	err := do(ctx)
	answer, detail := "ok", ""
	if err != nil {
		p := problemOf(c, err)
		if answer, detail = p.Code, p.Detail; answer == "" {
			answer = "INTERNAL"
		}
	}
	act = u.ended(c, act, answer, detail)
	return err
}

// ended keeps how an act has ended.
func (u *auditor) ended(c echo.Context, act charging.Act, answer, detail string) charging.Act {
	act.Answer, act.Detail, act.EndedAt = answer, detail, time.Now().UTC().Truncate(time.Millisecond)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request().Context()), noteTime)
	defer cancel()
	if err := u.kept.Note(ctx, act); err != nil {
		u.log.Warn().Err(err).Str("act", act.ID).Str("answer", answer).Msg("how an act has ended is not in the audit")
	}
	return act
}

// logged puts an act into the log, too.
func (u *auditor) logged(act charging.Act) {
	e, by := u.log.Info().Str("audit", act.What).Str("of", act.Of).Str("reason", act.Reason), "by the operator's word"
	if act.Who != "operator" {
		e, by = e.Str("vehicle", act.Who), "by a vehicle's word"
	}
	e.Str("request_id", act.RequestID).Msg(by)
}

// acts answers GET /api/v1/audit, newest first. The Link header says where the next page
// begins.
func (a *operatorAPI) acts(c echo.Context, _ identity.Caller) (err error) {
	q := charging.ActQuery{Who: c.QueryParam("who"), What: c.QueryParam("what"), Of: c.QueryParam("of"), After: c.QueryParam("after")}
	if q.Limit, err = queryInt(c, "limit", 1, maxLimit, defaultLimit); err != nil {
		return err
	}
	for name, at := range map[string]*time.Time{"from": &q.From, "to": &q.To} {
		if c.QueryParam(name) == "" {
			continue
		}
		if *at, err = queryInstant(c, name); err != nil {
			return err
		}
	}
	list, next, err := a.audit.kept.Acts(c.Request().Context(), q)
	if err != nil {
		return err
	}
	if list == nil {
		list = []charging.Act{}
	}
	linkNext(c, next)
	return answer(c, http.StatusOK, list)
}

// linkNext writes the Link header of a page that another follows.
func linkNext(c echo.Context, next string) {
	if next == "" {
		return
	}
	q := url.Values{}
	for name, v := range c.QueryParams() {
		q[name] = v
	}
	q.Set("after", next)
	c.Response().Header().Set("Link", "<"+c.Request().URL.EscapedPath()+"?"+q.Encode()+`>; rel="next"`)
}
