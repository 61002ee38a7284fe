package main

import (
	"fmt"
	"slices"
	"strings"
)

// pkg is one package of the workspace with the imports of all its files, for every system.
type pkg struct {
	path    string // folder, from the top of the workspace
	file    string // one of its files, for messages about the package itself
	imports []imported
}

// imported is one import of one file.
type imported struct {
	at   string // file:line
	path string // import path
	test bool   // in a test file
}

// table is what packages are checked against.
type table struct {
	rooms   []room
	anyTest []string
	modules map[string][]string
}

// check returns a line for each import that is out of place and each package without a row.
func (t table) check(packages []pkg) []string {
	var wrong []string
	for _, p := range packages {
		row, ok := t.row(p.path)
		if !ok {
			wrong = append(wrong, fmt.Sprintf("%s: package %s has no row: say in tools/rooms/rows.go what it may import", p.file, p.path))
			continue
		}
		for _, i := range p.imports {
			if why := t.whyNot(row, p.path, i); why != "" {
				wrong = append(wrong, fmt.Sprintf("%s: %s imports %s: %s", i.at, p.path, i.path, why))
			}
		}
	}
	return wrong
}

// row finds the row of a package; an exact one goes before one that ends in /... .
func (t table) row(path string) (room, bool) {
	var found room
	for _, r := range t.rooms {
		if r.path == path {
			return r, true
		}
		if strings.HasSuffix(r.path, "/...") && covers(r.path, path) {
			found = r
		}
	}
	return found, found.path != ""
}

// whyNot returns the reason against an import, or nothing.
func (t table) whyNot(row room, from string, i imported) string {
	if own, ok := strings.CutPrefix(i.path, root); ok {
		return t.whyNotOwn(row, from, own, i.test)
	}
	if first, _, _ := strings.Cut(i.path, "/"); !strings.Contains(first, ".") {
		return whyNotStd(row, i)
	}
	return t.whyNotThird(row, i)
}

func (t table) whyNotOwn(row room, from, to string, test bool) string {
	fromModule, toModule := module(from), module(to)
	switch {
	case fromModule != toModule && !slices.Contains(t.modules[fromModule], toModule):
		if len(t.modules[fromModule]) == 0 {
			return fmt.Sprintf("module %s imports no other module of ours", fromModule)
		}
		return fmt.Sprintf("module %s imports only %s", fromModule, strings.Join(t.modules[fromModule], ", "))
	case from == to, coversAny(row.own, to):
		return ""
	case test && (fromModule == toModule || coversAny(row.test, to) || coversAny(t.anyTest, to)):
		return ""
	case len(row.own) == 0:
		return "its row names none of our packages"
	default:
		return "its row names only " + strings.Join(row.own, ", ")
	}
}

func whyNotStd(row room, i imported) string {
	switch {
	case i.test:
		return ""
	case coversAny(row.noStd, i.path):
		return "its row keeps this out of the room"
	case !row.suite && covers("testing/...", i.path):
		return "only test files and test suites import it"
	default:
		return ""
	}
}

func (t table) whyNotThird(row room, i imported) string {
	if inModule(row.third, i.path) || i.test && (inModule(row.test, i.path) || inModule(t.anyTest, i.path)) {
		return ""
	}
	var owners []string
	for _, r := range t.rooms {
		if inModule(r.third, i.path) {
			owners = append(owners, r.path)
		}
	}
	if len(owners) == 0 {
		return "no row names this module"
	}
	return "only these import it: " + strings.Join(owners, ", ")
}

// module is the first folder of a path, which is its module.
func module(path string) string {
	first, _, _ := strings.Cut(path, "/")
	return first
}

// covers tells whether a name, which may end in /..., means the path.
func covers(name, path string) bool {
	above, deep := strings.CutSuffix(name, "/...")
	return path == above || deep && strings.HasPrefix(path, above+"/")
}

func coversAny(names []string, path string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return covers(n, path) })
}

// inModule tells whether the path is of one of the modules.
func inModule(modules []string, path string) bool {
	return slices.ContainsFunc(modules, func(m string) bool { return covers(m+"/...", path) })
}

// checkTop returns a line for each name at the top of the workspace that does not belong there.
func checkTop(names, allowed []string) []string {
	var wrong []string
	for _, n := range names {
		if !strings.HasPrefix(n, ".") && !slices.Contains(allowed, n) {
			wrong = append(wrong, fmt.Sprintf("%s: does not belong at the top of the workspace, where only %s and dot-files lie", n, strings.Join(allowed, ", ")))
		}
	}
	return wrong
}
