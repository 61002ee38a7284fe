package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"io"
	"maps"
	"slices"
	"strings"
)

// size is how large one thing is.
type size struct {
	what string
	n    int
}

// sizes are the types by their methods, the files and the functions by their
// lines.
type sizes struct{ types, files, functions []size }

func (s *sizes) add(p pkg) {
	methods := map[string]int{}
	for name, f := range p.files {
		at := p.path + "/" + name
		s.files = append(s.files, size{at, p.fset.File(f.Pos()).LineCount()})
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			called := fn.Name.Name
			if fn.Recv != nil {
				of := receiver(fn.Recv.List[0].Type)
				methods[of]++
				called = of + "." + called
			}
			lines := p.fset.Position(fn.End()).Line - p.fset.Position(fn.Pos()).Line + 1
			s.functions = append(s.functions, size{at + " " + called, lines})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(methods)) {
		s.types = append(s.types, size{p.path + "." + name, methods[name]})
	}
}

// receiver is the name of a method's type.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return "?"
}

// shown of each kind.
const shown = 5

func (s *sizes) print(w io.Writer) {
	for _, part := range []struct {
		name string
		list []size
	}{{"methods of a type", s.types}, {"lines of a file", s.files}, {"lines of a function", s.functions}} {
		slices.SortFunc(part.list, func(a, b size) int { return cmp.Or(b.n-a.n, strings.Compare(a.what, b.what)) })
		if len(part.list) == 0 {
			continue
		}
		fmt.Fprintf(w, "%s: median %d, the most:\n", part.name, part.list[len(part.list)/2].n)
		for _, l := range part.list[:min(shown, len(part.list))] {
			fmt.Fprintf(w, "\t%4d %s\n", l.n, l.what)
		}
	}
}

// beyond lists what passes a limit.
func (s *sizes) beyond() []string {
	var wrong []string
	check := func(list []size, most int, unit string) {
		for _, l := range list {
			if l.n > most {
				wrong = append(wrong, fmt.Sprintf("%s has %d %s; the limit is %d", l.what, l.n, unit, most))
			}
		}
	}
	check(s.types, mostMethods, "methods")
	check(s.files, mostLines, "lines")
	check(s.functions, longest, "lines")
	return wrong
}
