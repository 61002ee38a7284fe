//go:build unix && !linux

package embedded

import (
	"os/exec"
	"syscall"
)

// childAttr puts the child into a process group of its own, so that Ctrl-C does not stop the store
// before the server. This system has no parent-death signal: a child that outlives a killed server is
// stopped by the next one that opens its data directory on its port.
func childAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func startProcess(cmd *exec.Cmd) error { return cmd.Start() }
