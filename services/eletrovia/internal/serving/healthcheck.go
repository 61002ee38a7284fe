package serving

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"
)

func (c commands) healthcheckCommand() *cobra.Command {
	var use string
	cmd := &cobra.Command{
		Use: "healthcheck", Short: "Exit 0 when the server can book (for containers)",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), 3*time.Second)
			defer cancel()
			return c.healthcheck(ctx, use)
		},
	}
	cmd.Flags().StringVar(&use, "for", "", "what the server has to be ready for: book, drive (cars are heard) or peers (all of them)")
	return cmd
}

func (c commands) healthcheck(ctx context.Context, use string) error {
	health, ready, err := c.health(ctx, use)
	if err != nil {
		return err
	}
	if !ready {
		if len(health.Impaired) > 0 {
			maps.DeleteFunc(health.Checks, func(part, _ string) bool { return !slices.Contains(health.Impaired, part) })
		}
		return fmt.Errorf("%s is not ready: %v", c.Server, health.Checks)
	}
	p := c.Printer()
	if done, err := p.JSON(health); done {
		return err
	}
	p.Linef("ready")
	return nil
}
