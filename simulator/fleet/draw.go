package fleet

import (
	"fmt"
	"math/rand/v2"
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

// Car is one car as it was drawn: equal for equal seed and index.
type Car struct {
	// Index counts from 0.
	Index int
	Model vehicle.Vehicle
	// Discharge is its tendency to use the battery, at first.
	Discharge carlink.Discharge
	// SoC is the charge at the start of its first journey, 0 … 1.
	SoC     float64
	Journey Journey

	rng *rand.Rand
}

// Journey is where a car wants to go, and how.
type Journey struct {
	From, To  string
	Objective trip.Objective
	Policy    trip.Policy
	// Wait is the civil time from the wish to the departure.
	Wait time.Duration
}

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
	case r.Wait < 0:
		return fmt.Errorf("wait: %s is negative", r.Wait)
	case r.To != "" && r.From == r.To:
		return fmt.Errorf("to: %q is where the journey begins", r.To)
	}
	return nil
}

// play puts what the role fixes over what was drawn. A destination that was
// drawn too near to a given origin is drawn again.
func (r Role) play(c *Car) {
	if m, ok := vehicle.ByID(r.Model); ok {
		c.Model = m
	}
	if r.From != "" {
		c.Journey = journey(c.rng, r.From)
	}
	for r.From == "" && r.To == c.Journey.From { // it was drawn where it is to go
		c.Journey.From = Cities[c.rng.IntN(len(Cities))]
	}
	set(&c.Discharge, r.Discharge)
	set(&c.SoC, r.SoC)
	set(&c.Journey.To, r.To)
	set(&c.Journey.Objective, r.Objective)
	set(&c.Journey.Policy, r.Policy)
	set(&c.Journey.Wait, r.Wait)
}

func set[T comparable](v *T, value T) {
	var zero T
	if value != zero {
		*v = value
	}
}

// Draw gives the first n cars of a seed. A larger fleet of the same seed begins
// with the same cars.
func Draw(seed uint64, n int) []Car {
	cars := make([]Car, n)
	for i := range cars {
		cars[i] = draw(seed, i)
	}
	return cars
}

func draw(seed uint64, i int) Car {
	rng := rand.New(rand.NewPCG(seed, uint64(i)))
	models := vehicle.All()
	c := Car{Index: i, Model: models[rng.IntN(len(models))], rng: rng}
	c.Discharge = tendency(rng)
	c.SoC = 0.55 + 0.45*rng.Float64()
	c.Journey = journey(rng, Cities[rng.IntN(len(Cities))])
	return c
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

// journey draws a destination that is far enough from a city.
func journey(rng *rand.Rand, from string) Journey {
	j := Journey{From: from, Wait: time.Duration(2+rng.IntN(8)) * time.Minute}
	start := point(from)
	for j.To == "" {
		if to := Cities[rng.IntN(len(Cities))]; geo.Distance(start, point(to)) >= minJourney {
			j.To = to
		}
	}
	j.Objective = []trip.Objective{trip.Fastest, trip.Cheapest, trip.FewestStops}[rng.IntN(3)]
	j.Policy = []trip.Policy{trip.Ask, trip.Ask, trip.Replan, trip.Abort}[rng.IntN(4)]
	return j
}

// point of one of Cities.
func point(city string) geo.Point {
	p, err := road.Default().Place(city)
	if err != nil {
		panic(fmt.Sprintf("fleet: %v", err)) // a test looks every city up
	}
	return p.Point
}
