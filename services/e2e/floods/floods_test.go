// Package floods runs the flood of a real server, small enough for every day: the
// numbers are a tenth and less, and the bounds wide, because the machine is shared. The
// whole one is `go tool task flood`.
package floods

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/services/e2e/program"
)

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

// TestAShortFlood: while one address opens 1,200 connections that say nothing, sends 60
// slow bodies, opens 40 streams and registers vehicles, every trip of the drivers is
// confirmed, /readyz and the operator are answered each time, and all is back soon
// after. It fails where one address can take all connections or streams, or where a
// body takes the memory that it announces.
func TestAShortFlood(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // 127.0.0.2 and 127.0.0.3 are addresses of loopback there only
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program.Path(t), "flood", "--json", "--connections", "1200", "--slow-bodies", "60", "--streams", "40",
		"--registrations", "20", "--drivers", "5", "--duration", "3s", "--most-slower", "50", "--back-within", "10")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // which stops the servers too
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	failed := cmd.Run()
	var r struct {
		Pass     bool
		Failures []string
		Attacker struct {
			Opened int `json:"connections_opened"`
			Closed int `json:"connections_closed_by_server"`
		}
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || failed != nil || !r.Pass {
		t.Fatalf("%v %v %v\n%s\n%s", failed, err, r.Failures, out.Bytes(), said.Bytes())
	}
	if r.Attacker.Opened < 1000 || r.Attacker.Closed == 0 {
		t.Errorf("that was no flood: %+v", r.Attacker)
	}
}
