package stores

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/apitest"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/app"
	"github.com/eletrovia/eletrovia/services/e2e/redisrig"
)

var companies = []charging.CompanyID{"MAR", "SER", "CAJ"}

// plug is the EVSE of each company that the tests book.
var plug = map[charging.CompanyID]charging.EVSEID{"MAR": "BR*MAR*E0001*1", "SER": "BR*SER*E0001*1", "CAJ": "BR*CAJ*E0001*1"}

const (
	secret = "demo"
	// hours that a load books.
	hours = 96
	// cars is how many vehicles there are: each makes one trip.
	cars = 10_000
)

// federation is three companies in this process, on stores of a test's choice.
type federation struct {
	t    *testing.T
	apps map[charging.CompanyID]*app.App
}

// start boots the companies; a company without a store of its own gets a
// redis-server that loses nothing.
func start(t *testing.T, stores map[charging.CompanyID]app.Store) *federation {
	t.Helper()
	f := &federation{t: t, apps: map[charging.CompanyID]*app.App{}}
	vehicles := map[charging.VehicleID]string{}
	for n := range cars {
		vehicles[vehicle(n)] = secret
	}
	around := apitest.Hold(t)
	for _, id := range companies {
		o := app.Options{
			Company: id, Vehicles: vehicles, OperatorSecret: secret, Log: zerolog.Nop(), RateLimit: -1, Registrations: 5000,
			DataDir: t.TempDir(), Store: stores[id], Timings: app.Timings{Refresh: time.Second}, Around: around,
		}
		if o.Store.URL == "" {
			o.Store = app.Store{URL: "redis://" + redisrig.Start(t).Addr}
		}
		a, err := app.New(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Listen(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.apps[id] = a
	}
	for id, a := range f.apps {
		var peers []app.Peer
		for other, b := range f.apps {
			if other != id {
				peers = append(peers, app.Peer{ID: other, URL: b.URL()})
			}
		}
		if err := a.SetPeers(peers); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			if err := a.Stop(ctx); err != nil {
				t.Logf("%s: %v", id, err)
			}
		})
		if err := a.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for _, a := range f.apps {
		if err := a.AwaitPeers(ctx); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func vehicle(n int) charging.VehicleID { return charging.VehicleID(fmt.Sprintf("EV-%04d", n)) }

func (f *federation) as(at charging.CompanyID, user charging.VehicleID) *client.Driver {
	return driverAt(f.t, f.apps[at].URL(), user, secret)
}

func driverAt(t *testing.T, url string, user charging.VehicleID, secret string) *client.Driver {
	t.Helper()
	d, err := client.NewDriver(client.DriverOptions{BaseURL: url, User: string(user), Secret: secret, Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// hour is the k-th hour that is booked.
func hour(k int) time.Time {
	return time.Now().UTC().Truncate(time.Hour).Add(24*time.Hour + time.Duration(k)*time.Hour)
}

// journey stops at the three companies, an hour each, from the k-th hour on.
func journey(who charging.VehicleID, k int) api.TripRequest {
	q := api.TripRequest{VehicleID: who, OnConflict: trip.Abort}
	for i, id := range companies {
		q.Stops = append(q.Stops, api.Stop{EVSEID: plug[id], Start: hour(k + i), End: hour(k + i + 1)})
	}
	return q
}

// books wants a trip at a server to be CONFIRMED, at last: a call without an
// answer is repeated, a trip that was aborted is followed by another car's.
func (f *federation) books(at charging.CompanyID, n, k int) trip.Trip {
	f.t.Helper()
	var got trip.Trip
	var err error
	for deadline := time.Now().Add(time.Minute); ; {
		who := vehicle(n)
		got, err = f.as(at, who).CreateTrip(f.t.Context(), journey(who, k), "the trip of "+string(who), 10*time.Second)
		switch {
		case err == nil && got.State == trip.Confirmed:
			return got
		case err == nil && got.State.Settled():
			n++
		}
		if time.Now().After(deadline) {
			f.t.Fatalf("%s does not book: %s %+v, %v", at, got.State, got.Problem, err)
		}
		<-time.After(50 * time.Millisecond)
	}
}

// load books at all servers at once, each trip with a vehicle of its own, until
// it is stopped; said is every trip that a driver was told to be CONFIRMED.
type load struct {
	mu     sync.Mutex
	said   map[charging.TripID]charging.CompanyID
	tried  int
	last   string
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// reserved numbers of vehicles for the tests themselves.
const reserved = 50

func (f *federation) load(workers int) *load {
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{said: map[charging.TripID]charging.CompanyID{}, cancel: cancel}
	f.t.Cleanup(func() { cancel(); l.done.Wait() })
	for w := range workers {
		l.done.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(w), 7))
			for n := reserved + w; ctx.Err() == nil && n < cars; n += workers {
				at := companies[rng.IntN(len(companies))]
				call, cancel := context.WithTimeout(context.Background(), 20*time.Second)
				got, err := f.as(at, vehicle(n)).CreateTrip(call, journey(vehicle(n), rng.IntN(hours)), "", 10*time.Second)
				cancel()
				l.note(got, err, at)
				if err != nil || got.State != trip.Confirmed { // a store that is away answers at once: do not use up the vehicles
					<-time.After(100 * time.Millisecond)
				}
			}
		})
	}
	return l
}

func (l *load) note(t trip.Trip, err error, at charging.CompanyID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tried++
	l.last = fmt.Sprintf("%s at %s: %+v, %v", t.State, at, t.Problem, err)
	if err == nil && t.State == trip.Confirmed {
		l.said[t.ID] = at
	}
}

// confirmed is how many trips have been so far.
func (l *load) confirmed() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.said)
}

// more waits until so many further trips have been CONFIRMED.
func (l *load) more(t *testing.T, n int) {
	t.Helper()
	want := l.confirmed() + n
	for deadline := time.Now().Add(time.Minute); l.confirmed() < want; <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			l.mu.Lock()
			defer l.mu.Unlock()
			t.Fatalf("%d of %d more trips are CONFIRMED after %d tries; the last: %s", n-want+len(l.said), n, l.tried, l.last)
		}
	}
}

func (l *load) stop() {
	l.cancel()
	l.done.Wait()
}

// judge waits until every trip is settled, then holds what drivers were told and
// what the trips' owners say against what the companies hold: a window is taken
// exactly when one CONFIRMED trip has it.
func (f *federation) judge(said map[charging.TripID]charging.CompanyID) {
	f.t.Helper()
	all := map[charging.TripID]trip.Trip{}
	for deadline := time.Now().Add(time.Minute); ; <-time.After(20 * time.Millisecond) {
		open, err := f.open(all)
		if err == nil && len(open) == 0 {
			break
		}
		if time.Now().After(deadline) {
			f.t.Fatalf("not settled: %+v, %v", open, err)
		}
	}
	for id, at := range said {
		if all[id].State != trip.Confirmed {
			f.t.Errorf("trip %s was answered CONFIRMED at %s and is %q now", id, at, all[id].State)
		}
	}
	owner := map[string]charging.TripID{}
	for _, t := range all {
		if t.State != trip.Confirmed {
			continue
		}
		for _, l := range t.Legs {
			slot := string(l.EVSEID) + l.Start.UTC().Format(time.RFC3339)
			if other, twice := owner[slot]; twice {
				f.t.Errorf("%s is promised to trip %s and to trip %s", slot, other, t.ID)
			}
			owner[slot] = t.ID
		}
	}
	redisrig.Until(f.t, "no hold is left", func() bool {
		for _, id := range companies {
			if locks, err := f.as(id, "operator").Locks(f.t.Context()); err != nil || len(locks) > 0 {
				return false
			}
		}
		return true
	})
	for _, id := range companies {
		f.judgeCalendar(id, owner)
	}
	f.t.Logf("%d trips, %d told CONFIRMED, %d windows taken", len(all), len(said), len(owner))
}

func (f *federation) judgeCalendar(id charging.CompanyID, owner map[string]charging.TripID) {
	f.t.Helper()
	free, err := f.as(id, "operator").Availability(f.t.Context(), plug[id], charging.NewWindow(hour(0), hour(hours+4)))
	if err != nil {
		f.t.Fatal(err)
	}
	for k := range hours + 3 {
		w := charging.NewWindow(hour(k), hour(k+1))
		isFree := slices.ContainsFunc(free.Windows, func(o charging.Window) bool { return !o.Start.After(w.Start) && !o.End.Before(w.End) })
		_, owned := owner[string(plug[id])+w.Start.Format(time.RFC3339)]
		if owned == isFree {
			f.t.Errorf("%s %s: free %v, of a CONFIRMED trip %v", plug[id], w, isFree, owned)
		}
	}
}

// open are the trips that are not settled; all becomes every trip.
func (f *federation) open(all map[charging.TripID]trip.Trip) ([]trip.Trip, error) {
	clear(all)
	var open []trip.Trip
	for _, id := range companies {
		ts, err := f.trips(id)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		for _, t := range ts {
			all[t.ID] = t
			if !t.State.Settled() {
				open = append(open, t)
			}
		}
	}
	return open, nil
}

// trips are all of a company.
func (f *federation) trips(id charging.CompanyID) ([]trip.Trip, error) {
	var all []trip.Trip
	for {
		page, total, err := f.as(id, "operator").Trips(f.t.Context(), trip.Query{Limit: 500, Offset: len(all)})
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(all) >= total || len(page) == 0 {
			return all, nil
		}
	}
}
