package cheat

import (
	"context"
	"net/url"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

// farEpoch is beyond all that an originator has seen: it would shut it out.
const farEpoch = 1 << 52

// replay sends on what it has heard of others' stops and trips, as itself and with what
// others have shown to it, and speaks about stops that are not at its EVSEs.
func (a *attacker) replay(ctx context.Context) {
	for ; ctx.Err() == nil; wait(ctx, time.Duration(10+a.rng.IntN(40))*time.Millisecond) {
		o, ok := a.overheard()
		if !ok {
			continue
		}
		switch k := a.rng.IntN(20); {
		case k < 10:
			a.meddle(ctx, o)
		case k < 13:
			a.borrow(ctx, o)
		case k < 16:
			a.askAbout(ctx, o)
		default:
			a.gossip(ctx, o)
		}
	}
}

// overheard draws a request that came here, or a reservation of others elsewhere.
func (a *attacker) overheard() (overheard, bool) {
	h := &a.c.heard
	a.c.mu.Lock()
	defer a.c.mu.Unlock()
	if n := len(h.seen); n > 0 && (len(h.sent) == 0 || a.rng.IntN(3) > 0) {
		r := h.seen[a.rng.IntN(n)]
		return overheard{r.ID, body(r)}, true
	}
	if n := len(h.sent); n > 0 {
		return h.sent[a.rng.IntN(n)], true
	}
	return overheard{}, false
}

var steps = []string{"claim", "reserve", "confirm", "compensate", "renew", "start", "complete"}

// elsewhere is the company of a stop, or any where that is the cheat itself.
func (a *attacker) elsewhere(o overheard) charging.CompanyID {
	if to := o.body.EVSEID.Company(); a.t.URLs[to] != "" {
		return to
	}
	return a.peer()
}

// meddle acts on a stop that is another's: in its name, in the other's, with an epoch that
// shuts its owner out, with a ticket of its own for it.
func (a *attacker) meddle(ctx context.Context, o overheard) {
	to, step := a.elsewhere(o), steps[a.rng.IntN(len(steps))]
	if a.rng.IntN(2) == 0 {
		o.body.Origin = a.c.o.Self
	}
	if a.rng.IntN(3) == 0 {
		o.body.Epoch, o.body.Owner = farEpoch, "cheat"
	}
	if step == "claim" || a.rng.IntN(2) == 0 {
		s := a.c.truth(o.body.TripID)
		if s.origin = o.body.Origin; s.origin != a.c.o.Self {
			s.lie = "stamp for another's stop"
		}
		o.body.Ticket, _ = a.c.signed(s)
	}
	o.body.TTLSeconds = 60
	a.c.tried("replay as itself")
	a.record(history.Meddling{Step: step, To: to, Trip: o.body.TripID, ReservationID: o.id},
		a.call(ctx, to, a.c.token(to), "POST", "/reservations/"+url.PathEscape(string(o.id))+"/"+step, o.body))
}

// borrow shows to one company what another has shown here.
func (a *attacker) borrow(ctx context.Context, o overheard) {
	to, token := a.elsewhere(o), ""
	a.c.mu.Lock()
	for from, shown := range a.c.heard.shown {
		if from != to {
			token = shown
		}
	}
	a.c.mu.Unlock()
	if token == "" {
		return
	}
	step := steps[a.rng.IntN(len(steps))]
	a.c.tried("replay with another's token")
	a.record(history.Meddling{Step: step, To: to, Borrowed: true, Trip: o.body.TripID, ReservationID: o.id},
		a.call(ctx, to, token, "POST", "/reservations/"+url.PathEscape(string(o.id))+"/"+step, o.body))
}

// askAbout asks every originator what became of another's trip.
func (a *attacker) askAbout(ctx context.Context, o overheard) {
	a.c.tried("outcome of another's trip")
	for _, to := range a.peers {
		a.record(history.Meddling{Step: "outcome", To: to, Trip: o.body.TripID, ReservationID: o.id},
			a.call(ctx, to, a.c.token(to), "GET", "/trips/"+string(o.body.TripID)+"/outcome?reservation_id="+url.QueryEscape(string(o.id)), nil))
	}
}

// gossip tells originators what has become of stops: those at its own EVSEs, which it may
// say, and those at others', which it may not.
func (a *attacker) gossip(ctx context.Context, o overheard) {
	n := charging.Notice{TripID: o.body.TripID, ReservationID: o.id, Leg: max(o.body.Leg, 1)}
	what := "changed"
	switch a.rng.IntN(4) {
	case 0:
		what, n.State, n.By = "preempted", charging.Preempted, newTrip()
	case 1:
		n.State = charging.NoShow
	case 2:
		n.State = charging.Charging
	default:
		n.State, n.Reason = charging.Canceled, "POWER_OUTAGE"
	}
	whose := "another's EVSE"
	if o.body.EVSEID.Company() == a.c.o.Self {
		whose = "its own EVSE"
	}
	a.c.tried(what + " about " + whose)
	for _, to := range a.peers {
		got := a.call(ctx, to, a.c.token(to), "POST", "/trips/"+string(n.TripID)+"/"+what, n)
		if whose != "its own EVSE" {
			a.record(history.Meddling{Step: what, To: to, Trip: n.TripID, ReservationID: n.ReservationID}, got)
		}
	}
}

// record keeps what was answered to a call about what is another's.
func (a *attacker) record(m history.Meddling, got said) {
	m.Status, m.Code, m.Outcome = got.status, got.Code, got.Outcome
	a.c.mu.Lock()
	defer a.c.mu.Unlock()
	a.c.did.Meddled = append(a.c.did.Meddled, m)
}
