package legible

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// One row a category: what may not be shown is refused, and tamed to a space.
func TestCategories(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		ok   bool
	}{
		"letters and marks":     {"São José do Egito, nº 3", true},
		"a mark of its own":     {"Sa\u0303o", true},
		"other scripts":         {"Ὀδυσσεύς 東京 🚗", true},
		"markup":                {"<script>", true},
		"no-break space":        {"a\u00a0b", true},
		"carriage return":       {"a\rb", false},
		"line feed":             {"a\nb", false},
		"NUL":                   {"a\x00b", false},
		"escape":                {"a\x1bb", false},
		"delete":                {"a\x7fb", false},
		"a C1 control":          {"a\u009bb", false},
		"right-to-left":         {"a\u202eb", false},
		"an isolate":            {"a\u2066b", false},
		"zero-width joiner":     {"a\u200db", false},
		"zero-width space":      {"a\u200bb", false},
		"byte order mark":       {"a\ufeffb", false},
		"soft hyphen":           {"a\u00adb", false},
		"a tag":                 {"a\U000e0041b", false},
		"line separator":        {"a\u2028b", false},
		"paragraph separator":   {"a\u2029b", false},
		"private use":           {"a\ue000b", false},
		"unassigned":            {"a\u0378b", false},
		"no character":          {"a\uffffb", false},
		"broken bytes":          {"a\xffb", false},
		"a half of a surrogate": {"a\xed\xa0\x80b", false},
		"what stands for those": {"a\ufffdb", false},
	} {
		if err := Check(c.text, 100); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		} else if err != nil && Check(err.Error(), 100) != nil {
			t.Errorf("%s: the reason %q is not legible", name, err)
		}
		tame := Tame(c.text, 100)
		if c.ok && tame != c.text || !c.ok && strings.Trim(tame, " ") != "a"+strings.Repeat(" ", len(tame)-2)+"b" {
			t.Errorf("%s: tamed to %q", name, tame)
		}
	}
}

func TestLimits(t *testing.T) {
	if Check(strings.Repeat("ã", 120), 120) != nil || Check(strings.Repeat("ã", 121), 120) == nil {
		t.Error("a limit counts characters, not bytes")
	}
	if got := Tame(strings.Repeat("ã", 10), 5); got != "ãã" {
		t.Errorf("cut within a character: %q", got)
	}
	if got := Tame("\x80\x80\x80", 2); len(got) > 2 {
		t.Errorf("broken bytes: %q", got)
	}
}

func FuzzTame(f *testing.F) {
	f.Add("a\x1b[31m\u202e\xff", 7)
	f.Add("ãã", 3)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = limit & 0xff
		got := Tame(s, limit)
		if !utf8.ValidString(got) || len(got) > limit || Check(got, limit) != nil {
			t.Errorf("Tame(%q, %d) = %q", s, limit, got)
		}
		if Check(s, limit) == nil && len(s) <= limit && got != s {
			t.Errorf("%q is legible, and became %q", s, got)
		}
	})
}
