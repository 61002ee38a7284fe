package driver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// selection is the flags of trips.
type selection struct {
	state, trouble, evse, company, id string
	from, until                       string
	limit                             int
	history, watch, all               bool
}

// query is what the flags select. Only usage errors.
func (s selection) query(vehicle string) (q trip.Query, err error) {
	q = trip.Query{
		State: trip.State(s.state), VehicleID: charging.VehicleID(vehicle), Limit: s.limit,
		EVSEID: charging.EVSEID(s.evse), CompanyID: charging.CompanyID(s.company), Trouble: trip.Trouble(s.trouble), Part: strings.ToLower(s.id),
	}
	if q.State != "" && !q.State.Valid() {
		return q, terminal.Usage(fmt.Errorf("--state %q: want one of %v", s.state, trip.States()))
	}
	if q.Trouble != "" && !q.Trouble.Valid() {
		return q, terminal.Usage(fmt.Errorf("--trouble %q: want stuck or retrying", s.trouble))
	}
	for flag, text := range map[string]string{"--from": s.from, "--until": s.until} {
		if text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return q, terminal.Usage(fmt.Errorf("%s %q: want an instant, 2026-01-31T12:00:00Z", flag, text))
		}
		if flag == "--from" {
			q.From = at
		} else {
			q.To = at
		}
	}
	return q, nil
}

func (c commands) tripsCommand() *cobra.Command {
	var s selection
	cmd := &cobra.Command{
		Use: "trips [TRIP]", Short: "List trips, or show one: a vehicle's own, or all of the company (operator)",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return c.oneTrip(cmd.Context(), charging.TripID(args[0]), s.history)
			}
			return c.trips(cmd.Context(), s)
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.state, "state", "", "only trips in this state (CONFIRMED, ABORTED…)")
	f.StringVar(&s.trouble, "trouble", "", "only trips that are stuck, or retrying (operator)")
	f.StringVar(&s.evse, "evse", "", "only trips with a stop at this EVSE")
	f.StringVar(&s.company, "peer", "", "only trips with a stop at this company")
	f.StringVar(&s.from, "from", "", "only trips whose last stop ends after this instant")
	f.StringVar(&s.until, "until", "", "only trips whose first stop begins before this instant")
	f.StringVar(&s.id, "id", "", "only trips with this part in their id, or in a reservation's")
	f.IntVar(&s.limit, "limit", 20, "how many, newest first, up to 500")
	f.BoolVar(&s.all, "all", false, "all of them, however many")
	f.BoolVar(&s.history, "history", false, "with TRIP: the journal of its saga")
	f.BoolVar(&s.watch, "watch", false, "go on showing what changes")
	return cmd
}

func (c commands) trips(ctx context.Context, s selection) error {
	q, err := s.query(c.Vehicle)
	if err != nil {
		return err
	}
	server, err := c.AsReader()
	if err != nil {
		return err
	}
	if s.watch {
		return c.watch(ctx, server, q)
	}
	read := server.TripPage
	if s.all {
		read = terminal.EveryOf(server)
	}
	page, err := read(ctx, q)
	if err != nil {
		return err
	}
	p, ts := c.Printer(), page.Trips
	if ts == nil {
		ts = []trip.Trip{}
	}
	if done, err := p.JSON(ts); done {
		c.tellSilent(page.Silent)
		return err
	}
	defer c.tellSilent(page.Silent)
	if len(ts) == 0 {
		p.Linef("no trip")
		p.Next(c.Next("reserve", `--from "João Pessoa, PB" --to "Feira de Santana, BA"`))
		return nil
	}
	tripTable(p, ts)
	if page.Total > len(ts) {
		p.Linef("%s", p.Dim(fmt.Sprintf("%d of %d; more with --limit", len(ts), page.Total)))
	}
	p.Next(c.Next("trips", string(ts[0].ID)))
	return nil
}

// tellSilent says, beside what was asked for, whose trips are missing in it.
func (c commands) tellSilent(silent []charging.CompanyID) {
	for _, id := range silent {
		_, _ = fmt.Fprintf(c.Err, "%s did not answer: its trips are missing here; ask again, or ask it\n", id)
	}
}

// showKnown shows what the company that was asked has of a trip whose own company is away.
func (c commands) showKnown(err error) error {
	var away *api.Away
	if !errors.As(err, &away) {
		return err
	}
	p, k := c.Printer(), away.Known
	if done, failed := p.JSON(k); done {
		return errors.Join(failed, err)
	}
	since := ""
	if !k.SilentSince.IsZero() {
		since = ", silent since " + terminal.Instant(p, k.SilentSince)
	}
	p.Linef("trip %s began at %s, which cannot be asked now%s; booked here:", show.Clean(string(k.TripID)), show.Clean(string(k.OriginCompany)), since)
	var rows [][]string
	for _, l := range k.Legs {
		rows = append(rows, []string{strconv.Itoa(l.Leg), show.Clean(string(l.EVSEID)), show.Clean(string(l.State)), terminal.Instant(p, l.Start), terminal.Instant(p, l.End), show.Clean(string(l.ReservationID))})
	}
	p.Table([]string{"Leg", "EVSE", "State", "From", "Until", "Reservation"}, rows)
	return err
}

func tripTable(p show.Printer, ts []trip.Trip) {
	var rows [][]string
	for _, t := range ts {
		span := t.Span()
		rows = append(rows, []string{
			string(t.ID), terminal.PaintTrip(p, t.State), string(t.VehicleID), string(t.Origin), strconv.Itoa(len(t.Legs)),
			terminal.Instant(p, span.Start), terminal.Instant(p, span.End), terminal.ProblemOf(t),
		})
	}
	p.Table([]string{"Trip", "State", "Vehicle", "Origin", "Stops", "From", "Until", "Problem"}, rows)
}

func (c commands) oneTrip(ctx context.Context, id charging.TripID, history bool) error {
	server, err := c.AsReader()
	if err != nil {
		return err
	}
	if history {
		return c.history(ctx, server, id)
	}
	t, err := server.Trip(ctx, id, 0)
	if err != nil {
		return c.showKnown(err)
	}
	p := c.Printer()
	if done, err := p.JSON(t); done {
		return err
	}
	showTrip(p, sitesOf(ctx, server), t)
	p.Next(c.Next("trips", string(id), "--history"))
	if t.State == trip.AwaitingDecision || t.State == trip.Confirmed {
		c.nextOf(p, t)
	}
	return nil
}

func (c commands) history(ctx context.Context, server *client.Driver, id charging.TripID) error {
	entries, err := server.History(ctx, id)
	if err != nil {
		return err
	}
	p := c.Printer()
	if done, err := p.JSON(entries); done {
		return err
	}
	var rows [][]string
	for _, e := range entries {
		leg, attempt := "", ""
		if e.Leg > 0 {
			leg = strconv.Itoa(e.Leg)
		}
		if e.Attempt > 0 {
			attempt = strconv.Itoa(e.Attempt)
		}
		rows = append(rows, []string{
			e.At.UTC().Format("15:04:05.000"), string(e.State), e.Step, leg, string(e.CompanyID), attempt,
			e.Answer, fmt.Sprintf("%.1f ms", e.Millis), show.Clean(e.Detail),
		})
	}
	p.Table([]string{"At (UTC)", "State", "Step", "Leg", "Company", "Attempt", "Answer", "Took", "Detail"}, rows)
	p.Next(c.Next("trips", string(id)))
	return nil
}

// watch follows trips until it is interrupted: a table that changes on a
// terminal, a line an event elsewhere.
func (c commands) watch(ctx context.Context, server *client.Driver, q trip.Query) error {
	p := c.Printer()
	refresh := func() error { return nil }
	if p.Mode == show.Fancy {
		refresh = func() error { return c.redraw(ctx, server, p, q) }
	}
	if err := refresh(); err != nil {
		return err
	}
	for e, err := range server.Live(ctx, 0, client.Choice{Types: []trip.EventType{trip.EventTrip}}) {
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%s has ended the stream: is it stopping?", c.Server)
		}
		if err != nil {
			return err
		}
		t, ok := tripOf(e, q)
		if !ok {
			continue
		}
		switch p.Mode {
		case show.JSON:
			raw, _ := json.Marshal(t) // it has just come from JSON
			p.Linef("%s", raw)
		case show.Plain:
			p.Linef("%s\t%s\t%s\t%s\t%s", e.At.UTC().Format(time.RFC3339), t.ID, t.State, t.VehicleID, terminal.ProblemOf(t))
		default:
			if err := refresh(); err != nil {
				return err
			}
		}
	}
	return nil
}

// tripOf is the trip of an event that the query wants.
func tripOf(e trip.Event, q trip.Query) (t trip.Trip, ok bool) {
	if e.Type != trip.EventTrip || json.Unmarshal(e.Data, &t) != nil {
		return t, false
	}
	return t, q.State == "" || t.State == q.State
}

func (c commands) redraw(ctx context.Context, server *client.Driver, p show.Printer, q trip.Query) error {
	ts, total, err := server.Trips(ctx, q)
	if err != nil {
		return err
	}
	p.Linef("\x1b[H\x1b[2J%s   %s", p.Bold("Trips at "+c.Server), p.Dim(fmt.Sprintf("%d in all · Ctrl-C ends", total)))
	tripTable(p, ts)
	return nil
}
