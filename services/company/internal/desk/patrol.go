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

// patrol finds out what is due at each location, and counts again what is taken there.
type patrol struct {
	*ground
	display *display
}

// Survey has every location looked at soon, 400 a second: at the start, when a
// server of the company has gone, and when the store has been recovered.
func (d *Desk) Survey() {
	d.ground.agendas.surveyAll()
}

// run looks at the locations, one after the other, until ctx ends.
func (p *patrol) run(ctx context.Context) {
	t := time.NewTicker(patrolEvery)
	defer t.Stop()
	next, hurry := 0, len(p.offered.Load().homes)
	for turn := 0; ; turn++ {
		homes := p.offered.Load().homes
		if n := min(max(1, min(hurry, surveyBatch)), len(homes)); n > 0 {
			next %= len(homes)
			some := homes[next:min(next+n, len(homes))]
			if p.look(ctx, some) {
				if hurry > 0 || turn%recountEvery == 0 {
					p.recount(ctx, some)
				}
				next, hurry = next+len(some), max(0, hurry-len(some))
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-p.agendas.survey:
			hurry = len(p.offered.Load().homes)
		case <-t.C:
		}
	}
}

// look puts on the agendas what waits at some locations; false when the store
// cannot be asked.
func (p *patrol) look(ctx context.Context, homes []charging.LocationID) bool {
	var asked []charging.Premises
	for _, home := range homes {
		for _, s := range p.offered.Load().at[home] {
			asked = append(asked, charging.Premises{Location: home, EVSEs: s.evses, NoShow: s.Terms.NoShowTimeout})
		}
	}
	if len(asked) == 0 {
		return true
	}
	dues, err := p.o.Calendar.Dues(ctx, asked)
	if err != nil {
		p.trouble(ctx, "look at what is due", err)
		return false
	}
	p.there()
	now := p.o.Now()
	for i, due := range dues {
		home := asked[i].Location
		if !due.Next.IsZero() {
			p.agendas.tidying.when(home, due.Next)
		}
		if due.Notices > 0 {
			p.agendas.posting.at(home, now)
		}
		if !due.Unsettled.IsZero() {
			p.agendas.settling.at(home, due.Unsettled.Add(p.o.SettleAge))
		}
		p.display.compare(ctx, asked[i], due)
	}
	return true
}

// recount compares the accounts of what is taken with the calendars of some locations.
func (p *patrol) recount(ctx context.Context, homes []charging.LocationID) {
	for _, home := range homes {
		for _, s := range p.offered.Load().at[home] {
			missing, err := p.o.Calendar.Recount(ctx, home, s.evses)
			if err != nil {
				p.trouble(ctx, "recount what is taken at "+string(home), err)
				return
			}
			if missing > 0 {
				p.o.Log(fmt.Sprintf("%d windows of %s were in nobody's account, and are now", missing, home), nil)
			}
		}
	}
}
