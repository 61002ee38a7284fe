package terminal

import (
	"fmt"
	"time"
)

// ParseWhen reads an instant, a time from now ("+2h"), or nothing.
func ParseWhen(what, s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if s[0] == '+' {
		if d, err := time.ParseDuration(s[1:]); err == nil && d >= 0 {
			return now.Add(d).UTC().Truncate(time.Second), nil
		}
	} else if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC(), nil
	}
	return time.Time{}, Usage(fmt.Errorf("%s %q: want 2026-11-24T08:00:00Z or +2h", what, s))
}
