package planner_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

// walker drives a trip with its own arithmetic, place by place.
type walker struct {
	at    time.Time
	soc   float64
	here  geo.Point
	wrong []string
}

// driveBy walks over stops and the places between them: each window is used in full.
func driveBy(t *testing.T, r planner.Request, by []trip.Waypoint, legs []trip.Leg) *walker {
	t.Helper()
	w := &walker{at: r.Departure, soc: r.SoC, here: r.Origin}
	pass := func(stops int) {
		for _, p := range by {
			if p.AfterLeg == stops {
				w.drive(t, r, p.Point)
				w.at = w.at.Add(time.Duration(p.StayMinutes * float64(time.Minute)))
			}
		}
	}
	for i, l := range legs {
		pass(i)
		site := siteOf(t, l.EVSEID)
		w.drive(t, r, site.Point)
		if l.Start.Before(w.at.Truncate(time.Second)) {
			w.wrong = append(w.wrong, fmt.Sprintf("leg %d starts at %v, the car comes at %v", l.Leg, l.Start, w.at))
		}
		w.soc = chargeFor(t, r.Vehicle, site, trip.PlanStop{EVSEID: l.EVSEID, Start: l.Start, End: l.End}, w.soc)
		w.at = l.End
	}
	pass(len(legs))
	w.drive(t, r, r.Destination)
	return w
}

func (w *walker) drive(t *testing.T, r planner.Request, to geo.Point) {
	t.Helper()
	way, err := road.Default().Route(w.here, to)
	if err != nil {
		t.Fatal(err)
	}
	w.at, w.here = w.at.Add(way.Drive), to
	if w.soc -= r.Vehicle.SoCFor(way.Km, way.Kmh()); w.soc < r.MinArrivalSoC-0.002 {
		w.wrong = append(w.wrong, fmt.Sprintf("arrives with %.3f, below the reserve", w.soc))
	}
}

// byWay is the mission, booked by way of a place.
func byWay(t *testing.T, place string, stay time.Duration) (planner.Request, trip.Plan, trip.Trip) {
	t.Helper()
	r := mission(t)
	r.Single, r.Via = true, []planner.Via{{Point: at(t, place), Stay: stay}}
	plan := missionPlan(t, demo(), r, nil)
	return r, plan, booked(plan, &r)
}

// straightOn is a trip that does not remember what it passes: as trips were judged before.
func straightOn(tr trip.Trip) trip.Trip {
	j := *tr.Saga.Journey
	j.Via = nil
	tr.Saga = &trip.Saga{Journey: &j}
	return tr
}

// TestAlternativesReachByWhatIsPassed: shows an alternative from which, or to which, the battery does not last by a place
// off the way. By the direct drive such ones are offered.
func TestAlternativesReachByWhatIsPassed(t *testing.T) {
	p, amiss := demo(), 0
	for _, place := range []string{"Caruaru, PE", "Garanhuns, PE", "Itabaiana, SE", "Palmeira dos Índios, AL"} {
		r, _, tr := byWay(t, place, 30*time.Minute)
		for leg := 1; leg <= len(tr.Legs); leg++ {
			for _, a := range alternatives(t, p, straightOn(tr), leg, taken(tr.Legs)) {
				amiss += min(len(driveBy(t, r, tr.Saga.Journey.Via, replaced(tr, a)).wrong), 1)
			}
			offered := alternatives(t, p, tr, leg, taken(tr.Legs))
			for _, a := range offered {
				if w := driveBy(t, r, tr.Saga.Journey.Via, replaced(tr, a)); len(w.wrong) > 0 {
					t.Errorf("by %s, leg %d at %s: %q", place, leg, a.EVSEID, w.wrong)
				}
			}
			if len(offered) == 0 {
				t.Errorf("by %s, leg %d: nothing is offered", place, leg)
			}
		}
	}
	if amiss == 0 {
		t.Error("the direct drives offer nothing that is amiss: the test says little")
	}
}

func alternatives(t *testing.T, p *planner.Planner, tr trip.Trip, leg int, free planner.Free) []trip.Alternative {
	t.Helper()
	found, err := p.Alternatives(tr, leg, free, monday)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestLaterStopsMoveByTheStay: shows a stay that takes no time once a stop before it is replaced.
func TestLaterStopsMoveByTheStay(t *testing.T) {
	p := demo()
	_, plan, tr := byWay(t, "Itabaiana, SE", 0)
	after := plan.Via[0].AfterLeg
	if after == 0 || after == len(tr.Legs) {
		t.Fatalf("the place is passed after %d of %d stops", after, len(tr.Legs))
	}
	const stay = 90 * time.Minute
	long := tr
	j := *tr.Saga.Journey
	j.Via = slices.Clone(j.Via)
	j.Via[0].StayMinutes = stay.Minutes()
	long.Saga = &trip.Saga{Journey: &j}
	compared := 0
	short := alternatives(t, p, tr, after, nil)
	for _, b := range alternatives(t, p, long, after, nil) {
		k := slices.IndexFunc(short, func(a trip.Alternative) bool { return a.EVSEID == b.EVSEID && a.Start.Equal(b.Start) })
		if k < 0 || len(short[k].LaterStops) == 0 || len(b.LaterStops) == 0 {
			continue
		}
		compared++
		if moved := b.LaterStops[0].Start.Sub(short[k].LaterStops[0].Start); moved != stay {
			t.Errorf("%s: the stop behind the place moves by %v", b.EVSEID, moved)
		}
	}
	if compared == 0 {
		t.Error("no alternative moves a later stop: the test says little")
	}
}

// TestOnwardByWhatIsAhead: shows a replan from the road that forgets a place which the car still has ahead, or goes back to
// one that is behind it.
func TestOnwardByWhatIsAhead(t *testing.T) {
	p := demo()
	r, plan, tr := byWay(t, "Garanhuns, PE", 30*time.Minute)
	leg := plan.Via[0].AfterLeg + 1
	if leg > len(tr.Legs) {
		t.Fatalf("the place is passed after %d of %d stops", plan.Via[0].AfterLeg, len(tr.Legs))
	}
	here := planner.Here{Point: r.Origin, At: r.Departure, SoC: r.SoC, Use: 1, Pace: 1}
	if leg > 1 {
		st := plan.Stops[leg-2]
		here.Point, here.At, here.SoC = siteOf(t, st.EVSEID).Point, st.End, st.DepartSoC
	}
	now := here.At
	from := r
	from.Origin, from.Departure, from.SoC = here.Point, here.At, here.SoC
	judge := func(here planner.Here, by []trip.Waypoint) (offered, amiss int) {
		t.Helper()
		found, err := p.Onward(tr, leg, here, taken(tr.Legs), now)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range found {
			w := driveBy(t, from, by, replaced(tr, a)[leg-1:])
			amiss += min(len(w.wrong), 1)
		}
		return len(found), amiss
	}
	ahead := slices.Clone(tr.Saga.Journey.Via)
	ahead[0].AfterLeg = 0
	if _, amiss := judge(here, ahead); amiss == 0 {
		t.Error("without the place all that is offered reaches by it: the test says little")
	}
	here.Ahead = tr.Saga.Journey.Via
	if offered, amiss := judge(here, ahead); offered == 0 || amiss > 0 {
		t.Errorf("with the place ahead: %d of %d do not reach", amiss, offered)
	}
	// Behind the place, standing where it lies: what is passed already takes nothing.
	here.Ahead, here.Point = nil, ahead[0].Point
	from.Origin = here.Point
	behind, amiss := judge(here, nil)
	here.Ahead = tr.Saga.Journey.Via
	if again, _ := judge(here, nil); behind == 0 || amiss > 0 || again == 0 {
		t.Errorf("with the place behind: %d of %d do not reach; %d with it ahead", amiss, behind, again)
	}
}

// TestAlternativesByRandomPlaces: each alternative of random trips by random places, driven place by place, keeps the reserve and its
// windows, and ends when it says.
func TestAlternativesByRandomPlaces(t *testing.T) {
	t.Parallel()
	p, rng, cars := demo(), rand.New(rand.NewPCG(31, 32)), vehicle.All()
	var places []road.Place
	for _, place := range mainland() {
		if slices.Contains([]string{"RN", "PB", "PE", "AL", "SE", "BA"}, place.State) {
			places = append(places, place)
		}
	}
	trips, tried, passed := 0, 0, 0
	for i := range 150 {
		r := mission(t)
		r.Vehicle, r.SoC, r.Single = cars[rng.IntN(len(cars))], 0.5+rng.Float64()/2, true
		for range 1 + rng.IntN(2) {
			stay := time.Duration(rng.IntN(60)) * time.Minute // plans tell tenths
			r.Via = append(r.Via, planner.Via{Point: places[rng.IntN(len(places))].Point, Stay: stay})
		}
		free := randomFree(uint64(i))
		plans, err := p.Plans(r, free)
		if err != nil || len(plans[0].Stops) == 0 {
			continue
		}
		trips++
		tr := booked(plans[0], &r)
		leg := 1 + rng.IntN(len(tr.Legs))
		for _, a := range alternatives(t, p, tr, leg, free) {
			tried++
			passed += len(tr.Saga.Journey.Between(leg-1)) + len(tr.Saga.Journey.Between(leg))
			w := driveBy(t, r, tr.Saga.Journey.Via, replaced(tr, a))
			if len(w.wrong) > 0 {
				t.Errorf("%d, leg %d at %s, by %+v: %q", i, leg, a.EVSEID, tr.Saga.Journey.Via, w.wrong)
			}
			if off := w.at.Sub(plans[0].Arrival).Minutes() - a.DeltaMinutes; off > 0.3 || off < -0.3 {
				t.Errorf("%d, leg %d at %s: delta_minutes %.1f, it is %.1f", i, leg, a.EVSEID, a.DeltaMinutes, a.DeltaMinutes+off)
			}
			inFreeTime(t, trip.PlanStop{EVSEID: a.EVSEID, Start: a.Start, End: a.End}, free)
		}
	}
	if tried < 60 || passed < 30 {
		t.Errorf("only %d alternatives of %d trips, with %d places beside them: the test says little", tried, trips, passed)
	}
	t.Logf("%d alternatives of %d trips, %d places beside them", tried, trips, passed)
}
