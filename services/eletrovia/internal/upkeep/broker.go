package upkeep

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

func (c commands) brokerCommand() *cobra.Command {
	limit, offset := 20, 0
	cmd := &cobra.Command{
		Use: "broker", Short: "Show the MQTT broker of the server: rates, slow readers, cars (operator)",
		RunE: func(cmd *cobra.Command, _ []string) error { return c.broker(cmd.Context(), limit, offset) },
	}
	cmd.Flags().IntVar(&limit, "limit", limit, "how many cars, the last heard first, up to 500")
	cmd.Flags().IntVar(&offset, "offset", offset, "after how many of them")
	return cmd
}

func (c commands) broker(ctx context.Context, limit, offset int) error {
	server, err := c.AsOperator()
	if err != nil {
		return err
	}
	b, err := server.Broker(ctx, limit, offset)
	if err != nil {
		return err
	}
	p := c.Printer()
	if done, err := p.JSON(b); done {
		return err
	}
	where := "its own"
	if b.Elsewhere {
		where = "elsewhere; what passes through this server"
	}
	p.Linef("%s (%s): %d clients, %d sessions, %d subscriptions, %d retained", p.Bold("Broker"), where, b.Clients, b.Sessions, b.Subscriptions, b.Retained)
	p.Linef("%.1f messages a second in, %.1f out; %d in flight, %d wait to be handled", b.InPerSecond, b.OutPerSecond, b.InFlight, b.Backlog)
	p.Linef("%d dropped for slow clients, %d of these let go", b.Dropped, b.LetGo)
	for _, reason := range slices.Sorted(maps.Keys(b.Refused)) {
		p.Linef("refused: %s %d", show.Clean(reason), b.Refused[reason])
	}
	for _, s := range b.SlowReaders {
		p.Linef("slow: %s (%s), %d bytes wait for it, %d in flight", show.Clean(s.Who), show.Clean(s.ClientID), s.PendingBytes, s.InFlight)
	}
	if len(b.Cars) > 0 {
		carTable(p, b.Cars)
	}
	if shown := offset + len(b.Cars); shown < b.CarsTotal {
		p.Linef("%s", p.Dim(fmt.Sprintf("%d of %d cars; more with --offset %d", len(b.Cars), b.CarsTotal, shown)))
	}
	p.Next(c.Next("overview"))
	return nil
}

func carTable(p show.Printer, cars []api.BrokerCar) {
	var rows [][]string
	for _, v := range cars {
		row := []string{string(v.VehicleID), "-", "never", "", "", ""}
		if v.Connected != nil {
			row[1] = map[bool]string{true: p.Good("online"), false: "offline"}[*v.Connected]
		}
		if v.HeardAt != nil {
			row[2] = terminal.Instant(p, *v.HeardAt)
		}
		if l := v.Last; l != nil {
			row[3], row[4], row[5] = show.Percent(l.SoC), strconv.FormatFloat(l.Lat, 'f', 4, 64), strconv.FormatFloat(l.Lon, 'f', 4, 64)
		}
		rows = append(rows, row)
	}
	p.Table([]string{"Vehicle", "Connection", "Last heard", "Battery", "Lat", "Lon"}, rows)
}
