package director

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// timings of a scene's companies.
type timings struct {
	hold, call, step, confirm, lease time.Duration
}

// Patient companies let a scene be talked about; hasty ones give up soon; one whose server
// dies is taken over soon.
var (
	patient = timings{hold: 9 * time.Minute, call: 90 * time.Second, step: 5 * time.Minute, confirm: 3 * time.Minute, lease: 100 * time.Second}
	hasty   = timings{hold: 9 * time.Second, call: 1500 * time.Millisecond, step: 3 * time.Second, confirm: 3 * time.Second, lease: 2 * time.Second}
	mortal  = timings{hold: 9 * time.Minute, call: 7 * time.Second, step: 5 * time.Minute, confirm: 3 * time.Minute, lease: 8 * time.Second}
)

func (t timings) flags() []string {
	return []string{
		"--hold-ttl", t.hold.String(), "--call-timeout", t.call.String(), "--step-budget", t.step.String(),
		"--confirm-budget", t.confirm.String(), "--lease", t.lease.String(),
	}
}

// scene is what is played.
type scene struct {
	id      api.Scene
	drivers int
	// at says whom the drivers ask, where it is not the usual order.
	at      []charging.CompanyID
	timings timings
	// live is of a scene about time itself: messages wait for nobody, and are told after.
	live bool
	act  func(context.Context, *play) error
}

func (s scene) companyOf(i int) charging.CompanyID {
	if i < len(s.at) {
		return s.at[i]
	}
	return at[i]
}

var scenes = map[api.Scene]scene{
	api.SceneOnePlug:        {drivers: 2, timings: patient, act: onePlug},
	api.SceneFiveDrivers:    {drivers: 5, timings: patient, act: fiveDrivers},
	api.SceneThirdRefused:   {drivers: 2, at: []charging.CompanyID{"MAR", "CAJ"}, timings: patient, act: thirdRefused},
	api.SceneSilent:         {drivers: 1, timings: hasty, live: true, act: companySilent},
	api.SceneDiesConfirming: {drivers: 1, timings: mortal, act: diesConfirming},
	api.SceneLateCompensate: {drivers: 2, timings: patient, act: lateCompensate},
}

// of matches a driver's message about an EVSE.
func of(d *driver, what string, e charging.EVSEID) match {
	return func(s api.StageStepped) bool { return s.Driver == d.name && s.What == what && s.EVSEID == e }
}

// noted matches what was noted of a driver's trip.
func noted(d *driver, name string) match {
	return func(s api.StageStepped) bool { return s.Driver == d.name && s.Why == name }
}

// mostChoices bounds how often a driver is asked.
const mostChoices = 6

// onePlug: Ana reserved her first stop before Bruno did, and her claim to the plug that
// both want is slow. His arrives first, and hers takes the plug all the same.
func onePlug(ctx context.Context, p *play) error {
	ana, bruno, plug := p.drivers[0], p.drivers[1], p.stops[2]
	slowAna := p.gate.delay(of(ana, "claim", plug.EVSEID))
	slowBruno := p.gate.delay(of(bruno, "confirm", plug.EVSEID))
	err := inOrder(
		func() error { return p.books(ctx, ana, trip.Ask, p.stops...) },
		func() error { return p.gate.await(ctx, noted(ana, "ticket")) },
		func() error { return p.gate.await(ctx, of(ana, "claim", p.stops[1].EVSEID)) },
		func() error { return p.books(ctx, bruno, trip.Ask, p.beside(p.stops[0], "MAR", 0), plug) },
		func() error { return p.gate.await(ctx, of(bruno, "claim", plug.EVSEID)) },
		func() error { slowAna.release(); return p.gate.await(ctx, of(ana, "claim", plug.EVSEID)) },
		func() error { slowBruno.release(); return p.gate.await(ctx, of(bruno, "preempted", plug.EVSEID)) },
		func() error { return p.untilState(ctx, ana, trip.Confirmed) },
		func() error { return p.choosesUntilConfirmed(ctx, bruno) },
	)
	if err != nil {
		return err
	}
	return errors.Join(p.mustHave(ctx, ana, plug), p.mustNotHave(ctx, bruno, plug))
}

// choosesUntilConfirmed takes what is offered first until the driver has a trip.
func (p *play) choosesUntilConfirmed(ctx context.Context, d *driver) error {
	for range mostChoices {
		err := p.until(ctx, d, "asked or confirmed", func(t trip.Trip) bool { return t.State == trip.AwaitingDecision || t.State == trip.Confirmed })
		if err != nil || d.seen().State == trip.Confirmed {
			return err
		}
		asked := d.seen().Decision.ExpiresAt
		if err := p.takesFirst(ctx, d); err != nil {
			return err
		}
		err = p.until(ctx, d, "on its way", func(t trip.Trip) bool { return t.Decision == nil || !t.Decision.ExpiresAt.Equal(asked) })
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("%s was asked %d times, and has no trip", d.name, mostChoices)
}

// fiveDrivers: five want one plug, and the messages arrive in the wrong order, the youngest
// first. Each older one takes it from the younger; the oldest has it.
func fiveDrivers(ctx context.Context, p *play) error {
	plug := p.stops[2]
	var slows, later []*slow
	for i, d := range p.drivers {
		slows = append(slows, p.gate.delay(of(d, "claim", plug.EVSEID)))
		later = append(later, p.gate.delay(of(d, "confirm", plug.EVSEID)))
		first := p.beside(p.stops[0], d.company.id, i/2)
		if err := p.books(ctx, d, trip.Abort, first, plug); err != nil {
			return err
		}
		if err := p.gate.await(ctx, noted(d, "ticket")); err != nil {
			return err
		}
	}
	for i := len(p.drivers) - 1; i >= 0; i-- {
		slows[i].release()
		if err := p.gate.await(ctx, of(p.drivers[i], "claim", plug.EVSEID)); err != nil {
			return err
		}
		if i+1 == len(p.drivers) {
			continue
		}
		later[i+1].release()
		if err := p.untilState(ctx, p.drivers[i+1], trip.Aborted); err != nil {
			return err
		}
	}
	later[0].release()
	if err := p.untilState(ctx, p.drivers[0], trip.Confirmed); err != nil {
		return err
	}
	return p.mustHave(ctx, p.drivers[0], plug)
}

// thirdRefused: the third stop is booked by somebody else, so that nothing is booked.
func thirdRefused(ctx context.Context, p *play) error {
	ana, bruno, plug := p.drivers[0], p.drivers[1], p.stops[2]
	err := inOrder(
		func() error { return p.books(ctx, bruno, trip.Abort, plug) },
		func() error { return p.untilState(ctx, bruno, trip.Confirmed) },
		func() error { return p.books(ctx, ana, trip.Abort, p.stops...) },
		func() error { return p.untilState(ctx, ana, trip.Aborted) },
	)
	if err != nil {
		return err
	}
	return errors.Join(p.mustHave(ctx, bruno, plug), p.nothingLeft(ctx, ana))
}

// companySilent: CAJ holds the third stop, and nothing comes back from it. The trip is
// given up; what CAJ holds lapses by itself.
func companySilent(ctx context.Context, p *play) error {
	ana, plug := p.drivers[0], p.stops[2]
	p.mu.Lock()
	p.losing = of(ana, "claim", plug.EVSEID)
	p.mu.Unlock()
	err := inOrder(
		func() error { return p.books(ctx, ana, trip.Abort, p.stops...) },
		func() error { return p.gate.await(ctx, of(ana, "claim", plug.EVSEID)) },
		func() error { return p.lapses(ctx, ana, plug) },
		func() error { return p.untilState(ctx, ana, trip.Aborted) },
	)
	if err != nil {
		return err
	}
	return p.nothingLeft(ctx, ana)
}

// lapses waits until a hold has ended by itself, and notes it.
func (p *play) lapses(ctx context.Context, d *driver, s api.Stop) error {
	deadline := time.Now().Add(p.scene.timings.hold + 15*time.Second)
	for p.has(ctx, d, s) {
		if time.Now().After(deadline) {
			return fmt.Errorf("what is held for %s at %s has not lapsed", d.name, s.EVSEID)
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	p.gate.note(api.StageStepped{From: string(s.EVSEID.Company()), What: "lapse", Driver: d.name, EVSEID: s.EVSEID, Answer: string(charging.Expired), Why: "lapse"})
	return nil
}

// diesConfirming: MAR's server is killed when one stop of Ana's is confirmed and one is
// not. Started again, it finds her trip in its journal and comes to the end.
func diesConfirming(ctx context.Context, p *play) error {
	ana := p.drivers[0]
	last := p.gate.delay(of(ana, "confirm", p.stops[2].EVSEID))
	err := inOrder(
		func() error { return p.books(ctx, ana, trip.Abort, p.stops...) },
		func() error { return p.gate.await(ctx, of(ana, "confirm", p.stops[1].EVSEID)) },
		func() error { return p.kill(ctx, "MAR") },
		func() error { return p.restart(ctx, "MAR") },
		func() error { last.release(); return p.untilState(ctx, ana, trip.Confirmed) },
	)
	if err != nil {
		return err
	}
	return errors.Join(p.mustHave(ctx, ana, p.stops[0]), p.mustHave(ctx, ana, p.stops[1]), p.mustHave(ctx, ana, p.stops[2]))
}

// lateCompensate: Ana has given her trip back, Bruno has booked her plug, and then a second
// copy of her compensate arrives. It names her reservation, and his stays.
func lateCompensate(ctx context.Context, p *play) error {
	ana, bruno, plug := p.drivers[0], p.drivers[1], p.stops[2]
	p.mu.Lock()
	p.copied = of(ana, "compensate", plug.EVSEID)
	p.mu.Unlock()
	err := inOrder(
		func() error { return p.books(ctx, ana, trip.Abort, p.stops[0], plug) },
		func() error { return p.untilState(ctx, ana, trip.Confirmed) },
		func() error { return p.cancels(ctx, ana) },
		func() error { return p.untilState(ctx, ana, trip.Canceled) },
		func() error { return p.books(ctx, bruno, trip.Abort, plug) },
		func() error { return p.untilState(ctx, bruno, trip.Confirmed) },
		func() error { return p.repeat(ctx) },
	)
	if err != nil {
		return err
	}
	return errors.Join(p.mustHave(ctx, bruno, plug), p.nothingLeft(ctx, ana))
}

func inOrder(acts ...func() error) error {
	for _, act := range acts {
		if err := act(); err != nil {
			return err
		}
	}
	return nil
}

// has tells whether something of the driver's stands where a stop is.
func (p *play) has(ctx context.Context, d *driver, s api.Stop) bool {
	return p.stateAt(ctx, d, s) != ""
}

func (p *play) stateAt(ctx context.Context, d *driver, s api.Stop) charging.State {
	all, err := p.calendars(ctx, s.EVSEID.Company())
	if err != nil {
		return ""
	}
	for _, c := range all {
		for _, e := range p.entries(c) {
			if c.EVSEID == s.EVSEID && e.Driver == d.name && e.Start.Before(s.End) && s.Start.Before(e.End) {
				return e.State
			}
		}
	}
	return ""
}

func (p *play) mustHave(ctx context.Context, d *driver, s api.Stop) error {
	if at := p.stateAt(ctx, d, s); at != charging.Reserved {
		return fmt.Errorf("%s should have %s, and has %q there", d.name, s.EVSEID, at)
	}
	return nil
}

func (p *play) mustNotHave(ctx context.Context, d *driver, s api.Stop) error {
	if at := p.stateAt(ctx, d, s); at != "" {
		return fmt.Errorf("%s should have nothing at %s, and has %s", d.name, s.EVSEID, at)
	}
	return nil
}

func (p *play) nothingLeft(ctx context.Context, d *driver) error {
	var all []error
	for _, s := range p.stops {
		all = append(all, p.mustNotHave(ctx, d, s))
	}
	return errors.Join(all...)
}
