package driver

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

func (c commands) placesCommand() *cobra.Command {
	var near string
	var limit int
	cmd := &cobra.Command{
		Use: "places NAME", Short: "Find the places that a plan can begin or end at, by a part of their names or near a point",
		Example: `  eletrovia places feira
  eletrovia places --near -7.12,-34.86 --limit 3`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := c.findPlaces(cmd.Context(), strings.Join(args, " "), near, limit)
			if err != nil {
				return err
			}
			return c.showPlaces(found)
		},
	}
	cmd.Flags().StringVar(&near, "near", "", "a point, LAT,LON in degrees, instead of a name")
	cmd.Flags().IntVar(&limit, "limit", api.DefaultPlaces, fmt.Sprintf("how many at most, up to %d", api.MaxPlaces))
	return cmd
}

func (c commands) findPlaces(ctx context.Context, typed, near string, limit int) ([]api.FoundPlace, error) {
	if (typed == "") == (near == "") {
		return nil, terminal.Usage(errors.New("say either a part of a name, or a point with --near -7.12,-34.86"))
	}
	if limit < 1 || limit > api.MaxPlaces {
		return nil, terminal.Usage(fmt.Errorf("--limit %d: want 1 to %d", limit, api.MaxPlaces))
	}
	server, err := c.Client("", "")
	if err != nil {
		return nil, err
	}
	if near == "" {
		return server.Places(ctx, typed, limit)
	}
	at, err := geo.Parse(near)
	if err != nil {
		return nil, terminal.Usage(fmt.Errorf("--near: %w", err))
	}
	return server.PlacesNear(ctx, at, limit)
}

func (c commands) showPlaces(found []api.FoundPlace) error {
	p := c.Printer()
	if found == nil {
		found = []api.FoundPlace{}
	}
	if done, err := p.JSON(found); done {
		return err
	}
	if len(found) == 0 {
		p.Linef("no place is called so")
		return nil
	}
	headers, far := []string{"Place", "Lat", "Lon"}, found[0].DistanceKM != nil
	if far {
		headers = append(headers, "Away")
	}
	var rows [][]string
	for _, f := range found {
		row := []string{show.Clean(f.Name), degrees(f.Lat), degrees(f.Lon)}
		if far && f.DistanceKM != nil {
			row = append(row, fmt.Sprintf("%.1f km", *f.DistanceKM))
		}
		rows = append(rows, row)
	}
	p.Table(headers, rows)
	to := "Feira de Santana, BA"
	if found[0].Name == to {
		to = "João Pessoa, PB"
	}
	p.Next(c.Next("plan", "--from", quoted(found[0].Name), "--to", quoted(to)))
	return nil
}

// quoted is a name from a server as a shell takes it.
func quoted(name string) string {
	return "'" + strings.ReplaceAll(show.Clean(name), "'", `'\''`) + "'"
}

func degrees(d float64) string { return strconv.FormatFloat(d, 'f', 4, 64) }

func (c commands) modelsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "models", Short: "List the models of cars that the server knows",
		RunE: func(cmd *cobra.Command, _ []string) error { return c.models(cmd.Context()) },
	}
}

func (c commands) models(ctx context.Context) error {
	server, err := c.Client("", "")
	if err != nil {
		return err
	}
	models, err := server.Models(ctx)
	if err != nil {
		return err
	}
	p := c.Printer()
	if models == nil {
		models = []api.Model{}
	}
	if done, err := p.JSON(models); done {
		return err
	}
	if len(models) == 0 {
		p.Linef("the server knows no model: give a car's figures")
		return nil
	}
	var rows [][]string
	for _, m := range models {
		rows = append(rows, []string{
			p.Accent(show.Clean(m.ID)), show.Clean(m.Name), fmt.Sprintf("%.1f kWh", m.UsableBatteryKWh),
			fmt.Sprintf("%.1f kWh/100 km", m.ConsumptionKWh100Km), fmt.Sprintf("%.0f kW", m.DCKW), fmt.Sprintf("%.1f kW", m.ACKW),
			show.Clean(strings.Join(m.Ports, " ")),
		})
	}
	p.Table([]string{"Model", "Name", "Battery", "Consumption", "DC", "AC", "Ports"}, rows)
	p.Next(c.Next("plan", "--model", show.Clean(models[0].ID), "--from", "'João Pessoa, PB'", "--to", "'Feira de Santana, BA'"))
	return nil
}
