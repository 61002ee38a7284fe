package terminal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/problem"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
)

// Exit codes of the program (docs/protocol.md §8).
const (
	ExitDone       = 0
	ExitFailure    = 1
	ExitUsage      = 2
	ExitConflict   = 3
	exitInfeasible = 4
)

// ExitError ends the program with a code. A nil err says nothing more: the
// output has said it.
type ExitError struct {
	Code int
	Err  error
}

func (e *ExitError) Error() string {
	if e.Err == nil {
		return "exit"
	}
	return e.Err.Error()
}

func (e *ExitError) Unwrap() error { return e.Err }

// Usage marks an error as one of the command line.
func Usage(err error) error { return &ExitError{Code: ExitUsage, Err: err} }

// Ended is the exit that a trip's state means: CONFIRMED is done, a trip that
// was aborted or waits for its driver is a conflict.
func Ended(t trip.Trip) error {
	switch {
	case t.State == trip.Aborted || t.State == trip.Compensating || t.State == trip.AwaitingDecision:
		return &ExitError{Code: ExitConflict}
	case !t.State.Settled():
		return &ExitError{Code: ExitFailure}
	}
	return nil
}

// ExitCode of an error, and whether the output has already said why.
func ExitCode(err error) (code int, silent bool) {
	var e *ExitError
	if errors.As(err, &e) {
		return e.Code, e.Err == nil
	}
	if errors.Is(err, context.Canceled) {
		return ExitFailure, false
	}
	if code := charging.CodeOf(err); code != "" {
		return refusalExit(code), false
	}
	if strings.HasPrefix(err.Error(), "unknown command") {
		return ExitUsage, false
	}
	return ExitFailure, false
}

// refusalExit is the exit code of a server's no: 409 and 410 are conflicts, a
// value that it cannot take is what was typed.
func refusalExit(code charging.Code) int {
	switch code {
	case charging.CodeInfeasibleTrip:
		return exitInfeasible
	case charging.CodeInvalidField, charging.CodeInvalidWindow, charging.CodeMalformedRequest, charging.CodeUnknownPlace:
		return ExitUsage
	}
	if kind, ok := problem.Lookup(string(code)); ok && (kind.Status == http.StatusConflict || kind.Status == http.StatusGone) {
		return ExitConflict
	}
	return ExitFailure
}

// Complain says on standard error what went wrong and what to do next.
func (c *Session) Complain(err error, code int) {
	p := c.Printer()
	var refused *charging.Refusal
	var unreachable *url.Error
	switch {
	case errors.Is(err, context.Canceled):
		p.Notef("eletrovia: interrupted")
		return
	case errors.As(err, &refused) && c.AsJSON:
		raw, _ := json.Marshal(api.FromError(err)) // strings and numbers: never fails
		p.Notef("%s", raw)
		return
	case errors.As(err, &refused):
		c.explain(p, refused)
		c.offerThinner(p, err)
		return
	case errors.As(err, &unreachable):
		p.Notef("eletrovia: no answer from %s: %s", c.Server, show.Clean(unreachable.Err.Error()))
		p.Notef("next: %s demo   (or name a server that runs with --server)", c.Program)
		return
	}
	p.Notef("eletrovia: %s", show.Clean(err.Error()))
	if code == ExitUsage {
		p.Notef("try: %s --help", c.Program)
	}
}

// offerThinner shows the plans that keep less, and how to book one.
func (c *Session) offerThinner(p show.Printer, err error) {
	var thin *trip.Thinner
	if !errors.As(err, &thin) {
		return
	}
	for _, t := range thin.Plans {
		p.Notef("with %s left on the way and %s at the destination: %s, arrive %s with %s", show.Percent(t.Needs.MinArrivalSoC),
			show.Percent(t.Needs.MinDestinationSoC), counted(len(t.Stops), "stop"), Instant(p, t.Arrival), show.Percent(t.ArriveSoC))
		for _, s := range t.Stops {
			p.Notef("  %d %s · %s · %s to %s · %s", s.Leg, show.Clean(s.LocationName), s.EVSEID, Instant(p, s.Start), Instant(p, s.End),
				show.Percent(s.ArriveSoC)+"→"+show.Percent(s.DepartSoC))
		}
		p.Notef("  next: %s", c.Next("reserve", "--plan", show.Clean(t.ID)))
	}
}

// counted is a number of things.
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (c *Session) explain(p show.Printer, refused *charging.Refusal) {
	p.Notef("eletrovia: %s", show.Clean(refused.Error()))
	for _, f := range refused.Fields {
		p.Notef("  %s: %s", show.Clean(f.Field), show.Clean(f.Reason))
	}
	if refused.RetryAfter > 0 {
		p.Notef("try again in %s", refused.RetryAfter)
	}
	if hint := c.hint(refused.Code); hint != "" {
		p.Notef("next: %s", hint)
	}
}

// hint is what to do after a refusal, where this program knows it.
func (c *Session) hint(code charging.Code) string {
	switch code {
	case charging.CodeUnauthenticated:
		return "give --vehicle with its --secret-file, or --operator-secret-file"
	case charging.CodeForbidden:
		return "a vehicle sees its own trips only; name the one that booked it with --vehicle"
	case charging.CodeSlotTaken, charging.CodePriorityLost:
		return c.Next("plan", "--from …", "--to …") + "   (plans avoid what is taken)"
	case charging.CodeSessionOpen:
		return "unplug first: while the car charges, its stop stays; coming stops can be changed"
	case charging.CodeUnknownPlan:
		return c.Next("plan", "--from …", "--to …") + "   (plans are kept for a while only)"
	case charging.CodeUnknownTrip:
		return c.Next("trips")
	case charging.CodeStoreUnavailable, charging.CodePeerUnavailable:
		return c.Next("doctor")
	}
	return ""
}
