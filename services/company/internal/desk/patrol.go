package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

const (
	// patrolEvery is the pause between looks at one location after the other,
	// whatever their number: what another server began, and did not live to end,
	// is found by it.
	patrolEvery = 500 * time.Millisecond
	// surveyBatch is how many locations are looked at at once in a survey.
	surveyBatch = 200
	// recountEvery is how many looks of the patrol there are for one recount, beside those
	// of a survey.
	recountEvery = 20
)

// Survey has every location looked at soon, 400 a second: at the start, when a
// server of the company has gone, and when the store has been recovered.
func (d *Desk) Survey() {
	select {
	case d.survey <- struct{}{}:
	default: // one is due already
	}
}

// patrol looks at the locations, one after the other, until ctx ends.
func (d *Desk) patrol(ctx context.Context) {
	t := time.NewTicker(patrolEvery)
	defer t.Stop()
	next, hurry := 0, len(d.offered.Load().homes)
	for turn := 0; ; turn++ {
		homes := d.offered.Load().homes
		if n := min(max(1, min(hurry, surveyBatch)), len(homes)); n > 0 {
			next %= len(homes)
			some := homes[next:min(next+n, len(homes))]
			if d.look(ctx, some) {
				if hurry > 0 || turn%recountEvery == 0 {
					d.recount(ctx, some)
				}
				next, hurry = next+len(some), max(0, hurry-len(some))
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-d.survey:
			hurry = len(d.offered.Load().homes)
		case <-t.C:
		}
	}
}

// look puts on the agendas what waits at some locations; false when the store
// cannot be asked.
func (d *Desk) look(ctx context.Context, homes []charging.LocationID) bool {
	var asked []charging.Premises
	for _, home := range homes {
		for _, s := range d.offered.Load().at[home] {
			asked = append(asked, charging.Premises{Location: home, EVSEs: s.evses, NoShow: s.Terms.NoShowTimeout})
		}
	}
	if len(asked) == 0 {
		return true
	}
	dues, err := d.o.Calendar.Dues(ctx, asked)
	if err != nil {
		d.trouble(ctx, "look at what is due", err)
		return false
	}
	d.there()
	now := d.o.Now()
	for i, due := range dues {
		home := asked[i].Location
		if !due.Next.IsZero() {
			d.agendas.tidying.when(home, due.Next)
		}
		if due.Notices > 0 {
			d.agendas.posting.at(home, now)
		}
		if !due.Unsettled.IsZero() {
			d.agendas.settling.at(home, due.Unsettled.Add(d.o.SettleAge))
		}
		d.compare(ctx, asked[i], due)
	}
	return true
}

// recount compares the accounts of what is taken with the calendars of some locations.
func (d *Desk) recount(ctx context.Context, homes []charging.LocationID) {
	for _, home := range homes {
		for _, s := range d.offered.Load().at[home] {
			missing, err := d.o.Calendar.Recount(ctx, home, s.evses)
			if err != nil {
				d.trouble(ctx, "recount what is taken at "+string(home), err)
				return
			}
			if missing > 0 {
				d.o.Log(fmt.Sprintf("%d windows of %s were in nobody's account, and are now", missing, home), nil)
			}
		}
	}
}

// there notes that the store answers.
func (d *Desk) there() {
	if d.away.Swap(false) {
		d.o.Log("the store answers again", nil)
	}
}
