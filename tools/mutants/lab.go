package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// mutant is one small mistake.
type mutant struct {
	// File from the top of the workspace, in which Old, that must occur exactly once, becomes New.
	File, Old, New string
	// Unnoticed is what nobody would notice if it lived.
	Unnoticed string
	// Tests are packages of services/company/internal, one after the other until one fails; an entry
	// "saga TestShift" runs only tests that match.
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

// patience with the tests of one package: a mutant may make them wait for ever.
const patience = 4 * time.Minute

// lab tries mutants.
type lab struct {
	top    string
	stderr io.Writer
}

// baseline runs the tests of all without a mistake: they must pass.
func (l lab) baseline(ctx context.Context, all []mutant) error {
	var seen []string
	for _, m := range all {
		for _, t := range m.Tests {
			if slices.Contains(seen, t) {
				continue
			}
			seen = append(seen, t)
			fmt.Fprintf(l.stderr, "mutants: without a mistake: %s\n", t)
			if by, failed := l.test(ctx, t, ""); failed {
				return fmt.Errorf("the tests of %s fail without a mistake: %s", t, by)
			}
		}
	}
	return nil
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
	for _, t := range m.Tests {
		by, failed := l.test(ctx, t, overlay)
		if failed && strings.HasPrefix(by, notBuilt) {
			v.Fate, v.By = misfit, by
			return v
		}
		if failed {
			v.Fate, v.By = killed, by
			break
		}
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

// test runs the tests of a package; failed tells, and by is the first that did.
func (l lab) test(ctx context.Context, what, overlay string) (by string, failed bool) {
	pkg, tests, _ := strings.Cut(what, " ")
	args := []string{"test", "-count=1", "-failfast", "-timeout", patience.String()}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	if tests != "" {
		args = append(args, "-run", tests)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./services/company/internal/"+pkg)...)
	cmd.Dir = l.top
	said, err := cmd.CombinedOutput()
	if err == nil {
		return "", false
	}
	return blame(said), true
}

// notBuilt begins the blame of a mutant that is no program: it proves nothing.
const notBuilt = "does not build: "

// blame finds the line that says what failed.
func blame(said []byte) string {
	first, built := "", !bytes.Contains(said, []byte("[build failed]"))
	for s := bufio.NewScanner(bytes.NewReader(said)); s.Scan(); {
		line := strings.TrimSpace(s.Text())
		switch {
		case strings.HasPrefix(line, "--- FAIL: "):
			return strings.TrimPrefix(line, "--- ")
		case strings.HasPrefix(line, "panic: "):
			return line
		case first == "" && line != "" && !strings.HasPrefix(line, "#"):
			first = line
		}
	}
	if !built {
		return notBuilt + first
	}
	return first
}
