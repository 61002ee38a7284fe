// Package browser drives the web app of a real demo with Chromium, as drivers and
// operators use it.
package browser

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/services/e2e/program"
)

// What the scripts are told by variables, with which eletrovia refuses to start: where what
// the browser showed is kept (an absolute path; else where go test -artifacts says, or not
// at all), which steps are wanted, where the README's pictures go, and that figures are
// wanted instead of steps.
const (
	pictures = "ELETROVIA_PICTURES"
	steps    = "ELETROVIA_STEPS"
	readme   = "ELETROVIA_README"
	figures  = "ELETROVIA_FIGURES"
)

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

var (
	address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	// store is a company's Redis, where the demo has real ones.
	store = regexp.MustCompile(`store (127\.0\.0\.1:\d+) \(redis-server\)`)
)

// TestTheAppInABrowser runs services/web/e2e/run.mjs against three companies. It fails
// where a trip cannot be booked, followed, moved to another server or cancelled by the
// controls' names, where a lost stop asks nothing, where a page has a barrier that
// axe-core knows or scrolls sideways, where the chargers' Gantt on /ops is not what
// redis-cli reads, where a charger is taken out of service without naming whom that
// hits, and where the console is not silent.
func TestTheAppInABrowser(t *testing.T) {
	needs(t)
	script := "e2e/run.mjs"
	if program.Told(figures) != "" {
		script = "e2e/figures.mjs"
	}
	drive(t, script, demo(t)...)
}

var web = filepath.Join("..", "..", "web")

// needs skips where there is no browser to drive: go tool task test says that then.
func needs(t *testing.T) {
	t.Helper()
	for _, needed := range []string{"node", "chromium"} {
		if _, err := exec.LookPath(needed); err != nil {
			t.Skipf("LEFT OUT: no %s on the PATH", needed)
		}
	}
	if _, err := os.Stat(filepath.Join(web, "node_modules", "playwright-core")); err != nil {
		t.Skip("LEFT OUT: services/web/node_modules is not there: npm ci in services/web")
	}
}

// drive runs a script of services/web to its end, which has to be a good one.
func drive(t *testing.T, script string, args ...string) {
	t.Helper()
	dir := program.Told(pictures)
	if dir == "" {
		dir = t.ArtifactDir()
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", append([]string{script}, args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = web, t.Output(), t.Output()
	cmd.Env = append(os.Environ(), pictures+"="+dir)
	for _, name := range []string{steps, readme, "ELETROVIA_LONG"} {
		cmd.Env = append(cmd.Env, name+"="+program.Told(name))
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // which closes the browser too
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v", script, err)
	}
}

// demo runs three companies until the test's end; the answer is their addresses.
func demo(t *testing.T) []string {
	t.Helper()
	cmd := exec.Command(program.Path(t), "demo", "--http-port", "0", "--mqtt-port", "0", "--redis-port", "0", "--fleet", "3")
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	var said []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "ready" {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			if first := store.FindStringSubmatch(strings.Join(said, "\n")); first != nil {
				t.Setenv("ELETROVIA_DEMO_STORE", first[1]) // which run.mjs compares with the page
			}
			return servers(t, said)
		}
		said = append(said, lines.Text())
	}
	t.Fatalf("the demo ended before it was ready:\n%s", strings.Join(said, "\n"))
	return nil
}

// servers in what a demo said of itself.
func servers(t *testing.T, said []string) []string {
	t.Helper()
	var all []string
	for _, at := range address.FindAllString(strings.Join(said, "\n"), -1) {
		if !slices.Contains(all, at) {
			all = append(all, at)
		}
	}
	if len(all) != 3 {
		t.Fatalf("addresses %v in\n%s", all, strings.Join(said, "\n"))
	}
	return all
}
