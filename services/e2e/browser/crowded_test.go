package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/fleet"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/link"
	"github.com/eletrovia/eletrovia/services/e2e/program"
)

// many are the trips among which the stuck one is.
const many = 10_000

// TestTheStuckTripAmongTenThousand runs services/web/e2e/stuck.mjs against a company with
// 10,000 trips that drivers have asked it for, of which one is stuck: what a peer holds for
// it cannot be released, since nothing reaches that peer. It fails where an operator needs
// more than three actions from /ops to the trip's saga, and where the page of so many is
// slow to be used.
func TestTheStuckTripAmongTenThousand(t *testing.T) {
	needs(t)
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("LEFT OUT: needs redis-server")
	}
	dir, err := os.MkdirTemp("", "crowded") // short: the stores' sockets live there
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	f, err := fleet.New(fleet.Options{Binary: program.Path(t), Dir: dir, Seed: 15})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	if err := starts(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	c := newCrowd(t, f.Company["MAR"].Front.URL())
	me := c.drivers[0]
	stuck := c.book(t, c.stop("MAR", 0, 2), c.stop("CAJ", 0, 5))
	began := time.Now()
	c.ask(t, many-1)
	t.Logf("%d trips in %s", many, time.Since(began).Round(time.Second))
	for _, l := range f.Company["MAR"].To {
		l.Set(link.Faults{Cut: link.Refused})
	}
	if _, err := me.Cancel(t.Context(), stuck); err != nil {
		t.Fatal(err)
	}
	drive(t, "e2e/stuck.mjs", f.Company["MAR"].Front.URL(), string(stuck), fleet.OperatorSecret, fmt.Sprint(many))
}

// crowd asks a company for trips.
type crowd struct {
	drivers  []*client.Driver
	vehicles []charging.VehicleID
	evses    map[charging.CompanyID][]charging.EVSEID
	from     time.Time
}

func newCrowd(t *testing.T, at string) *crowd {
	t.Helper()
	anybody, err := client.NewDriver(client.DriverOptions{BaseURL: at})
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{evses: map[charging.CompanyID][]charging.EVSEID{}, from: time.Now().UTC().Truncate(time.Hour).Add(time.Hour)}
	for range 64 {
		got, err := anybody.Register(t.Context(), api.RegisterRequest{Model: "byd-dolphin"})
		if err != nil {
			t.Fatal(err)
		}
		d, err := client.NewDriver(client.DriverOptions{BaseURL: at, User: string(got.VehicleID), Secret: got.Secret})
		if err != nil {
			t.Fatal(err)
		}
		c.drivers, c.vehicles = append(c.drivers, d), append(c.vehicles, got.VehicleID)
	}
	// Each company's stations are known once it has been met.
	for until := time.Now().Add(time.Minute); len(c.evses) < len(fleet.Companies) && time.Now().Before(until); time.Sleep(200 * time.Millisecond) {
		clear(c.evses)
		all, err := anybody.Locations(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range all {
			for _, e := range l.EVSEs {
				c.evses[l.CompanyID] = append(c.evses[l.CompanyID], e.EVSEID)
			}
		}
	}
	if len(c.evses) < len(fleet.Companies) {
		t.Fatalf("the companies have not met: %d", len(c.evses))
	}
	return c
}

// stop is the k-th half hour, of a quarter less, at a charger.
func (c *crowd) stop(company charging.CompanyID, charger, k int) api.Stop {
	start := c.from.Add(time.Duration(k) * 30 * time.Minute)
	return api.Stop{EVSEID: c.evses[company][charger], Start: start, End: start.Add(15 * time.Minute)}
}

// book asks for a trip of these stops, and waits until it is confirmed.
func (c *crowd) book(t *testing.T, stops ...api.Stop) charging.TripID {
	t.Helper()
	got, err := c.drivers[0].CreateTrip(t.Context(), api.TripRequest{VehicleID: c.vehicles[0], Stops: stops, OnConflict: trip.Abort}, "", time.Minute)
	if err != nil || got.State != trip.Confirmed {
		t.Fatalf("%s: %v", got.State, err)
	}
	return got.ID
}

// atATime is how many drivers ask at a time: more, and the server turns them away.
const atATime = 6

// patiently asks for a trip when it is one's turn, and again where the server has too much
// to do.
func patiently(d *client.Driver, turn chan struct{}, q api.TripRequest) error {
	turn <- struct{}{}
	defer func() { <-turn }()
	for {
		_, err := d.CreateTrip(context.Background(), q, "", 0)
		if charging.CodeOf(err) != charging.CodeRateLimited {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// ask asks for so many trips more: each driver for one a half hour, one after the other.
// There are more drivers than chargers, so that two want the same; one of them has it, and
// the other's trip is aborted.
func (c *crowd) ask(t *testing.T, n int) {
	t.Helper()
	var asked atomic.Int64
	var work sync.WaitGroup
	turn := make(chan struct{}, atATime)
	chargers := len(c.evses["MAR"])
	for w, d := range c.drivers {
		work.Go(func() {
			for k := 10; asked.Add(1) <= int64(n) && !t.Failed(); k++ {
				q := api.TripRequest{VehicleID: c.vehicles[w], OnConflict: trip.Abort, Stops: []api.Stop{c.stop("MAR", w%chargers, k)}}
				if err := patiently(d, turn, q); err != nil {
					t.Errorf("driver %d: %v", w, err)
				}
			}
		})
	}
	work.Wait()
	if t.Failed() {
		t.FailNow()
	}
}
