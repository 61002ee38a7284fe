package problem

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"

	"github.com/eletrovia/eletrovia/pkg/legible"
)

// Bounds on what a stranger's problem may carry.
const (
	// MaxBody is the most bytes of a problem that are read.
	MaxBody   = 64 << 10
	maxText   = 1000
	maxErrors = 50
	maxRetry  = 3600
)

// ErrNotAProblem is wrapped by every error of Parse: the answer is no problem
// that this system could have written, so nobody knows what it means.
var ErrNotAProblem = errors.New("not a problem of this protocol")

// Parse reads the problem of an answer whose status is 400 or more. The answer
// comes from a stranger: at most MaxBody bytes are read, texts are cut, and a
// code whose status is not the table's is refused, as is anything that is not
// application/problem+json. It does not close the body.
func Parse(resp *http.Response) (Problem, error) {
	if resp.StatusCode < 400 {
		return Problem{}, fmt.Errorf("%w: status %d", ErrNotAProblem, resp.StatusCode)
	}
	if media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || media != ContentType {
		return Problem{}, fmt.Errorf("%w: status %d with content type %q", ErrNotAProblem,
			resp.StatusCode, legible.Tame(resp.Header.Get("Content-Type"), 80))
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, MaxBody+1))
	if err != nil {
		return Problem{}, fmt.Errorf("%w: reading it: %w", ErrNotAProblem, err)
	}
	if len(body) > MaxBody {
		return Problem{}, fmt.Errorf("%w: longer than %d bytes", ErrNotAProblem, MaxBody)
	}
	p, err := Unmarshal(body, resp.StatusCode)
	if err != nil {
		return Problem{}, err
	}
	if after, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && after > 0 && p.RetryAfter == 0 {
		p.RetryAfter = min(after, maxRetry)
	}
	return p, nil
}

// Unmarshal reads a problem's body that came with the given status, under the
// same suspicion as Parse.
func Unmarshal(body []byte, status int) (Problem, error) {
	var p Problem
	if err := json.Unmarshal(body, &p); err != nil {
		return Problem{}, fmt.Errorf("%w: %w", ErrNotAProblem, err)
	}
	if p.Status != 0 && p.Status != status {
		return Problem{}, fmt.Errorf("%w: status %d within an answer of status %d", ErrNotAProblem, p.Status, status)
	}
	if k, ok := Lookup(p.Code); ok && k.Status != status {
		return Problem{}, fmt.Errorf("%w: code %s with status %d", ErrNotAProblem, p.Code, status)
	}
	p.Status = status
	p.tame()
	return p, nil
}

// tame cuts what a stranger made too long, and makes it fit for a log or a terminal.
func (p *Problem) tame() {
	p.Type, p.Title, p.Instance = legible.Tame(p.Type, maxText), legible.Tame(p.Title, maxText), legible.Tame(p.Instance, maxText)
	p.Code, p.Detail = legible.Tame(p.Code, 64), legible.Tame(p.Detail, maxText)
	if len(p.Errors) > maxErrors {
		p.Errors = p.Errors[:maxErrors]
	}
	for i := range p.Errors {
		p.Errors[i].Field = legible.Tame(p.Errors[i].Field, 200)
		p.Errors[i].Reason = legible.Tame(p.Errors[i].Reason, maxText)
	}
	p.RetryAfter = min(max(p.RetryAfter, 0), maxRetry)
	p.SeenEpoch = max(p.SeenEpoch, 0)
}
