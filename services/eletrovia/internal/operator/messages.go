package operator

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// cancelVehicleCommand ends what a vehicle has at the company's EVSEs.
func (c commands) cancelVehicleCommand() *cobra.Command {
	return c.owners("cancel VEHICLE --reason TEXT", "End every booking of a vehicle at the company's EVSEs; its drivers are asked (operator)",
		func(ctx context.Context, server *client.Driver, of string, q api.OwnerRequest) error {
			got, err := server.CancelVehicle(ctx, charging.VehicleID(of), q)
			if err != nil {
				return err
			}
			p := c.Printer()
			if done, err := p.JSON(got); done {
				return keptSome(got, err)
			}
			var rows [][]string
			for _, list := range [][]api.Booking{got.Canceled, got.Kept} {
				for _, b := range list {
					rows = append(rows, append([]string{string(b.EVSEID)}, bookingRow(p, b)...))
				}
			}
			p.Linef("%s: %s ended, %s kept (a car is at the plug)", got.VehicleID, strconv.Itoa(len(got.Canceled)), strconv.Itoa(len(got.Kept)))
			if len(rows) > 0 {
				p.Table(append([]string{"EVSE"}, bookingColumns...), rows)
			}
			p.Next(c.Next("bookings", "--of", string(got.VehicleID)))
			return keptSome(got, nil)
		})
}

// keptSome is the exit of a cancel that could not end all.
func keptSome(got api.Ended, err error) error {
	if err == nil && len(got.Kept) > 0 {
		return &terminal.ExitError{Code: terminal.ExitConflict}
	}
	return err
}

func (c commands) messageCommand() *cobra.Command {
	var q api.MessageRequest
	trip, reservation, key := "", "", ""
	cmd := c.owners("message VEHICLE --text TEXT --reason TEXT", "Write to the driver of a vehicle that has a booking here, or an open trip (operator)",
		func(ctx context.Context, server *client.Driver, of string, because api.OwnerRequest) error {
			if q.Text == "" {
				return terminal.Usage(errors.New("--text: what is said to the driver"))
			}
			q.Reason, q.TripID, q.ReservationID = because.Reason, charging.TripID(trip), charging.ReservationID(reservation)
			sent, err := server.Message(ctx, charging.VehicleID(of), q, key)
			if err != nil {
				return err
			}
			p := c.Printer()
			if done, err := p.JSON(sent); done {
				return err
			}
			p.Linef("%s is told, and reads it within a week: message %s", of, show.Clean(sent.ID))
			for _, t := range sent.Told {
				if t.OK {
					p.Linef("%s, where its trip began, has it too", t.CompanyID)
					continue
				}
				p.Linef("%s, where its trip began, has it not: %s", t.CompanyID, show.Clean(t.Detail))
			}
			return nil
		})
	cmd.Flags().StringVar(&q.Text, "text", "", "what is said, on one line, up to 500 characters; required")
	cmd.Flags().StringVar(&trip, "trip", "", "the trip that it is about")
	cmd.Flags().StringVar(&reservation, "reservation", "", "the reservation that it is about")
	cmd.Flags().StringVar(&key, "key", "", "an Idempotency-Key: the same key is the same message")
	return cmd
}

func (c commands) messagesCommand() *cobra.Command {
	return &cobra.Command{
		Use: "messages", Short: "Read what operators have said to the driver of --vehicle", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := c.AsVehicle()
			if err != nil {
				return err
			}
			me, err := server.Me(cmd.Context())
			if err != nil {
				return err
			}
			p := c.Printer()
			if done, err := p.JSON(me.Messages); done {
				return err
			}
			if len(me.Messages) == 0 {
				p.Linef("no operator has said anything to %s here", me.VehicleID)
			}
			for _, m := range me.Messages {
				p.Linef("%s  %s: %s", terminal.Instant(p, m.At), p.Accent(string(m.From)), show.Clean(m.Text))
			}
			return nil
		},
	}
}
