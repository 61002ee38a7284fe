package store_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Whatever cars, drivers, operators and the clock do at one EVSE, in any order: never
// two cars at its plug, no session that ends without a bill, every kWh that was told on
// exactly one bill, and a calendar that is disjoint.
func TestSessionsOnOneEVSE(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, e *env) {
				d := &dice{env: e, Rand: rand.New(rand.NewPCG(seed, 11)), bills: map[charging.ReservationID]float64{}, was: map[charging.ReservationID]charging.Reservation{}}
				e.civil.set(e.tomorrow())
				steps := 400
				if !e.real {
					steps = 120 // miniredis is slow
				}
				for range steps {
					d.step(t)
					d.judge(t, d.all[max(0, len(d.all)-12):])
					if t.Failed() {
						t.Fatalf("after %q", d.did)
					}
				}
				d.judge(t, d.all)
				if d.sessions < steps/100 {
					t.Errorf("%d sessions only: this shows nothing", d.sessions)
				}
			})
		})
	}
}

// dice throws what happens next.
type dice struct {
	*env
	*rand.Rand
	all      []charging.Hold
	moves    int64
	bills    map[charging.ReservationID]float64 // by a car's word, for good
	was      map[charging.ReservationID]charging.Reservation
	sessions int
	did      []string
}

func (d *dice) step(t *testing.T) {
	ctx := t.Context()
	if len(d.all) == 0 || d.IntN(4) == 0 {
		d.book(t)
		return
	}
	h := d.someone()
	terms := within(testEarly, testNoShow)
	var err error
	did := ""
	switch n := d.IntN(24); {
	case n < 8:
		did = "plug"
		if _, err = d.Start(ctx, at(h), charging.Arrival{PlannedKWh: float64(d.IntN(30)), At: d.civil.now().Add(time.Duration(d.IntN(40)-30) * time.Minute)}, terms); err == nil && d.IntN(4) > 0 {
			_, err = d.Answered(ctx, at(h))
		}
	case n < 11:
		did = "unplug"
		err = d.unplug(t, h)
	case n < 14:
		did = "move"
		d.moves++
		to := charging.NewWindow(h.Start, h.End.Add(time.Duration(d.IntN(20)-5)*time.Minute))
		if d.IntN(2) == 0 {
			to.Start = to.Start.Add(5 * time.Minute)
		}
		_, err = d.Move(ctx, at(h), charging.Move{Ref: h.Ref, Seq: d.moves, To: to}, testNoShow)
	case n < 15:
		did = "compensate"
		_, err = d.Compensate(ctx, at(h))
	case n < 16:
		did = "back"
		_, err = d.Back(ctx, at(h))
	case n < 17:
		did = "withdraw"
		_, err = d.Withdraw(ctx, site, plug, []string{"BROKEN_CHARGER", "", "", ""}[d.IntN(4)], testMeter)
	case n < 19:
		did = "tidy"
		d.tidy(t)
	default:
		did = "wait"
		d.civil.advance(time.Duration(d.IntN(20)) * time.Minute)
	}
	if err != nil && charging.CodeOf(err) == "" {
		t.Fatal(err)
	}
	d.did = append(d.did, did+" "+string(h.ID)[24:]+" "+string(charging.CodeOf(err)))
}

// someone is a late one's hold, mostly one whose window is about now.
func (d *dice) someone() charging.Hold {
	h := d.all[max(0, len(d.all)-1-d.IntN(6))]
	for range 4 {
		if now := d.civil.now(); now.After(h.Start.Add(-testEarly)) && now.Before(h.End.Add(testNoShow)) {
			break
		}
		h = d.all[max(0, len(d.all)-1-d.IntN(12))]
	}
	return h
}

// book takes one of the next windows, where it is free; the EVSE is in service again.
func (d *dice) book(t *testing.T) {
	h := d.hold(0, pending)
	h.Start = d.civil.now().Truncate(time.Minute).Add(time.Duration(1+d.IntN(40)) * time.Minute)
	h.End = h.Start.Add(time.Duration(10+d.IntN(30)) * time.Minute)
	if _, err := d.Withdraw(t.Context(), site, plug, "", testMeter); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Hold(t.Context(), h); err != nil {
		return
	}
	if _, err := d.Confirm(t.Context(), at(h)); err != nil {
		t.Fatal(err)
	}
	d.all = append(d.all, h)
	d.did = append(d.did, "book "+string(h.ID)[24:])
}

func (d *dice) unplug(t *testing.T, h charging.Hold) error {
	m := testMeter
	m.EnergyKWh = float64(d.IntN(20))
	r, err := d.Complete(t.Context(), at(h), m)
	if err != nil {
		return err
	}
	billed, before := d.bills[h.ID]
	if r.Replay != before || before && r.Session.EnergyKWh != billed {
		t.Errorf("billed %v before (%t), now %+v", billed, before, r.Session)
	}
	if r.Session.EnergyKWh > m.EnergyKWh && !before {
		t.Errorf("%v kWh were told, %v billed", m.EnergyKWh, r.Session.EnergyKWh)
	}
	d.bills[h.ID] = r.Session.EnergyKWh
	return nil
}

// judge looks at records.
func (d *dice) judge(t *testing.T, some []charging.Hold) {
	there := 0
	for _, h := range some {
		r, was := d.read(t, h), d.was[h.ID]
		d.was[h.ID] = r
		if r.State == charging.Charging {
			if there++; was.State != charging.Charging {
				d.sessions++
			}
		}
		billed, told := d.bills[h.ID]
		switch over := r.Session.Over(); {
		case was.State == charging.Charging && r.State != charging.Charging && r.State != charging.Fulfilled && !was.Open:
			t.Errorf("a session became %s", r.State)
		case (r.State == charging.Fulfilled) != over:
			t.Errorf("%s with the session %+v", r.State, r.Session)
		case told && (r.Session == nil || r.Session.Estimated || r.Session.EnergyKWh != billed):
			t.Errorf("%v kWh are billed as %+v", billed, r.Session)
		case over && !told && !r.Session.Estimated:
			t.Errorf("no car has told of the bill %+v", r.Session)
		}
	}
	if there > 1 {
		t.Errorf("%d cars at one plug", there)
	}
	d.disjoint(t)
}

func (d *dice) disjoint(t *testing.T) {
	end := 0.0
	for _, z := range d.raw.ZRangeWithScores(t.Context(), d.calKey(), 0, -1).Val() {
		var stop float64
		if _, err := fmt.Sscanf(z.Member.(string)[2:], "%f|", &stop); err != nil || z.Score < end || stop < z.Score {
			t.Errorf("the entry %v at %v overlaps one that ends at %v (%v)", z.Member, z.Score, end, err)
		}
		end = stop
	}
}
