package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMutantsFit fails where a mutant no longer fits its file, without running any.
func TestMutantsFit(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range table() {
		raw, err := os.ReadFile(filepath.Join("..", "..", m.File))
		if err != nil {
			t.Error(err)
			continue
		}
		if n := strings.Count(string(raw), m.Old); n != 1 {
			t.Errorf("%s: is %d times in its file", m, n)
		}
		if m.Old == m.New || m.Unnoticed == "" || len(m.Tests) == 0 {
			t.Errorf("%s: changes nothing, or does not say what nobody would notice, or has no tests", m)
		}
		if seen[m.String()] {
			t.Errorf("%s: is there twice", m)
		}
		seen[m.String()] = true
	}
	if len(seen) < 60 {
		t.Errorf("%d mutants; at least 60 are wanted", len(seen))
	}
}

// TestBlame finds what a failing run failed by.
func TestBlame(t *testing.T) {
	for said, want := range map[string]string{
		"ok\n    --- FAIL: TestX (0.1s)\nFAIL\n":                   "FAIL: TestX (0.1s)",
		"# pkg\nx.go:1:2: undefined: y\nFAIL	pkg [build failed]\n": notBuilt + "x.go:1:2: undefined: y",
		"panic: test timed out after 4m0s\nmore\n":                 "panic: test timed out after 4m0s",
	} {
		if got := blame([]byte(said)); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}

// TestSampleIsTheCommits draws the same ones for the same number.
func TestSampleIsTheCommits(t *testing.T) {
	one, two := choose(table(), options{sample: 10, seed: 7}), choose(table(), options{sample: 10, seed: 7})
	for i := range one {
		if one[i].String() != two[i].String() {
			t.Fatalf("%s and %s", one[i], two[i])
		}
	}
	if len(one) != 10 {
		t.Errorf("%d drawn", len(one))
	}
}
