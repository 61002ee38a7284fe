package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/problem"
	"github.com/eletrovia/eletrovia/services/company/internal/elsewhere"
)

const federationPrefix = "/federation/"

// frame is around every request: it bounds the body, carries request id and
// trace, and turns what comes back, a panic too, into a problem.
func (s *Server) frame(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		began := time.Now()
		r := c.Request()
		t := s.trace(r)
		h := c.Response().Header()
		h.Set("X-Request-Id", t.RequestID)
		h.Set("X-Content-Type-Options", "nosniff")
		if t.Parent != "" {
			h.Set("Traceparent", t.Parent)
		}
		r = r.WithContext(api.WithTrace(r.Context(), t))
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = http.MaxBytesReader(c.Response().Writer, r.Body, api.MaxBody)
			b := newArriving(c.Response(), r, s.bodies)
			defer b.done()
			r.Body = b
		}
		c.SetRequest(r)
		answerBy(c, 0)
		defer s.metrics.observe(c, began)
		if err := s.guarded(c, next); err != nil {
			s.fail(c, err)
		}
		return nil
	}
}

// guarded calls the handler unless the request gives itself away as one that is
// not to be served, and turns a panic into an error.
func (s *Server) guarded(c echo.Context, next echo.HandlerFunc) (err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			panic(p)
		default:
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if n := c.Request().ContentLength; n > api.MaxBody {
		return charging.Refuse(charging.CodeTooLarge, fmt.Sprintf("the body has %d bytes; at most %d", n, api.MaxBody))
	}
	if s.origins.Check(c.Request()) != nil {
		return charging.Refuse(charging.CodeForbidden, "a page of another origin may change nothing here")
	}
	return next(c)
}

// inJSON refuses a body that does not say that it is JSON. A page of another origin
// cannot send that without being allowed to, whatever its browser tells of where it
// comes from: only forms and plain text go out unasked. MALFORMED_REQUEST.
func inJSON(r *http.Request) error {
	if r.ContentLength == 0 {
		return nil
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" && !strings.HasSuffix(media, "+json") {
		return charging.Refuse(charging.CodeMalformedRequest, "the body is not announced as JSON; send Content-Type: application/json")
	}
	return nil
}

// fail answers with the problem of an error, and logs what is no refusal.
func (s *Server) fail(c echo.Context, err error) {
	p := problemOf(c, err)
	if p.Code == "" {
		s.o.Log.Error().Err(err).Str("request_id", api.TraceFrom(c.Request().Context()).RequestID).
			Str("method", c.Request().Method).Str("route", c.Path()).Msg("a request failed inside")
	}
	if c.Response().Committed {
		return
	}
	if p.Status == http.StatusUnauthorized {
		c.Response().Header().Set("WWW-Authenticate", challenge(c))
	}
	if p.Code == string(charging.CodeUnknownRoute) && visits(c.Request()) {
		if html, err := s.o.Web.Page(); err == nil {
			appPolicy(c)
			c.Response().Header().Set("Cache-Control", "no-cache")
			c.Response().Header().Add(echo.HeaderVary, echo.HeaderAccept)
			_ = c.Blob(http.StatusNotFound, echo.MIMETextHTMLCharsetUTF8, html) // fails when the caller has gone
			return
		}
	}
	p.Instance = instance(c.Request())
	_ = p.Write(c.Response()) // fails when the caller has gone
}

// visits reports whether somebody has opened an address in a browser, which is no API's:
// the web app's page says that there is no such page, and where to go from there.
func visits(r *http.Request) bool {
	for _, program := range []string{"/api/", federationPrefix, "/assets/"} {
		if strings.HasPrefix(r.URL.Path, program) {
			return false
		}
	}
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.Header.Get(echo.HeaderAccept), echo.MIMETextHTML)
}

func problemOf(c echo.Context, err error) problem.Problem {
	if he := (*echo.HTTPError)(nil); errors.As(err, &he) {
		switch he.Code {
		case http.StatusNotFound:
			return problem.New(string(charging.CodeUnknownRoute), "there is nothing at this path; see /docs")
		case http.StatusMethodNotAllowed:
			return problem.New(string(charging.CodeMethodNotAllowed),
				c.Request().Method+" is not for this path; the Allow header lists what is")
		}
		return problem.Internal()
	}
	if strings.HasPrefix(c.Path(), federationPrefix) {
		return api.FromErrorForPeer(err)
	}
	p := api.FromError(err)
	if away := (*elsewhere.Away)(nil); errors.As(err, &away) && away.Known != nil {
		p.KnownHere, _ = json.Marshal(away.Known) // plain strings and times: never fails
	}
	return p
}

// challenge names the scheme that a 401 asks for. A browser gets one that none
// knows, so that it opens no dialog: what is typed there it would show with every
// later request, and there is no way to log out.
func challenge(c echo.Context) string {
	switch {
	case strings.HasPrefix(c.Path(), federationPrefix):
		return `Bearer realm="eletrovia"`
	case fromBrowser(c.Request().Header):
		return `Session realm="eletrovia"`
	}
	return `Basic realm="eletrovia", charset="UTF-8"`
}

// fromBrowser tells pages and their calls from programs. Sec-Fetch-Mode is sent over
// TLS and to loopback only, so it is not all that is looked at.
func fromBrowser(h http.Header) bool {
	for _, name := range []string{"Sec-Fetch-Mode", "Origin", "Referer"} {
		if h.Get(name) != "" {
			return true
		}
	}
	return strings.Contains(h.Get("Accept"), "text/html")
}

// maxInstance bounds the path that a problem repeats.
const maxInstance = 256

func instance(r *http.Request) string {
	path := r.URL.EscapedPath()
	if len(path) > maxInstance {
		return path[:maxInstance]
	}
	return path
}

// trace takes over the caller's request id and W3C trace where they are well
// formed, and else makes an id.
func (s *Server) trace(r *http.Request) api.Trace {
	t := api.Trace{RequestID: r.Header.Get("X-Request-Id"), Parent: r.Header.Get("Traceparent")}
	if !visible(t.RequestID, 128) {
		t.RequestID = s.prefix + strconv.FormatUint(s.count.Add(1), 36)
	}
	if !traceparent(t.Parent) {
		t.Parent = ""
	} else if state := r.Header.Get("Tracestate"); len(state) <= 512 && printable(state) {
		t.State = state
	}
	return t
}

// visible reports whether s has 1 to limit ASCII characters, none of them a space.
func visible(s string, limit int) bool {
	return s != "" && len(s) <= limit && printable(s) && !strings.Contains(s, " ")
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// traceparent judges the form 00-{32 hex}-{16 hex}-{2 hex} (W3C Trace Context §3.2).
func traceparent(s string) bool {
	if len(s) != 55 || s[2] != '-' || s[35] != '-' || s[52] != '-' || s[:2] == "ff" {
		return false
	}
	for i := range len(s) {
		hex := s[i] >= '0' && s[i] <= '9' || s[i] >= 'a' && s[i] <= 'f'
		if !hex && i != 2 && i != 35 && i != 52 {
			return false
		}
	}
	return strings.Trim(s[3:35], "0") != "" && strings.Trim(s[36:52], "0") != ""
}
