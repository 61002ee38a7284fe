package main

import (
	"fmt"
	"strings"
	"testing"
)

// house is a small house with one room of each kind.
var house = table{
	anyTest: []string{"pkg/words/wordstest", "example.com/quick"},
	modules: map[string][]string{"pkg": nil, "services": {"pkg"}},
	rooms: []room{
		{path: "pkg/words", noStd: []string{"os/...", "net"}},
		{path: "pkg/words/wordstest", own: []string{"pkg/words"}, suite: true},
		{path: "services/store", own: []string{"pkg/words"}, third: []string{"example.com/redis"}, test: []string{"example.com/chaos"}},
		{path: "services/front", own: []string{"pkg/..."}},
		{path: "services/cli/..."},
	},
}

func TestCheck(t *testing.T) {
	const test = true
	for _, c := range []struct {
		from, path string
		test       bool
		want       string // part of the reason; empty: allowed
	}{
		{"pkg/words", "fmt", false, ""},
		{"pkg/words", "os", false, "keeps this out"},
		{"pkg/words", "os/exec", false, "keeps this out"},
		{"pkg/words", "net/url", false, ""},
		{"pkg/words", "os", test, ""},
		{"pkg/words", "testing", false, "only test files"},
		{"pkg/words", "testing/fstest", false, "only test files"},
		{"pkg/words", "testing", test, ""},
		{"pkg/words/wordstest", "testing", false, ""},
		{"pkg/words", root + "services/store", false, "module pkg imports no other"},
		{"pkg/words", root + "services/store", test, "module pkg imports no other"},
		{"pkg/words", root + "pkg/words", test, ""},
		{"pkg/words", root + "pkg/words/wordstest", test, ""},
		{"pkg/words", root + "pkg/words/wordstest", false, "none of our packages"},
		{"services/store", root + "pkg/words", false, ""},
		{"services/store", root + "services/front", false, "only pkg/words"},
		{"services/store", root + "services/front", test, ""},
		{"services/store", root + "tools/rooms", test, "module services imports only pkg"},
		{"services/store", "example.com/redis", false, ""},
		{"services/store", "example.com/redis/internal/deep", false, ""},
		{"services/store", "example.com/redistribution", false, "no row names"},
		{"services/store", "example.com/chaos", false, "no row names"},
		{"services/store", "example.com/chaos", test, ""},
		{"services/store", "example.com/quick", test, ""},
		{"services/front", "example.com/redis", false, "only these import it: services/store"},
		{"services/front", "example.com/redis", test, "only these import it"},
		{"services/front", root + "pkg/words/wordstest", false, ""},
		{"services/cli/deep/er", "fmt", false, ""},
		{"services/cli", root + "pkg/words", false, "none of our packages"},
		{"services/clip", "fmt", false, "has no row"},
		{"broker", "fmt", false, "has no row"},
	} {
		t.Run(fmt.Sprintf("%s imports %s test=%v", c.from, strings.TrimPrefix(c.path, root), c.test), func(t *testing.T) {
			p := pkg{path: c.from, file: "f.go", imports: []imported{{at: "f.go:3", path: c.path, test: c.test}}}
			got := house.check([]pkg{p})
			switch {
			case c.want == "" && len(got) != 0:
				t.Errorf("refused: %s", got)
			case c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want) || !strings.HasPrefix(got[0], "f.go:")):
				t.Errorf("got %q, want one line with %q", got, c.want)
			}
		})
	}
}

func TestCheckTop(t *testing.T) {
	got := checkTop([]string{".git", "pkg", "util", "README.md"}, []string{"pkg", "README.md"})
	if len(got) != 1 || !strings.HasPrefix(got[0], "util: ") {
		t.Errorf("got %q", got)
	}
}

// TestRows checks the table itself: each row once, and only names that can be meant.
func TestRows(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rooms {
		if seen[r.path] {
			t.Errorf("%s has two rows", r.path)
		}
		seen[r.path] = true
		if _, ok := modules[module(r.path)]; !ok {
			t.Errorf("%s is in none of the modules", r.path)
		}
		for _, own := range append(r.own, r.test...) {
			if first, _, _ := strings.Cut(own, "/"); strings.Contains(first, ".") {
				continue
			}
			if _, ok := modules[module(own)]; !ok {
				t.Errorf("the row of %s names %s, which is in none of the modules", r.path, own)
			}
		}
	}
}

// TestHouseRules holds the rules that the mission names, against the real table.
func TestHouseRules(t *testing.T) {
	real := table{rooms: rooms, anyTest: anyTest, modules: modules}
	const internal = "services/company/internal/"
	for _, c := range []struct{ from, path string }{
		{internal + "saga", "net/http"},
		{internal + "saga", goRedis},
		{internal + "saga", paho},
		{internal + "saga", root + internal + "store"},
		{internal + "saga", root + "pkg/trip"},
		{internal + "saga", root + internal + "booking"},
		{internal + "booking", goRedis},
		{internal + "booking", root + internal + "store"},
		{internal + "trips", root + internal + "saga"},
		{internal + "planner", "os"},
		{internal + "planner", "net/http"},
		{internal + "httpapi", goRedis},
		{internal + "httpapi", root + internal + "saga"},
		{internal + "httpapi", root + internal + "booking"},
		{internal + "httpapi", mochi},
		{internal + "carapi", echo},
		{internal + "carapi", goRedis},
		{internal + "federation", root + internal + "saga"},
		{internal + "desk", goRedis},
		{internal + "store", root + internal + "desk"},
		{"services/company/app", goRedis},
		{"services/company/app", echo},
		{"services/eletrovia", root + internal + "desk"},
		{"pkg/carlink", mochi},
		{"pkg/carlink", paho},
		{"pkg/problem", echo},
		{"broker", root + "services/company/app"},
		{"simulator", root + "broker"},
		{"simulator/fleet", root + "services/company/app"},
		{"tools/rooms", root + "pkg/geo"},
	} {
		p := pkg{path: c.from, imports: []imported{{path: c.path}}}
		if len(real.check([]pkg{p})) == 0 {
			t.Errorf("%s may import %s", c.from, c.path)
		}
	}
}
