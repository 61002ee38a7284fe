package api

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// reader takes the fields out of one JSON object, one by one, and collects what
// is wrong with them. Its methods answer the zero value for an absent field and
// for a wrong one, which is then in the report.
type reader struct {
	path   string
	fields map[string]any
	rep    *report
}

// report is what is wrong with a request, in the order of discovery.
type report struct {
	strict bool
	code   charging.Code
	wrong  []charging.FieldError
}

// maxWrong bounds a report: nobody reads more.
const maxWrong = 20

func newReader(body []byte, strict bool) (*reader, error) {
	fields, err := parse(body)
	if err != nil {
		return nil, err
	}
	return &reader{fields: fields, rep: &report{strict: strict}}, nil
}

func (r *report) add(code charging.Code, field, reason string) {
	if r.code == "" {
		r.code = code
	}
	if len(r.wrong) < maxWrong {
		r.wrong = append(r.wrong, charging.FieldError{Field: field, Reason: reason})
	}
}

// err is the refusal, or nil when nothing was wrong. Its code is that of the
// first thing found.
func (r *report) err() error {
	if len(r.wrong) == 0 {
		return nil
	}
	first := r.wrong[0]
	return &charging.Refusal{Code: r.code, Detail: first.Field + ": " + first.Reason, Fields: r.wrong}
}

func (r *reader) invalid(name, reason string) {
	r.rep.add(charging.CodeInvalidField, r.path+name, reason)
}

// judge puts an error of a Validate method into the report, under this field.
func (r *reader) judge(name string, err error) {
	if err == nil {
		return
	}
	code, reason := charging.CodeInvalidField, err.Error()
	if c := charging.CodeOf(err); c != "" {
		code = c
	}
	if fields := fieldsOf(err); len(fields) > 0 {
		reason = fields[0].Reason
	}
	r.rep.add(code, r.path+name, reason)
}

// take removes a field; null counts as absent.
func (r *reader) take(name string) (any, bool) {
	v, ok := r.fields[name]
	delete(r.fields, name)
	return v, ok && v != nil
}

// done reports what was not taken, in a strict request.
func (r *reader) done() {
	if !r.rep.strict || len(r.fields) == 0 {
		return
	}
	names := make([]string, 0, len(r.fields))
	for name := range r.fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		r.invalid(brief(name), "is not a field of this request")
	}
}

// require reports an absent field.
func (r *reader) require(name string) {
	if v, ok := r.fields[name]; !ok || v == nil {
		r.invalid(name, "is missing")
	}
}

func (r *reader) wrongType(name, want string, got any) {
	r.invalid(name, "must be "+want+", not "+kind(got))
}

// text takes a string of at most limit bytes.
func (r *reader) text(name string, limit int) string {
	v, ok := r.take(name)
	if !ok {
		return ""
	}
	s, ok := v.(string)
	if !ok {
		r.wrongType(name, "a string", v)
		return ""
	}
	if len(s) > limit {
		r.invalid(name, fmt.Sprintf("has %d bytes; at most %d", len(s), limit))
		return ""
	}
	return s
}

// id takes a string of at most limit bytes that has a Validate method; the
// report names the field by this request's name.
func id[T interface {
	~string
	Validate() error
}](r *reader, name string, limit int, required bool,
) T {
	if v, ok := r.fields[name]; !ok || v == nil {
		if required {
			r.require(name)
		}
		r.take(name)
		return ""
	}
	before := len(r.rep.wrong)
	v := T(r.text(name, limit))
	if len(r.rep.wrong) == before {
		r.judge(name, v.Validate())
	}
	return v
}

// number takes a finite number in [low, high]; nil when absent or wrong.
func (r *reader) number(name string, low, high float64) *float64 {
	v, ok := r.take(name)
	if !ok {
		return nil
	}
	n, ok := v.(json.Number)
	if !ok {
		r.wrongType(name, "a number", v)
		return nil
	}
	return r.inRange(name, n, low, high)
}

func (r *reader) inRange(name string, n json.Number, low, high float64) *float64 {
	f, err := n.Float64()
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) || f < low || f > high {
		r.invalid(name, fmt.Sprintf("%s is not between %s and %s", brief(n.String()), decimal(low), decimal(high)))
		return nil
	}
	return &f
}

// integer takes a whole number in [low, high]; absent is def.
func (r *reader) integer(name string, low, high, def int64) int64 {
	v, ok := r.take(name)
	if !ok {
		return def
	}
	n, ok := v.(json.Number)
	if !ok {
		r.wrongType(name, "a whole number", v)
		return def
	}
	i, err := n.Int64()
	if err != nil || i < low || i > high {
		r.invalid(name, fmt.Sprintf("%s is not a whole number between %d and %d", brief(n.String()), low, high))
		return def
	}
	return i
}

// instant takes an RFC 3339 instant, in UTC.
func (r *reader) instant(name string) time.Time {
	v, ok := r.take(name)
	if !ok {
		return time.Time{}
	}
	s, ok := v.(string)
	if !ok {
		r.wrongType(name, "an instant as a string", v)
		return time.Time{}
	}
	t, err := charging.ParseInstant(s)
	if err != nil {
		r.invalid(name, err.Error())
		return time.Time{}
	}
	return t
}

// object takes a nested object; nil when absent or wrong.
func (r *reader) object(name string) *reader {
	v, ok := r.take(name)
	if !ok {
		return nil
	}
	fields, ok := v.(map[string]any)
	if !ok {
		r.wrongType(name, "an object", v)
		return nil
	}
	return &reader{path: r.path + name + ".", fields: fields, rep: r.rep}
}

// list takes an array of at most limit elements.
func (r *reader) list(name string, limit int) []any {
	v, ok := r.take(name)
	if !ok {
		return nil
	}
	l, ok := v.([]any)
	if !ok {
		r.wrongType(name, "an array", v)
		return nil
	}
	if len(l) > limit {
		r.invalid(name, fmt.Sprintf("has %d elements; at most %d", len(l), limit))
		return nil
	}
	return l
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
