package embedded

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"
)

// needRedis skips where there is no redis-server; CI has one, so there its absence is a failure.
func needRedis(t *testing.T) string {
	t.Helper()
	bin, err := exec.LookPath("redis-server")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatalf("CI must have a redis-server: %v", err)
	}
	if err != nil {
		t.Skipf("left out: %v", err)
	}
	return bin
}

func options(o Options) Options {
	o.Log = zerolog.Nop()
	return o
}

func open(t *testing.T, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), options(o))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

func client(t *testing.T, s *Store) *redis.Client {
	t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: s.Addr(), DisableIdentity: true})
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// eventually polls until ok, for ten seconds at most.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within 10 s: %s", what)
		}
		pause(t.Context(), pollEvery)
	}
}

func listens(addr string) bool {
	conn, err := net.Dial("tcp", addr)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}

// TestBothKinds holds what every embedded store does.
func TestBothKinds(t *testing.T) {
	for _, kind := range []string{KindRedis, KindMemory} {
		t.Run(kind, func(t *testing.T) {
			if kind == KindRedis {
				needRedis(t)
			}
			s := open(t, Options{ForceMemory: kind == KindMemory})
			if s.Kind() != kind {
				t.Errorf("kind %s, want %s", s.Kind(), kind)
			}
			if !strings.HasPrefix(s.Loses(), "everything") {
				t.Errorf("a store without a lasting directory says that it loses %q", s.Loses())
			}
			rdb, ctx := client(t, s), t.Context()
			if err := rdb.Set(ctx, "stays", "1", 0).Err(); err != nil {
				t.Fatal(err)
			}
			if err := rdb.Set(ctx, "lapses", "1", 150*time.Millisecond).Err(); err != nil {
				t.Fatal(err)
			}
			if left := rdb.PTTL(ctx, "lapses").Val(); left <= 0 || left > 150*time.Millisecond {
				t.Errorf("time left %s of 150ms", left)
			}
			eventually(t, "the key lapses by itself", func() bool { return rdb.Exists(ctx, "lapses").Val() == 0 })
			if rdb.Exists(ctx, "stays").Val() != 1 {
				t.Error("the key without a TTL is gone")
			}
			if n, err := rdb.Eval(ctx, "return redis.call('TIME')[1] + 0", nil).Int64(); err != nil || n < 1_700_000_000 {
				t.Errorf("TIME in a script: %d, %v", n, err)
			}
			for range 2 {
				if err := s.Close(ctx); err != nil {
					t.Fatal(err)
				}
			}
			if listens(s.Addr()) {
				t.Error("the store still listens after Close")
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	for name, c := range map[string]struct {
		o    Options
		want string
	}{
		"all interfaces": {Options{Addr: "0.0.0.0:0"}, "loopback"},
		"a name":         {Options{Addr: "localhost:0"}, "loopback"},
		"no port":        {Options{Addr: "127.0.0.1"}, "missing port"},
		"a far port":     {Options{Addr: "127.0.0.1:70000"}, "0 to 65535"},
		"fsync":          {Options{Fsync: "no"}, "everysec or always"},
		"taken port":     {Options{Addr: busy.Addr().String(), ForceMemory: true}, "choose another port"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Open(t.Context(), options(c.o))
			if err == nil {
				_ = s.Close(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// TestDriveClock checks that the time that is handed on adds up to the time that passed.
func TestDriveClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sum time.Duration
		done, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			driveClock(func(d time.Duration) { sum += d }, done)
		}()
		time.Sleep(time.Second + memoryTick/2)
		close(done)
		<-stopped
		if sum != time.Second {
			t.Errorf("advanced by %s in a second", sum)
		}
	})
}

func TestDataDir(t *testing.T) {
	real := filepath.Join(t.TempDir(), "deep", "data")
	if err := os.MkdirAll(filepath.Dir(real), 0o700); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	got, temporary, err := dataDir(real)
	if err != nil || temporary || got != real {
		t.Errorf("dataDir(%s) = %s, %v, %v", real, got, temporary, err)
	}
	if got, _, err = dataDir(link); err != nil || got != real {
		t.Errorf("through a link: %s, %v", got, err)
	}
	file := filepath.Join(real, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err = dataDir(file); err == nil {
		t.Error("a file is taken for a data directory")
	}
}

func TestRedisLoses(t *testing.T) {
	for _, c := range []struct {
		fsync     string
		temporary bool
		want      string
	}{
		{FsyncAlways, false, "nothing"},
		{FsyncEverySec, false, "two seconds"},
		{FsyncAlways, true, "everything"},
	} {
		if got := redisLoses(c.fsync, c.temporary); !strings.Contains(got, c.want) {
			t.Errorf("redisLoses(%s, %v) = %q, want %q in it", c.fsync, c.temporary, got, c.want)
		}
	}
}

func TestLineLog(t *testing.T) {
	var l lineLog
	for _, part := range []string{"a\nb", "c\n\n", "d\ne\nf\n", "unfinished"} {
		if n, err := l.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
	}
	if got := l.last(); got != "bc | d | e | f" {
		t.Errorf("last lines %q", got)
	}
}

func TestErrInUseIsKept(t *testing.T) {
	needRedis(t)
	dir := t.TempDir()
	open(t, Options{Dir: dir})
	_, err := Open(t.Context(), options(Options{Dir: dir}))
	if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), dir) {
		t.Errorf("a second server in one data directory: %v", err)
	}
}
