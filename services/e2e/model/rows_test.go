package model

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestRows holds each rule against the interleaving that it prevents: with all
// rules the world keeps its promises, without this one it does not, whatever the edition
// of the peers.
func TestRows(t *testing.T) {
	for _, row := range Rows() {
		for edition, older := range editions {
			t.Run(fmt.Sprintf("%d/%s%s", row.Number, row.Rule, edition), func(t *testing.T) { holds(t, row, older) })
		}
	}
}

func holds(t *testing.T, row Row, older uint8) {
	row.World.OlderPeers = older
	with := row.World
	if r := Explore(&with, 0); r.Violation != nil || !r.Complete || r.Settled == 0 {
		t.Errorf("with all rules: %v\n%v", r, r.Violation)
	} else {
		t.Logf("with all rules: %v", r)
	}
	without := row.World
	without.Rules = Without(row.Rule)
	r := Explore(&without, 0)
	if r.Violation == nil {
		t.Fatalf("without %s nothing is found: %v", row.Rule, r)
	}
	if r.Violation.Kind != row.Kind {
		t.Errorf("without %s: %s, want %s", row.Rule, r.Violation.Kind, row.Kind)
	}
	t.Logf("without %s (%v)\n%v", row.Rule, r, r.Violation)
}

// TestRulesHaveRows: no rule is in the model that nothing was ever found without.
func TestRulesHaveRows(t *testing.T) {
	numbers := map[int]bool{}
	found := map[Rule]bool{}
	for _, row := range Rows() {
		numbers[row.Number], found[row.Rule] = true, true
	}
	for _, r := range AllRules() {
		if !found[r] {
			t.Errorf("rule %s has no row", r)
		}
		if got, err := ParseRule(r.String()); err != nil || got != r {
			t.Errorf("%s is read back as %v, %v", r, got, err)
		}
	}
	for n := 1; n <= 29; n++ {
		if !numbers[n] {
			t.Errorf("interleaving %d has no row", n)
		}
	}
}

// TestInterleavingsAreDocumented holds the list that people read against the rows: each
// number has one line there, with its tests, and each rule is named, a row's in its line.
func TestInterleavingsAreDocumented(t *testing.T) {
	raw, err := os.ReadFile("../../../docs/interleavings.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	lines := map[string]string{}
	for line := range strings.Lines(text) {
		if number, rest, ok := strings.Cut(strings.TrimPrefix(line, "| "), " | "); ok && strings.HasPrefix(line, "| ") {
			if lines[number] != "" {
				t.Errorf("two lines of number %s", number)
			}
			lines[number] = rest
		}
	}
	for _, row := range Rows() {
		where := text
		if row.Number > 0 {
			where = lines[fmt.Sprint(row.Number)]
			if !strings.Contains(where, "`, `Test") && !strings.Contains(where, ": Test") {
				t.Errorf("interleaving %d names no test: %q", row.Number, where)
			}
		}
		if !strings.Contains(where, row.Rule.String()) {
			t.Errorf("rule %s of interleaving %d is not in its line", row.Rule, row.Number)
		}
	}
}
