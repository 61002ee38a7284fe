package demo

import (
	"context"
	"errors"

	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/services/company/app"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
	"github.com/eletrovia/eletrovia/simulator/fleet"
)

// drive runs the demo's fleet, and waits for the end: of the context, or of a
// server by itself.
func (c commands) drive(ctx context.Context, s stage, clock app.Clock, log zerolog.Logger, servers []*app.App) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for _, a := range servers {
		go func() {
			select {
			case <-ctx.Done():
			case err := <-a.Failed():
				cancel(err)
			}
		}()
	}
	if s.fleet > 0 {
		if err := runFleet(ctx, s, clock, log, servers); err != nil {
			return err
		}
	}
	<-ctx.Done()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// runFleet shares the cars out over the three companies, where they register.
func runFleet(ctx context.Context, s stage, clock app.Clock, log zerolog.Logger, servers []*app.App) error {
	o := fleet.Options{Cars: s.fleet, Seed: 1, Speed: s.speed}
	if play, ok := s.fleetScenario(); ok {
		o = play.Apply(o)
		o.Cars, o.Speed = s.fleet, s.speed
	}
	o.Now = clock.Now
	o.Report = func(e fleet.Notice) {
		log.Info().Str("car", e.Car).Str("event", string(e.What)).Str("detail", e.Detail).Msg("fleet")
	}
	for _, a := range servers {
		o.Servers = append(o.Servers, fleet.Server{MQTT: a.MQTTURL(), HTTP: a.URL()})
		o.Operators = append(o.Operators, terminal.DemoSecret)
	}
	o.Act = o.PowerOutage
	_, err := fleet.Run(ctx, o)
	return err
}
