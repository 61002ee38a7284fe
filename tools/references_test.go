package tools

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A reference to a document that has moved is worse than none. Each docs/… and adr/… that
// code, scripts, settings or documents name is there, spelled whole: a decision with its
// slug, so that it says what it decides and a wrong number shows.
func TestReferencesExist(t *testing.T) {
	seen := 0
	everyText(t, func(name, text string) {
		for n, line := range strings.Split(text, "\n") {
			for _, wrong := range wrongReferences("..", name, line, &seen) {
				t.Errorf("%s:%d: %s", name, n+1, wrong)
			}
		}
	})
	if seen < 200 {
		t.Errorf("only %d references were found", seen)
	}
}

func TestWrongReferences(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{"docs/adr/0007-what.md": "", "docs/protocol.md": "# P\n\n## 5. REST\n\n### 5.2 Federation\n", "README.md": ""} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		in, line string
		want     string // part of what is wrong; empty: nothing
		seen     int
	}{
		{"a.go", "// see docs/adr/0007-what.md.", "", 1},
		{"a.go", "// (docs/adr/0007), where", "no docs/adr/0007", 1},
		{"a.go", "// adr/0008-that.md", "no docs/adr/0008-that.md", 1},
		{"a.go", "// as protocol.md §5.2 says", "say docs/protocol.md", 1},
		{"a.go", "// docs/protocol.md §5.2 and docs/protocol.md §5", "", 4},
		{"a.go", "// docs/protocol.md §5.3", "no section 5.3", 2},
		{"a.go", `get("/docs/x"), xdocs/y, ../docs/*.md`, "", 0},
		{"docs/b.md", "[adr 7](adr/0007-what.md), [x](protocol.md#5), [y](https://z/docs/q), [r](../README.md)", "", 3},
		{"docs/b.md", "[adr 8](adr/0007-what.md)", "calls 0007-what.md adr 8", 1},
		{"docs/b.md", "[adr 7](0007-what.md)", "no docs/0007-what.md", 1},
		{"docs/adr/c.md", "[adr 7](0007-what.md)", "", 1},
		{"docs/b.md", "[protocol §9](protocol.md)", "no section 9", 2},
	} {
		seen := 0
		got := wrongReferences(root, c.in, c.line, &seen)
		switch {
		case seen != c.seen:
			t.Errorf("%s: %q: %d references, want %d", c.in, c.line, seen, c.seen)
		case c.want == "" && len(got) != 0, c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)):
			t.Errorf("%s: %q: %q, want %q", c.in, c.line, got, c.want)
		}
	}
}

var (
	reference = regexp.MustCompile(`(?:^|[^A-Za-z0-9_/.-])((?:docs|adr)/[A-Za-z0-9_./-]*[A-Za-z0-9_])`)
	bare      = regexp.MustCompile(`(?:^|[^A-Za-z0-9_/.(-])protocol\.md\b`)
	link      = regexp.MustCompile(`\[([^\]]*)\]\(([^)#\s]+)(?:#[^)]*)?\)`)
	section   = regexp.MustCompile(`protocol(?:\.md)? §([0-9]+(?:\.[0-9]+)?)`)
	decision  = regexp.MustCompile(`^(?:adr|decision) ([0-9]+)$`)
)

// wrongReferences says what is wrong with the documents that a line of a file names, and
// adds how many references it has to seen.
func wrongReferences(root, file, line string, seen *int) (wrong []string) {
	document := strings.HasSuffix(file, ".md")
	there := func(name string) {
		*seen++
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(name))); err != nil {
			wrong = append(wrong, "there is no "+name)
		}
	}
	if document {
		for _, m := range link.FindAllStringSubmatch(line, -1) {
			if strings.Contains(m[2], "://") || strings.HasPrefix(m[2], "mailto:") {
				continue
			}
			there(path.Join(path.Dir(file), m[2]))
			if n := decision.FindStringSubmatch(m[1]); n != nil {
				if number, _ := strconv.Atoi(n[1]); !strings.HasPrefix(path.Base(m[2]), fmt.Sprintf("%04d-", number)) {
					wrong = append(wrong, "a link calls "+path.Base(m[2])+" "+m[1])
				}
			}
		}
		line = link.ReplaceAllString(line, "[$1]")
	}
	for _, m := range reference.FindAllStringSubmatch(line, -1) {
		name := m[1]
		if strings.HasPrefix(name, "adr/") {
			name = "docs/" + name
		}
		there(name)
	}
	if !document && bare.MatchString(line) {
		*seen++
		wrong = append(wrong, "say docs/protocol.md")
		return wrong
	}
	for _, m := range section.FindAllStringSubmatch(line, -1) {
		*seen++
		raw, err := os.ReadFile(filepath.Join(root, "docs/protocol.md"))
		if err != nil || !regexp.MustCompile(`(?m)^#+ `+regexp.QuoteMeta(m[1])+`[. ]`).Match(raw) {
			wrong = append(wrong, "docs/protocol.md has no section "+m[1])
		}
	}
	return wrong
}

// everyText calls f with each text that people write, by its name from the top.
func everyText(t *testing.T, f func(name, text string)) {
	t.Helper()
	kinds := []string{".go", ".lua", ".md", ".yaml", ".yml", ".ts", ".svelte", ".mjs", ".js", ".css", ".sh", ".html"}
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case ".git", "node_modules", "dist":
				return filepath.SkipDir
			}
			return nil
		}
		short, err := filepath.Rel("..", name)
		if err != nil || !slices.Contains(kinds, filepath.Ext(name)) || strings.HasSuffix(name, "references_test.go") {
			return err
		}
		raw, err := os.ReadFile(name)
		if err == nil {
			f(filepath.ToSlash(short), string(raw))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A document that sends its reader to a file must send it to one that there is: each path
// of a Go file or a script in backticks is the end of one in this repository. Decisions
// and the change log speak of their own time and may name what is gone.
func TestDocumentsNameFilesThatExist(t *testing.T) {
	var files []string
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return filepath.SkipDir
		}
		if err == nil && (strings.HasSuffix(name, ".go") || strings.HasSuffix(name, ".lua")) {
			files = append(files, "/"+filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile("`([A-Za-z0-9_./-]+\\.(?:go|lua))`")
	seen := 0
	everyText(t, func(name, text string) {
		if !strings.HasSuffix(name, ".md") || strings.HasPrefix(name, "docs/adr/") || name == "docs/CHANGELOG.md" {
			return
		}
		for n, line := range strings.Split(text, "\n") {
			for _, m := range quoted.FindAllStringSubmatch(line, -1) {
				seen++
				if !slices.ContainsFunc(files, func(f string) bool { return strings.HasSuffix(f, "/"+m[1]) }) {
					t.Errorf("%s:%d: there is no %s", name, n+1, m[1])
				}
			}
		}
	})
	if seen < 30 {
		t.Errorf("only %d files were named", seen)
	}
}

// Architecture names every room of a company's server, so that nobody has to find one.
func TestArchitectureNamesEveryRoom(t *testing.T) {
	const top = "../services/company/internal"
	raw, err := os.ReadFile("../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rooms, _ := strings.Cut(string(raw), "\n## Rooms\n")
	rooms, _, _ = strings.Cut(rooms, "\n## ")
	found := map[string]bool{}
	err = filepath.WalkDir(top, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		room, err := filepath.Rel(top, filepath.Dir(name))
		found[filepath.ToSlash(room)] = true
		return err
	})
	if err != nil || len(found) < 20 {
		t.Fatalf("%d rooms, %v", len(found), err)
	}
	for room := range found {
		if !strings.Contains(rooms, "`internal/"+room+"`") {
			t.Errorf("docs/architecture.md does not name internal/%s", room)
		}
	}
	for _, m := range regexp.MustCompile("`internal/([a-z/]+)`").FindAllStringSubmatch(rooms, -1) {
		if !found[m[1]] {
			t.Errorf("docs/architecture.md names internal/%s, which is no room", m[1])
		}
	}
}
