package embedded

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"
)

// Back-off between restarts of a child that keeps dying.
const (
	firstBackOff = 50 * time.Millisecond
	lastBackOff  = 5 * time.Second
)

// child is one redis-server process after another on the same address and data directory.
type child struct {
	bin, addr, dir, fsync string
	password              string // empty for none
	log                   zerolog.Logger

	ctx    context.Context // ends when the child is to stop for good
	cancel context.CancelFunc
	done   chan struct{} // closed when supervise has returned

	cmd    *exec.Cmd     // the running process; touched by start and supervise only, one after the other
	exited chan struct{} // closed when cmd has been waited for
}

func newChild(bin, addr, dir, fsync, password string, log zerolog.Logger) *child {
	ctx, cancel := context.WithCancel(context.Background())
	return &child{
		bin: bin, addr: addr, dir: dir, fsync: fsync, password: password, log: log, ctx: ctx, cancel: cancel, done: make(chan struct{}),
	}
}

// args are the settings that the calendar and the journal rely on: no key is ever evicted, and what
// was acknowledged is in the append-only file. What else there is to say, the password, comes on
// standard input ("-"), since everybody may read a command line. The append-only file is written anew at 512 MB, not at Redis'
// 64: a rewrite takes a CPU for seconds, while to read that much at a start takes about three.
func (c *child) args() []string {
	host, port, _ := net.SplitHostPort(c.addr)
	return []string{
		"-", "--bind", host, "--port", port, "--dir", c.dir,
		"--daemonize", "no", "--save", "", "--appendonly", "yes", "--appendfsync", c.fsync,
		"--auto-aof-rewrite-min-size", "512mb", "--maxmemory-policy", "noeviction", "--logfile", "", "--always-show-logo", "no",
	}
}

// secrets are the settings for standard input.
func (c *child) secrets() string {
	if c.password == "" {
		return "\n"
	}
	return "requirepass " + c.password + "\n"
}

// start runs a redis-server and returns when it answers; on an error none is left running.
func (c *child) start(ctx context.Context) error {
	out := &lineLog{log: c.log}
	cmd := exec.Command(c.bin, c.args()...)
	cmd.Dir = c.dir
	cmd.Stdin = strings.NewReader(c.secrets())
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = childAttr()
	if err := startProcess(cmd); err != nil {
		return fmt.Errorf("start %s: %w", c.bin, err)
	}
	exited := make(chan struct{})
	go func() { defer close(exited); _ = cmd.Wait() }()
	c.cmd, c.exited = cmd, exited

	if err := c.awaitReady(ctx); err != nil {
		c.end(0)
		return fmt.Errorf("%s on %s: %w; it said: %s", c.bin, c.addr, err, out.last())
	}
	return nil
}

// awaitReady polls until the process that was started, and no other, answers on the address.
func (c *child) awaitReady(ctx context.Context) error {
	rdb := connect(c.addr, c.password)
	defer rdb.Close()
	for {
		pid, err := answeringPID(ctx, rdb)
		if err == nil && pid == c.cmd.Process.Pid {
			return nil
		}
		select {
		case <-c.exited:
			return fmt.Errorf("it ended at once (%s)", c.cmd.ProcessState)
		case <-ctx.Done():
			return fmt.Errorf("no answer: %w", ctx.Err())
		case <-time.After(pollEvery):
		}
	}
}

// supervise starts the child again whenever it dies, until stop is called.
func (c *child) supervise() {
	defer close(c.done)
	wait := firstBackOff
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-c.exited:
		}
		c.log.Error().Str("addr", c.addr).Stringer("end", c.cmd.ProcessState).Dur("again_in_ms", wait).
			Msg("embedded store died")
		pause(c.ctx, wait)
		if c.ctx.Err() != nil {
			return
		}
		if err := c.restart(); err != nil {
			c.log.Error().Err(err).Msg("embedded store does not come back")
			wait = min(2*wait, lastBackOff)
			continue
		}
		wait = firstBackOff
		c.log.Info().Str("addr", c.addr).Msg("embedded store is back")
	}
}

func (c *child) restart() error {
	ctx, cancel := context.WithTimeout(c.ctx, startTimeout)
	defer cancel()
	return c.start(ctx)
}

// stop ends the supervision and the process: SIGTERM (which flushes the append-only file), then a kill.
func (c *child) stop(ctx context.Context) {
	c.cancel()
	<-c.done
	grace := stopTimeout
	if d, ok := ctx.Deadline(); ok {
		grace = min(grace, time.Until(d))
	}
	if ctx.Err() != nil {
		grace = 0
	}
	c.end(grace)
}

// end asks the process to stop, kills it after the grace, and returns when it is gone.
func (c *child) end(grace time.Duration) {
	if grace > 0 && c.cmd.Process.Signal(syscall.SIGTERM) == nil {
		select {
		case <-c.exited:
			return
		case <-time.After(grace):
			c.log.Warn().Str("addr", c.addr).Msg("embedded store does not stop; killing it")
		}
	}
	_ = c.cmd.Process.Kill()
	<-c.exited
}

// lineLog passes the child's lines to the log at debug and remembers the last few for error messages.
type lineLog struct {
	log zerolog.Logger

	mu    sync.Mutex
	rest  []byte
	lines []string
}

const keptLines = 4

func (l *lineLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		line, rest, ok := bytes.Cut(l.rest, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		l.rest = rest
		if text := strings.TrimSpace(string(line)); text != "" {
			l.log.Debug().Str("from", KindRedis).Msg(text)
			l.lines = append(l.lines, text)
			l.lines = l.lines[max(0, len(l.lines)-keptLines):]
		}
	}
}

func (l *lineLog) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, " | ")
}
