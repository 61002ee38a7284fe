// Package problem is the RFC 9457 form of every refusal of the system: the table
// of codes with their HTTP status and meaning, and the writing and parsing of
// application/problem+json. Both ends use it, so what one company refuses the
// other reads back unchanged.
package problem

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// ContentType of a problem (RFC 9457 §3).
const ContentType = "application/problem+json"

// Problem is RFC 9457's problem details plus this system's members. A Problem
// without Code is one that the table does not know.
type Problem struct {
	// Type is a relative URI, "/problems/CODE", or "about:blank".
	Type     string `json:"type"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail,omitempty"`
	Instance string `json:"instance,omitempty"`
	Code     string `json:"code,omitempty"`
	// Conflict is the reservation in the way, Alternatives what is left to
	// choose from; their shapes are package api's.
	Conflict     json.RawMessage `json:"conflict,omitempty"`
	Alternatives json.RawMessage `json:"alternatives,omitempty"`
	// ThinnerPlans are those that a smaller reserve would allow (INFEASIBLE_TRIP); their
	// shape is package trip's.
	ThinnerPlans json.RawMessage `json:"thinner_plans,omitempty"`
	Errors       []FieldError    `json:"errors,omitempty"`
	// KnownHere is what this company holds for a trip whose originator is away; its
	// shape is package api's.
	KnownHere json.RawMessage `json:"known_here,omitempty"`
	// SeenEpoch is the highest epoch known for the trip (STALE_OWNER).
	SeenEpoch int64 `json:"seen_epoch,omitempty"`
	// RetryAfter in whole seconds, rounded up when it was set from a duration;
	// repeated in the Retry-After header. 0 where it does not apply.
	RetryAfter int `json:"retry_after,omitempty"`
}

// FieldError names one wrong field of the request, "stops[1].end", and why.
type FieldError struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
}

// New makes a problem from a code of the table. A code that the table does not
// have makes an Internal one: a refusal must not leave without its meaning.
func New(code, detail string) Problem {
	k, ok := Lookup(code)
	if !ok {
		return Internal()
	}
	return Problem{Type: TypeOf(code), Title: k.Title, Status: k.Status, Code: code, Detail: detail}
}

// Internal is the problem of an error that is not a refusal. It tells the caller
// nothing of the inside.
func Internal() Problem {
	return Problem{
		Type: "about:blank", Title: http.StatusText(http.StatusInternalServerError),
		Status: http.StatusInternalServerError,
		Detail: "the server failed; repeat the request with the same ids, nothing is done twice",
	}
}

// TypeOf is the type URI of a code: a relative reference to its explanation.
func TypeOf(code string) string { return "/problems/" + code }

// After sets RetryAfter from a duration, rounded up to whole seconds; zero and
// less leave it out.
func (p Problem) After(d time.Duration) Problem {
	p.RetryAfter = 0
	if d > 0 {
		p.RetryAfter = int((d + time.Second - 1) / time.Second)
	}
	return p
}

// Error is one line, so that a Problem can be returned as an error.
func (p Problem) Error() string {
	head := p.Code
	if head == "" {
		head = strconv.Itoa(p.Status) + " " + p.Title
	}
	if p.Detail == "" {
		return head
	}
	return head + ": " + p.Detail
}

// Write answers with the problem: status, Content-Type, Retry-After and body.
func (p Problem) Write(w http.ResponseWriter) error {
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", ContentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	w.WriteHeader(p.Status)
	_, err = w.Write(body)
	return err
}
