//go:build unix

package embedded

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pid asks the store for its process.
func pid(t *testing.T, s *Store) int {
	t.Helper()
	rdb := connect(s.Addr(), "")
	defer rdb.Close()
	n, err := answeringPID(t.Context(), rdb)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestRedisSettings(t *testing.T) {
	needRedis(t)
	dir := t.TempDir()
	s := open(t, Options{Dir: dir, Fsync: FsyncAlways})
	rdb := client(t, s)
	for key, want := range map[string]string{
		"dir": dir, "appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction", "save": "", "bind": "127.0.0.1",
	} {
		if got := rdb.ConfigGet(t.Context(), key).Val()[key]; got != want {
			t.Errorf("%s = %q, want %q", key, got, want)
		}
	}
	group, err := syscall.Getpgid(pid(t, s))
	if err != nil || group == syscall.Getpgrp() {
		t.Errorf("the child is in our process group (%d, %v): Ctrl-C would stop it first", group, err)
	}
}

func TestRedisKeepsData(t *testing.T) {
	needRedis(t)
	dir := t.TempDir()
	for i := range 3 {
		s := open(t, Options{Dir: dir})
		if n := client(t, s).Incr(t.Context(), "opened").Val(); n != int64(i+1) {
			t.Errorf("opened %d times, the store knows of %d", i+1, n)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTemporaryDirIsRemoved(t *testing.T) {
	needRedis(t)
	s := open(t, Options{})
	if _, err := os.Stat(s.Dir()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("temporary directory after Close: %v", err)
	}
}

// TestRedisComesBack kills the child, twice, and finds the data on the same address again.
func TestRedisComesBack(t *testing.T) {
	needRedis(t)
	s := open(t, Options{Dir: t.TempDir()})
	rdb := client(t, s)
	for range 2 {
		n, err := rdb.Incr(t.Context(), "n").Result()
		if err != nil {
			t.Fatal(err)
		}
		old := pid(t, s)
		if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		eventually(t, "another redis-server answers with the data", func() bool {
			got, err := rdb.Get(t.Context(), "n").Int64()
			return err == nil && got == n && !alive(old)
		})
	}
}

// TestCloseEndsAHungChild stops the child's process, so that it cannot obey.
func TestCloseEndsAHungChild(t *testing.T) {
	needRedis(t)
	s := open(t, Options{Dir: t.TempDir()})
	p := pid(t, s)
	if err := syscall.Kill(p, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if alive(p) {
		t.Error("the hung child outlived Close")
	}
}

func TestPortOfSomebodyElse(t *testing.T) {
	needRedis(t)
	theirs := open(t, Options{Dir: t.TempDir()})
	_, err := Open(t.Context(), options(Options{Addr: theirs.Addr(), Dir: t.TempDir()}))
	_, port, _ := net.SplitHostPort(theirs.Addr())
	if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), port) || !strings.Contains(err.Error(), theirs.Dir()) {
		t.Errorf("the port of another Redis: %v", err)
	}
	if !listens(theirs.Addr()) {
		t.Error("the other Redis was stopped")
	}
}

func TestPortOfAnotherProgram(t *testing.T) {
	needRedis(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("220 hello\r\n"))
			_ = conn.Close()
		}
	}()
	if _, err = Open(t.Context(), options(Options{Addr: l.Addr().String(), Dir: t.TempDir()})); !errors.Is(err, ErrInUse) {
		t.Errorf("the port of another program: %v", err)
	}
}

// TestSurvivor finds the redis-server of a server that is gone on its port, and takes over its data.
func TestSurvivor(t *testing.T) {
	bin, dir := needRedis(t), t.TempDir()
	addr, err := freePort("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	orphan := newChild(bin, addr, dir, FsyncEverySec, "", options(Options{}).Log)
	if err := orphan.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer orphan.end(0)
	rdb := connect(addr, "")
	if err := rdb.Set(t.Context(), "left", "behind", 0).Err(); err != nil {
		t.Fatal(err)
	}
	_ = rdb.Close()

	s := open(t, Options{Addr: addr, Dir: dir})
	if got := client(t, s).Get(t.Context(), "left").Val(); got != "behind" {
		t.Errorf("the survivor's data: %q", got)
	}
	if pid(t, s) == orphan.cmd.Process.Pid {
		t.Error("the survivor still serves; nobody would restart it or stop it")
	}
}

// TestBrokenServer says why a redis-server does not start.
func TestBrokenServer(t *testing.T) {
	dir := t.TempDir()
	bin := filepath.Join(dir, "redis-server")
	if err := os.WriteFile(bin, []byte("#!/bin/sh\necho no room left; exit 7\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	_, err := Open(t.Context(), options(Options{Dir: t.TempDir()}))
	if err == nil || !strings.Contains(err.Error(), "exit status 7") || !strings.Contains(err.Error(), "no room left") {
		t.Errorf("error %v", err)
	}
}

// TestDiesWithItsServer kills a server (this test binary, run again) and sees its store end.
func TestDiesWithItsServer(t *testing.T) {
	needRedis(t)
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has parent-death signals")
	}
	if dir := os.Getenv("EMBEDDED_TEST_SERVER"); dir != "" {
		s, err := Open(t.Context(), options(Options{Dir: dir}))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = os.Stdout.WriteString("store " + strconv.Itoa(pid(t, s)) + "\n")
		select {}
	}
	server := exec.Command(os.Args[0], "-test.run=^TestDiesWithItsServer$")
	server.Env = append(os.Environ(), "EMBEDDED_TEST_SERVER="+t.TempDir())
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	store, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "store ")))
	if err != nil || !alive(store) {
		t.Fatalf("the server said %q, %v", line, err)
	}
	if err := server.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = server.Wait()
	eventually(t, "the store ends with its server", func() bool { return !alive(store) })
}

// alive tells whether a process runs; one that has ended and waits to be reaped does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}
