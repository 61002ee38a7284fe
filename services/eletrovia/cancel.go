package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

func (c *cli) cancelCommand() *cobra.Command {
	return &cobra.Command{
		Use: "cancel TRIP", Short: "Cancel a trip: every stop is released",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.cancel(cmd.Context(), charging.TripID(args[0]))
		},
	}
}

func (c *cli) cancel(ctx context.Context, id charging.TripID) error {
	server, err := c.asVehicle()
	if err != nil {
		return err
	}
	t, err := server.Cancel(ctx, id)
	if err != nil {
		return err
	}
	p := c.printer()
	if done, err := p.JSON(t); done {
		return err
	}
	showTrip(p, sitesOf(ctx, server), t)
	if t.State == trip.Canceled {
		p.Linef("every stop is released, or will be as soon as its company answers")
	}
	c.nextOf(p, t)
	return nil
}
