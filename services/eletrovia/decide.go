package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// choice is the flags of decide.
type choice struct {
	take, stop   string
	leg          int
	wait, giveUp bool
	follow       time.Duration
}

func (c *cli) decideCommand() *cobra.Command {
	var d choice
	cmd := &cobra.Command{
		Use: "decide TRIP", Short: "Answer a trip that lost a stop: take another, wait, or give up",
		Example: "  eletrovia decide 0197… --take 1 --vehicle EV-0001",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.decide(cmd.Context(), charging.TripID(args[0]), d)
		},
	}
	f := cmd.Flags()
	f.StringVar(&d.take, "take", "", "alternative to take: its number in the list, or its id")
	f.StringVar(&d.stop, "stop", "", "another stop by hand: EVSE,START,END (with --leg)")
	f.IntVar(&d.leg, "leg", 0, "leg that --stop replaces")
	f.BoolVar(&d.wait, "wait", false, "wait for the trip ahead to be settled")
	f.BoolVar(&d.giveUp, "give-up", false, "release every stop")
	f.DurationVar(&d.follow, "follow", time.Minute, "how long to follow the trip afterwards")
	return cmd
}

func (c *cli) decide(ctx context.Context, id charging.TripID, d choice) error {
	server, err := c.asVehicle()
	if err != nil {
		return err
	}
	r, err := d.request(ctx, server, id)
	if err != nil {
		return err
	}
	t, err := server.Decide(ctx, id, r, 0)
	if err != nil {
		return err
	}
	wait, cancel := context.WithTimeout(ctx, d.follow)
	defer cancel()
	t, err = follow(wait, server, t, func(trip.Trip) {})
	if err != nil {
		return err
	}
	return c.finish(ctx, server, t)
}

func (d choice) request(ctx context.Context, server *client.Driver, id charging.TripID) (api.DecisionRequest, error) {
	named := 0
	for _, given := range []bool{d.take != "", d.stop != "", d.wait, d.giveUp} {
		if given {
			named++
		}
	}
	switch {
	case named != 1:
		return api.DecisionRequest{}, usage(errors.New("say one of --take N, --stop EVSE,START,END, --wait, --give-up"))
	case d.wait:
		return api.DecisionRequest{Action: api.ActionWait}, nil
	case d.giveUp:
		return api.DecisionRequest{Action: api.ActionGiveUp}, nil
	case d.stop != "":
		stop, err := parseStop(d.stop)
		stop.Leg = d.leg
		return api.DecisionRequest{Action: api.ActionContinue, Stop: &stop}, err
	}
	alternative, err := d.alternative(ctx, server, id)
	return api.DecisionRequest{Action: api.ActionContinue, AlternativeID: alternative}, err
}

// alternative turns a number of the list into the id behind it.
func (d choice) alternative(ctx context.Context, server *client.Driver, id charging.TripID) (string, error) {
	n, err := strconv.Atoi(d.take)
	if err != nil {
		return d.take, nil
	}
	t, err := server.Trip(ctx, id, 0)
	if err != nil {
		return "", err
	}
	if t.Decision == nil {
		return "", &exitError{code: exitConflict, err: fmt.Errorf("trip %s asks nothing: it is %s", id, t.State)}
	}
	if n < 1 || n > len(t.Decision.Alternatives) {
		return "", usage(fmt.Errorf("--take %d: the trip offers 1 to %d", n, len(t.Decision.Alternatives)))
	}
	return t.Decision.Alternatives[n-1].ID, nil
}
