package e2e

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/app"
)

// slow makes every call between the companies take a random time, before it
// arrives and before its answer does.
func (f *federation) slow(longest time.Duration) {
	for _, l := range f.links {
		l.set("/federation/", func(w http.ResponseWriter, r *http.Request) bool {
			<-time.After(rand.N(longest))
			l.proxy.ServeHTTP(w, r)
			<-time.After(rand.N(longest))
			return true
		})
	}
}

// history is the journal of a trip's saga.
func (d driver) history(id charging.TripID) []trip.Entry {
	d.f.t.Helper()
	var all []trip.Entry
	d.get("/api/v1/trips/"+string(id)+"/history?limit=500", &all)
	return all
}

// older orders two tickets' times: microseconds since 1970, in decimals.
func older(a, b string) bool { return len(a) < len(b) || len(a) == len(b) && a < b }

// duel is two trips with first stops of their own that want the same second
// stop, at the same time.
type duel struct {
	trips   [2]trip.Trip
	entries [2][]trip.Entry
}

// TestOlderTripGetsTheStop is the rule of priority, end to end: three servers,
// every call between them delayed at random. The trip whose first stop was
// granted first gets the stop that both want, unless the other one's was already
// RESERVED.
func TestOlderTripGetsTheStop(t *testing.T) {
	f := start(t)
	f.slow(80 * time.Millisecond)
	const workers, rounds = 6, 12
	var wg sync.WaitGroup
	var mu sync.Mutex
	count := map[string]int{}
	for w := range workers {
		wg.Go(func() {
			rng := newRand(w)
			for n := range rounds {
				d := f.fight(rng, w, time.Duration(w*rounds+n)*30*time.Minute)
				mu.Lock()
				count[d.judge(t)]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	t.Logf("%v", count)
	if count["preempted"] == 0 || count["kept"] == 0 || count["was RESERVED"] == workers*rounds {
		t.Errorf("the schedules were all alike: %v", count)
	}
	f.onlyConfirmedHeld()
}

// fight starts two trips with a random time between them. Each has its first
// stop at the other's company, so that every call but the far wanted stop's
// release crosses a link.
func (f *federation) fight(rng *rand.Rand, worker int, at time.Duration) duel {
	first, middle, last := hour(0).Add(at), hour(0).Add(at+15*time.Minute), hour(0).Add(at+30*time.Minute)
	stops := [2][]stopAt{
		{{"BR*CAJ*E0001*1", first, middle}, {"BR*SER*E0001*1", middle, last}},
		{{"BR*MAR*E0001*1", first, middle}, {"BR*SER*E0001*1", middle, last}},
	}
	pause := [2]time.Duration{time.Duration(rng.IntN(40)) * time.Millisecond, time.Duration(rng.IntN(40)) * time.Millisecond}
	var d duel
	var wg sync.WaitGroup
	for i, id := range []charging.CompanyID{"MAR", "CAJ"} {
		wg.Go(func() {
			<-time.After(pause[i])
			who := f.as(vehicle(1 + 2*worker + i)).at(id)
			d.trips[i], _ = who.book(trip.Abort, stops[i]...)
			d.trips[i] = who.settled(d.trips[i].ID, 20*time.Second)
			d.entries[i] = who.history(d.trips[i].ID)
		})
	}
	wg.Wait()
	return d
}

// judge says how a duel ended, and reports what must not be.
func (d duel) judge(t *testing.T) string {
	t.Helper()
	a, b := 0, 1
	if d.trips[0].Ticket == nil || d.trips[1].Ticket == nil {
		t.Errorf("a first stop that nobody wanted was not granted: %+v, %+v", d.trips[0].Problem, d.trips[1].Problem)
		return "broken"
	}
	if older(d.trips[1].Ticket.GrantedAt, d.trips[0].Ticket.GrantedAt) {
		a, b = 1, 0
	}
	old, young := d.trips[a], d.trips[b]
	if (old.State == trip.Confirmed) == (young.State == trip.Confirmed) {
		t.Errorf("older %s %+v, younger %s %+v", old.State, old.Problem, young.State, young.Problem)
	}
	if e, lost := answered(d.entries[a], charging.CodePriorityLost, charging.CodeHoldPreempted); lost {
		t.Errorf("the older trip met %+v", e)
	}
	if old.State == trip.Confirmed {
		if _, lost := answered(d.entries[b], charging.CodeHoldPreempted); lost {
			return "preempted"
		}
		return "kept"
	}
	refused, ok := answered(d.entries[a], charging.CodeSlotTaken)
	reserved, was := confirmOf(d.entries[b], 2)
	if !ok || !was || reserved.At.After(refused.At.Add(time.Duration(refused.Millis*float64(time.Millisecond)))) {
		t.Errorf("the older trip lost the stop to one that was not RESERVED: refused %+v, confirmed %+v", refused, reserved)
	}
	return "was RESERVED"
}

// answered is the first entry with one of the codes.
func answered(entries []trip.Entry, codes ...charging.Code) (trip.Entry, bool) {
	for _, e := range entries {
		for _, c := range codes {
			if e.Answer == string(c) {
				return e, true
			}
		}
	}
	return trip.Entry{}, false
}

func confirmOf(entries []trip.Entry, leg int) (trip.Entry, bool) {
	for _, e := range entries {
		if e.Step == "confirm" && e.Leg == leg && e.Answer == string(charging.Reserved) {
			return e, true
		}
	}
	return trip.Entry{}, false
}

// TestPeersKeepTheirHandsOff is row 18 of the interleavings, over REST: a peer
// compensates, confirms and reads another's reservation.
func TestPeersKeepTheirHandsOff(t *testing.T) {
	f := start(t)
	got, _ := f.as(vehicle(1)).at("MAR").book(trip.Abort, stop(evseS, 1))
	if got.State != trip.Confirmed {
		t.Fatalf("%s %+v", got.State, got.Problem)
	}
	l := got.Legs[0]
	path := "/federation/v1/reservations/" + string(l.ReservationID)
	for _, origin := range []charging.CompanyID{"MAR", "CAJ"} {
		body := map[string]any{"trip_id": got.ID, "origin": origin, "evse_id": l.EVSEID, "end": l.End, "epoch": 1, "ttl_seconds": 9}
		for _, c := range []struct{ method, path string }{
			{http.MethodPost, path + "/compensate"}, {http.MethodPost, path + "/confirm"}, {http.MethodPost, path + "/renew"}, {http.MethodGet, path},
		} {
			d := f.as("").at("SER").with("Authorization", "Bearer "+app.DemoToken("CAJ"))
			if resp, p := d.send(c.method, c.path, body, nil); resp.StatusCode != http.StatusForbidden || p.Code != charging.CodeForbidden {
				t.Errorf("%s %s as origin %s: %d %+v", c.method, c.path, origin, resp.StatusCode, p)
			}
		}
	}
	f.onlyConfirmedHeld()
}

// TestForgedTicketIsRefused: a ticket that nobody signed gives no priority.
func TestForgedTicketIsRefused(t *testing.T) {
	f := start(t)
	id := charging.TripID(uuid.Must(uuid.NewV7()).String())
	body := map[string]any{
		"trip_id": id, "origin": "CAJ", "leg": 2, "evse_id": evseS, "start": hour(1), "end": hour(2), "vehicle_id": "EV-0001",
		"ttl_seconds": 20, "epoch": 1, "ticket": strings.Repeat("e", 20) + "." + strings.Repeat("y", 20) + "." + strings.Repeat("J", 20),
	}
	d := f.as("").at("SER").with("Authorization", "Bearer "+app.DemoToken("CAJ"))
	path := "/federation/v1/reservations/" + uuid.Must(uuid.NewV7()).String() + "/claim"
	if resp, p := d.send(http.MethodPost, path, body, nil); resp.StatusCode != http.StatusUnprocessableEntity || p.Code != charging.CodeTicketInvalid {
		t.Errorf("%d %+v", resp.StatusCode, p)
	}
	f.nothingHeld()
}
