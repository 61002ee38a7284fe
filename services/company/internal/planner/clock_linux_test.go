package planner_test

import (
	"syscall"
	"time"
)

// spent is the processor time of this thread so far: what single operations take on a
// machine that is busy with other things, too. The caller is locked to its thread.
func spent() time.Duration {
	const thread = 1 // RUSAGE_THREAD
	var u syscall.Rusage
	if err := syscall.Getrusage(thread, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
