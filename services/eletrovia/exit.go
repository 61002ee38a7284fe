package main

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
	exitDone       = 0
	exitFailure    = 1
	exitUsage      = 2
	exitConflict   = 3
	exitInfeasible = 4
)

// exitError ends the program with a code. A nil err says nothing more: the
// output has said it.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return "exit"
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usage marks an error as one of the command line.
func usage(err error) error { return &exitError{code: exitUsage, err: err} }

// ended is the exit that a trip's state means: CONFIRMED is done, a trip that
// was aborted or waits for its driver is a conflict.
func ended(t trip.Trip) error {
	switch {
	case t.State == trip.Aborted || t.State == trip.Compensating || t.State == trip.AwaitingDecision:
		return &exitError{code: exitConflict}
	case !t.State.Settled():
		return &exitError{code: exitFailure}
	}
	return nil
}

// exitCode of an error, and whether the output has already said why.
func exitCode(err error) (code int, silent bool) {
	var e *exitError
	if errors.As(err, &e) {
		return e.code, e.err == nil
	}
	if errors.Is(err, context.Canceled) {
		return exitFailure, false
	}
	if code := charging.CodeOf(err); code != "" {
		return refusalExit(code), false
	}
	if strings.HasPrefix(err.Error(), "unknown command") {
		return exitUsage, false
	}
	return exitFailure, false
}

// refusalExit is the exit code of a server's no: 409 and 410 are conflicts, a
// value that it cannot take is what was typed.
func refusalExit(code charging.Code) int {
	switch code {
	case charging.CodeInfeasibleTrip:
		return exitInfeasible
	case charging.CodeInvalidField, charging.CodeInvalidWindow, charging.CodeMalformedRequest, charging.CodeUnknownPlace:
		return exitUsage
	}
	if kind, ok := problem.Lookup(string(code)); ok && (kind.Status == http.StatusConflict || kind.Status == http.StatusGone) {
		return exitConflict
	}
	return exitFailure
}

// complain says on standard error what went wrong and what to do next.
func (c *cli) complain(err error, code int) {
	p := c.printer()
	var refused *charging.Refusal
	var unreachable *url.Error
	switch {
	case errors.Is(err, context.Canceled):
		p.Notef("eletrovia: interrupted")
		return
	case errors.As(err, &refused) && c.asJSON:
		raw, _ := json.Marshal(api.FromError(err)) // strings and numbers: never fails
		p.Notef("%s", raw)
		return
	case errors.As(err, &refused):
		c.explain(p, refused)
		c.offerThinner(p, err)
		return
	case errors.As(err, &unreachable):
		p.Notef("eletrovia: no answer from %s: %s", c.server, show.Clean(unreachable.Err.Error()))
		p.Notef("next: %s demo   (or name a server that runs with --server)", c.program)
		return
	}
	p.Notef("eletrovia: %s", show.Clean(err.Error()))
	if code == exitUsage {
		p.Notef("try: %s --help", c.program)
	}
}

// offerThinner shows the plans that keep less, and how to book one.
func (c *cli) offerThinner(p show.Printer, err error) {
	var thin *trip.Thinner
	if !errors.As(err, &thin) {
		return
	}
	for _, t := range thin.Plans {
		p.Notef("with %s left on the way and %s at the destination: %s, arrive %s with %s", show.Percent(t.Needs.MinArrivalSoC),
			show.Percent(t.Needs.MinDestinationSoC), counted(len(t.Stops), "stop"), instant(p, t.Arrival), show.Percent(t.ArriveSoC))
		for _, s := range t.Stops {
			p.Notef("  %d %s · %s · %s to %s · %s", s.Leg, show.Clean(s.LocationName), s.EVSEID, instant(p, s.Start), instant(p, s.End),
				show.Percent(s.ArriveSoC)+"→"+show.Percent(s.DepartSoC))
		}
		p.Notef("  next: %s", c.next("reserve", "--plan", show.Clean(t.ID)))
	}
}

// counted is a number of things.
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (c *cli) explain(p show.Printer, refused *charging.Refusal) {
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
func (c *cli) hint(code charging.Code) string {
	switch code {
	case charging.CodeUnauthenticated:
		return "give --vehicle with its --secret-file, or --operator-secret-file"
	case charging.CodeForbidden:
		return "a vehicle sees its own trips only; name the one that booked it with --vehicle"
	case charging.CodeSlotTaken, charging.CodePriorityLost:
		return c.next("plan", "--from …", "--to …") + "   (plans avoid what is taken)"
	case charging.CodeSessionOpen:
		return "unplug first: while the car charges, its stop stays; coming stops can be changed"
	case charging.CodeUnknownPlan:
		return c.next("plan", "--from …", "--to …") + "   (plans are kept for a while only)"
	case charging.CodeUnknownTrip:
		return c.next("trips")
	case charging.CodeStoreUnavailable, charging.CodePeerUnavailable:
		return c.next("doctor")
	}
	return ""
}
