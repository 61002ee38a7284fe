package desk

import (
	"context"
	"sync/atomic"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// ground is what all parts of a desk stand on: its options, what it offers, what is to
// be looked at when, and how it reports what has happened.
type ground struct {
	o Options
	// offered is replaced as a whole by Reload.
	offered atomic.Pointer[offer]
	agendas agendas
	// away is true while the background has found the store away.
	away atomic.Bool
}

func newGround(o Options) *ground {
	g := &ground{o: o, agendas: agendas{survey: make(chan struct{}, 1)}}
	g.o.Calendar = dated{o.Calendar, g}
	g.offered.Store(newOffer(o.inventory()))
	return g
}

// site of an EVSE, also of one that has left. INVALID_FIELD, UNKNOWN_EVSE.
func (g *ground) site(id charging.EVSEID) (*site, error) {
	if s := g.offered.Load().sites[id]; s != nil {
		return s, nil
	}
	if err := id.Validate(); err != nil {
		return nil, err
	}
	return nil, charging.Refuse(charging.CodeUnknownEVSE, string(id)+" is no EVSE of "+string(g.o.Company)+"; see its locations")
}

// changed reports an action that did something.
func (g *ground) changed(res charging.Reservation, err error) (charging.Reservation, error) {
	if err == nil && !res.Replay {
		g.o.OnChange(res)
	}
	return res, err
}

// lost reports a stop that its trip has lost here.
func (g *ground) lost(v charging.OutboundNotice, evse charging.EVSEID) {
	g.o.OnChange(charging.Reservation{
		ID: v.ReservationID, TripID: v.TripID, Origin: v.Origin, Leg: v.Leg, EVSEID: evse, State: v.State, Reason: v.Reason,
	})
}

// trouble logs an error that is not just the end of the server. A store that is
// away is news once.
func (g *ground) trouble(ctx context.Context, what string, err error) {
	if ctx.Err() != nil || charging.CodeOf(err) == charging.CodeStoreUnavailable && g.away.Swap(true) {
		return
	}
	g.o.Log(what, err)
}

// there notes that the store answers.
func (g *ground) there() {
	if g.away.Swap(false) {
		g.o.Log("the store answers again", nil)
	}
}
