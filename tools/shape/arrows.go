package main

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// arrow says that one file of a package calls, or mentions, a function or method
// of another one.
type arrow struct{ from, to string }

// arrows are those of a package, each with the names that are called.
type arrows map[arrow]string

// arrowsOf finds them with the types of the package, so that a method is told from
// another one of the same name.
func arrowsOf(p pkg) (arrows, error) {
	exports, err := exportsOf(p.dir)
	if err != nil {
		return nil, err
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: importer.ForCompiler(p.fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})}
	var files []*ast.File
	for _, f := range p.files {
		files = append(files, f)
	}
	if _, err := config.Check(root+p.path, p.fset, files, info); err != nil {
		return nil, fmt.Errorf("%s: %w", p.path, err)
	}
	found := arrows{}
	for id, used := range info.Uses {
		fn, ok := used.(*types.Func)
		if !ok || fn.Pkg() == nil || fn.Pkg().Path() != root+p.path {
			continue
		}
		a := arrow{p.fileOf(id.Pos()), p.fileOf(fn.Origin().Pos())}
		if a.from != a.to && !slices.Contains(strings.Fields(found[a]), fn.Name()) {
			found[a] = strings.TrimSpace(found[a] + " " + fn.Name())
		}
	}
	return found, nil
}

func (p pkg) fileOf(at token.Pos) string { return filepath.Base(p.fset.Position(at).Filename) }

// back are the arrows to a file that the reading order puts above their own.
func (all arrows) back(order []string) []arrow {
	var back []arrow
	for a := range all {
		if slices.Index(order, a.to) < slices.Index(order, a.from) {
			back = append(back, a)
		}
	}
	slices.SortFunc(back, func(a, b arrow) int { return strings.Compare(a.from+a.to, b.from+b.to) })
	return back
}

// exportsOf are the compiled packages that one depends on, by their paths.
func exportsOf(dir string) (map[string]string, error) {
	out, err := golist("-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}", dir)
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		exports[path] = file
	}
	return exports, nil
}
