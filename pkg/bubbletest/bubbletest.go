// Package bubbletest runs the tests of packages whose bubbles (testing/synctest)
// hold several goroutines with timers.
//
// Under the race detector of Go 1.26 a bubble has one race context for the timers
// that fire while their channel is read. Two goroutines that read overdue timers on
// two threads at once use it together, and the detector dies of a segmentation
// fault (https://go.dev/issue/78156): in one run of the saga's tests among some
// hundreds. On one thread they take turns. The detector finds what it found before,
// since it looks for what is unordered and not for what happens to run at once.
package bubbletest

import (
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
)

// Main runs the tests, on one thread if the race detector is on, and ends the
// process with what they came to. It is for a package's TestMain.
func Main(m *testing.M) {
	if raced() {
		runtime.GOMAXPROCS(1)
	}
	os.Exit(m.Run())
}

// raced reports whether this program was built with -race.
func raced() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
