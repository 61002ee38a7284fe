package fleet

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAnEditThatNoLongerFitsFailsLoudly: a seeded mistake that is not there
// would otherwise be "caught" by luck, or never.
func TestAnEditThatNoLongerFitsFailsLoudly(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "a.lua"), []byte("one two two"), 0o600); err != nil {
		t.Fatal(err)
	}
	for old, want := range map[string]string{"two": "2 times", "three": "0 times"} {
		_, err := overlay(root, filepath.Join(root, "edits"), []Edit{{File: "a.lua", Old: old, New: "x"}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", old, err)
		}
	}
	path, err := overlay(root, filepath.Join(root, "edits"), []Edit{
		{File: "a.lua", Old: "one", New: "1"}, {File: "a.lua", Old: "1 two", New: "12"}, {File: "new.go", New: "package new"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(path); err != nil || strings.Count(string(raw), "edits") != 2 {
		t.Errorf("%s, %v", raw, err)
	}
	edited, err := filepath.Glob(filepath.Join(root, "edits", "*-a.lua"))
	if err != nil || len(edited) != 1 {
		t.Fatalf("%v, %v", edited, err)
	}
	if raw, err := os.ReadFile(edited[0]); err != nil || string(raw) != "12 two" {
		t.Errorf("%s, %v", raw, err)
	}
}
