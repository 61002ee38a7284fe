package chaos

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/services/e2e/program"
)

// before is the edition that the servers are upgraded from: the last whose servers do not
// know a claim that reserves (adr/0029-a-claim-that-reserves.md), nor the packages saga and booking as
// they are.
const before = "93287dd"

// TestRollingUpgrade has two servers of each company, all of an earlier edition, which
// are upgraded one after the other while drivers book, cancel, swap, plug in and leave.
// It fails where a trip is left half done or a window is sold twice because one edition
// does not understand what another has written or said.
func TestRollingUpgrade(t *testing.T) {
	t.Parallel()
	o := Options{
		Seed: 5, Duration: 20 * time.Second, Nemeses: -1, Replicas: 2, Binary: built(t), From: earlier(t), Dir: short(t),
		Skew: true, Out: t.Output(), Drivers: 16,
	}
	if program.Long() {
		o.Duration, o.Drivers = 2*time.Minute, 32
	}
	rep, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(rep.Last())
	for _, v := range rep.Verdict.Violations {
		t.Error(v)
	}
	if rep.Faults["server upgraded"] != 6 || rep.TakenOver == 0 {
		t.Errorf("%v, %d trips taken over: that proves nothing", rep.Faults, rep.TakenOver)
	}
}

// earlier builds that edition from the repository's history, or skips where the checkout
// has none.
func earlier(t *testing.T) string {
	t.Helper()
	if exec.Command("git", "-C", workspace, "cat-file", "-e", before+"^{commit}").Run() != nil {
		t.Skipf("LEFT OUT: this checkout does not reach back to %s", before)
	}
	dir := t.TempDir()
	for _, step := range []*exec.Cmd{
		exec.Command("git", "-C", workspace, "archive", "--output", filepath.Join(dir, "then.tar"), before),
		exec.Command("tar", "-x", "-f", filepath.Join(dir, "then.tar"), "-C", dir),
		exec.Command("go", "-C", dir, "build", "-o", filepath.Join(dir, "eletrovia-then"), "./services/eletrovia"),
	} {
		if out, err := step.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", step, err, out)
		}
	}
	return filepath.Join(dir, "eletrovia-then")
}
