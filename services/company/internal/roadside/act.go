package roadside

import (
	"context"
	"encoding/json"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/forecast"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

// tries is how many alternatives a replan takes at most.
const tries = 3

// act changes the trip, or proposes to.
func (w *Watch) act(ctx context.Context, c *car, k int, v forecast.Verdict, f forecast.Forecast, s forecast.Stop) {
	c.acted = w.o.Now()
	t, l := *c.trip, c.trip.Legs[k]
	found, err := w.o.Advisor.Onward(ctx, t, l.Leg, planner.Here{
		// Choose by what it may well use: a second change costs more than a margin.
		Point: f.From, At: f.At, SoC: f.SoC, Use: f.Use + f.UseSigma, Pace: f.Pace, Early: v == forecast.Early,
		Ahead: c.passing.ahead(k),
	})
	if err != nil {
		w.o.Warn("nothing could be found for a car that will miss its stop", t.ID, err)
		return
	}
	found = worthwhile(found, l, v)
	if v == forecast.Early && len(found) == 0 {
		return // it waits
	}
	code, detail := words(v, l, f, len(c.passing.ahead(k)))
	d := &trip.Decision{Leg: l.Leg, Code: code, Detail: detail, Alternatives: found, ExpiresAt: w.expires(s)}
	if t.OnConflict == trip.Replan && len(found) > 0 {
		took, stale := w.replan(ctx, c, found)
		if stale {
			w.reread(c)
			return
		}
		if took != nil {
			d.Alternatives = []trip.Alternative{*took}
			d.Detail += "; the stop was changed"
			w.alert(c, t.ID, d)
			return
		}
	}
	if c.said == key(d) && (len(found) == 0 || same(t.Proposal, d)) {
		return
	}
	if !same(t.Proposal, d) && len(found) > 0 {
		if _, err := w.o.Sagas.Propose(ctx, t.ID, d); changed(err) {
			w.reread(c)
			return
		} else if err != nil {
			w.o.Warn("a proposal could not be written", t.ID, err)
			c.acted = time.Time{}
			return
		}
	}
	c.said = key(d)
	w.alert(c, t.ID, d)
}

// worthwhile leaves out what does not help an early car.
func worthwhile(found []trip.Alternative, l trip.Leg, v forecast.Verdict) []trip.Alternative {
	if v != forecast.Early {
		return found
	}
	var kept []trip.Alternative
	for _, a := range found {
		if a.EVSEID == l.EVSEID && a.Start.Before(l.Start.Add(-15*time.Minute)) {
			kept = append(kept, a)
		}
	}
	return kept
}

// expires is when a proposal is of no use any more, in real time.
func (w *Watch) expires(s forecast.Stop) time.Time {
	return time.Now().Add(max(w.o.Until(s.Start.Add(s.NoShow)), 0)).UTC().Truncate(time.Millisecond)
}

// reread lets a car be judged anew, by its trip as it is.
func (w *Watch) reread(c *car) {
	c.acted = time.Time{}
	w.mu.Lock()
	defer w.mu.Unlock()
	c.stale = true
}

// changed reports whether a change was refused because the trip is another than it
// was made for: its car has plugged in meanwhile, or the stop was changed.
func changed(err error) bool {
	switch charging.CodeOf(err) {
	case charging.CodeSessionOpen, charging.CodeSessionEnded, charging.CodeUnknownAlternative:
		return true
	}
	return false
}

// replan takes the best alternative that can be had; nil when none can. stale says
// that they were found for a trip that has changed.
func (w *Watch) replan(ctx context.Context, c *car, found []trip.Alternative) (took *trip.Alternative, stale bool) {
	for _, a := range found[:min(tries, len(found))] {
		_, err := w.o.Sagas.Shift(ctx, c.trip.ID, c.trip.Taking(a))
		if err == nil {
			return &a, false
		}
		if changed(err) {
			return nil, true
		}
		if charging.CodeOf(err) == "" || ctx.Err() != nil {
			w.o.Warn("a stop could not be changed for its car", c.trip.ID, err)
			return nil, false
		}
	}
	return nil, false
}

// calm takes a proposal down once its reason has clearly gone. That another car is
// at the plug is no reason of this car's drive: its company says when that is over.
func (w *Watch) calm(ctx context.Context, c *car, clearly bool) {
	if !clearly {
		c.calm = 0
		return
	}
	c.calm++
	if p := c.trip.Proposal; p == nil || p.Code == charging.CodeEVSEOccupied || c.calm < persist || w.o.Now().Sub(c.since) < lasting {
		return
	}
	if _, err := w.o.Sagas.Propose(ctx, c.trip.ID, nil); err != nil {
		w.o.Warn("a proposal could not be taken down", c.trip.ID, err)
		return
	}
	c.acted, c.said = time.Time{}, ""
}

func (w *Watch) alert(c *car, id charging.TripID, d *trip.Decision) {
	raw, err := json.Marshal(d)
	if err != nil {
		return // plain data: cannot be
	}
	w.o.Alert(c.vehicle, carlink.Alert{At: w.o.Now().UTC(), Code: d.Code, Detail: d.Detail, TripID: id, Leg: d.Leg, Proposal: raw})
}

// same reports whether two proposals say the same to a driver.
func same(a, b *trip.Decision) bool {
	return a != nil && b != nil && key(a) == key(b)
}

func key(d *trip.Decision) string {
	k := string(d.Code)
	if len(d.Alternatives) > 0 {
		k += d.Alternatives[0].ID
	}
	return k
}
