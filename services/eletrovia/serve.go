package main

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
)

// stopWithin bounds an orderly stop beyond the drain.
const stopWithin = 15 * time.Second

func (c *cli) serveCommand() *cobra.Command {
	var s settings.Settings
	var leash bool
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the server of one company",
		Long: "Run the server of one company: REST, MQTT broker, and a Redis of its own or by URL.\n" +
			"Every flag that names a variable can be set there instead; a variable ELETROVIA_… that nothing reads stops the start.",
		Example: `  ELETROVIA_OPERATOR_SECRET=… eletrovia serve --company MAR --store redis://localhost:6379 --peer SER=http://10.0.0.2:8080`,
	}
	s.Define(cmd.Flags(), c.environ)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o, err := s.Options(cmd.Flags())
		if err != nil {
			return usage(err)
		}
		if o.Log, err = c.logger(s.LogLevel); err != nil {
			return usage(err)
		}
		o.Log = o.Log.With().Str("company", string(o.Company)).Logger()
		server, err := app.New(o)
		if err != nil {
			return usage(err)
		}
		ctx := cmd.Context()
		if leash {
			ctx = leashed(ctx, c.in)
		}
		return c.serve(ctx, server)
	}
	cmd.Flags().BoolVar(&leash, "leash", false, "end when standard input ends: with the process that started this one")
	_ = cmd.Flags().MarkHidden("leash") // fails for an unknown flag only
	return cmd
}

// serve runs one server until the context ends.
func (c *cli) serve(ctx context.Context, server *app.App) error {
	c.relaxGC()
	if err := server.Start(ctx); err != nil {
		return errors.Join(err, stopAll(server))
	}
	p := c.printer()
	if _, err := p.JSON(describe(server)); err != nil {
		return err
	}
	if !c.asJSON {
		describeTo(p, describe(server))
		p.Linef("ready")
	}
	select {
	case <-ctx.Done():
	case err := <-server.Failed():
		return errors.Join(err, stopAll(server))
	}
	return stopAll(server)
}

// stopAll stops servers at the same time, each with a fresh bound: the
// context that told them to is over.
func stopAll(servers ...*app.App) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	results := make(chan error, len(servers))
	for _, s := range servers {
		go func() { results <- s.Stop(ctx) }()
	}
	var errs []error
	for range servers {
		errs = append(errs, <-results)
	}
	return errors.Join(errs...)
}

// logger writes to standard error: for people on a terminal, JSON elsewhere.
func (c *cli) logger(level string) (zerolog.Logger, error) {
	l, err := zerolog.ParseLevel(level)
	if err != nil || level == "" {
		return zerolog.Nop(), fmt.Errorf("log level %q: want debug, info, warn or error", level)
	}
	var w io.Writer = c.err
	if c.errIsTerminal {
		w = zerolog.ConsoleWriter{Out: c.err, TimeFormat: time.TimeOnly, NoColor: c.env("NO_COLOR") != ""}
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
