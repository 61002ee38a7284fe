package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// parsed is a package of these files.
func parsed(t *testing.T, files map[string]string) pkg {
	t.Helper()
	p := pkg{path: "room", fset: token.NewFileSet(), files: map[string]*ast.File{}}
	for name, text := range files {
		f, err := parser.ParseFile(p.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		p.files[name] = f
	}
	return p
}

func sizesOf(t *testing.T, text string) sizes {
	t.Helper()
	var s sizes
	s.add(parsed(t, map[string]string{"a.go": text}))
	return s
}

// methods makes a type with so many.
func methods(n int) string {
	text := "package room\n\ntype big[T any] struct{}\n"
	for i := range n {
		star := strings.Repeat("*", i%2) // by pointer or not
		text += fmt.Sprintf("func (b %sbig[T]) m%d() {}\n", star, i)
	}
	return text
}

// function makes one of so many lines.
func function(lines int) string {
	return "package room\n\nfunc long() {\n" + strings.Repeat("\tlong()\n", lines-2) + "}\n"
}

func TestTheLimits(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"as many methods as may be": {methods(mostMethods), ""},
		"one more":                  {methods(mostMethods + 1), "room.big has 41 methods; the limit is 40"},
		"as many lines as may be":   {"package room\n" + strings.Repeat("//\n", mostLines-2) + "//", ""},
		"one line more":             {"package room\n" + strings.Repeat("//\n", mostLines-1) + "//", "room/a.go has 401 lines; the limit is 400"},
		"a long function":           {function(longest), ""},
		"a longer one":              {function(longest + 1), "room/a.go long has 81 lines; the limit is 80"},
	} {
		s := sizesOf(t, c.text)
		if got := strings.Join(s.beyond(nil), "\n"); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// The rows of a table that a function returns are not counted; code is, wherever it
// stands.
func TestATableIsNoLongFunction(t *testing.T) {
	rows := strings.Repeat("\t\t{1, nil},\n", 100)
	for name, c := range map[string]struct {
		text string
		want int
	}{
		"a table":               {"func f() []row {\n\treturn []row{\n" + rows + "\t}\n}\n", 3},
		"after some lines":      {"func f() []row {\n\tx := 1\n\treturn []row{\n" + rows + "\t}\n}\n", 4},
		"with code in it":       {"func f() []row {\n\treturn []row{\n" + rows + "\t\t{1, func() {}},\n\t}\n}\n", 105},
		"not at the end":        {"func f() []row {\n\tx := []row{\n" + rows + "\t}\n\treturn x\n}\n", 105},
		"with something beside": {"func f() ([]row, error) {\n\treturn []row{\n" + rows + "\t}, nil\n}\n", 104},
	} {
		s := sizesOf(t, "package room\n\ntype row struct {\n\tn int\n\tf func()\n}\n\n"+c.text)
		if len(s.functions) != 1 || s.functions[0].n != c.want {
			t.Errorf("%s: %v, want %d lines", name, s.functions, c.want)
		}
	}
}

// An exception lets pass what it names, up to its own limit, and has to go when it is
// not needed.
func TestExceptions(t *testing.T) {
	for name, c := range map[string]struct {
		methods int
		granted []exception
		want    []string
	}{
		"granted":          {50, []exception{{what: "room.big", most: 50}}, nil},
		"it has grown":     {51, []exception{{what: "room.big", most: 50}}, []string{"room.big has 51 methods; the limit is 50"}},
		"for another":      {50, []exception{{what: "room.other", most: 50}}, []string{"room.big has 50 methods; the limit is 40", "room.other passes no limit: take it off the exceptions"}},
		"not needed":       {40, []exception{{what: "room.big", most: 50}}, []string{"room.big passes no limit: take it off the exceptions"}},
		"nothing is there": {40, nil, nil},
	} {
		s := sizesOf(t, methods(c.methods))
		if got := s.beyond(c.granted); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	for _, e := range exceptions {
		if e.why == "" || e.most <= mostMethods {
			t.Errorf("%+v has no reason, or needs none", e)
		}
	}
}

func TestTheReadingOrder(t *testing.T) {
	doc := func(list string) string {
		return "// Package room, read in this order:\n//\n" + list + "package room\n"
	}
	const other = "package room\n"
	for name, c := range map[string]struct {
		files map[string]string
		order []string
		err   string
	}{
		"none":       {map[string]string{"a.go": other}, nil, ""},
		"all named":  {map[string]string{"doc.go": doc("//\tb.go  first\n//\ta.go  then\n"), "a.go": other, "b.go": other}, []string{"b.go", "a.go"}, ""},
		"one missed": {map[string]string{"doc.go": doc("//\tb.go  first\n"), "a.go": other, "b.go": other}, nil, "does not name a.go"},
		"one gone":   {map[string]string{"doc.go": doc("//\tb.go  first\n//\tc.go\n"), "b.go": other}, nil, "names c.go, which is not there"},
	} {
		order, err := readingOrder(parsed(t, c.files))
		switch {
		case c.err == "" && (err != nil || !slices.Equal(order, c.order)):
			t.Errorf("%s: %v, %v", name, order, err)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestArrowsThatRunBack(t *testing.T) {
	all := arrows{{"a.go", "b.go"}: "down", {"c.go", "a.go"}: "up", {"c.go", "b.go"}: "up", {"b.go", "c.go"}: "down"}
	want := []arrow{{"c.go", "a.go"}, {"c.go", "b.go"}}
	if got := all.back([]string{"a.go", "b.go", "c.go"}); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// The arrows of a real package are found by its types.
func TestArrowsOfThisPackage(t *testing.T) {
	packages, err := load()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(packages, func(p pkg) bool { return p.path == "tools/shape" })
	if i < 0 {
		t.Fatal("this package is not among those of the workspace")
	}
	all, err := arrowsOf(packages[i])
	if err != nil {
		t.Fatal(err)
	}
	if called := all[arrow{"main.go", "sizes.go"}]; !strings.Contains(called, "beyond") {
		t.Errorf("main.go calls %q of sizes.go", called)
	}
	if called, there := all[arrow{"sizes.go", "main.go"}]; there {
		t.Errorf("sizes.go calls %q of main.go", called)
	}
}
