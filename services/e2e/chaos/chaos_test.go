package chaos

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/fleet"
)

// program is the eletrovia binary of this workspace, built once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "chaos")
	if err != nil {
		return "", err
	}
	rubbish = dir
	bin := filepath.Join(dir, "eletrovia")
	return bin, fleet.Build(context.Background(), workspace, bin)
})

// rubbish is removed at the end.
var rubbish string

func TestMain(m *testing.M) {
	code := m.Run()
	if rubbish != "" {
		_ = os.RemoveAll(rubbish)
	}
	os.Exit(code)
}

// workspace is the top of the repository.
const workspace = "../../.."

// built gives the program, or skips where there is no redis-server.
func built(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("needs redis-server")
	}
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// short is a directory with a short path: the stores' sockets live there.
func short(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "chaos")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !t.Failed() {
			_ = os.RemoveAll(dir)
		}
	})
	return dir
}

// TestChaos is the short form of go tool task chaos: a minute of faults without
// pause, and not one violation. Two of the companies have two servers.
func TestChaos(t *testing.T) {
	t.Parallel()
	o := Options{
		Seed: 20261123, Duration: time.Minute, Replicas: 2, Alone: []charging.CompanyID{"SER"},
		Binary: built(t), Dir: short(t), Skew: true, Out: t.Output(),
	}
	if testing.Short() {
		o.Duration = 10 * time.Second
	}
	rep, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(rep.Last())
	for _, v := range rep.Verdict.Violations {
		t.Error(v)
	}
	if t.Failed() {
		t.Logf("the history: %s, drawings: %v", rep.History, rep.Verdict.Drawings)
	}
	if rep.Settled() < int(o.Duration/time.Second) {
		t.Errorf("only %d trips settled: that proves nothing", rep.Settled())
	}
}
