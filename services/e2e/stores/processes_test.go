package stores

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/fleet"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
	"github.com/eletrovia/eletrovia/services/e2e/program"
	"github.com/eletrovia/eletrovia/services/e2e/redisrig"
)

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

// processes are three companies as real processes, each with a redis-server that
// writes to its disk before it answers.
type processes struct {
	*fleet.Fleet
	t   *testing.T
	dir string
}

func launch(t *testing.T) *processes {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("needs redis-server")
	}
	dir, err := os.MkdirTemp("", "stores") // short: the stores' sockets live there
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	f, err := fleet.New(fleet.Options{Binary: program.Path(t), Dir: dir, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	p := &processes{Fleet: f, t: t, dir: dir}
	p.up()
	return p
}

// up starts what is down, and waits until each server is ready and knows the others.
func (p *processes) up() {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	if err := p.Start(ctx); err != nil {
		p.t.Fatal(err)
	}
	for _, id := range companies {
		redisrig.Until(p.t, string(id)+" knows its peers", func() bool {
			peers, err := p.operator(id).Peers(p.t.Context())
			return err == nil && len(peers) == 2 && !slices.ContainsFunc(peers, func(x api.Peer) bool { return x.Locations == 0 })
		})
	}
}

func (p *processes) at(id charging.CompanyID, user charging.VehicleID, secret string) *client.Driver {
	addr := p.Company[id].Servers[0].Addr()
	if addr == "" {
		addr = "127.0.0.1:1" // down: nobody is there
	}
	return driverAt(p.t, "http://"+addr, user, secret)
}

func (p *processes) operator(id charging.CompanyID) *client.Driver {
	return p.at(id, "operator", fleet.OperatorSecret)
}

// books makes a trip with a vehicle of its own; "" when it was not CONFIRMED.
func (p *processes) books(at charging.CompanyID, who charging.VehicleID, k int) (trip.Trip, bool) {
	got, err := p.at(at, "", "").Register(p.t.Context(), api.RegisterRequest{Model: "byd-dolphin", VehicleID: who})
	if err != nil {
		return trip.Trip{}, false
	}
	who = got.VehicleID
	t, err := p.at(at, who, got.Secret).CreateTrip(p.t.Context(), journey(who, k), "", 10*time.Second)
	return t, err == nil && t.State == trip.Confirmed
}

// killAll kills every process at once: servers and stores.
func (p *processes) killAll() {
	var all sync.WaitGroup
	for _, id := range companies {
		c := p.Company[id]
		all.Go(c.Servers[0].Kill)
		all.Go(c.Store.Kill)
	}
	all.Wait()
}

// held are the RESERVED stops of all companies.
func (p *processes) held() map[charging.ReservationID]history.Reservation {
	p.t.Helper()
	final, err := p.Read(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	all := map[charging.ReservationID]history.Reservation{}
	for _, id := range companies {
		for _, r := range final[id].Reservations {
			if r.State == charging.Reserved {
				all[r.ID] = r
			}
		}
	}
	return all
}

// stands wants trips that were answered CONFIRMED to be so, and RESERVED everywhere.
func (p *processes) stands(said map[charging.TripID]charging.CompanyID) {
	p.t.Helper()
	held := p.held()
	for id, at := range said {
		got, err := p.operator(at).Trip(p.t.Context(), id, 0)
		if err != nil || got.State != trip.Confirmed {
			p.t.Errorf("trip %s was answered CONFIRMED at %s: %q, %v", id, at, got.State, err)
			continue
		}
		for _, l := range got.Legs {
			if r, there := held[l.ReservationID]; !there || r.Trip != id || r.Slot.EVSE != l.EVSEID {
				p.t.Errorf("trip %s: leg %d at %s is not RESERVED", id, l.Leg, l.CompanyID)
			}
		}
	}
}

// With appendfsync always a trip that was answered CONFIRMED survives the death
// of every process at once, in the middle of other trips.
func TestConfirmedSurvivesTheDeathOfEveryProcess(t *testing.T) {
	p := launch(t)
	said := map[charging.TripID]charging.CompanyID{}
	rounds := 2
	if program.Long() {
		rounds = 10
	}
	for round := range rounds {
		var mu sync.Mutex
		told := make(chan struct{}, 1000)
		ctx, cancel := context.WithCancel(t.Context())
		var work sync.WaitGroup
		for w, at := range companies {
			work.Go(func() {
				for n := 0; ctx.Err() == nil && n < 30; n++ {
					who := charging.VehicleID("EV-" + string(at) + string(rune('a'+round)) + string(rune('A'+n)))
					if got, ok := p.books(at, who, 1+30*(round%20)+(w+3*n)%28); ok {
						mu.Lock()
						said[got.ID] = at
						mu.Unlock()
						told <- struct{}{}
					}
				}
			})
		}
		for range 4 {
			<-told
		}
		p.killAll() // others are under way
		cancel()
		work.Wait()
		p.up()
		mu.Lock()
		p.stands(said)
		mu.Unlock()
	}
	t.Logf("%d trips were answered CONFIRMED and stand after %d deaths", len(said), rounds)
	p.quiet()
}

// quiet wants the trips that were under way to come to their end: every RESERVED
// belongs to a CONFIRMED trip, and nothing else is held.
func (p *processes) quiet() {
	p.t.Helper()
	redisrig.Until(p.t, "every RESERVED belongs to a CONFIRMED trip, and no hold is left", func() bool {
		final, err := p.Read(p.t.Context())
		if err != nil {
			p.t.Fatal(err)
		}
		standing := map[charging.TripID]bool{}
		for _, id := range companies {
			for _, t := range final[id].Trips {
				standing[t.ID] = t.State == trip.Confirmed
			}
		}
		for _, id := range companies {
			for _, r := range final[id].Reservations {
				if r.State == charging.Reserved && !standing[r.Trip] {
					return false
				}
			}
			if len(final[id].Locks) > 0 {
				return false
			}
		}
		return true
	})
}

// MAR's store is started without its files while MAR is down and CAJ is, too.
// MAR grants nothing, also after it was killed in the middle of its recovery;
// when CAJ is back, every stop is RESERVED again under its first id.
func TestStoreStartedWithoutItsFiles(t *testing.T) {
	p := launch(t)
	said := map[charging.TripID]charging.CompanyID{}
	for n, at := range []charging.CompanyID{"SER", "CAJ", "SER"} {
		got, ok := p.books(at, charging.VehicleID("EV-KEPT-"+string(rune('A'+n))), 4*n)
		if !ok {
			t.Fatalf("not booked: %+v", got)
		}
		said[got.ID] = at
	}
	lost, ok := p.books("MAR", "EV-LOST", 20)
	if !ok {
		t.Fatalf("not booked: %+v", lost)
	}
	before := p.held()
	mar := p.Company["MAR"]
	mar.Servers[0].Kill()
	mar.Store.Kill()
	p.Company["CAJ"].Servers[0].Kill()
	forget(t, filepath.Join(p.dir, "MAR"))
	ctx := t.Context()
	if err := mar.Store.Start(ctx); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second life finds a recovery that was begun
		if err := mar.Servers[0].Start(ctx); err != nil {
			t.Fatal(err)
		}
		redisrig.Until(t, "MAR waits for CAJ alone", func() bool {
			r, err := p.operator("MAR").Recovery(ctx)
			return err == nil && r.State == "recovering" && len(r.Waiting) == 1 && r.Waiting[0].CompanyID == "CAJ"
		})
		if got, booked := p.books("SER", "EV-THIEF", 0); booked {
			t.Fatalf("a promised stop was given away: %+v", got)
		}
		mar.Servers[0].Kill()
	}
	p.up()
	redisrig.Until(t, "MAR trusts its store", func() bool {
		r, err := p.operator("MAR").Recovery(ctx)
		return err == nil && r.State == "trusted"
	})
	p.stands(said)
	after := p.held()
	for id, r := range before {
		at := r.Slot.EVSE.Company()
		now, there := after[id]
		switch {
		case r.Origin == "MAR" && at == "MAR": // lost with its journal, as docs/reliability.md says
			if there {
				t.Errorf("%s: who remembered it?", id)
			}
		case !there || now.Slot != r.Slot || now.Fence != r.Fence:
			t.Errorf("%s at %s: %+v, was %+v", id, at, now, r)
		}
	}
	// A restored stop is as good as any: its trip can be canceled, its window booked again.
	if got, booked := p.books("SER", "EV-AFTER", 40); !booked {
		t.Errorf("%+v", got)
	}
}

// forget removes what a redis-server has on its disk.
func forget(t *testing.T, dir string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(dir, "appendonlydir")); err != nil {
		t.Fatal(err)
	}
}
