package e2e

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	models "github.com/eletrovia/eletrovia/pkg/vehicle"
	"github.com/eletrovia/eletrovia/services/e2e/program"
)

// overhead is the part of a window that goes by before and after charging.
const overhead = 5 * time.Minute

// reserve is the charge that a planned trip never goes below.
const reserve = 0.10

var towns = []string{
	"João Pessoa, PB", "Feira de Santana, BA", "Recife, PE", "Natal, RN", "Maceió, AL", "Aracaju, SE", "Salvador, BA",
	"Campina Grande, PB", "Caruaru, PE", "Petrolina, PE", "Fortaleza, CE", "Mossoró, RN", "Vitória da Conquista, BA",
}

// TestOfferedAlternativesCanBeTaken plays random conflicts: a planned trip over
// random towns loses a random stop to a booking, is asked, and takes what is
// ranked first at once. At least 99 % must end CONFIRMED, and nothing that is
// offered may be too far for the battery. ELETROVIA_LONG=1 plays 1,000.
func TestOfferedAlternativesCanBeTaken(t *testing.T) {
	total := int64(100)
	if program.Long() {
		total = 1000
	}
	f := start(t)
	c := &conflicts{f: f, t: t, sites: f.sites(), count: map[string]int{}}
	const workers = 4
	var wg sync.WaitGroup
	var played atomic.Int64
	for w := range workers {
		wg.Go(func() {
			rng := newRand(100 + w)
			for tries := 0; played.Load() < total && tries < 40*int(total); tries++ {
				if c.one(rng, w) {
					played.Add(1)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d conflicts: %v; %d alternatives driven", played.Load(), c.count, c.driven)
	if chosen := c.count["chosen"]; c.count["CONFIRMED"]*100 < 99*chosen || int64(chosen)*10 < 9*total {
		t.Errorf("of %d conflicts %d had an alternative to choose, %d of these were confirmed", played.Load(), chosen, c.count["CONFIRMED"])
	}
}

type conflicts struct {
	f     *federation
	t     *testing.T
	sites map[charging.EVSEID]site

	mu     sync.Mutex
	count  map[string]int
	driven int
}

// site is where an EVSE stands, and what it gives.
type site struct {
	point geo.Point
	kw    float64
	dc    bool
}

func (f *federation) sites() map[charging.EVSEID]site {
	f.t.Helper()
	var locs []api.Location
	f.as("").at("MAR").get("/api/v1/locations?limit=500", &locs)
	m := map[charging.EVSEID]site{}
	for _, l := range locs {
		for _, e := range l.EVSEs {
			c := charging.Connector{Standard: e.Connectors[0].Standard, PowerKW: e.Connectors[0].PowerKW}
			m[e.EVSEID] = site{geo.Point{Lat: l.Lat, Lon: l.Lon}, c.PowerKW, c.DC()}
		}
	}
	return m
}

func (c *conflicts) add(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count[what]++
}

// one plays a conflict, or reports false where the draw gave none.
func (c *conflicts) one(rng *rand.Rand, w int) bool {
	cars := models.All()
	car := cars[rng.IntN(len(cars))]
	from, to := towns[rng.IntN(len(towns))], towns[rng.IntN(len(towns))]
	d := c.f.as(vehicleOf(2 * w)).at(companies[rng.IntN(3)])
	departure := hour(0).Add(time.Duration(rng.IntN(4*24*60)) * time.Minute)
	soc := 0.5 + rng.Float64()/2
	var plans struct {
		Plans []trip.Plan `json:"plans"`
	}
	_, p := d.send(http.MethodPost, "/api/v1/plans", map[string]any{
		"origin": map[string]string{"city": from}, "destination": map[string]string{"city": to},
		"vehicle": map[string]string{"model": car.ID}, "soc": soc, "min_arrival_soc": reserve, "departure": departure, "objective": "fastest",
	}, &plans)
	if p.Code != "" || len(plans.Plans) == 0 || len(plans.Plans[0].Stops) == 0 {
		return false
	}
	plan := plans.Plans[rng.IntN(len(plans.Plans))]
	if len(plan.Stops) == 0 {
		return false
	}
	lost := plan.Stops[rng.IntN(len(plan.Stops))]
	other := c.f.as(vehicleOf(2*w + 1)).at(companies[rng.IntN(3)])
	first, p := other.book(trip.Abort, stopAt{lost.EVSEID, lost.Start, lost.End})
	if p.Code != "" || first.State != trip.Confirmed {
		return false // another worker's trip has it
	}
	defer other.cancel(first.ID)
	var got trip.Trip
	if _, p := d.with("Prefer", "wait=20").send(http.MethodPost, "/api/v1/trips",
		map[string]any{"vehicle_id": d.user, "plan_id": plan.ID}, &got); p.Code != "" {
		c.t.Errorf("%s to %s: %+v", from, to, p)
		return false
	}
	defer d.cancel(got.ID)
	if got.State != trip.AwaitingDecision || got.Decision == nil {
		c.t.Errorf("%s to %s: %s %+v with stop %d taken", from, to, got.State, got.Problem, lost.Leg)
		return false
	}
	j := journey{car: car, soc: soc, departure: departure, from: place(c.t, from), to: place(c.t, to)}
	c.choose(d, got, j)
	return true
}

func vehicleOf(n int) charging.VehicleID { return vehicle(n + 1) }

// choose checks all that is offered and takes the first.
func (c *conflicts) choose(d driver, got trip.Trip, j journey) {
	if len(got.Decision.Alternatives) == 0 {
		c.add("nothing offered")
		return
	}
	if len(got.Decision.Alternatives) < 3 {
		c.add("fewer than three offered")
	}
	c.add("chosen")
	first := got.Decision.Alternatives[0]
	var after trip.Trip
	if _, p := d.send(http.MethodPost, "/api/v1/trips/"+string(got.ID)+"/decision",
		map[string]string{"action": "continue", "alternative_id": first.ID}, &after); p.Code != "" {
		c.add("refused " + string(p.Code))
		return
	}
	after = d.answer(got.ID)
	c.add(string(after.State))
	if after.State != trip.Confirmed {
		c.t.Logf("trip %s took %+v and is %s: %+v %+v", got.ID, first, after.State, after.Problem, after.Decision)
	}
	for _, a := range got.Decision.Alternatives {
		c.mu.Lock()
		c.driven++
		c.mu.Unlock()
		j.drive(c.t, c.sites, replaced(got, a))
	}
}

// answer waits until a trip is settled or asks again.
func (d driver) answer(id charging.TripID) trip.Trip {
	d.f.t.Helper()
	var out trip.Trip
	d.f.until(20*time.Second, "the trip "+string(id)+" is settled or asks", func() bool {
		var t trip.Trip
		d.get("/api/v1/trips/"+string(id), &t)
		out = t
		return t.State.Settled() || t.State == trip.AwaitingDecision
	})
	return out
}

func (d driver) cancel(id charging.TripID) {
	d.f.t.Helper()
	if resp, p := d.send(http.MethodDelete, "/api/v1/trips/"+string(id), nil, nil); resp.StatusCode != http.StatusOK {
		d.f.t.Errorf("cancel %s: %d %+v", id, resp.StatusCode, p)
	}
}

// replaced is a trip's stops with an alternative taken.
func replaced(t trip.Trip, a trip.Alternative) []stopAt {
	var stops []stopAt
	for _, l := range t.Legs {
		stops = append(stops, stopAt{l.EVSEID, l.Start, l.End})
	}
	stops[a.Leg-1] = stopAt{a.EVSEID, a.Start, a.End}
	for _, m := range a.LaterStops {
		stops[m.Leg-1] = stopAt{m.EVSEID, m.Start, m.End}
	}
	return stops
}

// journey is a car on its way.
type journey struct {
	car       models.Vehicle
	soc       float64
	departure time.Time
	from, to  geo.Point
}

func place(t *testing.T, name string) geo.Point {
	p, err := road.Default().Place(name)
	if err != nil {
		t.Fatal(err)
	}
	return p.Point
}

// drive drives a trip's stops with its own arithmetic: it comes in time, charges
// in steps of a second, and never goes below the reserve.
func (j journey) drive(t *testing.T, sites map[charging.EVSEID]site, stops []stopAt) {
	now, soc, here := j.departure, j.soc, j.from
	leg := func(to geo.Point) {
		way, err := road.Default().Route(here, to)
		if err != nil {
			t.Error(err)
			return
		}
		now, here = now.Add(way.Drive), to
		if soc -= j.car.SoCFor(way.Km, way.Kmh()); soc < reserve-0.002 {
			t.Errorf("%s: arrives with %.3f after %.0f km, in %+v", j.car.ID, soc, way.Km, stops)
		}
	}
	for _, s := range stops {
		at, known := sites[s.EVSE]
		if !known {
			t.Errorf("nobody has %s", s.EVSE)
			return
		}
		leg(at.point)
		if s.Start.Before(now.Add(-time.Second)) {
			t.Errorf("%s: at %s the window starts at %s, the car comes at %s", j.car.ID, s.EVSE, s.Start, now)
		}
		soc = j.charge(at, soc, s.End.Sub(s.Start)-overhead)
		now = s.End
	}
	leg(j.to)
}

func (j journey) charge(at site, soc float64, plugged time.Duration) float64 {
	for low, high := soc, 1.0; ; {
		mid := (low + high) / 2
		if high-low < 1e-6 {
			return low
		}
		if j.car.ChargeTime(soc, mid, at.kw, at.dc) <= plugged {
			low = mid
		} else {
			high = mid
		}
	}
}
