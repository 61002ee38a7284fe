package embedded

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// childAttr puts the child into a process group of its own, so that Ctrl-C does not stop the store
// before the server, and makes it stop when the server dies.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

// starter is the goroutine that starts all children. A parent-death signal is tied to the thread that
// forked, not to the process: so this goroutine keeps its thread, and never ends.
var starter = sync.OnceValue(func() chan<- startRequest {
	requests := make(chan startRequest)
	go func() {
		runtime.LockOSThread()
		for r := range requests {
			r.err <- r.cmd.Start()
		}
	}()
	return requests
})

type startRequest struct {
	cmd *exec.Cmd
	err chan error
}

func startProcess(cmd *exec.Cmd) error {
	r := startRequest{cmd: cmd, err: make(chan error, 1)}
	starter() <- r
	return <-r.err
}
