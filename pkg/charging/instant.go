package charging

import (
	"fmt"
	"time"
)

// An instant that somebody names lies within these years: what is added to it, a
// week's calendar or a year's terms, stays one that RFC 3339 can write, in four digits.
const (
	firstYear = 2000
	lastYear  = 9998
)

// ParseInstant reads an RFC 3339 instant between the years 2000 and 9998 and
// gives it in UTC. Its error is a reason for a person.
func ParseInstant(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%.64q is no RFC 3339 instant such as 2026-01-31T12:00:00Z", s)
	}
	if t = t.UTC(); !Nameable(t) {
		return time.Time{}, fmt.Errorf("%q is not between the years 2000 and 9998", s)
	}
	return t, nil
}

// Nameable tells whether ParseInstant takes it.
func Nameable(t time.Time) bool {
	year := t.UTC().Year()
	return year >= firstYear && year <= lastYear
}
