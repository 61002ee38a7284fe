package driver

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// choice is the flags of decide.
type choice struct {
	take, stop   string
	leg          int
	wait, giveUp bool
	answers      []string
	follow       time.Duration
}

func (c commands) decideCommand() *cobra.Command {
	var d choice
	cmd := &cobra.Command{
		Use: "decide TRIP", Short: "Answer what a trip asks: take another stop, wait, or let it go",
		Long: "Answer what a trip asks: take another stop, wait, or let it go. A trip may ask about several\n" +
			"stops at once (trips TRIP shows them): --leg says which one is answered, the first when left\n" +
			"out. --give-up with --leg lets that stop go; without it, it cancels the trip as cancel does.\n" +
			"Several questions are answered at once with --answer LEG=WHAT, repeated, where WHAT is the\n" +
			"number or id of an alternative, a stop by hand (EVSE,START,END), wait or give_up.",
		Example: "  eletrovia decide 0197… --take 1 --vehicle EV-0001\n" +
			"  eletrovia decide 0197… --leg 3 --give-up --vehicle EV-0001\n" +
			"  eletrovia decide 0197… --answer 2=1 --answer 3=give_up --vehicle EV-0001",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.decide(cmd.Context(), charging.TripID(args[0]), d)
		},
	}
	f := cmd.Flags()
	f.StringVar(&d.take, "take", "", "alternative to take: its number in the list, or its id")
	f.StringVar(&d.take, "alternative", "", "the same as --take")
	f.StringVar(&d.stop, "stop", "", "another stop by hand: EVSE,START,END")
	f.IntVar(&d.leg, "leg", 0, "leg whose question is answered; the first that is asked when left out")
	f.BoolVar(&d.wait, "wait", false, "wait for the trip ahead to be settled")
	f.BoolVar(&d.giveUp, "give-up", false, "let the stop of --leg go; without --leg, cancel the trip")
	f.StringArrayVar(&d.answers, "answer", nil, "LEG=NUMBER, LEG=ID, LEG=EVSE,START,END, LEG=wait or LEG=give_up; may be repeated")
	f.DurationVar(&d.follow, "follow", time.Minute, "how long to follow the trip afterwards")
	return cmd
}

func (c commands) decide(ctx context.Context, id charging.TripID, d choice) error {
	server, err := c.AsVehicle()
	if err != nil {
		return err
	}
	r, err := d.request(ctx, server, id)
	if err != nil {
		return err
	}
	t, err := server.Decide(ctx, id, r, 0)
	if err != nil {
		return err
	}
	wait, cancel := context.WithTimeout(ctx, d.follow)
	defer cancel()
	t, err = terminal.Follow(wait, server, t, func(trip.Trip) {})
	if err != nil {
		return err
	}
	return c.finish(ctx, server, t)
}

func (d choice) request(ctx context.Context, server *client.Driver, id charging.TripID) (api.DecisionRequest, error) {
	named := 0
	for _, given := range []bool{d.take != "", d.stop != "", d.wait, d.giveUp, len(d.answers) > 0} {
		if given {
			named++
		}
	}
	if named != 1 || len(d.answers) > 0 && d.leg != 0 {
		return api.DecisionRequest{}, terminal.Usage(errors.New("say one of --take N, --stop EVSE,START,END, --wait, --give-up, each with --leg N or without; or --answer LEG=WHAT for several"))
	}
	open := &openTrip{server: server, id: id}
	var r api.DecisionRequest
	for _, a := range d.answers {
		answer, err := parseAnswer(ctx, open, a)
		if err != nil {
			return r, err
		}
		r.Answers = append(r.Answers, answer)
	}
	if len(d.answers) > 0 {
		return r, nil
	}
	a, err := d.single(ctx, open)
	return api.DecisionRequest{Leg: a.Leg, Action: a.Action, AlternativeID: a.AlternativeID, Stop: a.Stop}, err
}

// single is the one answer that the flags give.
func (d choice) single(ctx context.Context, open *openTrip) (api.DecisionAnswer, error) {
	switch {
	case d.wait:
		return api.DecisionAnswer{Leg: d.leg, Action: api.ActionWait}, nil
	case d.giveUp:
		return api.DecisionAnswer{Leg: d.leg, Action: api.ActionGiveUp}, nil
	case d.stop != "":
		return byHand(d.leg, d.stop)
	}
	return open.take(ctx, d.leg, d.take)
}

// parseAnswer reads LEG=WHAT.
func parseAnswer(ctx context.Context, open *openTrip, s string) (api.DecisionAnswer, error) {
	number, what, ok := strings.Cut(s, "=")
	leg, err := strconv.Atoi(number)
	if !ok || err != nil || leg < 1 || what == "" {
		return api.DecisionAnswer{}, terminal.Usage(fmt.Errorf("--answer %q: want LEG=WHAT, like 2=1 or 3=give_up", s))
	}
	switch {
	case what == api.ActionWait, what == api.ActionGiveUp:
		return api.DecisionAnswer{Leg: leg, Action: what}, nil
	case strings.Contains(what, ","):
		return byHand(leg, what)
	}
	return open.take(ctx, leg, what)
}

func byHand(leg int, s string) (api.DecisionAnswer, error) {
	stop, err := parseStop(s)
	stop.Leg = leg
	return api.DecisionAnswer{Leg: leg, Action: api.ActionContinue, Stop: &stop}, err
}

// openTrip reads the trip that is answered, once and only where a number of its
// lists has to be looked up.
type openTrip struct {
	server *client.Driver
	id     charging.TripID
	known  *trip.Trip
}

// take turns a number of a question's list into the id behind it; an id stays.
func (o *openTrip) take(ctx context.Context, leg int, what string) (api.DecisionAnswer, error) {
	a := api.DecisionAnswer{Leg: leg, Action: api.ActionContinue, AlternativeID: what}
	n, err := strconv.Atoi(what)
	if err != nil {
		return a, nil
	}
	if o.known == nil {
		t, err := o.server.Trip(ctx, o.id, 0)
		if err != nil {
			return a, err
		}
		o.known = &t
	}
	for _, q := range asked(*o.known) {
		if leg != 0 && q.Leg != leg {
			continue
		}
		if n < 1 || n > len(q.Alternatives) {
			return a, terminal.Usage(fmt.Errorf("take %d: for stop %d the trip offers %d alternatives", n, q.Leg, len(q.Alternatives)))
		}
		a.AlternativeID = q.Alternatives[n-1].ID
		return a, nil
	}
	about := "nothing"
	if leg != 0 && len(asked(*o.known)) > 0 {
		about = "nothing about stop " + strconv.Itoa(leg)
	}
	return a, &terminal.ExitError{Code: terminal.ExitConflict, Err: fmt.Errorf("trip %s asks %s: it is %s", o.id, about, o.known.State)}
}

// asked are a trip's questions, in the order of the legs.
func asked(t trip.Trip) []trip.Decision {
	if len(t.Decisions) == 0 && t.Decision != nil { // a server that knows one at a time
		return []trip.Decision{*t.Decision}
	}
	return t.Decisions
}
