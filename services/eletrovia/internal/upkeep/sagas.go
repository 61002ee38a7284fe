package upkeep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

func (c commands) sagasCommand() *cobra.Command {
	var stuck bool
	cmd := &cobra.Command{
		Use: "sagas", Short: "List trips that are not settled, and those that are stuck (operator)",
		Long: "List trips that are not settled, and those that are stuck: a stop that its company has not acknowledged\n" +
			"as released, with the reason, the attempts and the next retry. Retry one at once, or resolve it by your word.\n" +
			"Any server of the company does.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.sagas(cmd.Context(), stuck) },
	}
	cmd.Flags().BoolVar(&stuck, "stuck", false, "only those that are stuck")
	cmd.AddCommand(&cobra.Command{
		Use: "retry TRIP", Short: "Try at once to release what is stuck",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.retrySaga(cmd.Context(), charging.TripID(args[0]))
		},
	})
	var reason string
	resolve := &cobra.Command{
		Use: "resolve TRIP --reason TEXT", Short: "End a stuck trip by your word that its stops are free",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.resolveSaga(cmd.Context(), charging.TripID(args[0]), reason)
		},
	}
	resolve.Flags().StringVar(&reason, "reason", "", "why, for the audit")
	cmd.AddCommand(resolve)
	return cmd
}

func (c commands) retrySaga(ctx context.Context, id charging.TripID) error {
	server, err := c.AsOperator()
	if err != nil {
		return err
	}
	t, err := server.Retry(ctx, id)
	return c.AfterSaga(t, "is tried again now", err)
}

func (c commands) resolveSaga(ctx context.Context, id charging.TripID, reason string) error {
	if reason == "" {
		return terminal.Usage(errors.New("--reason: say why, for the audit"))
	}
	server, err := c.AsOperator()
	if err != nil {
		return err
	}
	t, err := server.Resolve(ctx, id, api.ResolveRequest{Reason: reason})
	return c.AfterSaga(t, "is resolved by your word", err)
}

func (c commands) sagas(ctx context.Context, stuck bool) error {
	server, err := c.AsOperator()
	if err != nil {
		return err
	}
	open, err := unsettled(ctx, server, stuck)
	if err != nil {
		return err
	}
	p := c.Printer()
	if done, err := p.JSON(open); done {
		return err
	}
	switch {
	case len(open) == 0 && stuck:
		p.Linef("no saga is stuck")
		p.Next(c.Next("sagas"))
		return nil
	case len(open) == 0:
		p.Linef("no saga is open: every trip is settled")
		p.Next(c.Next("trips"))
		return nil
	}
	var rows [][]string
	for _, t := range open {
		rows = append(rows, sagaRow(p, t))
	}
	p.Table([]string{"Trip", "State", "Vehicle", "Age", "Attempts", "Stuck", "Next retry", "Problem"}, rows)
	if open[0].Saga != nil && open[0].Saga.Stuck != nil {
		p.Next(c.Next("sagas", "retry", string(open[0].ID)))
	} else {
		p.Next(c.Next("trips", string(open[0].ID), "--history"))
	}
	return nil
}

// unsettled reads the trips in each state that is not settled, and the stuck
// ones, or these alone, each once, the oldest first.
func unsettled(ctx context.Context, server *client.Driver, stuck bool) ([]trip.Trip, error) {
	queries := []trip.Query{{Stuck: true}}
	for _, s := range trip.States() {
		if !stuck && !s.Settled() {
			queries = append(queries, trip.Query{State: s})
		}
	}
	open, seen := []trip.Trip{}, map[string]bool{}
	for _, q := range queries {
		all, err := terminal.EveryOf(server)(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, t := range all.Trips {
			if !seen[string(t.ID)] {
				seen[string(t.ID)] = true
				open = append(open, t)
			}
		}
	}
	slices.SortStableFunc(open, func(a, b trip.Trip) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return open, nil
}

func sagaRow(p show.Printer, t trip.Trip) []string {
	attempts := 0
	for _, l := range t.Legs {
		attempts += l.Attempts
	}
	stuck, retry := "", ""
	if t.Saga != nil && t.Saga.Stuck != nil {
		s := t.Saga.Stuck
		stuck = p.Bad(fmt.Sprintf("leg %d, %d attempts: %s", s.Leg, s.Attempts, show.Clean(s.Reason)))
		retry = terminal.Instant(p, s.NextRetry)
	}
	return []string{
		string(t.ID), terminal.PaintTrip(p, t.State), string(t.VehicleID),
		time.Since(t.CreatedAt).Round(time.Second).String(), strconv.Itoa(attempts), stuck, retry, terminal.ProblemOf(t),
	}
}
