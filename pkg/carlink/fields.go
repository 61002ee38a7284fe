package carlink

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// fields gathers what is wrong with a payload, so that one answer names it all.
type fields []charging.FieldError

func (f *fields) add(field, reason string) {
	*f = append(*f, charging.FieldError{Field: field, Reason: reason})
}

func (f *fields) within(field string, v, low, high float64) {
	if !(v >= low && v <= high) { // NaN too
		f.add(field, fmt.Sprintf("%v is not between %v and %v", v, low, high))
	}
}

// need is the value behind p; a missing one is wrong.
func need[T any](f *fields, field string, p *T) T {
	if p == nil {
		f.add(field, "is missing")
		var zero T
		return zero
	}
	return *p
}

// refusal is nil when nothing is wrong.
func (f fields) refusal() error {
	if len(f) == 0 {
		return nil
	}
	return &charging.Refusal{
		Code: charging.CodeInvalidField, Detail: f[0].Field + ": " + f[0].Reason, Fields: f,
	}
}

// Malformed tells a JSON error as a refusal: a wrong type or an unknown field
// names the field, broken text says where it breaks.
func Malformed(err error) error {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) && wrongType.Field != "" {
		return charging.Invalid(wrongType.Field, "must not be a "+wrongType.Value)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return charging.Invalid(short(strings.Trim(name, `"`)), "is not a field of this request")
	}
	var instant *time.ParseError
	if errors.As(err, &instant) {
		return charging.Invalid("at", "is not an instant of RFC 3339")
	}
	return &charging.Refusal{Code: charging.CodeMalformedRequest, Detail: "the payload is no JSON of this request: " + short(err.Error()), Cause: err}
}
