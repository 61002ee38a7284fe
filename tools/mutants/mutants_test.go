package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTableIsWhole asks that each mutant is one, and that there are enough.
func TestTableIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range table() {
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

// TestChangedIsOnePlace refuses a mutant that no longer fits its file.
func TestChangedIsOnePlace(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.lua"), []byte("a b b"), 0o600); err != nil {
		t.Fatal(err)
	}
	for old, want := range map[string]string{"a": "c b b", "b": "", "d": ""} {
		got, err := mutant{File: "x.lua", Old: old, New: "c"}.changed(dir)
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", old, got, err)
		}
	}
}

// TestWatch stops at the first failure and gives it.
func TestWatch(t *testing.T) {
	for said, want := range map[string]string{
		"ok\n    --- FAIL: TestX/y (0.1s)\n--- FAIL: TestX (0.1s)\nFAIL\n": "FAIL: TestX/y (0.1s)",
		"panic: test timed out after 4m0s\nmore\n":                         "panic: test timed out after 4m0s",
		"ERR Error compiling script: line 3\n--- FAIL: TestX (0.1s)\n":     notBuilt + "ERR Error compiling script: line 3",
		"--- PASS: TestX (0.1s)\nPASS":                                     "",
	} {
		stopped := 0
		if got := watch(strings.NewReader(said), func() { stopped++ }); got != want || (stopped == 1) != (want != "") {
			t.Errorf("%q: %q, stopped %d times; want %q", said, got, stopped, want)
		}
	}
	if got := firstLine([]byte("# pkg\nx.go:1:2: undefined: y\n")); got != "x.go:1:2: undefined: y" {
		t.Errorf("the compiler said %q", got)
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
