package operator

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// evsesCommand takes an EVSE out of service and puts it back.
func (c commands) evsesCommand() *cobra.Command {
	all := &cobra.Command{
		Use: "evses", Short: "Take an EVSE out of service, or see what that would end, and put it back (operator)",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return terminal.Usage(errors.New("say what to do: evses out EVSE [--reason POWER_OUTAGE] [--dry-run], or evses back EVSE"))
		},
	}
	reason, dry := "", false
	out := &cobra.Command{
		Use: "out EVSE [--reason WORD] [--dry-run]", Short: "Out of service: its bookings are cancelled, and their drivers asked", Args: cobra.ExactArgs(1),
		Long: "Take an EVSE out of service. Its coming bookings are cancelled, a session there ends with an estimated bill, and each\n" +
			"trip's company is told, which asks the driver. --dry-run says what that would be, and changes nothing.",
		RunE: func(cmd *cobra.Command, args []string) error {
			q := api.EVSEStatusRequest{Status: charging.StatusOutOfOrder, Reason: reason}
			if dry {
				return c.wouldLose(cmd.Context(), charging.EVSEID(args[0]), q)
			}
			return c.setStatus(cmd.Context(), charging.EVSEID(args[0]), q)
		},
	}
	out.Flags().StringVar(&reason, "reason", api.ReasonBrokenCharger, "BROKEN_CHARGER or POWER_OUTAGE")
	out.Flags().BoolVar(&dry, "dry-run", false, "say what would be lost, and change nothing")
	all.AddCommand(out, &cobra.Command{
		Use: "back EVSE", Short: "In service again; what was cancelled stays so", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.setStatus(cmd.Context(), charging.EVSEID(args[0]), api.EVSEStatusRequest{Status: charging.StatusAvailable})
		},
	})
	for _, sub := range all.Commands() {
		sub.Args = terminal.UsageArgs(sub.Args)
	}
	return all
}

func (c commands) setStatus(ctx context.Context, evse charging.EVSEID, q api.EVSEStatusRequest) error {
	server, err := c.AsOperator()
	if err != nil {
		return err
	}
	if err := server.SetEVSEStatus(ctx, evse, q); err != nil {
		return err
	}
	p := c.Printer()
	if done, err := p.JSON(q); done {
		return err
	}
	if q.Status == charging.StatusOutOfOrder {
		p.Linef("%s is out of service (%s); whose booking was lost is told until it has heard", p.Accent(string(evse)), q.Reason)
		p.Next(c.Next("evses", "back", string(evse)))
		return nil
	}
	p.Linef("%s is in service", p.Accent(string(evse)))
	p.Next(c.Next("calendar"))
	return nil
}

// wouldLose shows what setStatus would end.
func (c commands) wouldLose(ctx context.Context, evse charging.EVSEID, q api.EVSEStatusRequest) error {
	server, err := c.AsOperator()
	if err != nil {
		return err
	}
	lost, err := server.WouldLose(ctx, evse, q)
	if err != nil {
		return err
	}
	p := c.Printer()
	if done, err := p.JSON(lost); done {
		return err
	}
	p.Linef("%s bookings at %s would be lost; nothing is changed", strconv.Itoa(len(lost.Bookings)), p.Accent(string(evse)))
	var rows [][]string
	for _, b := range lost.Bookings {
		rows = append(rows, bookingRow(p, b))
	}
	if len(rows) > 0 {
		p.Table(bookingColumns, rows)
	}
	p.Next(c.Next("evses", "out", string(evse), "--reason", q.Reason))
	return nil
}
