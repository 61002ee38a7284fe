package operator

import (
	"context"
	"errors"
	"net/url"
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

func (c commands) bookingsCommand() *cobra.Command {
	q := map[string]*string{}
	limit := 100
	cmd := &cobra.Command{
		Use: "bookings", Short: "List what stands at the company's EVSEs, whoever booked, and end or move one (operator)",
		Long: "List what stands in the calendars of the server's company, by start: holds, bookings and cars at their plugs,\n" +
			"of this company's trips and of others'. End one, and its trip's company is told and its driver asked.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.bookings(cmd.Context(), q, limit) },
	}
	for name, what := range map[string]string{
		"state": "only CLAIMED, PENDING, RESERVED or CHARGING", "location": "only at this location", "evse": "only at this EVSE",
		"of": "only of this vehicle", "origin": "only of trips of this company", "trip": "only of this trip",
	} {
		q[name] = cmd.Flags().String(name, "", what)
	}
	cmd.Flags().IntVar(&limit, "limit", 100, "how many, up to 500")
	end := func(use, short, did string, act func(*client.Driver, context.Context, charging.ReservationID, api.OwnerRequest) (api.Booking, error)) {
		cmd.AddCommand(c.owners(use+" RESERVATION --reason TEXT", short, func(ctx context.Context, server *client.Driver, of string, q api.OwnerRequest) error {
			b, err := act(server, ctx, charging.ReservationID(of), q)
			return c.afterBooking(b, did, err)
		}))
	}
	end("cancel", "End one booking; its driver is asked what to do", "is canceled, and its trip's company is told until it has heard", (*client.Driver).CancelBooking)
	end("release", "End a hold, and nothing that is booked", "is released", (*client.Driver).ReleaseHold)
	minutes := 0
	extend := c.owners("extend RESERVATION --minutes N --reason TEXT", "Give a stop more time, where that is free and its trip allows it", func(ctx context.Context, server *client.Driver, of string, q api.OwnerRequest) error {
		q.Minutes = minutes
		m, err := server.ExtendStay(ctx, charging.ReservationID(of), q)
		return c.afterMove(m, "has more time at that stop", err)
	})
	extend.Flags().IntVar(&minutes, "minutes", 15, "more than now")
	start, stop, evse := "", "", ""
	move := c.owners("move RESERVATION --start T --end T --reason TEXT", "Put a stop at another time or EVSE, where its trip allows it", func(ctx context.Context, server *client.Driver, of string, q api.OwnerRequest) (err error) {
		if q.Start, err = terminal.ParseWhen("start", start, time.Now()); err != nil {
			return err
		}
		if q.End, err = terminal.ParseWhen("end", stop, time.Now()); err != nil {
			return err
		}
		q.EVSEID = charging.EVSEID(evse)
		m, err := server.MoveBooking(ctx, charging.ReservationID(of), q)
		return c.afterMove(m, "has that stop elsewhere now", err)
	})
	move.Flags().StringVar(&start, "start", "", "of the new window: an instant or from now (+2h)")
	move.Flags().StringVar(&stop, "end", "", "of the new window, likewise")
	move.Flags().StringVar(&evse, "evse", "", "another EVSE of the company; the present one when left out")
	cmd.AddCommand(extend, move, &cobra.Command{
		Use: "history RESERVATION", Short: "What the company has seen of a reservation, step by step (operator, or its vehicle)", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.reservationHistory(cmd.Context(), charging.ReservationID(args[0]))
		},
	})
	return cmd
}

// reservationHistory shows a reservation's steps, one a line.
func (c commands) reservationHistory(ctx context.Context, id charging.ReservationID) error {
	server, err := c.AsReader()
	if err != nil {
		return err
	}
	h, err := server.ReservationHistory(ctx, id)
	if err != nil {
		return err
	}
	p := c.Printer()
	if done, err := p.JSON(h); done {
		return err
	}
	var rows [][]string
	for _, s := range h.Steps {
		rows = append(rows, []string{
			strconv.FormatInt(s.Seq, 10), s.At.UTC().Format("15:04:05.000"), string(s.Step), string(s.From), string(s.State), s.By, saidOf(s), s.Request,
		})
	}
	r := h.Reservation
	p.Linef("reservation %s at %s, %s to %s: %s", r.ReservationID, p.Accent(string(r.EVSEID)), terminal.Instant(p, r.Start), terminal.Instant(p, r.End), r.State)
	p.Table([]string{"#", "At (UTC)", "Step", "From", "State", "By", "Why", "Request"}, rows)
	if r.TripID != "" {
		p.Next(c.Next("trips", string(r.TripID), "--history"))
	}
	return nil
}

// saidOf is why a step is as it is, in a word.
func saidOf(s api.ReservationStep) string {
	switch {
	case s.Code != "":
		return string(s.Code)
	case !s.Start.IsZero():
		return s.Start.UTC().Format("02 15:04") + "–" + s.End.UTC().Format("15:04")
	case s.TripID != "":
		return "yielded to trip " + string(s.TripID)
	}
	return show.Clean(string(s.Outcome) + s.Reason)
}

// owners is a command by which an owner does something about one thing, with a reason.
func (c commands) owners(use, short string, do func(ctx context.Context, server *client.Driver, of string, q api.OwnerRequest) error) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason == "" {
				return terminal.Usage(errors.New("--reason: say why, for the audit and for whom it concerns"))
			}
			server, err := c.AsOperator()
			if err != nil {
				return err
			}
			return do(cmd.Context(), server, args[0], api.OwnerRequest{Reason: reason})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the audit and for whom it concerns; required")
	return cmd
}

// afterMove says what became of a stop: of an own trip, or by another company's word.
func (c commands) afterMove(m client.Moved, did string, err error) error {
	if err != nil || m.Booking == nil {
		if m.Trip == nil {
			m.Trip = &trip.Trip{}
		}
		return c.AfterSaga(*m.Trip, did, err)
	}
	return c.afterBooking(*m.Booking, "is what "+string(m.Booking.Origin)+" has made of it, where the trip began", nil)
}

func (c commands) afterBooking(b api.Booking, did string, err error) error {
	if err != nil {
		return err
	}
	p := c.Printer()
	if done, err := p.JSON(b); done {
		return err
	}
	p.Linef("reservation %s at %s, %s to %s, %s", b.ReservationID, p.Accent(string(b.EVSEID)), terminal.Instant(p, b.Start), terminal.Instant(p, b.End), did)
	p.Next(c.Next("bookings"))
	return nil
}

func (c commands) bookings(ctx context.Context, flags map[string]*string, limit int) error {
	server, err := c.AsOperator()
	if err != nil {
		return err
	}
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	for flag, name := range map[string]string{"state": "state", "location": "location", "evse": "evse_id", "of": "vehicle_id", "origin": "origin", "trip": "trip_id"} {
		if v := *flags[flag]; v != "" {
			query.Set(name, v)
		}
	}
	list, more, err := server.Bookings(ctx, query)
	if err != nil {
		return err
	}
	p := c.Printer()
	if list == nil {
		list = []api.Booking{}
	}
	if done, err := p.JSON(list); done {
		return err
	}
	if len(list) == 0 {
		p.Linef("nothing stands in the calendars that is like this")
		p.Next(c.Next("calendar"))
		return nil
	}
	var rows [][]string
	for _, b := range list {
		rows = append(rows, append([]string{string(b.EVSEID)}, bookingRow(p, b)...))
	}
	p.Table(append([]string{"EVSE"}, bookingColumns...), rows)
	if more != "" {
		p.Linef("there are more: --limit, or a filter")
	}
	p.Next(c.Next("bookings", "cancel", string(list[0].ReservationID), "--reason", "…"))
	return nil
}

var bookingColumns = []string{"State", "Start", "End", "Vehicle", "Origin", "Leg", "Left", "Reservation"}

func bookingRow(p show.Printer, b api.Booking) []string {
	left := ""
	if b.TTLMillis > 0 {
		left = (time.Duration(b.TTLMillis) * time.Millisecond).Round(100 * time.Millisecond).String()
	}
	state := p.Good(string(b.State))
	if left != "" {
		state = p.Wait(string(b.State))
	}
	return []string{
		state, terminal.Instant(p, b.Start), terminal.Instant(p, b.End), string(b.VehicleID), string(b.Origin), strconv.Itoa(b.Leg), left, string(b.ReservationID),
	}
}
