package terminal

import (
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
)

// Plural counts: "1 trip", "2 trips".
func Plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

func (c *Session) AfterSaga(t trip.Trip, what string, err error) error {
	if err != nil {
		return err
	}
	p := c.Printer()
	if done, err := p.JSON(t); done {
		return err
	}
	p.Linef("trip %s (%s) %s", t.ID, PaintTrip(p, t.State), what)
	p.Next(c.Next("trips", string(t.ID), "--history"))
	return nil
}

// ProblemOf is the code that decided or holds up a trip.
func ProblemOf(t trip.Trip) string {
	if t.Problem != nil {
		return string(t.Problem.Code)
	}
	if t.Decision != nil {
		return string(t.Decision.Code)
	}
	for _, l := range t.Legs {
		if l.Problem != nil {
			return string(l.Problem.Code)
		}
	}
	return ""
}

// Instant in the Northeast's time on a terminal, RFC 3339 in UTC where piped.
func Instant(p show.Printer, t time.Time) string {
	if p.Mode == show.Fancy {
		return show.Clock(t)
	}
	return t.UTC().Format(time.RFC3339)
}

// PaintTrip colours a trip's state: amber open, green booked, red lost.
func PaintTrip(p show.Printer, s trip.State) string {
	switch s {
	case trip.Confirmed, trip.Completed:
		return p.Good(string(s))
	case trip.Aborted, trip.Canceled, trip.Compensating:
		return p.Bad(string(s))
	}
	return p.Wait(string(s))
}
