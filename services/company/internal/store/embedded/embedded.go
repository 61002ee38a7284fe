// Package embedded opens the store that a company's server brings along when nobody configured one.
//
// A redis-server found on the machine is started as a child process, on a loopback port, with its
// own data directory and append-only file. It is stopped with the server, dies with it even when the
// server is killed (on Linux), and is started again when it dies by itself. Where there is no
// redis-server, miniredis runs in the process on the same kind of address and forgets everything
// when the server stops. Both speak the Redis protocol, so that redis-cli works on either:
//
//	Open ──redis-server found──> child ──dies──> back-off ──> child …
//	  └────none, ForceMemory───> miniredis, its clock advanced in real time
package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/rs/zerolog"
)

// Kinds of store, as Store.Kind names them.
const (
	KindRedis  = "redis-server"
	KindMemory = "miniredis"
)

// Values of Options.Fsync: when the append-only file reaches the disk.
const (
	FsyncEverySec = "everysec" // once a second: a power cut may lose the last one
	FsyncAlways   = "always"   // before each answer
)

// ErrInUse says that the address or the data directory belongs to somebody else.
var ErrInUse = errors.New("in use")

// Options says where the store listens and where it keeps its data.
type Options struct {
	// Addr is a loopback host:port; port 0 picks a free one. Empty means 127.0.0.1:0.
	Addr string
	// Dir is the data directory, made when missing. Empty means a temporary one that Close removes.
	// miniredis does not use it.
	Dir string
	// Fsync is FsyncEverySec (also when empty) or FsyncAlways.
	Fsync string
	// Password has the store ask for a password, a random one that lies in the file "password" of
	// the data directory (readable by the user of the server alone) and stays the same over starts.
	// Without it every local user may read and write the store through its port.
	Password bool
	// ForceMemory takes miniredis even where there is a redis-server.
	ForceMemory bool
	// Log gets a line when the store starts, dies and comes back; the child's own lines at debug.
	Log zerolog.Logger
}

// Store is a running embedded store. Its methods may be called at the same time.
type Store struct {
	addr, kind, loses, dir string
	password               string

	closeOnce sync.Once
	stop      func(context.Context) error
	closeErr  error
}

// Open starts the store and returns when it answers. The context bounds the start only.
// An address or a data directory that belongs to somebody else is ErrInUse.
func Open(ctx context.Context, o Options) (*Store, error) {
	if err := o.setDefaults(); err != nil {
		return nil, fmt.Errorf("embedded store: %w", err)
	}
	bin, err := exec.LookPath("redis-server")
	if o.ForceMemory || err != nil {
		return openMemory(o)
	}
	return openRedis(ctx, bin, o)
}

// Addr is the host:port that the store listens on; it stays the same over restarts of the child.
func (s *Store) Addr() string { return s.addr }

// URL is redis://host:port, with the password where there is one: not for people and not for logs.
func (s *Store) URL() string {
	u := url.URL{Scheme: "redis", Host: s.addr}
	if s.password != "" {
		u.User = url.UserPassword("", s.password)
	}
	return u.String()
}

// PasswordFile is where the password lies, empty for a store without one or without a data directory.
func (s *Store) PasswordFile() string {
	if s.password == "" || s.dir == "" {
		return ""
	}
	return filepath.Join(s.dir, passwordName)
}

// Kind is KindRedis or KindMemory.
func (s *Store) Kind() string { return s.kind }

// Dir is the data directory, empty for miniredis.
func (s *Store) Dir() string { return s.dir }

// Loses says in one sentence what this store can lose, for people.
func (s *Store) Loses() string { return s.loses }

// Close stops the store: it asks first and kills when the context ends or five seconds have passed.
// Later calls return what the first one did.
func (s *Store) Close(ctx context.Context) error {
	s.closeOnce.Do(func() { s.closeErr = s.stop(ctx) })
	return s.closeErr
}

// setDefaults fills what is empty and refuses what cannot work, before anything is started.
func (o *Options) setDefaults() error {
	o.Addr = cmp.Or(o.Addr, "127.0.0.1:0")
	o.Fsync = cmp.Or(o.Fsync, FsyncEverySec)
	if o.Fsync != FsyncEverySec && o.Fsync != FsyncAlways {
		return fmt.Errorf("fsync %q: want %s or %s", o.Fsync, FsyncEverySec, FsyncAlways)
	}
	host, port, err := net.SplitHostPort(o.Addr)
	if err != nil {
		return fmt.Errorf("address %q: %w", o.Addr, err)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("address %q: the port must be a number from 0 to 65535", o.Addr)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("address %q: an embedded store speaks no TLS, so it listens on a loopback IP address only", o.Addr)
	}
	return nil
}

// dataDir makes the data directory and returns its one true name, as CONFIG GET dir would show it,
// and whether it is a temporary one.
func dataDir(dir string) (path string, temporary bool, err error) {
	if dir == "" {
		if dir, err = os.MkdirTemp("", "eletrovia-store-"); err != nil {
			return "", false, fmt.Errorf("temporary data directory: %w", err)
		}
		temporary = true
	}
	if err = os.MkdirAll(dir, 0o700); err != nil {
		return "", false, fmt.Errorf("data directory: %w", err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", false, fmt.Errorf("data directory: %w", err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", false, fmt.Errorf("data directory: %w", err)
	}
	return dir, temporary, nil
}
