package director

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/app"
)

// companies of a play, in the order of their lanes.
var companies = []charging.CompanyID{"MAR", "SER", "CAJ"}

// startWithin bounds the start of one process.
const startWithin = 60 * time.Second

// Program is how this program is started again.
type Program struct {
	Path string
	// Env is the environment of the children, without what they are told of their own.
	Env []string
}

// company is one company of a play: a store, and a server that can be killed.
type company struct {
	id      charging.CompanyID
	program Program
	dir     string
	args    []string
	secret  string // the operator's
	store   *app.StoreServer
	log     zerolog.Logger

	mu    sync.Mutex
	child *child
	http  string // host:port, the same over its lives
}

// child is one life of a server.
type child struct {
	cmd   *exec.Cmd
	leash io.Closer
	done  chan struct{}
}

func newCompany(ctx context.Context, p Program, id charging.CompanyID, dir, storeKind, secret string, log zerolog.Logger) (*company, error) {
	c := &company{id: id, program: p, dir: filepath.Join(dir, string(id)), secret: secret, log: log.With().Str("company", string(id)).Logger(), http: "127.0.0.1:0"}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, fmt.Errorf("stage: %w", err)
	}
	var err error
	c.store, err = app.StartStore(ctx, app.Store{Kind: storeKind, Dir: filepath.Join(c.dir, "store")}, c.log)
	if err != nil {
		return nil, fmt.Errorf("stage: store of %s: %w", id, err)
	}
	return c, nil
}

// start starts the server and returns when it takes requests.
func (c *company) start(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	args := append([]string{
		"serve", "--json", "--leash", "--log-level", "error", "--company", string(c.id), "--http", c.http, "--mqtt", "127.0.0.1:0",
		"--store", c.store.URL(), "--data", c.dir, "--rate-limit", "-1", "--registration", "open", "--limits", "vehicle=none,new=none,new-trips=none",
	}, c.args...)
	cmd := exec.Command(c.program.Path, args...)
	cmd.Env = append(without(c.program.Env, "ELETROVIA_"), "ELETROVIA_OPERATOR_SECRET="+c.secret)
	said := &lastLines{}
	cmd.Stderr = said
	leash, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("stage: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("stage: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("stage: server of %s: %w", c.id, err)
	}
	life := &child{cmd, leash, make(chan struct{})}
	ready := make(chan ready, 1)
	go life.watch(out, ready)
	select {
	case r := <-ready:
		if r.HTTP == "" {
			life.kill()
			return fmt.Errorf("stage: the server of %s ended at its start: %s", c.id, said.text())
		}
		c.http, c.child = r.HTTP, life
		return nil
	case <-ctx.Done():
		life.kill()
		return fmt.Errorf("stage: the server of %s: %w: %s", c.id, context.Cause(ctx), said.text())
	}
}

// ready is what a server says of itself once it runs.
type ready struct {
	HTTP string `json:"http"`
}

// watch reads what the child says until it ends, and waits for it.
func (l *child) watch(out io.Reader, said chan<- ready) {
	defer close(l.done)
	var r ready
	if json.NewDecoder(out).Decode(&r) != nil {
		r = ready{}
	}
	said <- r
	_, _ = io.Copy(io.Discard, out)
	_ = l.cmd.Wait() // how it ended is of no interest: it was told to
}

// kill ends the child as kill -9 does, and waits until it has gone.
func (l *child) kill() {
	_ = l.cmd.Process.Kill()
	<-l.done
	_ = l.leash.Close()
}

// kill ends the server as kill -9 does. The store goes on.
func (c *company) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.child != nil {
		c.child.kill()
		c.child = nil
	}
}

// close ends the server and its store.
func (c *company) close() error {
	c.kill()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return c.store.Close(ctx)
}

// host is where the server listens; empty while it is down.
func (c *company) host() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.child == nil {
		return ""
	}
	return c.http
}

// as calls the company for somebody. It fails while the server is down.
func (c *company) as(user, secret string) (*client.Driver, error) {
	host := c.host()
	if host == "" {
		return nil, errDown
	}
	return client.NewDriver(client.DriverOptions{BaseURL: "http://" + host, User: user, Secret: secret})
}

func (c *company) operator() (*client.Driver, error) { return c.as("operator", c.secret) }

var errDown = errors.New("the company's server is down")

// without leaves out the variables that begin with a prefix.
func without(env []string, prefix string) []string {
	var kept []string
	for _, kv := range env {
		if !strings.HasPrefix(kv, prefix) {
			kept = append(kept, kv)
		}
	}
	return kept
}

// lastLines keeps the end of what a child complains about.
type lastLines struct {
	mu  sync.Mutex
	end []byte
}

// Write keeps the last bytes.
func (l *lastLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end = append(l.end, p...)
	l.end = l.end[max(0, len(l.end)-1000):]
	return len(p), nil
}

func (l *lastLines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.TrimSpace(string(l.end))
}
