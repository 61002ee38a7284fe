// Command eletrovia is a person's way to the federation: it starts it (demo,
// serve), books trips with it (plan, reserve, trips, decide, cancel), looks into
// it (locks, sagas, peers, doctor) and measures it (bench).
//
// Results go to standard output, logs and progress to standard error. Exit
// codes: 0 done, 1 failure, 2 usage, 3 conflict or aborted, 4 infeasible.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	code := run(ctx, os.Args[1:], shell{
		out: os.Stdout, err: os.Stderr, in: os.Stdin, program: programName(os.Args[0]), environ: os.Environ(),
		outIsTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		errIsTerminal: term.IsTerminal(int(os.Stderr.Fd())),
	})
	stop()
	os.Exit(code)
}
