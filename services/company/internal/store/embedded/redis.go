package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	startTimeout = 30 * time.Second // a long append-only file takes a while to load
	stopTimeout  = 5 * time.Second
	pollEvery    = 10 * time.Millisecond
)

// openRedis locks the data directory, clears the port of a survivor of ours, and starts the child.
func openRedis(ctx context.Context, bin string, o Options) (*Store, error) {
	dir, temporary, err := dataDir(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("embedded store: %w", err)
	}
	release := func() {}
	cleanUp := func() error {
		release()
		if temporary {
			return os.RemoveAll(dir)
		}
		return nil
	}
	fail := func(err error) (*Store, error) {
		return nil, errors.Join(fmt.Errorf("embedded store: %w", err), cleanUp())
	}
	unlock, err := lockDir(dir)
	if err != nil {
		return fail(err)
	}
	release = unlock

	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	password, before, err := passwords(dir, o.Password)
	if err != nil {
		return fail(err)
	}
	if o.Addr, err = clearPort(ctx, o.Addr, dir, before); err != nil {
		return fail(err)
	}
	c := newChild(bin, o.Addr, dir, o.Fsync, password, o.Log)
	if err := c.start(ctx); err != nil {
		return fail(err)
	}
	go c.supervise()

	s := &Store{addr: o.Addr, kind: KindRedis, dir: dir, password: password, loses: redisLoses(o.Fsync, temporary)}
	s.stop = func(ctx context.Context) error {
		c.stop(ctx)
		return cleanUp()
	}
	o.Log.Info().Str("addr", s.addr).Str("kind", s.kind).Str("dir", dir).Str("fsync", o.Fsync).
		Str("loses", s.loses).Msg("embedded store is up")
	return s, nil
}

func redisLoses(fsync string, temporary bool) string {
	switch {
	case temporary:
		return "everything, when the server stops: its data directory is a temporary one (name one to keep them)"
	case fsync == FsyncAlways:
		return "nothing that was acknowledged"
	default:
		return "up to about two seconds of what was acknowledged, if the machine loses power or the redis-server is killed while it waits for its disk"
	}
}

// clearPort makes sure that nobody listens on addr and returns it with its port filled in.
// A Redis there that works in our data directory was left behind by an earlier server (whoever holds
// the lock on the directory is its heir): it is asked, with the password that lies there, to save and stop.
// Anything else is ErrInUse.
func clearPort(ctx context.Context, addr, dir, password string) (string, error) {
	if host, port, _ := net.SplitHostPort(addr); port == "0" {
		return freePort(host)
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return addr, nil // nobody there
	}
	_ = conn.Close()
	if err := stopSurvivor(ctx, addr, dir, password); err != nil {
		return "", err
	}
	return addr, nil
}

// stopSurvivor ends the Redis on addr if its data directory is dir.
func stopSurvivor(ctx context.Context, addr, dir, password string) error {
	rdb, theirs, err := survivor(ctx, addr, password)
	if err != nil {
		return fmt.Errorf("%s is %w by a program that does not answer as a store of ours (%w): stop it, or choose another port", addr, ErrInUse, err)
	}
	defer rdb.Close()
	if theirs != dir {
		return fmt.Errorf("%s is %w by a Redis that keeps its data in %s, not in %s: stop it (redis-cli -p %s shutdown), or choose another port",
			addr, ErrInUse, theirs, dir, addr[strings.LastIndexByte(addr, ':')+1:])
	}
	rdb.Shutdown(ctx) // a success closes the connection, so its error says nothing
	for ctx.Err() == nil {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err != nil {
			return nil
		}
		_ = conn.Close()
		pause(ctx, pollEvery)
	}
	return fmt.Errorf("%s is %w by a store of an earlier run that does not stop: end it by hand", addr, ErrInUse)
}

// survivor talks to whoever listens on addr, with the password or, since it may have been started
// without one, with none, and tells where that keeps its data.
func survivor(ctx context.Context, addr, password string) (rdb *redis.Client, dir string, err error) {
	for _, p := range slices.Compact([]string{password, ""}) {
		rdb = connect(addr, p)
		var conf map[string]string
		if conf, err = rdb.ConfigGet(ctx, "dir").Result(); err == nil {
			return rdb, conf["dir"], nil
		}
		_ = rdb.Close()
	}
	return nil, "", err
}

// freePort asks the system for a port that is free now.
func freePort(host string) (string, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", fmt.Errorf("no free port on %s: %w", host, err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// connect opens a client for the few commands of this package: no retries, RESP2, short time-outs.
func connect(addr, password string) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: addr, Password: password, Protocol: 2, DisableIdentity: true, MaxRetries: -1, PoolSize: 1,
		DialTimeout: time.Second, ReadTimeout: 2 * time.Second, WriteTimeout: 2 * time.Second,
	})
}

// answeringPID is the process id of the Redis that answers, an error while it loads or does not answer.
func answeringPID(ctx context.Context, rdb *redis.Client) (int, error) {
	if err := rdb.Ping(ctx).Err(); err != nil {
		return 0, err
	}
	info, err := rdb.Info(ctx, "server").Result()
	if err != nil {
		return 0, err
	}
	_, rest, ok := strings.Cut(info, "process_id:")
	if !ok {
		return 0, errors.New("INFO server has no process_id")
	}
	line, _, _ := strings.Cut(rest, "\r\n")
	return strconv.Atoi(line)
}

// pause waits for d or the end of the context.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// lockName is the file in the data directory whose lock says which server owns it.
const lockName = "eletrovia.lock"

func lockPath(dir string) string { return filepath.Join(dir, lockName) }

func openLock(dir string) (*os.File, error) {
	f, err := os.OpenFile(lockPath(dir), os.O_CREATE|os.O_RDWR, fs.FileMode(0o600))
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	return f, nil
}
