package main

import (
	"context"
	"fmt"
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
	health, ready, err := c.health(ctx)
	if err != nil {
		return err
	}
	if !ready {
		return fmt.Errorf("%s is not ready: %v", c.server, health.Checks)
	}
	p := c.printer()
	if done, err := p.JSON(health); done {
		return err
	}
	p.Linef("ready")
	return nil
}
