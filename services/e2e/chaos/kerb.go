package chaos

import (
	"math/rand/v2"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// A kerb is a place whose windows begin so soon that cars can plug in at once:
// within the early_plug_minutes of the companies that come with the program, by
// the clock of each.
const (
	kerbEvery  = 6 * time.Second // then the drivers move on to other EVSEs
	kerbAhead  = 90 * time.Second
	kerbLength = charging.MinWindow
)

// kerb is the place of this moment. Its windows begin by the clock that is the
// farthest ahead.
func (c *course) kerb(now time.Time) place {
	n := int(now.Sub(c.started) / kerbEvery)
	p := place{
		kerb: true, kept: 10, slot: -1 - n, evses: map[charging.CompanyID][]charging.EVSEID{},
		base: now.Add(kerbAhead + c.fastest).UTC().Truncate(kerbEvery),
	}
	for id, all := range c.evses {
		p.evses[id] = []charging.EVSEID{all[n%len(all)]}
	}
	return p
}

// kerbWindows are one or two, one after the other.
func kerbWindows(rng *rand.Rand) []int {
	switch k := rng.IntN(10); {
	case k < 6:
		return []int{0}
	case k < 8:
		return []int{0, 1}
	}
	return []int{1}
}
