package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

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
	var p problem.Problem
	if errors.As(err, &p) {
		return problemExit(p), false
	}
	if strings.HasPrefix(err.Error(), "unknown command") {
		return exitUsage, false
	}
	return exitFailure, false
}

func problemExit(p problem.Problem) int {
	switch code := charging.Code(p.Code); {
	case code == charging.CodeInfeasibleTrip:
		return exitInfeasible
	case p.Status == 409 || p.Status == 410:
		return exitConflict
	case code == charging.CodeInvalidField || code == charging.CodeInvalidWindow ||
		code == charging.CodeMalformedRequest || code == charging.CodeUnknownPlace:
		return exitUsage
	}
	return exitFailure
}

// complain says on standard error what went wrong and what to do next.
func (c *cli) complain(err error, code int) {
	p := c.printer()
	var refused problem.Problem
	if errors.As(err, &refused) {
		if c.asJSON {
			raw, _ := json.Marshal(refused)
			p.Notef("%s", raw)
			return
		}
		c.explain(p, refused)
		return
	}
	if errors.Is(err, context.Canceled) {
		p.Notef("eletrovia: interrupted")
		return
	}
	p.Notef("eletrovia: %s", show.Clean(err.Error()))
	if code == exitUsage {
		p.Notef("try: %s --help", c.program)
	}
}

func (c *cli) explain(p show.Printer, refused problem.Problem) {
	p.Notef("eletrovia: %s", show.Clean(refused.Error()))
	for _, f := range refused.Errors {
		p.Notef("  %s: %s", show.Clean(f.Field), show.Clean(f.Reason))
	}
	if refused.RetryAfter > 0 {
		p.Notef("try again in %d s", refused.RetryAfter)
	}
	if hint := c.hint(charging.Code(refused.Code)); hint != "" {
		p.Notef("next: %s", hint)
	}
}

// hint is what to do after a refusal, where this program knows it.
func (c *cli) hint(code charging.Code) string {
	switch code {
	case charging.CodeUnauthenticated:
		return "give --vehicle with its --secret, or --operator-secret"
	case charging.CodeForbidden:
		return "a vehicle sees its own trips only; name the one that booked it with --vehicle"
	case charging.CodeSlotTaken, charging.CodePriorityLost:
		return c.next("plan", "--from …", "--to …") + "   (plans avoid what is taken)"
	case charging.CodeUnknownPlan:
		return c.next("plan", "--from …", "--to …") + "   (plans are kept for a while only)"
	case charging.CodeUnknownTrip:
		return c.next("trips")
	case charging.CodeStoreUnavailable, charging.CodePeerUnavailable:
		return c.next("doctor")
	}
	return ""
}
