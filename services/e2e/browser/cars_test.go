package browser

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/fleet"
	"github.com/eletrovia/eletrovia/services/e2e/program"
	drivers "github.com/eletrovia/eletrovia/simulator/fleet"
)

// TestCarsOnTheMap measures with services/web/e2e/cars.mjs how smoothly 2,000 cars move on
// the operator's map: they report once a second to a real server, its stream is recorded,
// and played again to the page once they have stopped. It is a figure, of a machine that
// has nothing else to do.
func TestCarsOnTheMap(t *testing.T) {
	needs(t)
	if program.Told(figures) == "" {
		t.Skip("figures are measured by go tool task browser:figures")
	}
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("LEFT OUT: needs redis-server")
	}
	dir, err := os.MkdirTemp("", "cars") // short: the stores' sockets live there
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	f, err := fleet.New(fleet.Options{Binary: program.Path(t), Dir: dir, Seed: 16})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	if err := starts(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	const n = 2000
	home := f.Company["MAR"]
	c := &cars{broker: home.Broker}
	t.Cleanup(c.close)
	anybody, err := client.NewDriver(client.DriverOptions{BaseURL: home.Front.URL()})
	if err != nil {
		t.Fatal(err)
	}
	var all []drivers.Identity // before any of them reports: the server has the machine for it
	for tries := 0; len(all) < n; {
		got, err := anybody.Register(t.Context(), api.RegisterRequest{Model: "byd-dolphin"})
		if tries++; err != nil && tries > n+20 {
			t.Fatalf("car %d: %v", len(all), err)
		} else if err != nil {
			time.Sleep(500 * time.Millisecond)
			continue
		}
		all = append(all, drivers.Identity{VehicleID: got.VehicleID, Secret: got.Secret})
	}
	for k, id := range all {
		if err := c.drive(id, time.Second, roams(k)); err != nil {
			t.Fatalf("car %d: %v", k, err)
		}
	}
	time.Sleep(3 * time.Second) // all of them have connected, and reported
	mux := http.NewServeMux()
	mux.HandleFunc("POST /park", func(http.ResponseWriter, *http.Request) { c.close() })
	hand := httptest.NewServer(mux)
	t.Cleanup(hand.Close)
	drive(t, "e2e/cars.mjs", "http://"+home.Servers[0].Addr(), fleet.OperatorSecret, fmt.Sprint(n), hand.URL)
}

// roams drives the k-th car from a place of its own in the Northeast, in a direction of its
// own, at 80 km/h; what is answered is its report after so many of them, a second apart.
func roams(k int) func(i int) carlink.Telemetry {
	const step = 80.0 / 3600 / 111 // degrees
	lat, lon := -12+math.Mod(float64(k)*0.6180339, 1)*7, -41+math.Mod(float64(k)*0.7548777, 1)*5
	north, east := math.Sincos(float64(k))
	return func(i int) carlink.Telemetry {
		gone := step * float64(i)
		return carlink.Telemetry{
			At: time.Now().UTC(), Lat: lat + gone*north, Lon: lon + gone*east, SoC: 0.2 + math.Mod(float64(k)*0.37, 0.7), SpeedKMH: 80, PowerKW: 15, Discharge: carlink.Normal,
		}
	}
}

// cars report by MQTT to a company's broker, as cars on the road do.
type cars struct {
	broker func() string
	mu     sync.Mutex
	links  []drivers.Link
	halt   []chan struct{}
}

// report has a vehicle say where it is, once a second, until close.
func (c *cars) report(w http.ResponseWriter, r *http.Request) {
	var at struct {
		Secret        string
		Lat, Lon, SoC float64
	}
	if err := json.NewDecoder(r.Body).Decode(&at); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	id := drivers.Identity{VehicleID: charging.VehicleID(r.PathValue("vehicle")), Secret: at.Secret}
	stands := func(int) carlink.Telemetry {
		return carlink.Telemetry{At: time.Now().UTC(), Lat: at.Lat, Lon: at.Lon, SoC: at.SoC, SpeedKMH: 80, PowerKW: 15, Discharge: carlink.Normal}
	}
	if err := c.drive(id, time.Second, stands); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// drive has a car report every so often until close; the i-th report is at's.
func (c *cars) drive(id drivers.Identity, every time.Duration, at func(i int) carlink.Telemetry) error {
	link, err := drivers.DialMQTT(drivers.Server{MQTT: "tcp://" + c.broker()}, id)
	if err != nil {
		return err
	}
	halt := make(chan struct{})
	c.mu.Lock()
	c.links, c.halt = append(c.links, link), append(c.halt, halt)
	c.mu.Unlock()
	go func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for i := 0; ; i++ {
			link.Telemetry(at(i))
			select {
			case <-halt:
				return
			case <-tick.C:
			}
		}
	}()
	return nil
}

// close has all of them stop, and leave.
func (c *cars) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, link := range c.links {
		close(c.halt[i])
		link.Close()
	}
	c.links, c.halt = nil, nil
}
