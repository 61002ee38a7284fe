package serving

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/services/company/app"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/settings"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// stopWithin bounds an orderly stop beyond the drain.
const stopWithin = 15 * time.Second

func (c commands) serveCommand() *cobra.Command {
	var s settings.Settings
	var leash bool
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the server of one company",
		Long: "Run the server of one company: REST, MQTT broker, and a Redis of its own or by URL.\n" +
			"Every flag that names a variable can be set there instead; a variable ELETROVIA_… that nothing reads stops the start.",
		Example: `  ELETROVIA_OPERATOR_SECRET=… eletrovia serve --company MAR --store redis://localhost:6379 --peer SER=http://10.0.0.2:8080`,
	}
	s.Define(cmd.Flags(), c.Environ)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o, err := s.Options(cmd.Flags())
		if err != nil {
			return terminal.Usage(err)
		}
		if o.Log, err = Logger(c.Session, s.LogLevel); err != nil {
			return terminal.Usage(err)
		}
		o.Log = o.Log.With().Str("company", string(o.Company)).Logger()
		server, err := app.New(o)
		if err != nil {
			return terminal.Usage(err)
		}
		ctx := cmd.Context()
		if leash {
			ctx = leashed(ctx, c.In)
		}
		return c.serve(ctx, server)
	}
	cmd.Flags().BoolVar(&leash, "leash", false, "end when standard input ends: with the process that started this one")
	_ = cmd.Flags().MarkHidden("leash") // fails for an unknown flag only
	return cmd
}

// serve runs one server until the context ends.
func (c commands) serve(ctx context.Context, server *app.App) error {
	RelaxGC(c.Session)
	if err := server.Start(ctx); err != nil {
		return errors.Join(err, StopAll(server))
	}
	p := c.Printer()
	if _, err := p.JSON(Describe(server)); err != nil {
		return err
	}
	if !c.AsJSON {
		DescribeTo(p, Describe(server))
		p.Linef("ready")
	}
	select {
	case <-ctx.Done():
	case err := <-server.Failed():
		return errors.Join(err, StopAll(server))
	}
	return StopAll(server)
}

// Logger writes to standard error: for people on a terminal, JSON elsewhere.
func Logger(c *terminal.Session, level string) (zerolog.Logger, error) {
	l, err := zerolog.ParseLevel(level)
	if err != nil || level == "" {
		return zerolog.Nop(), fmt.Errorf("log level %q: want debug, info, warn or error", level)
	}
	var w io.Writer = c.Err
	if c.ErrIsTerminal {
		w = zerolog.ConsoleWriter{Out: c.Err, TimeFormat: time.TimeOnly, NoColor: c.Env("NO_COLOR") != ""}
	}
	return zerolog.New(zerolog.SyncWriter(w)).Level(l).With().Timestamp().Logger(), nil
}

// leashed is a context that ends with the input, at the other end of which is the process
// that wants this one: it ends also where that was killed.
func leashed(ctx context.Context, in io.Reader) context.Context {
	ctx, end := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, in)
		end()
	}()
	return ctx
}
