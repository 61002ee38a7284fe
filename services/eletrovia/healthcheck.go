package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

func (c *cli) healthcheckCommand() *cobra.Command {
	return &cobra.Command{
		Use: "healthcheck", Short: "Exit 0 when the server is ready (for containers)",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), 3*time.Second)
			defer cancel()
			return c.healthcheck(ctx)
		},
	}
}

func (c *cli) healthcheck(ctx context.Context) error {
	server, err := c.client("", "")
	if err != nil {
		return err
	}
	if _, err := server.Ready(ctx); err != nil {
		return err
	}
	p := c.printer()
	if done, err := p.JSON(map[string]bool{"ready": true}); done {
		return err
	}
	p.Linef("ready")
	return nil
}
