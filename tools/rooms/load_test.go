package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// files writes a workspace and makes it the current folder.
func files(t *testing.T, content map[string]string) string {
	t.Helper()
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range content {
		file := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(top)
	t.Setenv("GOWORK", "")
	t.Setenv("GOFLAGS", "")
	return top
}

func TestLoad(t *testing.T) {
	top := files(t, map[string]string{
		"go.work":                "go 1.26.0\nuse ./pkg\n",
		"pkg/go.mod":             "module " + root + "pkg\n\ngo 1.26.0\n",
		"pkg/geo/geo.go":         "package geo\n\nimport \"fmt\"\n\nvar _ = fmt.Sprint\n",
		"pkg/geo/geo_plan9.go":   "package geo\n\nimport _ \"os\"\n",
		"pkg/geo/geo_test.go":    "package geo_test\n\nimport _ \"testing\"\n",
		"pkg/geo/testdata/no.go": "not go at all",
	})
	found, err := workspace()
	if err != nil || found != top {
		t.Fatalf("workspace %s, %v; want %s", found, err, top)
	}
	packages, err := load(top)
	if err != nil {
		t.Fatal(err)
	}
	want := []imported{
		{at: "pkg/geo/geo.go:3", path: "fmt"},
		{at: "pkg/geo/geo_plan9.go:3", path: "os"},
		{at: "pkg/geo/geo_test.go:3", path: "testing", test: true},
	}
	if len(packages) != 1 || packages[0].path != "pkg/geo" || !slices.Equal(packages[0].imports, want) {
		t.Errorf("loaded %+v", packages)
	}
}

func TestCheckPrograms(t *testing.T) {
	base := map[string]string{
		"go.work":    "go 1.26.0\nuse ./pkg\n",
		"pkg/go.mod": "module " + root + "pkg\n\ngo 1.26.0\n",
	}
	for _, c := range []struct {
		name, file, text, want string
		code                   int
	}{
		{"fine", "pkg/geo/geo.go", "package geo\n\nimport _ \"fmt\"\n", "rooms: 1 packages, 1 imports, all where they belong\n", 0},
		{"out of place", "pkg/geo/geo.go", "package geo\n\nimport _ \"os\"\n", "pkg/geo/geo.go:3: pkg/geo imports os: ", 1},
		{"no row", "pkg/util/u.go", "package util\n", "pkg/util/u.go: package pkg/util has no row", 1},
		{"stray", "scripts/x.sh", "", "scripts: does not belong at the top", 1},
		{"broken", "pkg/geo/geo.go", "package geo\n\nimport nonsense\n", "", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			content := map[string]string{c.file: c.text}
			for k, v := range base {
				content[k] = v
			}
			if !strings.HasPrefix(c.file, "pkg/") {
				content["pkg/geo/geo.go"] = "package geo\n"
			}
			files(t, content)
			var out, errs bytes.Buffer
			if code := check(&out, &errs); code != c.code || !strings.HasPrefix(out.String(), c.want) {
				t.Errorf("exit %d, want %d; out %q, errors %q", code, c.code, out.String(), errs.String())
			}
		})
	}
}

func TestNoWorkspace(t *testing.T) {
	files(t, nil)
	t.Setenv("GOWORK", "off")
	var out, errs bytes.Buffer
	if code := check(&out, &errs); code != 2 || !strings.Contains(errs.String(), "go.work") {
		t.Errorf("exit %d, %q", code, errs.String())
	}
}
