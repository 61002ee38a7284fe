package main

import (
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"
)

// schedIdle is SCHED_IDLE of sched(7).
const schedIdle = 5

// startOnLeftover starts a program that gets only what CPUs the others leave over. It
// has the policy from the thread that starts it, so that all its threads have it, and
// that thread ends.
func startOnLeftover(cmd *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the thread is not used again
		var priority int32
		_, _, _ = syscall.Syscall(syscall.SYS_SCHED_SETSCHEDULER, 0, schedIdle, uintptr(unsafe.Pointer(&priority)))
		started <- cmd.Start()
	}()
	return <-started
}
