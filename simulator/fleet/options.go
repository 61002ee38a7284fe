package fleet

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
)

// Server is one company's server: where cars log in.
type Server struct {
	// MQTT is the broker: tcp://host:port, ssl://…, ws://… or wss://….
	MQTT string
	// HTTP is the REST address, http://host:port, where cars without a
	// Credential register.
	HTTP string
}

// Options of a fleet. The zero value of a field is its default, if it has one.
type Options struct {
	// Cars and Seed say which fleet; see Draw.
	Cars int
	Seed uint64
	// Odds are how often something does not go by the plan; nil for EverydayOdds.
	Odds *Odds
	// From and To are where first journeys begin and end; empty for Cities.
	From, To []string
	// Over is the civil time over which the wishes for the first journeys come
	// up; 0 for at once, spread over Spread.
	Over time.Duration
	// World is the weather, the closed roads, the places without a network.
	World World
	// Act does to the companies what the World's events Outage and Down say, and
	// undoes it; nil where that cannot be done.
	Act func(ctx context.Context, e Event, begin bool) error
	// Operators are the secrets of the servers' operators, in their order, to look
	// for locks that are left; empty where that is not asked for.
	Operators []string
	// Locations gives the chargers of the federation; nil asks the servers.
	Locations func(ctx context.Context) ([]api.Location, error)
	// Head is how much real time a plan is asked for ahead of the departure, for
	// the answers to come; default 3 s, which is an hour on a clock that runs
	// 1,200 times as fast.
	Head time.Duration
	// Cast fixes what the first cars are and want; the others are drawn.
	Cast []Role
	// Servers are shared out among the cars in turn.
	Servers []Server
	// Credential gives the identity of a car; nil registers it at its server.
	Credential func(ctx context.Context, c Car, s Server) (Identity, error)
	// Journeys of each car; 0 for journeys until the context ends.
	Journeys int
	// Speed is how many civil seconds pass in a real one; default 1.
	Speed float64
	// Now is civil time; nil begins with real time and runs at Speed.
	Now func() time.Time
	// Telemetry is the real time between two reports of a car; default 2 s.
	Telemetry time.Duration
	// Spread is the real time over which cars appear; default 10 ms a car.
	Spread time.Duration
	// Patience is how long a car waits for an answer, and for a decision to be
	// taken over; default 3 min, real time.
	Patience time.Duration
	// Report is told what happens, one at a time; may be nil.
	Report func(Notice)
	// Watch is told every second of real time, and at the end, how the fleet is;
	// may be nil.
	Watch func(Status)
	// Dial makes links; nil for MQTT.
	Dial Dialer
}

// Notice is something that happened to a car.
type Notice struct {
	At     time.Time `json:"at"`
	Car    string    `json:"car"`
	What   Outcome   `json:"event"`
	Detail string    `json:"detail,omitempty"`
}

// withDefaults also checks; nothing has happened when it fails.
func (o Options) withDefaults() (Options, error) {
	switch {
	case o.Cars < 0:
		return o, fmt.Errorf("fleet: %d cars", o.Cars)
	case len(o.Servers) == 0:
		return o, errors.New("fleet: no server to log in at")
	case o.Speed < 0, o.Telemetry < 0, o.Spread < 0, o.Patience < 0, o.Journeys < 0, o.Over < 0, o.Head < 0:
		return o, errors.New("fleet: speed, durations and journeys must not be negative")
	}
	for _, s := range o.Servers {
		if s.MQTT == "" {
			return o, errors.New("fleet: a server without an MQTT address")
		}
		if o.Credential == nil && s.HTTP == "" {
			return o, fmt.Errorf("fleet: cars without credentials register by REST, but the server at %s has no REST address", s.MQTT)
		}
	}
	for i, r := range o.Cast {
		if err := r.Validate(); err != nil {
			return o, fmt.Errorf("fleet: role %d: %w", i+1, err)
		}
	}
	if o.Odds == nil {
		usual := EverydayOdds()
		o.Odds = &usual
	}
	if err := o.Odds.Validate(); err != nil {
		return o, fmt.Errorf("fleet: odds: %w", err)
	}
	o.World.Seed = o.Seed
	def(&o.World.Dead, o.Odds.DeadZone)
	def(&o.Head, 3*time.Second)
	def(&o.Speed, 1)
	def(&o.Telemetry, 2*time.Second)
	def(&o.Spread, time.Duration(o.Cars)*10*time.Millisecond)
	def(&o.Patience, 3*time.Minute)
	if o.Now == nil {
		began, speed := time.Now(), o.Speed
		o.Now = func() time.Time { return began.Add(time.Duration(float64(time.Since(began)) * speed)) }
	}
	if o.Credential == nil {
		o.Credential = Register
	}
	if o.Dial == nil {
		o.Dial = DialMQTT
	}
	return o, nil
}

func def[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// sleep waits for some civil time.
func (o Options) sleep(ctx context.Context, civil time.Duration) error {
	return pause(ctx, time.Duration(float64(civil)/o.Speed))
}

// pause waits for some real time.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// backoff is the wait before the n-th repeat, from 0: it doubles from 250 ms to
// 15 s, less up to half by chance, so that a fleet does not come back as one.
func backoff(n int) time.Duration {
	d := min(250*time.Millisecond<<min(n, 10), 15*time.Second)
	return d/2 + rand.N(d/2+1)
}
