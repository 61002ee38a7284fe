// Package program builds eletrovia, once for the tests of a package, to be run
// as a process.
package program

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

var (
	plain  = sync.OnceValues(func() (string, error) { return build() })
	racing = sync.OnceValues(func() (string, error) { return build("-race") })

	mu   sync.Mutex
	dirs []string // to be removed at the end
	long bool
)

// Main is a package's TestMain: os.Exit(program.Main(m)).
func Main(m *testing.M) int {
	// eletrovia refuses to start with variables that it does not know.
	long = os.Getenv(variable) != ""
	_ = os.Unsetenv(variable)
	defer func() {
		for _, d := range dirs {
			_ = os.RemoveAll(d)
		}
	}()
	return m.Run()
}

const variable = "ELETROVIA_LONG"

// Long reports whether the long forms of the tests are wanted (ELETROVIA_LONG=1).
func Long() bool { return long }

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
