package replicas

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/services/e2e/program"
)

// process is a program that a test has started and can hurt.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	log   *tail
	ended chan struct{}
}

// tail keeps the end of what a program says.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *tail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.buf.Len() > 1<<20 {
		l.buf.Next(1 << 19)
	}
	return l.buf.Write(p)
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// launch starts a program; it dies with the test, and with this process.
func launch(t *testing.T, out io.Writer, environ []string, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(name, args...), log: &tail{}, ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), environ...)
	p.cmd.Stdout, p.cmd.Stderr = out, p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = p.cmd.Wait(); close(p.ended) }()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s said: %s", strings.Join(p.cmd.Args, " "), lastOf(p.log.String(), 4000))
		}
	})
	return p
}

func lastOf(s string, n int) string { return s[max(0, len(s)-n):] }

func (p *process) signal(s os.Signal) { _ = p.cmd.Process.Signal(s) }

// freeze stops the process as a long pause does; thaw lets it go on.
func (p *process) freeze() { p.signal(syscall.SIGSTOP) }
func (p *process) thaw()   { p.signal(syscall.SIGCONT) }

// kill is kill -9, and waits for the end.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.ended
}

// end is SIGTERM, and waits for an orderly end.
func (p *process) end(within time.Duration) {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(within):
		p.t.Fatalf("%s does not end within %s of SIGTERM", p.cmd.Args[0], within)
	}
	if !p.cmd.ProcessState.Success() {
		p.t.Errorf("after SIGTERM: %s\n%s", p.cmd.ProcessState, lastOf(p.log.String(), 2000))
	}
}

// started is what serve --json says.
type started struct {
	HTTP string `json:"http"`
	MQTT string `json:"mqtt"`
}

// server is one eletrovia serve.
type server struct {
	*process
	started
	url string
}

// serve starts a server and waits until it says where it is.
func serve(t *testing.T, environ []string, args ...string) *server {
	t.Helper()
	r, w := io.Pipe()
	s := &server{process: launch(t, w, environ, program.Racing(t), append([]string{"serve", "--json"}, args...)...)}
	got := make(chan error, 1)
	go func() {
		got <- json.NewDecoder(bufio.NewReader(r)).Decode(&s.started)
		_, _ = io.Copy(io.Discard, r)
	}()
	select {
	case err := <-got:
		if err != nil {
			t.Fatalf("serve: %v\n%s", err, s.log)
		}
		s.url = "http://" + s.HTTP
	case <-s.ended:
		t.Fatalf("serve has ended: %s\n%s", s.cmd.ProcessState, s.log)
	case <-time.After(60 * time.Second):
		t.Fatalf("serve does not say that it has started: %s", s.log)
	}
	return s
}
