package upkeep

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

func (c commands) locksCommand() *cobra.Command {
	return &cobra.Command{
		Use: "locks", Short: "List the holds in force at the server's company (operator)",
		RunE: func(cmd *cobra.Command, _ []string) error { return c.locks(cmd.Context()) },
	}
}

func (c commands) locks(ctx context.Context) error {
	server, err := c.AsOperator()
	if err != nil {
		return err
	}
	locks, err := server.Locks(ctx)
	if err != nil {
		return err
	}
	p := c.Printer()
	if locks == nil {
		locks = []charging.Lock{}
	}
	if done, err := p.JSON(locks); done {
		return err
	}
	if len(locks) == 0 {
		p.Linef("no lock is in force: what is booked for good stands in the calendars")
		p.Next(c.Next("trips"))
		return nil
	}
	var rows [][]string
	for _, l := range locks {
		left := (time.Duration(l.TTLMillis) * time.Millisecond).Round(100 * time.Millisecond)
		rows = append(rows, []string{
			string(l.EVSEID), p.Wait(string(l.State)), string(l.Origin), string(l.TripID), strconv.Itoa(l.Leg),
			terminal.Instant(p, l.Start), terminal.Instant(p, l.End), left.String(), strconv.FormatInt(l.Fence, 10),
		})
	}
	p.Table([]string{"EVSE", "State", "Origin", "Trip", "Leg", "Start", "End", "Left", "Fence"}, rows)
	p.Next(c.Next("trips", string(locks[0].TripID), "--history"))
	return nil
}
