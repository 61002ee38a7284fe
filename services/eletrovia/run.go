package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/services/eletrovia/internal/bench"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/demo"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/driver"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/operator"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/serving"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/upkeep"
)

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
func run(ctx context.Context, args []string, s terminal.Shell) int {
	c := &terminal.Session{Shell: s}
	root := root(c)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return terminal.ExitDone
	}
	code, silent := terminal.ExitCode(err)
	if !silent {
		c.Complain(err, code)
	}
	return code
}

func root(c *terminal.Session) *cobra.Command {
	root := &cobra.Command{
		Use: "eletrovia", Short: "Book charging stops of several companies as one trip, whole or not at all",
		SilenceUsage: true, SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetOut(c.Out)
	root.SetErr(c.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return terminal.Usage(err) })
	f := root.PersistentFlags()
	f.StringVar(&c.Server, "server", terminal.OrElse(c.Env("ELETROVIA_SERVER"), terminal.DefaultServer), "address of any company's server (ELETROVIA_SERVER)")
	f.StringVar(&c.Vehicle, "vehicle", c.Env("ELETROVIA_VEHICLE"), "vehicle to speak for (ELETROVIA_VEHICLE)")
	f.StringVar(&c.Secret, "secret", "", "the vehicle's secret (ELETROVIA_SECRET, or --secret-file); on loopback \"demo\" by default")
	f.StringVar(&c.SecretFile, "secret-file", "", "file with the vehicle's secret")
	f.StringVar(&c.OperatorSecret, "operator-secret", "", "the operator's secret (ELETROVIA_OPERATOR_SECRET, or --operator-secret-file); on loopback \"demo\" by default")
	f.StringVar(&c.OperatorSecretFile, "operator-secret-file", "", "file with the operator's secret")
	f.StringVar(&c.CA, "ca", c.Env("ELETROVIA_CA"), "file with the authority of the server's certificate, where it is https (ELETROVIA_CA)")
	f.BoolVar(&c.AsJSON, "json", false, "answer one JSON value on standard output")

	for _, group := range []func(*terminal.Session) []*cobra.Command{
		demo.Commands, serving.Commands, driver.Commands, operator.Commands, upkeep.Commands, bench.Commands,
	} {
		for _, command := range group(c) {
			command.Args = terminal.UsageArgs(command.Args)
			root.AddCommand(command)
		}
	}
	return root
}
