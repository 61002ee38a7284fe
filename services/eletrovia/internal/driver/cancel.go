package driver

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

func (c commands) cancelCommand() *cobra.Command {
	return &cobra.Command{
		Use: "cancel TRIP", Short: "Cancel a trip: every coming stop that its terms let go is released",
		Long: "Cancel a trip: every coming stop is released that may be given back now, by its company's terms\n" +
			"or in the grace after booking. What has to be kept is listed with the reason, and the exit code\n" +
			"is 3 then; it is 0 where everything is released.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.cancel(cmd.Context(), charging.TripID(args[0]))
		},
	}
}

func (c commands) cancel(ctx context.Context, id charging.TripID) error {
	server, err := c.AsVehicle()
	if err != nil {
		return err
	}
	t, err := server.Cancel(ctx, id)
	if err != nil {
		return err
	}
	p := c.Printer()
	if done, err := p.JSON(t); done {
		return errors.Join(err, allReleased(t))
	}
	showTrip(p, sitesOf(ctx, server), t)
	for _, k := range t.Kept {
		p.Linef("%s stop %d: %s", p.Wait("kept"), k.Leg, whyKept(p, k))
	}
	switch {
	case len(t.Kept) > 0:
		p.Linef("the other coming stops are released; the trip goes on with what was kept")
	case t.State == trip.Canceled:
		p.Linef("every stop is released, or will be as soon as its company answers")
	}
	c.nextOf(p, t)
	return allReleased(t)
}

// allReleased is a conflict where something was kept.
func allReleased(t trip.Trip) error {
	if len(t.Kept) > 0 {
		return &terminal.ExitError{Code: terminal.ExitConflict}
	}
	return nil
}

// whyKept says why a cancel could not release a stop.
func whyKept(p show.Printer, k trip.Kept) string {
	switch {
	case k.Code == charging.CodeSessionOpen:
		return p.Bad(string(k.Code)) + ": the car charges there; it ends when the car leaves"
	case k.Until.IsZero():
		return p.Bad(string(k.Code))
	}
	return p.Bad(string(k.Code)) + ": it could be released until " + terminal.Instant(p, k.Until)
}
