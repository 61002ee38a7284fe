package operator

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

func (c commands) vehiclesCommand() *cobra.Command {
	vehicles := &cobra.Command{
		Use: "vehicles", Short: "Invite vehicles to register here, write to a driver, end all bookings or the secret of one (operator)",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return terminal.Usage(errors.New("say what to do: vehicles invite, vehicles messages, or vehicles revoke VEHICLE --reason TEXT, and likewise cancel and message"))
		},
	}
	var reason string
	revoke := &cobra.Command{
		Use: "revoke VEHICLE --reason TEXT", Short: "End a vehicle's secret everywhere and show its new one, once",
		Long: "End the secret of a vehicle, which was stolen or lost, and show a new one, once. The vehicle keeps its id and\n" +
			"its trips. The old secret is refused here at once and elsewhere within seconds, and the car's connections end.\n" +
			"Each time gives another secret and ends the one before: when the answer is lost, type it again.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.revokeVehicle(cmd.Context(), charging.VehicleID(args[0]), reason)
		},
	}
	revoke.Flags().StringVar(&reason, "reason", "", "why, for the audit; required")
	vehicles.AddCommand(revoke, c.inviteCommand(), c.cancelVehicleCommand(), c.messageCommand(), c.messagesCommand())
	for _, sub := range vehicles.Commands() {
		sub.Args = terminal.UsageArgs(sub.Args)
	}
	return vehicles
}

func (c commands) inviteCommand() *cobra.Command {
	var q api.InviteRequest
	invite := &cobra.Command{
		Use: "invite", Short: "Make codes with which vehicles are registered here, each good once (operator)",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.invite(cmd.Context(), q) },
	}
	invite.Flags().IntVar(&q.Count, "count", 1, "how many codes, 1 to 100")
	invite.Flags().IntVar(&q.Days, "days", 7, "for how many days they are good, 1 to 90")
	return invite
}

func (c commands) invite(ctx context.Context, q api.InviteRequest) error {
	server, err := c.AsOperator()
	if err != nil {
		return err
	}
	got, err := server.Invite(ctx, q)
	if err != nil {
		return err
	}
	p := c.Printer()
	if done, err := p.JSON(got); done {
		return err
	}
	for _, code := range got.Invites {
		p.Linef("%s", show.Clean(code))
	}
	p.Next(`curl --json '{"model": "byd-dolphin", "invite": "CODE"}' ADDRESS/api/v1/vehicles     each once, until ` + terminal.Instant(p, got.ExpiresAt))
	return nil
}

func (c commands) revokeVehicle(ctx context.Context, id charging.VehicleID, reason string) error {
	if err := id.Validate(); err != nil {
		return terminal.Usage(err)
	}
	if reason == "" {
		return terminal.Usage(errors.New("--reason: say why, for the audit"))
	}
	server, err := c.AsOperator()
	if err != nil {
		return err
	}
	got, err := server.Revoke(ctx, id, api.RevokeRequest{Reason: reason})
	if err != nil {
		return err
	}
	p := c.Printer()
	if done, err := p.JSON(got); done {
		return err
	}
	p.Linef("the secret of %s has ended; its new one, shown this once, is", got.VehicleID)
	p.Linef("%s", show.Clean(got.Secret))
	p.Next(c.Next("trips", "--vehicle", string(got.VehicleID), "--secret-file", "FILE") + "   (its trips go on)")
	return nil
}
