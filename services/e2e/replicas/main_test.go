package replicas

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/eletrovia/eletrovia/services/e2e/program"
)

func TestMain(m *testing.M) {
	if _, err := exec.LookPath("redis-server"); err != nil && os.Getenv("CI") == "" {
		fmt.Fprintln(os.Stderr, "LEFT OUT: no redis-server here; several servers of one company were not tested")
		return
	}
	os.Exit(program.Main(m))
}
