// Package api is the REST contract of the federation: openapi.yaml, the JSON
// shapes of its bodies, and the judgement of everything in a request that
// depends on no state. Decode functions take bytes from strangers and answer
// either a value whose every field is in its range, or a *charging.Refusal that
// names the wrong field by its path ("stops[1].end").
//
// The driver's bodies refuse unknown fields (INVALID_FIELD); those between
// companies ignore them, so that a newer company can speak to an older one.
package api

import _ "embed"

// MaxBody is the most bytes of a request's body; more is TOO_LARGE.
const MaxBody = 1 << 20

// Spec is the OpenAPI 3.1 description of all routes.
//
//go:embed openapi.yaml
var Spec []byte
