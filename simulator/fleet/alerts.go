package fleet

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// heed takes what the server proposes on the road, if the driver is of that kind.
// It is true where the stops have changed.
func (d *driver) heed(ctx context.Context) bool {
	teller, ok := d.link.(Teller)
	if !ok {
		return false
	}
	changed := false
	for _, a := range teller.Alerts() {
		d.report(Alerted, "%s: %s", a.Code, a.Detail)
		if len(a.Proposal) == 0 || a.TripID != d.t.ID || d.t.ID == "" || d.dark {
			continue
		}
		if d.j.Quirks.Refuse {
			d.report(Declined, "%s", a.Detail)
			continue
		}
		changed = d.accept(ctx, a) || changed
	}
	return changed
}

// accept takes the best of what was proposed.
func (d *driver) accept(ctx context.Context, a carlink.Alert) bool {
	var p trip.Decision
	if json.Unmarshal(a.Proposal, &p) != nil || len(p.Alternatives) == 0 {
		return false
	}
	body := map[string]string{"action": "continue", "alternative_id": p.Alternatives[0].ID}
	var t trip.Trip
	err, ok := d.ask(ctx, carlink.ActionDecision, d.t.ID, body, &t)
	switch {
	case ok && (errors.Is(err, charging.CodeNotAwaitingDecision) || errors.Is(err, charging.CodeUnknownAlternative)):
		return false // taken down, or taken, in the meantime
	case !ok || err != nil:
		d.report(Failed, "taking what was proposed: %v", err)
		return false
	}
	d.report(Accepted, "stop %d: %s", a.Leg, a.Detail)
	d.t = t
	return true
}
