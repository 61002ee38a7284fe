package browser

import (
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
	stuck := c.book(t, c.stop("MAR", 0, 2), c.stop("CAJ", 0, 5))
	began := time.Now()
	c.ask(t, many-1)
	t.Logf("%d trips in %s", many, time.Since(began).Round(time.Second))
	for _, l := range f.Company["MAR"].To {
		l.Set(link.Faults{Cut: link.Refused})
	}
	if _, err := c.driver.Cancel(t.Context(), stuck); err != nil {
		t.Fatal(err)
	}
	drive(t, "e2e/stuck.mjs", f.Company["MAR"].Front.URL(), string(stuck), fleet.OperatorSecret, fmt.Sprint(many))
}

// crowd asks a company for trips.
type crowd struct {
	driver  *client.Driver
	vehicle charging.VehicleID
	evses   map[charging.CompanyID][]charging.EVSEID
	from    time.Time
}

func newCrowd(t *testing.T, at string) *crowd {
	t.Helper()
	anybody, err := client.NewDriver(client.DriverOptions{BaseURL: at})
	if err != nil {
		t.Fatal(err)
	}
	me, err := anybody.Register(t.Context(), api.RegisterRequest{Model: "byd-dolphin"})
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{vehicle: me.VehicleID, evses: map[charging.CompanyID][]charging.EVSEID{}, from: time.Now().UTC().Truncate(time.Hour).Add(time.Hour)}
	if c.driver, err = client.NewDriver(client.DriverOptions{BaseURL: at, User: string(me.VehicleID), Secret: me.Secret}); err != nil {
		t.Fatal(err)
	}
	// Each company's stations are known once it has been met.
	for until := time.Now().Add(time.Minute); len(c.evses) < len(fleet.Companies) && time.Now().Before(until); time.Sleep(200 * time.Millisecond) {
		clear(c.evses)
		all, err := c.driver.Locations(t.Context())
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
	got, err := c.driver.CreateTrip(t.Context(), api.TripRequest{VehicleID: c.vehicle, Stops: stops, OnConflict: trip.Abort}, "", time.Minute)
	if err != nil || got.State != trip.Confirmed {
		t.Fatalf("%s: %v", got.State, err)
	}
	return got.ID
}

// ask asks for so many trips more. Each charger has one stop in a half hour, so that some
// of them are confirmed; the others want a half hour that is taken, and are aborted.
func (c *crowd) ask(t *testing.T, n int) {
	t.Helper()
	var next, failed atomic.Int64
	var work sync.WaitGroup
	chargers := len(c.evses["MAR"])
	for range 32 {
		work.Go(func() {
			for k := int(next.Add(1)); k <= n && failed.Load() == 0; k = int(next.Add(1)) {
				q := api.TripRequest{VehicleID: c.vehicle, OnConflict: trip.Abort, Stops: []api.Stop{c.stop("MAR", k%chargers, 10+k/chargers%100)}}
				if _, err := c.driver.CreateTrip(t.Context(), q, "", 0); err != nil {
					t.Errorf("trip %d: %v", k, err)
					failed.Add(1)
				}
			}
		})
	}
	work.Wait()
	if failed.Load() > 0 {
		t.FailNow()
	}
}
