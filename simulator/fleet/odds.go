package fleet

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Odds are how often, of all journeys, something does not go by the plan; each
// is 0 … 1. They change what a seed draws of these things, and nothing else.
type Odds struct {
	Late      float64 // leaves later than it wanted
	Detour    float64 // leaves the way for a while
	BreakDown float64 // does not get on: the journey ends
	GiveUp    float64 // gives up when a stop is lost
	Cancel    float64 // cancels what it has booked
	NoShow    float64 // books and never turns up
	Overstay  float64 // stays plugged in after its window
	Careless  float64 // unplugs with less than it needs
	Refuse    float64 // refuses what the server proposes on the road
	DeadZone  float64 // of the road's length that has no network
	Misbehave float64 // has no manners at the plugs: see Misdeed
}

// EverydayOdds are those of a fleet that is told nothing else.
func EverydayOdds() Odds {
	return Odds{
		Late: 0.10, Detour: 0.05, BreakDown: 0.01, GiveUp: 0.10, Cancel: 0.04, NoShow: 0.02, Overstay: 0.05,
		Careless: 0.01, Refuse: 0.15, DeadZone: 0.04, Misbehave: 0.03,
	}
}

// oneOdds is one of the odds by its name in a scenario.
type oneOdds struct {
	name  string
	value *float64
}

func (o *Odds) all() []oneOdds {
	return []oneOdds{
		{"late", &o.Late},
		{"detour", &o.Detour},
		{"break_down", &o.BreakDown},
		{"give_up", &o.GiveUp},
		{"cancel", &o.Cancel},
		{"no_show", &o.NoShow},
		{"overstay", &o.Overstay},
		{"careless", &o.Careless},
		{"refuse", &o.Refuse},
		{"dead_zone", &o.DeadZone},
		{"misbehave", &o.Misbehave},
	}
}

// Set changes the odds of a name. The error says which names there are.
func (o *Odds) Set(name string, value float64) error {
	var names []string
	for _, f := range o.all() {
		if f.name == name {
			*f.value = value
			return nil
		}
		names = append(names, f.name)
	}
	return fmt.Errorf("%s: there are %s", name, strings.Join(names, ", "))
}

// Validate reports the first of the odds that is no probability, by its name in
// a scenario.
func (o Odds) Validate() error {
	for _, f := range o.all() {
		if v := *f.value; !(v >= 0 && v <= 1) {
			return fmt.Errorf("%s: %v is not from 0 to 1", f.name, v)
		}
	}
	return nil
}

// Quirks are what will not go by the plan on one journey; zero values are what
// does.
type Quirks struct {
	// Late is how much later than planned the car leaves.
	Late time.Duration `json:"late,omitempty"`
	// DetourKm are driven besides, beginning after DetourAt (0 … 1) of the way.
	DetourKm float64 `json:"detour_km,omitempty"`
	DetourAt float64 `json:"detour_at,omitempty"`
	// BreakDownAt is after how much of the way (0 … 1) the car breaks down.
	BreakDownAt float64 `json:"break_down_at,omitempty"`
	GiveUp      bool    `json:"give_up,omitempty"`
	// CancelAt is after how much of the time between booking and departure (0 … 1)
	// the booking is canceled.
	CancelAt float64 `json:"cancel_at,omitempty"`
	NoShow   bool    `json:"no_show,omitempty"`
	// Overstay is how long after the end of its window the car unplugs, at the
	// stop OverstayAt (counted from 0, wrapped around).
	Overstay   time.Duration `json:"overstay,omitempty"`
	OverstayAt int           `json:"overstay_at,omitempty"`
	Careless   bool          `json:"careless,omitempty"`
	Refuse     bool          `json:"refuse,omitempty"`
	// Misdeeds are what is tried at the stops that the car comes to, one after the
	// other; empty for good manners.
	Misdeeds []Misdeed `json:"misdeeds,omitempty"`
}

// misdeeds of a journey at most.
const misdeeds = 6

// draw makes as many draws whatever the odds, so that other odds change nothing
// else.
func (o Odds) draw(rng *rand.Rand) Quirks {
	var q Quirks
	hit := func(odds float64) bool { return rng.Float64() < odds }
	late, detour, at := minutes(3+27*rng.Float64()), 4+16*rng.Float64(), 0.1+0.8*rng.Float64()
	broken, cancel := 0.05+0.9*rng.Float64(), 0.05+0.9*rng.Float64()
	over, stop := minutes(5+35*rng.Float64()), rng.IntN(4)
	if hit(o.Late) {
		q.Late = late
	}
	if hit(o.Detour) {
		q.DetourKm, q.DetourAt = detour, at
	}
	if hit(o.BreakDown) {
		q.BreakDownAt = broken
	}
	q.GiveUp = hit(o.GiveUp)
	if hit(o.Cancel) {
		q.CancelAt = cancel
	}
	q.NoShow = hit(o.NoShow)
	if hit(o.Overstay) {
		q.Overstay, q.OverstayAt = over, stop
	}
	q.Careless, q.Refuse = hit(o.Careless), hit(o.Refuse)
	rude, all := hit(o.Misbehave), Misdeeds()
	for range misdeeds {
		if m := all[rng.IntN(len(all))]; rude {
			q.Misdeeds = append(q.Misdeeds, m)
		}
	}
	return q
}

func minutes(m float64) time.Duration {
	return time.Duration(m * float64(time.Minute)).Round(time.Second)
}
