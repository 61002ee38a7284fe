package upkeep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

func (c commands) overviewCommand() *cobra.Command {
	watch := false
	cmd := &cobra.Command{
		Use: "overview", Short: "Show the server's company in figures, with their last 15 minutes (operator)",
		RunE: func(cmd *cobra.Command, _ []string) error { return c.overview(cmd.Context(), watch) },
	}
	cmd.Flags().BoolVar(&watch, "watch", false, "go on showing them, each second")
	return cmd
}

func (c commands) overview(ctx context.Context, watch bool) error {
	server, err := c.AsOperator()
	if err != nil {
		return err
	}
	if watch {
		return c.watchOverview(ctx, server)
	}
	o, err := server.Overview(ctx)
	if err != nil {
		return err
	}
	p := c.Printer()
	if done, err := p.JSON(o); done {
		return err
	}
	showOverview(p, o)
	p.Next(c.Next("trips"))
	return nil
}

// watchOverview follows the figures until it is interrupted.
func (c commands) watchOverview(ctx context.Context, server *client.Driver) error {
	p := c.Printer()
	for e, err := range server.Live(ctx, 0, client.Choice{Types: []trip.EventType{trip.EventOverview}}) {
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("%s has ended the stream: is it stopping?", c.Server)
		case err != nil:
			return err
		}
		var o api.Overview
		if e.Type != trip.EventOverview || json.Unmarshal(e.Data, &o) != nil {
			continue
		}
		switch p.Mode {
		case show.JSON:
			p.Linef("%s", e.Data)
		case show.Plain:
			p.Linef("%s\t%d\t%d\t%d\t%d", terminal.Instant(p, o.At), o.Cars, o.PlugsInUse, o.Holds, o.ConflictsHour)
		default:
			p.Linef("\x1b[H\x1b[2J%s", p.Bold("Overview of "+c.Server))
			showOverview(p, o)
		}
	}
	return nil
}

func showOverview(p show.Printer, o api.Overview) {
	p95, known := "-", []int{}
	if o.ReserveP95 != nil {
		p95 = fmt.Sprintf("%.1f ms", *o.ReserveP95)
	}
	for _, v := range o.History.ReserveP95 {
		if v == nil {
			known = append(known, 0)
			continue
		}
		known = append(known, int(*v))
	}
	rows := [][]string{
		{"cars", strconv.Itoa(o.Cars), spark(p, o.History.Cars)},
		{"plugs in use", fmt.Sprintf("%d of %d", o.PlugsInUse, o.EVSEs), spark(p, o.History.PlugsInUse)},
		{"holds", strconv.Itoa(o.Holds), spark(p, o.History.Holds)},
		{"open trips", sagasOf(o), spark(p, o.History.Sagas)},
		{"reserve, p95", p95, spark(p, known)},
		{"conflicts an hour", strconv.Itoa(o.ConflictsHour), spark(p, o.History.Conflicts)},
		{"compensations an hour", strconv.Itoa(o.CompensationsHour), spark(p, o.History.Compensations)},
		{"event streams", strconv.Itoa(o.Streams), ""},
	}
	p.Table([]string{"What", "Now", "15 minutes"}, rows)
	p.Linef("%s", p.Dim("counted since "+terminal.Instant(p, o.Since)))
}

// sagasOf are the open trips by state, those states that have some.
func sagasOf(o api.Overview) string {
	var parts []string
	for _, s := range trip.States() {
		if n := o.Sagas[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", s, n))
		}
	}
	if parts == nil {
		return "0"
	}
	return strings.Join(parts, ", ")
}

// spark draws a line of bars on a terminal, and tells the least and the most where piped.
func spark(p show.Printer, values []int) string {
	if len(values) == 0 {
		return ""
	}
	least, most := values[0], values[0]
	for _, v := range values {
		least, most = min(least, v), max(most, v)
	}
	if p.Mode != show.Fancy {
		return fmt.Sprintf("%d to %d", least, most)
	}
	const width = 45
	bars := []rune("▁▂▃▄▅▆▇█")
	values = values[max(0, len(values)-width):]
	line := make([]rune, len(values))
	for i, v := range values {
		line[i] = bars[(v-least)*(len(bars)-1)/max(1, most-least)]
	}
	return string(line)
}
