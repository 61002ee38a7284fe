// Package program builds eletrovia, once for the tests of a package, to be run
// as a process.
package program

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var (
	plain  = sync.OnceValues(func() (string, error) { return build() })
	racing = sync.OnceValues(func() (string, error) { return build("-race") })

	mu   sync.Mutex
	dirs []string // to be removed at the end
	// told are the variables that Main took away; nil before it.
	told map[string]string
)

// Main is a package's TestMain: os.Exit(program.Main(m)). It takes every ELETROVIA_
// variable out of the environment, for Told to give: the tests' own, with which
// eletrovia refuses to start, and those of whoever runs them, who may have a
// server of his own.
func Main(m *testing.M) int {
	take()
	defer func() {
		for _, d := range dirs {
			_ = os.RemoveAll(d)
		}
	}()
	return m.Run()
}

func take() {
	told = map[string]string{}
	for _, variable := range os.Environ() {
		if name, value, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "ELETROVIA_") {
			told[name] = value
			_ = os.Unsetenv(name)
		}
	}
}

// Told is what the tests were told by a variable; empty without it.
func Told(name string) string {
	if told == nil {
		panic("program: TestMain has to be program.Main")
	}
	return told[name]
}

// Long reports whether the long forms of the tests are wanted (ELETROVIA_LONG=1).
func Long() bool { return Told("ELETROVIA_LONG") != "" }

// Path is the binary of this workspace.
func Path(t testing.TB) string { return got(t, plain) }

// Racing is the binary with the race detector, when the tests have it themselves.
func Racing(t testing.TB) string {
	if !race {
		return got(t, plain)
	}
	return got(t, racing)
}

func got(t testing.TB, built func() (string, error)) string {
	t.Helper()
	if told == nil {
		t.Fatal("TestMain has to be program.Main, or what eletrovia does not know stops its start")
	}
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func build(flags ...string) (string, error) {
	dir, err := os.MkdirTemp("", "eletrovia-")
	if err != nil {
		return "", err
	}
	mu.Lock()
	dirs = append(dirs, dir)
	mu.Unlock()
	path := filepath.Join(dir, "eletrovia")
	args := append(append([]string{"build", "-o", path}, flags...), "github.com/eletrovia/eletrovia/services/eletrovia")
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
}
