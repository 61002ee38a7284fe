package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// listed is what `go list -json` says of a package.
type listed struct {
	Dir, ImportPath                                              string
	GoFiles, CgoFiles, IgnoredGoFiles, TestGoFiles, XTestGoFiles []string
	Error                                                        *struct{ Err string }
}

// files are all Go files of the package, those for other systems too.
func (l listed) files() []string {
	return slices.Concat(l.GoFiles, l.CgoFiles, l.IgnoredGoFiles, l.TestGoFiles, l.XTestGoFiles)
}

// load lists the packages of the workspace at top, and reads their imports.
func load(top string) ([]pkg, error) {
	out, err := run(top, "go", "list", "-e", "-json=Dir,ImportPath,GoFiles,CgoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles", "work")
	if err != nil {
		return nil, err
	}
	var packages []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := dec.Decode(&l); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("output of go list: %w", err)
		}
		p, err := read(top, l)
		if err != nil {
			return nil, err
		}
		packages = append(packages, p)
	}
}

// read parses the import clauses of a package's files.
func read(top string, l listed) (pkg, error) {
	p := pkg{path: strings.TrimPrefix(l.ImportPath, root)}
	for _, name := range l.files() {
		file := filepath.Join(l.Dir, name)
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, file, nil, parser.ImportsOnly)
		if err != nil {
			return pkg{}, err
		}
		shown, err := filepath.Rel(top, file)
		if err != nil {
			shown = file
		}
		if p.file == "" {
			p.file = shown
		}
		for _, spec := range parsed.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return pkg{}, fmt.Errorf("%s: import %s: %w", shown, spec.Path.Value, err)
			}
			p.imports = append(p.imports, imported{
				at:   fmt.Sprintf("%s:%d", shown, fset.Position(spec.Pos()).Line),
				path: path,
				test: strings.HasSuffix(name, "_test.go"),
			})
		}
	}
	return p, nil
}

// workspace is the folder of the go.work that is in force.
func workspace() (string, error) {
	out, err := run(".", "go", "env", "GOWORK")
	if err != nil {
		return "", err
	}
	file := strings.TrimSpace(string(out))
	if file == "" || file == "off" {
		return "", errors.New("no go.work here: run it inside the workspace, without GOWORK=off")
	}
	return filepath.Dir(file), nil
}

// topNames are the names at the top of the workspace that git has or would take; without git, all.
func topNames(top string) ([]string, error) {
	var names []string
	if out, err := run(top, "git", "ls-files", "--cached", "--others", "--exclude-standard"); err == nil {
		for line := range strings.Lines(string(out)) {
			name, _, _ := strings.Cut(strings.TrimSpace(line), "/")
			names = append(names, name)
		}
	} else {
		entries, err := os.ReadDir(top)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// run returns what a command writes on its standard output.
func run(dir, name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}
