// Package terminal is what every command has: who typed it and where, the flags of all,
// clients that speak for them, and how a run ends.
package terminal

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
)

// ExamineWithin bounds all checks together.
const ExamineWithin = 30 * time.Second

// Shell is what a command gets from the one who typed it.
type Shell struct {
	Out, Err      io.Writer
	In            io.Reader // nil is nothing
	Program       string
	Environ       []string
	OutIsTerminal bool
	ErrIsTerminal bool
}

// Env reads one variable of the environment.
func (s Shell) Env(name string) string {
	for _, kv := range s.Environ {
		if k, v, ok := strings.Cut(kv, "="); ok && k == name {
			return v
		}
	}
	return ""
}

// Session is one run of the program: the shell and the flags that every command has.
type Session struct {
	Shell
	Server         string
	Vehicle        string
	Secret         string
	OperatorSecret string
	// SecretFile and OperatorSecretFile name files that have them: a command line is
	// read by every user of the machine.
	SecretFile, OperatorSecretFile string
	CA                             string
	AsJSON                         bool
}

// DefaultServer is whom a command asks where nobody is named: the demo's first.
const DefaultServer = "http://127.0.0.1:8081"

// DemoSecret is what demo gives its vehicles and operators; a server that
// listens beyond loopback refuses it.
const DemoSecret = "demo"

// UsageArgs makes a wrong number of arguments a usage error.
func UsageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	if check == nil {
		check = cobra.NoArgs
	}
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return Usage(fmt.Errorf("%w; usage: %s", err, cmd.UseLine()))
		}
		return nil
	}
}

// Printer is where and how this run writes.
func (c *Session) Printer() show.Printer {
	p := show.Printer{Out: c.Out, Err: c.Err}
	switch {
	case c.AsJSON:
		p.Mode = show.JSON
	case c.OutIsTerminal && c.Env("TERM") != "dumb":
		p.Mode, p.Colour = show.Fancy, c.Env("NO_COLOR") == ""
	}
	return p
}

// AsVehicle is a client that speaks for the vehicle of the flags.
func (c *Session) AsVehicle() (*client.Driver, error) {
	if c.Vehicle == "" {
		return nil, Usage(errors.New("say which vehicle with --vehicle EV-0001 (or ELETROVIA_VEHICLE)"))
	}
	secret, err := c.secretOf("vehicle", given{c.Secret, c.SecretFile, "--secret", "ELETROVIA_SECRET"})
	if err != nil {
		return nil, err
	}
	return c.Client(c.Vehicle, secret)
}

// AsOperator is a client that speaks for the operator of the server's company.
func (c *Session) AsOperator() (*client.Driver, error) {
	secret, err := c.secretOf("operator", given{c.OperatorSecret, c.OperatorSecretFile, "--operator-secret", "ELETROVIA_OPERATOR_SECRET"})
	if err != nil {
		return nil, err
	}
	return c.Client("operator", secret)
}

// AsReader is the vehicle when one is named, else the operator.
func (c *Session) AsReader() (*client.Driver, error) {
	if c.Vehicle != "" {
		return c.AsVehicle()
	}
	return c.AsOperator()
}

// Client speaks for a user, or for nobody, to the server of the flags.
func (c *Session) Client(user, secret string) (*client.Driver, error) {
	if u, err := url.Parse(c.Server); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, Usage(fmt.Errorf("server %q: want http://host:port or https://host:port", c.Server))
	}
	trust, err := c.Trust()
	if err != nil {
		return nil, Usage(err)
	}
	return client.NewDriver(client.DriverOptions{BaseURL: c.Server, User: user, Secret: secret, HTTP: client.NewHTTP(trust)})
}

// Trust is whom to trust over TLS: the authority of --ca, or the system's.
func (c *Session) Trust() (*tls.Config, error) {
	if c.CA == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(c.CA)
	if err != nil {
		return nil, fmt.Errorf("--ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw) {
		return nil, fmt.Errorf("--ca %s: no certificate (PEM) in it", c.CA)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}, nil
}

// given is how a secret may be given: as a flag, in the file of another, or as a variable.
type given struct{ text, file, flag, variable string }

func (c *Session) secretOf(who string, g given) (string, error) {
	switch {
	case g.text != "" && g.file != "":
		return "", Usage(fmt.Errorf("give the %s's secret with %s or with %s-file, not with both", who, g.flag, g.flag))
	case g.text != "":
		if g.text != DemoSecret {
			fmt.Fprintf(c.Err, "note: every user of this machine can read a command line; %s-file or %s keeps the secret off it\n", g.flag, g.variable)
		}
		return g.text, nil
	case g.file != "":
		raw, err := os.ReadFile(g.file)
		if err != nil {
			return "", Usage(fmt.Errorf("%s-file: %w", g.flag, err))
		}
		return strings.TrimSpace(string(raw)), nil
	case c.Env(g.variable) != "":
		return c.Env(g.variable), nil
	}
	if _, err := c.Client("", ""); err != nil {
		return "", err
	}
	if u, err := url.Parse(c.Server); err == nil && isLoopback(u.Hostname()) {
		return DemoSecret, nil
	}
	return "", Usage(fmt.Errorf("%s needs the %s's secret: give it with %s-file or %s", c.Server, who, g.flag, g.variable))
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// Next is a command line to type next, with the flags that this run needed.
func (c *Session) Next(words ...string) string {
	line := c.Program + " " + strings.Join(words, " ")
	if c.Vehicle != "" && c.Vehicle != c.Env("ELETROVIA_VEHICLE") {
		line += " --vehicle " + c.Vehicle
	}
	if c.Server != OrElse(c.Env("ELETROVIA_SERVER"), DefaultServer) {
		line += " --server " + c.Server
	}
	return line
}

// OrElse is a text, or another where that is empty.
func OrElse(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}
