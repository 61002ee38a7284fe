package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
)

// root is the prefix of the paths of our five modules.
const root = "github.com/eletrovia/eletrovia/"

// pkg is one package of the workspace, without its tests.
type pkg struct {
	path  string // folder, from the top of the workspace
	dir   string
	fset  *token.FileSet
	files map[string]*ast.File // by name, without generated ones
}

// load reads all packages of the workspace.
func load() ([]pkg, error) {
	out, err := golist("-json=Dir,ImportPath,GoFiles", "work")
	if err != nil {
		return nil, err
	}
	var packages []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var l struct {
			Dir, ImportPath string
			GoFiles         []string
		}
		if err := dec.Decode(&l); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("output of go list: %w", err)
		}
		p := pkg{path: strings.TrimPrefix(l.ImportPath, root), dir: l.Dir, fset: token.NewFileSet(), files: map[string]*ast.File{}}
		for _, name := range l.GoFiles {
			f, err := parser.ParseFile(p.fset, filepath.Join(l.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			if !ast.IsGenerated(f) {
				p.files[name] = f
			}
		}
		packages = append(packages, p)
	}
}

func golist(args ...string) ([]byte, error) {
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}

// readingOrder is the order of the files that a package's comment gives: the
// indented lines after one that says "read in this order", each beginning with
// the name of a file. It is an error when a file is missing there, or too much.
func readingOrder(p pkg) ([]string, error) {
	var order []string
	for _, f := range p.files {
		if f.Doc == nil {
			continue
		}
		_, list, ok := strings.Cut(f.Doc.Text(), "read in this order:\n")
		if !ok {
			continue
		}
		for line := range strings.Lines(strings.TrimLeft(list, "\n")) {
			if !strings.HasPrefix(line, "\t") {
				break
			}
			if name, _, _ := strings.Cut(strings.TrimSpace(line), " "); strings.HasSuffix(name, ".go") {
				order = append(order, name)
			}
		}
	}
	if len(order) == 0 {
		return nil, nil
	}
	seen := map[string]bool{"doc.go": true}
	for _, name := range order {
		if p.files[name] == nil {
			return nil, fmt.Errorf("%s: its reading order names %s, which is not there", p.path, name)
		}
		seen[name] = true
	}
	for name := range p.files {
		if !seen[name] {
			return nil, fmt.Errorf("%s: its reading order does not name %s", p.path, name)
		}
	}
	return order, nil
}
