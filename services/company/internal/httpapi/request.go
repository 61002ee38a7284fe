package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

const (
	// MaxWait is the longest Prefer: wait=N that is applied.
	MaxWait = 120 * time.Second
	// actionTime bounds an action that goes on although its caller has gone.
	actionTime = 30 * time.Second
)

// body reads a request's body. TOO_LARGE, MALFORMED_REQUEST (it is not announced as
// JSON, ended too soon, or took too long), RATE_LIMITED (too much of bodies is in
// memory).
func body(c echo.Context) ([]byte, error) {
	r := c.Request()
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if err := inJSON(r); err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(r.Body) // which grows as it comes
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return raw, nil
	case errors.As(err, &large):
		return nil, charging.Refuse(charging.CodeTooLarge, fmt.Sprintf("the body has more than %d bytes", large.Limit))
	case errors.Is(err, errBodies):
		return nil, limited(time.Second, "there are too many large requests, of this address or of all")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, charging.Refuse(charging.CodeMalformedRequest, fmt.Sprintf("the body took more than %s, and %d bytes did not come in each second after it", bodyGrace, bodyRate))
	}
	return nil, charging.Refuse(charging.CodeMalformedRequest, "the body ended before its announced length")
}

// pathID takes an id from the path, unescaped once, and judges it. Echo routes
// on the raw path, which net/url keeps only where it differs from the plain
// encoding: without it the value is unescaped already. INVALID_FIELD;
// UNKNOWN_ROUTE for an empty one.
func pathID[T interface {
	~string
	Validate() error
}](c echo.Context, name string,
) (T, error) {
	v := c.Param(name)
	if v == "" {
		return "", echo.ErrNotFound
	}
	if c.Request().URL.RawPath != "" {
		plain, err := url.PathUnescape(v)
		if err != nil {
			return "", charging.Invalid(name, "is not well escaped")
		}
		v = plain
	}
	return T(v), T(v).Validate()
}

// queryID takes an optional id from the query. INVALID_FIELD.
func queryID[T interface {
	~string
	Validate() error
}](c echo.Context, name string,
) (T, error) {
	v := T(c.QueryParam(name))
	if v == "" {
		return "", nil
	}
	return v, v.Validate()
}

// queryInt takes a whole number from the query, or def where there is none.
// INVALID_FIELD.
func queryInt(c echo.Context, name string, low, high, def int) (int, error) {
	text := c.QueryParam(name)
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return 0, charging.Invalid(name, fmt.Sprintf("must be a whole number from %d to %d", low, high))
	}
	return n, nil
}

// queryBool takes true or false from the query, false where there is none.
// INVALID_FIELD.
func queryBool(c echo.Context, name string) (bool, error) {
	switch c.QueryParam(name) {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, charging.Invalid(name, "must be true or false")
}

// queryInstant takes a required instant from the query. INVALID_FIELD.
func queryInstant(c echo.Context, name string) (time.Time, error) {
	text := c.QueryParam(name)
	if text == "" {
		return time.Time{}, charging.Invalid(name, "is missing")
	}
	t, err := charging.ParseInstant(text)
	if err != nil {
		return t, charging.Invalid(name, err.Error())
	}
	return t, nil
}

// preferWait is the N of Prefer: wait=N (RFC 7240), at most MaxWait; ok is
// false where there is none.
func preferWait(h http.Header) (wait time.Duration, ok bool) {
	for _, line := range h.Values("Prefer") {
		for part := range strings.SplitSeq(line, ",") {
			part, _, _ = strings.Cut(part, ";")
			name, value, _ := strings.Cut(part, "=")
			if !strings.EqualFold(strings.TrimSpace(name), "wait") {
				continue
			}
			n, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(value), `"`), 10, 32)
			if err == nil {
				return min(time.Duration(n)*time.Second, MaxWait), true
			}
		}
	}
	return 0, false
}

// lasting is a context for an action that must not stop half-way because its
// caller has gone: a lost connection cancels nothing.
func lasting(c echo.Context) (context.Context, context.CancelFunc) {
	return lastingFor(c, actionTime)
}

func lastingFor(c echo.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(c.Request().Context()), d)
}
