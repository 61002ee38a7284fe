package planner

import (
	"fmt"
	"math"

	"github.com/eletrovia/eletrovia/pkg/trip"
)

// thinnest is the least reserve that is offered: what is left at a back-up, too.
const thinnest = backupSoC

// thinnerStep is how finely reserves are told.
const thinnerStep = 0.01

// thinner are plans for a journey that cannot be made with the reserves that nobody has given:
// one that is thinner at the destination alone, and one that is so on the other arrivals alone;
// where neither would do, one that is so on all. Each goes no lower than it must.
func (p *Planner) thinner(r Request, free Free) (all []trip.ThinnerPlan) {
	most := r
	which := r.Thinner
	r.Thinner, r.Single = Reserves{}, true
	if _, ok := p.withReserves(r, most, which, 0, free, true); !ok {
		return nil
	}
	some := []Reserves{which}
	if which.Arrival && which.Destination {
		some = []Reserves{{Destination: true}, {Arrival: true}}
	}
	for _, one := range some {
		if t, ok := p.thinnest(r, most, one, free); ok {
			all = append(all, t)
		}
	}
	if len(all) == 0 {
		if t, ok := p.thinnest(r, most, which, free); ok {
			all = append(all, t)
		}
	}
	return all
}

// thinnest is the plan with the most of some reserves that leads there.
func (p *Planner) thinnest(r, most Request, which Reserves, free Free) (trip.ThinnerPlan, bool) {
	if _, ok := p.withReserves(r, most, which, 0, free, true); !ok {
		return trip.ThinnerPlan{}, false
	}
	low, high := 0, int(math.Round((max(most.MinArrivalSoC, most.atDestination())-thinnest)/thinnerStep))
	for low < high-1 {
		mid := (low + high) / 2
		if _, ok := p.withReserves(r, most, which, float64(mid)*thinnerStep, free, true); ok {
			low = mid
		} else {
			high = mid
		}
	}
	return p.withReserves(r, most, which, float64(low)*thinnerStep, free, false)
}

// withReserves is the best plan, or a rough one, with some reserves as little as so much above the
// thinnest.
func (p *Planner) withReserves(r, most Request, which Reserves, above float64, free Free, rough bool) (trip.ThinnerPlan, bool) {
	arrival, destination := most.MinArrivalSoC, most.atDestination()
	if which.Arrival {
		arrival = min(arrival, round(thinnest+above, 1/thinnerStep))
	}
	if which.Destination {
		destination = min(destination, round(thinnest+above, 1/thinnerStep))
	}
	r.MinArrivalSoC, r.MinDestinationSoC = arrival, &destination
	s, err := p.newSearch(r, free)
	if err != nil {
		return trip.ThinnerPlan{}, false
	}
	defer p.rooms.Put(s.room)
	find := s.run
	if rough {
		find = s.runRough
	}
	f, ok := find()
	if ok && !rough {
		s.addBackups(&f.plan)
	}
	return trip.ThinnerPlan{Needs: trip.Reserves{MinArrivalSoC: arrival, MinDestinationSoC: destination}, Plan: f.plan}, ok
}

// thin tells which margin would do.
func (e *Infeasible) thin() string {
	if len(e.Thinner) == 0 {
		return ""
	}
	n := e.Thinner[0].Needs
	return fmt.Sprintf("; a plan that keeps %.0f%% on the way and %.0f%% at the destination is in thinner_plans", 100*n.MinArrivalSoC, 100*n.MinDestinationSoC)
}
