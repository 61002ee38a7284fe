// Simulator drives a fleet of simulated cars against running companies, over
// MQTT (and REST, to register): see package fleet.
//
//	simulator --cars 20 --mqtt localhost:1881,localhost:1882 --http localhost:8081,localhost:8082
//	simulator --scenario two-drivers-one-charger --mqtt localhost:1881 --http localhost:8081
//
//	simulator scenarios
//
// Progress goes to standard output: a view that changes in place on a terminal,
// plain lines elsewhere, every event with --verbose; a summary at the end; with
// --json only the summary, as JSON, and progress to standard error. Exit codes: 0
// done, 1 failure (also: a car was stranded that followed its plan, or books do
// not balance), 2 usage.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// usageError marks what was typed wrong.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usage(err error) error { return usageError{err} }

func exitCode(err error) int {
	var wrong usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &wrong):
		return 2
	}
	return 1
}
