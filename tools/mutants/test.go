package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// patience with the tests of one package: a mutant may make them wait for ever.
const patience = 4 * time.Minute

// never are tests of what stands around the rules, a cluster above all, that no
// mutant is about; later are those that take long, for what the others have not noticed.
const (
	never = "^(TestListsWaitForReplicas|TestTakeOverWhileAMasterIsAway|TestCluster|TestCheckCountsReplicas|TestStoreAwayAndBack)$"
	later = "^(TestBatches|TestSchedulesFollowTheModel|TestNoOverlapUnderLoad|TestSessionsOnOneEVSE|TestTidyOfALongCalendar|" +
		"TestCompanyOn.*|TestOlderTripGetsTheStop|TestSwapKilledAtEveryStep|TestCrashMatrix|TestOriginatorStopsAfterOneConfirm|" +
		"TestRandomSchedules|TestConfirmExecutedItsCompanyUnreachable|TestCrashAtEveryStepOnRedis|TestRing.*)$"
)

// bench is a place where tests are built and run, with one mistake or without.
type bench struct {
	top, dir string
	// overlay names the file with the mistake, empty for none.
	overlay string
}

// try runs the tests of all packages, the quick ones first, until one fails: by.
func (b bench) try(ctx context.Context, packages []string) (by string, failed bool) {
	for _, which := range [][]string{{"-test.skip", never + "|" + later}, {"-test.run", later}} {
		for _, pkg := range packages {
			if by, failed := b.test(ctx, pkg, which...); failed {
				return by, true
			}
		}
	}
	return "", false
}

// test builds the tests of a package, once, and runs some; failed tells, and by is
// the first that did. It does not wait for the others.
func (b bench) test(ctx context.Context, pkg string, which ...string) (by string, failed bool) {
	program := filepath.Join(b.dir, pkg+".test")
	if _, err := os.Stat(program); err != nil {
		build := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay", b.overlay, "-o", program, "./"+rooms+pkg)
		build.Dir = b.top
		if said, err := build.CombinedOutput(); err != nil {
			return notBuilt + firstLine(said), true
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	cmd := exec.CommandContext(ctx, program, append(which, "-test.v", "-test.failfast", "-test.timeout", patience.String())...)
	cmd.Dir = filepath.Join(b.top, rooms, pkg)
	cmd.Env = append(os.Environ(), "TMPDIR="+b.dir)
	// The stores that the tests have started end with them.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	out, in := io.Pipe()
	cmd.Stdout, cmd.Stderr = in, in
	said := make(chan string, 1)
	go func() { said <- watch(out, stop) }()
	err := cmd.Run()
	in.Close()
	if by = <-said; err != nil && by == "" {
		by = err.Error()
	}
	return by, err != nil
}

// watch reads what tests say, calls stop at the first failure, and gives that.
func watch(out io.Reader, stop func()) (by string) {
	for lines := bufio.NewReader(out); ; {
		line, err := lines.ReadString('\n')
		if by == "" {
			if by = failure(line); by != "" {
				stop()
			}
		}
		if noScript(line) && !strings.HasPrefix(by, notBuilt) {
			by = notBuilt + strings.TrimSpace(line)
			stop()
		}
		if err != nil {
			return by
		}
	}
}

// noScript says whether a store could not read one of the scripts.
func noScript(line string) bool { return strings.Contains(line, "rror compiling script") }

// failure is what a line says has failed, empty if it does not.
func failure(line string) string {
	line = strings.TrimSpace(line)
	switch {
	case strings.HasPrefix(line, "--- FAIL: "):
		return strings.TrimPrefix(line, "--- ")
	case strings.HasPrefix(line, "panic: "), strings.HasPrefix(line, "fatal error: "):
		return line
	}
	return ""
}

// notBuilt begins the blame of a mutant that is no program: it proves nothing.
const notBuilt = "does not build: "

// firstLine of a compiler that says something.
func firstLine(said []byte) string {
	for line := range strings.Lines(string(said)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return line
		}
	}
	return ""
}
