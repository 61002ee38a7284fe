package fleet

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
)

// Cities are the ends of the fleet's journeys: on BR-101, BR-230, BR-232,
// BR-116 and BR-324 between Natal and Salvador.
var Cities = []string{
	"Natal, RN", "João Pessoa, PB", "Campina Grande, PB", "Patos, PB", "Recife, PE", "Caruaru, PE", "Arcoverde, PE",
	"Maceió, AL", "Aracaju, SE", "Feira de Santana, BA", "Salvador, BA",
}

// minJourney is how far apart, as the crow flies, the ends of a journey are at
// least, in km.
const minJourney = 150

// Car is one car as it was drawn: equal for equal seed, index, odds and role.
type Car struct {
	// Index counts from 0.
	Index int             `json:"index"`
	Model vehicle.Vehicle `json:"model"`
	// Discharge is its tendency to use the battery, to which it comes back.
	Discharge carlink.Discharge `json:"discharge"`

	seed uint64
	odds Odds
	role Role
	ends ends
}

// ends are where journeys can begin and end; empty lists are Cities.
type ends struct{ from, to []string }

func (e ends) draw(rng *rand.Rand, list []string) string {
	if len(list) == 0 {
		list = Cities
	}
	return list[rng.IntN(len(list))]
}

// away draws an end that is far enough from a beginning, if there is one.
func (e ends) away(rng *rand.Rand, from string) string {
	start, to := point(from), ""
	for range 100 {
		if to = e.draw(rng, e.to); geo.Distance(start, point(to)) >= minJourney {
			break
		}
	}
	for n := 0; to == from; n++ {
		to = Cities[(rng.IntN(len(Cities))+n)%len(Cities)]
	}
	return to
}

// Journey is where a car wants to go, how, and what will happen to it on the way.
type Journey struct {
	From      string         `json:"from"`
	To        string         `json:"to"`
	Objective trip.Objective `json:"objective"`
	Policy    trip.Policy    `json:"on_conflict"`
	// Wish is when, within the time over which the fleet's wishes come up, this
	// one does: 0 … 1.
	Wish float64 `json:"wish"`
	// Wait is the civil time from the wish to the departure.
	Wait time.Duration `json:"wait"`
	// SoC is the charge at the departure, 0 … 1.
	SoC    float64 `json:"soc"`
	Quirks Quirks  `json:"quirks"`
	// Stretches are what each stretchKm of the way is like.
	Stretches []Stretch `json:"stretches"`
}

// Stretch is a piece of the way as this car finds it.
type Stretch struct {
	Discharge carlink.Discharge `json:"discharge"`
	// Pace is the share of the road's mean speed that the traffic allows.
	Pace float64 `json:"pace"`
	// Hill is what climbs do to the consumption: 1 on the flat.
	Hill float64 `json:"hill"`
}

const (
	stretchKm = 25
	stretches = 80 // longer ways begin anew
)

// stretch of the way after some km.
func (j Journey) stretch(km float64) Stretch { return j.Stretches[int(km/stretchKm)%len(j.Stretches)] }

// Role is what a scenario fixes of a car; what is zero is drawn.
type Role struct {
	// Model is an id of package vehicle.
	Model     string
	Discharge carlink.Discharge
	SoC       float64
	// From and To are places of package road, "Natal, RN".
	From, To  string
	Objective trip.Objective
	Policy    trip.Policy
	Wait      time.Duration
	// Misdeeds are what it tries at its stops, one after the other; "" is nothing.
	Misdeeds []Misdeed
}

// Validate reports the first thing that cannot be, by its name in a scenario.
func (r Role) Validate() error {
	if _, ok := vehicle.ByID(r.Model); r.Model != "" && !ok {
		return fmt.Errorf("model: %q is not known", r.Model)
	}
	for name, city := range map[string]string{"from": r.From, "to": r.To} {
		if _, err := road.Default().Place(city); city != "" && err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	switch {
	case r.Discharge != "" && !r.Discharge.Valid():
		return fmt.Errorf("discharge: %q is not slow, normal or fast", r.Discharge)
	case !(r.SoC >= 0 && r.SoC <= 1):
		return fmt.Errorf("soc: %v is not between 0 and 1", r.SoC)
	case r.Policy != "" && !r.Policy.Valid():
		return fmt.Errorf("on_conflict: %q is not ask, replan, wait or abort", r.Policy)
	case r.Objective != "" && r.Objective != trip.Fastest && r.Objective != trip.Cheapest && r.Objective != trip.FewestStops:
		return fmt.Errorf("objective: %q is not fastest, cheapest or fewest_stops", r.Objective)
	case slices.ContainsFunc(r.Misdeeds, func(m Misdeed) bool { return m != "" && !slices.Contains(Misdeeds(), m) }):
		return fmt.Errorf("misdeeds: there are %v", Misdeeds())
	case r.Wait < 0:
		return fmt.Errorf("wait: %s is negative", r.Wait)
	case r.To != "" && r.From == r.To:
		return fmt.Errorf("to: %q is where the journey begins", r.To)
	}
	return nil
}

// play puts what the role fixes over what was drawn, for the first journey. A
// destination that was drawn too near to a given origin is drawn again.
func (r Role) play(j *Journey, e ends, rng *rand.Rand) {
	if r.From != "" && r.From != j.From {
		j.From, j.To = r.From, e.away(rng, r.From)
	}
	for r.From == "" && r.To == j.From { // it was drawn where it is to go
		j.From = Cities[rng.IntN(len(Cities))]
	}
	set(&j.To, r.To)
	set(&j.SoC, r.SoC)
	set(&j.Objective, r.Objective)
	set(&j.Policy, r.Policy)
	set(&j.Wait, r.Wait)
	if len(r.Misdeeds) > 0 {
		j.Quirks.Misdeeds = r.Misdeeds
	}
}

func set[T comparable](v *T, value T) {
	var zero T
	if value != zero {
		*v = value
	}
}

// Draw gives the first n cars of a seed, with everyday odds. A larger fleet of
// the same seed begins with the same cars.
func Draw(seed uint64, n int) []Car { return draw(seed, n, EverydayOdds(), nil, ends{}) }

func draw(seed uint64, n int, odds Odds, cast []Role, e ends) []Car {
	cars := make([]Car, n)
	models := vehicle.All()
	for i := range cars {
		rng := stream(seed, i, "car")
		c := Car{Index: i, Model: models[rng.IntN(len(models))], Discharge: tendency(rng), seed: seed, odds: odds, ends: e}
		if i < len(cast) {
			c.role = cast[i]
			if m, ok := vehicle.ByID(c.role.Model); ok {
				c.Model = m
			}
			set(&c.Discharge, c.role.Discharge)
		}
		cars[i] = c
	}
	return cars
}

// Journey is the n-th journey of the car, counted from 0. Each begins where the
// one before was to end.
func (c Car) Journey(n int) Journey {
	rng := stream(c.seed, c.Index, "places")
	j := Journey{From: c.ends.draw(rng, c.ends.from)}
	j.To = c.ends.away(rng, j.From)
	for k := range n + 1 {
		if k > 0 {
			j = Journey{From: j.To, To: ends{}.away(rng, j.To)}
		}
		j.draw(c, k)
		if k == 0 {
			c.role.play(&j, c.ends, stream(c.seed, c.Index, "role"))
		}
	}
	return j
}

// draw fills in all but the places of the n-th journey.
func (j *Journey) draw(c Car, n int) {
	rng := stream(c.seed, c.Index, fmt.Sprintf("journey %d", n))
	j.Objective = []trip.Objective{trip.Fastest, trip.Cheapest, trip.FewestStops}[rng.IntN(3)]
	j.Policy = []trip.Policy{trip.Ask, trip.Ask, trip.Replan, trip.Abort}[rng.IntN(4)]
	j.Wish = rng.Float64()
	j.Wait = minutes(10 + 170*rng.Float64())
	j.SoC = 0.55 + 0.45*rng.Float64()
	j.Quirks = c.odds.draw(stream(c.seed, c.Index, fmt.Sprintf("quirks %d", n)))
	at := c.Discharge
	for range stretches {
		switch n := rng.IntN(100); {
		case n < 12:
			at = tendency(rng)
		case n < 45:
			at = c.Discharge
		}
		s := Stretch{Discharge: at, Pace: 0.93 + 0.12*rng.Float64(), Hill: 0.95 + 0.1*rng.Float64()}
		if jam := rng.Float64(); jam < 0.02 {
			s.Pace = 0.6
		}
		j.Stretches = append(j.Stretches, s)
	}
}

func tendency(rng *rand.Rand) carlink.Discharge {
	switch n := rng.IntN(10); {
	case n < 3:
		return carlink.Slow
	case n < 8:
		return carlink.Normal
	}
	return carlink.Fast
}

// factor is what a tendency does to the consumption.
func factor(d carlink.Discharge) float64 {
	switch d {
	case carlink.Slow:
		return 0.85
	case carlink.Fast:
		return 1.2
	}
	return 1
}

// point of a place that is known to be one.
func point(city string) geo.Point {
	p, err := road.Default().Place(city)
	if err != nil {
		panic(fmt.Sprintf("fleet: %v", err)) // a test looks every city up
	}
	return p.Point
}
