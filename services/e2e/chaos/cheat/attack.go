package cheat

import (
	"context"
	"math/rand/v2"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

// vehicle for which a cheat books; another one per trip would be as easy.
const vehicle charging.VehicleID = "LUD-GHOST"

// attacker is one of the things that a cheat does at the same time.
type attacker struct {
	c     *Company
	t     Targets
	rng   *rand.Rand
	peers []charging.CompanyID
	mine  *own
	// fits is the first of longest that an EVSE's owner does not find too long.
	fits map[charging.EVSEID]int
}

// own are a cheat's own holds that it renews.
type own struct {
	mu   sync.Mutex
	held []overheard
}

func newTrip() charging.TripID { return charging.TripID(uuid.Must(uuid.NewV7()).String()) }

func newReservation() charging.ReservationID {
	return charging.ReservationID(uuid.Must(uuid.NewV7()).String())
}

// hold asks for a window of one of the cheat's own trips.
func (a *attacker) hold(ctx context.Context, step string, trip charging.TripID, leg int, s history.Slot, ticket string) (overheard, said) {
	o := overheard{id: newReservation(), body: api.HoldBody{
		RefBody: api.RefBody{TripID: trip, Origin: a.c.o.Self, EVSEID: s.EVSE, End: s.Window.End, Epoch: 1, TTLSeconds: charging.MaxHold.Seconds()},
		Leg:     leg, Start: s.Window.Start, VehicleID: charging.VehicleID(string(vehicle) + "-" + string(trip[len(trip)-8:])), Ticket: ticket,
	}}
	got := a.act(ctx, step, o)
	a.c.mu.Lock()
	defer a.c.mu.Unlock()
	switch {
	case got.ok():
		a.c.tally.Granted++
	case got.status != 0:
		a.c.tally.Refused[got.Code]++
	}
	return o, got
}

// act calls an action on a reservation at its EVSE's company, as the cheat.
func (a *attacker) act(ctx context.Context, step string, o overheard) said {
	to := o.body.EVSEID.Company()
	return a.call(ctx, to, a.c.token(to), "POST", "/reservations/"+url.PathEscape(string(o.id))+"/"+step, o.body)
}

// lies are the false stamps that one ticket can bear.
var lies = []func(*attacker, *stamp){
	func(_ *attacker, s *stamp) { s.granted, s.lie = time.UnixMicro(1), "stamp of 1970" },
	func(_ *attacker, s *stamp) { s.granted, s.lie = s.granted.Add(time.Hour), "stamp in the future" },
	func(a *attacker, s *stamp) {
		s.granted, s.lie = s.granted.Add(-charging.TicketLife-time.Minute-time.Duration(a.rng.IntN(600))*time.Second), "stamp beyond its life"
	},
	func(a *attacker, s *stamp) {
		s.granted, s.evse, s.lie = s.granted.Add(-time.Minute), a.slot().EVSE, "stamp of another's EVSE"
	},
	func(a *attacker, s *stamp) {
		s.granted, s.origin, s.lie = s.granted.Add(-time.Minute), a.peer(), "stamp for another company's trip"
	},
	func(a *attacker, s *stamp) {
		s.granted, s.trip, s.lie = s.granted.Add(-time.Minute), a.anothersTrip(), "stamp for another trip"
	},
}

// stamps shows tickets that lie, one after the other, where honest drivers want to go;
// now and then one that was stamped truly and kept, and two for one trip.
func (a *attacker) stamps(ctx context.Context) {
	for ; ctx.Err() == nil; wait(ctx, time.Duration(20+a.rng.IntN(60))*time.Millisecond) {
		switch k := a.rng.IntN(len(lies) + 3); {
		case k < len(lies):
			a.oneLie(ctx, lies[k])
		case k == len(lies):
			a.inStock(ctx)
		default:
			a.twoStamps(ctx)
		}
	}
}

func (a *attacker) oneLie(ctx context.Context, lie func(*attacker, *stamp)) {
	trip := newTrip()
	s := a.c.truth(trip)
	s.expires = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	lie(a, &s)
	a.show(ctx, trip, s)
}

// show claims what honest drivers want with a ticket that lies.
func (a *attacker) show(ctx context.Context, trip charging.TripID, s stamp) {
	text, says := a.c.signed(s)
	a.c.tried(s.lie)
	for range 2 {
		_, got := a.hold(ctx, "claim", trip, 2, a.slot(), text)
		if got.ok() && got.GrantedAt == says {
			a.c.mu.Lock()
			a.c.tally.Believed++
			a.c.mu.Unlock()
		}
	}
}

// inStock shows a ticket as one that was stamped minutes ago and kept: nobody can tell it
// from an honest one.
func (a *attacker) inStock(ctx context.Context) {
	trip := newTrip()
	s := a.c.truth(trip)
	s.granted = s.granted.Add(-time.Duration(a.rng.IntN(8)) * time.Minute)
	s.expires = s.granted.Add(charging.TicketLife)
	text, _ := a.c.signed(s)
	a.c.tried("stamp in stock")
	a.hold(ctx, "claim", trip, 2, a.slot(), text)
}

// twoStamps claims at one EVSE with an honest ticket, and where that was granted with an
// older one of the same trip.
func (a *attacker) twoStamps(ctx context.Context) {
	trip, where := newTrip(), a.slot()
	s := a.c.truth(trip)
	text, says := a.c.signed(s)
	free := where
	free.Window = charging.NewWindow(free.Window.End.Add(48*time.Hour), free.Window.End.Add(48*time.Hour+20*time.Minute))
	if _, got := a.hold(ctx, "claim", trip, 2, free, text); !got.ok() || got.GrantedAt != says {
		return
	}
	s.granted, s.lie = s.granted.Add(-5*time.Minute), "second stamp of a trip"
	text, says = a.c.signed(s)
	a.c.tried(s.lie)
	if _, got := a.hold(ctx, "claim", trip, 3, where, text); got.ok() && got.GrantedAt == says {
		a.c.mu.Lock()
		a.c.tally.Believed++
		a.c.mu.Unlock()
	}
}

// longest windows that are tried, the longest first: owners have their own bounds.
var longest = []time.Duration{24 * time.Hour, 12 * time.Hour, 4 * time.Hour}

// hoard takes whatever it is given, over all EVSEs and windows, and keeps it. Every second
// trip it confirms.
func (a *attacker) hoard(ctx context.Context) {
	for ; ctx.Err() == nil; wait(ctx, time.Duration(2+a.rng.IntN(6))*time.Millisecond) {
		trip := newTrip()
		text, _ := a.c.signed(a.c.truth(trip))
		confirm := a.rng.IntN(2) == 0
		a.c.tried("claims without end")
		for leg := range 4 {
			step := []string{"claim", "reserve"}[a.rng.IntN(2)]
			if confirm {
				step = "reserve"
			}
			o, got := a.longestFree(ctx, step, trip, leg+2, text)
			switch {
			case ctx.Err() != nil:
				return
			case got.Code == "QUOTA_EXCEEDED":
				wait(ctx, 200*time.Millisecond) // its share is full
			case got.ok() && confirm:
				a.confirm(ctx, o)
			case got.ok():
				a.mine.mu.Lock()
				a.mine.held = append(a.mine.held, o)
				a.mine.mu.Unlock()
			}
		}
	}
}

// longestFree asks for a random EVSE and day, for less where so much is refused.
func (a *attacker) longestFree(ctx context.Context, step string, trip charging.TripID, leg int, ticket string) (o overheard, got said) {
	evses := a.t.EVSEs[a.peer()]
	s := history.Slot{EVSE: evses[a.rng.IntN(len(evses))]}
	start := time.Now().Truncate(time.Hour).Add(time.Duration(2+a.rng.IntN(int(a.t.Ahead.Hours())-48)) * time.Hour)
	for k, d := range longest {
		if k < a.fits[s.EVSE] {
			continue
		}
		s.Window = charging.NewWindow(start, start.Add(d))
		o, got = a.hold(ctx, step, trip, leg, s, ticket)
		if got.Code == charging.CodeTicketInvalid { // its clock is not believed there: it needs none to book
			o, got = a.hold(ctx, "reserve", trip, leg, s, "")
		}
		if got.Code == charging.CodeInvalidWindow {
			a.fits[s.EVSE] = min(k+1, len(longest)-1)
		}
		if got.Code != charging.CodeInvalidWindow && got.Code != charging.CodeSlotTaken {
			break
		}
	}
	return o, got
}

func (a *attacker) confirm(ctx context.Context, o overheard) {
	if got := a.act(ctx, "confirm", o); got.ok() && got.State == charging.Reserved {
		a.c.mu.Lock()
		defer a.c.mu.Unlock()
		a.c.tally.Confirmed++
	}
}

// renew keeps all holds alive for ever, as far as it is let.
func (a *attacker) renew(ctx context.Context) {
	for ; ctx.Err() == nil; wait(ctx, 20*time.Millisecond) {
		a.mine.mu.Lock()
		if len(a.mine.held) == 0 {
			a.mine.mu.Unlock()
			continue
		}
		k := a.rng.IntN(len(a.mine.held))
		o := a.mine.held[k]
		a.mine.mu.Unlock()
		if got := a.act(ctx, "renew", o); got.status >= 400 && got.status < 500 {
			a.mine.mu.Lock()
			a.mine.held = slices.DeleteFunc(a.mine.held, func(h overheard) bool { return h.id == o.id })
			a.mine.mu.Unlock()
		}
		a.c.tried("renew")
	}
}

func (a *attacker) peer() charging.CompanyID { return a.peers[a.rng.IntN(len(a.peers))] }

// slot is what honest drivers want now.
func (a *attacker) slot() history.Slot { return a.t.Aim(a.rng) }

// anothersTrip is one that the cheat has heard of, or else one of nobody.
func (a *attacker) anothersTrip() charging.TripID {
	if o, ok := a.overheard(); ok {
		return o.body.TripID
	}
	return newTrip()
}
