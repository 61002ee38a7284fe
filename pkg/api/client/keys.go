package client

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// maxJWKS bounds a key set, in bytes.
const maxJWKS = 64 << 10

// JWKS reads the key set (RFC 7517) that the company at an address publishes for
// anybody. h is nil for NewHTTP(nil). UNKNOWN_ROUTE from a company of an edition that
// publishes none there.
func JWKS(ctx context.Context, base string, h *http.Client, timeout time.Duration) (json.RawMessage, error) {
	c, err := newCaller(base, nil, h, timeout)
	if err != nil {
		return nil, err
	}
	var set json.RawMessage
	_, err = c.do(ctx, call{method: http.MethodGet, path: "/.well-known/jwks.json", into: &set, ok: []int{http.StatusOK}, limit: maxJWKS})
	return set, err
}
