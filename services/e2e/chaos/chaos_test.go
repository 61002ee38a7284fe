package chaos

import (
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api/apitest"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/program"
)

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

// workspace is the top of the repository.
const workspace = "../../.."

// built gives the program, or skips where there is no redis-server.
func built(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("needs redis-server")
	}
	return program.Path(t)
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

// answers fails the test by each whole answer that breaks openapi.yaml, whatever has been
// killed or parted meanwhile. What a link cuts is no answer.
func answers(t *testing.T) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper { return apitest.Watch(t, next) }
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
	o.Around = answers(t)
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
