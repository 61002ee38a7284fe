//go:build unix

package embedded

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// with opens a client by the store's own URL.
func with(t *testing.T, s *Store) *redis.Client {
	t.Helper()
	o, err := redis.ParseURL(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	rdb := redis.NewClient(o)
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// Another user of the machine finds the port, and reads and writes every booking.
func TestStrangersNeedThePassword(t *testing.T) {
	for _, o := range []Options{{Password: true}, {Password: true, ForceMemory: true}} {
		s := open(t, o)
		if err := with(t, s).Set(t.Context(), "cal:x", "1", 0).Err(); err != nil {
			t.Fatalf("%s: with its password: %v", s.Kind(), err)
		}
		for _, guess := range []string{"", "demo", "password"} {
			rdb := connect(s.Addr(), guess)
			if err := rdb.Get(t.Context(), "cal:x").Err(); err == nil || errors.Is(err, redis.Nil) {
				t.Errorf("%s: read with %q: %v", s.Kind(), guess, err)
			}
			_ = rdb.Close()
		}
	}
}

// The password stays the same over starts, readable by the server's user alone, and on no command line.
func TestThePasswordStays(t *testing.T) {
	needRedis(t)
	dir := t.TempDir()
	first := open(t, Options{Dir: dir, Password: true})
	url, file := first.URL(), first.PasswordFile()
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v: want a file that the server's user alone may read", info, err)
	}
	password := strings.TrimSpace(string(must(os.ReadFile(file))))
	if raw, err := os.ReadFile("/proc/" + strconv.Itoa(pidWith(t, first, password)) + "/cmdline"); err == nil && bytes.Contains(raw, []byte(password)) {
		t.Errorf("the password is on the command line: %q", raw)
	}
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if second := open(t, Options{Dir: dir, Password: true, Addr: first.Addr()}); second.URL() != url {
		t.Error("another password after a restart: what was written down is of no use")
	}
}

// A redis-server that was left behind is taken over, whether it was started with a password or without.
func TestSurvivorWithAPassword(t *testing.T) {
	bin := needRedis(t)
	for _, was := range []bool{true, false} {
		dir := t.TempDir()
		addr, err := freePort("127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		password, _, err := passwords(dir, was)
		if err != nil {
			t.Fatal(err)
		}
		orphan := newChild(bin, addr, dir, FsyncEverySec, password, options(Options{}).Log)
		if err := orphan.start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer orphan.end(0)
		s := open(t, Options{Addr: addr, Dir: dir, Password: !was})
		if err := with(t, s).Ping(t.Context()).Err(); err != nil {
			t.Errorf("after one with a password %t: %v", was, err)
		}
	}
}

func TestAPasswordFileThatIsNone(t *testing.T) {
	needRedis(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, passwordName), []byte("two words\nport 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), options(Options{Dir: dir, Password: true})); err == nil || !strings.Contains(err.Error(), "delete the file") {
		t.Errorf("error %v", err)
	}
}

func pidWith(t *testing.T, s *Store, password string) int {
	t.Helper()
	rdb := connect(s.Addr(), password)
	defer rdb.Close()
	return must(answeringPID(t.Context(), rdb))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
