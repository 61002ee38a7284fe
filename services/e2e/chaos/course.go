package chaos

import (
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/fleet"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

// A course is where drivers meet: a few EVSEs of each company for two hours,
// which all of them want at once, and after some trips the next such place, so
// that contention stays high however long a run is.
type course struct {
	began time.Time
	// started is the run's; fastest is how far the fastest clock is ahead.
	started time.Time
	fastest time.Duration
	evses   map[charging.CompanyID][]charging.EVSEID
	// crowded makes all places so: one EVSE of each company, few windows, and
	// trips that want most of them. Every third is so anyway.
	crowded bool
	// cheat is the company that some trips have a stop at; empty for none.
	cheat charging.CompanyID
	drawn atomic.Int64
}

const (
	tripsAPlace    = 40 // before the drivers move on
	evsesAPlace    = 2  // of each company
	windowsAPlace  = 6  // of windowLength
	crowdedWindows = 4
	windowLength   = 20 * time.Minute
	daySlots       = 50 // places in time, before other EVSEs are taken
	aheadHours     = 6  // so that nothing begins, and everything can be canceled
)

// place is one meeting point.
type place struct {
	crowded bool
	kerb    bool // its windows begin within minutes
	cheat   charging.CompanyID
	kept    int // of ten CONFIRMED trips
	slot    int
	base    time.Time
	evses   map[charging.CompanyID][]charging.EVSEID
}

func (c *course) next() place { return c.at(int(c.drawn.Add(1)) / tripsAPlace) }

func (c *course) here() place { return c.at(int(c.drawn.Load()) / tripsAPlace) }

func (c *course) at(n int) place {
	p := place{crowded: c.crowded || n%3 == 0, cheat: c.cheat, kept: 5, slot: n % daySlots, evses: map[charging.CompanyID][]charging.EVSEID{}}
	p.base = c.began.Add(time.Duration(aheadHours+2*p.slot) * time.Hour)
	evses := evsesAPlace
	if p.crowded {
		p.kept, evses = 1, 1
	}
	for id, all := range c.evses {
		for k := range evses {
			p.evses[id] = append(p.evses[id], all[(n/daySlots*evsesAPlace+k)%len(all)])
		}
	}
	return p
}

func (p place) window(k int) charging.Window {
	length := windowLength
	if p.kerb {
		length = kerbLength
	}
	start := p.base.Add(time.Duration(k) * length)
	return charging.NewWindow(start, start.Add(length))
}

func (p place) evse(rng *rand.Rand) charging.EVSEID {
	all := p.evses[fleet.Companies[rng.IntN(len(fleet.Companies))]]
	return all[rng.IntN(len(all))]
}

// stops of a trip, one to three, in travel order.
func (p place) stops(rng *rand.Rand) []history.Slot {
	windows := rng.Perm(windowsAPlace)[:1+rng.IntN(3)]
	switch {
	case p.kerb:
		windows = kerbWindows(rng)
	case p.crowded:
		windows = rng.Perm(crowdedWindows)[:3]
	}
	slices.Sort(windows)
	cheat := p.cheat != "" && !p.kerb && rng.IntN(6) == 0
	var all []history.Slot
	for _, k := range windows {
		all = append(all, history.Slot{EVSE: p.evse(rng), Window: p.window(k)})
	}
	if cheat {
		k := rng.IntN(len(all))
		all[k].EVSE = p.evses[p.cheat][0]
	}
	return all
}
