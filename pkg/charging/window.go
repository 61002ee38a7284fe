package charging

import (
	"fmt"
	"time"
)

// Bounds of a window that can be booked.
const (
	MinWindow = 5 * time.Minute
	MaxWindow = 24 * time.Hour
	// MaxAhead is how far in the future a window may start by default. The
	// contract asks for at least 7 days.
	MaxAhead = 30 * 24 * time.Hour
)

// Window is half-open, [Start, End), in UTC and whole seconds.
type Window struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// NewWindow normalises both instants to UTC.
func NewWindow(start, end time.Time) Window {
	return Window{Start: start.UTC(), End: end.UTC()}
}

// Duration is the window's length.
func (w Window) Duration() time.Duration { return w.End.Sub(w.Start) }

// Overlaps reports whether the two windows share an instant. Windows that only
// touch do not.
func (w Window) Overlaps(o Window) bool {
	return w.Start.Before(o.End) && o.Start.Before(w.End)
}

// Contains reports whether t lies in [Start, End).
func (w Window) Contains(t time.Time) bool { return !t.Before(w.Start) && t.Before(w.End) }

// Equal reports whether both ends are the same instants.
func (w Window) Equal(o Window) bool { return w.Start.Equal(o.Start) && w.End.Equal(o.End) }

// String is for logs: RFC 3339 of both ends.
func (w Window) String() string {
	return w.Start.UTC().Format(time.RFC3339) + "/" + w.End.UTC().Format(time.RFC3339)
}

// Validate checks a window against now: whole seconds, 5 min to 24 h, not yet
// begun, and starting at most maxAhead from now. The refusal's code is
// INVALID_WINDOW and its field is prefixed with field ("stops[1].").
func (w Window) Validate(now time.Time, maxAhead time.Duration, field string) error {
	switch {
	case w.Start.IsZero():
		return invalidWindow(field+"start", "is missing")
	case w.End.IsZero():
		return invalidWindow(field+"end", "is missing")
	case w.Start.Nanosecond() != 0:
		return invalidWindow(field+"start", "must be a whole second")
	case w.End.Nanosecond() != 0:
		return invalidWindow(field+"end", "must be a whole second")
	case !w.End.After(w.Start):
		return invalidWindow(field+"end", "must be after start")
	case w.Duration() < MinWindow:
		return invalidWindow(field+"end", fmt.Sprintf("the window lasts %s; at least %s", w.Duration(), MinWindow))
	case w.Duration() > MaxWindow:
		return invalidWindow(field+"end", fmt.Sprintf("the window lasts %s; at most %s", w.Duration(), MaxWindow))
	case w.Start.Before(now):
		return invalidWindow(field+"start", "lies in the past (it is "+now.UTC().Format(time.RFC3339)+")")
	case w.Start.After(now.Add(maxAhead)):
		return invalidWindow(field+"start", fmt.Sprintf("is more than %d days ahead", int(maxAhead.Hours()/24)))
	}
	return nil
}

func invalidWindow(field, reason string) error {
	return &Refusal{
		Code: CodeInvalidWindow, Detail: field + " " + reason,
		Fields: []FieldError{{Field: field, Reason: reason}},
	}
}
