package tools

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What a document says that a test shows is of no use when there is no such test.
// A row names tests as `store: TestRaces`, `TestOther`: the folder's end, then tests
// of it; a name that ends in … stands for all that begin so.
func TestDocumentsNameTestsThatExist(t *testing.T) {
	tests := testsByFolder(t, "..")
	if len(tests) < 20 {
		t.Fatalf("only %d folders with tests were found", len(tests))
	}
	documents, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	records, _ := filepath.Glob("../docs/adr/*.md")
	for _, path := range slices.Concat(documents, records, []string{"../README.md", "../SECURITY.md"}) {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(raw), "\n") {
			for _, name := range named(line) {
				if !exists(tests, name) {
					t.Errorf("%s:%d names the test %s, which does not exist", path, n+1, strings.Join(name[:], ": "))
				}
			}
		}
	}
}

// In a row, a test without a folder is of the folder before it.
func TestNamed(t *testing.T) {
	got := named("| x | `store: TestA`, `TestB…`; `e2e/chaos: FuzzC` | `TestD` | `Testing`")
	want := [][2]string{{"store", "TestA"}, {"store", "TestB…"}, {"e2e/chaos", "FuzzC"}, {"e2e/chaos", "TestD"}}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	tests := map[string][]string{"services/e2e/chaos": {"FuzzC", "TestBoth"}, "x/store": {"TestA"}}
	for name, is := range map[[2]string]bool{
		{"store", "TestA"}: true, {"e2e/chaos", "TestB…"}: true, {"chaos", "FuzzC"}: true, {"", "TestA"}: true,
		{"store", "TestB…"}: false, {"haos", "FuzzC"}: false, {"store", "TestAlso"}: false, {"", "TestX"}: false,
	} {
		if exists(tests, name) != is {
			t.Errorf("%v: want %t", name, is)
		}
	}
}

var (
	quoted = regexp.MustCompile("`(?:([a-z0-9/]+): *)?((?:Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9]*…?)`")
	tested = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)[A-Z]\w*)\(`)
)

// named are the tests that a line names: folder (empty for any) and test.
func named(line string) [][2]string {
	var all [][2]string
	folder := ""
	for _, m := range quoted.FindAllStringSubmatch(line, -1) {
		if m[1] != "" {
			folder = m[1]
		}
		all = append(all, [2]string{folder, m[2]})
	}
	return all
}

func exists(tests map[string][]string, name [2]string) bool {
	start, open := strings.CutSuffix(name[1], "…")
	for folder, in := range tests {
		if name[0] != "" && !strings.HasSuffix("/"+folder, "/"+name[0]) {
			continue
		}
		if slices.ContainsFunc(in, func(t string) bool { return t == name[1] || open && strings.HasPrefix(t, start) }) {
			return true
		}
	}
	return false
}

// testsByFolder reads the names of all tests below root.
func testsByFolder(t *testing.T, root string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		for _, m := range tested.FindAllSubmatch(raw, -1) {
			all[filepath.ToSlash(folder)] = append(all[filepath.ToSlash(folder)], string(m[1]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
