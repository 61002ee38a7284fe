package store

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

var inside = regexp.MustCompile(`function ?\w*\(([^)]*)\)|[ \t]local ([\w, ]+)|for ([\w, ]+) (?:in|=)`)

// A script that is linked with too little meets an unknown global, perhaps in a case that
// is rare.
func TestScriptsHaveWhatTheyUse(t *testing.T) {
	whole := map[string]bool{}
	for _, d := range declarations(source("lib") + source("lib_account") + source("lib_calendar")) {
		for _, n := range declared(d) {
			whole[n] = true
		}
	}
	for _, text := range texts {
		var has []string
		for _, d := range declarations(text) {
			has = append(has, declared(d)...)
		}
		for _, names := range inside.FindAllString(text, -1) {
			has = append(has, name.FindAllString(names, -1)...)
		}
		for _, n := range used(text) {
			if whole[n] && !slices.Contains(has, n) {
				head := text[strings.LastIndex(text, "\n-- KEYS"):]
				t.Errorf("a script uses %s, and is linked without it: %.60s", n, head)
			}
		}
	}
}

func TestLink(t *testing.T) {
	const library = "-- a library\nlocal A, B = 1, 2\n-- one needs A, not C\nlocal function one() return A, 'C' end\n\n" +
		"local C = 3\nlocal function two()\n  return one()\nend\nlocal function three() return C end\n"
	const a = "local A, B = 1, 2\n-- one needs A, not C\n"
	const one = "local function one() return A, 'C' end\n\n"
	for script, want := range map[string]string{
		"return B -- not three\n":              a,
		"return two()\n":                       a + one + "local function two()\n  return one()\nend\n",
		"local t = { C = 1 } return t.three\n": "",
	} {
		if got := link(library, script); got != want+script {
			t.Errorf("%q is linked as\n%s\nnot\n%s", script, got, want+script)
		}
	}
}
