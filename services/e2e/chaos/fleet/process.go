// Package fleet runs companies as real processes: eletrovia serve, several a
// company if wanted, and a redis-server, each of which can be killed, paused and
// started again.
package fleet

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// starts carries processes to the one thread that starts them: the kernel sends
// the parent-death signal when the starting thread ends, so it must not.
var starts = sync.OnceValue(func() chan func() {
	todo := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range todo {
			f()
		}
	}()
	return todo
})

// process is one life of a child.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

// launch starts a child that dies with this process. Its standard error goes to
// a file that is appended to; its standard output to out.
func launch(bin string, args, env []string, log string, out io.Writer) (*process, error) {
	f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	cmd := exec.Command(bin, args...)
	cmd.Env, cmd.Stderr, cmd.Stdout = append(os.Environ(), env...), f, out
	if out == nil {
		cmd.Stdout = f
	}
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	starts() <- func() { started <- cmd.Start() }
	if err := <-started; err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("fleet: %s: %w", bin, err)
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		_ = f.Close()
		close(p.done)
	}()
	return p, nil
}

func (p *process) signal(s os.Signal) {
	if p != nil {
		_ = p.cmd.Process.Signal(s)
	}
}

func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// kill ends the process with SIGKILL and waits until it has gone.
func (p *process) kill() {
	if p == nil {
		return
	}
	p.signal(syscall.SIGKILL)
	<-p.done
}

// stop asks the process to end, and kills it when it does not.
func (p *process) stop(within time.Duration) {
	if p == nil {
		return
	}
	p.signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(within):
		p.kill()
	}
}

var errGone = errors.New("the process has ended")
