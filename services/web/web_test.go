package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var asked = regexp.MustCompile(`(?:src|href)="(/[^"]*)"|url\((/[^)]*)\)`)

// TestTheAppNeedsNothingFromElsewhere: the page and its styles ask this server alone, for
// what is there.
func TestTheAppNeedsNothingFromElsewhere(t *testing.T) {
	app := Embedded()
	html, err := app.Page()
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{string(html)}
	styles, err := filepath.Glob("dist/assets/*.css")
	if err != nil || len(styles) == 0 {
		t.Fatalf("no styles: %v", err)
	}
	for _, s := range styles {
		css, err := os.ReadFile(s)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(css))
	}
	seen := 0
	for _, text := range texts {
		for _, outside := range []string{"http://", "https://", "<style", "onclick", "javascript:"} {
			if strings.Contains(text, outside) {
				t.Errorf("there is %q in %.80s", outside, text)
			}
		}
		for _, m := range asked.FindAllStringSubmatch(text, -1) {
			name, isAsset := strings.CutPrefix(m[1]+m[2], "/assets/")
			if !isAsset {
				continue
			}
			seen++
			if _, err := app.Asset(name); err != nil {
				t.Errorf("%s is asked for: %v", name, err)
			}
		}
	}
	if seen < 4 {
		t.Errorf("only %d files are asked for; a script, a style and two fonts at least", seen)
	}
}

func TestAssets(t *testing.T) {
	app := Embedded()
	if css, err := app.Asset("style.css"); err != nil || css.Kept || css.Gzip != nil || len(css.Content) == 0 {
		t.Errorf("style.css: %d bytes, kept for good %v, %v", len(css.Content), css.Kept, err)
	}
	scripts, err := filepath.Glob("dist/assets/*.js")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	js, err := app.Asset(filepath.Base(scripts[0]))
	if err != nil || !js.Kept || js.Media != "text/javascript; charset=utf-8" || len(js.Gzip) == 0 || 2*len(js.Gzip) > len(js.Content) {
		t.Errorf("%s: %d bytes, %d compressed, %s, kept for good %v, %v", scripts[0], len(js.Content), len(js.Gzip), js.Media, js.Kept, err)
	}
	r, err := gzip.NewReader(bytes.NewReader(js.Gzip))
	if err != nil {
		t.Fatal(err)
	}
	if back, err := io.ReadAll(r); err != nil || !bytes.Equal(back, js.Content) {
		t.Errorf("compressed, the script is another: %v", err)
	}
	for _, name := range []string{"", ".", "no.css", "../index.html", "../../web.go", "/etc/passwd"} {
		if _, err := app.Asset(name); !Missing(err) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestADirectoryIsReadAnew(t *testing.T) {
	dir := t.TempDir()
	if _, err := In(dir); err == nil || !strings.Contains(err.Error(), "index.html") {
		t.Errorf("an empty directory: %v", err)
	}
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "index.html"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	app, err := In(dir)
	if err != nil {
		t.Fatal(err)
	}
	write("two")
	if html, err := app.Page(); err != nil || string(html) != "two" {
		t.Errorf("%s %v", html, err)
	}
}
