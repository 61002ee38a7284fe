package desk

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// TestOlderTripGetsTheStop is the rule as it is stated (docs/priority.md): of two
// trips whose first stops were granted in a known order and that want the same
// later stop, the older one gets it, unless the younger one's was already
// RESERVED.
func TestOlderTripGetsTheStop(t *testing.T) {
	onBothStores(t, theRule)
}

func theRule(t *testing.T, w *world, _ string) {
	w.run(t)
	ids := 0
	kept := map[bool]int{}
	rapid.Check(t, func(rt *rapid.T) {
		c := contest{t: rt, w: w, ids: &ids}
		kept[c.play()]++
	})
	if kept[true] == 0 || kept[false] == 0 {
		t.Errorf("the schedules were all alike: the older got it %d times, the younger %d", kept[true], kept[false])
	}
	t.Logf("the older got it in %d schedules; in %d the younger was RESERVED before", kept[true], kept[false])
}

// contest is two trips that want the same stop.
type contest struct {
	t   *rapid.T
	w   *world
	ids *int
	// trips are the older and the younger one.
	trips [2]*contender
	// asked is all that they ever asked for.
	asked []charging.Ref
}

// contender is a trip that runs claim, reserve, confirm, in this order, and
// begins again with a new id where it was preempted.
type contender struct {
	first, wants charging.HoldRequest
	state        charging.State // of the wanted stop, as last answered
	sent         []func() error // to be repeated, late
	got          bool
}

// play draws a schedule, lets both end, and reports whether the older got it.
func (c *contest) play() bool {
	defer c.clean()
	for i, evse := range []charging.EVSEID{evse2, evseFar} {
		c.trips[i] = c.enter(evse)
	}
	older, younger := c.trips[0], c.trips[1]
	if !charging.Older(c.granted(older), older.first.TripID, c.granted(younger), younger.first.TripID) {
		c.t.Fatalf("the first stops were not granted in order")
	}
	// before is whether the younger's stop was RESERVED when the older first asked.
	before, began := false, false
	for range rapid.IntRange(0, 24).Draw(c.t, "steps") {
		i := rapid.IntRange(0, 1).Draw(c.t, "trip")
		if i == 0 && !began {
			began, before = true, younger.got
		}
		c.step(c.trips[i], rapid.Bool().Draw(c.t, "claims"))
		if rapid.IntRange(0, 3).Draw(c.t, "late") == 0 {
			c.repeat(c.trips[rapid.IntRange(0, 1).Draw(c.t, "whose")])
		}
	}
	if !began {
		before = younger.got
	}
	for range 3 { // what is left of the older's way, undisturbed but for repeats
		c.step(older, true)
		c.repeat(younger)
	}
	for range 3 {
		c.step(younger, false)
	}
	if older.got == younger.got {
		c.t.Fatalf("older %v, younger %v", older.got, younger.got)
	}
	if younger.got != before {
		c.t.Fatalf("the younger has it: %v; it was RESERVED before the older asked: %v", younger.got, before)
	}
	return older.got
}

// enter reserves a first stop, which gives the trip its ticket.
func (c *contest) enter(evse charging.EVSEID) *contender {
	h := c.request(evse)
	h.Leg = 1
	res, err := c.w.Reserve(c.t.Context(), h)
	if err != nil {
		c.t.Fatal(err)
	}
	p := &contender{first: h, wants: c.request(evse1)}
	p.wants.TripID, p.wants.Ticket = h.TripID, res.Ticket
	// Windows that differ, and share an instant.
	p.wants.Start = p.wants.Start.Add(time.Duration(rapid.IntRange(0, 50).Draw(c.t, "start")) * time.Minute)
	p.wants.End = p.wants.Start.Add(time.Duration(rapid.IntRange(60, 120).Draw(c.t, "long")) * time.Minute)
	c.asked = append(c.asked, p.first.Ref, p.wants.Ref)
	return p
}

func (c *contest) request(evse charging.EVSEID) charging.HoldRequest {
	*c.ids++
	h := c.w.request(*c.ids)
	// The whole hour of tomorrow, so that two requests share it whenever they are made.
	h.Start = h.Start.Truncate(time.Hour).Add(2 * time.Hour)
	h.End, h.EVSEID = h.Start.Add(time.Hour), evse
	return h
}

func (c *contest) granted(p *contender) string {
	res, err := c.w.Desk.Reservation(c.t.Context(), p.first.ID, "")
	if err != nil {
		c.t.Fatal(err)
	}
	return res.GrantedAt
}

// step takes a trip one call further on its way to the wanted stop.
func (c *contest) step(p *contender, claims bool) {
	h, ctx := p.wants, c.t.Context()
	switch {
	case p.got:
	case p.state == charging.Pending:
		c.send(p, func() error { _, err := c.w.Confirm(ctx, h.Ref); return err }, charging.Reserved)
	case p.state == "" && claims:
		c.send(p, func() error { _, err := c.w.Claim(ctx, h); return err }, charging.Claimed)
	default:
		c.send(p, func() error { _, err := c.w.Reserve(ctx, h); return err }, charging.Pending)
	}
}

func (c *contest) send(p *contender, call func() error, to charging.State) {
	p.sent = append(p.sent, call)
	err := call()
	switch charging.CodeOf(err) {
	case "":
		if err != nil {
			c.t.Fatal(err)
		}
		p.state, p.got = to, to == charging.Reserved
	case charging.CodePriorityLost, charging.CodeSlotTaken:
		if p == c.trips[0] && charging.CodeOf(err) == charging.CodePriorityLost {
			c.t.Fatalf("the older trip met %v", err)
		}
	case charging.CodeHoldPreempted:
		if p == c.trips[0] {
			c.t.Fatalf("the older trip was preempted: %v", err)
		}
		fresh := c.request(evse1)
		p.wants.ID, p.state = fresh.ID, ""
		c.asked = append(c.asked, p.wants.Ref)
	default:
		c.t.Fatal(err)
	}
}

// repeat sends a call again that a trip once made, as a network does: whatever
// is answered, nobody listens.
func (c *contest) repeat(p *contender) {
	if n := len(p.sent); n > 0 {
		_ = p.sent[rapid.IntRange(0, n-1).Draw(c.t, "which")]()
	}
}

// clean releases all that was ever asked for.
func (c *contest) clean() {
	for _, ref := range c.asked {
		if _, err := c.w.Compensate(context.Background(), ref); err != nil {
			c.t.Errorf("clean up: %v", err)
		}
	}
}
