package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
)

// shell is what a command gets from the one who typed it.
type shell struct {
	out, err      io.Writer
	in            io.Reader // nil is nothing
	program       string
	environ       []string
	outIsTerminal bool
	errIsTerminal bool
}

// env reads one variable of the environment.
func (s shell) env(name string) string {
	for _, kv := range s.environ {
		if k, v, ok := strings.Cut(kv, "="); ok && k == name {
			return v
		}
	}
	return ""
}

// cli is one run of the program: the shell and the flags that every command has.
type cli struct {
	shell
	server         string
	vehicle        string
	secret         string
	operatorSecret string
	// secretFile and operatorSecretFile name files that have them: a command line is
	// read by every user of the machine.
	secretFile, operatorSecretFile string
	ca                             string
	asJSON                         bool
}

const defaultServer = "http://127.0.0.1:8081"

// demoSecret is what demo gives its vehicles and operators; a server that
// listens beyond loopback refuses it.
const demoSecret = "demo"

// programName is how to call this program again, for "next" lines.
func programName(arg0 string) string {
	if strings.Contains(arg0, "go-build") {
		return "go run ./services/eletrovia"
	}
	if i := strings.LastIndexAny(arg0, `/\`); i >= 0 {
		return arg0[i+1:]
	}
	return arg0
}

// run executes one command line and gives its exit code.
func run(ctx context.Context, args []string, s shell) int {
	c := &cli{shell: s}
	root := c.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	code, silent := exitCode(err)
	if !silent {
		c.complain(err, code)
	}
	return code
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use: "eletrovia", Short: "Book charging stops of several companies as one trip, whole or not at all",
		SilenceUsage: true, SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	f := root.PersistentFlags()
	f.StringVar(&c.server, "server", orElse(c.env("ELETROVIA_SERVER"), defaultServer), "address of any company's server (ELETROVIA_SERVER)")
	f.StringVar(&c.vehicle, "vehicle", c.env("ELETROVIA_VEHICLE"), "vehicle to speak for (ELETROVIA_VEHICLE)")
	f.StringVar(&c.secret, "secret", "", "the vehicle's secret (ELETROVIA_SECRET, or --secret-file); on loopback \"demo\" by default")
	f.StringVar(&c.secretFile, "secret-file", "", "file with the vehicle's secret")
	f.StringVar(&c.operatorSecret, "operator-secret", "", "the operator's secret (ELETROVIA_OPERATOR_SECRET, or --operator-secret-file); on loopback \"demo\" by default")
	f.StringVar(&c.operatorSecretFile, "operator-secret-file", "", "file with the operator's secret")
	f.StringVar(&c.ca, "ca", c.env("ELETROVIA_CA"), "file with the authority of the server's certificate, where it is https (ELETROVIA_CA)")
	f.BoolVar(&c.asJSON, "json", false, "answer one JSON value on standard output")

	for _, command := range []*cobra.Command{
		c.demoCommand(), c.serveCommand(), c.planCommand(), c.placesCommand(), c.modelsCommand(), c.reserveCommand(), c.tripsCommand(), c.decideCommand(),
		c.cancelCommand(), c.locksCommand(), c.calendarCommand(), c.bookingsCommand(), c.evsesCommand(), c.auditCommand(), c.overviewCommand(), c.brokerCommand(), c.sagasCommand(), c.recoveryCommand(), c.inventoryCommand(), c.peersCommand(), c.keysCommand(), c.doctorCommand(), c.benchCommand(), c.floodCommand(), c.streamsCommand(),
		c.healthcheckCommand(), c.versionCommand(), c.fleetCommand(), c.vehiclesCommand(),
	} {
		command.Args = usageArgs(command.Args)
		root.AddCommand(command)
	}
	return root
}

// usageArgs makes a wrong number of arguments a usage error.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	if check == nil {
		check = cobra.NoArgs
	}
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage(fmt.Errorf("%w; usage: %s", err, cmd.UseLine()))
		}
		return nil
	}
}

// printer is where and how this run writes.
func (c *cli) printer() show.Printer {
	p := show.Printer{Out: c.out, Err: c.err}
	switch {
	case c.asJSON:
		p.Mode = show.JSON
	case c.outIsTerminal && c.env("TERM") != "dumb":
		p.Mode, p.Colour = show.Fancy, c.env("NO_COLOR") == ""
	}
	return p
}

// asVehicle is a client that speaks for the vehicle of the flags.
func (c *cli) asVehicle() (*client.Driver, error) {
	if c.vehicle == "" {
		return nil, usage(errors.New("say which vehicle with --vehicle EV-0001 (or ELETROVIA_VEHICLE)"))
	}
	secret, err := c.secretOf("vehicle", given{c.secret, c.secretFile, "--secret", "ELETROVIA_SECRET"})
	if err != nil {
		return nil, err
	}
	return c.client(c.vehicle, secret)
}

// asOperator is a client that speaks for the operator of the server's company.
func (c *cli) asOperator() (*client.Driver, error) {
	secret, err := c.secretOf("operator", given{c.operatorSecret, c.operatorSecretFile, "--operator-secret", "ELETROVIA_OPERATOR_SECRET"})
	if err != nil {
		return nil, err
	}
	return c.client("operator", secret)
}

// asReader is the vehicle when one is named, else the operator.
func (c *cli) asReader() (*client.Driver, error) {
	if c.vehicle != "" {
		return c.asVehicle()
	}
	return c.asOperator()
}

func (c *cli) client(user, secret string) (*client.Driver, error) {
	if u, err := url.Parse(c.server); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, usage(fmt.Errorf("server %q: want http://host:port or https://host:port", c.server))
	}
	trust, err := c.trust()
	if err != nil {
		return nil, usage(err)
	}
	return client.NewDriver(client.DriverOptions{BaseURL: c.server, User: user, Secret: secret, HTTP: client.NewHTTP(trust)})
}

// trust is whom to trust over TLS: the authority of --ca, or the system's.
func (c *cli) trust() (*tls.Config, error) {
	if c.ca == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(c.ca)
	if err != nil {
		return nil, fmt.Errorf("--ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw) {
		return nil, fmt.Errorf("--ca %s: no certificate (PEM) in it", c.ca)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}, nil
}

// given is how a secret may be given: as a flag, in the file of another, or as a variable.
type given struct{ text, file, flag, variable string }

func (c *cli) secretOf(who string, g given) (string, error) {
	switch {
	case g.text != "" && g.file != "":
		return "", usage(fmt.Errorf("give the %s's secret with %s or with %s-file, not with both", who, g.flag, g.flag))
	case g.text != "":
		if g.text != demoSecret {
			fmt.Fprintf(c.err, "note: every user of this machine can read a command line; %s-file or %s keeps the secret off it\n", g.flag, g.variable)
		}
		return g.text, nil
	case g.file != "":
		raw, err := os.ReadFile(g.file)
		if err != nil {
			return "", usage(fmt.Errorf("%s-file: %w", g.flag, err))
		}
		return strings.TrimSpace(string(raw)), nil
	case c.env(g.variable) != "":
		return c.env(g.variable), nil
	}
	if _, err := c.client("", ""); err != nil {
		return "", err
	}
	if u, err := url.Parse(c.server); err == nil && isLoopback(u.Hostname()) {
		return demoSecret, nil
	}
	return "", usage(fmt.Errorf("%s needs the %s's secret: give it with %s-file or %s", c.server, who, g.flag, g.variable))
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// next is a command line to type next, with the flags that this run needed.
func (c *cli) next(words ...string) string {
	line := c.program + " " + strings.Join(words, " ")
	if c.vehicle != "" && c.vehicle != c.env("ELETROVIA_VEHICLE") {
		line += " --vehicle " + c.vehicle
	}
	if c.server != orElse(c.env("ELETROVIA_SERVER"), defaultServer) {
		line += " --server " + c.server
	}
	return line
}

func orElse(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}
