package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
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
			s.functions = append(s.functions, size{at + " " + called, lines(p.fset, fn) - table(p.fset, fn)})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(methods)) {
		s.types = append(s.types, size{p.path + "." + name, methods[name]})
	}
}

// lines from the first to the last of a node.
func lines(fset *token.FileSet, n ast.Node) int {
	return fset.Position(n.End()).Line - fset.Position(n.Pos()).Line + 1
}

// table is how many lines of a function are a table: a literal without code in it that
// the function returns at its end. Rows are data, and splitting them helps nobody.
func table(fset *token.FileSet, fn *ast.FuncDecl) int {
	if fn.Body == nil || len(fn.Body.List) == 0 {
		return 0
	}
	last, ok := fn.Body.List[len(fn.Body.List)-1].(*ast.ReturnStmt)
	if !ok || len(last.Results) != 1 {
		return 0
	}
	literal, ok := last.Results[0].(*ast.CompositeLit)
	if !ok {
		return 0
	}
	code := false
	ast.Inspect(literal, func(n ast.Node) bool {
		_, is := n.(*ast.FuncLit)
		code = code || is
		return !code
	})
	if code {
		return 0
	}
	return lines(fset, literal) - 1 // the line of the return stays
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

// beyond lists what passes a limit, and the exceptions that are none any more.
func (s *sizes) beyond(granted []exception) []string {
	var wrong []string
	used := map[string]bool{}
	check := func(list []size, most int, unit string) {
		for _, l := range list {
			allowed := most
			if l.n > most {
				used[l.what] = true
				for _, e := range granted {
					if e.what == l.what {
						allowed = e.most
					}
				}
			}
			if l.n > allowed {
				wrong = append(wrong, fmt.Sprintf("%s has %d %s; the limit is %d", l.what, l.n, unit, allowed))
			}
		}
	}
	check(s.types, mostMethods, "methods")
	check(s.files, mostLines, "lines")
	check(s.functions, longest, "lines")
	for _, e := range granted {
		if !used[e.what] {
			wrong = append(wrong, e.what+" passes no limit: take it off the exceptions")
		}
	}
	return wrong
}
