package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/app"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/serving"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// contention plays two drivers who want the same charger (docs/priority.md),
// slowly enough to watch it in redis-cli and in the event stream:
//
//	somebody has booked Ana's third stop
//	Ana holds stops 1 and 2 and is asked about the third
//	Bruno, later, is refused at Ana's stop 2, holds his third stop and is asked
//	Ana takes Bruno's third stop: she is older; Bruno's hold is PREEMPTED
//	Bruno chooses other stops; both are CONFIRMED
type contention struct {
	c       commands
	p       show.Printer
	step    time.Duration
	now     func() time.Time
	servers []*app.App

	ana, bruno, other cast
}

// cast is one who plays: a driver at a company's server.
type cast struct {
	name    string
	vehicle charging.VehicleID
	server  *client.Driver
	url     string
	trip    trip.Trip
}

func (c commands) playScenario(ctx context.Context, s stage, clock app.Clock, servers []*app.App) error {
	if s.scenario != scenarioContention {
		return nil
	}
	x := &contention{c: c, p: c.Printer(), step: s.step, now: clock.Now, servers: servers}
	for i, who := range []*cast{&x.ana, &x.bruno, &x.other} {
		a := servers[i]
		who.name, who.url = []string{"Ana", "Bruno", "somebody"}[i], a.URL()
		who.vehicle = charging.VehicleID(fmt.Sprintf("EV-%04d", i+1))
		var err error
		who.server, err = client.NewDriver(client.DriverOptions{
			BaseURL: a.URL(), User: string(who.vehicle), Secret: terminal.DemoSecret, HTTP: client.NewHTTP(nil),
		})
		if err != nil {
			return err
		}
	}
	if err := x.play(ctx); err != nil {
		return fmt.Errorf("scenario %s: %w", s.scenario, err)
	}
	return nil
}

func (x *contention) play(ctx context.Context) error {
	x.opening()
	for _, act := range []func(context.Context) error{x.anaIsAsked, x.brunoIsAsked, x.anaGoesFirst, x.brunoGoesOn} {
		if err := x.pause(ctx); err != nil {
			return err
		}
		if err := act(ctx); err != nil {
			return err
		}
	}
	x.ending()
	return nil
}

func (x *contention) pause(ctx context.Context) error {
	t := time.NewTimer(x.step)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

func (x *contention) opening() {
	x.p.Linef("")
	x.p.Linef("%s", x.p.Bold("Two drivers, one charger: João Pessoa → Feira de Santana"))
	x.p.Linef("Ana (%s) books at %s, Bruno (%s) a little later at %s. A step takes %s (--step).",
		x.ana.vehicle, x.servers[0].Company(), x.bruno.vehicle, x.servers[1].Company(), x.step)
	x.p.Linef("watch the locks come and go:  %s", x.locksCommand())
	x.p.Linef("watch what Bruno is told:     curl -N -u %s:%s %s/api/v1/events", x.bruno.vehicle, terminal.DemoSecret, x.bruno.url)
}

func (x *contention) locksCommand() string {
	var ports []string
	for _, a := range x.servers {
		ports = append(ports, serving.PortOf(a.StoreAddr()))
	}
	return fmt.Sprintf("watch -n 0.5 'for p in %s; do redis-cli -p $p --scan --pattern \"lock:*\"; done'", strings.Join(ports, " "))
}

// say is the heading of a step.
func (x *contention) say(n int, format string, a ...any) {
	x.p.Linef("")
	x.p.Linef("%s %s", x.p.Bold(fmt.Sprintf("%d.", n)), fmt.Sprintf(format, a...))
}

// anaIsAsked books Ana's drive, with her last stop taken by somebody: the others
// are held until she has chosen.
func (x *contention) anaIsAsked(ctx context.Context) error {
	plan, err := x.freeDay(ctx)
	if err != nil {
		return err
	}
	last := plan.Stops[len(plan.Stops)-1]
	x.say(1, "Ana plans %d stops. The last, %s, was booked by somebody in the meantime.", len(plan.Stops), last.EVSEID)
	x.ana.trip, err = x.ana.server.CreateTrip(ctx, api.TripRequest{
		VehicleID: x.ana.vehicle, PlanID: plan.ID, OnConflict: trip.Ask, DecisionTimeoutSeconds: 300,
	}, "", 20*time.Second)
	if err != nil {
		return err
	}
	if err := x.ana.asks(); err != nil {
		return err
	}
	x.showTrip(x.ana)
	x.p.Linef("   Her first stop was granted: that moment is her ticket. The other stops stay hers while she chooses.")
	x.showLocks(ctx)
	return nil
}

// freeDay plans Ana's drive on the first day on which nobody of the cast is on
// the road, and books its last stop for somebody.
func (x *contention) freeDay(ctx context.Context) (trip.Plan, error) {
	soc := 0.9
	var refused error
	for day := 1; day <= 6; day++ {
		plans, err := x.ana.server.Plan(ctx, api.PlanRequest{
			Origin: api.Endpoint{City: "João Pessoa, PB"}, Destination: api.Endpoint{City: "Feira de Santana, BA"},
			Vehicle: api.Vehicle{Model: "byd-dolphin"}, SoC: &soc, Departure: x.now().UTC().Truncate(time.Minute).AddDate(0, 0, day), Objective: trip.Fastest,
		})
		if err != nil {
			return trip.Plan{}, err
		}
		if len(plans) == 0 || len(plans[0].Stops) < 3 {
			return trip.Plan{}, errors.New("the drive has fewer than three stops: there is too little to contend for")
		}
		last := plans[0].Stops[len(plans[0].Stops)-1]
		x.other.trip, refused = x.other.server.CreateTrip(ctx, api.TripRequest{
			VehicleID: x.other.vehicle, OnConflict: trip.Abort, Stops: []api.Stop{{EVSEID: last.EVSEID, Start: last.Start, End: last.End}},
		}, "", 20*time.Second)
		if refused == nil && x.other.trip.State == trip.Confirmed {
			return plans[0], nil
		}
	}
	return trip.Plan{}, fmt.Errorf("no day of the next six is free for the cast: start the demo without --data (%w)", refused)
}

// brunoIsAsked lets Bruno want Ana's second stop, and as his last one what will
// be Ana's choice.
func (x *contention) brunoIsAsked(ctx context.Context) error {
	legs, choice := x.ana.trip.Legs, x.ana.trip.Decision.Alternatives[0]
	wanted := legs[len(legs)-2]
	first, err := x.beside(ctx, legs[len(legs)-3])
	if err != nil {
		return err
	}
	x.say(2, "Bruno wants %s, which Ana holds, and then %s.", wanted.EVSEID, choice.EVSEID)
	x.bruno.trip, err = x.bruno.server.CreateTrip(ctx, api.TripRequest{
		VehicleID: x.bruno.vehicle, OnConflict: trip.Ask, DecisionTimeoutSeconds: 300, Stops: []api.Stop{
			first, {EVSEID: wanted.EVSEID, Start: wanted.Start, End: wanted.End}, {EVSEID: choice.EVSEID, Start: choice.Start, End: choice.End},
		},
	}, "", 20*time.Second)
	if err != nil {
		return err
	}
	if err := x.bruno.asks(); err != nil {
		return err
	}
	x.showTrip(x.bruno)
	x.p.Linef("   Ana's ticket is older: %s < %s (µs). Nobody waits for a younger trip, so nobody waits in a circle.",
		x.ana.trip.Ticket.GrantedAt, x.bruno.trip.Ticket.GrantedAt)
	x.showLocks(ctx)
	return nil
}

// beside finds a free EVSE where Ana charges, at the same time.
func (x *contention) beside(ctx context.Context, ana trip.Leg) (api.Stop, error) {
	locations, err := x.bruno.server.Locations(ctx)
	if err != nil {
		return api.Stop{}, err
	}
	for _, l := range locations {
		if !slices.ContainsFunc(l.EVSEs, func(e api.EVSE) bool { return e.EVSEID == ana.EVSEID }) {
			continue
		}
		for _, e := range l.EVSEs {
			free, err := x.bruno.server.Availability(ctx, e.EVSEID, ana.Window())
			if err != nil {
				return api.Stop{}, err
			}
			if len(free.Windows) == 1 && free.Windows[0] == ana.Window() {
				return api.Stop{EVSEID: e.EVSEID, Start: ana.Start, End: ana.End}, nil
			}
		}
	}
	return api.Stop{}, fmt.Errorf("no EVSE beside %s is free for Bruno's first stop", ana.EVSEID)
}

// anaGoesFirst takes what Bruno holds.
func (x *contention) anaGoesFirst(ctx context.Context) error {
	choice := x.ana.trip.Decision.Alternatives[0]
	x.say(3, "Ana decides: %s, which Bruno holds. She is older, so her claim preempts his.", choice.EVSEID)
	if err := x.ana.takes(ctx, choice); err != nil {
		return err
	}
	x.showTrip(x.ana)
	if x.ana.trip.State != trip.Confirmed {
		return fmt.Errorf("trip %s of Ana is %s", x.ana.trip.ID, x.ana.trip.State)
	}
	if err := x.brunoIsTold(ctx); err != nil {
		return err
	}
	x.showLocks(ctx)
	return nil
}

// brunoIsTold waits until Bruno's server has heard what he lost.
func (x *contention) brunoIsTold(ctx context.Context) error {
	lost := func() bool {
		return slices.ContainsFunc(x.bruno.trip.Legs, func(l trip.Leg) bool { return l.State == charging.Preempted })
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for !lost() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("trip %s of Bruno was preempted, and its server does not know: %w", x.bruno.trip.ID, ctx.Err())
		case <-look.C:
		}
		t, err := x.bruno.server.Trip(ctx, x.bruno.trip.ID, 0)
		if err != nil {
			return err
		}
		x.bruno.trip = t
	}
	x.showTrip(x.bruno)
	return nil
}

// mostChoices bounds how often Bruno is asked.
const mostChoices = 6

// brunoGoesOn lets Bruno choose until he has a trip.
func (x *contention) brunoGoesOn(ctx context.Context) error {
	for n := 0; n < mostChoices && x.bruno.trip.State == trip.AwaitingDecision; n++ {
		if n > 0 {
			if err := x.pause(ctx); err != nil {
				return err
			}
		}
		d := x.bruno.trip.Decision
		choice := d.Alternatives[0]
		x.say(4+n, "Bruno goes on: for stop %d he takes %s, %+.0f min.", d.Leg, choice.EVSEID, choice.DeltaMinutes)
		if err := x.bruno.takes(ctx, choice); err != nil {
			return err
		}
		x.showTrip(x.bruno)
	}
	if x.bruno.trip.State != trip.Confirmed {
		return fmt.Errorf("trip %s of Bruno is %s", x.bruno.trip.ID, x.bruno.trip.State)
	}
	x.showLocks(ctx)
	return nil
}

// asks reports an error unless the driver has something to choose from.
func (who cast) asks() error {
	if who.trip.State != trip.AwaitingDecision || who.trip.Decision == nil || len(who.trip.Decision.Alternatives) == 0 {
		return fmt.Errorf("trip %s of %s is %s, with nothing to choose", who.trip.ID, who.name, who.trip.State)
	}
	return nil
}

// takes decides for an alternative and waits for what comes of it.
func (who *cast) takes(ctx context.Context, a trip.Alternative) error {
	_, err := who.server.Decide(ctx, who.trip.ID, api.DecisionRequest{Action: api.ActionContinue, AlternativeID: a.ID}, 20*time.Second)
	if err != nil {
		return err
	}
	who.trip, err = who.server.Trip(ctx, who.trip.ID, 20*time.Second)
	if err == nil && who.trip.State == trip.AwaitingDecision {
		return who.asks()
	}
	return err
}

// showTrip writes a trip's state, its stops, and why it asks.
func (x *contention) showTrip(who cast) {
	x.p.Linef("   %s's trip is %s", who.name, x.p.Accent(string(who.trip.State)))
	for _, l := range who.trip.Legs {
		x.p.Linef("     stop %d  %-16s  %s–%s  %s", l.Leg, l.EVSEID, l.Start.Format("15:04"), l.End.Format("15:04"), x.p.Wait(string(l.State)))
	}
	if d := who.trip.Decision; d != nil {
		x.p.Linef("   asked about stop %d: %s (%s); %d alternatives, until %s",
			d.Leg, show.Clean(d.Detail), d.Code, len(d.Alternatives), d.ExpiresAt.Format("15:04:05"))
	}
}

// showLocks writes the holds in force at every company, as redis-cli shows them.
func (x *contention) showLocks(ctx context.Context) {
	n := 0
	for _, a := range x.servers {
		operator, err := client.NewDriver(client.DriverOptions{BaseURL: a.URL(), User: "operator", Secret: terminal.DemoSecret, HTTP: client.NewHTTP(nil)})
		if err != nil {
			continue
		}
		locks, err := operator.Locks(ctx)
		if err != nil {
			x.p.Linef("   locks of %s cannot be read: %v", a.Company(), err)
			continue
		}
		for _, l := range locks {
			n++
			x.p.Linef("   %s redis-cli -p %s get '%s'", x.p.Dim(string(l.State)+", "+x.whose(l.TripID)+":"), serving.PortOf(a.StoreAddr()), l.Key)
		}
	}
	if n == 0 {
		x.p.Linef("   no lock is left: what is booked stands in the calendars (cal:*)")
	}
}

func (x *contention) whose(id charging.TripID) string {
	for _, who := range []cast{x.ana, x.bruno} {
		if who.trip.ID == id {
			return who.name + "'s"
		}
	}
	return "another trip's"
}

// ending names what to type next.
func (x *contention) ending() {
	x.p.Linef("")
	x.p.Linef("Both drive: Ana with what she wanted, Bruno with other stops. Nothing was sold twice.")
	flags := func(who cast, i int) string {
		return " --vehicle " + string(who.vehicle) + x.c.serverFlag(x.servers[i])
	}
	x.p.Next(
		x.c.Program+" trips "+string(x.bruno.trip.ID)+" --history"+flags(x.bruno, 1),
		x.c.Program+" trips "+string(x.ana.trip.ID)+" --history"+flags(x.ana, 0))
}
