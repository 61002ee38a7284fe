package brokertest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Mosquitto is one Mosquitto with the configuration and the access list that
// this repository ships, on a port of its own.
type Mosquitto struct {
	// Addr is its host:port.
	Addr string
	path string // of its configuration
	cmd  *exec.Cmd
	log  *bytes.Buffer
}

// Server is the user name of the company's servers in the shipped access list.
const Server = "mar-server"

// StartMosquitto runs Debian's Mosquitto with these users and secrets until the
// test ends. Without the program the test is skipped; with CI=true it fails.
func StartMosquitto(t testing.TB, users map[string]string) *Mosquitto {
	t.Helper()
	if _, err := exec.LookPath("mosquitto"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("mosquitto is not installed (Debian: apt-get install mosquitto)")
		}
		t.Skip("mosquitto is not installed (Debian: apt-get install mosquitto)")
	}
	m, err := LaunchMosquitto(t.TempDir(), users)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Kill)
	return m
}

// LaunchMosquitto runs one with its files in dir, until Kill.
func LaunchMosquitto(dir string, users map[string]string) (*Mosquitto, error) {
	m := &Mosquitto{path: filepath.Join(dir, "mosquitto.conf")}
	passwords := filepath.Join(dir, "passwords")
	if err := writePasswords(passwords, users); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m.Addr = l.Addr().String()
	_, port, _ := net.SplitHostPort(m.Addr)
	_ = l.Close()
	shipped, err := shippedFiles()
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(filepath.Join(shipped, "mosquitto.conf"))
	if err != nil {
		return nil, err
	}
	for _, r := range [][2]string{
		{"\nlistener 1883\n", "\nuser root\nlistener " + port + " 127.0.0.1\n"},
		{"/mosquitto/config/passwords", passwords},
		{"/mosquitto/config/acl", filepath.Join(shipped, "acl")},
		{"/mosquitto/data/", dir + "/"},
	} {
		if n := strings.Count(string(raw), r[0]); n != 1 {
			return nil, fmt.Errorf("the shipped mosquitto.conf has %q %d times", r[0], n)
		}
		raw = []byte(strings.Replace(string(raw), r[0], r[1], 1))
	}
	if err := os.WriteFile(m.path, raw, 0o600); err != nil {
		return nil, err
	}
	return m, m.launch()
}

// writePasswords has the program hash a file of pairs.
func writePasswords(path string, users map[string]string) error {
	var pairs bytes.Buffer
	for user, secret := range users {
		fmt.Fprintf(&pairs, "%s:%s\n", user, secret)
	}
	if err := os.WriteFile(path, pairs.Bytes(), 0o600); err != nil {
		return err
	}
	if out, err := exec.Command("mosquitto_passwd", "-U", path).CombinedOutput(); err != nil {
		return fmt.Errorf("mosquitto_passwd: %w: %s", err, out)
	}
	return nil
}

// Start starts it again after Kill, on the same port.
func (m *Mosquitto) Start(t testing.TB) {
	t.Helper()
	if err := m.launch(); err != nil {
		t.Fatal(err)
	}
}

func (m *Mosquitto) launch() error {
	m.log = &bytes.Buffer{}
	m.cmd = exec.Command("mosquitto", "-c", m.path)
	m.cmd.Stdout, m.cmd.Stderr = m.log, m.log
	if err := m.cmd.Start(); err != nil {
		return err
	}
	for end := time.Now().Add(10 * time.Second); ; {
		c, err := net.Dial("tcp", m.Addr)
		if err == nil {
			return c.Close()
		}
		if time.Now().After(end) {
			m.Kill()
			return fmt.Errorf("mosquitto does not listen on %s: %w\n%s", m.Addr, err, m.log)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// Kill ends it with SIGKILL.
func (m *Mosquitto) Kill() {
	_ = m.cmd.Process.Kill()
	_ = m.cmd.Wait()
}

// Pid is its process.
func (m *Mosquitto) Pid() int { return m.cmd.Process.Pid }

// shippedFiles is the folder of the shipped configuration, from anywhere in the
// workspace.
func shippedFiles() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return filepath.Join(dir, "compose", "mosquitto"), nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.work above the working directory")
		}
		dir = up
	}
}
