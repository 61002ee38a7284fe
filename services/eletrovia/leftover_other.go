//go:build !linux

package main

import "os/exec"

// startOnLeftover is Linux'.
func startOnLeftover(cmd *exec.Cmd) error { return cmd.Start() }
