package planner_test

import (
	"syscall"
	"time"
	"unsafe"
)

// spent is the processor time of this thread so far: what single operations take on a
// machine that is busy with other things, too. The caller is locked to its thread.
func spent() time.Duration {
	const threadCPUTime = 3 // CLOCK_THREAD_CPUTIME_ID; rusage counts in ticks of 4 ms only
	var t syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, threadCPUTime, uintptr(unsafe.Pointer(&t)), 0); errno != 0 {
		return 0
	}
	return time.Duration(t.Nano())
}
