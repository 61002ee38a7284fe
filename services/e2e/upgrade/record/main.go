// Command record makes a recording for package fixture: it runs three companies
// of a given eletrovia program on real redis-servers, drives them by REST and
// MQTT until there is a trip in every state, with much half done, kills all
// servers at one instant, and writes down what their stores have.
//
//	go build -o /tmp/eletrovia ./services/eletrovia     # in a tree of the commit to be recorded
//	go run ./services/e2e/upgrade/record -program /tmp/eletrovia -commit 029867a -out services/e2e/upgrade/fixture/data
//
// It speaks the documented contract only and imports nothing of the program, so
// that it can be run against any commit. It takes about five minutes, most of
// them waiting for a no-show and for a car's forecast to last.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

func main() {
	program := flag.String("program", "", "the eletrovia program")
	commit := flag.String("commit", "", "the commit that it was built from")
	out := flag.String("out", "", "directory for the recording; a folder named after the commit is replaced there")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := record(ctx, *program, *commit, *out); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

// failure ends a recording; record makes it an error again. A scenario of a
// hundred steps, each of which must succeed, is read more easily so.
type failure struct{ err error }

func check(err error) {
	if err != nil {
		panic(failure{err})
	}
}

func record(ctx context.Context, program, commit, out string) (err error) {
	if program == "" || commit == "" || out == "" {
		return errors.New("-program, -commit and -out are required")
	}
	dir, err := os.MkdirTemp("", "record")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	defer cancel()
	f := newFleet(ctx, program, dir)
	defer f.close()
	defer func() {
		if failed := recover(); failed != nil {
			f, ok := failed.(failure)
			if !ok {
				panic(failed)
			}
			err = f.err
		}
	}()
	f.start()
	r := newRecorder(ctx, f)
	r.lasting()
	r.passing()
	at := f.kill()
	f.restartStores()
	r.write(at, commit, filepath.Join(out, commit))
	return nil
}
