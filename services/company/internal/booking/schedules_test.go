package booking

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// TestRandomSchedules plays random schedules of all that can happen to a booked
// trip, with servers that crash and answers that are lost. Whatever happens: the
// vehicle never has two sessions, every kWh is on exactly one bill, every lost
// stop is asked about until it is answered or over, and the trip ends.
func TestRandomSchedules(t *testing.T) {
	seeds := 120
	if os.Getenv("ELETROVIA_LONG") != "" {
		seeds = 3000
	}
	counts := map[string]int{}
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			d := newDay(t, uint64(seed))
			d.play()
			for what, n := range d.counts {
				counts[what] += n
			}
			if t.Failed() {
				t.Logf("seed %d:\n%s", seed, strings.Join(d.log, "\n"))
			}
		})
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%v", counts)
	for _, what := range []string{"plug", "unplug", "swap", "shift", "cancel", "withdraw", "no-show", "decide", "inventory", "forgotten", "crash", "COMPLETED", "CANCELED"} {
		if counts[what] == 0 {
			t.Errorf("no %s was ever played", what)
		}
	}
}

// day is one trip's day.
type day struct {
	*stage
	rng    *rand.Rand
	began  time.Time
	tune   func(*Options)
	leave  context.CancelFunc
	n      int
	net    *rand.Rand // the network's, which is used by the server's goroutines
	log    []string
	counts map[string]int
	lossy  bool
	// asks are the stops that must be asked about, until when.
	asks map[charging.ReservationID]time.Time
	// told are the figures that cars have named at a stop, bills those that one of
	// them has settled for good.
	told  map[charging.ReservationID][]float64
	bills map[charging.ReservationID]float64
}

// civil is the time on the day's clock: it begins an hour and a half before the
// first window.
func (d *day) civil() time.Time {
	return windowOf(0).Start.Add(-90 * time.Minute).Add(time.Since(d.began))
}

func newDay(t *testing.T, seed uint64) *day {
	d := &day{
		stage: &stage{t: t, w: newWorld(), m: newMemory()}, rng: rand.New(rand.NewPCG(seed, 7)), net: rand.New(rand.NewPCG(seed, 8)), began: time.Now(),
		counts: map[string]int{}, asks: map[charging.ReservationID]time.Time{},
		told: map[charging.ReservationID][]float64{}, bills: map[charging.ReservationID]float64{},
	}
	d.tune = func(o *Options) {
		o.Now = d.civil
		o.HoldTTL, o.Lease, o.Poll = charging.MaxHold, time.Minute, time.Minute // a day of polls takes its time
		o.Until = func(at time.Time) time.Duration { return at.Sub(d.civil()) }
		o.CancelableUntil = func(_ context.Context, l trip.Leg) (time.Time, bool) {
			return charging.Terms{CancelUntil: time.Hour, CancelGrace: 5 * time.Minute}.CancelableUntil(l.Start, l.BookedAt), true
		}
	}
	d.w.fault = d.loses
	d.serve()
	return d
}

// loses is a network on which some answers, and some questions, get lost.
func (d *day) loses(string, int, charging.Ref, int, bool) error {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	if d.lossy && d.net.IntN(12) == 0 {
		return errNetwork
	}
	return nil
}

// serve starts the next server.
func (d *day) serve() {
	if d.c != nil {
		d.c.Kill()
		d.leave()
	}
	d.n++
	d.c = d.server(fmt.Sprint("owner-", d.n), d.tune)
	ctx, cancel := context.WithCancel(d.t.Context())
	d.leave = cancel
	go d.c.Run(ctx)
}

func (d *day) play() {
	policy := []trip.Policy{trip.Ask, trip.Ask, trip.Replan}[d.rng.IntN(3)]
	if got := d.book(policy); got.State != trip.Confirmed {
		d.t.Fatalf("%s", got.State)
	}
	d.lossy = true
	for range 12 + d.rng.IntN(25) {
		if rec := d.record(); !rec.State.Open() || d.t.Failed() {
			break
		}
		d.step()
		time.Sleep(time.Duration(d.rng.IntN(900)) * time.Second)
		d.deliver()
		d.check()
	}
	d.w.set(func() { d.lossy = false })
	d.goOn()
}

// goOn lets the day end, with no faults and no commands any more.
func (d *day) goOn() {
	for range 40 {
		time.Sleep(30 * time.Minute)
		d.w.set(func() {
			for _, s := range d.w.rsv {
				over := d.civil().After(s.Window.End.Add(time.Hour))
				switch {
				case s.State == charging.Charging && over: // the longest stay
					d.w.bill(s, 1, true)
				case s.State == charging.Reserved && over:
					s.State = charging.NoShow
					d.w.tell(s, "")
				}
			}
		})
		d.deliver()
		d.check()
	}
	rec := d.rested()
	d.counts[string(rec.State)]++
	if rec.State.Open() {
		d.t.Errorf("the trip has not ended: %s %v, asks %+v", rec.State, states(rec), rec.Decisions)
	}
	d.agrees(rec)
	d.leave()
	synctest.Wait()
}

// billed asserts that what a car has named is billed once, and then for good. No car
// has named what is billed by an estimate, or by an end with nothing taken.
func (d *day) billed() {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	for id, s := range d.w.rsv {
		before, known := d.bills[id]
		switch {
		case known && (s.State != charging.Fulfilled || s.Session.Estimated || s.Session.EnergyKWh != before):
			d.t.Errorf("%v kWh were billed at %s, which is %s now: %+v", before, s.EVSEID, s.State, s.Session)
		case known || s.State != charging.Fulfilled || s.Session.Estimated:
		case s.Session.EnergyKWh != 0 && !slices.Contains(d.told[id], s.Session.EnergyKWh):
			d.t.Errorf("%v kWh are billed at %s, cars have told %v", s.Session.EnergyKWh, s.EVSEID, d.told[id])
		default:
			d.bills[id] = s.Session.EnergyKWh
		}
	}
}

// check asserts, between two steps, that every lost stop is asked about.
func (d *day) check() {
	d.t.Helper()
	synctest.Wait()
	d.billed()
	rec := d.record()
	if d.w.twice > 0 {
		d.t.Errorf("two sessions at once")
	}
	for id, until := range d.asks {
		k := slices.IndexFunc(rec.Legs, func(l trip.Leg) bool { return l.ReservationID == id })
		switch {
		case k < 0 || !rec.State.Open() || time.Now().After(until):
			delete(d.asks, id)
		case rec.Question(k+1) == nil:
			d.t.Errorf("stop %d is lost (%s) and nobody asks: %+v", k+1, rec.Legs[k].State, rec.Decisions)
		}
	}
	for _, q := range rec.Decisions {
		if id := rec.Legs[q.Leg-1].ReservationID; rec.Legs[q.Leg-1].State.Final() {
			d.asks[id] = q.ExpiresAt.Add(-time.Second)
		}
	}
}

// step does one thing, some in the middle of which the server dies.
func (d *day) step() {
	rec := d.record()
	leg := 1 + d.rng.IntN(len(rec.Legs))
	if at := rec.Charging(); at != nil && d.rng.IntN(2) == 0 {
		leg = at.Leg
	}
	steps := []struct {
		name string
		do   func(ctx context.Context, rec trip.Trip, leg int) error
	}{
		{"plug", d.plug},
		{"plug", d.plug},
		{"plug", d.plug},
		{"unplug", d.unplug},
		{"unplug", d.unplug},
		{"swap", d.swap},
		{"shift", d.shift},
		{"cancel", d.cancel},
		{"withdraw", d.withdraw},
		{"no-show", d.noShow},
		{"decide", d.decide},
		{"decide", d.decide},
		{"restore", d.restore},
		{"inventory", d.inventory},
		{"crash", nil},
	}
	s := steps[d.rng.IntN(len(steps))]
	if s.name == "cancel" && d.rng.IntN(3) > 0 {
		return
	}
	d.counts[s.name]++
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Minute)
	defer cancel()
	if dies := s.do == nil || d.rng.IntN(5) == 0; dies {
		c := d.c
		time.AfterFunc(time.Duration(d.rng.IntN(2000))*time.Microsecond, c.Kill)
		defer d.serve()
	}
	var err error
	if s.do != nil {
		err = s.do(ctx, rec, leg)
	}
	d.log = append(d.log, fmt.Sprintf("%s %s leg %d of %v: %v", d.civil().Format("15:04"), s.name, leg, states(rec), err))
}

// answered takes a stop off those that must be asked about, also where nobody
// knows whether the answer arrived.
func (d *day) answered(rec trip.Trip, leg int, err error) {
	if code := charging.CodeOf(err); err != nil && code != "" && code != charging.CodePeerUnavailable {
		return
	}
	for _, l := range rec.Legs {
		if leg == 0 || l.Leg == leg {
			delete(d.asks, l.ReservationID)
		}
	}
}

func (d *day) plug(ctx context.Context, rec trip.Trip, leg int) error {
	v := visit(rec, leg, 0.2)
	if d.rng.IntN(2) == 0 {
		v.Plug.At = d.civil()
	}
	_, err := d.c.Plug(ctx, testTrip, v)
	return err
}

func (d *day) unplug(ctx context.Context, rec trip.Trip, leg int) error {
	v := visit(rec, leg, 0.8)
	v.Plug.EnergyKWh = kWh(float64(d.rng.IntN(10_000)) / 100)
	d.told[v.ReservationID] = append(d.told[v.ReservationID], *v.Plug.EnergyKWh)
	if d.rng.IntN(2) == 0 {
		v.Plug.At = d.civil()
	}
	_, err := d.c.Unplug(ctx, testTrip, v)
	return err
}

func (d *day) swap(ctx context.Context, rec trip.Trip, leg int) error {
	alts, _ := others{}.Alternatives(ctx, rec, leg)
	_, err := d.c.Shift(ctx, testTrip, rec.Taking(alts[d.rng.IntN(len(alts))]))
	d.answered(rec, leg, err)
	return err
}

func (d *day) shift(ctx context.Context, rec trip.Trip, leg int) error {
	var legs []trip.Leg
	for _, l := range rec.Legs[leg-1:] {
		if by := time.Duration(d.rng.IntN(30)) * time.Minute; l.State == charging.Charging {
			l.End = l.End.Add(by)
		} else {
			l.Start, l.End = l.Start.Add(by), l.End.Add(by)
		}
		legs = append(legs, l)
	}
	_, err := d.c.Shift(ctx, testTrip, legs)
	for _, l := range legs {
		d.answered(rec, l.Leg, err)
	}
	return err
}

func (d *day) cancel(ctx context.Context, rec trip.Trip, _ int) error {
	_, err := d.c.Cancel(ctx, testTrip)
	d.answered(rec, 0, err)
	return err
}

func (d *day) decide(ctx context.Context, rec trip.Trip, _ int) error {
	if len(rec.Decisions) == 0 {
		return errors.New("nothing is asked")
	}
	q := rec.Decisions[d.rng.IntN(len(rec.Decisions))]
	c := Choice{Leg: q.Leg, GiveUp: true}
	if len(q.Alternatives) > 0 && d.rng.IntN(3) > 0 {
		c = Choice{Leg: q.Leg, Take: &q.Alternatives[d.rng.IntN(len(q.Alternatives))]}
	}
	_, err := d.c.Decide(ctx, testTrip, c)
	d.answered(rec, q.Leg, err)
	return err
}

// withdraw takes the EVSE of a stop out of service: a car that charges there gets
// an estimated bill, a coming one is lost.
func (d *day) withdraw(_ context.Context, rec trip.Trip, leg int) error {
	d.w.set(func() {
		s := d.w.rsv[rec.Legs[leg-1].ReservationID]
		d.w.broken[s.EVSEID] = true
		switch s.State {
		case charging.Charging:
			d.w.bill(s, 3, true)
		case charging.Reserved:
			s.State = charging.Canceled
			d.w.tell(s, "BROKEN_CHARGER")
		}
	})
	return nil
}

func (d *day) restore(_ context.Context, rec trip.Trip, leg int) error {
	d.w.set(func() { delete(d.w.broken, rec.Legs[leg-1].EVSEID) })
	return nil
}

// inventory takes the EVSE of a stop, or one beside it, out of its company's
// inventory, or brings it back (docs/adr/0012-inventories-change.md).
func (d *day) inventory(_ context.Context, rec trip.Trip, leg int) error {
	evse := rec.Legs[leg-1].EVSEID
	if d.rng.IntN(3) == 0 {
		alts, _ := others{}.Alternatives(d.t.Context(), rec, leg)
		evse = alts[d.rng.IntN(len(alts))].EVSEID
	}
	d.w.set(func() {
		d.w.left[evse] = !d.w.left[evse]
		if d.w.forgotten(evse) {
			d.counts["forgotten"]++
		}
	})
	return nil
}

func (d *day) noShow(_ context.Context, rec trip.Trip, leg int) error {
	d.w.set(func() {
		if s := d.w.rsv[rec.Legs[leg-1].ReservationID]; s.State == charging.Reserved && d.civil().After(s.Window.Start) {
			s.State = charging.NoShow
			d.w.tell(s, "")
		}
	})
	return nil
}
