package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/services/company/internal/instants"
)

// answer writes v as JSON, encoded once and with its length.
func answer(c echo.Context, status int, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding the answer: %w", err)
	}
	if !strings.HasPrefix(c.Path(), federationPrefix) { // companies compare what they have
		raw = instants.Millis(raw)
	}
	return answerRaw(c, status, raw)
}

func answerRaw(c echo.Context, status int, raw []byte) error {
	return answerBytes(c, status, echo.MIMEApplicationJSON, raw)
}

func answerBytes(c echo.Context, status int, media string, raw []byte) error {
	h := c.Response().Header()
	h.Set("Content-Type", media)
	h.Set("Content-Length", strconv.Itoa(len(raw)))
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	c.Response().WriteHeader(status)
	_, _ = c.Response().Write(raw) // fails when the caller has gone
	return nil
}

// Bounds of a page.
const (
	maxLimit     = 500
	defaultLimit = 100
	maxOffset    = 1 << 30
)

// page is the part of a list that a request asks for.
type page struct{ limit, offset int }

// pageOf reads limit and offset. INVALID_FIELD.
func pageOf(c echo.Context) (p page, err error) {
	if p.limit, err = queryInt(c, "limit", 1, maxLimit, defaultLimit); err != nil {
		return p, err
	}
	p.offset, err = queryInt(c, "offset", 0, maxOffset, 0)
	return p, err
}

// slice is the page's part of a whole list.
func slice[T any](p page, all []T) []T {
	from := min(p.offset, len(all))
	return all[from:min(from+p.limit, len(all))]
}

// link writes X-Total-Count and the Link header (RFC 8288) of a page.
func (p page) link(c echo.Context, total int) {
	links := []string{p.to(c, 0, "first"), p.to(c, max(0, (total-1)/p.limit*p.limit), "last")}
	if p.offset > 0 {
		links = append(links, p.to(c, max(0, p.offset-p.limit), "prev"))
	}
	if p.offset+p.limit < total {
		links = append(links, p.to(c, p.offset+p.limit, "next"))
	}
	h := c.Response().Header()
	h.Set("Link", strings.Join(links, ", "))
	h.Set("X-Total-Count", strconv.Itoa(total))
}

// follow writes the Link header of a page by cursor; an empty next says that nothing
// follows. How many there are in all is not counted.
func (p page) follow(c echo.Context, next string) {
	links := []string{p.linked(c, "cursor", "", "first")}
	if next != "" {
		links = append(links, p.linked(c, "cursor", next, "next"))
	}
	c.Response().Header().Set("Link", strings.Join(links, ", "))
}

func (p page) to(c echo.Context, offset int, rel string) string {
	return p.linked(c, "offset", strconv.Itoa(offset), rel)
}

// linked is a link to what is asked, with another place to begin.
func (p page) linked(c echo.Context, place, at, rel string) string {
	q := url.Values{}
	for name, values := range c.QueryParams() {
		q[name] = values
	}
	q.Set("limit", strconv.Itoa(p.limit))
	q.Set(place, at)
	return "<" + c.Request().URL.EscapedPath() + "?" + q.Encode() + `>; rel="` + rel + `"`
}

// answerPage answers the asked part of a whole list, each element in the form
// that show gives it.
func answerPage[T, J any](c echo.Context, all []T, show func(T) J) error {
	list, err := pageOfList(c, all, show)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, list)
}

// pageOfList is the asked part of a whole list, with its headers set.
func pageOfList[T, J any](c echo.Context, all []T, show func(T) J) ([]J, error) {
	p, err := pageOf(c)
	if err != nil {
		return nil, err
	}
	p.link(c, len(all))
	part := slice(p, all)
	list := make([]J, len(part))
	for i, v := range part {
		list[i] = show(v)
	}
	return list, nil
}

func same[T any](v T) T { return v }

// answerTime is how long a request may take until its answer has left; a caller
// that does not read its answer is dropped then.
const answerTime = time.Minute

// answerBy gives the answer of a request that may wait for d its time to leave.
func answerBy(c echo.Context, d time.Duration) {
	// A recorder in a test has no deadlines; a connection has.
	_ = http.NewResponseController(c.Response()).SetWriteDeadline(time.Now().Add(d + answerTime))
}
