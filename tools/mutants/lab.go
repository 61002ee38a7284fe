package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// mutant is one small mistake.
type mutant struct {
	// File from the top of the workspace, in which Old, that must occur exactly once, becomes New.
	File, Old, New string
	// Unnoticed is what nobody would notice if it lived.
	Unnoticed string
	// Tests are packages of services/company/internal, one after the other until one fails.
	Tests []string
	// MayLive says why it may, empty for one that must die.
	MayLive string
}

// String is one line.
func (m mutant) String() string {
	short := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	return fmt.Sprintf("%s: %s → %s", strings.TrimPrefix(m.File, "services/company/internal/"), short(m.Old), short(m.New))
}

// contains says whether its line, or what nobody would notice, does.
func (m mutant) contains(text string) bool {
	return strings.Contains(m.String(), text) || strings.Contains(m.Unnoticed, text)
}

// fate of a mutant.
type fate string

const (
	killed   fate = "killed"
	survived fate = "SURVIVED"
	lives    fate = "may live"
	misfit   fate = "NO FIT"
)

// verdict is what became of a mutant, and which test or error told.
type verdict struct {
	mutant
	Fate    fate
	By      string
	Seconds float64
}

// lab tries mutants.
type lab struct {
	top    string
	stderr io.Writer
}

// baseline runs the tests of all without a mistake: they must pass.
func (l lab) baseline(ctx context.Context, all []mutant) error {
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var tests []string
	for _, m := range all {
		tests = append(tests, m.Tests...)
	}
	slices.Sort(tests)
	tests = slices.Compact(tests)
	fmt.Fprintf(l.stderr, "mutants: without a mistake: %s\n", strings.Join(tests, ", "))
	if by, failed := (bench{top: l.top, dir: dir}).try(ctx, tests); failed {
		return fmt.Errorf("the tests fail without a mistake: %s", by)
	}
	return nil
}

// tryAll tries some at a time, and gives what became of each as it is known, until
// the context ends.
func (l lab) tryAll(ctx context.Context, all []mutant, at int) <-chan verdict {
	next, found := make(chan mutant), make(chan verdict)
	var workers sync.WaitGroup
	for range max(1, at) {
		workers.Go(func() {
			for m := range next {
				if v := l.try(ctx, m); ctx.Err() == nil {
					found <- v
				}
			}
		})
	}
	go func() {
		for _, m := range all {
			next <- m
		}
		close(next)
		workers.Wait()
		close(found)
	}()
	return found
}

// try makes one mistake and runs its tests.
func (l lab) try(ctx context.Context, m mutant) verdict {
	began := time.Now()
	v := verdict{mutant: m, Fate: survived}
	dir, overlay, err := l.overlay(m)
	if dir != "" {
		defer os.RemoveAll(dir)
	}
	if err != nil {
		v.Fate, v.By = misfit, err.Error()
		return v
	}
	switch by, failed := (bench{l.top, dir, overlay}).try(ctx, m.Tests); {
	case failed && strings.HasPrefix(by, notBuilt):
		v.Fate, v.By = misfit, by
	case failed:
		v.Fate, v.By = killed, by
	}
	if v.Fate == survived && m.MayLive != "" {
		v.Fate, v.By = lives, m.MayLive
	}
	v.Seconds = time.Since(began).Seconds()
	return v
}

// changed is the file with the mistake.
func (m mutant) changed(top string) ([]byte, error) {
	raw, err := os.ReadFile(filepath.Join(top, m.File))
	if err != nil {
		return nil, err
	}
	if n := bytes.Count(raw, []byte(m.Old)); n != 1 {
		return nil, fmt.Errorf("%s contains %d times what is replaced: adapt the mutant to the file", m.File, n)
	}
	return bytes.Replace(raw, []byte(m.Old), []byte(m.New), 1), nil
}

// overlay writes the changed file, and the file that tells go test of it.
func (l lab) overlay(m mutant) (dir, overlay string, err error) {
	raw, err := m.changed(l.top)
	if err != nil {
		return "", "", err
	}
	if dir, err = os.MkdirTemp("", "mutant"); err != nil {
		return "", "", err
	}
	path := filepath.Join(l.top, m.File)
	changed, overlay := filepath.Join(dir, filepath.Base(path)), filepath.Join(dir, "overlay.json")
	tells, err := json.Marshal(map[string]any{"Replace": map[string]string{path: changed}})
	return dir, overlay, errors.Join(err, os.WriteFile(changed, raw, 0o600), os.WriteFile(overlay, tells, 0o600))
}
