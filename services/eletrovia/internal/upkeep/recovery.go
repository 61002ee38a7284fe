package upkeep

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

func (c commands) recoveryCommand() *cobra.Command {
	show := &cobra.Command{
		Use: "recovery", Short: "Say whether the store remembers, who is asked what it forgot, and which stops are orphaned (operator)",
		RunE: func(cmd *cobra.Command, _ []string) error { return c.recovery(cmd.Context()) },
	}
	reason := ""
	accept := &cobra.Command{
		Use: "accept", Short: "Open a store that has lost its memory although some originators are silent (operator, audited)",
		RunE: func(cmd *cobra.Command, _ []string) error { return c.acceptLoss(cmd.Context(), reason) },
	}
	accept.Flags().StringVar(&reason, "reason", "", "why, for the audit; required")
	show.AddCommand(accept)
	return show
}

func (c commands) recovery(ctx context.Context) error {
	server, err := c.AsOperator()
	if err != nil {
		return err
	}
	r, err := server.Recovery(ctx)
	if err != nil {
		return err
	}
	return c.showRecovery(r)
}

func (c commands) acceptLoss(ctx context.Context, reason string) error {
	if reason == "" {
		return terminal.Usage(errors.New("say why with --reason: what silent companies have booked here may be given to others"))
	}
	server, err := c.AsOperator()
	if err != nil {
		return err
	}
	r, err := server.AcceptLoss(ctx, api.AcceptRequest{Reason: reason})
	if err != nil {
		return err
	}
	return c.showRecovery(r)
}

func (c commands) showRecovery(r api.Recovery) error {
	p := c.Printer()
	if done, err := p.JSON(r); done {
		return err
	}
	switch r.State {
	case "trusted":
		p.Linef("%s: the store remembers what it has promised", p.Good(r.State))
	case "recovering":
		p.Linef("%s: %s; nothing is granted until all have answered", p.Bad(r.State), show.Clean(r.Reason))
	default:
		p.Linef("%s: opened by the operator's word; the silent are still asked", p.Wait(r.State))
	}
	if r.Since != nil {
		p.Linef("since %s; %d stops restored, %d lost", terminal.Instant(p, *r.Since), r.Restored, r.Conflicts)
	}
	if !r.Durable {
		p.Linef("this server has no data directory: a loss while it is down would not be noticed (serve --data)")
	}
	if len(r.Waiting) > 0 {
		var rows [][]string
		for _, w := range r.Waiting {
			rows = append(rows, []string{string(w.CompanyID), strconv.Itoa(w.Attempts), show.Clean(w.Detail)})
		}
		p.Table([]string{"Silent", "Attempts", "Last answer"}, rows)
	}
	if len(r.Orphans) > 0 {
		var rows [][]string
		for _, o := range r.Orphans {
			rows = append(rows, []string{string(o.EVSEID), terminal.Instant(p, o.Start), terminal.Instant(p, o.End), string(o.Origin), string(o.TripID), terminal.Instant(p, o.Since)})
		}
		p.Linef("RESERVED for trips that their originator does not know; kept until no-show:")
		p.Table([]string{"EVSE", "Start", "End", "Origin", "Trip", "Since"}, rows)
	}
	if len(r.Forgotten) > 0 {
		var rows [][]string
		for _, f := range r.Forgotten {
			rows = append(rows, []string{string(f.TripID), string(f.ReservationID), terminal.Instant(p, f.Since), terminal.Instant(p, f.Last)})
		}
		p.Linef("kept by other companies for trips that are not known here any more:")
		p.Table([]string{"Trip", "Reservation", "Since", "Last asked"}, rows)
	}
	if r.State == "recovering" {
		p.Next(c.Next("recovery", "accept", "--reason", "WHY"))
	} else {
		p.Next(c.Next("doctor"))
	}
	return nil
}
