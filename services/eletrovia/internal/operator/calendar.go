package operator

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

func (c commands) calendarCommand() *cobra.Command {
	var location string
	hours := 24
	cmd := &cobra.Command{
		Use: "calendar", Short: "Show how each EVSE of the server's company is, and who comes when (operator)",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.calendar(cmd.Context(), charging.LocationID(location), hours)
		},
	}
	cmd.Flags().StringVar(&location, "location", "", "only at this location")
	cmd.Flags().IntVar(&hours, "hours", 24, "how far ahead")
	return cmd
}

func (c commands) calendar(ctx context.Context, location charging.LocationID, hours int) error {
	server, err := c.AsOperator()
	if err != nil {
		return err
	}
	all, err := server.Calendars(ctx, charging.Window{Start: time.Now(), End: time.Now().Add(time.Duration(hours) * time.Hour)}, location)
	if err != nil {
		return err
	}
	p := c.Printer()
	if done, err := p.JSON(all); done {
		return err
	}
	var rows [][]string
	for _, e := range all.Calendars {
		status := string(e.Status)
		switch e.Status {
		case charging.StatusAvailable:
			status = p.Good(status)
		case charging.StatusOutOfOrder:
			status = p.Bad(status) + " " + show.Clean(e.StatusReason)
		}
		if len(e.Entries) == 0 {
			rows = append(rows, append([]string{string(e.EVSEID), status}, make([]string, len(bookingColumns))...))
		}
		for _, b := range e.Entries {
			rows = append(rows, append([]string{string(e.EVSEID), status}, bookingRow(p, b)...))
		}
	}
	p.Table(append([]string{"EVSE", "Status"}, bookingColumns...), rows)
	p.Next(c.Next("bookings"))
	return nil
}

func (c commands) auditCommand() *cobra.Command {
	who, of, limit := "", "", 50
	cmd := &cobra.Command{
		Use: "audit", Short: "List what operators have done, newest first (operator)",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.audit(cmd.Context(), who, of, limit) },
	}
	cmd.Flags().StringVar(&who, "who", "", "only of operator, or of this vehicle")
	cmd.Flags().StringVar(&of, "of", "", "only about this trip, reservation, EVSE, vehicle or company")
	cmd.Flags().IntVar(&limit, "limit", 50, "how many, up to 500")
	return cmd
}

func (c commands) audit(ctx context.Context, who, of string, limit int) error {
	server, err := c.AsOperator()
	if err != nil {
		return err
	}
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	for name, v := range map[string]string{"who": who, "of": of} {
		if v != "" {
			query.Set(name, v)
		}
	}
	list, _, err := server.Audit(ctx, query)
	if err != nil {
		return err
	}
	p := c.Printer()
	if list == nil {
		list = []charging.Act{}
	}
	if done, err := p.JSON(list); done {
		return err
	}
	if len(list) == 0 {
		p.Linef("no operator has done anything that is like this")
		p.Next(c.Next("bookings"))
		return nil
	}
	var rows [][]string
	for _, a := range list {
		ended := a.Answer
		switch ended {
		case "":
			ended = p.Wait("unknown")
		case "ok":
		default:
			ended = p.Bad(ended)
		}
		rows = append(rows, []string{terminal.Instant(p, a.At), show.Clean(a.Who), show.Clean(a.What), show.Clean(a.Of), show.Clean(a.Reason), ended, show.Clean(a.RequestID)})
	}
	p.Table([]string{"When", "Who", "What", "Of", "Reason", "Answer", "Request"}, rows)
	p.Next(c.Next("audit", "--of", list[0].Of))
	return nil
}
