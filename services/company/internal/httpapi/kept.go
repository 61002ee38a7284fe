package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/eletrovia/eletrovia/services/company/internal/instants"
)

// worthSqueezing is from how many bytes on an answer is compressed: a shorter one
// fits a packet as it is.
const worthSqueezing = 1024

// squeezed are the routes whose answers are compressed for who asks for it: those that
// may be large. Streams never are, and nothing that carries a secret.
var squeezed = map[string]bool{
	"/api/v1/locations": true, "/api/v1/places": true, "/api/v1/places/near": true, "/api/v1/models": true,
	"/api/v1/trips": true, "/api/v1/trips/:trip_id/history": true, "/api/v1/trips/:trip_id/alternatives": true,
	"/api/v1/locks": true, "/api/v1/stage": true, "/openapi.yaml": true, "/asyncapi.yaml": true, "/docs": true, "/problems": true, "/": true,
}

var gzipped = middleware.GzipWithConfig(middleware.GzipConfig{MinLength: worthSqueezing})

// squeeze compresses a route's answer where the request asks for it, and says that the
// answer differs by that.
func squeeze(next echo.HandlerFunc) echo.HandlerFunc {
	compress := gzipped(next) // says so itself
	return func(c echo.Context) error {
		if wantsGzip(c.Request()) {
			return compress(c)
		}
		c.Response().Header().Add(echo.HeaderVary, echo.HeaderAcceptEncoding)
		return next(c)
	}
}

// wantsGzip judges Accept-Encoding (RFC 9110 §12.5.3): gzip by its name, as it is always
// written, and not with the weight 0.
func wantsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, weight, _ := strings.Cut(part, ";")
		if strings.TrimSpace(coding) != "gzip" {
			continue
		}
		q, found := strings.CutPrefix(strings.TrimSpace(weight), "q=")
		n, err := strconv.ParseFloat(q, 64)
		return !found || err == nil && n > 0
	}
	return false
}

// answerKept is answer for what callers may keep and ask about again: under a strong
// ETag, which differs where the bytes do, so where they are compressed.
func answerKept(c echo.Context, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding the answer: %w", err)
	}
	return answerKeptRaw(c, echo.MIMEApplicationJSON, instants.Millis(raw))
}

func answerKeptRaw(c echo.Context, media string, raw []byte) error {
	h := c.Response().Header()
	tag := versionOf(raw, h.Get("X-Total-Count"), h.Get("Link"))
	if squeezed[c.Path()] && len(raw) >= worthSqueezing && wantsGzip(c.Request()) {
		tag += "-gzip"
	}
	tag = `"` + tag + `"`
	h.Set("ETag", tag)
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-cache")
	}
	if matches(c.Request().Header.Values("If-None-Match"), tag) {
		return c.NoContent(http.StatusNotModified)
	}
	return answerBytes(c, http.StatusOK, media, raw)
}

// versionOf names what an answer says: its bytes, and what its headers say beside.
func versionOf(raw []byte, beside ...string) string {
	sum := sha256.New()
	for _, s := range beside {
		fmt.Fprintf(sum, "%d:%s", len(s), s)
	}
	sum.Write(raw)
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// answerKeptPage is answerPage for a list that callers may keep.
func answerKeptPage[T, J any](c echo.Context, all []T, show func(T) J) error {
	list, err := pageOfList(c, all, show)
	if err != nil {
		return err
	}
	return answerKept(c, list)
}
