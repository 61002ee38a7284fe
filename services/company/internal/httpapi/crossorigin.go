package httpapi

import (
	"net/http"
	"slices"
	"strings"
)

// anyOrigin lets pages of every origin read, without credentials that a browser adds by
// itself; those and changes are for origins that are named.
const anyOrigin = "*"

const (
	corsReads   = "GET, HEAD"
	corsMethods = corsReads + ", POST, PUT, DELETE"
	corsHeaders = "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, Prefer, X-Request-ID, Traceparent"
	corsExposed = "ETag, Eletrovia-Silent, Idempotent-Replayed, Link, Location, Preference-Applied, Retry-After, X-Request-ID, X-Total-Count"
	corsMaxAge  = "600" // seconds
)

// sharedWith tells a browser that a page of an allowed origin may read the answer (the
// CORS protocol of the Fetch standard), and answers the browser's question before a
// request, a preflight, itself: true. The federation is not for pages.
func (s *Server) sharedWith(w http.ResponseWriter, r *http.Request) (answered bool) {
	if len(s.o.AllowOrigins) == 0 || strings.HasPrefix(r.URL.Path, federationPrefix) {
		return false
	}
	h, origin, methods := w.Header(), r.Header.Get("Origin"), corsMethods
	h.Add("Vary", "Origin")
	switch {
	case origin == "":
		return false
	case slices.Contains(s.o.AllowOrigins, origin):
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
	case slices.Contains(s.o.AllowOrigins, anyOrigin):
		h.Set("Access-Control-Allow-Origin", anyOrigin)
		methods = corsReads
	default:
		return false
	}
	h.Set("Access-Control-Expose-Headers", corsExposed)
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", methods)
	h.Set("Access-Control-Allow-Headers", corsHeaders)
	h.Set("Access-Control-Max-Age", corsMaxAge)
	w.WriteHeader(http.StatusNoContent)
	return true
}

// crossOrigin is what judges a request that changes something: by a program, by a page
// of this server, or by one of an origin that is allowed by name, whose page is then as
// good as this server's own.
func crossOrigin(allowed []string) (*http.CrossOriginProtection, error) {
	p := http.NewCrossOriginProtection()
	for _, origin := range allowed {
		if origin == anyOrigin {
			continue
		}
		if err := p.AddTrustedOrigin(origin); err != nil {
			return nil, err
		}
	}
	return p, nil
}
