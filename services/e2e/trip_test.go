package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/app"
)

const (
	evseM = charging.EVSEID("BR*MAR*E0001*1")
	evseS = charging.EVSEID("BR*SER*E0001*1")
	evseC = charging.EVSEID("BR*CAJ*E0001*1")
)

// TestJoaoPessoaToFeiraDeSantana is the main job: planned and booked at any
// server, over all three companies, and refused to others afterwards.
func TestJoaoPessoaToFeiraDeSantana(t *testing.T) {
	f := start(t)
	for i, id := range companies {
		d := f.as(vehicle(1 + i)).at(id)
		var plans struct {
			Plans []trip.Plan `json:"plans"`
		}
		if resp, p := d.send(http.MethodPost, "/api/v1/plans", map[string]any{
			"origin": map[string]string{"city": "João Pessoa, PB"}, "destination": map[string]string{"city": "Feira de Santana, BA"},
			"vehicle": map[string]string{"model": "byd-dolphin"}, "soc": 0.9,
			"departure": hour(3 * i).Format(time.RFC3339), "objective": "fastest",
		}, &plans); p.Code != "" || len(plans.Plans) == 0 {
			t.Fatalf("plan at %s: %d %+v", id, resp.StatusCode, p)
		}
		var got trip.Trip
		if resp, p := d.with("Prefer", "wait=20").send(http.MethodPost, "/api/v1/trips",
			map[string]any{"vehicle_id": d.user, "plan_id": plans.Plans[0].ID, "on_conflict": "abort"}, &got); resp.StatusCode != http.StatusCreated {
			t.Fatalf("trip at %s: %d %+v", id, resp.StatusCode, p)
		}
		owners := map[charging.CompanyID]bool{}
		for _, l := range got.Legs {
			owners[l.CompanyID] = true
			if l.State != charging.Reserved || l.Fence == 0 {
				t.Errorf("leg %+v", l)
			}
		}
		if got.State != trip.Confirmed || len(owners) != 3 || got.Origin != id {
			t.Fatalf("%s: %s over %v, origin %s: %+v", id, got.State, owners, got.Origin, got.Problem)
		}
		l := got.Legs[len(got.Legs)-1]
		other, _ := f.as(vehicle(9)).at(companies[(i+1)%3]).book(trip.Abort, stopAt{l.EVSEID, l.Start, l.End})
		if other.State != trip.Aborted || other.Legs[0].Problem == nil || other.Legs[0].Problem.Code != charging.CodeSlotTaken {
			t.Fatalf("a booked window was not refused: %s %+v", other.State, other.Legs)
		}
	}
	for _, id := range companies {
		if k := f.keys(id, "lock:*"); len(k) != 0 {
			t.Errorf("%s: locks after CONFIRMED: %v", id, k)
		}
	}
}

// TestThirdStopFails: refused, unreachable, slow or rubbish, the trip ends
// ABORTED and no company holds anything of it.
func TestThirdStopFails(t *testing.T) {
	f := start(t, func(o *app.Options) {
		o.Timings.CallTimeout, o.Timings.StepBudget = 300*time.Millisecond, 700*time.Millisecond
		o.Timings.Lease, o.Timings.Poll = time.Second, 300*time.Millisecond
		o.Timings.ConfirmBudget, o.Timings.HoldTTL = time.Second, 4*time.Second
	})
	heal := func() { f.links["CAJ"].set("", nil) }
	for name, do := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"unreachable": cut, "slow": silent, "rubbish": rubbish,
	} {
		t.Run(name, func(t *testing.T) {
			f.t = t
			f.links["CAJ"].set("/reservations/", do)
			d := f.as(vehicle(1)).at("MAR")
			got, p := d.book(trip.Abort, stop(evseM, 0), stop(evseS, 2), stop(evseC, 4))
			if p.Code != "" {
				t.Fatalf("%+v", p)
			}
			got = d.settled(got.ID, 30*time.Second)
			if got.State != trip.Aborted || got.Problem == nil {
				t.Fatalf("%s %+v", got.State, got.Problem)
			}
			f.nothingHeld()
			heal()
			f.until(15*time.Second, "CAJ is asked again", func() bool { return f.peerWorks(d) })
			f.nothingHeld()
		})
	}
	t.Run("refused", func(t *testing.T) {
		f.t = t
		first, _ := f.as(vehicle(2)).at("CAJ").book(trip.Abort, stop(evseC, 4))
		if first.State != trip.Confirmed {
			t.Fatalf("%s %+v", first.State, first.Problem)
		}
		got, _ := f.as(vehicle(1)).at("MAR").book(trip.Abort, stop(evseM, 0), stop(evseS, 2), stop(evseC, 4))
		if got.State != trip.Aborted || got.Problem.Code != charging.CodeSlotTaken {
			t.Fatalf("%s %+v", got.State, got.Problem)
		}
		if resp, p := f.as(vehicle(2)).at("CAJ").send(http.MethodDelete, "/api/v1/trips/"+string(first.ID), nil, nil); resp.StatusCode != http.StatusOK {
			t.Fatalf("cancel: %d %+v", resp.StatusCode, p)
		}
		f.nothingHeld()
	})
}

// peerWorks books and cancels a stop at CAJ, past an open breaker.
func (f *federation) peerWorks(d driver) bool {
	got, _ := d.book(trip.Abort, stop(evseC, 8))
	if got.State != trip.Confirmed {
		return false
	}
	resp, _ := d.send(http.MethodDelete, "/api/v1/trips/"+string(got.ID), nil, nil)
	return resp.StatusCode == http.StatusOK
}

// TestTwoTripsForTheSameStops: [A, B] from one server and [C, A, B] from
// another at the same instant, many times: exactly one is confirmed.
func TestTwoTripsForTheSameStops(t *testing.T) {
	f := start(t, func(o *app.Options) { o.Limits = &charging.Limits{} }) // four vehicles have hundreds of hours
	const rounds = 200
	for n := range rounds {
		at := 4 * (n % 100)
		one, two, free, cars := evseM, evseS, evseC, 1
		if n >= rounds/2 { // the same hours again, elsewhere
			one, two, free, cars = "BR*MAR*E0002*1", "BR*SER*E0002*1", "BR*CAJ*E0002*1", 3
		}
		var got [2]trip.Trip
		var took [2]time.Duration
		var wg sync.WaitGroup
		for i, book := range []func() trip.Trip{
			func() trip.Trip {
				g, _ := f.as(vehicle(cars)).at("MAR").book(trip.Abort, stop(one, at+1), stop(two, at+2))
				return g
			},
			func() trip.Trip {
				g, _ := f.as(vehicle(cars+1)).at("CAJ").book(trip.Abort, stop(free, at), stop(one, at+1), stop(two, at+2))
				return g
			},
		} {
			wg.Add(1)
			go func() {
				defer wg.Done()
				began := time.Now()
				got[i] = book()
				took[i] = time.Since(began)
			}()
		}
		wg.Wait()
		if (got[0].State == trip.Confirmed) == (got[1].State == trip.Confirmed) {
			t.Fatalf("round %d: %s (%+v) and %s (%+v)", n, got[0].State, got[0].Problem, got[1].State, got[1].Problem)
		}
		for i, g := range got {
			if g.State != trip.Confirmed && g.State != trip.Aborted {
				t.Errorf("round %d: trip %d is %s", n, i, g.State)
			}
			if took[i] > 5*time.Second {
				t.Errorf("round %d: request %d took %s", n, i, took[i])
			}
		}
	}
	f.onlyConfirmedHeld()
}

// onlyConfirmedHeld asserts that the bookings in the stores are those of
// CONFIRMED trips, one for one, and that no lock is left.
func (f *federation) onlyConfirmedHeld() {
	f.t.Helper()
	held := map[string]bool{}
	for _, id := range companies {
		if k := f.keys(id, "lock:*"); len(k) != 0 {
			f.t.Errorf("%s: locks left: %v", id, k)
		}
		for _, b := range f.calendars(id) {
			held[b.member[strings.LastIndex(b.member, "|")+1:]] = true
		}
	}
	for _, id := range companies {
		for _, t := range f.trips(id, trip.Confirmed) {
			for _, l := range t.Legs {
				if !held[string(l.ReservationID)] {
					f.t.Errorf("trip %s is CONFIRMED, its leg %d is not booked", t.ID, l.Leg)
				}
				delete(held, string(l.ReservationID))
			}
		}
	}
	if len(held) != 0 {
		f.t.Errorf("%d bookings of no CONFIRMED trip: %v", len(held), held)
	}
}

// trips reads all trips of a company in a state, page by page, as its operator.
func (f *federation) trips(id charging.CompanyID, state trip.State) []trip.Trip {
	f.t.Helper()
	var all []trip.Trip
	for off := 0; ; off += 500 {
		var page []trip.Trip
		f.as("operator").at(id).get("/api/v1/trips?state="+string(state)+"&limit=500&offset="+itoa(off), &page)
		all = append(all, page...)
		if len(page) < 500 {
			return all
		}
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

// TestNoWindowIsSoldTwice: 64 clients, 10,000 random overlapping windows, 20
// EVSEs, three servers.
func TestNoWindowIsSoldTwice(t *testing.T) {
	f := start(t)
	total := 10_000
	if testing.Short() {
		total = 1_000
	}
	const clients = 64
	evses := f.someEVSEs(20)
	var wg sync.WaitGroup
	var mu sync.Mutex
	count := map[trip.State]int{}
	for c := range clients {
		wg.Add(1)
		go func() {
			defer wg.Done()
			rng := newRand(c)
			d := f.as(vehicle(c + 1)).at(companies[c%3])
			for n := c; n < total; n += clients {
				start := hour(0).Add(time.Duration(rng.IntN(48*60)) * time.Minute)
				got, p := d.book(trip.Abort, stopAt{evses[rng.IntN(len(evses))], start, start.Add(time.Duration(10+rng.IntN(110)) * time.Minute)})
				mu.Lock()
				if p.Code != "" {
					got.State = trip.State(p.Code)
				}
				count[got.State]++
				mu.Unlock()
			}
		}()
	}
	wg.Wait()
	t.Logf("%v", count)
	if count[trip.Confirmed] == 0 || count[trip.Aborted] == 0 {
		t.Errorf("nothing was contended: %v", count)
	}
	for s := range count {
		// A vehicle's own windows may overlap: refused before any company is asked.
		if s != trip.Confirmed && s != trip.Aborted && s != trip.State(charging.CodeInvalidWindow) {
			t.Errorf("%d trips ended %s", count[s], s)
		}
	}
	f.onlyConfirmedHeld()
}

// someEVSEs lists n EVSEs of the federation, of all companies in turn.
func (f *federation) someEVSEs(n int) []charging.EVSEID {
	f.t.Helper()
	var locs []struct {
		EVSEs []struct {
			ID charging.EVSEID `json:"evse_id"`
		} `json:"evses"`
	}
	f.as("").at("MAR").get("/api/v1/locations?limit=500", &locs)
	by := map[charging.CompanyID][]charging.EVSEID{}
	for _, l := range locs {
		for _, e := range l.EVSEs {
			by[e.ID.Company()] = append(by[e.ID.Company()], e.ID)
		}
	}
	var out []charging.EVSEID
	for i := 0; len(out) < n; i++ {
		of := by[companies[i%3]]
		out = append(out, of[(i/3)%len(of)])
	}
	return out
}

// TestOneKeyOneTrip: the same Idempotency-Key ten times in parallel.
func TestOneKeyOneTrip(t *testing.T) {
	f := start(t)
	ids := make([]charging.TripID, 10)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Add(1)
		go func() {
			defer wg.Done()
			got, p := f.as(vehicle(1)).at("SER").with("Idempotency-Key", "the same").book(trip.Abort, stop(evseM, 1), stop(evseS, 3))
			if got.State != trip.Confirmed {
				t.Errorf("%s %+v %+v", got.State, got.Problem, p)
			}
			ids[i] = got.ID
		}()
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("two trips: %v", ids)
		}
	}
	if n := len(f.calendars("MAR")) + len(f.calendars("SER")); n != 2 {
		t.Fatalf("%d bookings", n)
	}
	_, p := f.as(vehicle(1)).at("SER").with("Idempotency-Key", "the same").book(trip.Abort, stop(evseM, 20))
	if p.Code != charging.CodeIDReused {
		t.Fatalf("the key with another body: %+v", p)
	}
}
