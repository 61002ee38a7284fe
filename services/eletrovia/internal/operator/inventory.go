package operator

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/services/company/app"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

func (c commands) inventoryCommand() *cobra.Command {
	show := &cobra.Command{
		Use: "inventory", Short: "Show what is offered, and what has moved or left under bookings (operator)",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.inventory(cmd.Context(), (*client.Driver).Inventory)
		},
	}
	reload := &cobra.Command{
		Use: "reload", Short: "Have the server read its inventory's file anew, without a restart (operator)",
		Long: "What has moved or left keeps its bookings. A file that cannot be used changes nothing.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.inventory(cmd.Context(), (*client.Driver).ReloadInventory)
		},
	}
	show.AddCommand(reload, c.inventoryCheckCommand())
	return show
}

func (c commands) inventory(ctx context.Context, ask func(*client.Driver, context.Context) (api.Inventory, error)) error {
	server, err := c.AsOperator()
	if err != nil {
		return err
	}
	inv, err := ask(server, ctx)
	if err != nil {
		return err
	}
	return c.showInventory(inv)
}

func (c commands) inventoryCheckCommand() *cobra.Command {
	var file, url, prefix string
	cmd := &cobra.Command{
		Use: "check", Short: "Say what a restart with an inventory would do to the bookings of a store; exit code 1 where it touches some",
		Long: "Reads the file and the store; starts and changes nothing.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" || url == "" {
				return terminal.Usage(errors.New("say which file with --inventory, and which store with --against"))
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), terminal.ExamineWithin)
			defer cancel()
			inv, err := app.CheckInventory(ctx, file, url, prefix)
			if err != nil {
				return err
			}
			if err := c.showInventory(inv); err != nil {
				return err
			}
			return touched(inv)
		},
	}
	f := cmd.Flags()
	f.StringVar(&file, "inventory", "", "the YAML file of the company's locations; required")
	f.StringVar(&url, "against", "", "the company's store, redis://host:port/db; required")
	f.StringVar(&prefix, "prefix", "", "prefix of the store's keys, where companies share a Redis")
	return cmd
}

// touched is a failure where an EVSE with bookings moves or leaves.
func touched(inv api.Inventory) error {
	n := 0
	for _, list := range [][]api.InventoryChange{inv.Moved, inv.Left} {
		for _, change := range list {
			if change.Bookings > 0 {
				n++
			}
		}
	}
	if n == 0 {
		return nil
	}
	return &terminal.ExitError{Code: terminal.ExitFailure, Err: errors.New("bookings of " + terminal.Plural(n, "EVSE") + " are touched: they are kept where they are")}
}

func (c commands) showInventory(inv api.Inventory) error {
	p := c.Printer()
	if done, err := p.JSON(inv); done {
		return err
	}
	p.Linef("%s offers %d EVSEs at %d locations", inv.CompanyID, inv.EVSEs, inv.Locations)
	var rows [][]string
	for _, list := range [][]api.InventoryChange{inv.Moved, inv.Left} {
		for _, change := range list {
			to, last := string(change.LocationID), ""
			if to == "" {
				to = "offered no more"
			}
			if change.Until != nil {
				last = terminal.Instant(p, *change.Until)
			}
			rows = append(rows, []string{string(change.EVSEID), string(change.Home), to, strconv.Itoa(change.Bookings), last})
		}
	}
	if len(rows) == 0 {
		p.Linef("nothing has moved or left: every calendar lies where its EVSE is offered")
		return nil
	}
	p.Table([]string{"EVSE", "Calendar at", "Now at", "Bookings", "Last until"}, rows)
	return nil
}
