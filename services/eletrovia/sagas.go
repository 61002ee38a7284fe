package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api/client"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
)

func (c *cli) sagasCommand() *cobra.Command {
	return &cobra.Command{
		Use: "sagas", Short: "List trips that are not settled, and those that are stuck (operator)",
		RunE: func(cmd *cobra.Command, _ []string) error { return c.sagas(cmd.Context()) },
	}
}

func (c *cli) sagas(ctx context.Context) error {
	server, err := c.asOperator()
	if err != nil {
		return err
	}
	open, err := unsettled(ctx, server)
	if err != nil {
		return err
	}
	p := c.printer()
	if done, err := p.JSON(open); done {
		return err
	}
	if len(open) == 0 {
		p.Linef("no saga is open: every trip is settled")
		p.Next(c.next("trips"))
		return nil
	}
	var rows [][]string
	for _, t := range open {
		rows = append(rows, sagaRow(p, t))
	}
	p.Table([]string{"Trip", "State", "Vehicle", "Age", "Attempts", "Stuck", "Next retry", "Problem"}, rows)
	p.Next(c.next("trips", string(open[0].ID), "--history"))
	return nil
}

// unsettled reads the trips in each state that is not settled, and the stuck
// ones, each once, the oldest first.
func unsettled(ctx context.Context, server *client.Driver) ([]trip.Trip, error) {
	queries := []trip.Query{{Stuck: true, Limit: 500}}
	for _, s := range trip.States() {
		if !s.Settled() {
			queries = append(queries, trip.Query{State: s, Limit: 500})
		}
	}
	open, seen := []trip.Trip{}, map[string]bool{}
	for _, q := range queries {
		ts, _, err := server.Trips(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, t := range ts {
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
		retry = instant(p, s.NextRetry)
	}
	return []string{
		string(t.ID), paintTrip(p, t.State), string(t.VehicleID),
		time.Since(t.CreatedAt).Round(time.Second).String(), strconv.Itoa(attempts), stuck, retry, problemOf(t),
	}
}
