package desk

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Desk is the local company. It is safe for use by many goroutines.
//
// It decides nothing itself: each of its methods stands beside the part that does.
type Desk struct {
	ground *ground

	// What trips ask: holds.go, outcomes.go, plug.go.
	holds    *holds
	outcomes *outcomes
	plugs    *plugs
	tickets  *tickets

	// What is read of it, and what is shown.
	records      *records
	calendars    *calendars
	availability *availability
	display      *display

	// What its owner decides.
	operator *operator

	// What it does by itself.
	patrol  *patrol
	tidying *tidying
	settler *settler
	notices *notices

	// What it does when its store has lost data.
	loss     *dataLoss
	recovery *recovery
}

var (
	_ charging.Company  = (*Desk)(nil)
	_ charging.Sessions = (*Desk)(nil)
	_ charging.Garage   = (*Desk)(nil)
)

// New makes a desk. Run it, so that notices are delivered and trips settled.
func New(o Options) (*Desk, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	g := newGround(o.withDefaults())
	d := &Desk{ground: g, loss: newDataLoss(g), display: &display{ground: g}, outcomes: newOutcomes(g), notices: newNotices(g)}
	ru := &rules{g}
	d.records = &records{g, d.loss}
	d.calendars = &calendars{g, d.loss}
	d.availability = &availability{g, d.loss, ru, d.display}
	d.tickets = newTickets(g, d.records)
	d.holds = &holds{g, d.loss, ru, d.tickets, d.outcomes, d.notices}
	d.plugs = &plugs{g, d.loss, ru, d.display, d.notices}
	d.operator = &operator{g, d.records, d.calendars, d.outcomes, d.notices, d.display}
	d.patrol = &patrol{g, d.display}
	d.tidying = &tidying{g, d.patrol, d.outcomes, d.notices, d.plugs, d.display}
	d.settler = newSettler(d.outcomes, d.patrol)
	d.recovery = &recovery{ground: g, loss: d.loss, outcomes: d.outcomes, plugs: d.plugs}
	return d, nil
}

// withTerms fills in booking terms that the location leaves open.
func withTerms(l charging.Location) charging.Location {
	if l.Terms.MaxAhead == 0 {
		l.Terms.MaxAhead = charging.MaxAhead
	}
	if l.Terms.NoShowTimeout == 0 {
		l.Terms.NoShowTimeout = 30 * time.Minute
	}
	if l.Terms.EarlyPlug == 0 {
		l.Terms.EarlyPlug = 15 * time.Minute
	}
	return l
}
